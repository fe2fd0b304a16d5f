"""RFC 6902 patches as the API server applies them.

What the server's library does beyond the RFC is kept: negative indices count from the end, `replace` of an
absent member sets it, maps that a patch went through come out with sorted keys.

Models: gopkg.in/evanphx/json-patch.v4, apiserver patch.go (jsonPatcher).
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from clusters.machinery import gojson
from clusters.machinery.errors import ApiError, BadRequest, TooLarge
from clusters.machinery.gojson import GoJsonError
from clusters.machinery.scalars import shape

MAX_OPERATIONS = 10_000
MAX_COPIED_BYTES = 3 * 1024 * 1024

_INTEGER = re.compile(r"[+-]?[0-9]+").fullmatch
_OP_FIELDS = ("op", "path", "from")


class JsonPatchError(ApiError):
    """An operation that does not apply. `why` names it; the real server keeps that to itself."""

    code, reason = 422, "Invalid"

    def __init__(self, why: str) -> None:
        super().__init__("the server rejected our request due to an error in our request", details={})
        self.why = why


def parse(body: bytes) -> list[dict[str, Any]]:
    """The operations in a request body. Raises BadRequest, TooLarge."""
    try:
        ops = gojson.parse_json(body)
    except GoJsonError as error:
        raise BadRequest(f"error decoding patch: {error}") from None
    if ops is None:
        return []
    if not isinstance(ops, list):
        what = f"json: cannot unmarshal {shape(ops)} into Go value of type []handlers.jsonPatchOp"
        raise BadRequest(f"error decoding patch: {what}")
    for op in ops:
        if op is not None and not isinstance(op, dict):
            what = f"json: cannot unmarshal {shape(op)} into Go value of type handlers.jsonPatchOp"
            raise BadRequest(f"error decoding patch: {what}")
        for name in _OP_FIELDS:
            value = (op or {}).get(name)
            if value is not None and not isinstance(value, str):
                where = f"jsonPatchOp.{name} of type string"
                what = f"json: cannot unmarshal {shape(value)} into Go struct field {where}"
                raise BadRequest(f"error decoding patch: {what}")
    if len(ops) > MAX_OPERATIONS:
        raise TooLarge(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(ops)}", details={}
        )
    return [op or {} for op in ops]


def unknown_fields(ops: list[dict[str, Any]]) -> list[str]:
    """Paths of what operations have beside their own fields."""
    return [f"[{i}].{name}" for i, op in enumerate(ops) for name in op if name not in _OP_FIELDS and name != "value"]


def apply_json_patch(doc: Any, ops: list[dict[str, Any]]) -> Any:
    """The document after all operations; `doc` is not changed, and shared where it is untouched.
    Raises JsonPatchError."""
    run = _Run(doc)
    for op in ops:
        run.apply(op)
    return run.finish()


class _Run:
    """One patch: containers are copied when first touched."""

    def __init__(self, doc: Any) -> None:
        self.root = doc
        self.owned: dict[int, Any] = {}
        self.copied = 0

    def finish(self) -> Any:
        for value in self.owned.values():
            if isinstance(value, dict):
                ordered = sorted(value.items())
                value.clear()
                value.update(ordered)
        return self.root

    def own(self, value: Any) -> Any:
        """A private shallow copy, made once."""
        if id(value) in self.owned:
            return value
        copy = dict(value) if isinstance(value, dict) else list(value)
        self.owned[id(copy)] = copy
        return copy

    def find(self, path: str, op: str, what: str = "path") -> tuple[Any, str]:
        """The container that the path's last part is in (private), and that part."""
        parts = [p.replace("~1", "/").replace("~0", "~") for p in path.split("/")]
        missing = JsonPatchError(f"{op} operation does not apply: doc is missing {what}: {path}")
        if len(parts) < 2 or not isinstance(self.root, dict | list):
            raise missing
        self.root = node = self.own(self.root)
        for part in parts[1:-1]:
            try:
                child = _get(node, part)
            except JsonPatchError:
                raise missing from None
            if not isinstance(child, dict | list):
                raise missing
            child = self.own(child)
            if isinstance(node, dict):
                node[part] = child
            else:
                node[_index(node, part, len(node))] = child
            node = child
        return node, parts[-1]

    def apply(self, op: dict[str, Any]) -> None:
        kind = op.get("op")
        if kind not in ("add", "remove", "replace", "move", "copy", "test"):
            raise JsonPatchError(f"Unexpected kind: {kind or 'unknown'}")
        path = op.get("path")
        if not isinstance(path, str):
            raise JsonPatchError(f"{kind} operation failed to decode path: missing value")
        if kind in ("move", "copy"):
            source = op.get("from")
            if not isinstance(source, str):
                raise JsonPatchError(f"{kind} operation failed to decode from: missing value")
            value = self.take(source, kind)
            self.add(path, value, kind)
        elif kind == "add":
            self.add(path, op.get("value"), kind)
        elif kind == "remove":
            _remove(*self.find(path, kind))
        elif kind == "replace":
            self.replace(path, op.get("value"))
        else:
            self.test(path, op.get("value"))

    def take(self, source: str, kind: str) -> Any:
        container, key = self.find(source, kind, "from path")
        value = _get(container, key)
        if kind == "move":
            _remove(container, key)
            return value
        self.copied += len(orjson.dumps(value))
        if self.copied > MAX_COPIED_BYTES:
            raise JsonPatchError(
                f"Unable to complete the copy, the accumulated size increase of copy is {self.copied}, "
                f"exceeding the limit {MAX_COPIED_BYTES}"
            )
        return orjson.loads(orjson.dumps(value)) if isinstance(value, dict | list) else value

    def add(self, path: str, value: Any, kind: str) -> None:
        container, key = self.find(path, kind)
        if isinstance(container, dict):
            container[key] = value
        elif key == "-":
            container.append(value)
        else:
            container.insert(_index(container, key, len(container) + 1), value)

    def replace(self, path: str, value: Any) -> None:
        if path == "":
            if not isinstance(value, dict | list):
                raise JsonPatchError("replace operation value must be object or array")
            self.root = value
            return
        container, key = self.find(path, "replace")
        if isinstance(container, dict):
            container[key] = value
        else:
            container[_index(container, key, len(container))] = value

    def test(self, path: str, value: Any) -> None:
        found = self.root
        if path != "":
            container, key = self.find(path, "test")
            found = _get(container, key)
        if not _equal(found, value):
            raise JsonPatchError(f"testing value {path} failed: test failed")


def _index(container: list[Any], key: str, size: int) -> int:
    """A list index; negative ones count from the end."""
    if not _INTEGER(key):
        raise JsonPatchError(f"value was not a proper array index: '{key}'")
    index = int(key)
    if index >= size or index < -size:
        raise JsonPatchError(f"Unable to access invalid index: {index}: invalid index referenced")
    return index + size if index < 0 else index


def _get(container: Any, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key)
    return container[_index(container, key, len(container))]


def _remove(container: Any, key: str) -> None:
    if isinstance(container, dict):
        if key not in container:
            raise JsonPatchError(f"Unable to remove nonexistent key: {key}: missing value")
        del container[key]
    else:
        del container[_index(container, key, len(container))]


def _equal(left: Any, right: Any) -> bool:
    """JSON equality: true is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(v, right[k]) for k, v in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
