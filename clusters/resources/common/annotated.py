"""JSON lists that stand in annotations, from the days before they were fields.

Models: kubernetes, pkg/apis/core/helper (GetTolerationsFromPodAnnotations, GetTaintsFromNodeAnnotations);
the words of encoding/json.
"""

from __future__ import annotations

from typing import Any

from clusters.machinery.gojson import GoJsonError, parse_json
from clusters.machinery.types import Obj

_KINDS = {dict: "object", str: "string", bool: "bool", int: "number", float: "number", list: "array"}


def parsed(text: str, wanted: type, go_type: str) -> tuple[Any, str]:
    """The value of a text (None for `null`), or what is wrong with it."""
    try:
        value = parse_json(text.encode())
    except GoJsonError as e:
        return None, str(e)
    if value is not None and not isinstance(value, wanted):
        return None, _mismatch(value, go_type)
    return value, ""


def listed(text: str, go_type: str) -> tuple[list[Obj], str]:
    """The structs of a list, or what is wrong with the text."""
    value, wrong = parsed(text, list, f"[]{go_type}")
    items = [{} if each is None else each for each in value or ()]
    bad = next((each for each in items if not isinstance(each, dict)), None)
    if bad is not None:
        wrong = _mismatch(bad, go_type)
    return ([], wrong) if wrong else (items, "")


def _mismatch(value: Any, go_type: str) -> str:
    return f"json: cannot unmarshal {_KINDS[type(value)]} into Go value of type {go_type}"
