"""PersistentVolume: a piece of storage in the cluster. Models: kubernetes, registry/core/persistentvolume."""

from __future__ import annotations

import posixpath

from clusters.kernel.clock import rfc3339
from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.checks import one_of, positive_quantity, subdomain
from clusters.resources.common.claims import VOLUME_MODES, access_mode_errors
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.differences import shown_difference
from clusters.resources.common.meta import immutable_errors, object_meta_errors
from clusters.resources.common.shown import VOLUME_NODE_AFFINITY, shown
from clusters.resources.core.persistent_sources import source_errors, sources
from clusters.resources.core.volume_columns import STORAGE_CLASS_ANNOTATION, access_modes, storage_class
from clusters.resources.pod_spec.defaults import default_volume
from clusters.resources.pod_spec.scheduling import node_selector_errors
from clusters.resources.pod_spec.warnings import node_term_warnings

RECLAIM_POLICIES = frozenset({"Delete", "Recycle", "Retain"})
_SPEC = Path("spec")
_GA_LABELS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}
_FIXED_AFFINITY = "field is immutable, except for updating from beta label to GA"

_DEPRECATED = {
    "cephfs": "spec.cephfs: deprecated in v1.28, non-functional in v1.31+",
    "photonPersistentDisk": "spec.photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+",
    "scaleIO": "spec.scaleIO: deprecated in v1.16, non-functional in v1.22+",
    "storageos": "spec.storageOS: deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "spec.glusterfs: deprecated in v1.25, non-functional in v1.26+",
    "rbd": "spec.rbd: deprecated in v1.28, non-functional in v1.31+",
    "portworxVolume": "spec.portworxVolume: deprecated in v1.25",
}
CLASS_WARNING = (
    f'metadata.annotations[{STORAGE_CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead'
)
_RECYCLE_WARNING = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is"
    " to use dynamic provisioning."
)


class PersistentVolumeStrategy(Strategy):
    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if not spec.get("persistentVolumeReclaimPolicy"):
            spec["persistentVolumeReclaimPolicy"] = "Retain"
        if not spec.get("volumeMode"):
            spec["volumeMode"] = "Filesystem"
        source = sources(spec)
        if source:
            default_volume(source)
        obj.setdefault("status", {}).setdefault("phase", "Pending")

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": rfc3339(ctx.now)}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors: ErrorList = []
        modes = _SPEC.child("accessModes")
        if not spec.get("accessModes"):
            errors.append(required(modes))
        errors += access_mode_errors(spec.get("accessModes"), modes)
        errors += _capacity_errors(spec.get("capacity") or {})
        policy_path = _SPEC.child("persistentVolumeReclaimPolicy")
        policy = spec["persistentVolumeReclaimPolicy"]
        errors += one_of(policy, RECLAIM_POLICIES, policy_path)
        affinity = spec.get("nodeAffinity")
        if affinity is not None:
            path = _SPEC.child("nodeAffinity", "required")
            if affinity.get("required") is None:
                errors.append(required(path, "must specify required node constraints"))
            else:
                errors += node_selector_errors(affinity["required"], path)
        errors += source_errors(spec, _SPEC, name=obj["metadata"].get("name", ""))
        if policy == "Recycle" and posixpath.normpath((spec.get("hostPath") or {}).get("path") or ".") == "/":
            errors.append(forbidden(policy_path, "may not be 'recycle' for a hostPath mount of '/'"))
        if spec.get("storageClassName"):
            errors += subdomain(spec["storageClassName"], _SPEC.child("storageClassName"))
        errors += one_of(spec["volumeMode"], VOLUME_MODES, _SPEC.child("volumeMode"))
        return errors + _attributes_errors(spec)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        # The real server looks at the whole of it twice.
        whole = object_meta_errors(new["metadata"], namespaced=False, validate_name=self.validate_name)
        whole += self.validate_create(new, ctx)
        errors = whole * 2
        spec, before = new["spec"], old["spec"]
        now, then = sources(spec), sources(before)
        if "csi" in now and "csi" in then and then["csi"].get("controllerExpandSecretRef") is None:
            now["csi"] = {k: v for k, v in now["csi"].items() if k != "controllerExpandSecretRef"}
        if now != then:
            difference = shown_difference(then, now, "PersistentVolumeSource")
            text = f"spec.persistentvolumesource is immutable after creation\n{difference}"
            errors.append(forbidden(_SPEC.child("persistentvolumesource"), text))
        errors += immutable_errors(spec.get("volumeMode"), before.get("volumeMode"), Path("volumeMode"))
        affinity, fixed = spec.get("nodeAffinity"), before.get("nodeAffinity")
        if fixed is not None and not _same_affinity(affinity, fixed):
            errors.append(invalid(Path("nodeAffinity"), shown(affinity, VOLUME_NODE_AFFINITY), _FIXED_AFFINITY))
        if before.get("volumeAttributesClassName") is not None and spec.get("volumeAttributesClassName") is None:
            path = _SPEC.child("volumeAttributesClassName")
            errors.append(forbidden(path, "update from non-nil value to nil is forbidden"))
        return errors

    def prepare_status(self, new: Obj, old: Obj, ctx: Context) -> None:
        status, before = dict(new.get("status") or {}), old.get("status") or {}
        moved, told = status.get("lastPhaseTransitionTime"), before.get("lastPhaseTransitionTime")
        if status.get("phase") == before.get("phase"):
            if moved is None and told is not None:
                status["lastPhaseTransitionTime"] = told
        elif moved is None or moved == told:
            status["lastPhaseTransitionTime"] = rfc3339(ctx.now)
        new["status"] = status

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        spec = obj["spec"]
        out = [CLASS_WARNING] if STORAGE_CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {}) else []
        if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
            out.append(_RECYCLE_WARNING)
        terms = at(obj, "spec", "nodeAffinity", "required", "nodeSelectorTerms") or ()
        for i, term in enumerate(terms):
            out += node_term_warnings(term, _SPEC.child("nodeAffinity", "required", "nodeSelectorTerms").index(i))
        return out + [text for name, text in _DEPRECATED.items() if spec.get(name) is not None]

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)


def _same_affinity(new: Obj | None, old: Obj) -> bool:
    """Equal, but for labels that have another name by now."""
    if new is None:
        return False
    after, before = ((each.get("required") or {}).get("nodeSelectorTerms") or [] for each in (new, old))
    return len(after) == len(before) and all(
        len(term.get(name) or ()) == len(was.get(name) or ()) and all(map(_same, term.get(name) or (), was[name]))
        for term, was in zip(after, before, strict=True)
        for name in ("matchExpressions", "matchFields")
        if term.get(name) or was.get(name)
    )


def _same(new: Obj, old: Obj) -> bool:
    return new == old or new == {**old, "key": _GA_LABELS.get(old.get("key", ""), "")}


def _capacity_errors(capacity: Obj) -> ErrorList:
    path = _SPEC.child("capacity")
    errors: ErrorList = [] if capacity else [required(path)]
    if "storage" not in capacity or len(capacity) > 1:
        errors.append(not_supported(path, dict(sorted(capacity.items())) or None, ("storage",)))
    for name, value in sorted(capacity.items()):
        if quantity.value(value) < 0:
            errors.append(invalid(path.key(name), quantity.value(value), "must be a valid resource quantity"))
        errors += positive_quantity(value, path.key(name))
    return errors


def _attributes_errors(spec: Obj) -> ErrorList:
    name, path = spec.get("volumeAttributesClassName"), _SPEC.child("volumeAttributesClassName")
    if name is None:
        return []
    errors = subdomain(name, path) if name else [required(path, "an empty string is disallowed")]
    if spec.get("csi") is None:
        why = "has to be specified when using volumeAttributesClassName"
        errors.append(required(_SPEC.child("csi"), why))
    return errors


def _claim(obj: Obj, now: int) -> str:
    claim = at(obj, "spec", "claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def _phase(obj: Obj, now: int) -> str:
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else at(obj, "status", "phase") or ""


RESOURCE = Resource(
    group="",
    name="persistentvolumes",
    kind="PersistentVolume",
    singular="persistentvolume",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.PersistentVolume"),),
    short_names=("pv",),
    subresources=(Subresource(name="status"),),
    strategy=PersistentVolumeStrategy(),
    columns=(
        NAME,
        Column(
            name="Capacity",
            description="capacity is the description of the persistent volume's resources and capacity.",
            value=field("spec", "capacity", "storage", default="0"),
        ),
        Column(
            name="Access Modes",
            description="accessModes contains all ways the volume can be mounted.",
            value=lambda obj, now: access_modes(at(obj, "spec", "accessModes")),
        ),
        Column(
            name="Reclaim Policy",
            description="persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from"
            " its claim.",
            value=field("spec", "persistentVolumeReclaimPolicy"),
        ),
        Column(
            name="Status",
            description="phase indicates if a volume is available, bound to a claim, or released by a claim.",
            value=_phase,
        ),
        Column(
            name="Claim",
            description="claimRef is part of a bi-directional binding between PersistentVolume and"
            " PersistentVolumeClaim. Expected to be non-nil when bound.",
            value=_claim,
        ),
        Column(name="StorageClass", description="StorageClass of the pv", value=storage_class),
        Column(
            name="VolumeAttributesClass",
            description="Name of VolumeAttributesClass to which this persistent volume belongs.",
            value=field("spec", "volumeAttributesClassName", default="<unset>"),
        ),
        Column(
            name="Reason",
            description="reason is a brief CamelCase string that describes any failure and is meant for machine parsing"
            " and tidy display in the CLI.",
            value=field("status", "reason"),
        ),
        AGE,
        Column(
            name="VolumeMode",
            priority=1,
            description="volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain"
            " in raw block state.",
            value=field("spec", "volumeMode", default="<unset>"),
        ),
    ),
)
