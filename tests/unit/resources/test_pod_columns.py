"""STATUS, READY and RESTARTS of `kubectl get pods`."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.kernel.clock import parse_rfc3339
from clusters.machinery.types import Obj
from clusters.resources.core.pod_columns import COLUMNS, summary
from tests.support.objects import container, pod

NOW = parse_rfc3339("2026-05-01T12:00:00Z")
RUNNING = {"running": {"startedAt": "2026-05-01T11:00:00Z"}}


def status_of(name: str = "c", **fields: Any) -> Obj:
    return {"name": name, "ready": False, "restartCount": 0, "state": {}, "lastState": {}, **fields}


def waiting(reason: str) -> Obj:
    return {"waiting": {"reason": reason}}


def ended(code: int, reason: str = "", **fields: Any) -> Obj:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": "2026-05-01T11:59:55Z", **fields}}


def up(name: str = "c", **fields: Any) -> Obj:
    return status_of(name, ready=True, state=RUNNING, **fields)


INIT = [container(name="i"), container(name="j")]
SIDECAR = [container(name="s", restartPolicy="Always")]
CASES: dict[str, tuple[Obj, Obj, tuple[str, str, str]]] = {
    "nothing known": ({}, {}, ("0/1", "", "0")),
    "pending": ({}, {"phase": "Pending"}, ("0/1", "Pending", "0")),
    "gated": (
        {},
        {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
        },
        ("0/1", "SchedulingGated", "0"),
    ),
    "creating": (
        {},
        {"phase": "Pending", "containerStatuses": [status_of(state=waiting("ContainerCreating"))]},
        ("0/1", "ContainerCreating", "0"),
    ),
    "no image": (
        {},
        {"phase": "Pending", "containerStatuses": [status_of(state=waiting("ImagePullBackOff"))]},
        ("0/1", "ImagePullBackOff", "0"),
    ),
    "running": ({}, {"phase": "Running", "containerStatuses": [up()]}, ("1/1", "Running", "0")),
    "running, not ready": (
        {},
        {"phase": "Running", "containerStatuses": [status_of(state=RUNNING)]},
        ("0/1", "Running", "0"),
    ),
    "restarted": (
        {},
        {"phase": "Running", "containerStatuses": [up(restartCount=2, lastState=ended(1, "Error"))]},
        ("1/1", "Running", "2 (5s ago)"),
    ),
    "crash loop": (
        {},
        {
            "phase": "Running",
            "containerStatuses": [
                status_of(state=waiting("CrashLoopBackOff"), restartCount=3, lastState=ended(1, "Error"))
            ],
        },
        ("0/1", "CrashLoopBackOff", "3 (5s ago)"),
    ),
    "completed": (
        {},
        {"phase": "Succeeded", "containerStatuses": [status_of(state=ended(0, "Completed"))]},
        ("0/1", "Completed", "0"),
    ),
    "error": (
        {},
        {"phase": "Failed", "containerStatuses": [status_of(state=ended(1, "Error"))]},
        ("0/1", "Error", "0"),
    ),
    "exit code without a reason": (
        {},
        {"phase": "Failed", "containerStatuses": [status_of(state=ended(3))]},
        ("0/1", "ExitCode:3", "0"),
    ),
    "signal without a reason": (
        {},
        {"phase": "Failed", "containerStatuses": [status_of(state=ended(137, signal=9))]},
        ("0/1", "Signal:9", "0"),
    ),
    "one completed, one ready": (
        {"containers": [container(name="a"), container(name="b")]},
        {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [status_of("a", state=ended(0, "Completed")), up("b")],
        },
        ("1/2", "Running", "0"),
    ),
    "one completed, Pod not ready": (
        {"containers": [container(name="a"), container(name="b")]},
        {
            "phase": "Running",
            "containerStatuses": [status_of("a", state=ended(0, "Completed")), up("b")],
        },
        ("1/2", "NotReady", "0"),
    ),
    "evicted": ({}, {"phase": "Failed", "reason": "Evicted"}, ("0/1", "Evicted", "0")),
    "first init container runs": (
        {"initContainers": INIT},
        {"phase": "Pending", "initContainerStatuses": [status_of("i", state=RUNNING), status_of("j")]},
        ("0/1", "Init:0/2", "0"),
    ),
    "second init container waits": (
        {"initContainers": INIT},
        {
            "phase": "Pending",
            "initContainerStatuses": [
                status_of("i", state=ended(0, "Completed")),
                status_of("j", state=waiting("PodInitializing")),
            ],
        },
        ("0/1", "Init:1/2", "0"),
    ),
    "init container crashes": (
        {"initContainers": INIT},
        {
            "phase": "Pending",
            "initContainerStatuses": [
                status_of("i", state=waiting("CrashLoopBackOff"), restartCount=4, lastState=ended(1, "Error"))
            ],
        },
        ("0/1", "Init:CrashLoopBackOff", "4 (5s ago)"),
    ),
    "init container failed": (
        {"initContainers": INIT},
        {"phase": "Failed", "initContainerStatuses": [status_of("i", state=ended(1, "Error"))]},
        ("0/1", "Init:Error", "0"),
    ),
    "init container ended by a signal": (
        {"initContainers": INIT},
        {"phase": "Failed", "initContainerStatuses": [status_of("i", state=ended(137, signal=9))]},
        ("0/1", "Init:Signal:9", "0"),
    ),
    "restarts of init containers do not count any more": (
        {"initContainers": INIT},
        {
            "phase": "Running",
            "initContainerStatuses": [
                status_of("i", state=ended(0, "Completed"), restartCount=7, lastState=ended(1, "Error")),
                status_of("j", state=ended(0, "Completed")),
            ],
            "containerStatuses": [up()],
        },
        ("1/1", "Running", "0"),
    ),
    "sidecar counts": (
        {"initContainers": SIDECAR},
        {
            "phase": "Running",
            "initContainerStatuses": [up("s", started=True, restartCount=1, lastState=ended(1, "Error"))],
            "containerStatuses": [up()],
        },
        ("2/2", "Running", "1 (5s ago)"),
    ),
    "sidecar not started": (
        {"initContainers": SIDECAR},
        {"phase": "Pending", "initContainerStatuses": [status_of("s", state=RUNNING, started=False)]},
        ("0/2", "Init:0/1", "0"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_summary(name: str) -> None:
    spec, status, wanted = CASES[name]
    assert tuple(summary({**pod(**spec), "status": status}, NOW)) == wanted


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ({"phase": "Running", "containerStatuses": [up()]}, "Terminating"),
        ({"phase": "Running", "reason": "NodeLost"}, "Unknown"),
        ({"phase": "Succeeded", "containerStatuses": [status_of(state=ended(0, "Completed"))]}, "Completed"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
    ],
)
def test_summary_of_a_deleted_pod(status: Obj, wanted: str) -> None:
    deleted = {**pod(meta={"deletionTimestamp": "2026-05-01T12:00:30Z"}), "status": status}
    assert summary(deleted, NOW).status == wanted


def test_all_cells() -> None:
    one = pod(
        meta={"creationTimestamp": "2026-05-01T11:00:00Z"},
        nodeName="node-1",
        readinessGates=[{"conditionType": "a"}, {"conditionType": "b"}],
    )
    one["status"] = {
        "phase": "Running",
        "podIPs": [{"ip": "10.0.0.7"}],
        "conditions": [{"type": "b", "status": "True"}],
        "containerStatuses": [up()],
    }
    assert {c.name: c.value(one, NOW) for c in COLUMNS} == {
        "Name": "p",
        "Ready": "1/1",
        "Status": "Running",
        "Restarts": "0",
        "Age": "60m",
        "IP": "10.0.0.7",
        "Node": "node-1",
        "Nominated Node": "<none>",
        "Readiness Gates": "1/2",
    }
    assert [c.name for c in COLUMNS if c.priority] == ["IP", "Node", "Nominated Node", "Readiness Gates"]
