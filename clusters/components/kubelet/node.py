"""The Node object that a machine's kubelet registers, and what it says of it as time goes on.

Pure functions of the machine, the stored Node and the time. Models: kubelet, kubelet_node_status.go and
nodestatus/setters.go.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from clusters.components.kubelet import images, pressure
from clusters.kernel.clock import rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery import quantity
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.coordination.heartbeat import LIVE, MARK

VERSION = "v1.36.2"
ROLE_LABEL = "node-role.kubernetes.io/"
CONTROL_PLANE_TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
_MAX_IMAGES = 50
_HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)
_READY = ("Ready", "True", "KubeletReady", "kubelet is posting ready status")
_NO_NETWORK = (
    "Ready",
    "False",
    "KubeletNotReady",
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin "
    "returns error: cni plugin not initialized",
)


def node_user(name: str) -> UserInfo:
    """As whom the kubelet of that node writes."""
    return UserInfo(name=f"system:node:{name}", groups=("system:nodes", "system:authenticated"))


def labels(machine: Obj) -> dict[str, str]:
    """The labels that the kubelet registers with."""
    spec, name = machine["spec"], machine["metadata"]["name"]
    out = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }
    if spec.get("region"):
        out["topology.kubernetes.io/region"] = spec["region"]
    if spec.get("zone"):
        out["topology.kubernetes.io/zone"] = spec["zone"]
    out.update(spec.get("labels") or {})
    return out


def capacity(machine: Obj) -> dict[str, str]:
    spec = machine["spec"]
    return {
        "cpu": quantity.canonical(str(spec.get("cpu", "4"))),
        "ephemeral-storage": "103079844Ki",
        "hugepages-1Gi": "0",
        "hugepages-2Mi": "0",
        "memory": f"{quantity.value(str(spec.get('memory', '16Gi'))) // 1024}Ki",
        "pods": str(spec.get("pods", 110)),
    }


def boot_id(rng: Rng, name: str, booted: int) -> str:
    """A boot's id that tells when it was: a UUID of version 7, whose first 48 bits are milliseconds."""
    bits = rng.bits("boot", name, booted)
    millis = f"{booted // 1000:012x}"
    tail = f"{bits:032x}"
    return f"{millis[:8]}-{millis[8:]}-7{tail[:3]}-{'89ab'[bits & 3]}{tail[3:6]}-{tail[6:18]}"


def booted_at(node: Obj) -> int:
    """When the node's machine last started (microseconds; 0 if it does not say)."""
    text = ((node.get("status") or {}).get("nodeInfo") or {}).get("bootID", "")
    if len(text) != 36 or text[14] != "7":
        return 0
    try:
        return int(text[:8] + text[9:13], 16) * 1000
    except ValueError:
        return 0


def node_info(machine: Obj, rng: Rng, boot: str) -> dict[str, Any]:
    name = machine["metadata"]["name"]
    return {
        "architecture": "amd64",
        "bootID": boot,
        "containerRuntimeVersion": "containerd://2.2.1",
        "kernelVersion": "6.12.48",
        "kubeProxyVersion": "",
        "kubeletVersion": VERSION,
        "machineID": f"{rng.bits('machine', name):032x}",
        "operatingSystem": "linux",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "systemUUID": rng.uuid("system", name),
    }


def registered(machine: Obj, *, address: str, rng: Rng, now: int) -> Obj:
    """A new Node for the machine, not ready yet."""
    name = machine["metadata"]["name"]
    spec: Obj = {}
    if machine["spec"].get("role") == "control-plane":
        spec["taints"] = [dict(CONTROL_PLANE_TAINT)]
    node: Obj = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels(machine),
            "annotations": {
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
                MARK: LIVE,
            },
        },
        "spec": spec,
        "status": {},
    }
    node["status"] = status(node, machine, address=address, boot=boot_id(rng, name, now), rng=rng, now=now)
    return node


def status(node: Obj, machine: Obj, *, address: str, boot: str, rng: Rng, now: int) -> dict[str, Any]:
    """The status that the kubelet posts; what others wrote there stays."""
    old = node.get("status") or {}
    amounts = capacity(machine)
    network = bool((node.get("spec") or {}).get("podCIDR"))
    return {
        **old,
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": machine["metadata"]["name"]},
        ],
        "allocatable": {**(old.get("allocatable") or {}), **amounts},
        "capacity": {**(old.get("capacity") or {}), **amounts},
        "conditions": conditions(
            old.get("conditions") or (), network=network, now=now, pressures=pressure.of_machine(machine)
        ),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": node_info(machine, rng, boot),
        "runtimeHandlers": [{"name": "", "features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}}],
    }


def conditions(
    old: Iterable[Mapping[str, Any]], *, network: bool, now: int, pressures: Container[str] = ()
) -> list[dict[str, Any]]:
    """The node's conditions as a kubelet posts them that lives."""
    before = {c["type"]: c for c in old}
    pressed = {k.condition: (k.condition, "True", k.reason, k.message) for k in pressure.KINDS}
    well = (pressed[entry[0]] if entry[0] in pressures else entry for entry in _HEALTHY)
    mine = (*well, _READY if network else _NO_NETWORK)
    stamp = rfc3339(now)
    out: list[dict[str, Any]] = []
    for kind, value, reason, message in mine:
        known = before.pop(kind, None)
        since = known["lastTransitionTime"] if known and known["status"] == value else stamp
        out.append(
            {
                "type": kind,
                "status": value,
                "lastHeartbeatTime": stamp,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
        )
    return [dict(c) for c in before.values()] + out


def same_but_heartbeat(a: Obj, b: Obj) -> bool:
    """Whether two statuses differ in nothing but the times of the heartbeat."""

    def bare(status_: Obj) -> Obj:
        found = [{k: v for k, v in c.items() if k != "lastHeartbeatTime"} for c in status_.get("conditions") or ()]
        return {**status_, "conditions": found}

    return a == b or bare(a) == bare(b)


def image_entries(names: Iterable[str]) -> list[dict[str, Any]]:
    """`status.images`: the largest first, at most fifty."""
    entries = [
        {"names": [images.digest_name(name), name] if "@" not in name else [name], "sizeBytes": images.size(name)}
        for name in names
    ]
    entries.sort(key=lambda e: (-int(e["sizeBytes"]), e["names"]))  # type: ignore[call-overload]
    return entries[:_MAX_IMAGES]


def image_names(node: Obj) -> set[str]:
    """Full names of the images that the stored Node lists."""
    return {name for entry in (node.get("status") or {}).get("images") or () for name in entry.get("names") or ()}


def internal_ip(node: Obj) -> str:
    for address in (node.get("status") or {}).get("addresses") or ():
        if address["type"] == "InternalIP":
            return str(address["address"])
    return ""
