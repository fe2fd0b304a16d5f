"""What an object uses of a ResourceQuota: counted alike at admission and by the quota controller.

`evaluator(group, resource)` knows the resource's kinds of use; names are those of `spec.hard` (`requests.cpu`,
`services.nodeports`, `count/deployments.apps`). Models: kubernetes, pkg/quota/v1/evaluator/core.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusters.kernel.clock import SECOND, parse_rfc3339
from clusters.machinery import quantity
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj
from clusters.resources.core.pod_totals import pod_limits, pod_requests
from clusters.resources.core.volume_columns import storage_class
from clusters.resources.pod_spec.qos import qos_class

Usage = dict[str, Quantity]

CLASS_SUFFIX = ".storageclass.storage.k8s.io/"
DEVICES_SUFFIX = ".deviceclass.resource.k8s.io/devices"
_DEVICE_CLASS = "deviceclass.resource.kubernetes.io/"
MAX_DEVICES = 32
"""What one claim gets of a class at most."""
_ONE, _ZERO = Quantity(1), Quantity(0)
_ALIASES = frozenset({"configmaps", "resourcequotas", "replicationcontrollers", "secrets", "services"})
_REQUIRED = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
_COMPUTE = ("cpu", "memory", "ephemeral-storage")


def count_name(group: str, resource: str) -> str:
    """`count/pods`, `count/deployments.apps`."""
    return f"count/{resource}.{group}" if group else f"count/{resource}"


class Evaluator:
    """A kind that is only counted."""

    def __init__(self, group: str, resource: str) -> None:
        self.counted = [count_name(group, resource)]
        if not group and resource in _ALIASES:
            self.counted.append(resource)

    def on_update(self, subresource: str) -> bool:
        """Whether an update can change the use."""
        return False

    def matching(self, names: Iterable[str]) -> list[str]:
        """Those of a quota's resources that this kind uses, sorted."""
        return sorted(name for name in names if name in self.counted)

    def usage(self, obj: Obj, now: int) -> Usage:
        return dict.fromkeys(self.counted, _ONE)

    def missing(self, names: Iterable[str], obj: Obj) -> str:
        """What the object must say for the quota to be counted; "" if nothing is missing."""
        return ""

    def in_scope(self, selector: Obj, obj: Obj) -> bool:
        """Whether the object is in a scope (`scopeName`, `operator`, `values`)."""
        return False


class _Services(Evaluator):
    def on_update(self, subresource: str) -> bool:
        return not subresource

    def matching(self, names: Iterable[str]) -> list[str]:
        own = {*self.counted, "services.nodeports", "services.loadbalancers"}
        return sorted(name for name in names if name in own)

    def usage(self, obj: Obj, now: int) -> Usage:
        spec = obj.get("spec") or {}
        ports = spec.get("ports") or ()
        out = {
            **dict.fromkeys(self.counted, _ONE),
            "services.nodeports": _ZERO,
            "services.loadbalancers": _ZERO,
        }
        if spec.get("type") == "NodePort":
            out["services.nodeports"] = Quantity(len(ports))
        elif spec.get("type") == "LoadBalancer":
            if spec.get("allocateLoadBalancerNodePorts") is False:
                ports = [p for p in ports if p.get("nodePort")]
            out["services.nodeports"] = Quantity(len(ports))
            out["services.loadbalancers"] = _ONE
        return out


class _Claims(Evaluator):
    def on_update(self, subresource: str) -> bool:
        return not subresource

    def matching(self, names: Iterable[str]) -> list[str]:
        own = {*self.counted, "persistentvolumeclaims", "requests.storage"}
        ends = (f"{CLASS_SUFFIX}requests.storage", f"{CLASS_SUFFIX}persistentvolumeclaims")
        return sorted(name for name in names if name in own or name.endswith(ends))

    def usage(self, obj: Obj, now: int) -> Usage:
        out = {**dict.fromkeys(self.counted, _ONE), "persistentvolumeclaims": _ONE}
        name = storage_class(obj)
        if name:
            out[f"{name}{CLASS_SUFFIX}persistentvolumeclaims"] = _ONE
        requests = ((obj.get("spec") or {}).get("resources") or {}).get("requests") or {}
        if "storage" in requests:
            size = quantity.of(requests["storage"])
            allocated = ((obj.get("status") or {}).get("allocatedResources") or {}).get("storage")
            if allocated is not None:
                size = max(size, quantity.of(allocated))
            if not size.is_integer():
                size = size.rounded_up(0)
            out["requests.storage"] = size
            if name:
                out[f"{name}{CLASS_SUFFIX}requests.storage"] = size
        return out

    def in_scope(self, selector: Obj, obj: Obj) -> bool:
        if selector.get("scopeName") != "VolumeAttributesClass":
            return False
        status = obj.get("status") or {}
        named = (
            (obj.get("spec") or {}).get("volumeAttributesClassName"),
            status.get("currentVolumeAttributesClassName"),
            (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName"),
        )
        return any(_selected(selector, name) for name in list(filter(None, named)) or [""])


class _ResourceClaims(Evaluator):
    """Counted, and by the class of the devices: as many as they may get at most."""

    def on_update(self, subresource: str) -> bool:
        return not subresource

    def matching(self, names: Iterable[str]) -> list[str]:
        return sorted(name for name in names if name in self.counted or name.endswith(DEVICES_SUFFIX))

    def usage(self, obj: Obj, now: int) -> Usage:
        out = dict.fromkeys(self.counted, _ONE)
        for request in ((obj.get("spec") or {}).get("devices") or {}).get("requests") or ():
            most: Usage = {}
            for choice in request.get("firstAvailable") or [request.get("exactly") or {}]:
                number = _devices(choice)
                name = f"{choice.get('deviceClassName', '')}{DEVICES_SUFFIX}"
                if number is not None:
                    most[name] = max(most.get(name, _ZERO), Quantity(number))
            for name, amount in most.items():
                out[name] = out.get(name, _ZERO) + amount
        return out


def _devices(choice: Obj) -> int | None:
    match choice.get("allocationMode", "ExactCount"):
        case "ExactCount":
            return int(choice.get("count", 1))
        case "All":
            return MAX_DEVICES
    return None


class _Pods(Evaluator):
    def on_update(self, subresource: str) -> bool:
        return subresource == "resize"

    def matching(self, names: Iterable[str]) -> list[str]:
        return sorted(name for name in names if name in self.counted or _is_pod_resource(name))

    def usage(self, obj: Obj, now: int) -> Usage:
        out = dict.fromkeys(self.counted, _ONE)
        if not counts(obj, now):
            return out
        spec = obj.get("spec") or {}
        return {**out, **_pod_usage(pod_requests(spec), pod_limits(spec)), "pods": _ONE}

    def missing(self, names: Iterable[str], obj: Obj) -> str:
        wanted = _REQUIRED.intersection(names)
        spec = obj.get("spec") or {}
        if not wanted or _says_for_all(spec.get("resources") or {}):
            return ""
        lacking: dict[str, list[str]] = {}
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            resources = container.get("resources") or {}
            given = _pod_usage(_amounts(resources.get("requests")), _amounts(resources.get("limits")))
            for name in wanted - given.keys():
                lacking.setdefault(name, []).append(container.get("name", ""))
        if not lacking:
            return ""
        words = (f"{name} for: {','.join(sorted(set(lacking[name])))}" for name in sorted(lacking))
        return "must specify " + "; ".join(words)

    def in_scope(self, selector: Obj, obj: Obj) -> bool:
        spec = obj.get("spec") or {}
        match selector.get("scopeName"):
            case "Terminating":
                return _terminating(spec)
            case "NotTerminating":
                return not _terminating(spec)
            case "BestEffort":
                return qos_class(spec) == "BestEffort"
            case "NotBestEffort":
                return qos_class(spec) != "BestEffort"
            case "PriorityClass":
                return _selected(selector, spec.get("priorityClassName") or "")
            case "CrossNamespacePodAffinity":
                return _crosses_namespaces(spec)
        return False


def counts(pod: Obj, now: int) -> bool:
    """A Pod counts until it has ended, or should have been gone by now."""
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return False
    meta = pod["metadata"]
    deleted, grace = meta.get("deletionTimestamp"), meta.get("deletionGracePeriodSeconds")
    if deleted is None or grace is None:
        return True
    return now <= parse_rfc3339(deleted) + int(grace) * SECOND


def _terminating(spec: Obj) -> bool:
    seconds = spec.get("activeDeadlineSeconds")
    return seconds is not None and bool(seconds >= 0)


def _selected(selector: Obj, name: str) -> bool:
    """A scope selector on the name of a class."""
    values = selector.get("values") or ()
    match selector.get("operator"):
        case "Exists":
            return bool(name)
        case "DoesNotExist":
            return not name
        case "In":
            return bool(name) and name in values
        case "NotIn":
            return name not in values
    return False


def _crosses_namespaces(spec: Obj) -> bool:
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        needed = terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        liked = [
            t.get("podAffinityTerm") or {} for t in terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        ]
        if any(t.get("namespaces") or t.get("namespaceSelector") is not None for t in (*needed, *liked)):
            return True
    return False


def _says_for_all(resources: Obj) -> bool:
    """Whether the resources of the Pod as a whole are told: containers need not tell theirs then."""
    amounts = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    return any(name in ("cpu", "memory") or name.startswith("hugepages-") for name in amounts)


def _is_pod_resource(name: str) -> bool:
    if name == "pods" or name in _COMPUTE:
        return True
    if name.startswith("requests."):
        rest = name.removeprefix("requests.")
        return rest in _COMPUTE or rest.startswith("hugepages-") or _of_devices(rest)
    return name.startswith("hugepages-") or name.removeprefix("limits.") in _COMPUTE


def _of_devices(name: str) -> bool:
    """An extended resource, or the devices of a class."""
    return "/" in name and ("kubernetes.io/" not in name or name.startswith(_DEVICE_CLASS))


def _amounts(amounts: Obj | None) -> Usage:
    return {name: quantity.of(value) for name, value in (amounts or {}).items()}


def _pod_usage(requests: Usage, limits: Usage) -> Usage:
    out: Usage = {}
    for name, amount in requests.items():
        if name in _COMPUTE or name.startswith("hugepages-"):
            out[name] = amount
            out[f"requests.{name}"] = amount
        elif _of_devices(name):
            out[f"requests.{name}"] = amount
    for name in _COMPUTE:
        if name in limits:
            out[f"limits.{name}"] = limits[name]
    return out


_SPECIAL: dict[str, type[Evaluator]] = {
    "pods": _Pods,
    "services": _Services,
    "persistentvolumeclaims": _Claims,
    "resourceclaims.resource.k8s.io": _ResourceClaims,
}
_known: dict[tuple[str, str], Evaluator] = {}


def evaluator(group: str, resource: str) -> Evaluator:
    """How objects of a resource are counted."""
    found = _known.get((group, resource))
    if found is None:
        kind = _SPECIAL.get(f"{resource}.{group}" if group else resource, Evaluator)
        found = _known[(group, resource)] = kind(group, resource)
    return found


def scopes_of(quota: Obj) -> list[Obj]:
    """The scope selectors of a quota, both forms alike."""
    spec = quota.get("spec") or {}
    plain: list[Obj] = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    return plain + list((spec.get("scopeSelector") or {}).get("matchExpressions") or ())


def covers(quota: Obj, kind: Evaluator, obj: Obj) -> bool:
    """Whether the object is in all scopes of the quota."""
    return all(kind.in_scope(selector, obj) for selector in scopes_of(quota))
