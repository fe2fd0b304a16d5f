"""Limits of a cluster's API: objects, requests, watches, streams."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from clusters.apiserver.http import Response, Upgrade
from clusters.machinery.types import UserInfo
from clusters.web.streams import Containers, PlayedPorts, Streams
from tests.support.apiclient import Api
from tests.support.apiserver import new_server


def config(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


PATH = "/api/v1/namespaces/default/configmaps"


def test_full_cluster_takes_no_more_objects() -> None:
    server = new_server()
    api = Api(server)
    assert api.ask("POST", PATH, config("a"))[0] == 201
    cache = server.cluster.registry.cache
    server.cluster.settings.max_objects = sum(len(cache.bucket(p).items) for p in cache.prefixes())
    status, body = api.ask("POST", PATH, config("b"))
    assert (status, body["reason"]) == (403, "Forbidden")
    limit = server.cluster.settings.max_objects
    assert body["message"] == (
        f"configmaps is forbidden: exceeded quota: playground, requested: objects=1, used: objects={limit}, "
        f"limited: objects={limit}"
    )
    apply = {"content-type": "application/apply-patch+yaml"}
    assert api.ask("PATCH", f"{PATH}/b", config("b"), headers=apply, fieldManager="t")[0] == 403
    assert api.ask("PATCH", f"{PATH}/a", config("a"), headers=apply, fieldManager="t")[0] == 200
    assert api.ask("DELETE", f"{PATH}/a")[0] == 200
    assert api.ask("POST", PATH, config("b"))[0] == 201


def test_too_many_watches_are_asked_to_come_back() -> None:
    server = new_server()
    server.cluster.settings.max_watchers = 2
    api = Api(server)
    for _ in range(2):
        api.raw("GET", PATH, watch="1")
    answer = api.raw("GET", PATH, watch="1")
    assert isinstance(answer, Response)
    assert (answer.status, orjson.loads(answer.body)["reason"]) == (429, "TooManyRequests")
    assert dict(answer.headers)["Retry-After"] == "1"


def test_too_many_streams_are_refused() -> None:
    server = new_server()
    server.cluster.settings.max_streams_per_user = 1
    containers = Containers(server.cluster, server.cluster.clock, lambda: None, server.pod_token)  # type: ignore[arg-type]
    streams = Streams(containers, PlayedPorts(containers), server.cluster.settings)
    ann = UserInfo("ann")
    upgrade = Upgrade("portforward", "default", "web", "", ports=[80], user=ann)
    scope: dict[str, Any] = {"type": "websocket", "subprotocols": ["SPDY/3.1+portforward.k8s.io"]}
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async def two() -> None:
        came: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        came.put_nowait({"type": "websocket.connect"})
        first = asyncio.ensure_future(streams(upgrade, scope, came.get, send))
        while not sent:
            await asyncio.sleep(0)
        assert streams.open == 1
        again: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        again.put_nowait({"type": "websocket.connect"})
        await streams(upgrade, scope, again.get, send)
        came.put_nowait({"type": "websocket.disconnect"})
        await first

    asyncio.run(two())
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.close"]
    assert streams.open == 0
