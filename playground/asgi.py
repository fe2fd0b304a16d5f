"""The composition of a Daphne process: Kubernetes APIs, websockets, Django.

/k8s/NAME/...      → clusters.web.gateway   (raw ASGI: the hot path; http and websocket)
/ws/clusters/NAME  → clusters.realtime      (Channels)
everything else    → Django
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")

from django.core.asgi import get_asgi_application

_django = get_asgi_application()

from clusters.apiserver.asgi import Receive, Scope, Send  # noqa: E402
from clusters.realtime.routing import application as _websockets  # noqa: E402
from clusters.web.gateway import PREFIX, at_root, gateway  # noqa: E402


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application that Daphne serves."""
    if scope["type"] in ("http", "websocket") and (scope["path"].startswith(PREFIX) or at_root(scope)):
        await gateway(scope, receive, send)
    elif scope["type"] == "websocket":
        await _websockets(dict(scope), receive, send)
    else:
        await _django(dict(scope), receive, send)  # type: ignore[arg-type]
