"""NetworkPolicy: which traffic Pods accept and send. Models: kubernetes, registry/networking/networkpolicy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.names import port_name, port_number
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import at
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.net import cidr_errors, cidr_warnings, parse_cidr

TYPES = ("Ingress", "Egress")
PROTOCOLS = ("TCP", "UDP", "SCTP")
_SPEC = Path("spec")
_DIRECTIONS = (("ingress", "from"), ("egress", "to"))


class NetworkPolicyStrategy(Strategy):
    has_generation = True
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        spec.setdefault("podSelector", {})
        for direction, _ in _DIRECTIONS:
            for rule in spec.get(direction) or ():
                for port in rule.get("ports") or ():
                    port.setdefault("protocol", "TCP")
        if not spec.get("policyTypes"):
            spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _errors(obj["spec"], set())

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        """The server looks at the spec twice."""
        errors = _errors(new["spec"], _cidrs(old["spec"]))
        return errors + errors

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        out: list[str] = []
        for path, block in _blocks(obj["spec"]):
            out += cidr_warnings(path.child("cidr"), block.get("cidr", ""))
            for i, text in enumerate(block.get("except") or ()):
                out += cidr_warnings(path.child("except").index(i), text)
        return out

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)


def _blocks(spec: Obj) -> Iterator[tuple[Path, Obj]]:
    """Where addresses are given, and which."""
    for direction, peers in _DIRECTIONS:
        for i, rule in enumerate(spec.get(direction) or ()):
            for j, peer in enumerate(rule.get(peers) or ()):
                if peer.get("ipBlock"):
                    yield _SPEC.child(direction).index(i).child(peers).index(j).child("ipBlock"), peer["ipBlock"]


def _cidrs(spec: Obj) -> set[str]:
    return {text for _, block in _blocks(spec) for text in (block.get("cidr", ""), *(block.get("except") or ()))}


def _errors(spec: Obj, kept: set[str]) -> ErrorList:
    errors = selector_errors(spec.get("podSelector"), _SPEC.child("podSelector"))
    for direction, peers in _DIRECTIONS:
        for i, rule in enumerate(spec.get(direction) or ()):
            path = _SPEC.child(direction).index(i)
            for j, port in enumerate(rule.get("ports") or ()):
                errors += _port_errors(port, path.child("ports").index(j))
            for j, peer in enumerate(rule.get(peers) or ()):
                errors += _peer_errors(peer, path.child(peers).index(j), kept)
    types = spec.get("policyTypes") or []
    path = _SPEC.child("policyTypes")
    if len(types) > len(TYPES):
        return [*errors, invalid(path, types, "may not specify more than two policyTypes")]
    errors += [not_supported(path.index(i), kind, TYPES) for i, kind in enumerate(types) if kind not in TYPES]
    return errors


def _port_errors(port: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    at_, end_at = path.child("port"), path.child("endPort")
    if protocol is not None and protocol not in PROTOCOLS:
        errors.append(not_supported(path.child("protocol"), protocol, PROTOCOLS))
    if number is None:
        if end is not None:
            errors.append(invalid(end_at, end, "may not be specified when `port` is not specified"))
    elif isinstance(number, int):
        errors += [invalid(at_, number, text) for text in port_number(number)]
        if end is not None:
            if end < number:
                errors.append(invalid(end_at, number, "must be greater than or equal to `port`"))
            errors += [invalid(end_at, end, text) for text in port_number(end)]
    else:
        if end is not None:
            errors.append(invalid(end_at, end, "may not be specified when `port` is non-numeric"))
        errors += [invalid(at_, number, text) for text in port_name(number)]
    return errors


def _peer_errors(peer: Obj, path: Path, kept: set[str]) -> ErrorList:
    errors: ErrorList = []
    found = 0
    for name in ("podSelector", "namespaceSelector"):
        if peer.get(name) is not None:
            found += 1
            errors += selector_errors(peer[name], path.child(name))
    block = peer.get("ipBlock")
    if block is not None:
        found += 1
        errors += _block_errors(block, path.child("ipBlock"), kept)
    if not found:
        errors.append(required(path, "must specify a peer"))
    elif found > 1 and block is not None:
        errors.append(forbidden(path, "may not specify both ipBlock and another peer"))
    return errors


def _block_errors(block: Obj, path: Path, kept: set[str]) -> ErrorList:
    cidr = block.get("cidr", "")
    if not cidr:
        return [required(path.child("cidr"))]
    errors = cidr_errors(path.child("cidr"), cidr, kept=kept)
    whole = parse_cidr(cidr)
    if whole is None:
        return errors
    for i, text in enumerate(block.get("except") or ()):
        at_ = path.child("except").index(i)
        errors += cidr_errors(at_, text, kept=kept)
        part = parse_cidr(text)
        if part is not None and not _strictly_inside(part[1], whole[1]):
            errors.append(invalid(at_, text, "must be a strict subset of `cidr`"))
    return errors


def _strictly_inside(
    part: ipaddress.IPv4Network | ipaddress.IPv6Network, whole: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    if part.version != whole.version or part.prefixlen <= whole.prefixlen:
        return False
    return part.network_address in whole


def _selector(obj: Obj, now: int) -> str:
    return from_label_selector(at(obj, "spec", "podSelector") or {}).text() or NONE


RESOURCE = Resource(
    group="networking.k8s.io",
    name="networkpolicies",
    kind="NetworkPolicy",
    singular="networkpolicy",
    versions=(Version(name="v1", schema="io.k8s.api.networking.v1.NetworkPolicy"),),
    short_names=("netpol",),
    strategy=NetworkPolicyStrategy(),
    columns=(
        NAME,
        Column(
            name="Pod-Selector",
            description="podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is"
            " applied to any pods selected by this field.",
            value=_selector,
        ),
        AGE,
    ),
)
