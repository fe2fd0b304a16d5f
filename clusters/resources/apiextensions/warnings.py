"""What a definition is accepted with, but warned of: formats that nothing checks, most often a slip.

Models: apiextensions-apiserver, pkg/registry/customresourcedefinition/strategy.go (WarningsOnCreate, WarningsOnUpdate)
and pkg/apiserver/validation/formats.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj
from clusters.resources.dynamic.formats import is_recognized


def format_warnings(new: Obj, old: Obj | None = None) -> list[str]:
    """Each unknown format once; those that were there before the update were warned of before."""
    known = set(_unknown_formats(old)) if old is not None else set()
    return [
        f"unrecognized format {go_quote(form)}" for form in dict.fromkeys(_unknown_formats(new)) if form not in known
    ]


def _unknown_formats(definition: Obj) -> Iterator[str]:
    for version in definition["spec"].get("versions") or ():
        for schema in _schemas((version.get("schema") or {}).get("openAPIV3Schema")):
            form = schema.get("format")
            if form and not is_recognized(schema.get("type") or "", form):
                yield form


def _schemas(schema: Any) -> Iterator[Obj]:
    """The schema and all below it."""
    if not isinstance(schema, dict):
        return
    yield schema
    below = [schema.get("items"), schema.get("additionalProperties"), schema.get("not")]
    for name in ("allOf", "anyOf", "oneOf"):
        below += schema.get(name) or ()
    below += (schema.get("properties") or {}).values()
    for each in below:
        yield from _schemas(each)
