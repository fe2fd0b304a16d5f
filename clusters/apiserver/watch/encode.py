"""Watch events as lines: plain JSON from stored bytes, Tables, or metadata alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from clusters.apiserver import table
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.negotiate import Form
from clusters.machinery.complete import complete
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj
from clusters.registry.item import Item, splice
from clusters.resources.base import Context

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def wire_at(item: Item, rev: int) -> Obj:
    """The item's object numbered with `rev`."""
    if rev == item.rev:
        return item.wire
    obj = item.obj
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(rev)}}


class Encoder:
    """Encodes the events of one watch. `context` is asked for only where objects are read in closed form."""

    def __init__(
        self,
        endpoint: Endpoint,
        form: Form,
        *,
        include: str,
        now: Callable[[], int],
        context: Callable[[], Context],
    ) -> None:
        self._endpoint = endpoint
        self._form = form
        self._include = include
        self._now = now
        self._context = context
        self._headers = True
        self._bytes = form.plain and endpoint.bytes_pass

    def event(self, kind: str, item: Item, rev: int) -> bytes:
        """One line."""
        if self._bytes:
            return b'{"type":"%b","object":%b}\n' % (kind.encode(), splice(item.raw, rev))
        ctx = self._context() if self._endpoint.live else None
        obj = self._shaped(self._endpoint.outgoing(wire_at(item, rev), ctx))
        return line(kind, obj)

    def _shaped(self, obj: Obj) -> Obj:
        form = self._form
        if form.kind == "Table":
            meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            out = table.table(
                self._endpoint,
                [obj],
                meta,
                include=self._include,
                now=self._now(),
                version=form.version,
                headers=self._headers,
            )
            self._headers = False
            return out
        if form.kind:
            return table.partial(obj, form.version)
        return obj

    def bookmark(self, rev: int, annotations: dict[str, str] | None = None) -> bytes:
        """A BOOKMARK line: an object of the kind in which nothing but the revision is set."""
        meta: dict[str, Any] = {"resourceVersion": str(rev)}
        if annotations:
            meta["annotations"] = annotations
        zero = {} if self._endpoint.custom else complete({}, self._endpoint.type)
        obj: Obj = {"kind": self._endpoint.kind, "apiVersion": self._endpoint.api_version, **zero, "metadata": meta}
        return line("BOOKMARK", self._shaped(obj))


def line(kind: str, obj: Obj) -> bytes:
    return orjson.dumps({"type": kind, "object": obj}) + b"\n"


def error_line(failure: ApiError) -> bytes:
    """An ERROR event, after which the stream ends."""
    return line("ERROR", failure.status())
