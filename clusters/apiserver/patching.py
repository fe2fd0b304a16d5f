"""The four kinds of patch, as a function from the current object to the new one.

Only what stands around the algorithms (which live in `machinery.patch`) is here: reading the body, decoding
the result, and each step's own kind of refusal. Models: apiserver, pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from clusters.apiserver import render
from clusters.apiserver.endpoint import Endpoint
from clusters.kernel.clock import rfc3339
from clusters.machinery import decode
from clusters.machinery.errors import ApiError, BadRequest, Invalid
from clusters.machinery.field import Path, invalid
from clusters.machinery.gofmt import show
from clusters.machinery.gojson import GoJsonError, Pairs, count_keys, parse_pairs
from clusters.machinery.patch import apply as apply_patch
from clusters.machinery.patch import json as json_patch
from clusters.machinery.patch import merge, strategic
from clusters.machinery.types import Obj
from clusters.registry.metadata import private_copy

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


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
        self._body = body
        self._endpoint = endpoint
        self._validation = validation
        self._strict = validation != decode.IGNORE
        self._manager = manager
        self._force = force
        self._now = now
        self._subresource = subresource
        self._parsed: Any = None
        self._apply_to: Callable[[Obj], Obj] = {
            JSON_PATCH: self._json_patch,
            MERGE: self._merge,
            STRATEGIC: self._strategic,
            APPLY: self._apply,
        }[media]

    def apply(self, current: Obj) -> Obj:
        """The new object, of the served version. Raises ApiError."""
        self.warnings = []
        return self._apply_to(current)

    def create(self) -> Obj:
        """The object that an apply creates."""
        self.warnings = []
        return self._apply(None)

    def _json_patch(self, current: Obj) -> Obj:
        if self._parsed is None:
            self._parsed = json_patch.parse(self._body)
        patched = json_patch.apply_json_patch(current, self._parsed)
        if not isinstance(patched, dict):
            raise json_patch.JsonPatchError("the result is no object")

        def shown() -> str:
            again = json_patch.apply_json_patch(render.in_order(current), self._parsed)
            return _json_text(again)

        return self._decoded(patched, shown, "json patch ", json_patch.unknown_fields(self._parsed))

    def _merge(self, current: Obj) -> Obj:
        if self._parsed is None:
            self._parsed = merge.parse(self._body)
        patched = merge.merge_patch(current, self._parsed)

        def shown() -> str:
            return _json_text(merge.merge_patch(render.in_order(current), self._parsed))

        return self._decoded(patched, shown)

    def _strategic(self, current: Obj) -> Obj:
        if self._parsed is None:
            self._parsed = strategic.parse(self._body)
        patched = strategic.strategic_merge_patch(current, self._parsed, self._endpoint.type)
        return self._decoded(patched, lambda: show(self._parsed), unstructured=True)

    def _decoded(
        self,
        patched: Obj,
        shown: Callable[[], str],
        prefix: str = "",
        odd: Sequence[str] = (),
        *,
        unstructured: bool = False,
    ) -> Obj:
        """The patched document as an object of the type; what is wrong with it is the patch's fault. `odd` are fields
        of the patch itself that mean nothing. `unstructured`: type errors as the converter words them that does not go
        through JSON."""
        endpoint = self._endpoint
        kind = endpoint.kind if unstructured else self._kind_of(patched, shown)
        errors: list[str] = []
        if self._strict:
            errors = [f'{prefix}unknown field "{path}"' for path in odd]
            if count_keys(self._body) != _members(self._parsed):
                errors += [f'{prefix}duplicate field "{path}"' for path in duplicate_fields(self._body)]
        try:
            obj, unknown = decode.convert(patched, endpoint.type, collect=self._strict)
        except decode.DecodeError as error:
            raise _invalid(shown(), error.unstructured if unstructured else str(error)) from None
        errors += unknown
        if errors:
            if self._validation == decode.STRICT:
                raise _invalid(shown(), decode.strict_text(errors))
            self.warnings.extend(errors)
        return {**obj, "apiVersion": endpoint.api_version, "kind": kind}

    def _kind_of(self, patched: Obj, shown: Callable[[], str]) -> str:
        """What the patched document says it is. A built-in object cannot become another kind; a custom resource's
        own rules refuse it. Raises Invalid."""
        endpoint = self._endpoint
        version, kind = patched.get("apiVersion"), patched.get("kind")
        if not isinstance(version, str) or not isinstance(kind, str):
            return endpoint.kind
        if not endpoint.custom:
            problem = decode.conversion_problem(version, kind, endpoint.api_version, endpoint.kind)
            if problem:
                raise _invalid(shown(), problem)
            return endpoint.kind
        if version not in {endpoint.resource.api_version(v.name) for v in endpoint.resource.versions}:
            raise _invalid(shown(), f"request to convert CR from an invalid group/version: {version}")
        return kind

    def _apply(self, live: Obj | None) -> Obj:
        if self._parsed is None:
            self._parsed = apply_patch.parse(self._body)
        applied, duplicates = self._parsed
        endpoint = self._endpoint
        out: Obj = apply_patch.server_side_apply(
            live,
            applied,
            manager=self._manager,
            force=self._force,
            api_version=endpoint.api_version,
            kind=endpoint.kind,
            time=rfc3339(self._now),
            subresource=self._subresource,
            type_=endpoint.type,
            reset=endpoint.resource.resets(self._subresource, endpoint.type),
            speaks=endpoint.resource.speaks,
            custom=endpoint.custom,
        )
        if duplicates and self._strict:
            if self._validation == decode.STRICT:
                raise BadRequest(f"error strict decoding YAML: {duplicates[0]}")
            self.warnings.extend(duplicates)
        # Where nothing changes, the result is the stored object itself, which nobody may write to.
        return private_copy(out) if out is live else out


def _invalid(shown: str, text: str) -> ApiError:
    return Invalid.of("", "", "", [invalid(Path("patch"), shown, text)])


def _json_text(obj: Any) -> str:
    """A patched document as a refusal prints it: sorted at the top, the rest as the patch left it."""
    return orjson.dumps(dict(sorted(obj.items()))).decode()


def _members(value: Any) -> int:
    """Object members at all depths."""
    if isinstance(value, dict):
        return len(value) + sum(map(_members, value.values()))
    return sum(map(_members, value)) if isinstance(value, list) else 0


def duplicate_fields(body: bytes) -> list[str]:
    """Paths of keys that a JSON text has twice in one object."""
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
