"""RFC 7386 merge patches: members replace members, null removes, lists are replaced as a whole.

Models: gopkg.in/evanphx/json-patch.v4 MergePatch (maps that the patch went through come out with sorted keys).
"""

from __future__ import annotations

from typing import Any

from clusters.machinery import gojson
from clusters.machinery.errors import BadRequest
from clusters.machinery.gojson import GoJsonError
from clusters.machinery.scalars import shape


def parse(body: bytes) -> dict[str, Any]:
    """The patch in a request body. Raises BadRequest."""
    try:
        patch = gojson.parse_json(body)
    except GoJsonError as error:
        raise BadRequest(f"error decoding patch: {error}") from None
    if not isinstance(patch, dict):
        if patch is None:
            raise BadRequest("Invalid JSON Patch")
        what = f"json: cannot unmarshal {shape(patch)} into Go value of type map[string]interface {{}}"
        raise BadRequest(f"error decoding patch: {what}")
    return patch


def merge_patch(doc: Any, patch: Any) -> Any:
    """The merged document; neither argument is changed, untouched parts of `doc` are shared."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(doc, dict):
        return _without_nulls(patch)
    out = dict(doc)
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
            continue
        current = out.get(key)
        if current is None or not isinstance(current, dict):
            out[key] = _without_nulls(value)
        else:
            out[key] = merge_patch(current, value)
    return dict(sorted(out.items()))


def _without_nulls(value: Any) -> Any:
    """Without null members, at all depths; nulls in lists stay."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    return value
