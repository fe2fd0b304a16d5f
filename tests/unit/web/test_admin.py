"""The instructors' admin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from clusters.kernel.clock import wall_now
from clusters.models import Cluster, Lease
from clusters.runtime import service
from playground.accounts import access
from playground.accounts.models import ClusterCredential, User


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_every_list_and_form_opens(admin: Client, demo: Cluster) -> None:
    access.kubeconfig_token(demo, "admin", ("system:masters",))
    Lease.objects.create(cluster=demo, holder="w1", epoch=3, expires=wall_now() + 10**9)
    for path in (
        "", "clusters/cluster/", "clusters/cluster/add/", f"clusters/cluster/{demo.pk}/change/", "clusters/lease/",
        "accounts/user/", "accounts/user/add/", "accounts/membership/", "accounts/membership/add/",
        "accounts/apitoken/", "accounts/apitoken/add/", "accounts/clustercredential/",
        f"clusters/cluster/{demo.pk}/log/", f"clusters/cluster/{demo.pk}/faults/",
    ):  # fmt: skip
        page(admin, f"/admin/{path}")


def test_admin_is_for_staff(ann: User, demo: Cluster) -> None:
    client = Client()
    client.force_login(ann)
    for path in ("clusters/cluster/", f"clusters/cluster/{demo.pk}/log/", f"clusters/cluster/{demo.pk}/faults/"):
        assert client.get(f"/admin/{path}").status_code == 302


def test_cluster_is_made_by_the_same_service_as_everywhere(admin: Client) -> None:
    given = {
        "name": "lab", "workers": 2, "control_planes": 0, "cpu": "2", "memory": "4Gi", "pods": 20, "zones": "a,b",
        "speed": "0", "addons": "none", "chance": 7,
    }  # fmt: skip
    answer = admin.post("/admin/clusters/cluster/add/", given)
    assert answer.status_code == 302
    cluster = Cluster.objects.get(name="lab")
    assert (cluster.seed, cluster.settings["workers"], cluster.settings["zones"]) == (7, 2, ["a", "b"])
    assert cluster.head > 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "Lab"), ("name", "demo"), ("workers", 99_999), ("cpu", "fast"), ("speed", "warp"), ("zones", "!")],
)
def test_bad_clusters_are_refused_on_the_form(admin: Client, demo: Cluster, field: str, value: Any) -> None:
    given = {
        "name": "lab", "workers": 0, "control_planes": 1, "cpu": "2", "memory": "4Gi", "pods": 20, "zones": "a",
        "speed": "0", "addons": "none", field: value,
    }  # fmt: skip
    answer = admin.post("/admin/clusters/cluster/add/", given)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert Cluster.objects.count() == 1


def test_clusters_are_deleted_with_their_history(admin: Client, demo: Cluster) -> None:
    confirm = page(admin, f"/admin/clusters/cluster/{demo.pk}/delete/")
    assert "demo with all its history" in confirm
    assert admin.post(f"/admin/clusters/cluster/{demo.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Cluster.objects.exists()


@pytest.mark.parametrize(("action", "speed"), [("pause", "0"), ("run_on", "1"), ("run_tenfold", "10")])
def test_actions_set_the_clocks(admin: Client, demo: Cluster, action: str, speed: str) -> None:
    service.set_clock(demo, speed="3")
    admin.post("/admin/clusters/cluster/", {"action": action, "_selected_action": [demo.pk]})
    demo.refresh_from_db()
    assert demo.clock_speed == speed


def test_log_is_filtered_and_paged_without_counting(
    admin: Client, demo: Cluster, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusters.web.admin_log.PAGE", 10)
    root = f"/admin/clusters/cluster/{demo.pk}/log/"
    with django_assert_max_num_queries(8) as queries:
        text = page(admin, root)
    assert not any("COUNT(" in q["sql"].upper() for q in queries.captured_queries)
    demo.refresh_from_db()
    assert f">{demo.head}</a>" in text
    assert text.count("<tr><td>") == 10
    older = re.search(r'href="\?([^"]*before=\d+)"', text)
    assert older is not None
    assert f">{demo.head}</a>" not in page(admin, root + "?" + older[1])
    text = page(admin, root + "?key=core/namespaces/")
    assert "core/namespaces/default" in text
    assert "playground.dev/machines" not in text
    assert "Nothing matches" in page(admin, root + "?actor=nobody")
    assert "whole number" in page(admin, root + "?first=x")


def test_revision_shows_the_object_and_what_it_was_before(admin: Client, demo: Cluster) -> None:
    service.set_power(demo, "node-1", "off")
    demo.refresh_from_db()
    text = page(admin, f"/admin/clusters/cluster/{demo.pk}/log/{demo.head}/")
    assert "playground.dev/machines/node-1" in text
    assert "&quot;power&quot;: &quot;off&quot;" in text
    assert "&quot;power&quot;: &quot;on&quot;" in text
    assert admin.get(f"/admin/clusters/cluster/{demo.pk}/log/999999/").status_code == 404


def test_faults_are_injected_and_healed(admin: Client, demo: Cluster) -> None:
    root = f"/admin/clusters/cluster/{demo.pk}/faults/"
    admin.post(root, {"kind": "node-power", "target": "node-1", "duration": "60s"})
    text = page(admin, root)
    fault = re.search(r'name="heal" value="([^"]+)"', text)
    assert fault is not None
    admin.post(root, {"heal": fault[1]})
    assert "Nothing is broken on purpose" in page(admin, root)
    for wrong in ({"kind": "node-power", "target": "none"}, {"kind": "x", "target": "y"}, {"heal": "none"}, {}):
        answer = admin.post(root, wrong)
        assert answer.status_code == 200
        assert "errorlist" in answer.content.decode()


def test_held_lease_can_be_freed(admin: Client, demo: Cluster) -> None:
    Lease.objects.create(cluster=demo, holder="w1", epoch=3, expires=wall_now() + 10**12)
    admin.post("/admin/clusters/lease/", {"action": "free", "_selected_action": [demo.pk]})
    assert Lease.objects.get().expires == 0


def test_new_api_token_is_shown_once(admin: Client, ann: User) -> None:
    answer = admin.post("/admin/accounts/apitoken/add/", {"user": ann.pk, "name": "ci"}, follow=True)
    token = re.search(r"cpa_[\w-]+", answer.content.decode())
    assert token is not None
    assert access.api_user(token[0]) == ann


def test_credentials_are_revoked(admin: Client, demo: Cluster) -> None:
    token = access.kubeconfig_token(demo, "admin", ("system:masters",))
    row = ClusterCredential.objects.get()
    admin.post("/admin/accounts/clustercredential/", {"action": "revoke", "_selected_action": [row.pk]})
    assert access.authenticate_bearer(token, demo) is None
