"""Snapshots: a cluster as one JSON document, and back.

`{"apiVersion":"playground.dev/v1","kind":"ClusterSnapshot","metadata":{...},"spec":{"seed","clock","settings"},
"revision":N,"items":[...],"history":[...]}`. `items` are objects in wire form, the playground's own kinds among
them. With a history that goes back to the first revision the log is written again as it was, revision by revision;
without one, `items` are the first revisions of the new cluster. A `List` of a real cluster is accepted as well: its
Nodes get machines, and namespaces that it only mentions are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from clusters.kernel.clock import format_speed, parse_rfc3339, parse_speed, rfc3339_micro, wall_now
from clusters.machinery.types import Obj
from clusters.models import Cluster
from clusters.registry.cache import Write
from clusters.registry.item import Item, encode
from clusters.registry.registry import WriteOptions
from clusters.registry.resources import ResourceMap
from clusters.resources.base import Resource
from clusters.runtime import bootstrap
from clusters.runtime.hub import ClusterHandle
from clusters.runtime.session import Session
from clusters.runtime.settings import MAX_SEED, BadInput, ClusterSettings, check_settings
from clusters.runtime.snapshot_items import check_envelope, to_stored
from clusters.storage.store import Compacted, FutureRevision, Op

API_VERSION = "playground.dev/v1"
KIND = "ClusterSnapshot"
MAX_ITEMS = 200_000
MAX_HISTORY = 200_000
MAX_KEY, MAX_ACTOR = 700, 253
EARLIEST, LATEST = parse_rfc3339("1970-01-01T00:00:00Z"), parse_rfc3339("2900-01-01T00:00:00Z")
_BATCH = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document that was checked. `start`: virtual microseconds, None for now."""

    settings: ClusterSettings
    seed: int | None
    start: int | None
    items: list[Obj]
    whole: bool
    """It is a snapshot of ours: nothing of a new cluster is to be added."""
    speed: str | None = None
    """What the clock ran at; None: as the settings say."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """Every revision from the first on; empty if there is none, or not all of it."""


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
    # The past goes on from its own time, not from ours.
    now = handle.clock.now() if revision is None else max((r.vtime for r in records), default=spec.base)
    doc: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": row.name, "exported": rfc3339_micro(wall_now())},
        "spec": {
            "seed": row.seed,
            "clock": {"now": rfc3339_micro(now), "speed": format_speed(spec.speed)},
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
        check_envelope(item, f"items[{i}]")
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
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED):
        raise BadInput("spec.seed", f"must be a whole number from 0 to {MAX_SEED}")
    start, speed = _clock(spec.get("clock"))
    return Parsed(
        settings=_settings(spec),
        seed=seed,
        start=start,
        speed=speed,
        items=items,
        whole=True,
        history=_history(doc.get("history"), doc.get("revision")),
    )


def _settings(spec: dict[str, Any]) -> ClusterSettings:
    given = spec.get("settings", {})
    if not isinstance(given, dict):
        raise BadInput("spec.settings", "must be an object")
    fields = ("workers", "control_planes", "cpu", "memory", "pods", "zones", "speed", "addons")
    try:
        return check_settings(**{k: given[k] for k in fields if k in given})
    except BadInput as error:
        raise BadInput(f"spec.settings.{error.field}", error.message) from None


def _clock(clock: object) -> tuple[int | None, str | None]:
    if clock is None:
        return None, None
    if not isinstance(clock, dict):
        raise BadInput("spec.clock", "must be an object with now and speed")
    now, speed = clock.get("now"), clock.get("speed")
    try:
        speed = None if speed is None else format_speed(parse_speed(str(speed)))
    except ValueError as error:
        raise BadInput("spec.clock.speed", str(error)) from None
    return None if now is None else _time(now, "spec.clock.now"), speed


def _time(text: object, path: str) -> int:
    try:
        when = parse_rfc3339(str(text))
    except ValueError:
        when = -1
    if not EARLIEST <= when <= LATEST:
        raise BadInput(path, f"{str(text)[:60]!r} is not a time such as 2026-01-02T03:04:05Z (1970 to 2900)")
    return when


def _history(history: object, revision: object) -> list[dict[str, Any]]:
    """The revisions, if all are there: what was compacted away cannot be written again."""
    if history is None:
        return []
    if not isinstance(history, list):
        raise BadInput("history", "must be a list of revisions")
    if len(history) > MAX_HISTORY:
        raise BadInput("history", f"{len(history)} revisions are more than the limit of {MAX_HISTORY}")
    for i, entry in enumerate(history):
        path = f"history[{i}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("object"), dict):
            raise BadInput(path, "must be an object with revision, key, actor, time, deleted and object")
        actor = entry.get("actor", "")
        if not isinstance(actor, str) or len(actor) > MAX_ACTOR:
            raise BadInput(f"{path}.actor", f"must be a string of at most {MAX_ACTOR} characters")
        if not _is_key(entry.get("key")):
            raise BadInput(f"{path}.key", f"must be GROUP/RESOURCE/NAMESPACE/NAME of at most {MAX_KEY} characters")
        check_envelope(entry["object"], f"{path}.object")
        if not isinstance(entry.get("revision"), int) or entry["revision"] != history[0]["revision"] + i:
            raise BadInput(f"{path}.revision", "revisions must follow each other without a gap")
        entry["vtime"] = _time(entry.get("time"), f"{path}.time")
    if not history or history[0]["revision"] != 1:
        return []
    if revision != len(history):
        raise BadInput("history", f"it ends at revision {len(history)}, the snapshot is of revision {revision}")
    return history


def _is_key(key: object) -> bool:
    if not isinstance(key, str) or len(key) > MAX_KEY:
        return False
    parts = key.split("/")
    return len(parts) in (3, 4) and all(parts)


def restore(session: Session, parsed: Parsed, authority: str) -> None:
    """Write all objects into an empty cluster, as they are. Raises BadInput naming the object that cannot be."""
    found = _objects(session, parsed.items)
    if parsed.history:
        _replay(session, parsed.history, dict(zip(found, parsed.items)))
        return
    if not parsed.whole:
        bootstrap.bootstrap(session.registry, parsed.settings, authority=authority)
        for node in [o for o in found.values() if o["kind"] == "Node"]:
            found.setdefault(f"playground.dev/machines/{node['metadata']['name']}", _machine_of(node))
        _make_namespaces(session, found)
    cache = session.cache
    writes = [Write(key, obj, cache.get(key), "system:playground", session.clock.now()) for key, obj in found.items()]
    for batch in _batches(writes):
        cache.commit(batch)


def _objects(session: Session, items: Sequence[Obj]) -> dict[str, Obj]:
    """The objects by key, checked."""
    found: dict[str, Obj] = {}
    opts = WriteOptions(user=bootstrap.MASTER)
    for i, item in enumerate(items):
        path = f"items[{i}]"
        resource = _resource(session.resources, item, path)
        meta = item["metadata"]
        namespace = meta.get("namespace") or ("default" if resource.namespaced else "")
        ctx = session.registry.context(resource, namespace, meta["name"], "", opts)
        obj = to_stored(resource, item, path, ctx)
        key = resource.key(namespace, meta["name"])
        if key in found:
            raise BadInput(f"{path}.metadata.name", f"{item['kind']} {meta['name']} is there twice")
        found[key] = obj
    return found


def _make_namespaces(session: Session, found: dict[str, Obj]) -> None:
    """`kubectl get -A` leaves out what has no namespace: the namespaces of its objects, unless asked for."""
    registry, opts = session.registry, WriteOptions(user=bootstrap.MASTER, manager="kube-apiserver")
    for name in sorted({obj["metadata"].get("namespace", "") for obj in found.values()} - {""}):
        if f"core/namespaces/{name}" not in found and registry.lookup.get("namespaces", "", name) is None:
            space: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            registry.create(session.resources["namespaces"], "", space, opts)


def _replay(session: Session, history: Sequence[dict[str, Any]], items: dict[str, Obj]) -> None:
    """Write the log again. It must lead to the snapshot's objects by key, which were checked."""
    state: dict[str, Obj] = {}
    live: dict[str, int] = {}
    ops: list[Op] = []
    for entry in history:
        key, obj, deleted = entry["key"], entry["object"], bool(entry.get("deleted"))
        ops.append(Op(key, encode(obj), live.get(key, 0), entry.get("actor", ""), entry["vtime"], deleted))
        if deleted:
            state.pop(key, None)
            live.pop(key, None)
        else:
            state[key], live[key] = obj, entry["revision"]
    if state.keys() != items.keys():
        key = min(state.keys() ^ items.keys())
        raise BadInput("history", f"it does not lead to the objects in items: {key} is in one of them only")
    for key, item in items.items():
        if state[key] != {**item, "metadata": {k: v for k, v in item["metadata"].items() if k != "resourceVersion"}}:
            raise BadInput("history", f"it does not lead to the objects in items: {key} differs")
    for batch in _batches(ops):
        session.store.txn(batch)
    session.refresh()


def _batches(writes: Sequence[T]) -> Iterator[Sequence[T]]:
    for i in range(0, len(writes), _BATCH):
        yield writes[i : i + _BATCH]


def _resource(resources: ResourceMap, item: Obj, path: str) -> Resource:
    group, _, version = item["apiVersion"].rpartition("/")
    resource = resources.of_kind(group, item["kind"])
    if resource is None or resource.version(version) is None:
        raise BadInput(f"{path}.kind", f"{item['apiVersion']} {item['kind']} is not served here")
    return resource


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
