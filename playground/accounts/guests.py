"""Guests: visitors who get a sandbox of their own without signing up (`PLAYGROUND_ANONYMOUS`).

A guest is a user without a password, bound to the browser's session. It is made by the first action that
needs somebody to own something, never by looking.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from clusters.models.access import Refused
from playground.accounts.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def admit(request: HttpRequest) -> User:
    """Make a guest of the visitor and log them in. Raises Refused where guests are not wanted, or too many."""
    if not settings.PLAYGROUND_ANONYMOUS:
        raise Refused("log in first: this playground has no guest sandboxes", status=401)
    if User.objects.filter(is_guest=True).count() >= settings.PLAYGROUND_GUESTS:
        raise Refused("too many guests are here already: log in, or come back later", status=503)
    guest = User(username=f"guest-{secrets.token_hex(5)}", is_guest=True)
    guest.set_unusable_password()
    guest.save()
    login(request, guest, backend=BACKEND)
    return guest
