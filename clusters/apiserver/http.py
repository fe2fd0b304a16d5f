"""What goes in and comes out of the API server, whatever carries it: plain values, no framework.

`ApiServer.handle(Request)` gives a `Response`, a `Stream` (a watch, `logs -f`) or an `Upgrade` (exec, attach,
port-forward). The ASGI adapter turns them into bytes on a wire; tests and in-process callers use them as is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl

from clusters.machinery.types import UserInfo

Header = tuple[str, str]

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
TEXT = "text/plain; charset=utf-8"


@dataclass(slots=True, kw_only=True)
class Request:
    """One request below the cluster's root. Header names are lower case. `user` is set by an embedding
    application that has authenticated the peer itself (a browser session); else certificates and tokens decide."""

    method: str
    path: str
    query: str = ""
    """Raw, without the question mark."""
    headers: Sequence[Header] = ()
    body: bytes = b""
    user: UserInfo | None = None
    peer: str = ""
    certificate: str = ""
    """PEM of the client certificate whose key the peer has shown to hold, unchecked otherwise."""

    def header(self, name: str) -> str:
        """The first header of that (lower case) name, or ""."""
        for key, value in self.headers:
            if key == name:
                return value
        return ""

    def header_list(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class Query:
    """Query parameters, in order, first value wins unless asked for all."""

    __slots__ = ("pairs",)

    def __init__(self, raw: str) -> None:
        self.pairs = parse_qsl(raw, keep_blank_values=True) if raw else []

    def get(self, name: str) -> str:
        return next((v for k, v in self.pairs if k == name), "")

    def all(self, name: str) -> list[str]:
        return [v for k, v in self.pairs if k == name]

    def __contains__(self, name: str) -> bool:
        return any(k == name for k, _ in self.pairs)


@dataclass(slots=True)
class Response:
    """A complete answer."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: list[Header] = field(default_factory=list)


class Source(Protocol):
    """Where the chunks of a `Stream` come from. Every method may be called from any one thread at a time."""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin. `wake()` is called, from whatever thread, when `read` may have more; it must not block."""

    def read(self) -> tuple[list[bytes], bool]:
        """The chunks there are now, and whether the stream is over after them."""

    def close(self) -> None:
        """The client has gone, or the stream is over."""


@dataclass(slots=True)
class Stream:
    """An answer without a known end. `timeout` is in wall seconds (0: none)."""

    source: Source
    content_type: str = JSON
    status: int = 200
    timeout: float = 0.0
    headers: list[Header] = field(default_factory=list)


@dataclass(slots=True)
class Upgrade:
    """The peer wants a bidirectional channel: exec, attach or portforward of a Pod's container."""

    kind: str
    """`exec`, `attach` or `portforward`."""
    namespace: str
    pod: str
    container: str
    command: list[str] = field(default_factory=list)
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    tty: bool = False
    ports: list[int] = field(default_factory=list)
    user: UserInfo | None = None


Answer = Response | Stream | Upgrade


@dataclass(slots=True)
class Later:
    """No answer yet: it waits for a revision that may still come. Ask again when `ready`, or after `seconds`."""

    ready: Callable[[], bool]
    seconds: float
