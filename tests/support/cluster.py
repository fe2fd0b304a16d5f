"""A whole cluster in one process for tests: memory store, all components, virtual time that the test moves.

cluster = Cluster(workers=3)
cluster.create("deployments.apps", deployment("web", 3))
cluster.run_until_idle()
assert cluster.get("deployments.apps", "default", "web")["status"]["readyReplicas"] == 3
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.client.component import Component
from clusters.kernel.clock import SECOND, parse_rfc3339
from clusters.machinery.types import Obj
from clusters.registry import deletion
from clusters.registry.metadata import private_copy
from clusters.registry.registry import WriteOptions
from clusters.runtime import bootstrap
from clusters.runtime.session import Session
from clusters.runtime.settings import check_settings
from clusters.storage.memory import MemoryStore
from clusters.storage.store import Store

START = parse_rfc3339("2026-01-01T00:00:00Z")


class Cluster:
    """`store` may be given to go on from a log; then nothing is created."""

    def __init__(
        self,
        *,
        seed: int = 1,
        store: Store | None = None,
        components: Sequence[type[Component]] | None = None,
        boot: bool = True,
        **settings: Any,
    ) -> None:
        self.seed = seed
        self.settings = check_settings(**{"addons": "none", **settings})
        self.fresh = store is None
        self.store: Store = store if store is not None else MemoryStore()
        self._components = components
        self.session = self._session()
        if self.fresh:
            bootstrap.bootstrap(self.session.registry, self.settings)
            self.session.commit()
        if boot:
            self.run_until_idle()

    def _session(self) -> Session:
        more = {} if self._components is None else {"components": self._components}
        return Session(self.store, seed=self.seed, now=START, **more)  # type: ignore[arg-type]

    def crash(self) -> None:
        """The worker dies: what is not committed is lost, and a new one loads the log."""
        now = self.session.clock.now()
        self.session = self._session()
        self.session.clock.advance_to(now)

    # time

    @property
    def now(self) -> int:
        return self.session.clock.now()

    def run_until_idle(self) -> None:
        """Everything that is under way comes to its end, whatever virtual time that takes."""
        self.session.note_input()
        self.session.run(None)

    def run_for(self, seconds: float) -> None:
        self.session.run(self.session.clock.now() + int(seconds * SECOND))

    # the API, as an administrator; full validation and admission

    def _opts(self) -> WriteOptions:
        return WriteOptions(user=bootstrap.MASTER, manager="test")

    def create(self, resource: str, obj: Obj, namespace: str = "default") -> Obj:
        described = self.session.resources[resource]
        space = obj["metadata"].get("namespace", namespace) if described.namespaced else ""
        wire = self.session.registry.create(described, space, private_copy(obj), self._opts()).wire
        self.session.commit()
        return wire

    def get(self, resource: str, namespace: str, name: str) -> Obj:
        return self.session.registry.get(self.session.resources[resource], namespace, name).wire

    def find(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self.session.registry.lookup.get(resource, namespace, name)

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]:
        return self.session.registry.lookup.list(resource, namespace)

    def patch(self, resource: str, namespace: str, name: str, patch: Obj, *, subresource: str = "") -> Obj:
        """A JSON merge patch."""
        client = self.session.client(bootstrap.MASTER, "test")
        wire = client.patch(resource, namespace, name, patch, subresource=subresource)
        self.session.commit()
        return wire

    def delete(self, resource: str, namespace: str, name: str, **options: Any) -> None:
        deletion.delete(
            self.session.registry,
            self.session.resources[resource],
            namespace,
            name,
            deletion.DeleteOptions(**options),
            self._opts(),
        )
        self.session.commit()

    # what was written

    def log(self) -> list[tuple[int, str, bool, str, int, bytes]]:
        """Every revision, byte for byte."""
        return [(r.rev, r.key, r.tombstone, r.actor, r.vtime, r.value) for r in self.store.changes(0)]


def deployment(name: str, replicas: int, *, image: str = "nginx:1.27", **spec: Any) -> Obj:
    """A plain Deployment."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
            **spec,
        },
    }
