"""Who may reach a cluster: the seam between `clusters`, which knows nobody's name, and `playground`, which does.

`settings.PLAYGROUND_ACCESS` names the policy (`playground.accounts.access.POLICY`); the websocket, the REST
views and the Kubernetes API adapter ask it and nothing else. What a caller may do *inside* a cluster is that
cluster's own RBAC, decided for `Reach.identity`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from clusters.machinery.types import UserInfo

if TYPE_CHECKING:
    from clusters.models import Cluster

Role = Literal["owner", "editor", "viewer"]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a caller is to one cluster. `identity` is who they are inside it."""

    role: Role
    identity: UserInfo

    @property
    def write(self) -> bool:
        """May change Kubernetes objects, the clock and the machines, and inject faults."""
        return self.role != "viewer"

    @property
    def owner(self) -> bool:
        """May delete the cluster and hand out access to it."""
        return self.role == "owner"


class Refused(Exception):
    """The policy refuses, with a sentence for people. `status` is the HTTP status to answer."""

    def __init__(self, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class AccessPolicy(Protocol):
    """`user` is a Django user or AnonymousUser. All methods may read the database: call them from sync code."""

    def may_reach(self, user: Any, cluster: Cluster) -> Reach | None:
        """What the user is to the cluster; None: they may not know that it exists."""

    def visible(self, user: Any) -> list[Cluster]:
        """The clusters that the user may reach, by name."""

    def authenticate_bearer(self, token: str, cluster: Cluster) -> UserInfo | None:
        """The identity inside the cluster that a playground-issued bearer token (kubeconfig) stands for."""

    def bearer_cluster(self, token: str) -> str:
        """The name of the cluster that such a token is for; "" if it is none."""

    def api_user(self, token: str) -> Any | None:
        """The user of a REST API token."""

    def creator(self, request: HttpRequest) -> Any:
        """The user that a cluster created by this request shall belong to (a guest is made one if need be).
        Raises Refused if they may not create another."""

    def claim(self, user: Any, cluster: Cluster) -> None:
        """`user` (None: nobody) owns the cluster they just created."""

    def members(self, cluster: Cluster) -> list[tuple[str, Role]]:
        """Whom the cluster is shared with, by name."""

    def share(self, cluster: Cluster, name: str, role: Role) -> str:
        """Make the user of that name a member in that role; the name as it is spelled. Raises Refused."""

    def unshare(self, cluster: Cluster, name: str) -> str:
        """The user is no member any more; the name as it is spelled. Raises Refused."""

    def kubeconfig_token(self, cluster: Cluster, name: str, groups: tuple[str, ...], user: Any = None) -> str:
        """The bearer token of an identity inside the cluster; the same one each time until it is revoked."""


@lru_cache(maxsize=1)
def policy() -> AccessPolicy:
    """The configured policy."""
    found: AccessPolicy = import_string(settings.PLAYGROUND_ACCESS)
    return found
