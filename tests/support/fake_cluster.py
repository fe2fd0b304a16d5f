"""A dict-based stand-in for the API server and its informers, for unit tests of components.

It stores what it is told: no defaulting, no validation, no admission. Writes reach the informers' handlers at
once, as in a cluster session. What it knows of Kubernetes: resource versions, uids, generateName, conflicts,
merge patches, finalizers and grace periods of deletes, bindings. Use `FakeCluster().env("name")` to construct
a component, `cluster.settle(component, ...)` to run it until idle.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from clusters.client.api import ApiClient, EventSink
from clusters.client.component import Component, Env
from clusters.client.informer import Handler, IndexFunc, Informer, Informers, key_of, split_key
from clusters.client.workqueue import Timers
from clusters.kernel.clock import SECOND, SimClock, parse_rfc3339, rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery.errors import AlreadyExists, Conflict, NotFound
from clusters.machinery.patch.merge import merge_patch
from clusters.machinery.types import Obj, UserInfo

START = parse_rfc3339("2026-01-01T00:00:00Z")


class FakeInformer:
    def __init__(self) -> None:
        self.objects: dict[str, Obj] = {}
        self.handlers: list[Handler] = []
        self.indexes: dict[str, IndexFunc] = {}

    def get(self, namespace: str, name: str) -> Obj | None:
        return self.objects.get(f"{namespace}/{name}" if namespace else name)

    def by_key(self, key: str) -> Obj | None:
        return self.objects.get(key)

    def list(self, namespace: str = "") -> Sequence[Obj]:
        return [
            self.objects[k]
            for k in sorted(self.objects)
            if not namespace or self.objects[k]["metadata"].get("namespace") == namespace
        ]

    def __iter__(self) -> Iterator[Obj]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.objects)

    def add_index(self, name: str, func: IndexFunc) -> None:
        self.indexes.setdefault(name, func)

    def by_index(self, name: str, value: str) -> Sequence[Obj]:
        func = self.indexes[name]
        return [o for o in self.list() if value in func(o)]

    def on_change(self, handler: Handler) -> None:
        self.handlers.append(handler)
        for obj in self.list():
            handler(None, obj)

    def put(self, obj: Obj) -> None:
        key = key_of(obj)
        old = self.objects.get(key)
        self.objects[key] = obj
        for handler in self.handlers:
            handler(old, obj)

    def drop(self, key: str) -> None:
        old = self.objects.pop(key, None)
        if old is not None:
            for handler in self.handlers:
                handler(old, None)


class FakeEvents:
    """Records events as plain tuples in `FakeCluster.recorded`."""

    def __init__(self, cluster: FakeCluster, component: str, host: str) -> None:
        self.cluster = cluster
        self.component = component
        self.host = host

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
        self.cluster.recorded.append(
            {
                "about": key_of(about),
                "type": kind,
                "reason": reason,
                "message": message,
                "action": action,
                "component": self.component,
                "related": key_of(related) if related else None,
            }
        )


class FakeClient:
    """An `ApiClient` on a `FakeCluster`."""

    def __init__(self, cluster: FakeCluster, user: UserInfo) -> None:
        self.cluster = cluster
        self._user = user

    @property
    def user(self) -> UserInfo:
        return self._user

    def as_user(self, user: UserInfo) -> ApiClient:
        return FakeClient(self.cluster, user)

    def get(self, resource: str, namespace: str, name: str) -> Obj:
        obj = self.cluster[resource].get(namespace, name)
        if obj is None:
            raise NotFound.of("", resource, name)
        return obj

    def list(self, resource: str, namespace: str = "", *, label_selector: str = "") -> Sequence[Obj]:
        if label_selector:
            raise NotImplementedError("the fake lists without selectors")
        return self.cluster[resource].list(namespace)

    def create(self, resource: str, namespace: str, obj: Obj, *, shape: str = "") -> Obj:
        return self.cluster.create(resource, obj, namespace=namespace, actor=self._user.name)

    def update(self, resource: str, obj: Obj) -> Obj:
        live = self._live(resource, obj)
        new = {**obj, **({"status": live["status"]} if "status" in live else {})}
        return self.cluster.store(resource, new, live, actor=self._user.name)

    def update_status(self, resource: str, obj: Obj) -> Obj:
        live = self._live(resource, obj)
        return self.cluster.store(resource, {**live, "status": obj.get("status", {})}, live, actor=self._user.name)

    def _live(self, resource: str, obj: Obj) -> Obj:
        meta = obj["metadata"]
        live = self.get(resource, meta.get("namespace", ""), meta["name"])
        wanted = meta.get("resourceVersion")
        if wanted and wanted != live["metadata"]["resourceVersion"]:
            raise Conflict.stale("", resource, meta["name"])
        return live

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
        live = self.get(resource, namespace, name)
        if uid and live["metadata"]["uid"] != uid:
            raise Conflict.stale("", resource, name)
        if subresource == "status":
            patch = {k: v for k, v in patch.items() if k == "status"}
        return self.cluster.store(resource, merge_patch(live, patch), live, actor=self._user.name)

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        propagation: str = "",
        uid: str = "",
    ) -> None:
        live = self.get(resource, namespace, name)
        if uid and live["metadata"]["uid"] != uid:
            raise Conflict.stale("", resource, name)
        self.cluster.delete(resource, live, grace_seconds=grace_seconds, actor=self._user.name)

    def bind(self, namespace: str, pod: str, node: str, *, uid: str = "") -> None:
        live = self.get("pods", namespace, pod)
        if uid and live["metadata"]["uid"] != uid:
            raise Conflict.stale("", "pods", pod)
        if live["spec"].get("nodeName"):
            raise Conflict.of("", "pods/binding", pod, f"pod {pod} is already assigned to node")
        status = dict(live.get("status", {}))
        status.pop("nominatedNodeName", None)
        status["conditions"] = [c for c in status.get("conditions", ()) if c["type"] != "PodScheduled"]
        status["conditions"].append(
            {
                "type": "PodScheduled",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": rfc3339(self.cluster.clock.now()),
            }
        )
        new = {**live, "spec": {**live["spec"], "nodeName": node}, "status": status}
        self.cluster.store("pods", new, live, actor=self._user.name)

    def evict(self, namespace: str, pod: str, *, grace_seconds: int | None = None) -> None:
        self.delete("pods", namespace, pod, grace_seconds=grace_seconds)


class FakeCluster:
    """State, clock, timers and a log of writes: `log` holds (actor, verb, resource, key), `recorded` events."""

    def __init__(self, *, seed: int = 1, now: int = START) -> None:
        self.clock = SimClock(now)
        self.rng = Rng(seed)
        self.timers = Timers(self.clock)
        self.recorded: list[dict[str, Any]] = []
        self.log: list[tuple[str, str, str, str]] = []
        self._informers: dict[str, FakeInformer] = {}
        self._rev = 0
        self._names = 0

    def __getitem__(self, resource: str) -> Informer:
        return self.informer(resource)

    def informer(self, resource: str) -> FakeInformer:
        return self._informers.setdefault(resource, FakeInformer())

    def client(self, user: str = "test") -> FakeClient:
        return FakeClient(self, UserInfo(name=user))

    def env(self, user: str = "test") -> Env:
        informers: Informers = self
        events: Callable[[str, str], EventSink] = lambda component, host: FakeEvents(self, component, host)  # noqa: E731
        return Env(
            clock=self.clock,
            rng=self.rng,
            timers=self.timers,
            client=self.client(user),
            informers=informers,
            events=events,
        )

    def create(self, resource: str, obj: Obj, *, namespace: str = "", actor: str = "test") -> Obj:
        """Store a copy of `obj` with uid, creationTimestamp and, for `generateName`, a name."""
        obj = copy.deepcopy(obj)
        meta = obj["metadata"]
        if namespace:
            meta.setdefault("namespace", namespace)
        if "name" not in meta:
            self._names += 1
            meta["name"] = meta["generateName"] + self.rng.suffix(5, "name", self._names)
        if key_of(obj) in self.informer(resource).objects:
            raise AlreadyExists.of("", resource, meta["name"])
        meta.setdefault("uid", self.rng.uuid("uid", self._rev))
        meta.setdefault("creationTimestamp", rfc3339(self.clock.now()))
        return self.store(resource, obj, None, actor=actor)

    def store(self, resource: str, obj: Obj, live: Obj | None, *, actor: str = "test") -> Obj:
        verb = "update" if live else "create"
        if live is not None:
            same = {**obj, "metadata": {**obj["metadata"], "resourceVersion": ""}}
            if same == {**live, "metadata": {**live["metadata"], "resourceVersion": ""}}:
                return live
        self._rev += 1
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self._rev)}}
        self.log.append((actor, verb, resource, key_of(obj)))
        if obj["metadata"].get("deletionTimestamp") and self._may_go(obj):
            self.informer(resource).drop(key_of(obj))
        else:
            self.informer(resource).put(obj)
        return obj

    @staticmethod
    def _may_go(obj: Obj) -> bool:
        meta = obj["metadata"]
        return not meta.get("finalizers") and not meta.get("deletionGracePeriodSeconds")

    def delete(self, resource: str, live: Obj, *, grace_seconds: int | None = None, actor: str = "test") -> None:
        """Pods on a node keep their grace period (until deleted with 0); finalizers hold any object."""
        grace = 0
        if resource == "pods" and live["spec"].get("nodeName"):
            grace = live["spec"].get("terminationGracePeriodSeconds", 30)
            grace = grace if grace_seconds is None else grace_seconds
        if grace or live["metadata"].get("finalizers"):
            when = rfc3339(self.clock.now() + grace * SECOND)
            meta = {**live["metadata"], "deletionTimestamp": when, "deletionGracePeriodSeconds": grace}
            self.store(resource, {**live, "metadata": meta}, live, actor=actor)
            return
        self._rev += 1
        self.log.append((actor, "delete", resource, key_of(live)))
        self.informer(resource).drop(key_of(live))

    def object(self, resource: str, key: str) -> Obj | None:
        return self[resource].get(*split_key(key))

    def settle(self, *components: Component, until: int | None = None, limit: int = 100_000) -> None:
        """Step the components until none has work; then jump from timer to timer while one stands for
        unfinished work (or up to `until`, virtual microseconds, background timers included)."""
        for _ in range(limit):
            ran = [c.step() for c in components]
            if any(ran):
                continue
            due = self.timers.next_due(background=until is not None)
            if due is None or (until is not None and due > until):
                if until is not None:
                    self.clock.advance_to(until)
                return
            self.clock.advance_to(due)
            self.timers.fire_due(due)
        raise AssertionError(f"not idle after {limit} rounds")
