"""The control-plane deck: which processes there are, where they run, which of them leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusters.machinery.types import Obj
from clusters.realtime.messages import Row
from clusters.realtime.podstate import EMPTY

PROCESSES = ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager")
ELECTED = frozenset({"kube-scheduler", "kube-controller-manager"})
SCHEDULER = "default-scheduler"
MAKERS = frozenset({"ReplicaSet", "ReplicationController", "DaemonSet"})
"""Kinds whose controllers make and remove Pods as fast as they can."""


def awaits_scheduler(pod: Obj) -> bool:
    """Whether a Pod is in the scheduler's queue: active, backing off or found unschedulable, but not gated.
    Models: kube-scheduler, metric pending_pods."""
    spec = pod.get("spec") or EMPTY
    return not (
        spec.get("nodeName")
        or spec.get("schedulingGates")
        or spec.get("schedulerName", SCHEDULER) != SCHEDULER
        or "deletionTimestamp" in pod["metadata"]
        or (pod.get("status") or EMPTY).get("phase") in ("Succeeded", "Failed")
    )


def awaits_controller(row: Row) -> bool:
    """Whether a workload is behind what was asked of it: its controller has not seen it, or has yet to make or
    remove Pods. (What waits for Pods to become ready is in no queue.)"""
    _, kind, _, _, _, desired, current, *_, seen = row
    return not seen or (kind in MAKERS and desired != current)


def component_rows(
    *,
    machines: Sequence[Obj],
    components: Sequence[Obj],
    leases: Mapping[str, Obj],
    queues: Mapping[str, int] = EMPTY,
) -> list[Row]:
    """A row for each process on each control-plane machine (on none, if the control plane is managed), and one
    for each single loop that was stopped by itself. `leases` are those of kube-system, by name; `queues` says how
    much waits for a process: for the instance that leads, or for the first if none does."""
    hosts = {
        m["metadata"]["name"]: (m.get("spec") or EMPTY).get("power") or "on"
        for m in machines
        if (m.get("spec") or EMPTY).get("role") == "control-plane"
    }
    stopped = {c["metadata"]["name"] for c in components if (c.get("spec") or EMPTY).get("state") == "stopped"}
    rows: list[Row] = []
    for process in PROCESSES:
        alone = len(hosts) <= 1
        first = len(rows)
        for host in sorted(hosts) or [""]:
            name = process if alone else f"{process}@{host}"
            if hosts.get(host) == "off":
                state = "down"
            elif process in stopped or name in stopped:
                state = "stopped"
            else:
                state = "running"
            leader = state == "running" and _leads(process, host, alone, leases.get(process))
            rows.append([name, process, host, state, 0, leader])
        waiting = queues.get(process, 0)
        if waiting:
            next((row for row in rows[first:] if row[5]), rows[first])[4] = waiting
    known = {row[0] for row in rows} | set(PROCESSES)
    rows += [[name, name, "", "stopped", 0, False] for name in sorted(stopped - known)]
    return rows


def _leads(process: str, host: str, alone: bool, lease: Obj | None) -> bool:
    if process in ELECTED:
        holder = ((lease or EMPTY).get("spec") or EMPTY).get("holderIdentity") or ""
        return bool(holder) and (alone or holder == host or holder.startswith(host + "_"))
    return process == "etcd" and alone
