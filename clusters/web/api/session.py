"""Who the browser is, and the CSRF token it needs for writes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.middleware.csrf import get_token

from clusters.web.api import shapes
from clusters.web.api.route import Call, route


@route(
    "GET",
    "session",
    "Who you are",
    returns=shapes.obj(
        user={"type": "string"},
        csrf={"type": "string"},
        anonymous={"type": "boolean"},
        guest={"type": "boolean"},
        staff={"type": "boolean"},
        canCreate={"type": "boolean"},
    ),
)
def get_session(call: Call) -> Any:
    user = call.user
    known = bool(user.is_authenticated)
    return {
        "user": user.get_username() if known else "",
        "csrf": get_token(call.request),
        "anonymous": not known,
        "guest": bool(getattr(user, "is_guest", False)),
        "staff": bool(getattr(user, "is_staff", False)),
        "canCreate": known or bool(settings.PLAYGROUND_ANONYMOUS),
    }
