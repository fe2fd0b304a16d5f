"""Object → summary row: what the canvas needs of an object, about 200 bytes instead of 5 KB.

Pure functions of stored objects (and the few neighbours a row depends on), each giving a row in the order of
`messages.TABLES`. They run for every change of a watched cluster, so they read plainly and build nothing
they do not return. A row never depends on the time: two readers at one revision see the same row.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from clusters.kernel.clock import parse_rfc3339
from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.realtime.messages import Row
from clusters.realtime.podstate import EMPTY, glance

MAX_TEXT = 300
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"
ZONE_LABEL = "topology.kubernetes.io/zone"


@lru_cache(maxsize=8192)
def micros(text: str) -> int:
    """Virtual microseconds of a timestamp; 0 for none."""
    try:
        return parse_rfc3339(text) if text else 0
    except ValueError:
        return 0


def _created(meta: dict[str, Any]) -> int:
    return micros(meta.get("creationTimestamp") or "")


class Requests(NamedTuple):
    """What a Pod asks of its node: milli-CPU and bytes."""

    cpu: int
    mem: int


def requests(spec: dict[str, Any]) -> Requests:
    """A Pod's effective requests: the larger of all containers together and each init container in its turn
    (sidecars that started before it included), pod-level resources over both, plus overhead.
    Models: component-helpers, resource.PodRequests."""
    cpu = mem = 0
    for container in spec.get("containers") or ():
        wanted = (container.get("resources") or EMPTY).get("requests")
        if wanted:
            cpu += quantity.milli(wanted.get("cpu") or 0)
            mem += quantity.value(wanted.get("memory") or 0)
    inits = spec.get("initContainers")
    if inits:
        side_cpu = side_mem = peak_cpu = peak_mem = 0
        for container in inits:
            wanted = (container.get("resources") or EMPTY).get("requests") or EMPTY
            own_cpu, own_mem = (
                quantity.milli(wanted.get("cpu") or 0),
                quantity.value(wanted.get("memory") or 0),
            )
            if container.get("restartPolicy") == "Always":
                side_cpu += own_cpu
                side_mem += own_mem
                own_cpu = own_mem = 0
            peak_cpu = max(peak_cpu, side_cpu + own_cpu)
            peak_mem = max(peak_mem, side_mem + own_mem)
        cpu, mem = max(cpu + side_cpu, peak_cpu), max(mem + side_mem, peak_mem)
    whole = (spec.get("resources") or EMPTY).get("requests")
    if whole:
        cpu = quantity.milli(whole["cpu"]) if "cpu" in whole else cpu
        mem = quantity.value(whole["memory"]) if "memory" in whole else mem
    overhead = spec.get("overhead")
    if overhead:
        cpu += quantity.milli(overhead.get("cpu") or 0)
        mem += quantity.value(overhead.get("memory") or 0)
    return Requests(cpu, mem)


def controller_ref(meta: dict[str, Any]) -> dict[str, Any] | None:
    for ref in meta.get("ownerReferences") or ():
        if ref.get("controller"):
            found: dict[str, Any] = ref
            return found
    return None


def workload_of(meta: dict[str, Any], ref: dict[str, Any] | None, above: dict[str, str]) -> str:
    """`Kind/name` of the topmost owner. A ReplicaSet of a Deployment is told by its name, which ends in the
    Pod's template hash, so the answer stands while the owners are being deleted; `above` names the owners of
    other controllers (Jobs) by uid."""
    if ref is None:
        return f"Pod/{meta.get('name', '')}"
    kind, name = ref.get("kind"), ref.get("name") or ""
    if kind == "ReplicaSet":
        suffix = "-" + ((meta.get("labels") or EMPTY).get("pod-template-hash") or "\n")
        if name.endswith(suffix):
            return f"Deployment/{name[: -len(suffix)]}"
    return above.get(ref.get("uid") or "") or f"{kind}/{name}"


def pod_row(pod: Obj, above: dict[str, str]) -> Row:
    meta = pod["metadata"]
    spec = pod.get("spec") or EMPTY
    status = pod.get("status") or EMPTY
    look = glance(pod)
    ref = controller_ref(meta)
    cpu, mem = requests(spec)
    containers = spec.get("containers") or ()
    return [
        meta.get("uid", ""),
        meta.get("namespace", ""),
        meta.get("name", ""),
        spec.get("nodeName") or "",
        look.state,
        look.status,
        look.ready,
        look.restarts,
        (ref.get("uid") or "") if ref else "",
        workload_of(meta, ref, above),
        cpu,
        mem,
        status.get("qosClass") or "",
        look.reason[:MAX_TEXT],
        look.message[:MAX_TEXT],
        _containers(containers, status.get("containerStatuses")),
        _created(meta),
        status.get("podIP") or "",
        (containers[0].get("image") or "") if containers else "",
    ]


def _containers(specs: Any, statuses: Any) -> list[Row]:
    if not statuses:
        return [[c.get("name", ""), "waiting", "", False, 0] for c in specs]
    rows: list[Row] = []
    for status in statuses:
        now = status.get("state") or EMPTY
        if "running" in now:
            state, reason = "running", ""
        elif "terminated" in now:
            state, reason = "terminated", (now["terminated"] or EMPTY).get("reason") or ""
        else:
            state, reason = "waiting", (now.get("waiting") or EMPTY).get("reason") or ""
        rows.append(
            [
                status.get("name", ""),
                state,
                reason,
                bool(status.get("ready")),
                status.get("restartCount") or 0,
            ]
        )
    return rows


def node_row(node: Obj, machine: Obj | None, used: Requests) -> Row:
    meta = node["metadata"]
    spec = node.get("spec") or EMPTY
    status = node.get("status") or EMPTY
    labels = meta.get("labels") or EMPTY
    room = status.get("allocatable") or status.get("capacity") or EMPTY
    ready, pressure = "Unknown", []
    for cond in status.get("conditions") or ():
        kind = cond.get("type")
        if kind == "Ready":
            ready = cond.get("status") or "Unknown"
        elif cond.get("status") == "True" and kind in PRESSURES:
            pressure.append(kind)
    hardware = (machine.get("spec") or EMPTY) if machine else EMPTY
    return [
        meta.get("uid", ""),
        meta.get("name", ""),
        "control-plane" if CONTROL_PLANE_LABEL in labels else "worker",
        labels.get(ZONE_LABEL) or "",
        ready,
        bool(spec.get("unschedulable")),
        [_taint(t) for t in spec.get("taints") or ()],
        quantity.milli(room.get("cpu") or 0),
        quantity.value(room.get("memory") or 0),
        quantity.value(room.get("pods") or 0),
        used.cpu,
        used.mem,
        (hardware.get("power") or "on") if machine else "",
        (hardware.get("kubelet") or "running") if machine else "",
        pressure,
        (status.get("nodeInfo") or EMPTY).get("kubeletVersion") or "",
        _created(meta),
        "deletionTimestamp" in meta,
        next((a.get("address", "") for a in status.get("addresses") or () if a.get("type") == "InternalIP"), ""),
    ]


def _taint(taint: dict[str, Any]) -> str:
    value = taint.get("value")
    key = taint.get("key", "")
    return f"{key}={value}:{taint.get('effect', '')}" if value else f"{key}:{taint.get('effect', '')}"


def workload_row(obj: Obj, kind: str, hpa: str) -> Row:
    """Counts by kind. A Job's desired is its completions, current its active Pods, updated and available its
    successes; a CronJob's current is its active Jobs."""
    meta = obj["metadata"]
    spec = obj.get("spec") or EMPTY
    status = obj.get("status") or EMPTY
    template = spec.get("template") or EMPTY
    paused = bool(spec.get("paused"))
    if kind == "DaemonSet":
        counts = [
            status.get("desiredNumberScheduled") or 0,
            status.get("currentNumberScheduled") or 0,
            status.get("numberReady") or 0,
            status.get("updatedNumberScheduled") or 0,
            status.get("numberAvailable") or 0,
        ]
    elif kind == "Job":
        done = status.get("succeeded") or 0
        wanted = spec.get("completions")
        counts = [
            (spec.get("parallelism") or 1) if wanted is None else wanted,
            status.get("active") or 0,
            status.get("ready") or 0,
            done,
            done,
        ]
        paused = bool(spec.get("suspend"))
    elif kind == "CronJob":
        counts = [0, len(status.get("active") or ()), 0, 0, 0]
        paused = bool(spec.get("suspend"))
        template = ((spec.get("jobTemplate") or EMPTY).get("spec") or EMPTY).get("template") or EMPTY
    else:
        current = status.get("replicas") or 0
        wanted = spec.get("replicas")
        counts = [
            1 if wanted is None else wanted,
            current,
            status.get("readyReplicas") or 0,
            (status.get("updatedReplicas") or 0) if kind in ("Deployment", "StatefulSet") else current,
            status.get("availableReplicas") or 0,
        ]
    ref = controller_ref(meta)
    seen = status.get("observedGeneration")
    return [
        meta.get("uid", ""),
        kind,
        meta.get("namespace", ""),
        meta.get("name", ""),
        (ref.get("uid") or "") if ref else "",
        *counts,
        paused,
        hpa,
        _created(meta),
        [c.get("image") or "" for c in (template.get("spec") or EMPTY).get("containers") or ()],
        # Jobs and CronJobs have no observedGeneration: there is nothing to wait for.
        kind in ("Job", "CronJob") or seen == meta.get("generation"),
    ]


def service_row(service: Obj, endpoints: int) -> Row:
    meta = service["metadata"]
    spec = service.get("spec") or EMPTY
    return [
        meta.get("uid", ""),
        meta.get("namespace", ""),
        meta.get("name", ""),
        spec.get("type") or "ClusterIP",
        spec.get("clusterIP") or "",
        [_port(p) for p in spec.get("ports") or ()],
        spec.get("selector") or None,
        endpoints,
        _created(meta),
    ]


def _port(port: dict[str, Any]) -> str:
    here, there = port.get("port"), port.get("targetPort")
    arrow = f"→{there}" if there is not None and there != here else ""
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{here}{node}{arrow}/{port.get('protocol') or 'TCP'}"


def ready_endpoints(endpoint_slice: Obj) -> frozenset[str]:
    """The ready endpoints of a slice, by what they stand for (a Pod has an address in each family)."""
    found: set[str] = set()
    for endpoint in endpoint_slice.get("endpoints") or ():
        if (endpoint.get("conditions") or EMPTY).get("ready") is not False:
            target = (endpoint.get("targetRef") or EMPTY).get("uid")
            found.add(target or ",".join(endpoint.get("addresses") or ()))
    return frozenset(found)


def namespace_row(namespace: Obj) -> Row:
    meta = namespace["metadata"]
    return [
        meta.get("uid", ""),
        meta.get("name", ""),
        (namespace.get("status") or EMPTY).get("phase") or "Active",
    ]


def config_row(obj: Obj, kind: str) -> Row:
    meta = obj["metadata"]
    return [meta.get("uid", ""), kind, meta.get("namespace", ""), meta.get("name", ""), _created(meta)]


def event_row(event: Obj) -> Row:
    about = event.get("involvedObject") or EMPTY
    series = event.get("series") or EMPTY
    last = (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )
    return [
        event["metadata"].get("uid", ""),
        event.get("type") or "Normal",
        event.get("reason") or "",
        (event.get("message") or "")[:MAX_TEXT],
        about.get("kind") or "",
        about.get("namespace") or "",
        about.get("name") or "",
        about.get("uid") or "",
        series.get("count") or event.get("count") or 1,
        micros(last),
        (event.get("source") or EMPTY).get("component") or event.get("reportingComponent") or "",
    ]


def fault_row(fault: Obj) -> Row:
    meta = fault["metadata"]
    spec = fault.get("spec") or EMPTY
    until = spec.get("until")
    return [
        meta.get("name", ""),
        spec.get("kind") or "",
        spec.get("target") or "",
        micros(until) if until else None,
        micros(spec.get("since") or "") or _created(meta),
    ]
