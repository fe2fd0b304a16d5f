"""A node's heartbeat in closed form: a lease that says "live" while the kubelet lives.

Nothing is written while nothing changes: readers of a live lease see the renewal computed. When the kubelet
stops, the true time of the last renewal is written, and why it stopped. Models: kubelet, node lease controller.
"""

from __future__ import annotations

from collections.abc import Callable

from clusters.client.api import ApiClient
from clusters.client.component import Env
from clusters.kernel.clock import parse_rfc3339, rfc3339_micro
from clusters.machinery.types import Obj
from clusters.resources.coordination.heartbeat import LIVE, MARK, is_live, last_beat

NAMESPACE = "kube-node-lease"
STOPPED = "playground.dev/stopped"
"""On a lease that is not live: `power` (the machine went off) or `kubelet` (only the kubelet did)."""
DURATION_SECONDS = 40


class Heartbeat:
    """The leases of all nodes."""

    def __init__(self, env: Env, client_of: Callable[[str], ApiClient]) -> None:
        self.env = env
        self.client_of = client_of
        self.leases = env.informers["leases.coordination.k8s.io"]

    def beats(self, name: str) -> bool:
        lease = self.leases.get(NAMESPACE, name)
        return lease is not None and is_live(lease)

    def stopped_by(self, name: str) -> str:
        """Why the last kubelet of that node stopped; "" if it never did."""
        lease = self.leases.get(NAMESPACE, name)
        return (lease["metadata"].get("annotations") or {}).get(STOPPED, "") if lease is not None else ""

    def begin(self, node: Obj) -> None:
        """The kubelet lives from now on."""
        name, now = node["metadata"]["name"], self.env.clock.now()
        lease = self.leases.get(NAMESPACE, name)
        client = self.client_of(name)
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        if lease is None:
            client.create(
                "leases.coordination.k8s.io",
                NAMESPACE,
                {
                    "apiVersion": "coordination.k8s.io/v1",
                    "kind": "Lease",
                    "metadata": {
                        "name": name,
                        "namespace": NAMESPACE,
                        "annotations": {MARK: LIVE},
                        "ownerReferences": [owner],
                    },
                    "spec": {
                        "holderIdentity": name,
                        "leaseDurationSeconds": DURATION_SECONDS,
                        "renewTime": rfc3339_micro(now),
                    },
                },
            )
            return
        references = lease["metadata"].get("ownerReferences") or []
        if is_live(lease) and references == [owner]:
            return
        patch = {
            "metadata": {"annotations": {MARK: LIVE, STOPPED: None}, "ownerReferences": [owner]},
            "spec": {"holderIdentity": name, "renewTime": rfc3339_micro(now)},
        }
        client.patch("leases.coordination.k8s.io", NAMESPACE, name, patch)

    def end(self, name: str, *, why: str) -> None:
        """The kubelet lives no more: note when it was last heard of."""
        lease = self.leases.get(NAMESPACE, name)
        if lease is None or not is_live(lease):
            return
        last = max(last_beat(lease, self.env.clock.now()), _stored_renewal(lease))
        patch = {
            "metadata": {"annotations": {MARK: None, STOPPED: why}},
            "spec": {"renewTime": rfc3339_micro(last)},
        }
        self.client_of(name).patch("leases.coordination.k8s.io", NAMESPACE, name, patch)


def _stored_renewal(lease: Obj) -> int:
    text = (lease.get("spec") or {}).get("renewTime")
    return parse_rfc3339(text) if text else 0
