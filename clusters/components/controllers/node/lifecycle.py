"""Node health: silence becomes Unknown, conditions become taints, pods of a lost node are not ready.

A lease that lives is in closed form and needs no timer: a healthy cluster costs nothing here.
Models: kube-controller-manager, nodelifecycle/node_lifecycle_controller.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.components.controllers.node import health, taints
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

LEASES = "leases.coordination.k8s.io"
LEASE_NAMESPACE = "kube-node-lease"
EVICTION_INTERVAL = 10 * SECOND
"""One node of a zone in that time gets a NoExecute taint (--node-eviction-rate 0.1)."""
SLOW_INTERVAL = 100 * SECOND
"""In a large zone most of which is down (--secondary-node-eviction-rate 0.01)."""
LARGE_ZONE = 50
UNHEALTHY_SHARE = 0.55
_ZONES = "~zones"
"""The key that looks at all lost nodes again; it sorts behind every node's name."""


class NodeLifecycleController(Controller):
    """Keys are node names, and `~zones`."""

    name: ClassVar[str] = "node-lifecycle-controller"
    user: ClassVar[UserInfo] = controller_user("node-controller")

    def setup(self) -> None:
        informers = self.env.informers
        self.nodes, self.pods, self.leases = informers["nodes"], informers["pods"], informers[LEASES]
        self.events = self.env.events("node-controller", "")
        pod_of.index_by_node(self.pods)
        self._known = False
        self._zones: dict[str, _Zone] = {}
        self._down: set[str] = set()
        self.nodes.on_change(self._node_changed)
        self.leases.on_change(self._lease_changed)
        self.pods.on_change(self._pod_changed)
        self._known = True

    def _node_changed(self, old: Obj | None, new: Obj | None) -> None:
        self._count(old, new)
        if new is None:
            assert old is not None
            name = old["metadata"]["name"]
            text = f"Node {name} event: Removing Node {name} from Controller"
            self.events.event(old, "Normal", "RemovingNode", text)
            return
        name = new["metadata"]["name"]
        if old is None and self._known:
            text = f"Node {name} event: Registered Node {name} in Controller"
            self.events.event(new, "Normal", "RegisteredNode", text)
        self.queue.add(name)
        if old is not None and health.readiness(old) != health.readiness(new):
            # Whether others may be tainted depends on how many are left; asked once all changes are in.
            self.queue.add(_ZONES)

    def _count(self, old: Obj | None, new: Obj | None) -> None:
        """Keep the numbers of each zone."""
        for node, sign in ((old, -1), (new, 1)):
            if node is None:
                continue
            zone = self._zones.setdefault(_zone(node), _Zone())
            if health.readiness(node) == "True":
                zone.up += sign
            else:
                zone.down += sign
            zone.tainted = max(zone.tainted, _tainted_at(node) if sign > 0 else 0)
        if new is not None and health.readiness(new) in ("False", "Unknown"):
            self._down.add(new["metadata"]["name"])
        elif (node := new or old) is not None:
            self._down.discard(node["metadata"]["name"])

    def _lease_changed(self, old: Obj | None, new: Obj | None) -> None:
        lease = new or old
        assert lease is not None
        if lease["metadata"].get("namespace") == LEASE_NAMESPACE:
            self.queue.add(lease["metadata"]["name"])

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        """A pod that is ready on a node that is not."""
        if new is None or not pod_of.is_ready(new):
            return
        node = self.nodes.by_key(pod_of.node_name(new))
        if node is not None and health.readiness(node) not in ("True", ""):
            self.queue.add(node["metadata"]["name"])

    def sync(self, key: str) -> None:
        if key == _ZONES:
            for name in sorted(self._down):
                self.queue.add(name)
            return
        node = self.nodes.by_key(key)
        if node is None:
            return
        now = self.env.clock.now()
        node = self._check_health(node, now)
        node = self._taint(node, taints.no_schedule(node, now))
        state = health.readiness(node)
        if state in ("False", "Unknown"):
            self._mark_pods(node, now)
        if state:
            self._isolate(node, now)

    def _check_health(self, node: Obj, now: int) -> Obj:
        name = node["metadata"]["name"]
        lease = self.leases.get(LEASE_NAMESPACE, name)
        due = health.overdue_at(node, lease)
        if due is None:
            return node
        if now < due:
            self.queue.add_at(name, due)
            return node
        was = health.readiness(node)
        found = health.silenced(node, now)
        status = node.get("status") or {}
        if found == (status.get("conditions") or []):
            return node
        node = self.env.client.update_status("nodes", draft(node, status={**status, "conditions": found}))
        if was == "True":
            text = f"Node {name} status is now: NodeNotReady"
            self.events.event(node, "Normal", "NodeNotReady", text)
        return node

    def _mark_pods(self, node: Obj, now: int) -> None:
        for pod in pod_of.on_node(self.pods, node["metadata"]["name"]):
            if not pod_of.is_ready(pod):
                continue
            found = [
                {**c, "status": "False", "lastTransitionTime": rfc3339(now)} if c["type"] == "Ready" else c
                for c in pod["status"]["conditions"]
            ]
            try:
                changed = self.env.client.update_status(
                    "pods", draft(pod, status={**pod["status"], "conditions": found})
                )
            except NotFound:
                continue
            self.events.event(changed, "Warning", "NodeNotReady", "Node is not ready")

    def _taint(self, node: Obj, wanted: list[taints.Taint] | None) -> Obj:
        if wanted is None:
            return node
        patch = {"spec": {"taints": wanted or None}}
        return self.env.client.patch("nodes", "", node["metadata"]["name"], patch)

    # NoExecute

    def _isolate(self, node: Obj, now: int) -> None:
        """Taint a lost node so that its pods are evicted, at the pace that its zone's state allows."""
        wanted = taints.no_execute(node, now)
        if health.readiness(node) == "True":
            self._taint(node, wanted)
            return
        if self._everything_is_down():
            # More likely it is the control plane that is cut off: nobody is evicted.
            self._taint(node, taints.reachable(node, now))
            return
        if wanted is None:
            return
        zone = self._zones[_zone(node)]
        interval = zone.pace()
        if interval is None:
            return
        if zone.tainted and zone.tainted + interval > now and not _tainted_at(node):
            self.queue.add_at(node["metadata"]["name"], zone.tainted + interval)
            return
        self._taint(node, wanted)

    def _everything_is_down(self) -> bool:
        return not any(zone.up for zone in self._zones.values())


@dataclass(slots=True)
class _Zone:
    """Ready and other nodes of one zone, and when the last one was tainted as lost."""

    up: int = 0
    down: int = 0
    tainted: int = 0

    def pace(self) -> int | None:
        """The time between two tainted nodes; None: none may be tainted now."""
        size = self.up + self.down
        if self.up and self.down > 2 and self.down / size >= UNHEALTHY_SHARE:
            return SLOW_INTERVAL if size > LARGE_ZONE else None
        return EVICTION_INTERVAL


def _zone(node: Obj) -> str:
    labels = node["metadata"].get("labels") or {}
    return f"{labels.get('topology.kubernetes.io/region', '')}:{labels.get('topology.kubernetes.io/zone', '')}"


def _tainted_at(node: Obj) -> int:
    """When the node was tainted as lost; 0 if it is not."""
    times = [
        pod_of.when(t["timeAdded"])
        for t in node["spec"].get("taints") or ()
        if t["effect"] == "NoExecute" and t["key"] in (taints.NOT_READY, taints.UNREACHABLE) and t.get("timeAdded")
    ]
    return max(times, default=0)
