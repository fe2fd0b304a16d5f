"""x-kubernetes-validations: rules in CEL at any place of a schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.types import Obj


class Rules:
    """All rules of one schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def __bool__(self) -> bool:
        return False

    def errors(self, new: Obj, old: Obj | None, root: Path) -> ErrorList:
        return []
