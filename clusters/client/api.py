"""`ApiClient`: what a component may do to the cluster, as one user. It mirrors client-go's verbs.

Objects that come back are stored objects: never change them; build a new mapping that shares what is
unchanged (`machinery.meta` has helpers). Objects handed in belong to the server afterwards.
Errors are `clusters.machinery.errors.ApiError`s, as a remote client would see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from clusters.machinery.types import Obj, UserInfo


class ApiClient(Protocol):
    """`resource` is the qualified name (`pods`, `deployments.apps`); `namespace` is "" for cluster scope."""

    @property
    def user(self) -> UserInfo: ...

    def as_user(self, user: UserInfo) -> ApiClient:
        """The same cluster as somebody else (each kubelet is `system:node:NAME`)."""

    def get(self, resource: str, namespace: str, name: str) -> Obj: ...

    def list(self, resource: str, namespace: str = "", *, label_selector: str = "") -> Sequence[Obj]: ...

    def create(self, resource: str, namespace: str, obj: Obj, *, shape: str = "") -> Obj:
        """`shape`: a name for objects that have the same keys all the way down, by which work can be saved."""

    def update(self, resource: str, obj: Obj) -> Obj:
        """PUT; `metadata.resourceVersion` must be current (Conflict if not; absent: unconditional)."""

    def update_status(self, resource: str, obj: Obj, *, subresource: str = "status") -> Obj: ...

    def patch(
        self,
        resource: str,
        namespace: str,
        name: str,
        patch: Obj,
        *,
        subresource: str = "",
        uid: str = "",
    ) -> Obj:
        """A JSON merge patch (`uid`: a precondition)."""

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        propagation: str = "",
        uid: str = "",
    ) -> None: ...

    def bind(self, namespace: str, pod: str, node: str, *, uid: str = "") -> None:
        """`POST pods/NAME/binding`."""

    def may(self, user: UserInfo, verb: str, group: str, resource: str, *, subresource: str = "") -> bool:
        """`POST subjectaccessreviews`: whether somebody may do something, cluster-wide."""

    def evict(self, namespace: str, pod: str, *, grace_seconds: int | None = None) -> None:
        """`POST pods/NAME/eviction`. Raises TooManyRequests where a budget forbids it."""


class EventSink(Protocol):
    """The event recorder of one component."""

    def event(
        self,
        about: Obj,
        kind: str,
        reason: str,
        message: str,
        *,
        action: str = "",
        related: Obj | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        """Record an Event about an object. `kind`: `Normal` or `Warning`. Repeats are folded into one Event
        with a count, as client-go's recorder does. Never raises."""
