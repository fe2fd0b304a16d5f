"""PersistentVolumeClaimSpec, in a claim of its own and in the templates of Pods and StatefulSets.

Models: kubernetes, core validation (ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimTemplate).
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.common.checks import label, one_of, positive_quantity, subdomain
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.meta import annotation_errors, label_errors

ACCESS_MODES = frozenset({"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"})
VOLUME_MODES = frozenset({"Block", "Filesystem"})

_TEMPLATE_METADATA = ("annotations", "labels")


def access_mode_errors(modes: list[str] | None, path: Path) -> ErrorList:
    """Known modes; ReadWriteOncePod only by itself."""
    errors: ErrorList = [not_supported(path, m, ACCESS_MODES) for m in modes or () if m not in ACCESS_MODES]
    known = {m for m in modes or () if m in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def claim_spec_errors(spec: Obj, path: Path, *, any_group: bool = False) -> ErrorList:
    """`any_group`: the group of the data source may be anything, as that of the claim before the update was."""
    errors: ErrorList = []
    if not spec.get("accessModes"):
        errors.append(required(path.child("accessModes"), "at least 1 access mode is required"))
    errors += selector_errors(spec.get("selector"), path.child("selector"))
    errors += access_mode_errors(spec.get("accessModes"), path.child("accessModes"))
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    at = path.child("resources").key("storage")
    errors += [required(at)] if storage is None else positive_quantity(storage, at)
    if spec.get("storageClassName"):
        errors += subdomain(spec["storageClassName"], path.child("storageClassName"))
    if spec.get("volumeMode") is not None:
        errors += one_of(spec["volumeMode"], VOLUME_MODES, path.child("volumeMode"))
    errors += _source_errors(spec, path, any_group=any_group)
    if spec.get("volumeAttributesClassName"):
        errors += subdomain(spec["volumeAttributesClassName"], path.child("volumeAttributesClassName"))
    return errors


def _source_errors(spec: Obj, path: Path, *, any_group: bool) -> ErrorList:
    errors: ErrorList = []
    source, ref = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None:
        errors += _reference_errors(source, path.child("dataSource"), any_group=any_group)
    if ref is not None:
        errors += _reference_errors(ref, path.child("dataSourceRef"), any_group=any_group)
        if ref.get("namespace"):
            errors += label(ref["namespace"], path.child("dataSourceRef", "namespace"))
    if source is not None and ref is not None:
        # The server shows a path where the value should be: a struct without anything to see.
        shown: Obj = {}
        if ref.get("namespace"):
            text = "may not be specified when dataSourceRef.namespace is specified"
            errors.append(invalid(path, shown, text))
        elif any(source.get(name) != ref.get(name) for name in ("apiGroup", "kind", "name")):
            errors.append(invalid(path, shown, "must match dataSourceRef"))
    return errors


def _reference_errors(ref: Obj, path: Path, *, any_group: bool) -> ErrorList:
    errors: ErrorList = [required(path.child(name)) for name in ("name", "kind") if not ref.get(name)]
    group, kind = ref.get("apiGroup") or "", ref.get("kind", "")
    if not group and kind != "PersistentVolumeClaim":
        text = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        errors.append(invalid(path, kind, text))
    if group and not any_group:
        errors += subdomain(group, path.child("apiGroup"))
    return errors


def claim_template_errors(template: Obj, path: Path) -> ErrorList:
    """A PersistentVolumeClaimTemplate: of its metadata only labels and annotations count."""
    meta, at = template.get("metadata") or {}, path.child("metadata")
    errors = annotation_errors(meta.get("annotations"), at.child("annotations"))
    errors += label_errors(meta.get("labels"), at.child("labels"))
    errors += [
        forbidden(at.child(_SHOWN_METADATA.get(name, name)), "cannot be set")
        for name in _METADATA_ORDER
        if meta.get(name) and name not in _TEMPLATE_METADATA
    ]
    return errors + claim_spec_errors(template.get("spec") or {}, path.child("spec"))


_SHOWN_METADATA = {"uid": "uID"}
_METADATA_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
