"""Request bodies as objects of the served version, with the real server's refusals.

Models: apiserver, pkg/endpoints/handlers (create.go, update.go: decoding and the checks that follow it).
"""

from __future__ import annotations

from typing import Any

import orjson

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import JSON, PROTOBUF
from clusters.apiserver.negotiate import body_type, unsupported
from clusters.apiserver.protobuf import Unreadable, read_body
from clusters.machinery import decode, schema
from clusters.machinery.errors import BadRequest
from clusters.machinery.types import Obj


def read_object(
    call: Call,
    endpoint: Endpoint,
    *,
    validation: str,
    type_: schema.ObjectType | None = None,
    api_version: str = "",
    kind: str = "",
) -> Obj:
    """The body as a private object with apiVersion and kind. `type_`, `api_version` and `kind` are those of a
    subresource's own body where it has one. Raises BadRequest, UnsupportedMediaType; warns."""
    type_ = type_ or endpoint.type
    body, media = plain_body(call, type_)
    decoded = decode.decode(
        body,
        media,
        type_,
        field_validation=validation or "Warn",
        api_version=api_version or endpoint.api_version,
        kind=kind or endpoint.kind,
    )
    call.warnings.extend(decoded.warnings)
    obj: dict[str, Any] = decoded.obj
    obj.setdefault("metadata", {})
    return obj


def plain_body(call: Call, type_: schema.ObjectType) -> tuple[bytes, str]:
    """The body as JSON or YAML, and which. Raises UnsupportedMediaType, BadRequest."""
    media = body_type(call.request.header("content-type"))
    if media != PROTOBUF:
        return call.request.body, media
    if type_.loose:
        raise unsupported()
    try:
        return orjson.dumps(read_body(call.request.body, type_.name)), JSON
    except Unreadable as error:
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {type_.struct}): {error} "
            f"({call.request.body[:30].hex() or '<empty>'})"
        ) from None


def check_name(obj: Obj, name: str, namespace: str) -> None:
    """A PUT's or PATCH's object must be the one that the URL names. Raises BadRequest."""
    check_namespace(obj, namespace)
    meta = obj["metadata"]
    sent = meta.get("name", "")
    if not sent:
        raise BadRequest(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if sent != name:
        raise BadRequest(f"the name of the object ({sent}) does not match the name on the URL ({name})")


def check_namespace(obj: Obj, namespace: str) -> None:
    """Raises BadRequest if the object says it is elsewhere."""
    sent = obj["metadata"].get("namespace", "")
    if sent and namespace and sent != namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
