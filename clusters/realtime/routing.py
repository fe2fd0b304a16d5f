"""The websocket application of the browsers: sessions and API tokens in, `ClusterConsumer` out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.urls import re_path

from clusters.models.access import policy
from clusters.realtime.consumer import ClusterConsumer

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

urlpatterns = [re_path(r"^ws/clusters/(?P<name>[a-z0-9-]{1,63})/?$", ClusterConsumer.as_asgi())]


class BearerMiddleware:
    """`Authorization: Bearer` of a REST token in place of the session's user, for tools."""

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        for name, value in scope.get("headers", ()):
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                user = await sync_to_async(policy().api_user)(value[7:].decode("latin-1").strip())
                if user is not None:
                    scope = {**scope, "user": user}
        await self.inner(scope, receive, send)


async def _not_found(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 4404})


class Router:
    """As URLRouter, but a path that is nobody's is refused instead of raised."""

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"].lstrip("/")
        if any(pattern.pattern.match(path) for pattern in urlpatterns):
            await self.inner(scope, receive, send)
        else:
            await _not_found(scope, receive, send)


application = Router(AuthMiddlewareStack(BearerMiddleware(URLRouter(urlpatterns))))
"""For `ProtocolTypeRouter({"websocket": ...})`."""
