"""CSIDriver: what a storage driver can do. Models: kubernetes, registry/storage/csidriver and its validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors
from clusters.resources.pod_spec.volumes import driver_name_errors

MODES = frozenset({"Persistent", "Ephemeral"})
FS_GROUP_POLICIES = frozenset({"ReadWriteOnceWithFSType", "File", "None"})
_SPEC = Path("spec")
_DEFAULTS = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "requiresRepublish": False,
    "seLinuxMount": False,
}


class CSIDriverStrategy(Strategy):
    allow_unconditional_update = False

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        for name, value in _DEFAULTS.items():
            if spec.get(name) is None:
                spec[name] = value
        if not spec.get("volumeLifecycleModes"):
            spec["volumeLifecycleModes"] = ["Persistent"]

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = driver_name_errors(obj["metadata"].get("name", ""), Path("name"))
        return errors + _spec_errors(obj["spec"])

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        spec, before = new["spec"], old["spec"]
        errors = _spec_errors(spec)
        for name in ("attachRequired", "fsGroupPolicy", "volumeLifecycleModes"):
            shown = "fsGroupPolicy" if name == "fsGroupPolicy" else name.replace("attachRequired", "attachedRequired")
            errors += immutable_errors(spec.get(name), before.get(name), _SPEC.child(shown))
        return errors


def _spec_errors(spec: Obj) -> ErrorList:
    errors: ErrorList = []
    errors += [
        required(_SPEC.child("attachedRequired" if name == "attachRequired" else name))
        for name in ("attachRequired", "podInfoOnMount", "storageCapacity")
        if spec.get(name) is None
    ]
    policy = spec.get("fsGroupPolicy")
    if policy not in FS_GROUP_POLICIES:
        errors.append(not_supported(_SPEC.child("fsGroupPolicy"), policy, FS_GROUP_POLICIES))
    seen: set[str] = set()
    for i, request in enumerate(spec.get("tokenRequests") or ()):
        path, audience = _SPEC.child("tokenRequests").index(i), request.get("audience", "")
        if audience in seen:
            errors.append(duplicate(path.child("audience"), audience))
        seen.add(audience)
        seconds = request.get("expirationSeconds")
        if seconds is not None and seconds < 600:
            why = "may not specify a duration less than 10 minutes"
            errors.append(invalid(path.child("expirationSeconds"), seconds, why))
        if seconds is not None and seconds > 1 << 32:
            why = "may not specify a duration larger than 2^32 seconds"
            errors.append(invalid(path.child("expirationSeconds"), seconds, why))
    errors += [
        not_supported(_SPEC.child("volumeLifecycleModes"), mode, MODES)
        for mode in spec.get("volumeLifecycleModes") or ()
        if mode not in MODES
    ]
    seconds = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if seconds is not None and seconds < 10:
        path = _SPEC.child("nodeAllocatableUpdatePeriodSeconds")
        errors.append(invalid(path, seconds, "must be greater than or equal to 10 seconds"))
    return errors


def _tokens(obj: Obj, now: int) -> str:
    requests = at(obj, "spec", "tokenRequests")
    return ",".join(r.get("audience", "") for r in requests) if requests else "<unset>"


def _modes(obj: Obj, now: int) -> str:
    return ",".join(at(obj, "spec", "volumeLifecycleModes") or ()) or "<none>"


def _flag(name: str, shown: str, text: str, *, default: bool = False) -> Column:
    return Column(name=shown, type="boolean", description=text, value=field("spec", name, default=default))


RESOURCE = Resource(
    group="storage.k8s.io",
    name="csidrivers",
    kind="CSIDriver",
    singular="csidriver",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.storage.v1.CSIDriver"),),
    strategy=CSIDriverStrategy(),
    columns=(
        NAME,
        _flag(
            "attachRequired",
            "AttachRequired",
            "attachRequired indicates this CSI volume driver requires an attach operation.",
            default=True,
        ),
        _flag(
            "podInfoOnMount",
            "PodInfoOnMount",
            "podInfoOnMount indicates this CSI volume driver requires additional pod information during mount"
            " operations, if set to true. Default is false.",
        ),
        _flag(
            "storageCapacity",
            "StorageCapacity",
            "storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity"
            " that the driver deployment will report.",
        ),
        Column(
            name="TokenRequests",
            description="tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting"
            " volume for to do necessary authentication.",
            value=_tokens,
        ),
        _flag(
            "requiresRepublish",
            "RequiresRepublish",
            "requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect"
            " any possible change in the mounted volume.",
        ),
        Column(
            name="Modes",
            description="volumeLifecycleModes defines what kind of volumes this CSI volume driver supports.",
            value=_modes,
        ),
        AGE,
    ),
)
