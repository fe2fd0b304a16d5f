"""What a row takes from its neighbours: each object contributes a value to one group (a Pod its requests to a
node, a slice its endpoints to a Service), and a group whose contributions changed is looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

V = TypeVar("V")


class Groups(Generic[V]):
    """Contributions by key and by group. Groups without any are forgotten."""

    __slots__ = ("_by_group", "_by_key")

    def __init__(self) -> None:
        self._by_key: dict[str, tuple[str, V]] = {}
        self._by_group: dict[str, dict[str, V]] = {}

    def put(self, key: str, now: tuple[str, V] | None) -> tuple[str, ...]:
        """`key` contributes `(group, value)` now, or nothing; the groups that this changed."""
        before = self._by_key.get(key)
        if before == now:
            return ()
        if before is not None:
            group = self._by_group[before[0]]
            del group[key]
            if not group:
                del self._by_group[before[0]]
        if now is None:
            del self._by_key[key]
            assert before is not None
            return (before[0],)
        self._by_key[key] = now
        self._by_group.setdefault(now[0], {})[key] = now[1]
        return (now[0],) if before is None or before[0] == now[0] else (before[0], now[0])

    def values(self, group: str) -> Iterable[V]:
        found = self._by_group.get(group)
        return found.values() if found else ()

    def keys(self, group: str) -> Iterable[str]:
        return self._by_group.get(group, ())
