"""Objects as answer bytes: JSON (from stored bytes where possible) or YAML, pretty or not, with warnings.

Field order is that of the real server where people may see it (`?pretty`): kind, apiVersion, metadata first,
and metadata's fields in their own order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import yaml

from clusters.apiserver.call import Call
from clusters.apiserver.http import JSON, YAML, Header, Response
from clusters.apiserver.negotiate import Form
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj

_TOP = ("kind", "apiVersion", "metadata", "spec", "status")
_META = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)
_MANAGED = ("manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource")
STUMBLED = "Internal error occurred: the API server stumbled; its log says how"
"""What went wrong is for those who run the playground: it may name files, hosts, others' objects."""
_WARNINGS_LIMIT = 4 * 1024
_WARNING_LIMIT = 256
"""In characters: of all warnings of an answer, and of each once they are cut."""
DEFAULT_FORM = Form()
INDENTED = Form(pretty=True)
_TEXT = "tag:yaml.org,2002:str"
_BOOLS_OF_YAML_1 = frozenset(("y", "Y", "n", "N"))
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_DUMPER):  # type: ignore[valid-type,misc]
    """YAML without anchors, as Go writes it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    """Text that would be read as something else is quoted twice, text of lines stands as it is."""
    if "\n" in text:
        return dumper.represent_scalar(_TEXT, text, style="|")
    other = text in _BOOLS_OF_YAML_1 or dumper.resolve(yaml.ScalarNode, text, (True, False)) != _TEXT
    return dumper.represent_scalar(_TEXT, text, style='"' if other else None)


_Dumper.add_representer(str, _represent_text)


def _ordered(obj: dict[str, Any], first: Iterable[str]) -> dict[str, Any]:
    out = {k: obj[k] for k in first if k in obj}
    for key, value in obj.items():
        if key not in out:
            out[key] = value
    return out


def in_order(obj: Obj) -> Obj:
    """The object with its fields in the order in which Go's structs have them, as far as people see it."""
    meta = obj.get("metadata")
    if isinstance(meta, dict):
        meta = _ordered(meta, _META)
        if "managedFields" in meta:
            meta["managedFields"] = [_ordered(e, _MANAGED) for e in meta["managedFields"]]
        obj = {**obj, "metadata": meta}
    if isinstance(obj.get("items"), list):
        obj = {**obj, "items": [in_order(i) if isinstance(i, dict) else i for i in obj["items"]]}
    return _ordered(obj, [k for k in _TOP if k in obj and (k in _TOP[:3])])


def to_yaml(obj: Any) -> bytes:
    """YAML with sorted keys, as sigs.k8s.io/yaml writes it."""
    text = yaml.dump(obj, Dumper=_Dumper, sort_keys=True, allow_unicode=True, default_flow_style=False, width=1 << 20)
    return bytes(text.encode())


def body_of(obj: Obj, form: Form, *, pretty: bool) -> tuple[bytes, str]:
    """(bytes, content type) of an object in the form asked for."""
    if form.media_type == YAML:
        return to_yaml(obj), YAML
    if pretty or form.pretty:
        return orjson.dumps(in_order(obj), option=orjson.OPT_INDENT_2), JSON
    return orjson.dumps(obj) + b"\n", JSON


def answer(call: Call, obj: Obj, form: Form, status: int = 200) -> Response:
    """An object as a response."""
    body, media = body_of(obj, form, pretty=call.pretty)
    return Response(status, body, media, warning_headers(call.warnings))


def warning_headers(warnings: list[str]) -> list[Header]:
    """`Warning: 299 - "..."`, each text once; if all are too long together, the beginnings of the first ones."""
    if not warnings:
        return []
    texts = list(dict.fromkeys(warnings))
    if sum(map(len, texts)) > _WARNINGS_LIMIT:
        texts = _cut(texts)
    return [("Warning", f'299 - "{_escape(text)}"') for text in texts]


def _cut(texts: list[str]) -> list[str]:
    out: list[str] = []
    written = 0
    for text in texts:
        if written >= _WARNINGS_LIMIT:
            break
        out.append(text[:_WARNING_LIMIT])
        written += len(out[-1])
    return out


def _escape(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else " " for c in text)


def error(call: Call | None, failure: ApiError, accept: str = "") -> Response:
    """A Status in JSON, or YAML if the client wants that."""
    status = failure.status()
    media = JSON
    for clause in accept.split(","):
        kind = clause.partition(";")[0].strip()
        if kind in (JSON, YAML):
            media = kind
            break
    pretty = False
    if call is not None:
        pretty = call.pretty
    if media == YAML:
        body = to_yaml(status)
    elif pretty:
        body = orjson.dumps(status, option=orjson.OPT_INDENT_2)
    else:
        body = orjson.dumps(status) + b"\n"
    headers: list[Header] = []
    if failure.retry_after is not None:
        headers.append(("Retry-After", str(failure.retry_after)))
    if call is not None:
        headers += warning_headers(call.warnings)
    return Response(failure.code, body, media, headers)


def success(details: dict[str, Any] | None = None, *, code: int | None = None) -> Obj:
    """A Status that says Success."""
    out: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        out["details"] = details
    if code is not None:
        out["code"] = code
    return out
