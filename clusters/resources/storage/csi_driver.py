"""CSIDriver: what a storage driver can do. Models: kubernetes, registry/storage/csidriver and its validation."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors

MODES = ("Persistent", "Ephemeral")
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
_NEEDED = {
    "attachRequired": "attachedRequired",
    "podInfoOnMount": "podInfoOnMount",
    "storageCapacity": "storageCapacity",
}
"""Fields that must be there, and what refusals call them."""
_TOKENS_IN_SECRETS = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible"
    " logging of tokens in volume attributes"
)


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
        return _spec_errors(obj["spec"])

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        spec = obj["spec"]
        unset = spec.get("tokenRequests") and spec.get("serviceAccountTokenInSecrets") is None
        return [_TOKENS_IN_SECRETS] if unset else []

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        """A new driver has no generation; the first change of its spec is 1."""
        if new["spec"] != old["spec"]:
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        spec, before = new["spec"], old["spec"]
        errors = _spec_errors(spec)
        for name, shown in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
            errors += immutable_errors(spec.get(name), before.get(name), _SPEC.child(shown))
        return errors

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        same = (new["spec"].get("tokenRequests") or []) == (old["spec"].get("tokenRequests") or [])
        return [] if same else self.warn_create(new, ctx)


def _spec_errors(spec: Obj) -> ErrorList:
    errors: ErrorList = [required(_SPEC.child(shown)) for name, shown in _NEEDED.items() if spec.get(name) is None]
    policy = spec.get("fsGroupPolicy")
    if policy not in FS_GROUP_POLICIES:
        errors.append(not_supported(_SPEC.child("fsGroupPolicy"), policy, FS_GROUP_POLICIES))
    requests = spec.get("tokenRequests") or ()
    errors += _token_errors(requests, _SPEC.child("tokenRequests"))
    errors += [
        not_supported(_SPEC.child("volumeLifecycleModes"), mode, MODES)
        for mode in spec.get("volumeLifecycleModes") or ()
        if mode not in MODES
    ]
    seconds = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if seconds is not None and seconds < 10:
        path = _SPEC.child("nodeAllocatableUpdatePeriodSeconds")
        errors.append(invalid(path, seconds, "must be greater than or equal to 10 seconds"))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not requests:
        why = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        errors.append(invalid(_SPEC.child("serviceAccountTokenInSecrets"), in_secrets, why))
    return errors


def _token_errors(requests: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    seen: set[str] = set()
    for i, request in enumerate(requests):
        audience, seconds = request.get("audience", ""), request.get("expirationSeconds")
        if audience in seen:
            errors.append(duplicate(path.index(i).child("audience"), audience))
            continue
        seen.add(audience)
        at_ = path.index(i).child("expirationSeconds")
        if seconds is not None and seconds < 600:
            errors.append(invalid(at_, seconds, "may not specify a duration less than 10 minutes"))
        if seconds is not None and seconds > 1 << 32:
            errors.append(invalid(at_, seconds, "may not specify a duration larger than 2^32 seconds"))
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
