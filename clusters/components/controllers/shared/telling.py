"""Events about a state, not about something that happened: told once, however often the state is looked at.

A controller that starts anew looks at everything again; what it says then must not depend on that. The Events that
are stored are its memory.
"""

from __future__ import annotations

from clusters.client.api import EventSink
from clusters.client.informer import Informer
from clusters.machinery.types import Obj

_INDEX = "about-uid"


def _uids(event: Obj) -> tuple[str, ...]:
    uid = (event.get("involvedObject") or {}).get("uid")
    return (str(uid),) if uid else ()


class Once:
    """A sink that leaves out what was told about the object already."""

    def __init__(self, sink: EventSink, stored: Informer) -> None:
        self._sink = sink
        self._stored = stored
        stored.add_index(_INDEX, _uids)

    def event(self, about: Obj, kind: str, reason: str, message: str) -> None:
        for each in self._stored.by_index(_INDEX, about["metadata"]["uid"]):
            if each.get("reason") == reason and each.get("message") == message:
                return
        self._sink.event(about, kind, reason, message)
