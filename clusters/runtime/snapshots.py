"""Snapshots: a cluster as one JSON document, and back.

`{"apiVersion":"playground.dev/v1","kind":"ClusterSnapshot","metadata":{...},"spec":{"seed","clock","settings"},
"revision":N,"items":[...],"history":[...]}`. `items` are objects in wire form, the playground's own kinds among
them; a `List` of a real cluster is accepted as well: its Nodes get machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from clusters.kernel.clock import format_speed, parse_rfc3339, parse_speed, rfc3339_micro, wall_now
from clusters.machinery.types import Obj
from clusters.models import Cluster
from clusters.registry.cache import Write
from clusters.registry.item import Item
from clusters.registry.resources import ResourceMap
from clusters.resources.base import Resource
from clusters.runtime import bootstrap
from clusters.runtime.hub import ClusterHandle
from clusters.runtime.session import Session
from clusters.runtime.settings import BadInput, ClusterSettings, check_settings
from clusters.storage.store import Compacted, FutureRevision

API_VERSION = "playground.dev/v1"
KIND = "ClusterSnapshot"
MAX_ITEMS = 200_000
MAX_HISTORY = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document that was checked. `start`: virtual microseconds, None for now."""

    settings: ClusterSettings
    seed: int | None
    start: int | None
    items: list[Obj]
    whole: bool
    """It is a snapshot of ours: nothing of a new cluster is to be added."""
    foreign: list[Obj] = field(default_factory=list)


def export(
    handle: ClusterHandle, row: Cluster, *, revision: int | None = None, history: bool = False
) -> dict[str, Any]:
    """The document, now or as of `revision`. Raises BadInput if that is compacted or in the future."""
    handle.cache.refresh()
    try:
        records, at = handle.store.list("", rev=revision)
        changes = [r for r in handle.store.changes(handle.store.head().compacted) if r.rev <= at] if history else []
    except (Compacted, FutureRevision) as error:
        raise BadInput("revision", str(error)) from None
    spec = handle.clock.spec()
    doc: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": row.name, "exported": rfc3339_micro(wall_now())},
        "spec": {
            "seed": row.seed,
            "clock": {"now": rfc3339_micro(handle.clock.now()), "speed": format_speed(spec.speed)},
            "settings": row.settings,
        },
        "revision": at,
        "items": [Item(record).wire for record in records],
    }
    if history:
        doc["history"] = [
            {
                "revision": r.rev,
                "key": r.key,
                "actor": r.actor,
                "time": rfc3339_micro(r.vtime),
                "deleted": r.tombstone,
                "object": orjson.loads(r.value),
            }
            for r in changes[-MAX_HISTORY:]
        ]
    return doc


def parse(doc: object) -> Parsed:
    """Check a document. Raises BadInput with the path of what is wrong."""
    if not isinstance(doc, dict):
        raise BadInput("", "a snapshot is a JSON object")
    items = doc.get("items")
    if doc.get("kind") not in (KIND, "List") or not isinstance(items, list):
        raise BadInput(
            "kind", f"this is no {KIND} and no List with items: use `cluster export` or `kubectl get -o json`"
        )
    if len(items) > MAX_ITEMS:
        raise BadInput("items", f"{len(items)} objects are more than the limit of {MAX_ITEMS}")
    for i, item in enumerate(items):
        _check_item(item, f"items[{i}]")
    if doc["kind"] == "List":
        return Parsed(
            settings=ClusterSettings(workers=0, control_planes=0), seed=None, start=None, items=items, whole=False
        )
    if doc.get("apiVersion") != API_VERSION:
        raise BadInput("apiVersion", f"must be {API_VERSION}")
    spec = doc.get("spec")
    if not isinstance(spec, dict):
        raise BadInput("spec", "must be an object with seed, clock and settings")
    seed = spec.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63):
        raise BadInput("spec.seed", "must be a whole number")
    return Parsed(settings=_settings(spec), seed=seed, start=_start(spec.get("clock")), items=items, whole=True)


def _settings(spec: dict[str, Any]) -> ClusterSettings:
    given = spec.get("settings") or {}
    if not isinstance(given, dict):
        raise BadInput("spec.settings", "must be an object")
    fields = ("workers", "control_planes", "cpu", "memory", "pods", "zones", "speed", "addons")
    try:
        return check_settings(**{k: given[k] for k in fields if k in given})
    except BadInput as error:
        raise BadInput(f"spec.settings.{error.field}", error.message) from None


def _start(clock: object) -> int | None:
    if clock is None:
        return None
    if not isinstance(clock, dict):
        raise BadInput("spec.clock", "must be an object with now and speed")
    try:
        parse_speed(str(clock.get("speed", "1")))
        return parse_rfc3339(str(clock["now"])) if "now" in clock else None
    except ValueError as error:
        raise BadInput("spec.clock", str(error)) from None


def _check_item(item: object, path: str) -> None:
    if not isinstance(item, dict):
        raise BadInput(path, "must be an object")
    for name in ("apiVersion", "kind"):
        if not isinstance(item.get(name), str):
            raise BadInput(f"{path}.{name}", "must be a string")
    meta = item.get("metadata")
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str) or not meta["name"]:
        raise BadInput(f"{path}.metadata.name", "must be a string")
    if not isinstance(meta.get("namespace", ""), str):
        raise BadInput(f"{path}.metadata.namespace", "must be a string")


def restore(session: Session, parsed: Parsed) -> None:
    """Write all objects into an empty cluster, as they are. Raises BadInput for kinds that are not served."""
    if not parsed.whole:
        bootstrap.bootstrap(session.registry, parsed.settings)
    seen: dict[str, Obj] = {}
    for i, item in enumerate(parsed.items):
        path = f"items[{i}]"
        resource = _resource(session.resources, item, path)
        obj = _stored(resource, item)
        meta = obj["metadata"]
        key = resource.key(meta.get("namespace", ""), meta["name"])
        if key in seen:
            raise BadInput(f"{path}.metadata.name", f"{item['kind']} {meta['name']} is there twice")
        seen[key] = obj
    if not parsed.whole:
        for node in [o for o in seen.values() if o["kind"] == "Node"]:
            machine = _machine_of(node)
            seen.setdefault(f"playground.dev/machines/{node['metadata']['name']}", machine)
    cache = session.cache
    writes = [Write(key, obj, cache.get(key), "system:playground", session.clock.now()) for key, obj in seen.items()]
    for batch in _batches(writes, 1000):
        cache.commit(batch)


def _batches(writes: list[Write], size: int) -> Iterator[list[Write]]:
    for i in range(0, len(writes), size):
        yield writes[i : i + size]


def _resource(resources: ResourceMap, item: Obj, path: str) -> Resource:
    group, _, version = item["apiVersion"].rpartition("/")
    resource = resources.of_kind(group, item["kind"])
    if resource is None or resource.version(version) is None:
        raise BadInput(f"{path}.kind", f"{item['apiVersion']} {item['kind']} is not served here")
    return resource


def _stored(resource: Resource, item: Obj) -> Obj:
    version = item["apiVersion"].rpartition("/")[2]
    served = resource.version(version)
    obj: Obj = orjson.loads(orjson.dumps(item))
    if served is not None and version != resource.stored_as and served.to_storage is not None:
        obj = served.to_storage(obj)
    obj["metadata"].pop("resourceVersion", None)
    obj["metadata"].pop("selfLink", None)
    if resource.namespaced:
        obj["metadata"].setdefault("namespace", "default")
    return obj


def _machine_of(node: Obj) -> Obj:
    """The hardware that a Node of a real cluster must have had."""
    capacity = (node.get("status") or {}).get("capacity") or {}
    labels = node["metadata"].get("labels") or {}
    role = "control-plane" if "node-role.kubernetes.io/control-plane" in labels else "worker"
    machine = bootstrap.machine(
        node["metadata"]["name"],
        ClusterSettings(cpu=str(capacity.get("cpu", "4")), memory=str(capacity.get("memory", "16Gi"))),
        zone=labels.get("topology.kubernetes.io/zone", "a"),
        role=role,
    )
    machine["metadata"]["uid"] = f"machine-{node['metadata'].get('uid', node['metadata']['name'])}"
    return machine
