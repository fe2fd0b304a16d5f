"""Typed access to the environment: the one place that reads it. A bad value names the variable and what to do."""

from __future__ import annotations

import os
import tempfile
from errno import EACCES
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from clusters.runtime.masking import without_password

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r}: use 1 or 0")


def integer(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r}: a whole number is expected") from None
    if not low <= number <= high:
        raise ImproperlyConfigured(f"{name}={value!r}: a number from {low} to {high} is expected")
    return number


def port(name: str, default: int) -> int:
    return integer(name, default, low=1, high=65535)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of some words, in capitals."""
    value = text(name, default).upper()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r}: use one of {', '.join(allowed)}")
    return value


def folder(name: str, default: Path) -> Path:
    """A directory that is made if need be, and can be written to."""
    path = Path(text(name) or default).resolve()
    try:
        # Keys, sessions and the log live in it.
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}={str(path)!r} cannot be used ({error.strerror}): name a directory that you may write to"
        ) from None
    return path


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def socket_path(folder: Path, name: str) -> Path:
    """A unix socket in `folder`; in a short place of its own where that path would be too long for a socket."""
    path = folder / name
    if len(str(path)) < 100:
        return path
    return Path(tempfile.gettempdir()) / f"playground-{sha256(str(path).encode()).hexdigest()[:16]}" / name


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for `sqlite:///path` or `postgres://user:password@host:port/name?option=value`.
    A PostgreSQL on a unix socket: `postgres:///name?host=/run/postgresql`."""
    parts = urlsplit(url)
    if parts.scheme in ("sqlite", "sqlite3"):
        path = unquote(parts.path)
        # sqlite:////absolute/path and sqlite:///relative/path, as elsewhere.
        path = path[1:] if path.startswith("//") or not path.startswith("/") else path.removeprefix("/")
        if not path:
            raise ImproperlyConfigured(f"{shown(url)}: name a file, e.g. sqlite:////var/lib/playground.sqlite3")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(path)),
            # A file, not memory: the tests' threads and processes share it as real ones do.
            "TEST": {"NAME": str(Path(path).with_name(f"test-{os.getpid()}.sqlite3"))},
            "OPTIONS": {
                # WAL lets readers and the one writer work side by side; "immediate" takes the write lock at
                # BEGIN, where waiting is possible, instead of failing at the first write.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000; "
                "PRAGMA wal_autocheckpoint=8000;",
            },
        }
    if parts.scheme in ("postgres", "postgresql"):
        options = dict(parse_qsl(parts.query))
        try:
            number = parts.port
        except ValueError:
            raise ImproperlyConfigured(f"{shown(url)}: the port is not a number from 0 to 65535") from None
        host = options.pop("host", parts.hostname or "")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or options.pop("user", "")),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": str(number or options.pop("port", "")),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    raise ImproperlyConfigured(f"{shown(url)}: use sqlite:////path or postgres://user:password@host/name")


def shown(url: str) -> str:
    """`DATABASE_URL='...'` for messages, without the password."""
    return f"DATABASE_URL={without_password(url)!r}"
