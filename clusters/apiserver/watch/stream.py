"""One client's watch: which changes it sees, as what, and the bytes that tell it.

A selector makes of a MODIFIED that enters or leaves it an ADDED or DELETED. Models: apiserver,
storage/cacher/cache_watcher.go (convertToWatchEvent) and endpoints/handlers/watch.go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from clusters.apiserver.context import ServerSettings
from clusters.apiserver.watch.encode import Encoder
from clusters.apiserver.watch.hub import WatchHub
from clusters.registry.cache import Change
from clusters.registry.item import Item

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"
_BATCH = 512

Event = tuple[str, Item, int]
"""(type, state, the revision it is numbered with)."""


def _nothing() -> None:
    """Nobody has to be woken yet."""


class WatchSource:
    """The `Source` of a watch's stream."""

    def __init__(
        self,
        hub: WatchHub,
        encoder: Encoder,
        *,
        prefix: str,
        scope: str,
        test: Callable[[Item], bool] | None,
        after: int,
        settings: ServerSettings,
        bookmarks: bool = False,
    ) -> None:
        self.prefix = prefix
        self.scope = scope
        self.bookmarks = bookmarks
        self._hub = hub
        self._encoder = encoder
        self._test = test
        self._after = after
        self._limit = settings.watch_queue
        self._first: deque[Event | bytes] = deque()
        self._queue: deque[Event] = deque()
        self._ended = False
        self._overflow = False
        self._wake: Callable[[], None] = _nothing

    # what comes in

    def begin_with(self, items: list[Item]) -> None:
        """Synthetic ADDED events for what is there already."""
        self._first.extend((ADDED, item, item.rev) for item in items)

    def begin_with_line(self, line: bytes) -> None:
        """A line after the initial events (the bookmark that ends them), or an ERROR."""
        self._first.append(line)

    def replay(self, changes: list[Change]) -> None:
        """Changes that came before the watch and were asked for."""
        self._first.extend(event for change in changes if (event := self._event(change)) is not None)

    def skip_to(self, rev: int) -> None:
        """Changes up to `rev` have been seen to, or were not asked for."""
        self._after = rev

    def offer(self, change: Change) -> None:
        if change.rev <= self._after or self._ended:
            return
        event = self._event(change)
        if event is None:
            return
        if len(self._queue) >= self._limit:
            self._overflow = True
            self.end()
            return
        self._queue.append(event)
        self._wake()

    def _event(self, change: Change) -> Event | None:
        old, new, test = change.old, change.new, self._test
        had = old is not None and (test is None or test(old))
        has = new is not None and (test is None or test(new))
        if has and new is not None:
            return (MODIFIED if had else ADDED), new, change.rev
        if had and old is not None:
            return DELETED, change.last or old, change.rev
        return None

    def end(self) -> None:
        self._ended = True
        self._wake()

    # what goes out

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        wake()

    def read(self) -> tuple[list[bytes], bool]:
        out: list[bytes] = []
        for source in (self._first, self._queue):
            while source and len(out) < _BATCH:
                event = source.popleft()
                out.append(event if isinstance(event, bytes) else self._encoder.event(*event))
        if self._first or self._queue:
            self._wake()
            return out, False
        return out, self._ended

    def bookmark(self) -> bytes:
        """A BOOKMARK at the cache's revision, if nothing waits (then it would not be true)."""
        if self._first or self._queue or not self.bookmarks:
            return b""
        return self._encoder.bookmark(self._hub.cache.rev)

    def close(self) -> None:
        self._ended = True
        self._hub.remove(self)
        self._queue.clear()
        self._first.clear()
