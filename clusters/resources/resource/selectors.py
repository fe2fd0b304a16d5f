"""Which devices are meant: CEL expressions over one `device`.

Models: dynamic-resource-allocation, cel/compile.go; kubernetes, pkg/apis/resource/validation (validateSelector).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from clusters.machinery.cel import CompileError, Env
from clusters.machinery.cel.types import BOOL, DYN, STRING, ObjectType, map_of
from clusters.machinery.field import ErrorList, Path, invalid, required, too_long
from clusters.resources.resource.names import each_errors

MAX_SELECTORS = 32
MAX_EXPRESSION = 10 * 1024
_DEVICE = ObjectType(
    "kubernetes.DRADevice",
    {
        "driver": STRING,
        "attributes": map_of(STRING, map_of(STRING, DYN)),
        "capacity": map_of(STRING, map_of(STRING, DYN)),
        "allowMultipleAllocations": BOOL,
    },
)


def selector_errors(selectors: Any, path: Path) -> ErrorList:
    return each_errors(selectors, MAX_SELECTORS, _one, path)


def _one(selector: Any, path: Path) -> ErrorList:
    cel, at = selector.get("cel"), path.child("cel", "expression")
    if cel is None:
        return [required(path.child("cel"))]
    expression = cel.get("expression", "")
    if len(expression.encode()) > MAX_EXPRESSION:
        return [too_long(at, MAX_EXPRESSION)]
    problem = _problem(expression)
    return [invalid(at, expression, problem)] if problem else []


@lru_cache(maxsize=256)
def _problem(expression: str) -> str:
    try:
        found = Env({"device": _DEVICE}).compile(expression).type
    except CompileError as error:
        return f"compilation failed: {error}"
    return "" if found in (BOOL, DYN) else f"must evaluate to bool or the unknown type, not {found}"
