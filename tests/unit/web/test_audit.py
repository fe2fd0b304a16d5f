"""The audit log: what is told of requests, how long it is kept, how it is read."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.apiserver.http import Request
from clusters.apiserver.server import ApiServer
from clusters.machinery.types import UserInfo
from clusters.models import AuditEvent, Cluster
from clusters.runtime import service
from clusters.web import audit
from clusters.web.audit import AuditLog, ClusterAudit, audit_log
from tests.support.apiserver import START, new_server
from tests.unit.web.conftest import Api


class Still:
    """A clock that stands, and a log that writes only when it is told to."""

    def now(self) -> int:
        return START


class Quiet(AuditLog):
    def _start(self) -> None:
        pass


def tell(sink: ClusterAudit, **more: Any) -> None:
    known = {
        "verb": "get", "path": "/api/v1/namespaces/default/pods/web", "user": UserInfo("ann"), "resource": "pods",
        "namespace": "default", "name": "web", "code": 200, "latency": 1234, "embedded": False,
    }  # fmt: skip
    sink(**{**known, **more})


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> AuditLog:
    quiet = Quiet()
    monkeypatch.setattr("clusters.web.api.audit.audit_log", quiet)
    return quiet


@pytest.fixture
def sink(demo: Cluster, log: AuditLog) -> ClusterAudit:
    return ClusterAudit(demo.pk, Still(), log)


def test_api_server_tells_of_every_request() -> None:
    told: list[dict[str, Any]] = []
    server: ApiServer = new_server()
    server.cluster.audit = lambda **event: told.append(event)
    headers = [("authorization", "Bearer admin")]
    server.handle(Request(method="GET", path="/apis/apps/v1/namespaces/default/deployments/web", headers=headers))
    server.handle(Request(method="GET", path="/api/v1/pods", user=UserInfo("browser", ("system:masters",))))
    server.handle(Request(method="GET", path="/api/v1/pods", headers=[("authorization", "Bearer wrong")]))
    assert [(e["user"].name, e["verb"], e["resource"], e["name"], e["code"], e["embedded"]) for e in told] == [
        ("admin", "get", "deployments.apps", "web", 404, False),
        ("browser", "list", "pods", "", 200, True),
        ("system:anonymous", "list", "pods", "", 401, False),
    ]
    assert all(0 <= e["latency"] < 60_000_000 for e in told)


def test_events_are_read_newest_first_and_page_by_page(sink: ClusterAudit, anybody: Api) -> None:
    for number in range(5):
        tell(sink, name=f"web-{number}", latency=number)
    status, page = anybody("GET", "clusters/demo/audit?limit=2")
    assert status == 200
    assert [e["name"] for e in page["events"]] == ["web-4", "web-3"]
    assert page["events"][0]["time"] == "2026-05-28T20:26:40.000000Z"
    _, page = anybody("GET", f"clusters/demo/audit?limit=3&before={page['next']}")
    assert ([e["name"] for e in page["events"]], page["next"]) == (["web-2", "web-1", "web-0"], None)


def test_events_are_filtered(sink: ClusterAudit, anybody: Api) -> None:
    tell(sink)
    tell(sink, verb="create", code=403, user=UserInfo("bob"), name="")
    tell(sink, verb="delete", resource="secrets", namespace="kube-system", name="token")
    for query, count in (
        ("user=bob", 1), ("verb=get", 1), ("resource=pods", 2), ("code=403", 1), ("code=200&user=ann", 2),
        ("namespace=kube-system", 1), ("object=token", 1), ("user=nobody", 0), ("user=N", 2), ("resource=sec", 1),
        ("code=4xx", 1), ("code=2xx", 2), ("text=pods/web", 3), ("text=BOB", 1), ("text=%25", 0),
    ):  # fmt: skip
        assert len(anybody("GET", f"clusters/demo/audit?{query}")[1]["events"]) == count, query
    for code in ("99", "9xx", "4x", "4040"):
        assert anybody("GET", f"clusters/demo/audit?code={code}")[0] == 422
    assert anybody("GET", "clusters/other/audit")[0] == 404


def test_events_after_one_are_those_that_came_since(sink: ClusterAudit, anybody: Api) -> None:
    tell(sink, name="old")
    newest = anybody("GET", "clusters/demo/audit")[1]["events"][0]["id"]
    assert anybody("GET", f"clusters/demo/audit?after={newest}")[1] == {"events": [], "next": None}
    tell(sink, name="new")
    assert [e["name"] for e in anybody("GET", f"clusters/demo/audit?after={newest}")[1]["events"]] == ["new"]


def test_whole_event_is_what_an_api_server_logs(sink: ClusterAudit, anybody: Api) -> None:
    tell(sink, verb="create", resource="deployments.apps/scale", code=201)
    tell(sink, path="/version", resource="", namespace="", name="")
    version, scale = (e["id"] for e in anybody("GET", "clusters/demo/audit")[1]["events"])
    status, event = anybody("GET", f"clusters/demo/audit/{scale}")
    assert (status, event["kind"], event["apiVersion"], event["verb"]) == (200, "Event", "audit.k8s.io/v1", "create")
    assert event["objectRef"] == {
        "resource": "deployments", "apiGroup": "apps", "subresource": "scale", "namespace": "default", "name": "web",
    }  # fmt: skip
    assert (event["user"], event["responseStatus"]["code"]) == ({"username": "ann"}, 201)
    assert event["stageTimestamp"] > event["requestReceivedTimestamp"]
    assert "objectRef" not in anybody("GET", f"clusters/demo/audit/{version}")[1]
    for missing in ("0", "x", "9" * 30):
        assert anybody("GET", f"clusters/demo/audit/{missing}")[0] == 404
    service.create_cluster("other", workers=0, seed=1, speed="0")
    assert anybody("GET", f"clusters/other/audit/{scale}")[0] == 404


def test_health_checks_and_what_pages_read_are_no_events(sink: ClusterAudit, log: AuditLog) -> None:
    tell(sink, path="/healthz", resource="")
    tell(sink, embedded=True, verb="watch")
    tell(sink, embedded=True, verb="list", code=403)
    tell(sink, embedded=True, verb="delete")
    log.flush()
    assert sorted(AuditEvent.objects.values_list("verb", "code")) == [("delete", 200), ("list", 403)]


def test_only_the_last_events_are_kept(
    sink: ClusterAudit, log: AuditLog, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PLAYGROUND_AUDIT_KEEP = 7
    monkeypatch.setattr(audit, "CUT_EVERY", 4)
    monkeypatch.setattr(audit, "BATCH", 4)
    for number in range(20):
        tell(sink, name=f"web-{number}")
    log.flush()
    assert list(AuditEvent.objects.values_list("name", flat=True)) == [f"web-{n}" for n in range(19, 12, -1)]


def test_events_of_a_deleted_cluster_go_with_it(sink: ClusterAudit, log: AuditLog, demo: Cluster) -> None:
    other = ClusterAudit(demo.pk + 1000, Still(), log)
    tell(sink)
    tell(other)
    log.flush()
    demo.delete()
    assert AuditEvent.objects.count() == 0


def test_waiting_events_are_bounded(sink: ClusterAudit, log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(audit.WAITING + 5):
        tell(sink, name=str(number))
    assert len(log._waiting) == audit.WAITING


def test_admin_shows_events_and_changes_none(sink: ClusterAudit, log: AuditLog, staff: Any) -> None:
    staff.is_superuser = True
    staff.save()
    tell(sink, name="shown-in-admin")
    log.flush()
    client = Client()
    client.force_login(staff)
    page = client.get("/admin/clusters/auditevent/")
    assert page.status_code == 200
    assert b"shown-in-admin" in page.content
    assert client.get("/admin/clusters/auditevent/add/").status_code == 403


def test_process_has_one_log() -> None:
    assert audit_log is audit.audit_log


def test_impersonation_hides_nobody(demo: Cluster, sink: ClusterAudit, log: AuditLog) -> None:
    told: list[dict[str, Any]] = []
    server = new_server()
    server.cluster.audit = lambda **event: told.append(event)
    headers = [("authorization", "Bearer admin"), ("impersonate-user", "bob")]
    server.handle(Request(method="GET", path="/api/v1/pods", headers=headers))
    server.handle(Request(method="GET", path="/api/v1/pods", headers=headers[:1]))
    assert [(e["user"].name, e["acting_as"], e["code"]) for e in told] == [("admin", "bob", 403), ("admin", "", 200)]
    tell(sink, acting_as="bob", annotations={"authorization.k8s.io/decision": "allow"})
    status, page = Api()("GET", "clusters/demo/audit")
    (row,) = page["events"]
    assert (status, row["user"], row["actingAs"]) == (200, "ann", "bob")
    _, event = Api()("GET", f"clusters/demo/audit/{row['id']}")
    assert event["user"] == {"username": "ann"}
    assert event["impersonatedUser"] == {"username": "bob"}
    assert event["annotations"]["authorization.k8s.io/decision"] == "allow"
