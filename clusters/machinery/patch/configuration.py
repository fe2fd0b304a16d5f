"""What an applied configuration says: which fields it owns, and whether it fits the type at all.

Models: structured-merge-diff, typed/tofieldset.go and typed/validate.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from clusters.machinery.gofmt import show
from clusters.machinery.patch.fieldset import DOT, FieldSet, element_text
from clusters.machinery.patch.typed import TypedError, granular, item_key, member_type
from clusters.machinery.schema import ANY, BOOL, BYTES, FLOAT, INT, LIST, MAP, OBJECT, STRING, ListType, Type


def applied(node: Type, value: Any) -> FieldSet:
    """The fields that an applied configuration owns below `value`: leaves, items, and empty maps."""
    way = granular(node, value)
    out: FieldSet = {}
    if way == LIST and type(value) is list:
        for item in value:
            below = applied(node.items, item)  # type: ignore[attr-defined]
            out[item_key(node, item)] = {DOT: {}, **below} if below else {}  # type: ignore[arg-type]
    elif way in (OBJECT, MAP) and type(value) is dict:
        for key, item in value.items():
            child = member_type(node, key)
            if child is None:
                continue
            if item is None or item == {} or not granular(child, item):
                out["f:" + key] = {}
                continue
            below = applied(child, item)
            declared = node.kind == OBJECT and key in node.fields  # type: ignore[attr-defined]
            if below:
                out["f:" + key] = below if declared else {DOT: {}, **below}
            elif not declared:
                out["f:" + key] = {}
    return out


def validate(node: Type, value: Any) -> None:
    """Refuse an applied configuration that does not fit. Raises TypedError with the server's text."""
    errors = list(_validate(node, value, ""))
    if len(errors) == 1:
        raise TypedError(errors[0])
    if errors:
        raise TypedError("\n".join(["errors:", *("  " + e for e in errors)]))


def _validate(node: Type, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    kind = node.kind
    if kind == LIST:
        if not isinstance(value, list):
            yield f"{path}: expected list, got {show(value)}"
            return
        yield from _validate_items(node, value, path)  # type: ignore[arg-type]
    elif kind in (MAP, OBJECT):
        if not isinstance(value, dict):
            yield f"{path}: expected map, got {show(value)}"
            return
        for key, item in value.items():
            child = member_type(node, key)
            if child is None:
                yield f"{path}.{key}: field not declared in schema"
                return
            yield from _validate(child, item, f"{path}.{key}")
    elif kind != ANY:
        wrong = _scalar_error(kind, value)
        if wrong:
            yield f"{path}: {wrong}"


def _validate_items(node: ListType, value: list[Any], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, item in enumerate(value):
        where = f"[{i}]"
        if node.list_type in ("map", "set"):
            try:
                key = item_key(node, item)
            except TypedError as error:
                yield f"{path}: element {i}: {error}"
                return
            where = element_text(key)
            if key in seen:
                yield f"{path}: duplicate entries for key {where}"
            seen.add(key)
        yield from _validate(node.items, item, path + where)


def _scalar_error(kind: int, value: Any) -> str:
    if kind in (INT, FLOAT):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"expected numeric (int or float), got {_go_type(value)}"
    elif kind == STRING:
        if not isinstance(value, str):
            return f"expected string, got {_go_syntax(value)}"
    elif kind == BOOL:
        if not isinstance(value, bool):
            return f"expected boolean, got {show(value)}"
    elif isinstance(value, dict | list) or (kind == BYTES and not isinstance(value, str)):
        return f"expected any scalar, got {show(value)}"
    return ""


def _go_type(value: Any) -> str:
    """Go's `%T`."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "map[string]interface {}" if isinstance(value, dict) else "[]interface {}"


def _go_syntax(value: Any) -> str:
    """Go's `%#v`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ", ".join(f"{orjson.dumps(k).decode()}:{_go_syntax(value[k])}" for k in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return orjson.dumps(value).decode() if isinstance(value, str) else show(value)
