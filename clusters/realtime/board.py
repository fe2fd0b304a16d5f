"""The summary tables of one cluster, kept current from the stream of changes.

A change only marks what it may concern; rows are computed at the next flush, once however many changes came,
and once for all sessions. Where a row depends on neighbours (a node's load on its Pods, a Service's endpoints
on its slices), the neighbour's change marks it. A board that followed the changes always equals one built
anew from the same state; tests hold it to that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from clusters.machinery.types import Obj
from clusters.realtime import projection
from clusters.realtime.components import awaits_controller, awaits_scheduler, component_rows
from clusters.realtime.groups import Groups
from clusters.realtime.messages import TABLES, Note, Row
from clusters.realtime.podstate import EMPTY
from clusters.realtime.projection import Requests
from clusters.registry.cache import Change
from clusters.registry.item import Item

EVENTS_SHOWN = 500
ROW_LIMIT = 16_000
NOTES_LIMIT = 100

PODS, NODES, SERVICES = "core/pods/", "core/nodes/", "core/services/"
NAMESPACES, EVENTS = "core/namespaces/", "core/events/"
SLICES, JOBS = "discovery.k8s.io/endpointslices/", "batch/jobs/"
HPAS, LEASES = "autoscaling/horizontalpodautoscalers/", "coordination.k8s.io/leases/"
MACHINES, COMPONENTS = "playground.dev/machines/", "playground.dev/components/"
FAULTS = "playground.dev/faults/"
SYSTEM_LEASES = LEASES + "kube-system/"

WORKLOADS = {
    "apps/deployments/": "Deployment",
    "apps/replicasets/": "ReplicaSet",
    "apps/statefulsets/": "StatefulSet",
    "apps/daemonsets/": "DaemonSet",
    JOBS: "Job",
    "batch/cronjobs/": "CronJob",
    "core/replicationcontrollers/": "ReplicationController",
}
CONFIGS = {
    "core/configmaps/": "ConfigMap",
    "core/secrets/": "Secret",
    "core/persistentvolumeclaims/": "PersistentVolumeClaim",
    "core/persistentvolumes/": "PersistentVolume",
    "core/resourcequotas/": "ResourceQuota",
    "core/limitranges/": "LimitRange",
    "networking.k8s.io/ingresses/": "Ingress",
    "networking.k8s.io/networkpolicies/": "NetworkPolicy",
    "policy/poddisruptionbudgets/": "PodDisruptionBudget",
    HPAS: "HorizontalPodAutoscaler",
    "storage.k8s.io/storageclasses/": "StorageClass",
}

PREFIXES = frozenset(
    {PODS, NODES, SERVICES, NAMESPACES, EVENTS, SLICES, LEASES, MACHINES, COMPONENTS, FAULTS}
    | WORKLOADS.keys()
    | CONFIGS.keys()
)
"""The resources that any row depends on; changes to others are invisible here."""

Touched = tuple[str, str]
"""(table, row id)."""


@dataclass(slots=True)
class Flushed:
    """What one flush changed."""

    touched: set[Touched] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)


class Board:
    """Rows as encoded JSON arrays by table and id (`rows`)."""

    def __init__(self, items: Iterable[Item] = (), *, events: int = EVENTS_SHOWN) -> None:
        self.rows: dict[str, dict[str, bytes]] = {table: {} for table in TABLES}
        self._items: dict[str, dict[str, Item]] = {prefix: {} for prefix in PREFIXES}
        self._items[EVENTS] = OrderedDict()
        self._ids: dict[str, dict[str, str]] = {table: {} for table in TABLES}
        self._dirty: dict[str, set[str]] = {prefix: set() for prefix in PREFIXES}
        self._nodes: set[str] = set()
        self._workloads: set[str] = set()
        self._services: set[str] = set()
        self._deck = True
        self._waiting: dict[str, set[str]] = {"kube-scheduler": set(), "kube-controller-manager": set()}
        self._bound: dict[str, str] = {}
        self._above: dict[str, str] = {}
        self._job_uid: dict[str, str] = {}
        self._loads: Groups[Requests] = Groups()
        self._job_pods: Groups[None] = Groups()
        self._endpoints: Groups[frozenset[str]] = Groups()
        self._hpas: Groups[str] = Groups()
        self._events_shown = events
        self._fresh = True
        for item in sorted(items, key=lambda i: i.rev):
            self._put(_prefix(item.key), item.key, item)
        self.flush()
        self._fresh = False

    # changes

    def apply(self, changes: Iterable[Change]) -> bool:
        """Take note of `changes` (in order). False if none of them can be visible."""
        seen = False
        for change in changes:
            if change.prefix in PREFIXES and (change.new is None or self._visible(change)):
                self._put(change.prefix, change.key, change.new)
                seen = True
        return seen

    def _visible(self, change: Change) -> bool:
        return change.prefix != LEASES or change.key.startswith(SYSTEM_LEASES)

    def _put(self, prefix: str, key: str, item: Item | None) -> None:
        held = self._items.get(prefix)
        if held is None:
            return
        if item is None:
            held.pop(key, None)
        else:
            held[key] = item
            if prefix == EVENTS:
                assert isinstance(held, OrderedDict)
                held.move_to_end(key)
        self._dirty[prefix].add(key)

    # flushing

    def flush(self) -> Flushed:
        """Bring `rows` up to date with all changes applied so far."""
        out = Flushed()
        take = self._take
        for key in take(JOBS):
            self._index_job(key)
            self._workloads.add(key)
        for key in take(PODS):
            self._flush_pod(key, out)
        for key in take(MACHINES):
            self._nodes.add(NODES + key.removeprefix(MACHINES))
            self._deck = True
        for key in take(SLICES):
            self._index_slice(key)
        for key in take(HPAS):
            self._index_hpa(key)
            self._flush_row("configs", HPAS, key, out, _config("HorizontalPodAutoscaler"))
        self._nodes.update(take(NODES))
        self._services.update(take(SERVICES))
        for prefix in WORKLOADS:
            if prefix != JOBS:
                self._workloads.update(take(prefix))
        for prefix, kind in CONFIGS.items():
            for key in take(prefix):
                self._flush_row("configs", prefix, key, out, _config(kind))
        for key in self._nodes:
            self._flush_row("nodes", NODES, key, out, self._node_row)
        for key in self._workloads:
            self._flush_row("workloads", _prefix(key), key, out, self._workload_row)
            if key not in self._ids["workloads"]:
                self._queue("kube-controller-manager", key, False)
        for key in self._services:
            self._flush_row("services", SERVICES, key, out, self._service_row)
        self._nodes, self._workloads, self._services = set(), set(), set()
        for key in take(NAMESPACES):
            self._flush_row("namespaces", NAMESPACES, key, out, _plain(projection.namespace_row))
        for key in take(FAULTS):
            self._flush_row("faults", FAULTS, key, out, _plain(projection.fault_row))
        if take(COMPONENTS) or take(LEASES) or self._deck:
            self._deck = False
            self._flush_deck(out)
        events = take(EVENTS)
        if events:
            self._flush_events(events, out)
        del out.notes[NOTES_LIMIT:]
        return out

    def _queue(self, process: str, key: str, waits: bool) -> None:
        """Note whether an object waits for a process; the deck shows how many do."""
        waiting = self._waiting[process]
        if waits != (key in waiting):
            (waiting.add if waits else waiting.discard)(key)
            self._deck = True

    def _take(self, prefix: str) -> set[str]:
        taken = self._dirty[prefix]
        if taken:
            self._dirty[prefix] = set()
        return taken

    def _flush_row(self, table: str, prefix: str, key: str, out: Flushed, build: Callable[[str, Obj], Row]) -> None:
        item = self._items[prefix].get(key)
        if item is None:
            self._remove(table, key, out)
        else:
            self._set(table, key, build(key, item.obj), out)

    def _set(self, table: str, key: str, row: Row, out: Flushed) -> None:
        ids, rows = self._ids[table], self.rows[table]
        row_id = row[0]
        known = ids.get(key)
        if known != row_id:
            if known is not None:
                rows.pop(known, None)
                out.touched.add((table, known))
            ids[key] = row_id
        data = encode_row(row)
        if rows.get(row_id) != data:
            rows[row_id] = data
            out.touched.add((table, row_id))

    def _remove(self, table: str, key: str, out: Flushed) -> None:
        known = self._ids[table].pop(key, None)
        if known is not None:
            self.rows[table].pop(known, None)
            out.touched.add((table, known))

    # pods, and what they weigh on their nodes

    def _flush_pod(self, key: str, out: Flushed) -> None:
        item = self._items[PODS].get(key)
        before = self._ids["pods"].get(key)
        node_before = self._bound.get(key, "")
        if item is None:
            self._remove("pods", key, out)
            self._bound.pop(key, None)
            self._nodes.update(self._loads.put(key, None))
            self._job_pods.put(key, None)
            self._queue("kube-scheduler", key, False)
            if before is not None and not self._fresh:
                out.notes.append({"k": "kill", "pod": before})
            return
        pod = item.obj
        row = projection.pod_row(pod, self._above)
        self._set("pods", key, row, out)
        self._queue("kube-scheduler", key, awaits_scheduler(pod))
        node = row[3]
        self._bound[key] = node
        if row[0] != before:
            node_before = ""
        if node and not node_before and not self._fresh:
            out.notes.append({"k": "bind", "pod": row[0], "node": node})
        over = (pod.get("status") or EMPTY).get("phase") in ("Succeeded", "Failed")
        load = (NODES + node, Requests(row[10], row[11])) if node and not over else None
        self._nodes.update(self._loads.put(key, load))
        ref = projection.controller_ref(pod["metadata"])
        self._job_pods.put(key, (ref["uid"], None) if ref is not None and ref.get("kind") == "Job" else None)

    def _node_row(self, key: str, node: Obj) -> Row:
        machine = self._items[MACHINES].get(MACHINES + key.removeprefix(NODES))
        cpu = mem = 0
        for load in self._loads.values(key):
            cpu += load.cpu
            mem += load.mem
        return projection.node_row(node, machine.obj if machine else None, Requests(cpu, mem))

    # jobs: whose Pods belong to a CronJob

    def _index_job(self, key: str) -> None:
        item = self._items[JOBS].get(key)
        before = self._job_uid.pop(key, "")
        uid = above = ""
        if item is not None:
            meta = item.obj["metadata"]
            uid = self._job_uid[key] = meta.get("uid", "")
            ref = projection.controller_ref(meta)
            above = f"{ref.get('kind')}/{ref.get('name')}" if ref else ""
        for job in {before, uid} - {""}:
            now = above if job == uid else ""
            if self._above.get(job, "") != now:
                if now:
                    self._above[job] = now
                else:
                    del self._above[job]
                self._dirty[PODS].update(self._job_pods.keys(job))

    # services and their endpoints

    def _index_slice(self, key: str) -> None:
        item = self._items[SLICES].get(key)
        now: tuple[str, frozenset[str]] | None = None
        if item is not None:
            meta = item.obj["metadata"]
            service = (meta.get("labels") or EMPTY).get("kubernetes.io/service-name")
            if service:
                now = (f"{SERVICES}{meta.get('namespace', '')}/{service}", projection.ready_endpoints(item.obj))
        self._services.update(self._endpoints.put(key, now))

    def _service_row(self, key: str, service: Obj) -> Row:
        ready: frozenset[str] = frozenset().union(*self._endpoints.values(key))
        return projection.service_row(service, len(ready))

    # workloads and their autoscalers

    def _index_hpa(self, key: str) -> None:
        item = self._items[HPAS].get(key)
        now: tuple[str, str] | None = None
        if item is not None:
            meta = item.obj["metadata"]
            target = (item.obj.get("spec") or EMPTY).get("scaleTargetRef") or EMPTY
            prefix = next((p for p, kind in WORKLOADS.items() if kind == target.get("kind")), "")
            if prefix:
                now = (f"{prefix}{meta.get('namespace', '')}/{target.get('name', '')}", str(meta.get("name", "")))
        self._workloads.update(self._hpas.put(key, now))

    def _workload_row(self, key: str, obj: Obj) -> Row:
        row = projection.workload_row(obj, WORKLOADS[_prefix(key)], min(self._hpas.values(key), default=""))
        self._queue("kube-controller-manager", key, awaits_controller(row))
        return row

    # the control-plane deck

    def _flush_deck(self, out: Flushed) -> None:
        rows = component_rows(
            machines=[i.obj for i in self._items[MACHINES].values()],
            components=[i.obj for i in self._items[COMPONENTS].values()],
            leases={k.removeprefix(SYSTEM_LEASES): i.obj for k, i in self._items[LEASES].items()},
            queues={process: len(keys) for process, keys in self._waiting.items()},
        )
        for gone in self._ids["components"].keys() - {row[0] for row in rows}:
            self._remove("components", gone, out)
        for row in rows:
            self._set("components", row[0], row, out)

    # events: the latest 500, by their last revision

    def _flush_events(self, changed: set[str], out: Flushed) -> None:
        held = self._items[EVENTS]
        shown = self._ids["events"]
        for key in changed:
            item = held.get(key)
            if item is None:
                self._remove("events", key, out)
            elif not self._fresh and key not in shown:
                event = item.obj
                if event.get("reason") == "Preempted":
                    out.notes.append({"k": "preempt", "pod": (event.get("involvedObject") or EMPTY).get("uid", "")})
        latest: list[str] = []
        for key in reversed(held):
            latest.append(key)
            if len(latest) == self._events_shown:
                break
        window = set(latest)
        for key in [k for k in shown if k not in window]:
            self._remove("events", key, out)
        for key in latest:
            if key in changed or key not in shown:
                self._set("events", key, projection.event_row(held[key].obj), out)


def _prefix(key: str) -> str:
    return key[: key.index("/", key.index("/") + 1) + 1]


def _plain(build: Callable[[Obj], Row]) -> Callable[[str, Obj], Row]:
    return lambda _key, obj: build(obj)


def _config(kind: str) -> Callable[[str, Obj], Row]:
    return lambda _key, obj: projection.config_row(obj, kind)


def encode_row(row: Row) -> bytes:
    """JSON of a row, cut down if an object with thousands of ports or labels would burst a frame."""
    data = orjson.dumps(row)
    if len(data) <= ROW_LIMIT:
        return data
    return orjson.dumps([_clip(cell) for cell in row])


def _clip(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell[: projection.MAX_TEXT]
    if isinstance(cell, list):
        return [_clip(c) for c in cell[:20]]
    if isinstance(cell, dict):
        return {k[: projection.MAX_TEXT]: _clip(v) for k, v in list(cell.items())[:20]}
    return cell


def visible_items(items: Iterable[Item]) -> Iterator[Item]:
    """Those of a cluster's items that a board is made of."""
    for item in items:
        prefix = _prefix(item.key)
        if prefix in PREFIXES and (prefix != LEASES or item.key.startswith(SYSTEM_LEASES)):
            yield item
