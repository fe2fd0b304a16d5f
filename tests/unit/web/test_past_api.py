"""Looking back: how much happened when, and what the page showed at a revision."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from clusters.machinery.types import UserInfo
from clusters.models import Cluster
from clusters.realtime.board import Board, visible_items
from clusters.realtime.messages import TABLES
from clusters.realtime.past import tables_at
from clusters.registry.registry import WriteOptions
from clusters.runtime import service
from clusters.runtime.hub import hub
from clusters.web.api import past
from playground.accounts.models import User
from tests.unit.web.conftest import Api


def node_names(state: dict[str, Any]) -> set[str]:
    nodes = state["tables"]["nodes"]
    return {row[nodes["cols"].index("name")] for row in nodes["rows"]}


def faults(state: dict[str, Any]) -> list[Any]:
    return list(state["tables"]["faults"]["rows"])


@pytest.fixture
def revisions(demo: Cluster) -> tuple[int, int]:
    """Before and after a fault."""
    before = Cluster.objects.get(pk=demo.pk).head
    service.inject_fault(demo, "node-power", "node-1")
    return before, Cluster.objects.get(pk=demo.pk).head


def test_state_is_what_the_page_showed_then(demo: Cluster, revisions: tuple[int, int], anybody: Api) -> None:
    before, after = revisions
    assert faults(anybody("GET", f"clusters/demo/state?revision={before}")[1]) == []
    status, state = anybody("GET", f"clusters/demo/state?revision={after}")
    assert (status, state["rev"], len(faults(state))) == (200, after, 1)
    assert state["vtime"] > 0
    assert set(state["tables"]) == set(TABLES)


def test_state_equals_the_board_of_that_revision(demo: Cluster, revisions: tuple[int, int]) -> None:
    handle = hub.cluster("demo")
    handle.refresh()
    records, _ = handle.store.list("", rev=None)
    live = Board(visible_items(i for p in handle.cache.prefixes() for i in handle.cache.bucket(p).items.values()))
    told = orjson.loads(tables_at(records))
    for table in TABLES:
        assert sorted(map(str, told[table]["rows"])) == sorted(str(orjson.loads(r)) for r in live.rows[table].values())


def test_what_is_gone_or_to_come_cannot_be_seen(demo: Cluster, revisions: tuple[int, int], anybody: Api) -> None:
    assert anybody("GET", f"clusters/demo/state?revision={revisions[1] + 5}")[0] == 404
    assert anybody("GET", "clusters/demo/state?revision=0")[0] == 422
    assert anybody("GET", "clusters/demo/state")[0] == 422
    hub.cluster("demo").store.compact(revisions[0])
    assert anybody("GET", f"clusters/demo/state?revision={revisions[0] - 1}")[0] == 410


def test_only_those_who_may_see_the_cluster_see_its_past(demo: Cluster, ann: User, bob: User) -> None:
    owned = Api(ann)
    assert owned("POST", "clusters", {"name": "hers", "workers": 0, "speed": "0"})[0] == 201
    assert owned("GET", "clusters/hers/state?revision=1")[0] == 200
    for path in ("state?revision=1", "timeline"):
        assert Api(bob)("GET", f"clusters/hers/{path}")[0] == 404


def test_busy_process_says_when_to_come_again(demo: Cluster, anybody: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_WAIT_SECONDS", 0.01)
    fresh = past._Past()
    monkeypatch.setattr(past, "_past", fresh)
    with fresh._building, fresh._building:
        assert anybody("GET", "clusters/demo/state?revision=1")[0] == 503
        assert anybody.last["Retry-After"] == "1"
    assert anybody("GET", "clusters/demo/state?revision=1")[0] == 200


def test_timeline_counts_changes_and_marks_faults(demo: Cluster, revisions: tuple[int, int], anybody: Api) -> None:
    status, line = anybody("GET", "clusters/demo/timeline?since=0&buckets=10")
    assert status == 200
    assert sum(changes for _, _, changes in line["buckets"]) == revisions[1]
    assert max(last for _, last, _ in line["buckets"]) == revisions[1] == line["head"]
    assert all(0 <= index < 10 for index, _, _ in line["buckets"])
    assert [m["kind"] for m in line["marks"] if m["text"].startswith("node-power")] == ["fault"]
    later = line["until"] + 1
    _, nothing = anybody("GET", f"clusters/demo/timeline?since={later}")
    assert (nothing["buckets"], nothing["base"]) == ([], revisions[1])


def test_timeline_tells_what_people_did_and_warnings(demo: Cluster, anybody: Api) -> None:
    handle = hub.cluster("demo")
    resources = handle.resources
    opts = service._opts()
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "web.1", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web"},
        "type": "Warning",
        "reason": "Failed",
    }
    handle.registry.create(resources["events"], "default", event, opts)
    secret = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": "default"}}

    handle.registry.create(resources["configmaps"], "default", secret, WriteOptions(user=UserInfo("ann")))
    marks = anybody("GET", "clusters/demo/timeline?since=0")[1]["marks"]
    assert ("warning", "web.1") in [(m["kind"], m["text"]) for m in marks]
    assert ("action", "ann created configmaps/mine") in [(m["kind"], m["text"]) for m in marks]


def test_a_past_exported_goes_on_from_its_own_time(demo: Cluster, revisions: tuple[int, int]) -> None:
    document = service.export_snapshot(demo, revision=revisions[0])
    assert document["revision"] == revisions[0]
    assert document["spec"]["clock"]["now"] <= service.export_snapshot(demo)["spec"]["clock"]["now"]
