"""IPAddress: one cluster IP, owned by what `spec.parentRef` names (a Service). Its name is the address.

Models: kubernetes, registry/networking/ipaddress and networking validation.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.names import dns1123_subdomain, path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.columns import NAME, NONE
from clusters.resources.common.meta import immutable_errors
from clusters.resources.common.net import BAD_IP, parse_ip
from clusters.resources.common.shown import PARENT_REFERENCE

_SPEC = Path("spec")


def canonical_address_name(name: str, *, prefix: bool) -> list[str]:
    """The name of an IPAddress: an address in canonical form."""
    address = parse_ip(name)
    if address is None:
        return [BAD_IP]
    return [] if str(address) == name else [f'must be in canonical form ("{address}")']


class IPAddressStrategy(Strategy):
    validates_whole_update = True

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return canonical_address_name(name, prefix=prefix)

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        parent, path = obj["spec"].get("parentRef"), _SPEC.child("parentRef")
        if parent is None:
            return [required(path)]
        errors: ErrorList = []
        group = parent.get("group", "")
        if group:
            errors += [invalid(path.child("group"), group, text) for text in dns1123_subdomain(group)]
        for name in ("resource", "name"):
            value = parent.get(name, "")
            if value:
                errors += [invalid(path.child(name), value, text) for text in path_segment_name(value)]
            else:
                errors.append(required(path.child(name)))
        namespace = parent.get("namespace", "")
        if namespace:
            at = path.child("namespace")
            errors += [invalid(at, namespace, text) for text in path_segment_name(namespace)]
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        now, then = new["spec"].get("parentRef"), old["spec"].get("parentRef")
        errors = self.validate_create(new, ctx)
        return errors + immutable_errors(now, then, _SPEC.child("parentRef"), PARENT_REFERENCE)


def _parent(obj: Obj, now: int = 0) -> str:
    parent = (obj.get("spec") or {}).get("parentRef")
    if not parent:
        return NONE
    place = f"{parent['namespace']}/" if parent.get("namespace") else ""
    resource = parent.get("resource", "") + (f".{parent['group']}" if parent.get("group") else "")
    return f"{resource}/{place}{parent.get('name', '')}"


RESOURCE = Resource(
    group="networking.k8s.io",
    name="ipaddresses",
    kind="IPAddress",
    singular="ipaddress",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.networking.v1.IPAddress"),),
    short_names=("ip",),
    strategy=IPAddressStrategy(),
    columns=(
        NAME,
        Column(
            name="ParentRef",
            description="ParentRef references the resource that an IPAddress is attached to. An IPAddress must"
            " reference a parent object.",
            value=_parent,
        ),
    ),
)
