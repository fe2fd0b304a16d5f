"""The control-plane deck: which processes there are, where they run, which of them leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusters.machinery.types import Obj
from clusters.realtime.messages import Row
from clusters.realtime.podstate import EMPTY

PROCESSES = ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager")
ELECTED = frozenset({"kube-scheduler", "kube-controller-manager"})


def component_rows(*, machines: Sequence[Obj], components: Sequence[Obj], leases: Mapping[str, Obj]) -> list[Row]:
    """A row for each process on each control-plane machine (on none, if the control plane is managed), and one
    for each single loop that was stopped by itself. `leases` are those of kube-system, by name."""
    hosts = {
        m["metadata"]["name"]: (m.get("spec") or EMPTY).get("power") or "on"
        for m in machines
        if (m.get("spec") or EMPTY).get("role") == "control-plane"
    }
    stopped = {c["metadata"]["name"] for c in components if (c.get("spec") or EMPTY).get("state") == "stopped"}
    rows: list[Row] = []
    for process in PROCESSES:
        alone = len(hosts) <= 1
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
    known = {row[0] for row in rows} | set(PROCESSES)
    rows += [[name, name, "", "stopped", 0, False] for name in sorted(stopped - known)]
    return rows


def _leads(process: str, host: str, alone: bool, lease: Obj | None) -> bool:
    if process in ELECTED:
        holder = ((lease or EMPTY).get("spec") or EMPTY).get("holderIdentity") or ""
        return bool(holder) and (alone or holder == host or holder.startswith(host + "_"))
    return process == "etcd" and alone
