"""The nine states of a Pod on the canvas, and why it waits."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.realtime.podstate import glance, why_pending


def pod(
    phase: str = "Running",
    *,
    node: str = "node-1",
    ready: bool = False,
    containers: list[dict[str, Any]] | None = None,
    inits: list[dict[str, Any]] | None = None,
    conditions: list[dict[str, Any]] | None = None,
    deleting: bool = False,
    **status: Any,
) -> dict[str, Any]:
    statuses = [{"name": "c", "restartCount": 0, "ready": False, **c} for c in containers or ()]
    conds = [*(conditions or ())]
    if ready:
        conds.append({"type": "Ready", "status": "True"})
    spec: dict[str, Any] = {"containers": [{"name": "c"}]}
    if node:
        spec["nodeName"] = node
    body: dict[str, Any] = {"phase": phase, "conditions": conds, "containerStatuses": statuses, **status}
    if inits:
        spec["initContainers"] = [{"name": "i"} for _ in inits]
        body["initContainerStatuses"] = [{"name": "i", "restartCount": 0, **c} for c in inits]
    meta: dict[str, Any] = {"name": "p", "uid": "u"}
    if deleting:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": meta, "spec": spec, "status": body}


RUNNING = {"state": {"running": {}}, "ready": True}


@pytest.mark.parametrize(
    ("given", "state", "status"),
    [
        (pod("Pending", node=""), "pending", "Pending"),
        (pod("Pending"), "creating", "Pending"),
        (pod("Pending", containers=[{"state": {"waiting": {"reason": "ContainerCreating"}}}]), "creating", "ContainerCreating"),
        (pod("Pending", containers=[{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]), "crash", "ImagePullBackOff"),
        (pod("Pending", inits=[{"state": {"running": {}}}]), "creating", "Init:0/1"),
        (pod("Pending", inits=[{"state": {"terminated": {"exitCode": 3}}}]), "crash", "Init:ExitCode:3"),
        (pod(ready=True, containers=[RUNNING]), "running", "Running"),
        (pod(containers=[{"state": {"running": {}}}]), "notready", "Running"),
        (pod(containers=[{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]), "crash", "CrashLoopBackOff"),
        (pod(containers=[{"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]), "crash", "OOMKilled"),
        (pod("Succeeded", containers=[{"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]), "succeeded", "Completed"),
        (pod("Failed", reason="Evicted"), "failed", "Evicted"),
        (pod("Failed", containers=[{"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]), "failed", "Error"),
        (pod(ready=True, containers=[RUNNING], deleting=True), "terminating", "Terminating"),
        (pod(ready=True, containers=[RUNNING], deleting=True, reason="NodeLost"), "unknown", "Unknown"),
        (pod("Failed", deleting=True), "failed", "Failed"),
        (pod("Unknown"), "unknown", "Unknown"),
        (pod("Pending", node="", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]), "pending", "SchedulingGated"),
    ],
)  # fmt: skip
def test_state_and_status(given: dict[str, Any], state: str, status: str) -> None:
    look = glance(given)
    assert (look.state, look.status) == (state, status)


def test_crash_carries_reason_message_and_restarts() -> None:
    waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}, "restartCount": 4}
    look = glance(pod(containers=[waiting]))
    assert (look.reason, look.message, look.restarts, look.ready) == ("CrashLoopBackOff", "back-off 40s", 4, "0/1")


def test_restarts_are_a_number_whatever_the_age_of_the_last_one() -> None:
    container = {**RUNNING, "restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-01-01T00:00:00Z"}}}
    assert glance(pod(ready=True, containers=[container])).restarts == 2


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", ""),
        ("0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.", "Insufficient cpu"),
        ("0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient memory.", "Insufficient memory"),
        ("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.", "Didn't match Pod's node affinity/selector"),
        ("0/3 nodes are available: 1 node(s) had untolerated taint {a: b, c: d}, 2 node(s) were unschedulable.", "Were unschedulable"),
        ("0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu. no new claims to deallocate, preemption: 0/4 nodes are available: 1 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod.", "Insufficient cpu"),
        ("no nodes available to schedule pods", "no nodes available to schedule pods"),
        ('running PreFilter plugin "VolumeBinding": persistentvolumeclaim "x" not found', 'running PreFilter plugin "VolumeBinding"'),
    ],
)  # fmt: skip
def test_pending_pods_are_grouped_by_their_commonest_reason(message: str, reason: str) -> None:
    assert why_pending(message) == reason


def test_unscheduled_pod_shows_reason_and_full_message() -> None:
    message = "0/3 nodes are available: 3 Insufficient cpu."
    look = glance(pod("Pending", node="", conditions=[{"type": "PodScheduled", "status": "False", "message": message}]))
    assert (look.reason, look.message) == ("Insufficient cpu", message)
