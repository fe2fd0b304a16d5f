"""PersistentVolumeClaim: a request for storage. Models: kubernetes, registry/core/persistentvolumeclaim."""

from __future__ import annotations

from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.checks import qualified
from clusters.resources.common.claims import claim_spec_errors
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.differences import shown_difference
from clusters.resources.common.meta import immutable_errors, object_meta_errors
from clusters.resources.core.persistent_volume import CLASS_WARNING
from clusters.resources.core.volume_columns import STORAGE_CLASS_ANNOTATION, access_modes, storage_class
from clusters.resources.pod_spec.defaults import default_claim_spec
from clusters.resources.pod_spec.warnings import claim_spec_warnings

SNAPSHOT_GROUP = "snapshot.storage.k8s.io"
_SOURCES = ("dataSource", "dataSourceRef")
_OLD_SOURCES = (("", "PersistentVolumeClaim"), (SNAPSHOT_GROUP, "VolumeSnapshot"))
_SPEC = Path("spec")
_FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
_RESIZE_STATES = frozenset(
    {
        "ControllerResizeInProgress",
        "ControllerResizeInfeasible",
        "NodeResizePending",
        "NodeResizeInProgress",
        "NodeResizeInfeasible",
    }
)


class PersistentVolumeClaimStrategy(Strategy):
    def default(self, obj: Obj) -> None:
        default_claim_spec(obj.setdefault("spec", {}))
        status = obj.setdefault("status", {})
        if not status.get("phase"):
            status["phase"] = "Pending"

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"phase": "Pending"}
        _pair_sources(obj["spec"])

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return claim_spec_errors(obj["spec"], _SPEC)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _pair_sources(new["spec"], old["spec"])

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        spec, before = new["spec"], old["spec"]
        any_group = any((before.get(name) or {}).get("apiGroup") is not None for name in _SOURCES)
        # The real server looks at the whole of it twice.
        whole = object_meta_errors(new["metadata"], namespaced=True, validate_name=self.validate_name)
        errors = (whole + claim_spec_errors(spec, _SPEC, any_group=any_group)) * 2
        path = Path("metadata").child("annotations", STORAGE_CLASS_ANNOTATION)
        annotation = (old["metadata"].get("annotations") or {}).get(STORAGE_CLASS_ANNOTATION)
        changed_annotation = (new["metadata"].get("annotations") or {}).get(STORAGE_CLASS_ANNOTATION)
        upgraded = (
            annotation is not None
            and before.get("storageClassName") is None
            and spec.get("storageClassName") == annotation
            and changed_annotation in (None, annotation)
        )
        if not upgraded and (changed_annotation or "") != (annotation or ""):
            errors.append(invalid(path, changed_annotation or "", "field is immutable"))
        compared, reference = _comparable(new, old, annotation, upgraded=upgraded)
        if compared != reference:
            errors.append(
                forbidden(_SPEC, f"{_FIXED}\n{shown_difference(reference, compared, 'PersistentVolumeClaimSpec')}")
            )
        errors += _size_errors(spec, old)
        errors += immutable_errors(spec.get("volumeMode"), before.get("volumeMode"), Path("volumeMode"))
        return errors + _attributes_errors(spec, before, old.get("status") or {})

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        status, path = new.get("status") or {}, Path("status")
        errors: ErrorList = []
        if not new["spec"].get("accessModes"):
            errors.append(required(Path("Spec").child("accessModes")))
        for name, value in (status.get("capacity") or {}).items():
            errors += _basic_errors(value, path.child("capacity").key(name))
        for name, value in (status.get("allocatedResourceStatuses") or {}).items():
            at_ = path.child("allocatedResourceStatuses")
            errors += _key_errors(name, at_)
            if value not in _RESIZE_STATES:
                errors.append(not_supported(at_, name, _RESIZE_STATES))
        for name, value in (status.get("allocatedResources") or {}).items():
            at_ = path.child("allocatedResources")
            wrong = _key_errors(name, at_) or _basic_errors(value, at_.key(name))
            errors += wrong
        return errors

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        annotated = STORAGE_CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {})
        return [*([CLASS_WARNING] if annotated else []), *claim_spec_warnings(obj["spec"], _SPEC)]

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)


def _pair_sources(spec: Obj, before: Obj | None = None) -> None:
    """`dataSource` and `dataSourceRef` say the same, where the older one can say it. What it cannot, and sources of
    other Namespaces, are dropped unless the claim had a source `before`."""
    had = {name for name in _SOURCES if (before or {}).get(name) is not None}
    if (spec.get("dataSourceRef") or {}).get("namespace") and "dataSourceRef" not in had:
        spec.pop("dataSourceRef")
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and ref is None and not had:
        if (source.get("apiGroup") or "", source.get("kind")) not in _OLD_SOURCES:
            del spec["dataSource"]
            source = None
    if ref is not None and ref.get("namespace"):
        return
    if source is not None and ref is None:
        spec["dataSourceRef"] = dict(source)
    elif ref is not None and source is None:
        spec["dataSource"] = {key: value for key, value in ref.items() if key != "namespace"}


def _comparable(new: Obj, old: Obj, annotation: str | None, *, upgraded: bool) -> tuple[Obj, Obj]:
    """The specs without what may change."""
    spec, before = dict(new["spec"]), dict(old["spec"])
    if not before.get("volumeName"):
        before.pop("volumeName", None)
        if spec.get("volumeName"):
            before["volumeName"] = spec["volumeName"]
    if upgraded:
        spec.pop("storageClassName", None)
    elif before.get("storageClassName") is None and spec.get("storageClassName") is not None:
        if annotation is None or annotation == spec["storageClassName"]:
            spec.pop("storageClassName")
    if (new.get("status") or {}).get("phase") == "Bound":
        resources, resources_before = spec.get("resources") or {}, before.get("resources") or {}
        if resources.get("requests") and "storage" in (resources_before.get("requests") or {}):
            size = resources_before["requests"]["storage"]
            spec["resources"] = {**resources, "requests": {**resources["requests"], "storage": size}}
        for each in (spec, before):
            each.pop("volumeAttributesClassName", None)
    return spec, before


def _size(requests: Obj | None) -> quantity.Quantity:
    return quantity.of((requests or {}).get("storage", "0"))


def _size_errors(spec: Obj, old: Obj) -> ErrorList:
    now = _size((spec.get("resources") or {}).get("requests"))
    then = _size((old["spec"].get("resources") or {}).get("requests"))
    if now < then and now <= _size((old.get("status") or {}).get("capacity")):
        path = _SPEC.child("resources", "requests", "storage")
        return [forbidden(path, "field can not be less than status.capacity")]
    return []


def _attributes_errors(spec: Obj, before: Obj, status: Obj) -> ErrorList:
    """Attributes that were applied once can be changed, not taken away."""
    now = spec.get("volumeAttributesClassName")
    if now == before.get("volumeAttributesClassName") or status.get("currentVolumeAttributesClassName") is None or now:
        return []
    what = "nil" if now is None else "empty string"
    text = f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil"
    return [forbidden(_SPEC.child("volumeAttributesClassName"), text)]


def _basic_errors(value: str, path: Path) -> ErrorList:
    amount = quantity.value(value)
    return [invalid(path, amount, "must be a valid resource quantity")] if amount < 0 else []


def _key_errors(name: str, path: Path) -> ErrorList:
    wrong = qualified(name, path)
    native = "/" not in name or "kubernetes.io/" in name
    return wrong or ([not_supported(path, name, ("storage",))] if native and name != "storage" else [])


def _phase(obj: Obj, now: int) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else at(obj, "status", "phase") or ""


def _capacity(obj: Obj, now: int) -> str:
    if not at(obj, "spec", "volumeName"):
        return ""
    return str(at(obj, "status", "capacity", "storage") or "0")


def _modes(obj: Obj, now: int) -> str:
    return access_modes(at(obj, "status", "accessModes")) if at(obj, "spec", "volumeName") else ""


RESOURCE = Resource(
    group="",
    name="persistentvolumeclaims",
    kind="PersistentVolumeClaim",
    singular="persistentvolumeclaim",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.PersistentVolumeClaim"),),
    short_names=("pvc",),
    subresources=(Subresource(name="status"),),
    strategy=PersistentVolumeClaimStrategy(),
    columns=(
        NAME,
        Column(
            name="Status",
            description="phase represents the current phase of PersistentVolumeClaim.",
            value=_phase,
        ),
        Column(
            name="Volume",
            description="volumeName is the binding reference to the PersistentVolume backing this claim.",
            value=field("spec", "volumeName"),
        ),
        Column(
            name="Capacity",
            description="capacity represents the actual resources of the underlying volume.",
            value=_capacity,
        ),
        Column(
            name="Access Modes",
            description="accessModes contains the actual access modes the volume backing the PVC has.",
            value=_modes,
        ),
        Column(name="StorageClass", description="StorageClass of the pvc", value=storage_class),
        Column(
            name="VolumeAttributesClass",
            description="volumeAttributesClassName may be used to set the VolumeAttributesClass used by this claim.",
            value=field("spec", "volumeAttributesClassName", default="<unset>"),
        ),
        AGE,
        Column(
            name="VolumeMode",
            priority=1,
            description="volumeMode defines what type of volume is required by the claim. Value of Filesystem is"
            " implied when not included in claim spec.",
            value=field("spec", "volumeMode", default="<unset>"),
        ),
    ),
)
