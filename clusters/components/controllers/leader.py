"""Leader election of the control plane's processes, in closed form.

Each process holds its lease from its start on; the stored lease says "live" and readers see the renewals
computed. A process that stops writes the true time of its last renewal; the next one takes over.
Models: client-go, tools/leaderelection.
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Env
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import parse_rfc3339, rfc3339_micro
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.coordination.heartbeat import LIVE, MARK, is_live, last_beat

LEASES = "leases.coordination.k8s.io"
NAMESPACE = "kube-system"
DURATION_SECONDS = 15


class _Leader:
    """The election of one process: its first step takes the lease, later ones do nothing."""

    name: ClassVar[str]
    process: ClassVar[str]
    user: ClassVar[UserInfo]

    def __init__(self, env: Env) -> None:
        self.env = env
        self.leases = env.informers[LEASES]
        self._todo = True
        self.leases.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        lease = new or old
        assert lease is not None
        if lease["metadata"]["name"] == self.process and lease["metadata"].get("namespace") == NAMESPACE:
            self._todo = True

    def step(self) -> bool:
        if not self._todo:
            return False
        self._todo = False
        lease = self.leases.get(NAMESPACE, self.process)
        if lease is not None and is_live(lease):
            return True
        try:
            self._take(lease)
        except ApiError:
            # Without its namespace (a cluster that is being made) there is nothing to hold; a change wakes us.
            return True
        return True

    def _take(self, lease: Obj | None) -> None:
        now = self.env.clock.now()
        spec = (lease or {}).get("spec") or {}
        identity = f"{self.process}_{self.env.rng.uuid('leader', self.process, now)}"
        transitions = int(spec.get("leaseTransitions", 0)) + (1 if spec.get("holderIdentity") else 0)
        new = {
            "acquireTime": rfc3339_micro(now),
            "holderIdentity": identity,
            "leaseDurationSeconds": DURATION_SECONDS,
            "leaseTransitions": transitions,
            "renewTime": rfc3339_micro(now),
        }
        if lease is None:
            metadata = {"name": self.process, "namespace": NAMESPACE, "annotations": {MARK: LIVE}}
            taken = self.env.client.create(
                LEASES,
                NAMESPACE,
                {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": new},
            )
        else:
            changed = draft(lease, spec=new)
            changed["metadata"]["annotations"] = {**(lease["metadata"].get("annotations") or {}), MARK: LIVE}
            taken = self.env.client.update(LEASES, changed)
        sink = self.env.events(self.process, "")
        sink.event(taken, "Normal", "LeaderElection", f"{identity} became leader")

    def stop(self) -> None:
        """The process ends: its last renewal is written."""
        lease = self.leases.get(NAMESPACE, self.process)
        if lease is None or not is_live(lease):
            return
        stored = (lease.get("spec") or {}).get("renewTime")
        last = max(last_beat(lease, self.env.clock.now()), parse_rfc3339(stored) if stored else 0)
        patch = {"metadata": {"annotations": {MARK: None}}, "spec": {"renewTime": rfc3339_micro(last)}}
        self.env.client.patch(LEASES, NAMESPACE, self.process, patch)


class SchedulerLease(_Leader):
    name: ClassVar[str] = "kube-scheduler-leader-election"
    process: ClassVar[str] = "kube-scheduler"
    user: ClassVar[UserInfo] = UserInfo(name="system:kube-scheduler", groups=("system:authenticated",))


class ControllerManagerLease(_Leader):
    name: ClassVar[str] = "kube-controller-manager-leader-election"
    process: ClassVar[str] = "kube-controller-manager"
    user: ClassVar[UserInfo] = UserInfo(name="system:kube-controller-manager", groups=("system:authenticated",))
