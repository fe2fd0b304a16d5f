"""One browser's connection: what is sent when, and when it ends."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from clusters.realtime.feed import Feed
from clusters.realtime.messages import BadMessage, dump, parse
from clusters.realtime.replica import Replica, verify_deltas
from clusters.realtime.session import CLOSE_PROTOCOL, CLOSE_RATE, CLOSE_SLOW, Limits, Session
from tests.realtime.world import World

STEP = 50_000
SECOND = 1_000_000


class Browser:
    """A session with its replica and a hand on the clock."""

    def __init__(self, world: World, feed: Feed, limits: Limits | None = None) -> None:
        self.world, self.feed, self.now = world, feed, SECOND
        self.replica = Replica()
        self.session = Session(
            feed,
            session_id="s1",
            cluster="demo",
            user="ann",
            can={"write": True, "faults": False},
            now=self.now,
            limits=limits,
        )

    def say(self, **message: Any) -> None:
        self.session.receive(dump(message), self.now)

    def read(self) -> list[dict[str, Any]]:
        frames = self.session.drain(self.now)
        self.replica.apply(frames)
        return [orjson.loads(f) for f in frames]

    def ack(self) -> None:
        self.say(t="ack", seq=self.replica.seq)

    def flush(self) -> None:
        self.now += STEP
        self.feed.flush(self.now)


@pytest.fixture
def world() -> World:
    world = World()
    world.pod("a", "node-1", "Running")
    return world


@pytest.fixture
def feed(world: World) -> Feed:
    feed = world.feed()
    world.cache.subscribe(feed.apply)
    return feed


@pytest.fixture
def browser(world: World, feed: Feed) -> Browser:
    return Browser(world, feed)


def test_hello_comes_first_and_state_only_after_start(browser: Browser) -> None:
    frames = browser.read()
    assert [f["t"] for f in frames] == ["hello"]
    assert frames[0]["can"] == {"write": True, "faults": False}
    assert browser.read() == []
    browser.say(t="start")
    assert [f["t"] for f in browser.read()] == ["snapshot"]


def test_changes_of_one_object_coalesce_into_one_row(browser: Browser, world: World) -> None:
    browser.say(t="start")
    browser.read()
    for phase in ("Pending", "Running", "Failed"):
        world.pod("a", "node-1", phase)
    browser.flush()
    (delta,) = browser.read()
    assert len(delta["up"]["pods"]) == 1
    assert delta["rev"] == world.cache.rev


def test_nothing_is_sent_when_nothing_visible_changed(browser: Browser, world: World) -> None:
    browser.say(t="start")
    browser.read()
    world.pod("a", "node-1", "Running")
    world.put("rbac.authorization.k8s.io/roles/ns/r", "Role", {})
    browser.flush()
    assert browser.read() == []


def test_flushes_are_at_most_twenty_a_second(browser: Browser, world: World, feed: Feed) -> None:
    browser.say(t="start")
    browser.read()
    sent = 0
    for i in range(1_000):
        world.pod("a", f"node-{i}", "Running")
        browser.now += 1_000
        feed.flush(browser.now)
        if browser.read():
            sent += 1
            browser.ack()
    assert 18 <= sent <= 21


def test_sessions_in_step_share_one_encoding(world: World, feed: Feed) -> None:
    first, second = Browser(world, feed), Browser(world, feed)
    for browser in (first, second):
        browser.say(t="start")
        browser.read()
    world.pod("b", "node-1", "Running")
    first.flush()
    at = first.session.rev
    assert at is not None
    assert feed.delta(at) is feed.delta(at)
    first.read()
    second.now = first.now
    second.read()
    verify_deltas(first.replica, feed, world.feed())
    verify_deltas(second.replica, feed, world.feed())


def test_server_stops_at_the_window_and_catches_up_coalesced(world: World, feed: Feed) -> None:
    browser = Browser(world, feed, Limits(unacked_frames=3))
    browser.say(t="start")
    for i in range(20):
        world.pod(f"p{i % 4}", "node-1", "Running" if i // 4 % 2 else "Pending")
        browser.flush()
        browser.read()
    assert browser.replica.seq == 3
    browser.ack()
    assert len(browser.read()) == 1, "what was missed comes as one delta"
    verify_deltas(browser.replica, feed, world.feed())


def test_a_large_snapshot_is_paced_by_bytes(world: World, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusters.realtime.feed.PART_LIMIT", 2_000)
    for i in range(200):
        world.put(f"core/configmaps/ns/c{i}", "ConfigMap", {})
    feed = world.feed()
    browser = Browser(world, feed, Limits(unacked_bytes=3_000))
    browser.say(t="start")
    rounds = 0
    while browser.read():
        rounds += 1
        browser.ack()
    assert rounds > 3
    verify_deltas(browser.replica, feed, world.feed())


def test_browser_that_does_not_acknowledge_is_closed_after_thirty_seconds(browser: Browser) -> None:
    browser.say(t="start")
    browser.read()
    expires = browser.session.expires()
    assert expires is not None
    browser.now = expires - 1
    assert browser.read() == []
    browser.now = expires
    assert [f["t"] for f in browser.read()] == ["error", "bye"]
    assert browser.session.closed is not None
    assert browser.session.closed[0] == CLOSE_SLOW


def test_idle_browser_with_nothing_to_acknowledge_stays(browser: Browser) -> None:
    browser.say(t="start")
    browser.read()
    browser.ack()
    assert browser.session.expires() is None
    browser.now += 3600 * SECOND
    assert browser.read() == []
    assert browser.session.closed is None


def test_acknowledgement_deadline_counts_from_the_frame_not_from_the_idle_hour_before(
    browser: Browser, world: World
) -> None:
    browser.say(t="start")
    browser.read()
    browser.ack()
    browser.now += 3600 * SECOND
    world.pod("late", "node-1", "Running")
    browser.flush()
    browser.read()
    browser.now += SECOND
    assert browser.read() == []
    assert browser.session.closed is None


def test_browser_that_never_starts_is_closed(browser: Browser) -> None:
    browser.read()
    browser.now += 11 * SECOND
    assert browser.read()[-1]["t"] == "bye"


def test_resume_answers_with_what_was_missed(browser: Browser, world: World, feed: Feed) -> None:
    browser.say(t="start")
    browser.read()
    world.pod("missed", "node-1", "Running")
    browser.flush()
    again = Browser(world, feed)
    again.replica = browser.replica
    again.replica.connected()
    again.say(t="resume", rev=browser.replica.rev, seq=browser.replica.seq, epoch="e1")
    frames = again.read()
    assert [f["t"] for f in frames] == ["hello", "delta"]
    assert len(frames[1]["up"]["pods"]) == 1
    verify_deltas(again.replica, feed, world.feed())


def test_resume_with_nothing_missed_is_answered_with_an_empty_delta(world: World, feed: Feed) -> None:
    browser = Browser(world, feed)
    browser.say(t="resume", rev=feed.rev)
    frames = browser.read()
    assert [f["t"] for f in frames] == ["hello", "delta"]
    assert (frames[1]["up"], frames[1]["rm"], frames[1]["rev"]) == ({}, {}, feed.rev)
    assert browser.read() == []


@pytest.mark.parametrize("resume", [{"rev": 1, "epoch": "another"}, {"rev": 10**9}, {"rev": 0}])
def test_resume_from_elsewhere_gets_a_snapshot(world: World, feed: Feed, resume: dict[str, Any]) -> None:
    browser = Browser(world, feed)
    browser.say(t="resume", **resume)
    assert browser.read()[-1]["t"] == "snapshot"


def test_resume_from_before_the_ring_gets_a_snapshot(world: World) -> None:
    feed = world.feed(ring=2)
    world.cache.subscribe(feed.apply)
    browser = Browser(world, feed)
    browser.say(t="start")
    browser.read()
    revs = []
    for name in ("b", "c", "d", "e"):
        revs.append(feed.rev)
        world.pod(name, "node-1", "Running")
        browser.flush()
    for rev, kind in zip(revs, ("snapshot", "snapshot", "delta", "delta")):
        again = Browser(world, feed)
        again.say(t="resume", rev=rev)
        assert orjson.loads(again.session.drain(again.now)[-1])["t"] == kind, rev


def test_changes_during_a_long_snapshot_follow_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusters.realtime.feed.PART_LIMIT", 2_000)
    for i in range(200):
        world.put(f"core/configmaps/ns/c{i}", "ConfigMap", {})
    feed = world.feed()
    world.cache.subscribe(feed.apply)
    browser = Browser(world, feed, Limits(unacked_frames=1))
    browser.say(t="start")
    parts = 0
    while browser.read():
        parts += 1
        world.drop(f"core/configmaps/ns/c{parts}")
        world.put(f"core/configmaps/ns/d{parts}", "ConfigMap", {})
        browser.flush()
        browser.ack()
        if parts == 20:
            break
    while browser.read():
        browser.ack()
    assert parts == 20
    verify_deltas(browser.replica, feed, world.feed())


def test_only_the_latest_clock_and_presence_wait_for_a_slow_browser(world: World, feed: Feed) -> None:
    browser = Browser(world, feed, Limits(unacked_frames=1))
    browser.say(t="start")
    browser.read()
    for i in range(100):
        browser.session.post("clock", dump({"t": "clock", "now": i}))
    assert browser.read() == []
    browser.ack()
    assert [f["now"] for f in browser.read()] == [99]


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "{}", '{"t":"x"}', '{"t":"ack"}', '{"t":"ack","seq":-1}', '{"t":"ack","seq":true}',
     '{"t":"resume","rev":"1"}', '{"t":"presence","cursor":[1],"selection":null}',
     '{"t":"presence","cursor":[1,"x"],"selection":null}', '{"t":"presence","cursor":null,"selection":5}',
     '{"t":"start","x":"' + "y" * 5_000 + '"}', '{"t":"ack","seq":99}'],
)  # fmt: skip
def test_bad_messages_end_the_session_with_a_reason(browser: Browser, text: str) -> None:
    browser.session.receive(text, browser.now)
    frames = browser.read()
    assert [f["t"] for f in frames] == ["hello", "error", "bye"]
    assert frames[1]["message"]
    assert browser.session.closed is not None
    assert browser.session.closed[0] == CLOSE_PROTOCOL


def test_second_start_is_refused(browser: Browser) -> None:
    browser.say(t="start")
    browser.say(t="start")
    assert browser.session.closed is not None


def test_flood_of_messages_ends_the_session(browser: Browser) -> None:
    browser.say(t="start")
    for _ in range(1_000):
        browser.say(t="presence", cursor=None, selection=None)
    assert browser.session.closed is not None
    assert browser.session.closed[0] == CLOSE_RATE


def test_presence_is_handed_on(world: World, feed: Feed) -> None:
    heard: list[Any] = []
    session = Session(
        feed,
        session_id="s",
        cluster="c",
        user="u",
        can={"write": True, "faults": True},
        now=0,
        on_presence=heard.append,
    )
    session.receive('{"t":"presence","cursor":[1.5,2],"selection":"uid"}', 0)
    assert heard == [{"t": "presence", "cursor": [1.5, 2.0], "selection": "uid"}]


def test_parse_keeps_only_what_is_known() -> None:
    assert parse('{"t":"resume","rev":5,"seq":9,"junk":1}') == {"t": "resume", "rev": 5}
    with pytest.raises(BadMessage, match="unknown message type"):
        parse('{"t":"write"}')
