"""System checks: a playground whose people settings cannot work says so at start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def people_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.AUTH_USER_MODEL != "accounts.User":
        found.append(
            Error(
                "AUTH_USER_MODEL is not accounts.User",
                hint="Guests and memberships belong to playground.accounts.models.User.",
                id="accounts.E001",
            )
        )
    for name in ("PLAYGROUND_GUESTS", "PLAYGROUND_GUEST_CLUSTERS", "PLAYGROUND_USER_CLUSTERS"):
        value = getattr(settings, name, None)
        if not isinstance(value, int) or value < 0:
            found.append(Error(f"{name} is not a whole number of 0 or more", id="accounts.E002"))
    return found
