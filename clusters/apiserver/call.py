"""One request on its way through the server: what was found out about it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clusters.apiserver.http import Header, Query, Request
from clusters.apiserver.requestinfo import RequestInfo
from clusters.machinery.types import UserInfo
from clusters.resources.base import Context

if TYPE_CHECKING:
    from clusters.apiserver.server import ApiServer

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_HUMAN = ("curl", "Wget", "Mozilla/5.0")
ANONYMOUS = UserInfo("system:anonymous", ("system:unauthenticated",))


@dataclass(slots=True)
class Call:
    """Handlers take one and return an answer, or raise ApiError. `warnings` become `Warning` headers."""

    server: ApiServer
    request: Request
    info: RequestInfo
    user: UserInfo = ANONYMOUS
    impersonator: UserInfo | None = None
    """Who really asks, if `user` is whom they act as."""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    """What the audit log is told besides."""
    began: int = 0
    """Wall clock, microseconds."""
    patient: bool = False
    """The caller can wait, and ask again."""
    flow: tuple[Header, ...] = ()
    """Headers of the answer that tell the request's flow schema and priority level."""
    _query: Query | None = None

    @property
    def query(self) -> Query:
        if self._query is None:
            self._query = Query(self.request.query)
        return self._query

    @property
    def accept(self) -> str:
        return self.request.header("accept")

    @property
    def pretty(self) -> bool:
        """Asked for by `?pretty`, or by being a browser or curl-like tool as the real server guesses."""
        if "pretty" in self.request.query and (value := self.query.get("pretty")):
            return value in _TRUE
        return self.request.header("user-agent").startswith(_HUMAN)

    def context(self) -> Context:
        """For strategies: who reads, and when."""
        cluster = self.server.cluster
        return Context(
            user=self.user,
            now=cluster.clock.now(),
            rng=cluster.rng,
            lookup=cluster.registry.lookup,
            namespace=self.info.namespace,
            name=self.info.name,
            subresource=self.info.subresource,
        )

    @property
    def manager(self) -> str:
        """The field manager that the User-Agent implies: its first word's name."""
        agent = self.request.header("user-agent")
        head = agent.split("/", 1)[0]
        return "".join(c for c in head if c.isprintable())[:128] or "unknown"
