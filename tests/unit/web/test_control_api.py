"""Clock, machines and faults over REST."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.models import Cluster
from tests.unit.web.conftest import Api


@pytest.mark.parametrize(
    ("body", "speed", "paused"),
    [
        ({"speed": "10"}, 10.0, False),
        ({"speed": 0.5}, 0.5, False),
        ({"speed": "max"}, "max", False),
        ({"speed": "0"}, 0.0, True),
        ({"paused": True}, 0.0, True),
        ({"paused": False}, 1.0, False),
        ({"speed": "5", "paused": False}, 5.0, False),
        ({"speed": "5", "paused": True}, 0.0, True),
    ],
)
def test_clock_is_set(demo: Cluster, anybody: Api, body: dict[str, Any], speed: object, paused: bool) -> None:
    status, clock = anybody("PATCH", "clusters/demo/clock", body)
    assert status == 200
    assert (clock["speed"], clock["paused"]) == (speed, paused)
    assert anybody("GET", "clusters/demo/clock")[1]["speed"] == speed


@pytest.mark.parametrize("body", [{}, {"speed": "warp"}, {"speed": -1}, {"speed": "1e9"}, {"paused": "perhaps"}])
def test_nonsense_clocks_are_refused(demo: Cluster, anybody: Api, body: dict[str, Any]) -> None:
    assert anybody("PATCH", "clusters/demo/clock", body)[0] == 422


def test_running_clock_that_is_told_to_run_keeps_its_speed(demo: Cluster, anybody: Api) -> None:
    anybody("PATCH", "clusters/demo/clock", {"speed": "10"})
    assert anybody("PATCH", "clusters/demo/clock", {"paused": False})[1]["speed"] == 10.0


def test_paused_clock_runs_on_at_the_speed_it_had(demo: Cluster, anybody: Api) -> None:
    anybody("PATCH", "clusters/demo/clock", {"speed": "10"})
    for _ in range(2):
        assert anybody("PATCH", "clusters/demo/clock", {"paused": True})[1]["paused"]
    assert anybody("PATCH", "clusters/demo/clock", {"paused": False})[1]["speed"] == 10.0


def test_step_moves_virtual_time_of_a_paused_cluster(demo: Cluster, anybody: Api) -> None:
    before = anybody("GET", "clusters/demo/clock")[1]["now"]
    status, clock = anybody("POST", "clusters/demo/clock/step", {})
    assert status == 200
    assert clock["now"] > before
    assert clock["paused"]


def test_machines_come_and_go(demo: Cluster, anybody: Api) -> None:
    listed = anybody("GET", "clusters/demo/machines")[1]["machines"]
    assert [m["name"] for m in listed] == ["control-plane-1", "node-1"]
    status, made = anybody("POST", "clusters/demo/machines", {"zone": "c", "cpu": "8", "memory": "32Gi"})
    assert status == 201
    assert (made["name"], made["zone"], made["cpu"], made["memory"]) == ("node-2", "c", "8", "32Gi")
    assert anybody("PATCH", "clusters/demo/machines/node-2", {"power": "off"})[1]["power"] == "off"
    assert anybody("PATCH", "clusters/demo/machines/node-2", {"kubelet": "stopped"})[1]["kubelet"] == "stopped"
    assert anybody("PATCH", "clusters/demo/machines/node-2", {})[0] == 422
    assert anybody("DELETE", "clusters/demo/machines/node-2")[0] == 204
    assert anybody("DELETE", "clusters/demo/machines/node-2")[0] == 404
    assert anybody("PATCH", "clusters/demo/machines/node-9", {"power": "on"})[0] == 404


@pytest.mark.parametrize(
    "body", [{"name": "Big Node"}, {"name": "node-1"}, {"cpu": "none"}, {"memory": 0}, {"zone": "a b"}, {"size": 1}]
)
def test_bad_machines_are_refused(demo: Cluster, anybody: Api, body: dict[str, Any]) -> None:
    status, problem = anybody("POST", "clusters/demo/machines", body)
    assert status == 422, problem
    assert problem["errors"]


def test_faults_are_injected_listed_and_healed(demo: Cluster, anybody: Api) -> None:
    body = {"kind": "node-power", "target": "node-1", "duration": "60s"}
    status, fault = anybody("POST", "clusters/demo/faults", body)
    assert status == 201
    assert (fault["kind"], fault["target"]) == ("node-power", "node-1")
    assert fault["until"] > fault["since"]
    assert anybody("POST", "clusters/demo/faults", body)[0] == 422, "twice is once too many"
    assert [f["id"] for f in anybody("GET", "clusters/demo/faults")[1]["faults"]] == [fault["id"]]
    assert anybody("DELETE", f"clusters/demo/faults/{fault['id']}")[0] == 204
    assert anybody("DELETE", f"clusters/demo/faults/{fault['id']}")[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "meteor", "target": "node-1"}, "kind"),
        ({"kind": "node-power", "target": "node-77"}, "target"),
        ({"kind": "component-stop", "target": "kube-coffee"}, "target"),
        ({"kind": "pod-crash", "target": "default/none"}, "target"),
        ({"kind": "node-power", "target": "node-1", "duration": "forever"}, "duration"),
        ({"kind": "node-power", "target": "node-1", "duration": "48h"}, "duration"),
    ],
)
def test_bad_faults_are_refused_by_field(demo: Cluster, anybody: Api, body: dict[str, Any], field: str) -> None:
    status, problem = anybody("POST", "clusters/demo/faults", body)
    assert status == 422
    assert field in [e["field"] for e in problem["errors"]]


def test_schema_names_kinds_and_their_types(demo: Cluster, anybody: Api) -> None:
    status, schema = anybody("GET", "clusters/demo/schema")
    assert status == 200
    pod = next(k for k in schema["kinds"] if k["kind"] == "Pod")
    assert (pod["group"], pod["version"], pod["plural"], pod["namespaced"]) == ("", "v1", "pods", True)
    assert not any(k["group"] == "playground.dev" for k in schema["kinds"])
    spec = schema["types"][schema["types"][pod["type"]]["p"]["spec"]["ref"]]
    assert "containers" in spec["r"]
    assert spec["p"]["containers"]["t"] == "array"
    container = schema["types"][spec["p"]["containers"]["i"]["ref"]]
    assert container["p"]["image"] == {"t": "string"}
    resources = schema["types"][container["p"]["resources"]["ref"]]
    assert resources["p"]["limits"] == {"t": "map", "v": {"t": "quantity"}}
    refs = {f["ref"] for t in schema["types"].values() for f in t["p"].values() if "ref" in f}
    assert refs <= set(schema["types"])
    etag = anybody.last["ETag"]
    again = anybody.client.get("/api/v1/clusters/demo/schema", headers={"If-None-Match": etag})
    assert again.status_code == 304
