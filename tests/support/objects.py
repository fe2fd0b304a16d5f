"""Objects through defaults, strategies and validation, as the registry runs them; no HTTP, no admission."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from clusters.kernel.clock import SimClock
from clusters.kernel.rng import Rng
from clusters.machinery.errors import Invalid
from clusters.machinery.patch.merge import merge_patch
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.attributes import AdmitAll
from clusters.registry.cache import WatchCache
from clusters.registry.deletion import DeleteOptions, delete
from clusters.registry.registry import Registry, WriteOptions
from clusters.registry.resources import ResourceMap
from clusters.resources.base import Resource
from clusters.resources.catalog import BUILTIN
from clusters.storage.memory import MemoryStore

NAMESPACE = "test"
START = 1_780_000_000_000_000
USER = UserInfo("jane", ("system:masters", "system:authenticated"))


class Objects:
    """One empty cluster."""

    def __init__(self) -> None:
        self.clock = SimClock(START)
        self.resources = ResourceMap(BUILTIN)
        self.registry = Registry(WatchCache(MemoryStore()), self.resources, AdmitAll(), self.clock, Rng(1))
        self.warnings: list[str] = []

    def resource(self, obj: Obj) -> Resource:
        group = obj["apiVersion"].rpartition("/")[0]
        found = self.resources.of_kind(group, obj["kind"])
        assert found is not None, obj["kind"]
        return found

    def _options(self) -> WriteOptions:
        return WriteOptions(user=USER)

    def create(self, obj: Obj, *, dry: bool = False) -> Obj:
        """The object as stored (or, in a dry run, as it would be); its warnings are in `warnings`."""
        opts = replace(self._options(), dry_run=dry)
        resource = self.resource(obj)
        item = self.registry.create(resource, NAMESPACE if resource.namespaced else "", deepcopy(obj), opts)
        self.warnings = opts.warnings
        return item.wire

    def refused(self, obj: Obj) -> list[tuple[str, str, str]]:
        """(reason, field, message) of every cause; nothing if the object is accepted."""
        try:
            self.create(obj)
        except Invalid as error:
            return causes(error)
        return []

    def patch(self, obj: Obj, change: Any, *, subresource: str = "") -> Obj:
        """A merge patch of a stored object."""
        opts = self._options()
        resource, meta = self.resource(obj), obj["metadata"]

        def transform(old: Obj) -> Obj:
            new = merge_patch(deepcopy(old), change)
            assert isinstance(new, dict)
            return new

        item = self.registry.update(
            resource, meta.get("namespace", ""), meta["name"], transform, opts, subresource=subresource
        )
        self.warnings = opts.warnings
        return item.wire

    def patch_refused(self, obj: Obj, change: Any, *, subresource: str = "") -> list[tuple[str, str, str]]:
        try:
            self.patch(obj, change, subresource=subresource)
        except Invalid as error:
            return causes(error)
        return []

    def delete(self, obj: Obj, grace: int | None = None) -> tuple[Obj, bool]:
        """The object as deleted or marked, and whether it is gone."""
        meta = obj["metadata"]
        done = delete(
            self.registry,
            self.resource(obj),
            meta.get("namespace", ""),
            meta["name"],
            DeleteOptions(grace_seconds=grace),
            self._options(),
        )
        return done.item.wire, done.gone


def causes(error: Invalid) -> list[tuple[str, str, str]]:
    listed = (error.details or {}).get("causes") or ()
    return [(cause["reason"], cause.get("field", ""), cause["message"]) for cause in listed]


def container(**fields: Any) -> Obj:
    return {"name": "c", "image": "nginx", **fields}


def pod(*, name: str = "p", meta: Obj | None = None, **spec: Any) -> Obj:
    """A Pod with one container, unless `containers` is given."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **(meta or {})},
        "spec": {"containers": [container()], **spec},
    }


def workload(kind: str, *, name: str = "w", template: Obj | None = None, **spec: Any) -> Obj:
    """A Deployment, ReplicaSet, StatefulSet or DaemonSet; `template` is its Pods' spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": "w"}},
            "template": {
                "metadata": {"labels": {"app": "w"}},
                "spec": {"containers": [container()], **(template or {})},
            },
            **spec,
        },
    }


def job(*, name: str = "j", template: Obj | None = None, **spec: Any) -> Obj:
    pods = {"restartPolicy": "Never", "containers": [container()], **(template or {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": pods}, **spec},
    }


def cron_job(*, name: str = "c", schedule: str = "* * * * *", job_spec: Obj | None = None, **spec: Any) -> Obj:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": {**job()["spec"], **(job_spec or {})}}, **spec},
    }
