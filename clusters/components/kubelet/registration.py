"""Registering nodes and keeping them registered; booting and stopping with their machines.

Models: kubelet, kubelet_node_status.go (registerWithAPIServer, tryUpdateNodeStatus).
"""

from __future__ import annotations

from collections.abc import Callable

from clusters.client.api import ApiClient, EventSink
from clusters.client.component import Env
from clusters.components.kubelet import network, node, pressure
from clusters.components.kubelet.heartbeat import Heartbeat
from clusters.machinery.errors import AlreadyExists
from clusters.machinery.types import Obj
from clusters.resources.coordination.heartbeat import LIVE, MARK

NODES, MACHINES = "nodes", "machines.playground.dev"
REGISTERED = "playground.dev/registered"
"""On a Machine: its kubelet has registered since it started. A Node that is deleted under a running kubelet stays
away until the kubelet starts anew, as with a real one."""


def is_alive(machine: Obj) -> bool:
    """Whether the machine's kubelet runs."""
    spec = machine["spec"]
    return bool(spec.get("power", "on") == "on" and spec.get("kubelet", "running") == "running")


class Registrar:
    """The Node objects of all machines."""

    def __init__(
        self,
        env: Env,
        client_of: Callable[[str], ApiClient],
        sink_of: Callable[[str], EventSink],
        heartbeat: Heartbeat,
    ) -> None:
        self.env = env
        self.client_of = client_of
        self.sink_of = sink_of
        self.heartbeat = heartbeat
        self.nodes = env.informers[NODES]
        self.machines = env.informers[MACHINES]
        self._images: dict[str, set[str]] = {}
        self._used: dict[str, str] = {}
        self.nodes.on_change(self._node_changed)

    def _node_changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is not None:
            self._used.pop(node.internal_ip(old), None)
        if new is not None:
            self._used[node.internal_ip(new)] = new["metadata"]["name"]

    def _free_address(self, machine: Obj) -> str:
        return network.node_address(self._used, control_plane=machine["spec"].get("role") == "control-plane")

    def images(self, name: str, stored: Obj) -> set[str]:
        """Full names of the images on the node."""
        known = self._images.get(name)
        if known is None:
            known = self._images[name] = node.image_names(stored)
        return known

    def pulled(self, name: str, image: str) -> bool:
        """An image is on the node from now on; False if it was before."""
        stored = self.nodes.by_key(name)
        if stored is None or image in self.images(name, stored):
            return False
        self._images[name].add(image)
        listed = [n for n in self._images[name] if "@sha256:" not in n] + [image]
        entries = node.image_entries(sorted(set(listed)))
        status = {**(stored.get("status") or {}), "images": entries}
        self.client_of(name).update_status(NODES, {**stored, "metadata": dict(stored["metadata"]), "status": status})
        return True

    def sync(self, name: str) -> bool:
        """Bring the Node in line with its machine; True if its pods are to be looked at."""
        machine = self.machines.by_key(name)
        if machine is None:
            return False
        if not is_alive(machine):
            self._stop(name, machine)
            return False
        stored = self.nodes.by_key(name)
        registered = REGISTERED in (machine["metadata"].get("annotations") or {})
        if stored is None:
            if registered:
                return False
            stored = self._register(name, machine)
            if stored is None:
                return False
        if not registered:
            self._note(name, "true")
        return self._keep(name, machine, stored)

    def _note(self, name: str, value: str | None) -> None:
        self.env.client.patch(MACHINES, "", name, {"metadata": {"annotations": {REGISTERED: value}}})

    def _stop(self, name: str, machine: Obj) -> None:
        if REGISTERED in (machine["metadata"].get("annotations") or {}):
            self._note(name, None)
        if not self.heartbeat.beats(name):
            return
        self.heartbeat.end(name, why="power" if machine["spec"].get("power") == "off" else "kubelet")
        stored = self.nodes.by_key(name)
        if stored is not None and (stored["metadata"].get("annotations") or {}).get(MARK):
            # The conditions' own times of the last heartbeat stand still from here on.
            self.client_of(name).patch(NODES, "", name, {"metadata": {"annotations": {MARK: None}}})

    def _register(self, name: str, machine: Obj) -> Obj | None:
        control_plane = machine["spec"].get("role") == "control-plane"
        address = self._free_address(machine)
        new = node.registered(machine, address=address, rng=self.env.rng, now=self.env.clock.now())
        try:
            stored = self.client_of(name).create(NODES, "", new)
        except AlreadyExists:
            return self.nodes.by_key(name)
        self._images.pop(name, None)
        if control_plane:
            labels = {
                f"{node.ROLE_LABEL}control-plane": "",
                "node.kubernetes.io/exclude-from-external-load-balancers": "",
            }
            stored = self.env.client.patch(NODES, "", name, {"metadata": {"labels": labels}})
        self._greet(name, stored)
        return stored

    def _greet(self, name: str, stored: Obj) -> None:
        sink = self.sink_of(name)
        sink.event(stored, "Normal", "Starting", "Starting kubelet.")
        for state in ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"):
            sink.event(stored, "Normal", state, f"Node {name} status is now: {state}")
        sink.event(stored, "Normal", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")

    def _tell_pressure(self, name: str, stored: Obj, before: set[str], after: set[str]) -> None:
        sink = self.sink_of(name)
        for kind in pressure.KINDS:
            if kind.condition in after - before:
                text = f"Attempting to reclaim {kind.resource}"
                sink.event(stored, "Normal", kind.event, f"Node {name} status is now: {kind.event}")
                sink.event(stored, "Warning", "EvictionThresholdMet", text)
            elif kind.condition in before - after:
                word = "NodeHasSufficientMemory" if kind is pressure.MEMORY else "NodeHasNoDiskPressure"
                sink.event(stored, "Normal", word, f"Node {name} status is now: {word}")

    def _keep(self, name: str, machine: Obj, stored: Obj) -> bool:
        """Post the node's status if it changed, and live. True at a boot or a restart of the kubelet."""
        now, status = self.env.clock.now(), stored.get("status") or {}
        began = not self.heartbeat.beats(name)
        stopped = self.heartbeat.stopped_by(name)
        boot = (status.get("nodeInfo") or {}).get("bootID", "")
        rebooted = bool(stopped == "power" and boot)
        if rebooted or not boot:
            boot = node.boot_id(self.env.rng, name, now)
        address = node.internal_ip(stored) or self._free_address(machine)
        if began:
            self.heartbeat.begin(stored)
            if stopped:
                self._greet(name, stored)
        want = node.status(stored, machine, address=address, boot=boot, rng=self.env.rng, now=now)
        changed = stored
        marked = (stored["metadata"].get("annotations") or {}).get(MARK) == LIVE
        if not marked:
            changed = self.client_of(name).patch(NODES, "", name, {"metadata": {"annotations": {MARK: LIVE}}})
        if not node.same_but_heartbeat(want, status):
            metadata = dict(changed["metadata"])
            changed = self.client_of(name).update_status(NODES, {**changed, "metadata": metadata, "status": want})
        if rebooted:
            text = f"Node {name} has been rebooted, boot id: {boot}"
            self.sink_of(name).event(changed, "Warning", "Rebooted", text)
        self._tell_pressure(name, changed, _true(status), _true(want))
        if _ready(want) != _ready(status):
            word = "NodeReady" if _ready(want) == "True" else "NodeNotReady"
            self.sink_of(name).event(changed, "Normal", word, f"Node {name} status is now: {word}")
        return began


def _true(status: Obj) -> set[str]:
    return {c["type"] for c in status.get("conditions") or () if c["status"] == "True"}


def _ready(status: Obj) -> str:
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            return str(condition["status"])
    return ""
