"""ResourceSlice: the devices of one driver on a Node, or some of them. Models: registry/resource/resourceslice."""

from __future__ import annotations

from clusters.kernel.clock import rfc3339
from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Strategy
from clusters.resources.common.cells import at
from clusters.resources.common.checks import label
from clusters.resources.common.meta import immutable_errors
from clusters.resources.pod_spec.volumes import driver_name_errors
from clusters.resources.resource.names import name_of, pool_name_errors, unique_errors
from clusters.resources.resource.slice_devices import counter_errors, device_errors, place_errors

MAX_DEVICES, MAX_COMPLEX_DEVICES = 128, 64
MAX_COUNTER_SETS = 8
_SPEC, _POOL = Path("spec"), Path("spec").child("pool")
_FIXED = (("pool", "name"), ("driver",), ("nodeName",))
_ONE_PLACE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"


class ResourceSliceStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        spec.setdefault("driver", "")
        pool = spec.setdefault("pool", {})
        for name, value in (("name", ""), ("generation", 0), ("resourceSliceCount", 0)):
            pool.setdefault(name, value)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        _date_taints(obj["spec"], ctx)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _date_taints(new["spec"], ctx)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _errors(obj["spec"], None)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _errors(new["spec"], old["spec"])


def _date_taints(spec: Obj, ctx: Context) -> None:
    for device in spec.get("devices") or ():
        for taint in device.get("taints") or ():
            if not taint.get("timeAdded"):
                taint["timeAdded"] = rfc3339(ctx.now)


def _errors(spec: Obj, old: Obj | None) -> ErrorList:
    errors = driver_name_errors(spec.get("driver", ""), _SPEC.child("driver")) + _pool_errors(spec.get("pool") or {})
    for names in _FIXED if old is not None else ():
        errors += immutable_errors(at(spec, *names), at(old or {}, *names), _SPEC.child(*names))
    errors += _place_errors(spec)
    devices, sets = spec.get("devices"), spec.get("sharedCounters")
    if devices is not None and sets is not None:
        errors.append(invalid(_SPEC, "", "only one of `sharedCounters` or `devices` is allowed"))
    before = {name_of(device): device for device in (old or {}).get("devices") or ()}

    def device(each: Obj, path: Path) -> ErrorList:
        placed = bool(spec.get("perDeviceNodeSelection"))
        return device_errors(each, before.get(name_of(each)), path, placed=placed)

    complex_ = any(each.get("taints") or each.get("consumesCounters") for each in devices or ())
    limit = MAX_COMPLEX_DEVICES if complex_ else MAX_DEVICES
    errors += unique_errors(devices, limit, device, _SPEC.child("devices"), name_of)
    return errors + unique_errors(sets, MAX_COUNTER_SETS, _set_errors, _SPEC.child("sharedCounters"), name_of)


def _pool_errors(pool: Obj) -> ErrorList:
    errors = pool_name_errors(pool.get("name", ""), _POOL.child("name"))
    count, generation = pool.get("resourceSliceCount", 0), pool.get("generation", 0)
    if count <= 0:
        errors.append(invalid(_POOL.child("resourceSliceCount"), count, "must be greater than zero"))
    if generation < 0:
        errors.append(invalid(_POOL.child("generation"), generation, "must be greater than or equal to zero"))
    return errors


def _place_errors(spec: Obj) -> ErrorList:
    errors, chosen = place_errors(spec, _SPEC, empty_node="must be either unset or set to a non-empty string")
    terms = at(spec, "nodeSelector", "nodeSelectorTerms") or []
    if spec.get("nodeSelector") is not None and len(terms) != 1:
        where = _SPEC.child("nodeSelector", "nodeSelectorTerms")
        errors.append(invalid(where, terms, "must have exactly one node selector term"))
    if not chosen:
        errors.append(required(_SPEC, _ONE_PLACE))
    elif len(chosen) > 1:
        shown = "{" + ", ".join(chosen) + "}"
        errors.append(invalid(_SPEC, shown, f"{_ONE_PLACE}, but multiple fields are set"))
    return errors


def _set_errors(counters: Obj, path: Path) -> ErrorList:
    name, where = name_of(counters), path.child("name")
    return (label(name, where) if name else [required(where)]) + counter_errors(
        counters.get("counters"), path.child("counters")
    )
