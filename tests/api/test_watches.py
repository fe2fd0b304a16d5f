"""Watches: what a client sees of changes."""

from __future__ import annotations

import pytest

from tests.support.apiclient import Api
from tests.support.apiserver import new_server

CMS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def cm(name, **labels):
    return {"metadata": {"name": name, "labels": labels}}


def test_a_watch_begins_with_what_is_there_and_goes_on(api):
    api.create(CMS, cm("a"))
    watching = api.watch(CMS)
    assert watching.names() == [("ADDED", "a")]
    api.create(CMS, cm("b"))
    api.patch("merge", f"{CMS}/a", {"data": {"k": "1"}})
    api.ask("DELETE", f"{CMS}/b")
    assert watching.names() == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_a_watch_from_a_version_tells_what_came_after(api):
    made = api.create(CMS, cm("a"))
    api.create(CMS, cm("b"))
    assert api.watch(CMS, resourceVersion=made["metadata"]["resourceVersion"]).names() == [("ADDED", "b")]


def test_events_carry_the_version_of_their_change(api):
    watching = api.watch(CMS)
    made = api.create(CMS, cm("a"))
    api.ask("DELETE", f"{CMS}/a")
    added, deleted = (int(e["object"]["metadata"]["resourceVersion"]) for e in watching.events())
    assert added == int(made["metadata"]["resourceVersion"])
    assert deleted > added


def test_a_selector_turns_changes_into_comings_and_goings(api):
    api.create(CMS, cm("a", tier="x"))
    watching = api.watch(CMS, labelSelector="tier=y")
    assert watching.names() == []
    api.patch("merge", f"{CMS}/a", {"metadata": {"labels": {"tier": "y"}}})
    api.patch("merge", f"{CMS}/a", {"data": {"k": "1"}})
    changed = api.patch("merge", f"{CMS}/a", {"metadata": {"labels": {"tier": "z"}}})[1]
    events = watching.events()
    assert [e["type"] for e in events] == ["ADDED", "MODIFIED", "DELETED"]
    gone = events[-1]["object"]
    assert gone["metadata"]["labels"] == {"tier": "y"}
    assert gone["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


def test_a_watch_of_a_namespace_hears_nothing_of_others(api):
    watching = api.watch(CMS)
    api.create("/api/v1/namespaces/kube-system/configmaps", cm("x"))
    assert watching.names() == []
    assert watching.wakes == 1


def test_initial_events_end_with_a_bookmark_that_says_so(api):
    api.create(CMS, cm("a"))
    watching = api.watch(CMS, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true")
    added, mark = watching.events()
    assert (added["type"], mark["type"]) == ("ADDED", "BOOKMARK")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert mark["object"]["kind"] == "ConfigMap"


def test_a_bookmark_is_an_object_in_which_nothing_is_set(api):
    asked = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    (mark,) = api.watch("/api/v1/namespaces/default/pods", **asked).events()
    mark["object"].pop("metadata")
    assert mark["object"] == {"kind": "Pod", "apiVersion": "v1", "spec": {"containers": None}, "status": {}}


@pytest.mark.parametrize("path", ["/api/v1/namespaces/default/pods", CMS, "/apis/apps/v1/deployments"])
def test_a_bookmark_in_a_table_is_a_row_of_an_object_in_which_nothing_is_set(api, path):
    asked = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    (mark,) = api.watch(path, headers=accept, **asked).events()
    found = mark["object"]
    rev = found["metadata"].pop("resourceVersion")
    assert (found["kind"], found["metadata"], len(found["rows"])) == ("Table", {}, 1)
    (row,) = found["rows"]
    assert (row["cells"][0], len(row["cells"])) == ("", len(found["columnDefinitions"]))
    assert row["object"]["metadata"] == {"resourceVersion": rev, "annotations": {"k8s.io/initial-events-end": "true"}}


def test_no_initial_events_means_none(api):
    api.create(CMS, cm("a"))
    watching = api.watch(CMS, sendInitialEvents="false", resourceVersionMatch="NotOlderThan")
    assert watching.names() == []


def test_a_compacted_version_ends_the_watch_with_an_error():
    server = new_server(ring=2)
    api = Api(server)
    made = api.create(CMS, cm("a"))
    cache = server.cluster.registry.cache
    for i in range(3):
        api.create(CMS, cm(f"b{i}"))
    cache.store.compact(cache.rev)
    watching = api.watch(CMS, resourceVersion=made["metadata"]["resourceVersion"])
    (event,) = watching.events()
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert watching.ended


def test_a_watcher_that_lags_too_far_is_cut_off(api, server):
    server.cluster.settings.watch_queue = 3
    watching = api.watch(CMS)
    for i in range(5):
        api.create(CMS, cm(f"a{i}"))
    assert len(watching.events()) == 3
    assert watching.ended


def test_a_closed_watch_is_forgotten(api, server):
    watching = api.watch(CMS)
    assert len(server.hub) == 1
    watching.stream.source.close()
    assert len(server.hub) == 0
    api.create(CMS, cm("a"))
    assert watching.events() == []


def test_too_many_watchers_are_refused(api, server):
    server.cluster.settings.max_watchers = 1
    api.watch(CMS)
    status, body = api.ask("GET", CMS, watch="1")
    assert (status, body["reason"]) == (429, "TooManyRequests")


def test_a_watch_as_tables_names_its_columns_once(api):
    api.create(CMS, cm("a"))
    watching = api.watch(CMS, headers={"accept": TABLE})
    api.create(CMS, cm("b"))
    first, second = watching.events()
    assert first["object"]["columnDefinitions"]
    assert second["object"]["columnDefinitions"] is None
    assert second["object"]["rows"][0]["cells"][0] == "b"


def test_a_watch_of_one_name_hears_of_that_one(api):
    api.create(CMS, cm("a"))
    api.create(CMS, cm("b"))
    watching = api.watch("/api/v1/watch/namespaces/default/configmaps/a")
    assert watching.names() == [("ADDED", "a")]
    api.patch("merge", f"{CMS}/b", {"data": {"k": "1"}})
    api.patch("merge", f"{CMS}/a", {"data": {"k": "1"}})
    assert watching.names() == [("MODIFIED", "a")]


def test_the_path_and_the_selector_of_a_watch_may_not_differ(api):
    query = {"fieldSelector": "metadata.name=b"}
    status, body = api.ask("GET", "/api/v1/watch/namespaces/default/configmaps/a", **query)
    assert (status, body["message"]) == (400, "fieldSelector metadata.name doesn't match requested name")


def test_an_object_is_got_whether_or_not_a_watch_was_asked_for(api):
    api.create(CMS, cm("a"))
    assert api.get(f"{CMS}/a", watch="true")["metadata"]["name"] == "a"


def test_a_watch_from_the_future_waits_for_its_first_event(api):
    watching = api.watch(CMS, resourceVersion="999999999")
    api.create(CMS, cm("a"))
    assert (watching.events(), watching.ended) == ([], False)


def test_a_watch_of_a_state_that_does_not_come_fails_as_a_stream(api):
    asked = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    watching = api.watch(CMS, resourceVersion="999999999", **asked)
    (event,) = watching.events()
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 504, "Timeout")
    assert watching.ended


@pytest.mark.parametrize(("query", "seconds"), [({"timeoutSeconds": "7"}, 7), ({}, None)])
def test_a_watch_has_an_end(api, query, seconds):
    timeout = api.watch(CMS, **query).stream.timeout
    assert timeout == seconds if seconds else 1800 <= timeout < 3600


def test_bookmarks_are_given_only_when_nothing_waits(api):
    watching = api.watch(CMS, allowWatchBookmarks="true")
    source = watching.stream.source
    watching.events()
    assert b'"type":"BOOKMARK"' in source.bookmark()
    api.create(CMS, cm("a"))
    assert source.bookmark() == b""


def test_initial_events_without_bookmarks_are_the_changes_since_the_version(api):
    made = api.create(CMS, cm("a"))
    api.create(CMS, cm("b"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    assert api.watch(CMS, **query, resourceVersion=made["metadata"]["resourceVersion"]).names() == [("ADDED", "b")]
    assert api.watch(CMS, **query).names() == [("ADDED", "a"), ("ADDED", "b")]
