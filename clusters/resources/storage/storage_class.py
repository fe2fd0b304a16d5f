"""StorageClass: how volumes are provisioned. Models: kubernetes, registry/storage/storageclass and its validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from clusters.machinery.names import qualified_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import field
from clusters.resources.common.columns import AGE, NAME_TEXT
from clusters.resources.common.meta import immutable_errors, label_key_errors, label_value_errors
from clusters.resources.pod_spec.warnings import DEPRECATED_NODE_LABELS

MAX_PARAMETERS = 512
MAX_PARAMETER_BYTES = 256 * 1024
RECLAIM_POLICIES = frozenset({"Delete", "Retain"})
BINDING_MODES = frozenset({"Immediate", "WaitForFirstConsumer"})
_MARKS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def provisioner_errors(name: str, path: Path) -> ErrorList:
    if not name:
        return [required(path)]
    return [invalid(path, name, text) for text in qualified_name(name.lower())]


def parameters_errors(parameters: Mapping[str, str] | None, path: Path, *, needed: bool = False) -> ErrorList:
    """Not too many, not too large, no empty key."""
    if parameters and len(parameters) > MAX_PARAMETERS:
        return [too_long(path, MAX_PARAMETERS)]
    errors: ErrorList = []
    total = 0
    for key, value in (parameters or {}).items():
        if not key:
            errors.append(invalid(path, key, "field can not be empty."))
        total += len(key.encode()) + len(value.encode())
    if total > MAX_PARAMETER_BYTES:
        errors.append(too_long(path, MAX_PARAMETER_BYTES))
    if needed and not parameters:
        errors.append(required(path, "must contain at least one key/value pair"))
    return errors


def frozen_errors(new: Obj, old: Obj, names: Iterable[str]) -> ErrorList:
    return [
        forbidden(Path(name), f"updates to {name} are forbidden.")
        for name in names
        if (new.get(name) or None) != (old.get(name) or None)
    ]


class StorageClassStrategy(Strategy):
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        if obj.get("reclaimPolicy") is None:
            obj["reclaimPolicy"] = "Delete"
        if obj.get("volumeBindingMode") is None:
            obj["volumeBindingMode"] = "Immediate"

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = provisioner_errors(obj.get("provisioner", ""), Path("provisioner"))
        errors += parameters_errors(obj.get("parameters"), Path("parameters"))
        policy, mode = obj["reclaimPolicy"], obj["volumeBindingMode"]
        if policy and policy not in RECLAIM_POLICIES:
            errors.append(not_supported(Path("reclaimPolicy"), policy, RECLAIM_POLICIES))
        if mode not in BINDING_MODES:
            errors.append(not_supported(Path("volumeBindingMode"), mode, BINDING_MODES))
        return errors + _topology_errors(obj)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        out: list[str] = []
        for i, term in enumerate(obj.get("allowedTopologies") or ()):
            for j, expression in enumerate(term.get("matchLabelExpressions") or ()):
                text = DEPRECATED_NODE_LABELS.get(expression.get("key", ""))
                if text is not None:
                    at_ = Path("allowedTopologies").index(i).child("matchLabelExpressions").index(j).child("key")
                    out.append(f"{at_}: {text}")
        return out

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        errors += frozen_errors(new, old, ("parameters", "provisioner", "reclaimPolicy"))
        path = Path("volumeBindingMode")
        return errors + immutable_errors(new.get("volumeBindingMode"), old.get("volumeBindingMode"), path)


def _topology_errors(obj: Obj) -> ErrorList:
    errors: ErrorList = []
    terms = obj.get("allowedTopologies") or ()
    seen: list[dict[str, set[str]]] = [{} for _ in terms]  # as the server does: an empty term is a duplicate
    for i, term in enumerate(terms):
        path = Path("allowedTopologies").index(i).child("matchLabelExpressions")
        keys: dict[str, set[str]] = {}
        for j, expression in enumerate(term.get("matchLabelExpressions") or ()):
            at = path.index(j)
            key, values = expression.get("key", ""), expression.get("values") or ()
            if not values:
                errors.append(required(at.child("values")))
            for k, value in enumerate(values):
                errors += label_value_errors(value, at.child("values").index(k))
                if value in values[:k]:
                    errors.append(duplicate(at.child("values").index(k), value))
            errors += label_key_errors(key, at.child("key"))
            if key in keys:
                errors.append(duplicate(at.child("key"), key))
            keys[key] = set(values)
        errors += [duplicate(path, "") for known in seen if known == keys]
        seen.append(keys)
    return errors


def _name(obj: Obj, now: int) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    default = any(annotations.get(mark) == "true" for mark in _MARKS)
    return str(obj["metadata"].get("name", "")) + (" (default)" if default else "")


RESOURCE = Resource(
    group="storage.k8s.io",
    name="storageclasses",
    kind="StorageClass",
    singular="storageclass",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.storage.v1.StorageClass"),),
    short_names=("sc",),
    strategy=StorageClassStrategy(),
    columns=(
        Column(name="Name", format="name", description=NAME_TEXT, value=_name),
        Column(
            name="Provisioner",
            description="provisioner indicates the type of the provisioner.",
            value=field("provisioner"),
        ),
        Column(
            name="ReclaimPolicy",
            description="reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this"
            " storage class. Defaults to Delete.",
            value=field("reclaimPolicy", default="Delete"),
        ),
        Column(
            name="VolumeBindingMode",
            description="volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound. When"
            " unset, VolumeBindingImmediate is used.",
            value=field("volumeBindingMode", default="Immediate"),
        ),
        Column(
            name="AllowVolumeExpansion",
            description="allowVolumeExpansion shows whether the storage class allow volume expand.",
            value=field("allowVolumeExpansion", default=False),
        ),
        AGE,
    ),
)
