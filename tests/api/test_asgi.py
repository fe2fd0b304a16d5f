"""The server on a wire: complete answers, streams and their ends."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.testing import ApplicationCommunicator

from clusters.apiserver.asgi import ApiApplication
from clusters.machinery.types import UserInfo

CMS = "/api/v1/namespaces/default/configmaps"


def scope(method: str, path: str, query: str = "", **headers: str) -> dict[str, object]:
    sent = {"authorization": "Bearer admin", **headers}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items()],
        "client": ("127.0.0.1", 5),
    }


@pytest.fixture
def app(server):
    return ApiApplication(server, root="/k8s/demo")


async def ask(app, scope_, *chunks: bytes):
    communicator = ApplicationCommunicator(app, scope_)
    parts = list(chunks) or [b""]
    for i, part in enumerate(parts):
        more = i + 1 < len(parts)
        await communicator.send_input({"type": "http.request", "body": part, "more_body": more})
    start = await communicator.receive_output(5)
    body = await communicator.receive_output(5)
    await communicator.wait()
    return start, body["body"]


async def test_a_request_is_answered_below_the_root(app):
    start, body = await ask(app, scope("GET", "/k8s/demo/api/v1/namespaces/default"))
    headers = dict(start["headers"])
    assert start["status"] == 200
    assert headers[b"Content-Length"] == b"%d" % len(body)
    assert json.loads(body)["metadata"]["name"] == "default"


async def test_a_body_may_come_in_pieces(app):
    text = json.dumps({"metadata": {"name": "a"}}).encode()
    start, _ = await ask(app, scope("POST", f"/k8s/demo{CMS}", content_type="application/json"), text[:5], text[5:])
    assert start["status"] == 201


async def test_a_body_over_the_limit_is_not_kept(app, server):
    server.cluster.settings.max_body_bytes = 10
    start, _ = await ask(app, scope("POST", f"/k8s/demo{CMS}"), b"x" * 8, b"x" * 8, b"x" * 8)
    assert start["status"] == 413


async def test_the_embedding_application_may_say_who_asks(app):
    async def as_jane(scope, receive, send):
        await app.serve(scope, receive, send, user=UserInfo("jane"))

    start, body = await ask(as_jane, scope("GET", "/k8s/demo/api/v1/nodes", authorization=""))
    assert start["status"] == 403
    assert 'User "jane" cannot list resource "nodes"' in json.loads(body)["message"]


async def ask_later(app, query: str):
    """The task of a request that has to wait."""
    task = asyncio.ensure_future(ask(app, scope("GET", f"/k8s/demo{CMS}", query)))
    while not app.looked:
        await asyncio.sleep(0)
    return task


@pytest.fixture
def waiting(server, monkeypatch):
    """An application with one thread that counts how often it looked for a revision that was not there."""
    app = ApiApplication(server, root="/k8s/demo", pool=ThreadPoolExecutor(1))
    monkeypatch.setattr("clusters.apiserver.asgi.LATER_SECONDS", 0.005)
    app.looked = 0
    reached = server._reached

    def look(rev):
        app.looked += 1
        return reached(rev)

    monkeypatch.setattr(server, "_reached", look)
    return app


async def test_a_read_of_the_future_waits_for_it_and_holds_no_thread(waiting, server, api):
    server.cluster.settings.future_seconds = 60
    task = await ask_later(waiting, f"resourceVersion={server.cluster.registry.cache.rev + 1}")
    start, _ = await ask(waiting, scope("GET", "/k8s/demo/api/v1/namespaces/default"))
    assert (start["status"], task.done()) == (200, False)
    api.create(CMS, {"metadata": {"name": "a"}})
    start, body = await task
    assert start["status"] == 200
    assert [i["metadata"]["name"] for i in json.loads(body)["items"]] == ["a"]


async def test_a_future_that_does_not_come_times_out(waiting, server):
    server.cluster.settings.future_seconds = 0.01
    start, body = await (await ask_later(waiting, "resourceVersion=999999999"))
    assert start["status"] == 504
    assert json.loads(body)["details"] == {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }


async def open_watch(app, query: str):
    communicator = ApplicationCommunicator(app, scope("GET", f"/k8s/demo{CMS}", query))
    await communicator.send_input({"type": "http.request", "body": b""})
    start = await communicator.receive_output(5)
    assert start["status"] == 200
    assert (await communicator.receive_output(5))["more_body"]
    return communicator


async def test_a_watch_sends_events_as_they_come_and_ends_with_its_client(app, server, api):
    communicator = await open_watch(app, "watch=1")
    await asyncio.get_running_loop().run_in_executor(None, api.create, CMS, {"metadata": {"name": "a"}})
    event = json.loads((await communicator.receive_output(5))["body"])
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "a")
    await communicator.send_input({"type": "http.disconnect"})
    await communicator.receive_output(5)
    await communicator.wait()
    assert len(server.hub) == 0


async def test_a_watch_ends_by_itself_when_the_server_says_so(app, server):
    communicator = await open_watch(app, "watch=1")
    server.hub.close()
    end = await communicator.receive_output(5)
    assert not end.get("more_body")
    await communicator.wait()


async def test_a_watch_ends_with_its_timeout(app, server, monkeypatch):
    from clusters.apiserver.handlers import watch

    monkeypatch.setattr(watch, "_default_timeout", lambda _call: 0.05)
    communicator = await open_watch(app, "watch=1")
    end = await communicator.receive_output(5)
    assert not end.get("more_body")
    await communicator.wait()
    assert len(server.hub) == 0


async def test_a_quiet_watch_gets_bookmarks_if_it_wants_them(app, server, monkeypatch):
    monkeypatch.setattr("clusters.apiserver.asgi.BOOKMARK_SECONDS", 0.02)
    communicator = await open_watch(app, "watch=1&allowWatchBookmarks=true")
    mark = json.loads((await communicator.receive_output(5))["body"])
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["resourceVersion"] == str(server.cluster.registry.cache.rev)
    await communicator.send_input({"type": "http.disconnect"})
    await communicator.wait()


async def test_a_watch_gets_a_bookmark_before_its_time_is_over(app, monkeypatch):
    from clusters.apiserver.handlers import watch

    monkeypatch.setattr(watch, "_default_timeout", lambda _call: 0.2)
    monkeypatch.setattr("clusters.apiserver.asgi.LAST_BOOKMARK_SECONDS", 0.15)
    communicator = await open_watch(app, "watch=1&allowWatchBookmarks=true")
    assert json.loads((await communicator.receive_output(5))["body"])["type"] == "BOOKMARK"
    assert not (await communicator.receive_output(5)).get("more_body")
    await communicator.wait()


async def test_a_watch_over_a_websocket_sends_a_frame_an_event(app, api):
    api.create(CMS, {"metadata": {"name": "a"}})
    api.create(CMS, {"metadata": {"name": "b"}})
    offered = ["base64url.bearer.authorization.k8s.io.eA", "mine"]
    asked = {**scope("GET", f"/k8s/demo{CMS}", "watch=1"), "type": "websocket", "subprotocols": offered}
    communicator = ApplicationCommunicator(app, asked)
    await communicator.send_input({"type": "websocket.connect"})
    assert await communicator.receive_output(5) == {"type": "websocket.accept", "subprotocol": "mine"}
    names = [json.loads((await communicator.receive_output(5))["text"])["object"]["metadata"]["name"] for _ in "ab"]
    assert names == ["a", "b"]
    await communicator.send_input({"type": "websocket.disconnect", "code": 1000})
    await communicator.receive_output(5)
    await communicator.wait()


async def test_a_refused_websocket_is_closed_with_the_status(app):
    asked = {**scope("GET", "/k8s/demo/api/v1/widgets"), "type": "websocket", "subprotocols": []}
    communicator = ApplicationCommunicator(app, asked)
    await communicator.send_input({"type": "websocket.connect"})
    closed = await communicator.receive_output(5)
    assert (closed["type"], closed["code"]) == ("websocket.close", 4404)
    await communicator.wait()
