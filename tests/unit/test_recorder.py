"""Events: folded, combined and bounded by what is stored, not by what somebody remembers."""

from __future__ import annotations

import pytest

from clusters.client.recorder import COMBINED, Recorder
from clusters.kernel.clock import SECOND
from tests.support.fake_cluster import FakeCluster

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default", "uid": "u"}}


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def recorder(cluster: FakeCluster) -> Recorder:
    return Recorder(cluster.client(), cluster.clock, cluster.rng, "kubelet", "node-1", stored=cluster["events"])


def events(cluster: FakeCluster):
    return cluster["events"].list()


def test_repeat_is_counted_also_by_another_recorder(cluster):
    recorder(cluster).event(POD, "Warning", "BackOff", "again")
    cluster.clock.advance_to(cluster.clock.now() + 3600 * SECOND)
    recorder(cluster).event(POD, "Warning", "BackOff", "again")
    (found,) = events(cluster)
    assert found["count"] == 2
    assert found["firstTimestamp"] < found["lastTimestamp"]


def test_events_about_different_containers_are_different(cluster):
    sink = recorder(cluster)
    for name in "ab":
        sink.event(POD, "Normal", "Pulled", "same", extra={"fieldPath": f"spec.containers{{{name}}}"})
    assert len(events(cluster)) == 2


def test_many_different_messages_are_combined(cluster):
    for i in range(14):
        recorder(cluster).event(POD, "Normal", "Created", f"message {i}")
    found = events(cluster)
    combined = [e for e in found if e["message"].startswith(COMBINED)]
    assert len(found) == 11
    assert [(e["count"], e["message"]) for e in combined] == [(4, f"{COMBINED}message 13")]


def test_flood_is_cut_off_and_let_in_again_after_a_while(cluster):
    for _ in range(100):
        recorder(cluster).event(POD, "Normal", "Noise", "noise")
    assert events(cluster)[0]["count"] == 25
    cluster.clock.advance_to(cluster.clock.now() + 601 * SECOND)
    for _ in range(100):
        recorder(cluster).event(POD, "Normal", "Noise", "noise")
    assert events(cluster)[0]["count"] == 27


def test_event_that_somebody_else_wrote_without_times_does_no_harm(cluster):
    forged = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "forged"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p", "uid": "u"},
        "source": {"component": "kubelet", "host": "node-1"},
        "reason": "BackOff",
        "type": "Warning",
    }
    cluster.create("events", forged, namespace="default")
    recorder(cluster).event(POD, "Warning", "BackOff", "real")
    assert {e.get("message") for e in events(cluster)} == {None, "real"}
