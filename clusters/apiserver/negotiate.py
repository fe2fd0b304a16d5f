"""Which form an answer takes: JSON or YAML, the object itself, a Table, or its metadata alone.

Protobuf is read but not written: an Accept header that leaves no other choice is refused, one that offers JSON
too gets JSON. Models: apiserver, pkg/endpoints/handlers/negotiation, and go-restful's route matching before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from clusters.apiserver.http import JSON, PROTOBUF, YAML
from clusters.machinery.errors import NotAcceptable, UnsupportedMediaType

OBJECT_TYPES = (JSON, YAML, PROTOBUF)
STREAM_TYPES = (JSON + ";stream=watch", PROTOBUF + ";stream=watch")
PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/apply-patch+cbor",
)


@dataclass(frozen=True, slots=True)
class Form:
    """`kind` is `Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, another kind asked for by
    `as=`, or "" for the object itself."""

    media_type: str = JSON
    kind: str = ""
    group: str = ""
    version: str = ""
    pretty: bool = False

    @property
    def plain(self) -> bool:
        """The object itself as compact JSON: bytes can be passed on as they are stored."""
        return not self.kind and not self.pretty and self.media_type == JSON


DEFAULT = Form()


def _not_acceptable(types: tuple[str, ...] = OBJECT_TYPES) -> NotAcceptable:
    return NotAcceptable("only the following media types are accepted: " + ", ".join(types))


@lru_cache(maxsize=1024)
def clauses(header: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """(type, parameters) by falling quality, in the order given."""
    found: list[tuple[float, int, str, dict[str, str]]] = []
    for i, clause in enumerate(header.split(",")):
        media, *params = clause.split(";")
        values: dict[str, str] = {}
        quality = 1.0
        for param in params:
            key, _, value = param.strip().partition("=")
            if key == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 1.0
            else:
                values[key] = value.strip('"')
        found.append((-quality, i, media.strip(), values))
    found.sort(key=lambda f: f[:2])
    return tuple((media, values) for _, _, media, values in found)


@lru_cache(maxsize=1024)
def choose(header: str, *, tables: bool = True) -> Form:
    """The form an Accept header asks for. `tables`: the endpoint can be answered as Table or metadata.
    Raises NotAcceptable."""
    if not header:
        return DEFAULT
    for media, params in clauses(header):
        kind, _, sub = media.partition("/")
        for accepted in (JSON, YAML):
            accepted_kind, _, accepted_sub = accepted.partition("/")
            if kind not in (accepted_kind, "*") or sub not in (accepted_sub, "*"):
                continue
            form = _with_params(accepted, params, tables)
            if form is not None:
                return form
    raise _not_acceptable()


def choose_stream(header: str) -> Form:
    """The form of a watch's events. YAML has no streams, also where JSON would have been the second choice.
    Raises NotAcceptable."""
    form = choose(header)
    if form.media_type != JSON:
        raise _not_acceptable(STREAM_TYPES)
    return form


_META_FORMS = {
    ("Table", "v1"),
    ("Table", "v1beta1"),
    ("PartialObjectMetadata", "v1"),
    ("PartialObjectMetadata", "v1beta1"),
    ("PartialObjectMetadataList", "v1"),
    ("PartialObjectMetadataList", "v1beta1"),
}


def _with_params(media: str, params: dict[str, str], tables: bool) -> Form | None:
    kind, version, group = params.get("as", ""), params.get("v", ""), params.get("g", "")
    if params.get("stream", "watch") != "watch":
        return None
    pretty = params.get("pretty") == "1"
    if not kind and not (version or group):
        return Form(media, pretty=pretty)
    if not tables or group != "meta.k8s.io" or (kind, version) not in _META_FORMS:
        return None
    return Form(media, kind, group, version, pretty)


def body_type(header: str) -> str:
    """JSON, YAML or protobuf for a request body's Content-Type; an empty one is JSON.
    Raises UnsupportedMediaType."""
    media = header.partition(";")[0].strip().lower()
    if not media or media == JSON:
        return JSON
    if media in (YAML, PROTOBUF):
        return media
    raise unsupported()


def unsupported() -> UnsupportedMediaType:
    """415: the body is of a kind that is not read."""
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: " + ", ".join(OBJECT_TYPES),
    )
