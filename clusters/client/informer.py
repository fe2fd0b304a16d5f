"""Informers: a component's view of one resource, with indexes and change handlers.

In process there is one copy of the cluster's state (the watch cache), so an informer is a view, not a second
cache: it is as fresh as the last write, and costs nothing per object. Handlers run when the write happens and
must only look and enqueue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from clusters.machinery.types import Obj

Handler = Callable[[Obj | None, Obj | None], None]
"""(old, new): old is None for an addition, new is None for a deletion."""
IndexFunc = Callable[[Obj], Iterable[str]]


class Informer(Protocol):
    """`Lister` and event source of one resource."""

    def get(self, namespace: str, name: str) -> Obj | None: ...

    def by_key(self, key: str) -> Obj | None:
        """`key` is `namespace/name`, or `name` for cluster scope: what work queues hold."""

    def list(self, namespace: str = "") -> Sequence[Obj]:
        """All objects (of a namespace), in key order."""

    def __iter__(self) -> Iterator[Obj]: ...

    def __len__(self) -> int: ...

    def add_index(self, name: str, func: IndexFunc) -> None:
        """Maintain an index; asking twice for the same name is harmless (the first function stays)."""

    def by_index(self, name: str, value: str) -> Sequence[Obj]:
        """Objects whose index function gave `value`, in key order."""

    def on_change(self, handler: Handler) -> None:
        """Call `handler` for every object now there (as additions) and for each change from now on."""


class Informers(Protocol):
    """The informer factory of one cluster session."""

    def __getitem__(self, resource: str) -> Informer:
        """By qualified name: `informers["deployments.apps"]`."""


def key_of(obj: Obj) -> str:
    """`namespace/name`, or `name` for a cluster-scoped object (client-go's MetaNamespaceKeyFunc)."""
    meta = obj["metadata"]
    namespace = meta.get("namespace")
    return f"{namespace}/{meta['name']}" if namespace else str(meta["name"])


def split_key(key: str) -> tuple[str, str]:
    """`(namespace, name)` of a queue key."""
    namespace, _, name = key.rpartition("/")
    return namespace, name
