"""Requests to an `ApiServer` in a test, without a wire."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson

from clusters.apiserver.http import Answer, Request, Response, Stream
from clusters.apiserver.server import ApiServer

PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Api:
    """Speaks to a server as one user; `as_` gives another."""

    def __init__(self, server: ApiServer, headers: dict[str, str] | None = None) -> None:
        self.server = server
        self.headers = headers if headers is not None else {"authorization": "Bearer admin"}

    def as_(self, user: str, *groups: str) -> Api:
        return Impersonating(self.server, user, groups)

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> Answer:
        sent = {**self.headers, **(headers or {})}
        if body is not None and "content-type" not in sent:
            sent["content-type"] = "application/json"
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        request = Request(method=method, path=path, query=urlencode(query), headers=list(sent.items()), body=data)
        return self.server.handle(self.finish(request))

    def finish(self, request: Request) -> Request:
        return request

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """(status, decoded JSON)."""
        answer = self.raw(method, path, body, **more)
        assert isinstance(answer, Response), answer
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def get(self, path: str, **more: Any) -> Any:
        status, body = self.ask("GET", path, **more)
        assert status == 200, body
        return body

    def create(self, path: str, body: Any, **more: Any) -> Any:
        status, out = self.ask("POST", path, body, **more)
        assert status == 201, out
        return out

    def patch(self, kind: str, path: str, body: Any, **more: Any) -> tuple[int, Any]:
        return self.ask("PATCH", path, body, headers={"content-type": PATCHES[kind]}, **more)

    def watch(self, path: str, *, headers: dict[str, str] | None = None, **query: str) -> Watching:
        answer = self.raw("GET", path, headers=headers, watch="1", **query)
        assert isinstance(answer, Stream), answer
        return Watching(answer)


class Impersonating(Api):
    """The administrator as somebody else."""

    def __init__(self, server: ApiServer, user: str, groups: tuple[str, ...]) -> None:
        super().__init__(server)
        self._user, self._groups = user, groups

    def finish(self, request: Request) -> Request:
        more = [("impersonate-user", self._user), *(("impersonate-group", g) for g in self._groups)]
        request.headers = [*request.headers, *more]
        return request


class Watching:
    """The reader of a watch's stream."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.wakes = 0
        self.ended = False
        stream.source.start(self._wake)

    def _wake(self) -> None:
        self.wakes += 1

    def events(self) -> list[dict[str, Any]]:
        """What came since the last look."""
        out: list[dict[str, Any]] = []
        while True:
            chunks, ended = self.stream.source.read()
            out.extend(orjson.loads(line) for chunk in chunks for line in chunk.splitlines())
            self.ended = ended
            if not chunks or ended:
                return out

    def names(self) -> list[tuple[str, str]]:
        return [(e["type"], e["object"]["metadata"].get("name", "")) for e in self.events()]
