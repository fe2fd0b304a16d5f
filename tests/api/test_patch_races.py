"""A patch that meets another write is made anew, as a real server does; one that names its version is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clusters.apiserver.http import Request, Response
from clusters.apiserver.server import ApiServer
from clusters.registry.cache import WatchCache
from clusters.storage.store import CasFailed
from tests.support.apiserver import new_server

PATH = "/api/v1/namespaces/default/configmaps"


def call(server: ApiServer, method: str, path: str, body: Any, kind: str = "application/json") -> Response:
    headers = [("authorization", "Bearer admin"), ("content-type", kind)]
    answer = server.handle(Request(method=method, path=path, query="", headers=headers, body=json.dumps(body).encode()))
    assert isinstance(answer, Response)
    return answer


@pytest.mark.parametrize(("metadata", "code"), [({}, 200), ({"resourceVersion": "@"}, 409)])
def test_patch_meets_another_write(monkeypatch: pytest.MonkeyPatch, metadata: dict[str, str], code: int) -> None:
    server = new_server()
    made = call(server, "POST", PATH, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    version = json.loads(made.body)["metadata"]["resourceVersion"]
    commit, others = WatchCache.commit, [True]

    def raced(cache: WatchCache, writes: Any, **more: Any) -> Any:
        if others:
            others.clear()
            call(server, "PATCH", f"{PATH}/c", {"data": {"theirs": "1"}}, "application/merge-patch+json")
            raise CasFailed([writes[0].key])
        return commit(cache, writes, **more)

    monkeypatch.setattr(WatchCache, "commit", raced)
    sent = dict.fromkeys(metadata, version)
    answer = call(
        server, "PATCH", f"{PATH}/c", {"metadata": sent, "data": {"ours": "1"}}, "application/merge-patch+json"
    )
    assert answer.status == code
    stored = server.handle(
        Request(method="GET", path=f"{PATH}/c", query="", headers=[("authorization", "Bearer admin")], body=b"")
    )
    assert isinstance(stored, Response)
    data = json.loads(stored.body)["data"]
    assert data == ({"theirs": "1", "ours": "1"} if code == 200 else {"theirs": "1"})
