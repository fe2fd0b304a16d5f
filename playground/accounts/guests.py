"""Guests: visitors who get a sandbox of their own without signing up (`PLAYGROUND_ANONYMOUS`).

A guest is a user without a password, bound to the browser's session. It is made by the first action that
needs somebody to own something, never by looking. When the session is over nobody can be that guest any more:
then guest and sandboxes go, a few at a time, as new guests come.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from clusters.kernel.clock import wall_now
from clusters.models.access import Refused
from clusters.runtime import service
from playground.accounts.models import Membership, User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def admit(request: HttpRequest) -> User:
    """Make a guest of the visitor and log them in. Raises Refused where guests are not wanted, or too many."""
    if not settings.PLAYGROUND_ANONYMOUS:
        raise Refused("log in first: this playground has no guest sandboxes", status=401)
    expire(wall_now())
    if User.objects.filter(is_guest=True).count() >= settings.PLAYGROUND_GUESTS:
        raise Refused("too many guests are here already: log in, or come back later", status=503)
    guest = User(username=f"guest-{secrets.token_hex(5)}", is_guest=True)
    guest.set_unusable_password()
    guest.save()
    login(request, guest, backend=BACKEND)
    return guest


def expire(now: int, *, limit: int = 5) -> int:
    """Remove guests whose sessions are over (`now`: wall microseconds), with the clusters that only they own;
    how many went."""
    before = datetime.fromtimestamp(now / 1e6 - settings.SESSION_COOKIE_AGE, UTC)
    gone = User.objects.filter(is_guest=True, last_login__lt=before).order_by("last_login")[:limit]
    for guest in gone:
        held = Membership.objects.filter(role=Membership.Role.OWNER)
        for owned in held.filter(user=guest).select_related("cluster"):
            if not held.filter(cluster=owned.cluster).exclude(user=guest).exists():
                service.delete_cluster(owned.cluster)
        guest.delete()
    return len(gone)
