"""What the cluster remembers of a Pod's earlier attempts: a scheduler that starts reads it there.

The PodScheduled condition says that there were attempts, the FailedScheduling Events how many and when the
last one was.
"""

from __future__ import annotations

from clusters.client.informer import Informers
from clusters.components.scheduler.podinfo import PodInfo
from clusters.kernel.clock import parse_rfc3339
from clusters.machinery.meta import condition


def was_refused(pod: PodInfo) -> bool:
    """Whether a scheduler has found no node for the Pod before."""
    found = condition(pod.obj, "PodScheduled")
    return found is not None and found["status"] == "False" and found.get("reason") == "Unschedulable"


class Attempts:
    """The failed attempts on all Pods, as their Events tell."""

    def __init__(self, informers: Informers) -> None:
        self._known: dict[str, tuple[int, int]] = {}
        for event in informers["events"]:
            if event.get("reason") != "FailedScheduling" or not event.get("lastTimestamp"):
                continue
            uid = event["involvedObject"].get("uid", "")
            count, last = self._known.get(uid, (0, 0))
            when = parse_rfc3339(event["lastTimestamp"])
            self._known[uid] = (count + (event.get("count") or 1), max(last, when))

    def of(self, pod: PodInfo) -> tuple[int, int]:
        """How many attempts failed, and the virtual time (whole seconds) of the last; where the Events are
        gone, at least the first is known from the condition."""
        if pod.uid in self._known:
            return self._known[pod.uid]
        found = condition(pod.obj, "PodScheduled") or {}
        since = found.get("lastTransitionTime")
        return 1, parse_rfc3339(since) if since else 0
