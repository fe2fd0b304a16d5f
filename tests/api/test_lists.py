"""Lists: selectors, pages, revisions, Tables."""

from __future__ import annotations

import pytest

CMS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@pytest.fixture
def three(api):
    """ConfigMaps a, b, c; labelled front, back, back."""
    made = []
    for name, tier in (("a", "front"), ("b", "back"), ("c", "back")):
        meta = {"name": name, "labels": {"app": "x", "tier": tier}}
        made.append(api.create(CMS, {"metadata": meta}))
    return made


def names(body):
    return [i["metadata"]["name"] for i in body["items"]]


def test_items_of_a_list_do_not_repeat_kind_and_version(api, three):
    body = api.get(CMS)
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert set(body["items"][0]) == {"metadata"}
    assert body["items"][0]["metadata"]["resourceVersion"] == three[0]["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=back", ["b", "c"]),
        ("tier!=back", ["a"]),
        ("tier in (front)", ["a"]),
        ("!app", []),
        ("app", ["a", "b", "c"]),
    ],
)
def test_label_selectors_select(api, three, selector, found):
    assert names(api.get(CMS, labelSelector=selector)) == found


def test_field_selectors_select_and_unknown_fields_are_refused(api, three):
    assert names(api.get(CMS, fieldSelector="metadata.name!=a")) == ["b", "c"]
    status, body = api.ask("GET", CMS, fieldSelector="data.k=1")
    assert (status, body["message"]) == (
        400,
        '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
    assert api.ask("GET", "/api/v1/pods", fieldSelector="spec.x=1")[1]["message"] == "field label not supported: spec.x"


def test_pages_follow_each_other_at_one_revision(api, three):
    first = api.get(CMS, limit="2")
    assert names(first) == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 1
    api.create(CMS, {"metadata": {"name": "bb"}})
    api.ask("DELETE", f"{CMS}/c")
    second = api.get(CMS, limit="2", **{"continue": first["metadata"]["continue"]})
    assert names(second) == ["c"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert "continue" not in second["metadata"]


def test_pages_of_a_selection_do_not_count_what_remains(api, three):
    page = api.get(CMS, limit="1", labelSelector="app")
    assert "remainingItemCount" not in page["metadata"]
    assert page["metadata"]["continue"]


def test_exact_reads_the_past(api, three):
    then = three[1]["metadata"]["resourceVersion"]
    assert names(api.get(CMS, resourceVersion=then, resourceVersionMatch="Exact")) == ["a", "b"]
    assert names(api.get(CMS, resourceVersion=then)) == ["a", "b", "c"]


def test_a_compacted_revision_is_gone(api, server, three):
    then = three[0]["metadata"]["resourceVersion"]
    server.cluster.registry.cache.store.compact(server.cluster.registry.cache.rev)
    status, body = api.ask("GET", CMS, resourceVersion=then, resourceVersionMatch="Exact")
    assert (status, body["reason"]) == (410, "Expired")
    assert body["message"] == "The resourceVersion for the provided list is too old."


def test_pages_go_on_after_compaction_if_one_takes_the_new_token(api, server, three):
    first = api.get(CMS, limit="1")
    api.create(CMS, {"metadata": {"name": "bb"}})
    server.cluster.registry.cache.store.compact(server.cluster.registry.cache.rev)
    status, body = api.ask("GET", CMS, limit="2", **{"continue": first["metadata"]["continue"]})
    assert (status, body["reason"]) == (410, "Expired")
    assert body["message"].startswith("The provided continue parameter is too old to display a consistent list result.")
    rest = api.get(CMS, limit="2", **{"continue": body["metadata"]["continue"]})
    assert names(rest) == ["b", "bb"]
    assert rest["metadata"]["remainingItemCount"] == 1


def test_one_name_is_one_page(api, three):
    page = api.get(CMS, limit="1", fieldSelector="metadata.name=a")
    assert names(page) == ["a"]
    assert "continue" not in page["metadata"]
    across = api.get("/api/v1/configmaps", limit="1", fieldSelector="metadata.name=a")
    assert across["metadata"]["continue"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"resourceVersionMatch": "NotOlderThan"},
        {"resourceVersionMatch": "Exact"},
        {"limit": "1"},
    ],
    ids=["", "newer", "exact", "page"],
)
def test_the_future_times_out(api, query):
    answer = api.raw("GET", CMS, resourceVersion="999999999", **query)
    assert answer.status == 504
    assert ("Retry-After", "1") in answer.headers
    assert b"Too large resource version: 999999999, current: " in answer.body


def test_a_version_that_is_no_number_is_refused_as_the_real_server_does(api):
    status, body = api.ask("GET", CMS, resourceVersion="abc")
    assert (status, body["message"]) == (
        400,
        'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    )
    assert api.ask("GET", f"{CMS}/a", resourceVersion="abc")[0] == 500


def test_a_table_has_columns_and_rows_with_metadata(api, three):
    body = api.get(CMS, headers={"accept": TABLE})
    assert body["kind"] == "Table"
    assert [c["name"] for c in body["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert body["rows"][0]["cells"][:2] == ["a", 0]
    assert body["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


@pytest.mark.parametrize(
    ("include", "kind"), [("Object", "ConfigMap"), ("None", None), ("Metadata", "PartialObjectMetadata")]
)
def test_a_table_includes_what_is_asked_for(api, three, include, kind):
    row = api.get(f"{CMS}/a", headers={"accept": TABLE}, includeObject=include)["rows"][0]
    assert (row["object"] or {}).get("kind") == kind


def test_metadata_alone_is_given_on_request(api, three):
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    body = api.get(CMS, headers={"accept": accept})
    assert body["kind"] == "PartialObjectMetadataList"
    assert {i["kind"] for i in body["items"]} == {"PartialObjectMetadata"}


def test_pods_that_ended_are_marked_in_tables(api):
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    pods = "/api/v1/namespaces/default/pods"
    api.create(pods, pod)
    api.patch("merge", f"{pods}/p/status", {"status": {"phase": "Succeeded"}})
    row = api.get(f"{pods}/p", headers={"accept": TABLE})["rows"][0]
    assert row["conditions"][0]["type"] == "Completed"
