"""Values to objects: what a round trip through the Go type does to a JSON value.

Unknown fields go (and are named, if somebody asks), nulls and zeros that `omitempty` drops go, quantities become
canonical, times lose what they cannot hold. Custom resources are only pruned.

Models: sigs.k8s.io/json (decode.go, strict errors), apiextensions pruning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clusters.machinery import gojson, schema
from clusters.machinery.scalars import NULL, SCALARS, DecodeError, Path, fail, integer
from clusters.machinery.schema import ANY, BOOL, INT, LIST, MAP, OBJECT, STRING, ListType, MapType, ObjectType, Type
from clusters.machinery.types import Obj

MAX_STRICT_ERRORS = 100


def convert(value: Any, type_: ObjectType, *, collect: bool = False) -> tuple[Obj, list[str]]:
    """A JSON value as an object of the type, and (if `collect`) its unknown fields as strict errors.
    Raises DecodeError."""
    run = Run(collect=collect)
    try:
        return run.top(type_, value), run.errors
    except RecursionError:
        raise DecodeError("json: exceeded max depth") from None


def _path_text(path: Path, last: str) -> str:
    parts = [last]
    while path is not None:
        part = path[1]
        if isinstance(part, int):
            parts.append(f"[{part}]")
        else:
            parts.append("." + (part if path[2] else part[0]))
        path = path[0]
    return "".join(reversed(parts)).removeprefix(".")


class Run:
    """One conversion: collects strict errors and counts object members."""

    __slots__ = ("collect", "errors", "members", "seen")

    def __init__(self, *, collect: bool) -> None:
        self.collect = collect
        self.errors: list[str] = []
        self.seen: set[str] = set()
        self.members = 0

    def top(self, type_: ObjectType, value: Any) -> Obj:
        if value is None:
            return {}
        if type_.loose:
            return self.custom_top(type_, value)
        out = self.struct(type_, value, None)
        out.pop("apiVersion", None)
        out.pop("kind", None)
        return out

    def strict(self, text: str) -> None:
        if len(self.errors) < MAX_STRICT_ERRORS and text not in self.seen:
            self.seen.add(text)
            self.errors.append(text)

    def unknown(self, path: Path, key: str, value: Any) -> None:
        self.strict(f'unknown field "{_path_text(path, "." + key).removeprefix(".")}"')
        self.members += _members(value)

    def pairs(self, value: gojson.Pairs, path: Path, known: Mapping[str, Any] | None) -> dict[str, Any]:
        """The members of an object that was read with its duplicates, the last of each; names the others."""
        out: dict[str, Any] = {}
        for key, item in value:
            if key in out and (known is None or key in known):
                self.strict(f'duplicate field "{_path_text(path, "." + key).removeprefix(".")}"')
            out[key] = item
        return out

    def struct(self, type_: ObjectType, value: Any, path: Path) -> Obj:
        if type(value) is not dict:
            if not isinstance(value, gojson.Pairs):
                fail(value, type_.go, path, OBJECT)
            return self.paired_struct(type_, value, path)
        fields = type_.fields_ if type_.fields_ is not None else type_.fields
        self.members += len(value)
        out: Obj = {}
        for key, item in value.items():
            found = fields.get(key)
            if found is None:
                if self.collect:
                    self.unknown(path, key, item)
                continue
            if item is None:
                continue
            node = found.type
            kind = node.kind
            if kind == STRING:
                if type(item) is not str:
                    fail(item, node.go, (path, key, type_.struct), STRING)
                if item or not found.drop:
                    out[key] = item
            elif kind == OBJECT:
                out[key] = self.struct(node, item, (path, key, type_.struct))  # type: ignore[arg-type]
            elif kind == INT:
                if type(item) is not int or not -2147483648 <= item <= 2147483647:
                    item = integer(item, node.go, (path, key, type_.struct))
                if item or not found.drop:
                    out[key] = item
            elif kind == BOOL:
                if item is not True and item is not False:
                    fail(item, "bool", (path, key, type_.struct), BOOL)
                if item or not found.drop:
                    out[key] = item
            else:
                done = self.value(node, item, (path, key, type_.struct))
                if done or not found.drop:
                    out[key] = done
        return out

    def paired_struct(self, type_: ObjectType, value: gojson.Pairs, path: Path) -> Obj:
        """As `struct`, in the order of the text, naming duplicates."""
        out: Obj = {}
        seen: set[str] = set()
        for key, item in value:
            if key in type_.fields and key in seen:
                self.strict(f'duplicate field "{_path_text(path, "." + key)}"')
            seen.add(key)
            out.update(self.struct(type_, {key: item}, path))
        return out

    def value(self, node: Type, value: Any, path: Path) -> Any:
        kind = node.kind
        if kind == LIST:
            return self.list_of(node, value, path)  # type: ignore[arg-type]
        if kind == MAP:
            return self.map_of(node, value, path)  # type: ignore[arg-type]
        if kind == OBJECT:
            return self.struct(node, {} if value is None else value, path)  # type: ignore[arg-type]
        if kind == ANY:
            self.members += _members(value)
            return _plain(value)
        if value is None:
            return NULL.get(kind)
        return SCALARS[kind](value, node.go, path)

    def list_of(self, node: ListType, value: Any, path: Path) -> Any:
        if type(value) is not list:
            fail(value, node.go, path, LIST)
        items = node.items
        kind = items.kind
        if kind == OBJECT:
            return [
                self.struct(items, {} if item is None else item, (path, i, ""))  # type: ignore[arg-type]
                for i, item in enumerate(value)
            ]
        if kind == STRING and _all_strings(value):
            return value
        return [self.value(items, item, (path, i, "")) for i, item in enumerate(value)]

    def map_of(self, node: MapType, value: Any, path: Path) -> Any:
        if isinstance(value, gojson.Pairs):
            value = self.pairs(value, path, None)
        elif type(value) is not dict:
            fail(value, node.go, path, MAP)
        self.members += len(value)
        values = node.values
        if values.kind == STRING and _all_strings(value.values()):
            return value
        return {key: self.value(values, item, (path, (key,), "")) for key, item in value.items()}

    # custom resources: pruned, not converted

    def custom_top(self, type_: ObjectType, value: Any) -> Obj:
        if isinstance(value, gojson.Pairs):
            self.duplicates(value, None)
            value = _plain(value)
        if type(value) is not dict:
            fail(value, "map[string]interface {}", None, MAP)
        self.members = _members(value)
        late: list[str] = []
        meta = value.get("metadata")
        out: Obj = self.prune(type_, {k: v for k, v in value.items() if k != "metadata"}, None, late)
        if meta is not None:
            run = Run(collect=self.collect)
            decoded = run.struct(schema.object_meta(), meta, None)
            out = {"apiVersion": "", "kind": "", "metadata": decoded, **out}
            self.errors += [e.replace('field "', 'field "metadata.', 1) for e in run.errors]
        for error in sorted(late):
            self.strict(error)
        out.pop("apiVersion", None)
        out.pop("kind", None)
        return out

    def duplicates(self, value: Any, path: Path) -> None:
        if isinstance(value, gojson.Pairs):
            self.pairs(value, path, None)
            for key, item in value:
                self.duplicates(item, (path, (key,), ""))
        elif isinstance(value, list):
            for i, item in enumerate(value):
                self.duplicates(item, (path, i, ""))

    def prune(self, node: Type, value: Any, path: Path, late: list[str]) -> Any:
        """Without fields that the schema does not know; shares what it does not change."""
        if type(value) is dict:
            if isinstance(node, MapType):
                return {k: self.prune(node.values, v, (path, (k,), ""), late) for k, v in value.items()}
            if not isinstance(node, ObjectType):
                return value
            out = {}
            for key, item in value.items():
                found = node.fields.get(key)
                if found is None:
                    if node.extra is None:
                        if self.collect:
                            late.append(f'unknown field "{_path_text(path, "." + key).removeprefix(".")}"')
                        continue
                    out[key] = self.prune(node.extra, item, (path, (key,), ""), late)
                elif item is not None or found.keep_null:
                    out[key] = self.prune(found.type, item, (path, (key,), ""), late)
            return out
        if type(value) is list and isinstance(node, ListType):
            return [self.prune(node.items, item, (path, i, ""), late) for i, item in enumerate(value)]
        return value


def _all_strings(values: Iterable[Any]) -> bool:
    for value in values:  # noqa: SIM110 (a generator costs twice as much)
        if type(value) is not str:
            return False
    return True


def _members(value: Any) -> int:
    """How many object members a value has, at all depths."""
    if isinstance(value, dict):
        return len(value) + sum([_members(v) for v in value.values() if isinstance(v, dict | list)])
    if isinstance(value, list) and not isinstance(value, gojson.Pairs):
        return sum([_members(v) for v in value if isinstance(v, dict | list)])
    return 0


def _plain(value: Any) -> Any:
    """Without `Pairs`."""
    if isinstance(value, gojson.Pairs):
        return {k: _plain(v) for k, v in value}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value
