"""Snapshot plus deltas equals a fresh snapshot, whatever happens to the cluster, the browser and the network."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from clusters.realtime import feed as feed_module
from clusters.realtime.messages import dump
from clusters.realtime.replica import Replica, state_of, verify_deltas
from clusters.realtime.session import Limits, Session
from tests.realtime.world import World

STEP = 50_000
NAMES = ["a", "b", "c"]
NODES = ["node-1", "node-2"]
PHASES = ["Pending", "Running", "Succeeded", "Failed"]

names = st.sampled_from(NAMES)


class Browser:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.replica = Replica()
        self.session: Session | None = None
        self.wire: list[str] = []


class LiveState(RuleBasedStateMachine):
    """Changes, flushes, acknowledgements, lost connections, slow browsers, in any order."""

    browsers = Bundle("browsers")

    @initialize(ring=st.sampled_from([1, 2, 1000]), part=st.sampled_from([400, feed_module.PART_LIMIT]))
    def start(self, ring: int, part: int) -> None:
        self.part_limit, feed_module.PART_LIMIT = feed_module.PART_LIMIT, part
        self.world = World()
        for name in NODES:
            self.world.put(f"core/nodes/{name}", "Node", {"spec": {}, "status": {"allocatable": {"cpu": "4"}}})
        self.feed = self.world.feed(ring=ring)
        self.world.cache.subscribe(self.feed.apply)
        self.now = 1_000_000
        self.everybody: list[Browser] = []

    # the cluster

    @rule(
        name=names,
        node=st.sampled_from(["", *NODES]),
        phase=st.sampled_from(PHASES),
        cpu=st.integers(1, 3),
        owner=st.sampled_from(["", "j1", "j2"]),
        deleting=st.booleans(),
    )
    def pod(self, name: str, node: str, phase: str, cpu: int, owner: str, deleting: bool) -> None:
        meta: dict[str, Any] = {"deletionTimestamp": "2026-01-01T00:00:01Z"} if deleting else {}
        if owner:
            job = self.world.cache.get(f"batch/jobs/ns/{owner}")
            uid = job.obj["metadata"]["uid"] if job else f"gone-{owner}"
            meta["ownerReferences"] = [{"kind": "Job", "name": owner, "uid": uid, "controller": True}]
        container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": str(cpu), "memory": "1Mi"}}}
        spec: dict[str, Any] = {"containers": [container], **({"nodeName": node} if node else {})}
        self.world.put(f"core/pods/ns/{name}", "Pod", {"spec": spec, "status": {"phase": phase}}, meta)

    @rule(name=st.sampled_from(["j1", "j2"]), cron=st.sampled_from(["", "nightly"]))
    def job(self, name: str, cron: str) -> None:
        refs = [{"kind": "CronJob", "name": cron, "uid": "u", "controller": True}] if cron else []
        self.world.put(f"batch/jobs/ns/{name}", "Job", {"spec": {}}, {"ownerReferences": refs})

    @rule(name=names, service=names, ready=st.booleans(), count=st.integers(0, 3))
    def endpoint_slice(self, name: str, service: str, ready: bool, count: int) -> None:
        endpoints = [{"addresses": [f"10.0.0.{i}"], "conditions": {"ready": ready}} for i in range(count)]
        self.world.put(
            f"discovery.k8s.io/endpointslices/ns/{name}",
            "EndpointSlice",
            {"endpoints": endpoints},
            {"labels": {"kubernetes.io/service-name": service}},
        )

    @rule(name=names)
    def service(self, name: str) -> None:
        self.world.put(f"core/services/ns/{name}", "Service", {"spec": {"clusterIP": "10.1.1.1"}})

    @rule(name=names, replicas=st.integers(0, 3))
    def deployment(self, name: str, replicas: int) -> None:
        self.world.put(f"apps/deployments/ns/{name}", "Deployment", {"spec": {"replicas": replicas}})

    @rule(name=names, workload=names)
    def autoscaler(self, name: str, workload: str) -> None:
        ref = {"scaleTargetRef": {"kind": "Deployment", "name": workload}}
        self.world.put(f"autoscaling/horizontalpodautoscalers/ns/{name}", "HPA", {"spec": ref})

    @rule(name=st.sampled_from([*NODES, "cp-1"]), power=st.sampled_from(["on", "off"]))
    def machine(self, name: str, power: str) -> None:
        role = "control-plane" if name == "cp-1" else "worker"
        self.world.put(f"playground.dev/machines/{name}", "Machine", {"spec": {"power": power, "role": role}})

    @rule(name=st.sampled_from(["kube-scheduler", "job-controller"]), state=st.sampled_from(["stopped", "running"]))
    def component(self, name: str, state: str) -> None:
        self.world.put(f"playground.dev/components/{name}", "Component", {"spec": {"state": state}})

    @rule(name=st.integers(0, 11))
    def event(self, name: int) -> None:
        self.world.put(f"core/events/ns/e{name}", "Event", {"reason": "Pulled", "message": "x"})

    @rule()
    def something_invisible(self) -> None:
        self.world.put("rbac.authorization.k8s.io/roles/ns/r", "Role", {})

    @rule(
        key=st.sampled_from(
            [
                *(f"core/pods/ns/{n}" for n in NAMES),
                *(f"core/services/ns/{n}" for n in NAMES),
                *(f"discovery.k8s.io/endpointslices/ns/{n}" for n in NAMES),
                *(f"autoscaling/horizontalpodautoscalers/ns/{n}" for n in NAMES),
                *(f"batch/jobs/ns/j{n}" for n in (1, 2)),
                *(f"core/events/ns/e{n}" for n in range(12)),
                "apps/deployments/ns/a",
                "core/nodes/node-1",
                "playground.dev/machines/node-1",
                "playground.dev/machines/cp-1",
                "playground.dev/components/kube-scheduler",
            ]
        )
    )
    def deletion(self, key: str) -> None:
        self.world.drop(key)

    # time and network

    @rule(steps=st.integers(0, 3))
    def flush(self, steps: int) -> None:
        self.now += steps * STEP
        self.feed.flush(self.now)
        self.pump()

    @rule(target=browsers, limits=st.sampled_from([Limits(), Limits(unacked_frames=2), Limits(unacked_bytes=50)]))
    def browser(self, limits: Limits) -> Browser:
        browser = Browser(limits)
        self.everybody.append(browser)
        return browser

    @rule(browser=browsers)
    def connect(self, browser: Browser) -> None:
        if browser.session is not None:
            return
        session = Session(
            self.feed,
            session_id="s",
            cluster="demo",
            user="u",
            can={"write": True, "faults": True},
            now=self.now,
            limits=browser.limits,
        )
        browser.session = session
        browser.replica.connected()
        if browser.replica.epoch:
            session.receive(dump({"t": "resume", "rev": browser.replica.rev, "epoch": "e1"}), self.now)
        else:
            session.receive('{"t":"start"}', self.now)
        self.pump()

    @rule(browser=browsers, lost=st.integers(0, 3))
    def disconnect(self, browser: Browser, lost: int) -> None:
        """The last `lost` frames on the wire never arrive."""
        if browser.session is not None:
            browser.replica.apply(browser.wire[: max(0, len(browser.wire) - lost)])
            browser.wire.clear()
            browser.session = None

    @rule(browser=browsers, frames=st.integers(1, 5))
    def read(self, browser: Browser, frames: int) -> None:
        if browser.session is not None:
            browser.replica.apply(browser.wire[:frames])
            del browser.wire[:frames]
            browser.session.receive(dump({"t": "ack", "seq": browser.replica.seq}), self.now)
            self.pump()

    def pump(self) -> None:
        for browser in self.everybody:
            if browser.session is not None:
                browser.wire += browser.session.drain(self.now)
                if browser.session.closed is not None:
                    raise AssertionError(f"session closed: {browser.session.closed}")

    @invariant()
    def no_session_holds_more_than_its_window(self) -> None:
        for browser in getattr(self, "everybody", ()):
            assert len(browser.wire) <= browser.limits.unacked_frames + 1

    def teardown(self) -> None:
        if not hasattr(self, "feed"):
            return
        try:
            self.settle_and_compare()
        finally:
            feed_module.PART_LIMIT = self.part_limit

    def settle_and_compare(self) -> None:
        for _ in range(3):
            self.now += STEP
            self.feed.flush(self.now)
            self.pump()
            for browser in self.everybody:
                self.connect(browser)
                for _ in range(200):
                    if not browser.wire:
                        break
                    self.read(browser, 5)
        fresh = self.world.feed()
        assert state_of(fresh) == state_of(self.feed)
        for browser in self.everybody:
            verify_deltas(browser.replica, self.feed, fresh)


LiveState.TestCase.settings = settings(max_examples=400, stateful_step_count=40, deadline=None)
TestLiveState = LiveState.TestCase


def test_event_window_refills_when_a_shown_event_is_deleted() -> None:
    world = World()
    feed = world.feed()
    world.cache.subscribe(feed.apply)
    for name in range(9):
        world.put(f"core/events/ns/e{name}", "Event", {"reason": "r"})
    world.put("core/events/ns/e1", "Event", {"reason": "again"})
    feed.flush(1_000_000)
    assert len(state_of(feed)["events"]) == 5
    world.drop("core/events/ns/e8")
    feed.flush(2_000_000)
    assert len(state_of(feed)["events"]) == 5
    assert state_of(feed) == state_of(world.feed())


def test_a_feed_with_large_state_splits_and_stays_below_the_frame_limit(monkeypatch: Any) -> None:
    monkeypatch.setattr(feed_module, "PART_LIMIT", 2_000)
    world = World()
    for i in range(100):
        world.put(f"core/configmaps/ns/c{i}", "ConfigMap", {})
    feed = world.feed()
    bodies = feed.snapshot().bodies
    assert len(bodies) > 3
    assert max(map(len, bodies)) < 3_000  # the first one also names the columns of the empty tables
    assert len(state_of(feed)["configs"]) == 100


def test_deltas_split_removals_and_updates_below_the_frame_limit(monkeypatch: Any) -> None:
    monkeypatch.setattr(feed_module, "PART_LIMIT", 2_000)
    world = World()
    for i in range(300):
        world.put(f"core/configmaps/ns/c{i}", "ConfigMap", {})
    feed = world.feed()
    world.cache.subscribe(feed.apply)
    replica = Replica()
    session = Session(feed, session_id="s", cluster="demo", user="u", can={"write": True, "faults": True}, now=0)
    session.receive('{"t":"start"}', 0)
    replica.apply(session.drain(0))
    session.receive(dump({"t": "ack", "seq": replica.seq}), 0)
    for i in range(250):
        world.drop(f"core/configmaps/ns/c{i}")
        world.put(f"core/configmaps/ns/d{i}", "ConfigMap", {})
    feed.flush(STEP)
    frames = session.drain(STEP)
    assert len(frames) > 5
    assert max(map(len, frames)) < 2_400
    at = replica.rev
    replica.apply(frames[:-1])
    assert replica.rev == at, "a delta that is not complete leaves the browser at its revision"
    replica.apply(frames[-1:])
    verify_deltas(replica, feed, world.feed())
