"""Whom a plugin asks whether the writer may do something else, too (approve for a signer, say)."""

from __future__ import annotations

from typing import Protocol

from clusters.machinery.types import UserInfo

MASTERS = "system:masters"


class Authorizer(Protocol):
    """Cluster-scoped decisions by names; the API server's authorizer fits behind it."""

    def allowed(self, user: UserInfo, verb: str, group: str, resource: str, name: str) -> bool: ...


class MastersOnly:
    """Where no authorizer was given: members of `system:masters` may, nobody else."""

    def allowed(self, user: UserInfo, verb: str, group: str, resource: str, name: str) -> bool:
        return MASTERS in user.groups
