"""What the API server is given: one cluster, and the seams through which the rest of the system plugs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from clusters.apiserver.http import Source
from clusters.kernel.clock import Clock
from clusters.kernel.rng import Rng
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.registry import Registry
from clusters.registry.resources import ResourceMap


class TokenKeys(Protocol):
    """The cluster's signing key of service account tokens."""

    @property
    def key_id(self) -> str: ...

    def sign(self, message: bytes) -> bytes:
        """An RS256 signature."""

    def verify(self, message: bytes, signature: bytes) -> bool: ...

    def jwks(self) -> dict[str, Any]:
        """The public half, as a JSON Web Key Set."""


class ContainerLogs(Protocol):
    """What a kubelet keeps of its containers' output."""

    def read(self, pod: Obj, container: str, *, previous: bool, now: int) -> list[tuple[int, str]]:
        """(virtual microseconds, line) of all lines so far, oldest first.
        Raises BadRequest in the kubelet's words (no such container run, not started)."""

    def follow(self, pod: Obj, container: str, render: Callable[[int, str], bytes]) -> Source:
        """Lines from now on, each encoded by `render`, until the container ends."""


class Connection(Protocol):
    """A connection to a simulated container."""

    @property
    def closed(self) -> bool:
        """The container has hung up, behind what `feed` last returned."""

    def feed(self, data: bytes) -> bytes:
        """What comes back when `data` is sent. Must be quick."""


class Ports(Protocol):
    """What listens in Pods."""

    def connect(self, namespace: str, pod: str, port: int) -> Connection:
        """Raises ConnectionRefusedError, NotFound."""


class Ready(Protocol):
    """A named check of `/readyz` and `/livez`."""

    def __call__(self) -> str:
        """ "" if all is well, else why not."""


@dataclass(slots=True)
class ServerSettings:
    """Knobs of one cluster's API server."""

    max_body_bytes: int = 3 * 1024 * 1024
    issuer: str = "https://kubernetes.default.svc.cluster.local"
    audiences: tuple[str, ...] = ("https://kubernetes.default.svc.cluster.local",)
    advertise: str = "127.0.0.1:6443"
    """What discovery gives as the server's address."""
    external_url: str = "https://127.0.0.1:6443"
    """Where clients reach it; below are its paths."""
    anonymous: bool = True
    watch_queue: int = 2_000
    """Events a slow watcher may lag behind before it is cut off."""
    bookmark_seconds: float = 60.0
    future_seconds: float = 3.0
    """How long a read waits for a revision that has not been written yet."""
    max_watchers: int = 10_000
    """Watches on one cluster in one process."""
    max_streams: int = 500
    """exec, attach and port-forward connections to one cluster in one process."""
    max_streams_per_user: int = 100
    max_objects: int = 0
    """Objects that a cluster holds before users can create no more of them; 0: any number."""
    requests_per_second: float = 0.0
    """Of each user; 0: as many as they like."""
    request_burst: int = 200


class AuditSink(Protocol):
    """Hears of every finished request. Must be cheap and never raise."""

    def __call__(
        self,
        *,
        verb: str,
        path: str,
        user: UserInfo | None,
        acting_as: str = "",
        resource: str,
        namespace: str,
        name: str,
        code: int,
        latency: int,
        embedded: bool,
        annotations: Mapping[str, str] = ...,
    ) -> None:
        """`acting_as` is whom `user` impersonated; `latency` is microseconds; `embedded` is a user whom the embedding
        application knows (a browser)."""


@dataclass(slots=True, kw_only=True)
class ClusterContext:
    """One cluster as its API server sees it."""

    name: str
    registry: Registry
    resources: ResourceMap
    clock: Clock
    rng: Rng
    keys: TokenKeys | None = None
    tokens: Callable[[str], UserInfo | None] = lambda _token: None
    """Who a playground token (not one of a service account) belongs to."""
    client_ca: str = ""
    """PEM of the authorities whose client certificates count."""
    logs: ContainerLogs | None = None
    ports: Ports | None = None
    audit: AuditSink | None = None
    checks: dict[str, Ready] = field(default_factory=dict)
    settings: ServerSettings = field(default_factory=ServerSettings)
