"""Request bodies to objects: the object that Go's decoder would hold, or its refusal, word for word.

    bytes ──JSON/YAML──▶ value ──identify──▶ right kind? ──convert by type──▶ object + strict errors

The object holds what was sent, as Go holds it (`convert`); what Go writes for unset fields (`resources: {}`) is
added by `complete` after defaulting, since defaults ask what was unset.

Models: apimachinery, pkg/runtime/serializer/json, sigs.k8s.io/json, apiserver transformDecodeError.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clusters.machinery import gojson, goyaml, schema
from clusters.machinery.convert import Run, convert
from clusters.machinery.errors import ApiError, BadRequest
from clusters.machinery.gojson import GoJsonError
from clusters.machinery.scalars import DecodeError, shape
from clusters.machinery.schema import ObjectType
from clusters.machinery.types import Obj

IGNORE, WARN, STRICT = "Ignore", "Warn", "Strict"

_SCHEME = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"
_NO_KIND = "couldn't get version/kind; json parse error"
_IDENTITY = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'


@dataclass(slots=True)
class Decoded:
    obj: Obj
    warnings: list[str] = field(default_factory=list)
    """For `Warning` headers: unknown and duplicate fields, if asked to warn."""


# -- bodies -------------------------------------------------------------------------------------------------


def decode(
    body: bytes,
    media_type: str,
    type_: ObjectType,
    *,
    field_validation: str = IGNORE,
    api_version: str = "",
    kind: str = "",
) -> Decoded:
    """The object in a request body. `media_type` is `application/json` or `application/yaml`; `api_version` and
    `kind` are those that are expected (default: unchecked). Raises BadRequest with the server's text."""
    strict = field_validation != IGNORE
    kind = kind or type_.struct
    early: list[str] = []
    try:
        if "yaml" in media_type:
            value, duplicates = goyaml.parse_yaml_strict(body)
            if duplicates and strict:
                early.append("yaml: unmarshal errors:\n  " + "\n  ".join(duplicates))
        else:
            value = gojson.parse_json(body)
    except GoJsonError as error:
        what = "yaml" if "yaml" in media_type else "json"
        text = f"error converting YAML to JSON: {error}" if what == "yaml" else f"{_NO_KIND}: {error}"
        raise _unrecognized(kind, text, body) from None
    sent_version, sent_kind = _identify(value, kind, api_version, body, loose=type_.loose)
    run = Run(collect=strict)
    try:
        obj = run.top(type_, value)
        if strict and "yaml" not in media_type and run.members != gojson.count_keys(body):
            run = Run(collect=True)
            run.top(type_, gojson.parse_pairs(body))
    except DecodeError as error:
        text = _exact(error, body, type_) if "yaml" not in media_type else str(error)
        raise _cannot_handle(sent_kind, sent_version, kind, text) from None
    except RecursionError:
        raise _cannot_handle(sent_kind, sent_version, kind, "json: exceeded max depth") from None
    _check_kind(sent_version, sent_kind, api_version, kind, type_)
    errors = early + run.errors
    if errors and field_validation == STRICT:
        raise _cannot_handle(sent_kind, sent_version, kind, strict_text(errors))
    if api_version:
        obj = {"kind": sent_kind, "apiVersion": sent_version, **obj}
    return Decoded(obj, errors)


_OPTIONS_SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"


def decode_options(body: bytes, media_type: str, type_: ObjectType) -> Obj:
    """The options in the body of a DELETE, of whatever version. The real server forgets to make client errors of what
    is wrong with them: raises ApiError with its decoder's own words."""
    try:
        value = goyaml.parse_yaml_strict(body)[0] if "yaml" in media_type else gojson.parse_json(body)
    except GoJsonError as error:
        head = "error converting YAML to JSON" if "yaml" in media_type else _NO_KIND
        raise ApiError(f"{head}: {error}", reason="") from None
    if value is not None and not isinstance(value, dict):
        what = f"json: cannot unmarshal {shape(value)} into Go value of type {_IDENTITY}"
        raise ApiError(f"{_NO_KIND}: {what}", reason="")
    kind, version = (value or {}).get("kind") or type_.struct, (value or {}).get("apiVersion") or "meta.k8s.io/v1"
    if kind != type_.struct:
        text = f'no kind "{kind}" is registered for version "{version}" in scheme "{_OPTIONS_SCHEME}"'
        raise ApiError(text, reason="")
    try:
        return Run(collect=False).top(type_, value)
    except DecodeError as error:
        raise ApiError(str(error), reason="") from None
    except RecursionError:
        raise ApiError("json: exceeded max depth", reason="") from None


def strict_text(errors: list[str]) -> str:
    return "strict decoding error: " + ", ".join(errors)


def _summary(body: bytes) -> str:
    if not body:
        return "<empty>"
    if body[:1] == b"{":
        text = body[:30].decode("utf-8", errors="replace")
        return text + " ..." if len(body) > 30 else text
    return body[:30].hex() + (" ..." if len(body) > 30 else "")


def _unrecognized(kind: str, text: str, body: bytes) -> BadRequest:
    return BadRequest(f"the object provided is unrecognized (must be of type {kind}): {text} ({_summary(body)})")


def _cannot_handle(sent_kind: str, sent_version: str, kind: str, text: str) -> BadRequest:
    version = sent_version.rpartition("/")[2]
    return BadRequest(f'{sent_kind} in version "{version}" cannot be handled as a {kind}: {text}')


def _identify(value: Any, kind: str, api_version: str, body: bytes, *, loose: bool) -> tuple[str, str]:
    """apiVersion and kind, from the body or by default."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        text = f"json: cannot unmarshal {shape(value)} into Go value of type {_IDENTITY}"
        raise _unrecognized(kind, f"{_NO_KIND}: {text}", body)
    for key in ("apiVersion", "kind"):
        if value.get(key) is not None and not isinstance(value[key], str):
            text = f"json: cannot unmarshal {shape(value[key])} into Go struct field .{key} of type string"
            raise _unrecognized(kind, f"{_NO_KIND}: {text}", body)
    sent_version, sent_kind = value.get("apiVersion") or "", value.get("kind") or ""
    if sent_version.count("/") > 1:
        raise _unrecognized(kind, f"unexpected GroupVersion string: {sent_version}", body)
    if loose:
        text = body.decode("utf-8", errors="replace")
        if not sent_kind:
            raise _unrecognized(kind, f"Object 'Kind' is missing in '{text}'", body)
        if not sent_version:
            raise _cannot_handle(sent_kind, "", kind, f"Object 'apiVersion' is missing in '{text}'")
    return sent_version or api_version, sent_kind or kind


def conversion_problem(sent_version: str, sent_kind: str, api_version: str, kind: str) -> str:
    """Why an object that calls itself so is none of the built-in kind; "" if it may be."""
    if sent_version == api_version and sent_kind == kind:
        return ""
    group, _, version = sent_version.rpartition("/")
    if schema.definitions().name(group, version, sent_kind) is None:
        return f'no kind "{sent_kind}" is registered for version "{sent_version}" in scheme "{_SCHEME}"'
    if sent_kind != kind or group != api_version.rpartition("/")[0]:
        return f"converting ({version}.{sent_kind}) to ({_internal(api_version)}.{kind}): unknown conversion"
    return ""


def _check_kind(sent_version: str, sent_kind: str, api_version: str, kind: str, type_: ObjectType) -> None:
    """Refuse an object of another kind or version."""
    if not api_version or (sent_version == api_version and (sent_kind == kind or type_.loose)):
        return
    if not type_.loose and (problem := conversion_problem(sent_version, sent_kind, api_version, kind)):
        raise _cannot_handle(sent_kind, sent_version, kind, problem)
    if sent_version != api_version:
        raise BadRequest(
            f"the API version in the data ({sent_version}) does not match the expected API version ({api_version})"
        )


def _internal(api_version: str) -> str:
    """The Go package of a group's internal types."""
    group = api_version.rpartition("/")[0]
    return group.partition(".")[0] or "core"


def _exact(error: DecodeError, body: bytes, type_: ObjectType) -> str:
    """Errors that show a number show it as it was written."""
    if "cannot unmarshal number " not in str(error):
        return str(error)
    try:
        Run(collect=False).top(type_, gojson.parse_numbers(body))
    except DecodeError as exact:
        return str(exact)
    return str(error)


__all__ = ["IGNORE", "STRICT", "WARN", "DecodeError", "Decoded", "convert", "decode", "strict_text"]
