"""Login, slowed down for whoever guesses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from clusters.kernel.clock import SECOND, wall_now

WINDOW = 300 * SECOND
ATTEMPTS = 10
"""Wrong passwords for one name (or from one address, times five) within the window; in each process."""

_failures: dict[str, list[int]] = {}


def _recent(key: str, now: int) -> list[int]:
    found = [t for t in _failures.get(key, ()) if now - t < WINDOW]
    if found:
        _failures[key] = found
    else:
        _failures.pop(key, None)
    return found


class LoginForm(AuthenticationForm):
    """Django's, with a limit on wrong passwords."""

    def clean(self) -> dict[str, Any]:
        now = wall_now()
        name = f"name:{self.cleaned_data.get('username', '').lower()[:150]}"
        address = f"address:{self.request.META.get('REMOTE_ADDR', '') if self.request else ''}"
        if len(_recent(name, now)) >= ATTEMPTS or len(_recent(address, now)) >= 5 * ATTEMPTS:
            raise ValidationError("Too many wrong passwords. Wait five minutes, then try again.", code="slow")
        try:
            cleaned = super().clean()
        except ValidationError:
            if len(_failures) > 10_000:
                _failures.clear()
            for key in (name, address):
                _failures.setdefault(key, []).append(now)
            raise
        _failures.pop(name, None)
        return cleaned


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(max_length=80, label="What is it for?")
