"""Declared input: what a body or a query may hold. One declaration parses, bounds and documents it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from clusters.machinery import quantity
from clusters.web.api.problems import FieldProblem, Problem

MAX_DURATION = 365 * 24 * 3600
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Kind(Protocol):
    """A type of value. `parse` raises ValueError with a message for people."""

    def parse(self, value: Any) -> Any: ...

    def schema(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    max: int = 253
    min: int = 0
    pattern: str = ""
    hint: str = ""
    """What the pattern means, in words."""
    choices: tuple[str, ...] = ()

    def parse(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a string")
        if len(value) > self.max:
            raise ValueError(f"must have at most {self.max} characters")
        if len(value) < self.min:
            raise ValueError("must not be empty")
        if "\x00" in value:
            raise ValueError("must not hold a NUL character")
        if self.choices and value not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise ValueError(f"must be {self.hint or 'of the form ' + self.pattern}")
        return value

    def schema(self) -> dict[str, Any]:
        out: dict[str, Any] = {"type": "string", "maxLength": self.max}
        if self.min:
            out["minLength"] = self.min
        if self.pattern:
            out["pattern"] = f"^{self.pattern}$"
        if self.choices:
            out["enum"] = list(self.choices)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer:
    low: int = 0
    high: int = 2**53

    def parse(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("must be a whole number")
        if not self.low <= value <= self.high:
            raise ValueError(f"must be between {self.low} and {self.high}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Flag:
    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
            return value.lower() in ("true", "1")
        raise ValueError("must be true or false")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A Kubernetes quantity of 0 or more, as text or number; `whole` counts bytes, else thousandths."""

    whole: bool = False
    high: str = "1Ei"

    def parse(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("must be a quantity such as 4, 500m or 16Gi")
        text = str(value)
        if len(text) > 40 or not quantity.is_valid(text):
            raise ValueError("must be a quantity such as 4, 500m or 16Gi")
        measure = quantity.value if self.whole else quantity.milli
        if not 0 < measure(text) <= measure(self.high):
            raise ValueError(f"must be more than 0 and at most {self.high}")
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"], "maxLength": 40, "examples": ["16Gi" if self.whole else "500m"]}


@dataclass(frozen=True, slots=True)
class Speed:
    """`"1"`, `10`, `"0.5"`, `"max"`, `"0"`."""

    def parse(self, value: Any) -> str:
        from clusters.kernel.clock import format_speed, parse_speed

        if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 20:
            raise ValueError("must be a number or 'max'")
        return format_speed(parse_speed(str(value)))

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"], "examples": ["10", "max"]}


@dataclass(frozen=True, slots=True)
class Duration:
    """`"60s"`, `"1h30m"` or seconds, as microseconds."""

    def parse(self, value: Any) -> int:
        seconds: float
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        elif isinstance(value, str) and len(value) <= 40 and _DURATION.sub("", value) == "" and value:
            seconds = sum(float(n) * _UNITS[unit] for n, unit in _DURATION.findall(value))
        else:
            raise ValueError("must be a duration such as 60s or 1h30m")
        if not 0 < seconds <= MAX_DURATION:
            raise ValueError("must be more than 0 and at most 365d")
        return int(seconds * 1_000_000)

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"], "examples": ["60s"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A list of strings; one string with commas will do."""

    item: Text
    max: int

    def parse(self, value: Any) -> list[str]:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise ValueError("must be a list of strings")
        if len(value) > self.max:
            raise ValueError(f"must have at most {self.max} entries")
        return [self.item.parse(v) for v in value]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "maxItems": self.max, "items": self.item.schema()}


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object that something else checks."""

    def parse(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("must be an object")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "object"}


@dataclass(frozen=True, slots=True)
class Param:
    """A named input. Absent and not required: `default` (and null counts as absent)."""

    name: str
    kind: Kind
    description: str = ""
    required: bool = False
    default: Any = None


def parse(params: Sequence[Param], raw: Mapping[str, Any]) -> dict[str, Any]:
    """All values by name. Raises Problem 422 that names every wrong field."""
    known = {p.name for p in params}
    errors: list[FieldProblem] = []
    for name in raw:
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            errors.append({"field": str(name)[:100], "message": f"is not a field here{meant}"})
    values: dict[str, Any] = {}
    for param in params:
        value = raw.get(param.name)
        if value is None:
            if param.required:
                errors.append({"field": param.name, "message": "is required"})
            values[param.name] = param.default
            continue
        try:
            values[param.name] = param.kind.parse(value)
        except ValueError as error:
            errors.append({"field": param.name, "message": str(error)})
    if errors:
        text = "; ".join(f"{e['field']} {e['message']}" for e in errors[:5])
        raise Problem(422, text, errors=errors)
    return values


def object_schema(params: Sequence[Param]) -> dict[str, Any]:
    """JSON schema of a body."""
    properties: dict[str, Any] = {}
    for param in params:
        schema = param.kind.schema()
        if param.description:
            schema["description"] = param.description
        if param.default is not None:
            schema["default"] = param.default
        properties[param.name] = schema
    out: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [p.name for p in params if p.required]
    if required:
        out["required"] = required
    return out
