"""One object of a snapshot, checked before it is stored.

A snapshot's objects are stored as they are, past admission and defaulting: they carry what was decided when they
were made. What the loops rely on is checked all the same, since nothing behind the API looks again: that an object
has its type's shape, a name that can stand in a key, and what its kind cannot be without.
"""

from __future__ import annotations

from typing import Any

import orjson

from clusters.machinery.complete import complete_in_place
from clusters.machinery.convert import convert
from clusters.machinery.field import ErrorList
from clusters.machinery.names import dns1123_label
from clusters.machinery.scalars import DecodeError
from clusters.machinery.types import Obj
from clusters.registry.metadata import validate_created
from clusters.resources.base import Context, Resource, Version
from clusters.runtime.settings import BadInput

_SCALARS = (str, int, float, bool)


def check_envelope(item: object, path: str) -> None:
    """Every item says what it is and how it is called. Raises BadInput."""
    if not isinstance(item, dict):
        raise BadInput(path, "must be an object")
    for name in ("apiVersion", "kind"):
        if not isinstance(item.get(name), str):
            raise BadInput(f"{path}.{name}", "must be a string")
    meta = item.get("metadata")
    if not isinstance(meta, dict):
        raise BadInput(f"{path}.metadata", "must be an object")
    if not isinstance(meta.get("name"), str) or not meta["name"]:
        raise BadInput(f"{path}.metadata.name", "must be a string")
    namespace = meta.get("namespace", "")
    if not isinstance(namespace, str) or (namespace and dns1123_label(namespace)):
        raise BadInput(f"{path}.metadata.namespace", "must be a namespace's name")


def to_stored(resource: Resource, item: Obj, path: str, ctx: Context) -> Obj:
    """A private copy in the form in which it is stored. Raises BadInput naming the field."""
    version = resource.version(item["apiVersion"].rpartition("/")[2])
    assert version is not None
    obj: Obj = orjson.loads(orjson.dumps(item))
    meta = obj["metadata"]
    if resource.namespaced:
        meta["namespace"] = meta.get("namespace") or "default"
    else:
        meta.pop("namespace", None)
    for name in ("resourceVersion", "selfLink"):
        meta.pop(name, None)
    _check_shape(version, obj, path)
    if version.name != resource.stored_as and version.to_storage is not None:
        obj = version.to_storage(obj)
    obj["apiVersion"] = resource.api_version()
    # What is whole stays as it is; what somebody wrote by hand gets what the loops expect to find.
    resource.strategy.default(obj)
    type_ = version.type
    if type_ is not None:
        complete_in_place(obj, type_)
    _refuse(validate_created(resource, obj), path)
    _refuse(resource.strategy.validate_create(orjson.loads(orjson.dumps(obj)), ctx), path)
    return obj


def _check_shape(version: Version, obj: Obj, path: str) -> None:
    type_ = version.type
    if type_ is None:
        _check_plain(obj, path)
        return
    try:
        convert(obj, type_)
    except DecodeError as error:
        raise BadInput(path, f"{obj['kind']} {obj['metadata']['name']}: {error}") from None


def _check_plain(obj: Obj, path: str) -> None:
    """Our own kinds have no schema: a spec of scalars, and labels."""
    spec: Any = obj.get("spec", {})
    if not isinstance(spec, dict):
        raise BadInput(f"{path}.spec", "must be an object")
    for name, value in spec.items():
        if name == "labels":
            if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
                raise BadInput(f"{path}.spec.labels", "must map strings to strings")
        elif not isinstance(value, _SCALARS):
            raise BadInput(f"{path}.spec.{name}", "must be a string or a number")
    for name in ("labels", "annotations"):
        value = obj["metadata"].get(name) or {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise BadInput(f"{path}.metadata.{name}", "must map strings to strings")


def _refuse(errors: ErrorList, path: str) -> None:
    if errors:
        first = errors[0]
        raise BadInput(f"{path}.{first.field}".rstrip("."), first.body())
