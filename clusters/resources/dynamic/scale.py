"""The scale subresource of a custom resource, found by the paths that its definition names.

Models: apiextensions-apiserver, pkg/registry/customresource (etcd.go ScaleREST, validator.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clusters.machinery.errors import InternalError
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.meta import with_path
from clusters.machinery.types import Obj

MAX_INT32 = (1 << 31) - 1
_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


@dataclass(frozen=True, slots=True)
class ScalePaths:
    spec: str
    status: str
    selector: str = ""

    @property
    def replicas(self) -> tuple[str, ...]:
        """The names on the way to the replicas."""
        return tuple(_names(self.spec))

    def scale_of(self, obj: Obj) -> Obj:
        """The `autoscaling/v1` Scale. Raises InternalError if the object has no replicas."""
        meta = obj["metadata"]
        replicas = _at(obj, _names(self.spec))
        if replicas is None:
            raise InternalError(f'Internal error occurred: the spec replicas field "{self.spec}" does not exist')
        status: Obj = {"replicas": _at(obj, _names(self.status)) or 0}
        selector = _at(obj, _names(self.selector)) if self.selector else None
        if selector:
            status["selector"] = selector
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {name: meta[name] for name in _KEPT if name in meta},
            "spec": {"replicas": replicas} if replicas else {},
            "status": status,
        }

    def with_scale(self, obj: Obj, scale: Obj) -> Obj:
        """A copy of the object with the replicas that a Scale asks for."""
        return with_path(obj, self.replicas, (scale.get("spec") or {}).get("replicas", 0))

    def spec_errors(self, obj: Obj) -> ErrorList:
        return _replicas_errors(obj, self.spec)

    def status_errors(self, obj: Obj) -> ErrorList:
        errors = _replicas_errors(obj, self.status)
        if self.selector:
            selector = _at(obj, _names(self.selector))
            if selector is not None and not isinstance(selector, str):
                errors.append(invalid(Path(_ROOT + self.selector), "", _mismatch(self.selector, selector, "string")))
        return errors


_ROOT = "."
"""The path begins with the period that it was written with, which `Path` would drop."""


def _names(path: str) -> Sequence[str]:
    return path.removeprefix(".").split(".")


def _at(obj: Any, names: Sequence[str]) -> Any:
    for name in names:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(name)
    return obj


_GO = {
    bool: "bool",
    str: "string",
    float: "float64",
    int: "int64",
    dict: "map[string]interface {}",
    list: "[]interface {}",
}


def _mismatch(path: str, value: Any, wanted: str) -> str:
    return f"{path} accessor error: {value} is of the type {_GO.get(type(value), '<nil>')}, expected {wanted}"


def _replicas_errors(obj: Obj, path: str) -> ErrorList:
    replicas = _at(obj, _names(path))
    if replicas is None:
        return []
    at = Path(_ROOT + path)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        return [invalid(at, 0, _mismatch(path, replicas, "int64"))]
    if replicas < 0:
        return [invalid(at, replicas, "should be a non-negative integer")]
    if replicas > MAX_INT32:
        return [invalid(at, replicas, f"should be less than or equal to {MAX_INT32}")]
    return []
