"""Addresses in messages."""

from __future__ import annotations

import pytest

from clusters.runtime.masking import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:secret@localhost:6379/0", "redis://:***@localhost:6379/0"),
        ("rediss://user:secret@host/1", "rediss://user:***@host/1"),
        ("redis://user@host/1", "redis://user@host/1"),
        ("postgres://me:a@b:c/d@host:5432/db", "postgres://me:***@host:5432/db"),
        ("postgres:///db?host=/run&password=secret&sslmode=off", "postgres:///db?host=/run&password=***&sslmode=off"),
        ("unix:///run/redis.sock?password=secret", "unix:///run/redis.sock?password=***"),
        ("sqlite:////var/db.sqlite3", "sqlite:////var/db.sqlite3"),
        ("nonsense", "nonsense"),
    ],
)
def test_password_is_masked(url: str, shown: str) -> None:
    assert without_password(url) == shown
