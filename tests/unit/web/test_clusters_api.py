"""Clusters over REST: who sees what, what is refused and how."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from django.test import Client

from clusters.models import Cluster
from playground.accounts import access
from playground.accounts.models import Membership, User
from tests.unit.web.conftest import Api


def test_anonymous_visitor_sees_the_clusters_that_are_nobodys(anybody: Api, demo: Cluster) -> None:
    status, body = anybody("GET", "clusters")
    assert status == 200
    (found,) = body["clusters"]
    assert (found["name"], found["role"], found["workers"], found["paused"]) == ("demo", "editor", 1, True)
    assert found["pods"] == 0


def test_nothing_is_shown_to_strangers_where_guests_are_not_wanted(anybody: Api, demo: Cluster, settings: Any) -> None:
    settings.PLAYGROUND_ANONYMOUS = False
    access.invalidate()
    assert anybody("GET", "clusters") == (200, {"clusters": []})
    assert anybody("GET", "clusters/demo")[0] == 404
    assert anybody("POST", "clusters", {"name": "mine"})[0] == 401


def test_first_cluster_makes_the_visitor_a_guest_who_owns_it(anybody: Api, db: None) -> None:
    status, body = anybody("POST", "clusters", {"name": "mine", "workers": 2, "speed": "0"})
    assert status == 201
    assert (body["name"], body["role"]) == ("mine", "owner")
    assert anybody.last["Location"] == "/api/v1/clusters/mine"
    guest = User.objects.get(is_guest=True)
    assert Membership.objects.get(cluster__name="mine").user == guest
    session = anybody("GET", "session")[1]
    assert (session["anonymous"], session["guest"], session["user"]) == (False, True, guest.username)


def test_a_guests_sandbox_is_theirs_alone(anybody: Api, ann: User, staff: User) -> None:
    anybody("POST", "clusters", {"name": "mine", "workers": 0, "speed": "0"})
    for other in (Api(), Api(ann)):
        assert other("GET", "clusters/mine")[0] == 404
        assert other("DELETE", "clusters/mine")[0] == 404
    assert Api(staff)("GET", "clusters/mine")[0] == 200


def test_guests_may_only_have_a_few_sandboxes(anybody: Api, db: None, settings: Any) -> None:
    settings.PLAYGROUND_GUEST_CLUSTERS = 1
    assert anybody("POST", "clusters", {"name": "one", "workers": 0, "speed": "0"})[0] == 201
    status, problem = anybody("POST", "clusters", {"name": "two", "workers": 0, "speed": "0"})
    assert status == 409
    assert "1 is the limit" in problem["detail"]


def test_guests_are_limited_in_number(anybody: Api, settings: Any, db: None) -> None:
    settings.PLAYGROUND_GUESTS = 0
    assert anybody("POST", "clusters", {"name": "one"})[0] == 503


def test_owner_deletes_and_nobody_else(ann: User, bob: User) -> None:
    api = Api(ann)
    assert api("POST", "clusters", {"name": "hers", "workers": 0, "speed": "0"})[0] == 201
    Membership.objects.create(cluster=Cluster.objects.get(name="hers"), user=bob, role="editor")
    access.invalidate()
    status, problem = Api(bob)("DELETE", "clusters/hers")
    assert (status, problem["title"]) == (403, "Forbidden")
    assert api("DELETE", "clusters/hers")[0] == 204
    assert not Cluster.objects.filter(name="hers").exists()
    assert not Membership.objects.exists()


def test_viewer_looks_but_does_not_touch(ann: User, demo: Cluster, settings: Any) -> None:
    settings.PLAYGROUND_ANONYMOUS = False
    Membership.objects.create(cluster=demo, user=ann, role="viewer")
    access.invalidate()
    api = Api(ann)
    assert api("GET", "clusters/demo")[0] == 200
    assert api("GET", "clusters/demo/faults")[0] == 200
    for method, path, body in (
        ("PATCH", "clusters/demo/clock", {"speed": "10"}),
        ("POST", "clusters/demo/faults", {"kind": "node-power", "target": "node-1"}),
        ("POST", "clusters/demo/machines", {}),
        ("DELETE", "clusters/demo", None),
    ):
        assert api(method, path, body)[0] == 403
    assert api("GET", "clusters/demo/snapshot")[0] == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "Big"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"name": "-a"}, "name"),
        ({"name": "demo"}, "name"),
        ({"name": "x", "workers": 5001}, "workers"),
        ({"name": "x", "workers": -1}, "workers"),
        ({"name": "x", "workers": "many"}, "workers"),
        ({"name": "x", "controlPlanes": 99}, "controlPlanes"),
        ({"name": "x", "cpu": "fast"}, "cpu"),
        ({"name": "x", "memory": "-1Gi"}, "memory"),
        ({"name": "x", "memory": "1"}, "memory"),
        ({"name": "x", "zones": []}, "zones"),
        ({"name": "x", "zones": ["a b"]}, "zones"),
        ({"name": "x", "zones": ["a"] * 51}, "zones"),
        ({"name": "x", "speed": "warp"}, "speed"),
        ({"name": "x", "seed": -1}, "seed"),
        ({"name": "x", "addons": "all"}, "addons"),
        ({"name": "x", "nodes": 3}, "nodes"),
        ({"name": "x", "snapshot": []}, "snapshot"),
        ({"name": "x", "snapshot": {}, "workers": 3}, "workers"),
    ],
)
def test_bad_clusters_are_refused_by_field(staff: User, demo: Cluster, body: dict[str, Any], field: str) -> None:
    status, problem = Api(staff)("POST", "clusters", body)
    assert status == 422
    assert field in [e["field"] for e in problem["errors"]]
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert Cluster.objects.count() == 1, "nothing is left behind"


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"[" * 100_000, "application/json", 400),
    ],
)
def test_bodies_that_are_none(staff: User, data: bytes, kind: str, status: int) -> None:
    client = Api(staff).client
    answer = client.post("/api/v1/clusters", data=data, content_type=kind)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_small_routes_refuse_large_bodies(demo: Cluster, anybody: Api) -> None:
    body = {"kind": "node-power", "target": "x" * 100_000}
    status, problem = anybody("POST", "clusters/demo/faults", body)
    assert status == 413
    assert "65536" in problem["detail"]


def test_snapshot_that_is_none_is_refused_in_words(staff: User) -> None:
    for snapshot in ({}, {"kind": "Pod"}, {"kind": "ClusterSnapshot", "items": 5}, {"kind": "List", "items": [1]}):
        status, problem = Api(staff)("POST", "clusters", {"name": "x", "snapshot": snapshot})
        assert status == 422, snapshot
        assert problem["detail"]
    assert not Cluster.objects.exists()


def test_snapshot_makes_an_equal_cluster(staff: User, demo: Cluster) -> None:
    api = Api(staff)
    status, snapshot = api("GET", "clusters/demo/snapshot")
    assert status == 200
    assert 'filename="demo.json"' in api.last["Content-Disposition"]
    assert api("POST", "clusters", {"name": "copy", "snapshot": snapshot})[0] == 201
    again = api("GET", "clusters/copy/snapshot")[1]
    assert {json.dumps(i["metadata"]["name"]) for i in again["items"]} >= {
        json.dumps(i["metadata"]["name"]) for i in snapshot["items"]
    }


def test_kubeconfig_token_is_the_persons_own_and_works(ann: User, demo: Cluster, settings: Any) -> None:
    api = Api(ann)
    status, _ = api("GET", "clusters/demo/kubeconfig")
    assert status == 200
    config = yaml.safe_load(api.last.content)
    token = config["users"][0]["user"]["token"]
    user = access.authenticate_bearer(token, demo)
    assert user is not None
    assert (user.name, user.groups) == ("ann", ("system:masters", "system:authenticated"))
    assert config["clusters"][0]["cluster"]["server"] == f"https://127.0.0.1:{settings.K8S_PORT}/k8s/demo"
    assert api("GET", "clusters/demo/kubeconfig")[0] == 200
    assert yaml.safe_load(api.last.content)["users"][0]["user"]["token"] == token


def test_unknown_paths_methods_and_clusters_are_problems(demo: Cluster, anybody: Api) -> None:
    assert anybody("GET", "nonsense")[0] == 404
    assert anybody("GET", "clusters/none")[0] == 404
    status, problem = anybody("PUT", "clusters/demo", {})
    assert (status, anybody.last["Allow"]) == (405, "DELETE, GET")
    assert anybody.last["Content-Type"] == "application/problem+json"
    assert problem["title"] == "Method Not Allowed"


def test_a_failure_inside_shows_no_traceback(demo: Cluster, anybody: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("clusters.runtime.service.set_clock", fail)
    status, problem = anybody("PATCH", "clusters/demo/clock", {"speed": "1"})
    assert status == 500
    assert "secret detail" not in json.dumps(problem)


def test_writes_from_a_browser_need_the_csrf_token(demo: Cluster, db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    refused = client.patch("/api/v1/clusters/demo/clock", {"speed": "1"}, content_type="application/json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    token = client.get("/api/v1/session").json()["csrf"]
    answer = client.patch(
        "/api/v1/clusters/demo/clock", {"speed": "1"}, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 200


def test_api_token_needs_no_csrf_and_acts_as_its_user(ann: User, demo: Cluster) -> None:
    token = access.issue_api_token(ann, "ci")
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})
    made = client.post(
        "/api/v1/clusters", {"name": "hers", "workers": 0, "speed": "0"}, content_type="application/json"
    )
    assert made.status_code == 201
    assert Membership.objects.get(cluster__name="hers").user == ann
    for wrong in ("cpa_wrong", "", "x" * 10_000):
        refused = Client(headers={"Authorization": f"Bearer {wrong}"}).get("/api/v1/clusters")
        assert refused.status_code == 401


def test_revisions_are_listed_latest_first_by_range_and_key(demo: Cluster, anybody: Api) -> None:
    demo.refresh_from_db()
    body = anybody("GET", "clusters/demo/revisions?limit=5")[1]
    revs = [r["rev"] for r in body["revisions"]]
    assert revs == list(range(demo.head, demo.head - 5, -1))
    assert body["head"] == demo.head
    body = anybody("GET", "clusters/demo/revisions?key=core/namespaces/")[1]
    assert {r["key"] for r in body["revisions"]} >= {"core/namespaces/default", "core/namespaces/kube-system"}
    assert all(r["key"].startswith("core/namespaces/") for r in body["revisions"])
    body = anybody("GET", f"clusters/demo/revisions?before={demo.head}&after={demo.head - 3}")[1]
    assert [r["rev"] for r in body["revisions"]] == [demo.head - 1, demo.head - 2]
    for wrong in ("limit=0", "limit=501", "after=x", "page=2"):
        assert anybody("GET", f"clusters/demo/revisions?{wrong}")[0] == 422


def test_every_route_is_documented(anybody: Api, db: None) -> None:
    status, document = anybody("GET", "openapi.json")
    assert status == 200
    operations = [op for path in document["paths"].values() for op in path.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    assert all(op["summary"] for op in operations)
    assert "/api/v1/clusters/{name}/explain/pods/{namespace}/{pod}" in document["paths"]
    page = anybody.client.get("/api/v1/docs").content.decode()
    assert "openapi.json" in page
    assert "//cdn" not in page
    assert 'src="http' not in page
