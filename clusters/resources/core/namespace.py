"""Namespace: a scope of names that is emptied before it goes.

Its own list of finalizers (`spec.finalizers`) is written through the `finalize` subresource only; the namespace
controller removes `kubernetes` there when the last content is gone.
Models: kubernetes, registry/core/namespace and core validation.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.names import dns1123_label, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import STANDARD_FINALIZERS, object_meta_errors

KUBERNETES = "kubernetes"
NAME_LABEL = "kubernetes.io/metadata.name"


def _label_with_name(obj: Obj) -> None:
    name = obj["metadata"].get("name")
    if name:
        labels = obj["metadata"].get("labels")
        if not labels or labels.get(NAME_LABEL) != name:
            obj["metadata"]["labels"] = {**(labels or {}), NAME_LABEL: name}


def finalizer_name_errors(name: str, path: Path) -> ErrorList:
    """A finalizer of the list in the spec: qualified, and with a domain unless it is Kubernetes' own."""
    errors = [invalid(path, name, text) for text in qualified_name(name)]
    if "/" not in name and name not in STANDARD_FINALIZERS:
        errors.append(invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified"))
    return errors


class NamespaceStrategy(Strategy):
    generate_names = True

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return dns1123_label(name, prefix=prefix)

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {})
        _label_with_name(obj)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        _label_with_name(obj)
        spec = obj.setdefault("spec", {})
        finalizers = spec.get("finalizers") or []
        if KUBERNETES not in finalizers:
            spec["finalizers"] = [*finalizers, KUBERNETES]
        obj["status"] = {"phase": "Active"}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        path = Path("spec").child("finalizers")
        return [e for name in obj["spec"].get("finalizers") or () for e in finalizer_name_errors(name, path)]

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        if ctx.subresource != "finalize":
            new["spec"] = old.get("spec", {})

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        if ctx.subresource != "finalize":
            return object_meta_errors(new["metadata"], namespaced=False, validate_name=self.validate_name)
        path = Path("spec").child("finalizers")
        finalizers = (new.get("spec") or {}).get("finalizers") or ()
        return [e for i, name in enumerate(finalizers) for e in finalizer_name_errors(name, path.index(i))]

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        phase = (new.get("status") or {}).get("phase", "")
        path = Path("status").child("Phase")
        if "deletionTimestamp" in new["metadata"]:
            if phase != "Terminating":
                why = "may only be 'Terminating' if `deletionTimestamp` is not empty"
                return [invalid(path, phase, why)]
        elif phase != "Active":
            return [invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty")]
        return []

    def prepare_delete(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}

    def holds(self, obj: Obj) -> bool:
        return bool((obj.get("spec") or {}).get("finalizers"))


def _phase(obj: Obj, now: int = 0) -> str:
    return str((obj.get("status") or {}).get("phase", ""))


RESOURCE = Resource(
    group="",
    name="namespaces",
    kind="Namespace",
    singular="namespace",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Namespace"),),
    short_names=("ns",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    subresources=(Subresource(name="finalize", verbs=("update",)), Subresource(name="status")),
    strategy=NamespaceStrategy(),
    columns=(
        NAME,
        Column(name="Status", description="The status of the namespace", value=_phase),
        AGE,
    ),
    fields={"status.phase": _phase},
)
