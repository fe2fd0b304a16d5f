"""The four kinds of patch, as a function from the current object to the new one.

Only what stands around the algorithms (which live in `machinery.patch`) is here: parsing the body, decoding
the result, and each step's own kind of refusal. Models: apiserver, pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from typing import Any

import orjson

from clusters.apiserver.endpoint import Endpoint
from clusters.kernel.clock import rfc3339
from clusters.machinery import decode
from clusters.machinery.errors import ApiError, BadRequest, Invalid, TooLarge
from clusters.machinery.field import Path, invalid
from clusters.machinery.gojson import GoJsonError, Pairs, parse_json, parse_pairs
from clusters.machinery.goyaml import parse_yaml
from clusters.machinery.patch.apply import server_side_apply
from clusters.machinery.patch.json import apply_json_patch
from clusters.machinery.patch.merge import merge_patch
from clusters.machinery.patch.strategic import strategic_merge_patch
from clusters.machinery.scalars import shape
from clusters.machinery.types import Obj

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

MAX_OPERATIONS = 10_000


class Patch:
    """One patch, applied as often as the registry asks. `warnings` are those of the last application."""

    def __init__(
        self,
        media: str,
        body: bytes,
        endpoint: Endpoint,
        *,
        validation: str,
        manager: str,
        force: bool,
        now: int,
        subresource: str,
    ) -> None:
        self.warnings: list[str] = []
        self._media = media
        self._body = body
        self._endpoint = endpoint
        self._validation = validation
        self._strict = validation != decode.IGNORE
        self._manager = manager
        self._force = force
        self._now = now
        self._subresource = subresource
        self._parsed: Any = None

    def apply(self, current: Obj) -> Obj:
        """The new object, of the served version. Raises ApiError."""
        self.warnings = []
        if self._media == APPLY:
            return self._apply(current)
        if self._media == STRATEGIC:
            return self._strategic(current)
        if self._media == MERGE:
            patched = merge_patch(current, self._json_body())
            early = self._duplicates("")
        else:
            patched = self._json_patch(current)
            early = self._duplicates("json patch ")
        return self._decoded(patched, _shown_json(patched), early)

    def create(self) -> Obj:
        """The object that an apply creates."""
        self.warnings = []
        return self._apply(None)

    # JSON patch and merge patch

    def _json_body(self) -> Any:
        if self._parsed is None:
            try:
                value = parse_json(self._body)
            except GoJsonError as error:
                raise BadRequest(f"error decoding patch: {error}") from None
            if self._media == JSON_PATCH:
                if value is not None and not isinstance(value, list):
                    what = "json: cannot unmarshal"
                    raise BadRequest(
                        f"error decoding patch: {what} {shape(value)} into Go value of type []handlers.jsonPatchOp"
                    )
                for op in value or ():
                    if not isinstance(op, dict):
                        what = "json: cannot unmarshal"
                        raise BadRequest(
                            f"error decoding patch: {what} {shape(op)} into Go value of type handlers.jsonPatchOp"
                        )
                value = value or []
            elif not isinstance(value, dict):
                what = "json: cannot unmarshal"
                raise BadRequest(
                    f"error decoding patch: {what} {shape(value)} into Go value of type map[string]interface {{}}"
                )
            self._parsed = value
        return self._parsed

    def _json_patch(self, current: Obj) -> Obj:
        ops = self._json_body()
        if len(ops) > MAX_OPERATIONS:
            raise TooLarge(
                f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(ops)}", details={}
            )
        out = apply_json_patch(current, ops)
        if not isinstance(out, dict):
            raise rejected()
        return out

    def _duplicates(self, prefix: str) -> list[str]:
        """Keys that the patch itself names twice."""
        if not self._strict:
            return []
        return [f'{prefix}duplicate field "{path}"' for path in duplicate_fields(self._body)]

    def _decoded(self, patched: Obj, shown: str, early: list[str]) -> Obj:
        """The patched document as an object of the type; what is wrong with it is the patch's fault."""
        try:
            obj, errors = decode.convert(patched, self._endpoint.type, collect=self._strict)
        except decode.DecodeError as error:
            raise self._invalid(shown, self._wrapped(str(error))) from None
        errors = early + errors
        if errors:
            if self._validation == decode.STRICT:
                raise self._invalid(shown, decode.strict_text(errors))
            self.warnings.extend(errors)
        return self._identified(obj)

    def _wrapped(self, text: str) -> str:
        return text

    def _identified(self, obj: Obj) -> Obj:
        return {**obj, "apiVersion": self._endpoint.api_version, "kind": self._endpoint.kind}

    def _invalid(self, shown: str, text: str) -> Invalid:
        return Invalid.of("", "", "", [invalid(Path("patch"), shown, text)])

    # strategic merge patch

    def _strategic(self, current: Obj) -> Obj:
        if self._parsed is None:
            try:
                self._parsed = parse_json(self._body)
            except GoJsonError as error:
                raise BadRequest(str(error)) from None
            if not isinstance(self._parsed, dict):
                text = f"json: cannot unmarshal {shape(self._parsed)} into Go value of type map[string]interface {{}}"
                raise BadRequest(text)
        patched = strategic_merge_patch(current, self._parsed, self._endpoint.type)
        early = [f'duplicate field "{path}"' for path in duplicate_fields(self._body)] if self._strict else []
        try:
            obj, errors = decode.convert(patched, self._endpoint.type, collect=self._strict)
        except decode.DecodeError as error:
            raise self._invalid(go_map(self._parsed), unstructured_words(error, patched)) from None
        errors = early + errors
        if errors:
            if self._validation == decode.STRICT:
                raise self._invalid(go_map(self._parsed), decode.strict_text(errors))
            self.warnings.extend(errors)
        return self._identified(obj)

    # server-side apply

    def _apply(self, live: Obj | None) -> Obj:
        if self._parsed is None:
            try:
                self._parsed = parse_yaml(self._body)
            except GoJsonError as error:
                raise BadRequest(f"error decoding YAML: {error}") from None
            if self._parsed is None:
                self._parsed = {}
            if not isinstance(self._parsed, dict):
                text = f"json: cannot unmarshal {shape(self._parsed)} into Go value of type map[string]interface {{}}"
                raise BadRequest(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {text}")
        endpoint = self._endpoint
        return server_side_apply(
            live,
            self._parsed,
            manager=self._manager,
            force=self._force,
            api_version=endpoint.api_version,
            time=rfc3339(self._now),
            subresource=self._subresource,
            type_=endpoint.type,
        )


def rejected() -> ApiError:
    """A patch that cannot be applied to this object."""
    return ApiError(
        "the server rejected our request due to an error in our request", code=422, reason="Invalid", details={}
    )


def _shown_json(obj: Obj) -> str:
    """A document as refusals of patches print it: Go's JSON, keys sorted at the top."""
    return orjson.dumps(obj, option=orjson.OPT_SORT_KEYS).decode()


def go_map(value: Any) -> str:
    """`%+v` of a decoded JSON value: `map[a:[1 2] b:c]`."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{go_map(value[k])}" for k in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_map, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def duplicate_fields(body: bytes) -> list[str]:
    """Paths of keys that a JSON text has twice in one object."""
    if body.count(b'"') < 4:
        return []
    out: list[str] = []
    try:
        _walk(parse_pairs(body), "", out)
    except GoJsonError:
        return []
    return out


def _walk(value: Any, path: str, out: list[str]) -> None:
    if isinstance(value, Pairs):
        seen: set[str] = set()
        for key, item in value:
            at = f"{path}.{key}" if path else key
            if key in seen:
                out.append(at)
            seen.add(key)
            _walk(item, at, out)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _walk(item, f"{path}[{i}]", out)


def unstructured_words(error: Exception, _patched: Obj) -> str:
    """A type error as the converter from maps words it, which works on values instead of text."""
    return str(error)
