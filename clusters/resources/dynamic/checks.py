"""Values against the OpenAPI schema of a custom resource, with the refusals of the real server word for word.

A schema is compiled once into a tree of `Check`s. On updates a part that did not change is not checked again
(ratcheting), so that a stricter schema does not lock old objects.

Models: kube-openapi, pkg/validation/validate and errors; apiextensions-apiserver, pkg/apiserver/validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from clusters.machinery.field import (
    ErrorList,
    FieldError,
    Path,
    go_quote,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
    type_invalid,
)
from clusters.machinery.gofmt import show
from clusters.machinery.regex import BadPattern, compile_pattern
from clusters.machinery.types import Obj
from clusters.resources.dynamic.formats import FORMATS

_ABSENT = object()
_INT_RANGES = {"int32": (-(1 << 31), (1 << 31) - 1), "uint32": (0, (1 << 32) - 1), "uint64": (0, (1 << 64) - 1)}


class Nowhere(Path):
    """The path of errors that belong to the object as a whole: Go prints a nil path so."""

    def __init__(self) -> None:
        super().__init__("<nil>")

    def child(self, *names: str) -> Path:
        path = Path(names[0])
        return path.child(*names[1:]) if len(names) > 1 else path


NOWHERE = Nowhere()


@dataclass(slots=True)
class Result:
    """Errors without repetition, and how many checks were made: the best of several alternatives is the one that
    got farthest."""

    errors: dict[str, FieldError] = field(default_factory=dict)
    count: int = 0

    @property
    def ok(self) -> bool:
        return not self.errors

    def add(self, error: FieldError, text: str = "") -> None:
        self.errors.setdefault(text or error.text(), error)

    def merge(self, other: Result) -> None:
        for text, error in other.errors.items():
            self.errors.setdefault(text, error)
        self.count += other.count


def key_values(item: Any, keys: Sequence[str]) -> tuple[Any, ...] | None:
    """What identifies an item of a list map; None if it is no object."""
    if not isinstance(item, dict):
        return None
    return tuple(orjson.dumps(item[k]) if k in item else None for k in keys)


def by_keys(items: Sequence[Any], keys: Sequence[str]) -> dict[tuple[Any, ...] | None, Any]:
    """The items of a list map."""
    return {key_values(item, keys): item for item in items}


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "null"


_GO_FORMAT = {"integer": "int64", "number": "float64"}


class Check:
    """One schema, compiled."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self.type: str = schema.get("type", "")
        self.format: str = schema.get("format", "")
        self.nullable = bool(schema.get("nullable"))
        self.enum: list[Any] | None = schema.get("enum")
        self.required: Sequence[str] = schema.get("required") or ()
        self.properties = {k: Check(v) for k, v in (schema.get("properties") or {}).items()}
        extra = schema.get("additionalProperties")
        self.extra = Check(extra) if isinstance(extra, dict) else None
        self.closed = extra is False
        items = schema.get("items")
        self.items = Check(items) if isinstance(items, dict) else None
        self.keys: tuple[str, ...] = ()
        if schema.get("x-kubernetes-list-type") == "map":
            self.keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
        self.any_of, self.one_of, self.all_of = (
            [Check(each) for each in schema.get(name) or ()] for name in ("anyOf", "oneOf", "allOf")
        )
        self.not_ = Check(schema["not"]) if isinstance(schema.get("not"), dict) else None
        self.int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
        self._composite = bool(self.any_of or self.one_of or self.all_of or self.not_)
        self._numeric = any(k in schema for k in ("maximum", "minimum", "multipleOf")) or self.format in _INT_RANGES
        self._text = any(k in schema for k in ("maxLength", "minLength", "pattern"))
        self._sized = any(k in schema for k in ("maxItems", "minItems", "uniqueItems"))

    def errors(self, value: Any, *, old: Any = _ABSENT, root: Path = NOWHERE) -> ErrorList:
        """What is wrong with a value; `old` is what it replaces."""
        result = Result()
        self._check(value, old, "", root, result)
        return list(result.errors.values())

    def _check(self, value: Any, old: Any, at: str, root: Path, out: Result) -> None:
        result = Result()
        self._all(value, old, at, root, result)
        if result.ok or old is _ABSENT or not same(value, old):
            out.merge(result)

    def _all(self, value: Any, old: Any, at: str, root: Path, out: Result) -> None:
        where = _Place(at, root)
        self._check_type(value, where, out)
        if value is None:
            self._check_enum(value, where, out)
            return
        if self._composite:
            self._check_composites(value, at, root, out)
        if type(value) is str:
            if self._text:
                self._check_text(value, where, out)
            if self.format:
                self._check_format(value, where, out)
        elif self._numeric and type(value) in (int, float):
            self._check_number(value, where, out)
        elif type(value) is list:
            self._check_list(value, old, at, where, root, out)
        self._check_enum(value, where, out)
        if type(value) is dict:
            self._check_object(value, old, at, where, root, out)
        out.count += 1

    def _check_type(self, value: Any, where: _Place, out: Result) -> None:
        out.count += 1
        kind = kind_of(value)
        if value is None:
            if self.type and not self.nullable:
                where.wrong_type(self.type, kind, out)
            return
        if not self.type:
            if self.int_or_string and kind not in ("integer", "string"):
                where.wrong_type("integer,string", kind, out)
            return
        fits = kind == self.type or (kind == "integer" and self.type == "number")
        if kind == "number" and self.type == "integer":
            fits = float(value).is_integer()
        if kind not in ("string", "array") and self.format and not fits:
            where.wrong_type(self.format, _GO_FORMAT.get(kind, ""), out)
            return
        if kind in ("string", "array") and self.format and self.type not in ("number", "integer"):
            return
        if not fits:
            where.wrong_type(self.type, kind, out)

    def _check_enum(self, value: Any, where: _Place, out: Result) -> None:
        if not self.enum:
            return
        if any(same(value, each) for each in self.enum):
            return
        words = [each if isinstance(each, str) else orjson.dumps(each).decode() for each in self.enum]
        out.add(not_supported(where.path, value, words))

    def _check_text(self, value: str, where: _Place, out: Result) -> None:
        schema = self.schema
        longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
        if longest is not None and len(value) > longest:
            out.add(too_long(where.path, int(longest)))
            return
        if shortest is not None and len(value) < shortest:
            where.add(value, f"should be at least {int(shortest)} chars long", out)
            return
        if pattern:
            try:
                fits = compile_pattern(pattern).search(value) is not None
            except BadPattern as error:
                where.add(value, f"should match '{pattern}, but pattern is invalid: {error}'", out)
                return
            if not fits:
                where.add(value, f"should match '{pattern}'", out)

    def _check_format(self, value: str, where: _Place, out: Result) -> None:
        check = FORMATS.get(self.format)
        if check is not None and not check(value):
            where.wrong_type(self.format, value, out)

    def _check_number(self, value: float, where: _Place, out: Result) -> None:
        schema = self.schema
        low, high = _INT_RANGES.get(self.format, (None, None))
        if self.type == "integer" and low is not None and high is not None and not low <= value <= high:
            text = f"Checked value must be of type integer with format {self.format} in {where.at}"
            out.add(invalid(where.root, "", text))
        multiple, highest, lowest = schema.get("multipleOf"), schema.get("maximum"), schema.get("minimum")
        if multiple:
            whole = isinstance(value, int)
            factor = int(multiple) or multiple if whole else multiple
            rest = value % factor if whole and isinstance(factor, int) else _fraction(value, factor)
            if rest:
                where.add(value, f"should be a multiple of {show(_float(factor))}", out)
        if lowest is not None:
            beyond = value <= lowest if schema.get("exclusiveMinimum") else value < lowest
            words = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
            if beyond:
                where.add(value, f"should be {words} {show(_float(lowest))}", out)
        if highest is not None:
            beyond = value >= highest if schema.get("exclusiveMaximum") else value > highest
            words = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
            if beyond:
                where.add(value, f"should be {words} {show(_float(highest))}", out)

    def _check_list(self, value: list[Any], old: Any, at: str, where: _Place, root: Path, out: Result) -> None:
        if self.items is not None:
            before = by_keys(old, self.keys) if self.keys and isinstance(old, list) else {}
            for i, item in enumerate(value):
                known = before.get(key_values(item, self.keys), _ABSENT) if before else _ABSENT
                self.items._check(item, known, f"{at}[{i}]", root, out)
        if not self._sized:
            return
        schema, size = self.schema, len(value)
        least, most = schema.get("minItems"), schema.get("maxItems")
        if least is not None and size < least:
            where.add(size, f"should have at least {int(least)} items", out)
        if most is not None and size > most:
            out.add(too_many(where.path, size, int(most)))

    def _check_object(self, value: Obj, old: Any, at: str, where: _Place, root: Path, out: Result) -> None:
        schema, size = self.schema, len(value)
        least, most = schema.get("minProperties"), schema.get("maxProperties")
        if least is not None and size < least:
            where.add(size, f"should have at least {int(least)} properties", out)
            return
        if most is not None and size > most:
            out.add(too_many(where.path, size, int(most)))
            return
        before = old if isinstance(old, dict) else None
        out.count += 1
        if self.closed:
            for key in value:
                if key not in self.properties:
                    text = f"{at}.{key} in body is a forbidden property"
                    out.add(invalid(where.path, key, text), text)
        elif self.extra is not None:
            for key, item in value.items():
                if key not in self.properties:
                    self.extra._check(item, _old(before, key), f"{at}.{key}", root, out)
        for key, check in self.properties.items():
            if key in value:
                check._check(value[key], _old(before, key), f"{at}.{key}" if at else key, root, out)
        for key in self.required:
            if key not in value:
                out.add(required(_Place(f"{at}.{key}", root).path))

    def _check_composites(self, value: Any, at: str, root: Path, out: Result) -> None:
        if self.any_of:
            tried = [self._tried(each, value, at, root) for each in self.any_of]
            good = next((t for t in tried if t.ok), None)
            if good is None:
                _said(out, root, f'"{at}" must validate at least one schema (anyOf)')
            out.merge(good if good is not None else max(tried, key=lambda t: t.count))
        if self.one_of:
            tried = [self._tried(each, value, at, root) for each in self.one_of]
            valid = [t for t in tried if t.ok]
            if len(valid) == 1:
                out.merge(valid[0])
            else:
                more = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
                _said(out, root, f'"{at}" must validate one and only one schema (oneOf). {more}')
                if not valid:
                    out.merge(max(tried, key=lambda t: t.count))
        if self.all_of:
            tried = [self._tried(each, value, at, root) for each in self.all_of]
            for each in tried:
                out.merge(each)
            failed = sum(not t.ok for t in tried)
            if failed:
                more = ". None validated" if failed == len(tried) else ""
                _said(out, root, f'"{at}" must validate all the schemas (allOf){more}')
        if self.not_ is not None and self._tried(self.not_, value, at, root).ok:
            _said(out, root, f'"{at}" must not validate the schema (not)')
        out.count += 1

    @staticmethod
    def _tried(check: Check, value: Any, at: str, root: Path) -> Result:
        result = Result()
        check._check(value, _ABSENT, at, root, result)
        return result


class _Place:
    """Where a value is: `at` as messages name it, `path` as the refusal does."""

    __slots__ = ("at", "root")

    def __init__(self, at: str, root: Path) -> None:
        self.at = at
        self.root = root

    @property
    def path(self) -> Path:
        name = self.at.removeprefix(".")
        return self.root.child(name) if name else self.root

    def add(self, value: Any, words: str, out: Result) -> None:
        text = f"{self.at} in body {words}"
        out.add(invalid(self.path, value, text), text)

    def wrong_type(self, wanted: str, found: str, out: Result) -> None:
        text = f"{self.at} in body must be of type {wanted}: {go_quote(found)}"
        out.add(type_invalid(self.path, found, text), text)


def _said(out: Result, root: Path, text: str) -> None:
    out.add(invalid(root, "", text), text)


def _old(before: Obj | None, key: str) -> Any:
    return before.get(key, _ABSENT) if before is not None else _ABSENT


def _float(value: float) -> float | int:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value


def _fraction(value: float, factor: float) -> bool:
    quotient = 1 / factor * value if factor < 1 else value / factor
    return abs(quotient - round(quotient)) > 1e-9


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: true is not 1."""
    if left is right:
        return True
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(v, right[k]) for k, v in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)
