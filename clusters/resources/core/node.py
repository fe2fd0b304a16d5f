"""Node: a machine as the cluster knows it. Models: kubernetes, registry/core/node and core validation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from clusters.kernel.clock import rfc3339
from clusters.machinery.field import (
    ErrorList,
    ErrorType,
    FieldError,
    Path,
    duplicate,
    forbidden,
    go_quote,
    internal,
    invalid,
    not_supported,
    required,
)
from clusters.machinery.names import label_value
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.annotated import listed, parsed
from clusters.resources.common.checks import NOT_ZERO
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.meta import label_key_errors, object_meta_errors
from clusters.resources.common.net import cidr_errors, dual_stack, parse_cidr
from clusters.resources.common.quantities import amount_errors
from clusters.resources.coordination.heartbeat import NODE_PERIOD, is_live, keep_mark, last_beat, without_mark

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
ROLE_PREFIX = "node-role.kubernetes.io/"
ROLE_LABEL = "kubernetes.io/role"

_NODE_INFO = (
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture",
)
_TAINTS = Path("metadata").child("taints")
_TAINTS_KEY = "scheduler.alpha.kubernetes.io/taints"
_AVOID_KEY = "scheduler.alpha.kubernetes.io/preferAvoidPods"
_FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*").fullmatch
_FEATURE_LENGTH = 253
_FEATURE_FORM = (
    "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or"
    " MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
)
_FIXED_CIDR = 'node updates may not change podCIDR except from "" to valid'
_FIXED_PROVIDER = 'node updates may not change providerID except from "" to valid'
_EXTERNAL_ID_DEPRECATED = "spec.externalID: this field is deprecated, and is unused by Kubernetes"


def taint_errors(taints: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(taints):
        at = path.index(i)
        key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
        errors += label_key_errors(key, at.child("key"))
        wrong = label_value(value)
        if wrong:
            errors.append(invalid(at.child("value"), value, ";".join(wrong)))
        if not effect:
            errors.append(required(at.child("effect")))
        elif effect not in TAINT_EFFECTS:
            errors.append(not_supported(at.child("effect"), effect, TAINT_EFFECTS))
        if (key, effect) in seen:
            shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded")}
            errors.append(
                FieldError(ErrorType.DUPLICATE, str(at), shown, "taints must be unique by key and effect pair")
            )
        seen.add((key, effect))
    return errors


class NodeStrategy(Strategy):
    status_on_create = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        one, many = spec.get("podCIDR"), spec.get("podCIDRs")
        if one and (not many or many[0] != one):
            spec["podCIDRs"] = [one]
        elif many and not one:
            spec["podCIDR"] = many[0]
        status = obj.setdefault("status", {})
        if status.get("capacity") and not status.get("allocatable"):
            status["allocatable"] = dict(status["capacity"])
        endpoints = status.setdefault("daemonEndpoints", {})
        endpoints.setdefault("kubeletEndpoint", {"Port": 0})
        info = status.setdefault("nodeInfo", {})
        for name in _NODE_INFO:
            info.setdefault(name, "")

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _node_errors(obj, None)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        _drop_disabled(obj)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _drop_disabled(new)
        keep_mark(new, old, ctx.user)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        # The real server looks at the whole Node, too, whose parts it looks at again as parts of the change.
        errors = object_meta_errors(new["metadata"], namespaced=False, validate_name=self.validate_name)
        return errors + _node_errors(new, old) + _change_errors(new, old)

    def prepare_status(self, new: Obj, old: Obj, ctx: Context) -> None:
        _drop_disabled(new)
        keep_mark(new, old, ctx.user)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _change_errors(new, old)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return [_EXTERNAL_ID_DEPRECATED] if (obj.get("spec") or {}).get("externalID") else []

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)

    def on_read(self, obj: Obj, ctx: Context) -> Obj:
        if not is_live(obj):
            return obj
        shown = without_mark(obj)
        status = obj.get("status") or {}
        conditions = status.get("conditions")
        if not conditions:
            return shown
        beat = rfc3339(last_beat(obj, ctx.now, NODE_PERIOD))
        fresh = [{**c, "lastHeartbeatTime": max(beat, c.get("lastHeartbeatTime") or "")} for c in conditions]
        return {**shown, "status": {**status, "conditions": fresh}}


def _drop_disabled(obj: Obj) -> None:
    """The configuration of kubelets is not kept in Nodes any more."""
    for part, name in (("spec", "configSource"), ("status", "config")):
        if obj.get(part):
            obj[part].pop(name, None)


def _node_errors(obj: Obj, old: Obj | None) -> ErrorList:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    errors = _annotation_errors(obj)
    errors += taint_errors(spec.get("taints") or (), _TAINTS)
    errors += _capacity_errors(obj)
    swap = _swap(obj)
    # Clusters that were made by earlier releases have Nodes that tell of a swap of nothing.
    if swap is not None and swap <= 0 and (old is None or swap != _swap(old)):
        errors.append(invalid(Path("metadata").child("nodeSwapStatus", "capacity"), swap, NOT_ZERO))
    errors += _feature_errors(status.get("declaredFeatures") or ())
    return errors + _pod_cidr_errors(spec.get("podCIDRs") or ())


def _swap(obj: Obj) -> int | None:
    info = (obj.get("status") or {}).get("nodeInfo") or {}
    capacity: int | None = (info.get("swap") or {}).get("capacity")
    return capacity


def _change_errors(new: Obj, old: Obj) -> ErrorList:
    spec, before, status, path = new.get("spec") or {}, old.get("spec") or {}, new.get("status") or {}, Path("spec")
    errors = _annotation_errors(new) + _capacity_errors(new)
    errors += _feature_errors(status.get("declaredFeatures") or ())
    addresses: list[Obj] = []
    for i, address in enumerate(status.get("addresses") or ()):
        if address in addresses:
            shown = {"Type": address.get("type", ""), "Address": address.get("address", "")}
            errors.append(duplicate(Path("status").child("addresses").index(i), shown))
        addresses.append(address)
    if before.get("podCIDRs"):
        now = spec.get("podCIDRs") or []
        if len(now) != len(before["podCIDRs"]):
            errors.append(forbidden(path.child("podCIDRs"), _FIXED_CIDR))
        else:
            errors += [
                forbidden(path.child("podCIDRs"), _FIXED_CIDR)
                for a, b in zip(now, before["podCIDRs"], strict=True)
                if a != b
            ]
    if before.get("providerID") and before["providerID"] != spec.get("providerID", ""):
        errors.append(forbidden(path.child("providerID"), _FIXED_PROVIDER))
    errors += taint_errors(spec.get("taints") or (), _TAINTS)
    if spec.get("externalID", "") != before.get("externalID", ""):
        errors.append(forbidden(path.child("externalID"), "may not be updated"))
    return errors


def _annotation_errors(obj: Obj) -> ErrorList:
    """Taints, and Pods to keep away, as annotations of old."""
    annotations = obj["metadata"].get("annotations") or {}
    path = Path("metadata").child("annotations")
    errors: ErrorList = []
    if annotations.get(_TAINTS_KEY):
        taints, wrong = listed(annotations[_TAINTS_KEY], "core.Taint")
        errors += [invalid(path, _TAINTS_KEY, wrong)] if wrong else taint_errors(taints, path.child(_TAINTS_KEY))
    if annotations.get(_AVOID_KEY):
        avoided, wrong = parsed(annotations[_AVOID_KEY], dict, "v1.AvoidPods")
        if wrong:
            return [*errors, invalid(path.child("AvoidPods"), _AVOID_KEY, wrong)]
        for i, entry in enumerate((avoided or {}).get("preferAvoidPods") or ()):
            at = path.child(_AVOID_KEY).index(i).child("PodSignature")
            controller = (entry.get("podSignature") or {}).get("podController")
            if controller is None:
                errors.append(required(at))
            elif not controller.get("controller"):
                errors.append(invalid(at.child("PodController", "Controller"), False, "must point to a controller"))
    return errors


def _feature_errors(features: Sequence[str]) -> ErrorList:
    path = Path("status").child("declaredFeatures")
    errors: ErrorList = []
    for i, feature in enumerate(features):
        start = f"invalid feature name {go_quote(feature)}: "
        if len(feature.encode()) > _FEATURE_LENGTH:
            errors.append(invalid(path.index(i), feature, f"{start}must be no more than {_FEATURE_LENGTH} characters"))
        elif not _FEATURE(feature):
            errors.append(invalid(path.index(i), feature, start + _FEATURE_FORM))
        if i + 1 < len(features):
            after = features[i + 1]
            if feature == after:
                errors.append(duplicate(path.index(i + 1), after))
            elif feature > after:
                errors.append(invalid(path.index(i + 1), after, "list must be sorted alphabetically"))
    return errors


def _capacity_errors(obj: Obj) -> ErrorList:
    status = obj.get("status") or {}
    return [
        error
        for field in ("capacity", "allocatable")
        for name, value in (status.get(field) or {}).items()
        for error in amount_errors(name, value, Path("status").child(field, name))
    ]


def _pod_cidr_errors(cidrs: Sequence[str]) -> ErrorList:
    path = Path("spec").child("podCIDRs")
    errors = [e for i, cidr in enumerate(cidrs) for e in cidr_errors(path.index(i), cidr)]
    if len(cidrs) > 1:
        bad = next((cidr for cidr in cidrs if parse_cidr(cidr) is None), None)
        if bad is not None:
            start = "invalid PodCIDRs. failed to check with dual stack with error:failed to parse cidr value:"
            errors.append(internal(path, f"{start}{go_quote(bad)} with error:invalid CIDR address: {bad}"))
        if bad is not None or len(cidrs) > 2 or not dual_stack(cidrs):
            why = "may specify no more than one CIDR for each IP family"
            errors.append(invalid(path, list(cidrs), why))
    return errors


def _status(obj: Obj, now: int) -> str:
    words = []
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready":
            words = ["Ready" if condition.get("status") == "True" else "NotReady"]
    words = words or ["Unknown"]
    if (obj.get("spec") or {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def roles(obj: Obj) -> list[str]:
    """The roles that labels give the Node, sorted."""
    labels = obj["metadata"].get("labels") or {}
    found = {key[len(ROLE_PREFIX) :] for key in labels if key.startswith(ROLE_PREFIX)}
    found.add(labels.get(ROLE_LABEL, ""))
    return sorted(found - {""})


def _info(name: str, missing: str = "") -> Any:
    def cell(obj: Obj, now: int) -> str:
        return str(((obj.get("status") or {}).get("nodeInfo") or {}).get(name) or missing)

    return cell


def _kernel(obj: Obj, now: int) -> str:
    """Since 1.36 with the architecture: `6.8.0-142-generic (amd64)`."""
    info = (obj.get("status") or {}).get("nodeInfo") or {}
    version, architecture = info.get("kernelVersion") or "<unknown>", info.get("architecture")
    return f"{version} ({architecture})" if architecture else str(version)


def _address(kind: str) -> Any:
    def cell(obj: Obj, now: int) -> str:
        for address in (obj.get("status") or {}).get("addresses") or ():
            if address.get("type") == kind:
                return str(address.get("address", ""))
        return NONE

    return cell


_ADDRESSES_TEXT = (
    "List of addresses reachable to the node. Queried from cloud provider, if available. More info:"
    " https://kubernetes.io/docs/reference/node/node-status/#addresses"
)

RESOURCE = Resource(
    group="",
    name="nodes",
    kind="Node",
    singular="node",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Node"),),
    short_names=("no",),
    subresources=(
        Subresource(name="proxy", verbs=("create", "delete", "get", "patch", "update"), kind="NodeProxyOptions"),
        Subresource(name="status"),
    ),
    strategy=NodeStrategy(),
    columns=(
        NAME,
        Column(name="Status", description="The status of the node", value=_status),
        Column(
            name="Roles",
            description="The roles of the node",
            value=lambda obj, now: ",".join(roles(obj)) or NONE,
        ),
        AGE,
        Column(
            name="Version",
            description="Kubelet Version reported by the node.",
            value=_info("kubeletVersion"),
        ),
        Column(name="Internal-IP", priority=1, description=_ADDRESSES_TEXT, value=_address("InternalIP")),
        Column(name="External-IP", priority=1, description=_ADDRESSES_TEXT, value=_address("ExternalIP")),
        Column(
            name="OS-Image",
            priority=1,
            description="OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).",
            value=_info("osImage", "<unknown>"),
        ),
        Column(
            name="Kernel-Version",
            priority=1,
            description="Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
            value=_kernel,
        ),
        Column(
            name="Container-Runtime",
            priority=1,
            description="ContainerRuntime Version reported by the node through runtime remote API (e.g."
            " containerd://1.4.2).",
            value=_info("containerRuntimeVersion", "<unknown>"),
        ),
    ),
    fields={"spec.unschedulable": lambda obj: str(bool((obj.get("spec") or {}).get("unschedulable"))).lower()},
)
