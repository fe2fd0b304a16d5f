"""Who owns fields of an object in which API version, and what becomes of owners whose version is gone."""

from __future__ import annotations

from typing import Any

from tests.api.test_custom_resources import CRDS, GROUP, ITEMS, definition, establish, version, widget
from tests.support.apiclient import Api

MAPS = "/api/v1/namespaces/default/configmaps"
EVENTS = "namespaces/default/events"


def owners(obj: Any) -> list[tuple[str, str]]:
    return [(e["manager"], e["apiVersion"]) for e in obj["metadata"].get("managedFields", [])]


def test_an_owner_in_a_version_that_there_is_not_is_forgotten(api: Api) -> None:
    made = api.create(MAPS, {"metadata": {"name": "m"}, "data": {"a": "1"}}, fieldManager="maker")
    entry = {**made["metadata"]["managedFields"][0], "manager": "other", "apiVersion": "v9"}
    made["metadata"]["managedFields"].append(entry)
    assert owners(api.ask("PUT", f"{MAPS}/m", made, fieldManager="maker")[1]) == [("maker", "v1")]


def test_events_are_owned_in_the_versions_of_both_groups(api: Api) -> None:
    about = {"kind": "ConfigMap", "name": "m", "namespace": "default"}
    api.create(f"/api/v1/{EVENTS}", {"metadata": {"name": "e"}, "involvedObject": about}, fieldManager="core")
    path = f"/apis/events.k8s.io/v1/{EVENTS}/e"
    change = {"metadata": {"labels": {"a": "b"}}}
    assert api.patch("merge", path, change, fieldManager="new")[0] == 200
    status, body = api.patch("merge", f"/api/v1/{EVENTS}/e", {"metadata": {"labels": {"c": "d"}}}, fieldManager="core")
    assert status == 200
    assert sorted(owners(body)) == [("core", "v1"), ("new", "events.k8s.io/v1")]


def stale(api: Api) -> None:
    """A widget with an owner in a version that its definition does not have any more."""
    establish(api, definition(version(), version("v1beta1", storage=False)))
    api.create(ITEMS.replace("v1", "v1beta1"), {**widget(size=1), "apiVersion": f"{GROUP}/v1beta1"}, fieldManager="old")
    api.patch("merge", f"{ITEMS}/w", {"metadata": {"labels": {"a": "b"}}}, fieldManager="new")
    name = f"{CRDS}/widgets.{GROUP}"
    unserved = [version(), {**version("v1beta1", storage=False), "served": False}]
    assert api.patch("merge", name, {"spec": {"versions": unserved}})[0] == 200
    status, body = api.patch("merge", f"{ITEMS}/w", {"metadata": {"labels": {"a": "c"}}}, fieldManager="new")
    assert (status, sorted(owners(body))) == (200, [("new", f"{GROUP}/v1"), ("old", f"{GROUP}/v1beta1")])
    assert api.patch("merge", name, {"spec": {"versions": [version()]}})[0] == 200


def test_nothing_is_applied_to_an_object_owned_in_a_version_that_is_gone(api: Api) -> None:
    stale(api)
    status, body = api.patch("apply", f"{ITEMS}/w", widget(size=2), fieldManager="me")
    text = f"request to convert CR to an invalid group/version: {GROUP}/v1beta1"
    assert (status, body["message"], "reason" in body) == (500, text, False)


def test_an_update_of_an_object_owned_in_a_version_that_is_gone_forgets_all_owners(api: Api) -> None:
    stale(api)
    status, body = api.patch("merge", f"{ITEMS}/w", {"spec": {"size": 2}}, fieldManager="new")
    assert (status, owners(body)) == (200, [])
