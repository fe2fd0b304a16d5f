"""The kube-scheduler component: takes waiting Pods one by one, and carries out what the cycle decides.

Models: kube-scheduler, scheduler.go, schedule_one.go and eventhandlers.go.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from clusters.client.component import Env
from clusters.client.informer import Handler, key_of
from clusters.components.scheduler import messages
from clusters.components.scheduler.binding import Binder
from clusters.components.scheduler.cache import SchedulerCache, ended, takes_room
from clusters.components.scheduler.cycle import Decision, Prepared, evaluate, prepare
from clusters.components.scheduler.events import ClusterEvent
from clusters.components.scheduler.history import Attempts, was_refused
from clusters.components.scheduler.plugins.dynamic_resources import NO_STATE, NOTHING_TO_FREE
from clusters.components.scheduler.podinfo import DEFAULT_SCHEDULER, PodInfo
from clusters.components.scheduler.preemption import Candidate, preempt
from clusters.components.scheduler.queue import Entry, SchedulingQueue
from clusters.components.scheduler.registry import BY_NAME
from clusters.components.scheduler.shared import Board, SharedScoring
from clusters.kernel.clock import rfc3339
from clusters.machinery.errors import ApiError
from clusters.machinery.meta import condition, deleting
from clusters.machinery.types import Obj, UserInfo

logger = logging.getLogger(__name__)

WATCHED = (
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "csidrivers.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
    "namespaces",
)
"""What may help a waiting Pod, beside nodes and Pods."""
SELECTING = ("services", "replicationcontrollers")
"""Whose (changeable) selectors say which Pods spread by default."""


NO_NODES = "no nodes"
"""Stands for a plugin where there was no node to refuse: any change may help."""


class Scheduler:
    """One profile, `default-scheduler`."""

    name: ClassVar[str] = "kube-scheduler"
    process: ClassVar[str] = "kube-scheduler"
    user: ClassVar[UserInfo] = UserInfo(name="system:kube-scheduler", groups=("system:authenticated",))

    def __init__(self, env: Env) -> None:
        self.env = env
        self.client = env.client
        self.events = env.events(DEFAULT_SCHEDULER, "")
        self.cache = SchedulerCache(env.informers)
        self.snapshot = self.cache.snapshot
        self.shared = self.cache.listener = SharedScoring(self.snapshot)
        self.queue = SchedulingQueue(env.timers, self._may_help)
        self.binder = Binder(env.client, self.cache, env.timers, bound=self._after_bind, failed=self._bind_failed)
        self._loading = True
        self._first: list[Obj] = []
        env.informers["nodes"].on_change(self._on_node)
        env.informers["pods"].on_change(self._on_pod)
        for resource in WATCHED:
            env.informers[resource].on_change(self._watcher(resource))
        for resource in SELECTING:
            env.informers[resource].on_change(self._selector_changed)
        self._loading = False
        self.resume(self._first)
        self._first = []

    # -- what the informers say --------------------------------------------------------------------------

    def _on_node(self, old: Obj | None, new: Obj | None) -> None:
        self.cache.on_node(old, new)
        if not self._loading:
            self.queue.notify(ClusterEvent("nodes", old, new))

    def _on_pod(self, old: Obj | None, new: Obj | None) -> None:
        was_there, is_there = takes_room(old), takes_room(new)
        if was_there or is_there:
            if new is not None and is_there and key_of(new) in self.queue:
                self._pod_gone(new)
            if self.cache.on_pod(old, new) and not self._loading:
                event = ClusterEvent("pods", old if was_there else None, new if is_there else None)
                self.queue.notify(event)
            if is_there or new is None or ended(new):
                return
            # The binding was taken back (its batch could not be committed): the Pod waits again.
            old = None
        pod = new if new is not None else old
        assert pod is not None
        spec = pod["spec"]
        if spec.get("nodeName") or spec.get("schedulerName", DEFAULT_SCHEDULER) != DEFAULT_SCHEDULER:
            return
        if new is None or ended(new):
            self._pod_gone(pod)
        elif self._loading:
            self._first.append(new)
        else:
            self._pod_waits(old, new)

    def _pod_waits(self, old: Obj | None, new: Obj) -> None:
        pod = self.cache.parser.parse(new)
        self._nominate(pod)
        if pod.key in self.binder:
            return
        known = self.queue.get(pod.key)
        if known is None or old is None:
            self.queue.add(pod)
        elif known.pod.needs is not pod.needs or _says_less(old, new):
            self.queue.replace(pod)
        else:
            self.queue.add(pod)

    def resume(self, pods: list[Obj]) -> None:
        """Go on where another scheduler stopped. A Pod that it refused and that still fits nowhere is not
        tried again just because a worker had to load the cluster: it waits on, as it did."""
        parsed = [self.cache.parser.parse(pod) for pod in pods if not deleting(pod)]
        for pod in parsed:
            self._nominate(pod)
        history = Attempts(self.env.informers) if any(map(was_refused, parsed)) else None
        refusals: dict[tuple[bytes, str], frozenset[str]] = {}
        for pod in parsed:
            if history is None or not was_refused(pod) or pod.obj["spec"].get("schedulingGates"):
                self.queue.add(pod)
                continue
            kind = (pod.needs.key, pod.nominated)
            if kind not in refusals:
                refusals[kind] = refused_by(evaluate(pod, self.snapshot, complete=False)[0])
            attempts, last = history.of(pod)
            self.queue.restore(pod, attempts=attempts, last_attempt=last, refused_by=refusals[kind])

    def _pod_gone(self, pod: Obj) -> None:
        key = key_of(pod)
        self.queue.remove(key)
        self.binder.forget(key)
        self._unnominate(key)

    def _watcher(self, resource: str) -> Handler:
        def changed(old: Obj | None, new: Obj | None) -> None:
            if self._loading:
                return
            if resource.startswith("persistentvolume"):
                self.binder.check_all()
            if resource == "namespaces":
                self.shared.reset()
            self.queue.notify(ClusterEvent(resource, old, new))

        return changed

    def _selector_changed(self, old: Obj | None, new: Obj | None) -> None:
        if ClusterEvent("", old, new).changed("spec", "selector"):
            self.shared.reset()

    def _may_help(self, refused_by: frozenset[str], pod: PodInfo, event: ClusterEvent) -> bool:
        return NO_NODES in refused_by or any(BY_NAME[name].helps(event, pod, self.snapshot) for name in refused_by)

    # -- nominations: room that preemption promised ------------------------------------------------------

    def _nominate(self, pod: PodInfo) -> None:
        self._unnominate(pod.key)
        if pod.nominated:
            self.snapshot.nominated.setdefault(pod.nominated, {})[pod.key] = pod

    def _unnominate(self, key: str) -> None:
        for node, pods in list(self.snapshot.nominated.items()):
            if pods.pop(key, None) is not None and not pods:
                del self.snapshot.nominated[node]

    # -- attempts ----------------------------------------------------------------------------------------

    def step(self) -> bool:
        entry = self.queue.pop()
        if entry is None:
            return False
        try:
            self._schedule(entry)
        except ApiError as error:
            logger.debug("%s: %s", entry.pod.key, error)
            self.queue.fail(entry, frozenset())
        except Exception:
            # A bug must not stall the cluster: the Pod backs off like after any other failure.
            logger.exception("scheduling %s failed", entry.pod.key)
            self.queue.fail(entry, frozenset())
        return True

    def _schedule(self, entry: Entry) -> None:
        pod = entry.pod
        if pod.deleting:
            self.queue.remove(pod.key)
            text = f"skip schedule deleting pod: {pod.key}"
            self.events.event(pod.obj, "Warning", "FailedScheduling", text, action="Scheduling")
            return
        board = self.shared.board(pod)
        if board is None:
            decision, prepared = evaluate(pod, self.snapshot, complete=False)
            best = decision.best()
            node = self.env.rng.choice(best, pod.uid, "tie", entry.attempts) if best else None
            if node is None:
                self._no_fit(entry, decision, prepared, None)
        else:
            node = self.shared.choose(board, self.env.rng, pod.uid, "tie", entry.attempts)
            if node is None and board.failure is not None and board.failure[0] == board.cursor:
                # Nothing changed since the same was said to a Pod of equal needs.
                self._failed(entry, *board.failure[1:], nominated="")
            elif node is None:
                self._no_fit(entry, self.shared.decision(board, pod), prepare(pod, self.snapshot), board)
        if node is not None:
            self.binder.bind(pod, node)

    def _no_fit(self, entry: Entry, decision: Decision, prepared: Prepared, board: Board | None) -> None:
        """The Pod fits nowhere: see whether somebody less important can make room, and tell."""
        pod = entry.pod
        refused = refused_by(decision)
        if decision.pre_filter is not None:
            self._failed(entry, messages.after(decision.text(), NO_STATE), refused, nominated=None)
        elif not decision.nodes:
            self._failed(entry, decision.text(), refused, nominated="")
        else:
            now = self.env.clock.now()
            found = preempt(pod, prepared, decision, now=now, rng=self.env.rng, attempt=entry.attempts)
            if found.chosen is not None:
                self._failed(entry, decision.text(), refused, nominated=found.chosen.node)
                self._make_room(pod, found.chosen)
                return
            text = messages.after(decision.text(), NOTHING_TO_FREE, f"preemption: {found.message}")
            if board is not None:
                board.failure = (board.cursor, text, refused)
            self._failed(entry, text, refused, nominated="" if found.eligible else None)

    def _failed(self, entry: Entry, text: str, refused_by: frozenset[str], *, nominated: str | None) -> None:
        pod = entry.pod
        self.queue.fail(entry, refused_by)
        self.events.event(pod.obj, "Warning", "FailedScheduling", messages.note(text), action="Scheduling")
        self._patch_status(pod, "Unschedulable", text, nominated)

    def _patch_status(self, pod: PodInfo, reason: str, text: str, nominated: str | None = None) -> None:
        """The PodScheduled condition and `nominatedNodeName` (None: as it is), if they differ."""
        live = self.env.informers["pods"].by_key(pod.key)
        if live is None or live["metadata"].get("uid") != pod.uid or live["spec"].get("nodeName"):
            return
        status = live.get("status") or {}
        patch: Obj = {}
        conditions = list(status.get("conditions") or ())
        now = rfc3339(self.env.clock.now())
        new = {"type": "PodScheduled", "status": "False", "reason": reason, "message": text}
        if live["metadata"].get("generation"):
            new["observedGeneration"] = live["metadata"]["generation"]
        if _put_condition(conditions, new, now):
            patch["conditions"] = conditions
        if nominated is not None and nominated != (status.get("nominatedNodeName") or ""):
            patch["nominatedNodeName"] = nominated or None
        if patch:
            self.client.patch("pods", pod.namespace, pod.name, {"status": patch}, subresource="status", uid=pod.uid)

    # -- preemption --------------------------------------------------------------------------------------

    def _make_room(self, pod: PodInfo, candidate: Candidate) -> None:
        for victim in candidate.victims:
            self._evict(victim, pod, candidate.node)
        # Less important Pods that were promised this node look for another one.
        for other in list(self.snapshot.nominated.get(candidate.node, {}).values()):
            if other.priority < pod.priority:
                patch = {"status": {"nominatedNodeName": None}}
                self.client.patch("pods", other.namespace, other.name, patch, subresource="status")

    def _evict(self, victim: PodInfo, by: PodInfo, node: str) -> None:
        live = self.env.informers["pods"].by_key(victim.key)
        if live is None or live["metadata"].get("uid") != victim.uid:
            return
        now = rfc3339(self.env.clock.now())
        conditions = list((live.get("status") or {}).get("conditions") or ())
        new = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{DEFAULT_SCHEDULER}: {messages.DISRUPTED}",
        }
        if live["metadata"].get("generation"):
            new["observedGeneration"] = live["metadata"]["generation"]
        try:
            if _put_condition(conditions, new, now):
                patch = {"status": {"conditions": conditions}}
                self.client.patch("pods", victim.namespace, victim.name, patch, subresource="status", uid=victim.uid)
            self.client.delete("pods", victim.namespace, victim.name, uid=victim.uid)
        except ApiError as error:
            logger.debug("preempting %s: %s", victim.key, error)
            return
        self.events.event(
            live,
            "Normal",
            "Preempted",
            f"Preempted by pod {by.uid} on node {node}",
            action="Preempting",
            related=by.obj,
        )

    # -- binding -----------------------------------------------------------------------------------------

    def _after_bind(self, pod: PodInfo, node: str) -> None:
        self.queue.remove(pod.key)
        self.events.event(
            pod.obj,
            "Normal",
            "Scheduled",
            f"Successfully assigned {pod.key} to {node}",
            action="Binding",
        )

    def _bind_failed(self, pod: PodInfo, why: str) -> None:
        entry = self.queue.get(pod.key)
        if entry is None:
            return
        self.queue.fail(entry, frozenset())
        self.events.event(pod.obj, "Warning", "FailedScheduling", messages.note(why), action="Scheduling")
        self._patch_status(pod, "SchedulerError", why)


def refused_by(decision: Decision) -> frozenset[str]:
    """The plugins whose hints may bring a Pod back; none if it fits somewhere."""
    if decision.feasible:
        return frozenset()
    return decision.plugins() if decision.nodes else frozenset((NO_NODES,))


def _says_less(old: Obj, new: Obj) -> bool:
    """Whether the Pod no longer says why it waits (the batch with its condition could not be committed)."""
    if (old.get("status") or {}).get("conditions") is (new.get("status") or {}).get("conditions"):
        return False
    return condition(old, "PodScheduled") is not None and condition(new, "PodScheduled") is None


def _put_condition(conditions: list[Obj], new: Obj, now: str) -> bool:
    """Set a condition in the list, keeping its transition time if the status stays; False if nothing
    changes."""
    for i, old in enumerate(conditions):
        if old["type"] != new["type"]:
            continue
        if all(old.get(k) == v for k, v in new.items()):
            return False
        since = old.get("lastTransitionTime") if old["status"] == new["status"] else None
        conditions[i] = {"lastProbeTime": None, **new, "lastTransitionTime": since or now}
        return True
    conditions.append({"lastProbeTime": None, **new, "lastTransitionTime": now})
    return True
