"""What kube-scheduler 1.36 decided in recorded scenarios, step by step: outcome, node, verdict of each node,
scores, preemption, condition and event. The recordings' format is in `data/scheduler/README.md`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusters.components.scheduler.cycle import Decision, evaluate
from clusters.components.scheduler.framework import Verdict
from clusters.components.scheduler.preemption import Preemption, preempt
from clusters.components.scheduler.queue import Entry
from clusters.components.scheduler.scheduler import Scheduler
from clusters.machinery.types import Obj
from tests.support.scheduling import SchedulingCluster
from tests.support.scheduling_stack import SchedulingStack

DATA = Path(__file__).parent / "data" / "scheduler"
SCENARIOS = [s for path in sorted(DATA.glob("*.json")) for s in json.loads(path.read_text())["scenarios"]]

Seen = dict[str, tuple[Decision, Preemption | None]]


class WatchedScheduler(Scheduler):
    """Keeps what it decided on each Pod, first and last; holds shared scoring to the plain cycle."""

    def __init__(self, *args: Any) -> None:
        self.first: Seen = {}
        self.last: Seen = {}
        super().__init__(*args)

    def _schedule(self, entry: Entry) -> None:
        decision, prepared = evaluate(entry.pod, self.snapshot)
        found = None
        if not decision.feasible and decision.pre_filter is None and decision.nodes:
            found = preempt(
                entry.pod, prepared, decision, now=self.env.clock.now(), rng=self.env.rng, attempt=entry.attempts
            )
        board = self.shared.board(entry.pod)
        if board is not None:
            ranks = sorted(rank for ranks in board.best() for rank in ranks)
            assert [self.snapshot.nodes[rank].name for rank in ranks] == decision.best()
        self.first.setdefault(entry.pod.key, (decision, found))
        self.last[entry.pod.key] = (decision, found)
        super()._schedule(entry)


class Fake:
    """The scheduler on a stand-in for the API server."""

    def __init__(self) -> None:
        self.cluster = SchedulingCluster()

    def start(self) -> WatchedScheduler:
        self.scheduler = WatchedScheduler(self.cluster.env("system:kube-scheduler"))
        return self.scheduler

    def settle(self) -> None:
        self.cluster.settle(self.scheduler)


class Real:
    """The scheduler on the real registry and admission."""

    def __init__(self) -> None:
        self.cluster = SchedulingStack(WatchedScheduler)

    def start(self) -> WatchedScheduler:
        scheduler = self.cluster.start()
        assert isinstance(scheduler, WatchedScheduler)
        return scheduler

    def settle(self) -> None:
        self.cluster.settle()


Stage = Fake | Real
World = SchedulingCluster | SchedulingStack


def build(cluster: World, scenario: Obj) -> None:
    world = scenario["cluster"]
    for namespace in world.get("namespaces", ()):
        cluster.apply(namespace)
    for obj in [*world["nodes"], *world.get("objects", ()), *world.get("pods", ())]:
        cluster.apply(obj)


def perform(cluster: World, step: Obj) -> None:
    match step["do"]:
        case "create":
            cluster.apply(step["object"])
        case "delete":
            cluster.drop(step["kind"], step["name"])
        case "patch" | "patchStatus":
            cluster.change(step["kind"], step["name"], step["patch"])


def settle(stage: Stage) -> None:
    """Until nothing moves, victims with a grace period still there."""
    stage.settle()
    while stage.cluster.bind_volumes():
        stage.settle()


def verdict_of(verdict: Verdict) -> Obj:
    return {
        "feasible": False,
        "plugin": verdict.plugin,
        "code": verdict.code.value,
        "reasons": list(verdict.reasons),
    }


def seen_nodes(decision: Decision) -> Obj:
    out: Obj = {name: verdict_of(v) for name, v in decision.verdicts.items()}
    for i, node in enumerate(decision.feasible):
        out[node.name] = {"feasible": True}
        if decision.scores:
            out[node.name]["scores"] = {plugin: s[i] for plugin, s in decision.scores.items()}
            out[node.name]["total"] = decision.totals[i]
    return out


def check_preemption(want: Obj, found: Preemption | None) -> None:
    assert found is not None
    assert found.eligible == want["eligible"]
    if want.get("message"):
        assert found.message == want["message"]
    got = [
        {"node": c.node, "victims": [v.key for v in c.victims], "pdbViolations": c.violations} for c in found.candidates
    ]
    assert got == sorted(want.get("candidates", ()), key=lambda c: c["node"])
    failures = {name: verdict_of(v) for name, v in found.failures.items()}
    for name, failure in (want.get("failures") or {}).items():
        assert {k: failures[name][k] for k in failure} == failure


def check(cluster: World, scheduler: WatchedScheduler, want: Obj) -> None:
    key = want["pod"]
    pod = cluster.object("pods", key)
    assert pod is not None
    conditions = {c["type"]: c for c in pod.get("status", {}).get("conditions", ())}
    events = [e for e in cluster.recorded if e["about"] == key]
    outcome = want["outcome"]
    if outcome == "ignored":
        assert not pod["spec"].get("nodeName")
        assert "PodScheduled" not in conditions
        return
    if want.get("unscheduled"):
        assert key not in scheduler.last
        return
    if outcome == "gated":
        assert key not in scheduler.last
        assert conditions["PodScheduled"]["message"] == want["condition"]["message"]
        return
    decision, found = (scheduler.last if want.get("later") else scheduler.first)[key]
    if "nodes" in want:
        expected = {
            name: {k: v for k, v in node.items() if k != "excludedByPreFilter"} for name, node in want["nodes"].items()
        }
        assert seen_nodes(decision) == expected
    if "preFilter" in want:
        assert decision.pre_filter is not None
        got = verdict_of(decision.pre_filter)
        assert {k: got[k] for k in want["preFilter"]} == want["preFilter"]
    if "preFilterNodes" in want:
        assert sorted(decision.narrowed or ()) == want["preFilterNodes"]
    if outcome == "bound":
        assert decision.best() == want["acceptableNodes"]
        assert pod["spec"]["nodeName"] in want["acceptableNodes"]
    if "preemption" in want and "preFilter" not in want and decision.nodes:
        check_preemption(want["preemption"], found)
    if outcome == "unschedulable":
        assert not pod["spec"].get("nodeName")
        got = {k: conditions["PodScheduled"].get(k, "") for k in want["condition"]}
        assert got == want["condition"]
    if outcome == "preempts":
        check_preempted(cluster, want, decision, found)
    if want.get("event"):
        first = next(e for e in events if e["reason"] == want["event"]["reason"])
        text = want["event"]["message"].replace("<node>", pod["spec"].get("nodeName", ""))
        assert (first["type"], first["message"]) == (want["event"]["type"], text)


def check_preempted(cluster: World, want: Obj, decision: Decision, found: Preemption | None) -> None:
    key = want["pod"]
    assert found is not None
    assert found.chosen is not None
    chosen = {"node": found.chosen.node, "victims": sorted(v.key for v in found.chosen.victims)}
    assert chosen in [{**a, "victims": sorted(a["victims"])} for a in want["acceptable"]]
    first = next(e for e in cluster.recorded if e["about"] == key and e["reason"] == "FailedScheduling")
    assert first["message"] == want["condition"]["message"]
    pod = cluster.object("pods", key)
    assert pod is not None
    assert pod["spec"].get("nodeName") == found.chosen.node
    for victim in found.chosen.victims:
        assert cluster.object("pods", victim.key) is None
        assert any(e["about"] == victim.key and e["reason"] == "Preempted" for e in cluster.recorded)


@pytest.mark.parametrize("kind", [Fake, Real])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[s["id"] for s in SCENARIOS])
def test_scheduler_decides_as_recorded(scenario: Obj, kind: type[Stage]) -> None:
    stage = kind()
    cluster = stage.cluster
    build(cluster, scenario)
    scheduler = stage.start()
    for step in scenario["steps"]:
        perform(cluster, step)
        settle(stage)
        preempting = [w for w in step.get("expect", ()) if w["outcome"] == "preempts"]
        if preempting:
            # Victims with a grace period: the Pod is promised the node until they are gone.
            for want in preempting:
                pod = cluster.object("pods", want["pod"])
                assert pod is not None
                promised = pod.get("status", {}).get("nominatedNodeName") or pod["spec"].get("nodeName")
                assert promised in [a["node"] for a in want["acceptable"]]
            cluster.end_grace()
            settle(stage)
        for want in step.get("expect", ()):
            check(cluster, scheduler, want)
