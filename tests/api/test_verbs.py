"""The generic verbs, on ConfigMaps and Deployments."""

from __future__ import annotations

import pytest

CMS = "/api/v1/namespaces/default/configmaps"


def cm(name: str, **more: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **more}, "data": {"k": "1"}}


def test_create_then_get_gives_the_object_with_its_version(api):
    made = api.create(CMS, cm("a"))
    assert made["metadata"]["resourceVersion"]
    assert api.get(f"{CMS}/a") == made


def test_create_fills_in_apiversion_and_kind(api):
    made = api.create(CMS, {"metadata": {"name": "a"}})
    assert (made["apiVersion"], made["kind"]) == ("v1", "ConfigMap")


def test_create_elsewhere_than_the_url_says_is_refused(api):
    status, body = api.ask("POST", CMS, cm("a", namespace="other"))
    assert (status, body["message"]) == (
        400,
        "the namespace of the provided object does not match the namespace sent on the request",
    )


def test_dry_run_stores_nothing_and_names_no_version(api):
    made = api.create(CMS, cm("a"), dryRun="All")
    assert "resourceVersion" not in made["metadata"]
    assert api.ask("GET", f"{CMS}/a")[0] == 404


def test_update_needs_the_name_of_the_url(api):
    api.create(CMS, cm("a"))
    status, body = api.ask("PUT", f"{CMS}/a", cm("b"))
    assert (status, body["message"]) == (
        400,
        "the name of the object (b) does not match the name on the URL (a)",
    )


def test_update_of_a_stale_version_conflicts(api):
    made = api.create(CMS, cm("a"))
    api.patch("merge", f"{CMS}/a", {"data": {"k": "2"}})
    status, body = api.ask("PUT", f"{CMS}/a", {**made, "data": {"k": "3"}})
    assert (status, body["reason"]) == (409, "Conflict")


def test_an_update_without_a_change_keeps_the_version(api):
    made = api.create(CMS, cm("a"))
    assert api.ask("PUT", f"{CMS}/a", made) == (200, made)


@pytest.mark.parametrize(
    ("kind", "patch", "data"),
    [
        ("merge", {"data": {"k": None, "l": "2"}}, {"l": "2"}),
        ("strategic", {"data": {"l": "2"}}, {"k": "1", "l": "2"}),
        ("json", [{"op": "add", "path": "/data/l", "value": "2"}], {"k": "1", "l": "2"}),
    ],
)
def test_patches_change_the_object(api, kind, patch, data):
    api.create(CMS, cm("a"))
    status, body = api.patch(kind, f"{CMS}/a", patch)
    assert (status, body["data"]) == (200, data)


def test_an_unknown_field_in_a_patch_warns_or_is_refused(api):
    api.create(CMS, cm("a"))
    answer = api.raw("PATCH", f"{CMS}/a", {"foo": 1}, headers={"content-type": "application/merge-patch+json"})
    assert ("Warning", '299 - "unknown field \\"foo\\""') in answer.headers
    status, body = api.patch("merge", f"{CMS}/a", {"foo": 1}, fieldValidation="Strict")
    assert status == 422
    assert 'strict decoding error: unknown field "foo"' in body["message"]


def test_a_duplicate_key_in_a_patch_warns(api):
    api.create(CMS, cm("a"))
    media = {"content-type": "application/merge-patch+json"}
    answer = api.raw("PATCH", f"{CMS}/a", b'{"data":{"x":"1","x":"2"}}', headers=media)
    assert ("Warning", '299 - "duplicate field \\"data.x\\""') in answer.headers


def test_delete_answers_with_a_status_that_names_the_object(api):
    made = api.create(CMS, cm("a"))
    status, body = api.ask("DELETE", f"{CMS}/a")
    assert (status, body["status"]) == (200, "Success")
    assert body["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}


def test_delete_with_finalizers_answers_with_the_object(api):
    api.create(CMS, cm("a", finalizers=["example.com/f"]))
    status, body = api.ask("DELETE", f"{CMS}/a")
    assert (status, body["kind"]) == (200, "ConfigMap")
    assert body["metadata"]["deletionTimestamp"]


def test_delete_preconditions_must_hold(api):
    api.create(CMS, cm("a"))
    status, body = api.ask("DELETE", f"{CMS}/a", {"preconditions": {"uid": "other"}})
    assert (status, body["reason"]) == (409, "Conflict")


def test_delete_collection_takes_what_the_selector_selects(api):
    for name, label in (("a", "1"), ("b", "2"), ("c", "1")):
        api.create(CMS, cm(name, labels={"x": label}))
    status, body = api.ask("DELETE", CMS, labelSelector="x=1")
    assert (status, body["kind"]) == (200, "ConfigMapList")
    assert [i["metadata"]["name"] for i in api.get(CMS)["items"]] == ["b"]


def test_yaml_goes_in_and_out(api):
    media = {"content-type": "application/yaml", "accept": "application/yaml"}
    answer = api.raw("POST", CMS, b"metadata:\n  name: a\ndata:\n  k: v\n", headers=media)
    assert answer.content_type == "application/yaml"
    assert b"kind: ConfigMap\n" in answer.body


def test_pretty_prints_in_the_order_of_the_real_server(api):
    api.create(CMS, cm("a"))
    text = api.raw("GET", f"{CMS}/a", pretty="true").body.decode()
    assert text.startswith('{\n  "kind": "ConfigMap",\n  "apiVersion": "v1",\n  "metadata": {\n    "name": "a",\n')


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/widgets", 404),
        ("GET", "/apis/apps/v9/deployments", 404),
        ("GET", "/api/v2", 404),
        ("GET", f"{CMS}/a/status", 404),
        ("GET", f"{CMS}/a/b/c", 404),
        ("GET", "/api/v1/namespaces/default/nodes", 404),
        ("POST", f"{CMS}/a", 405),
        ("PUT", CMS, 405),
        ("POST", "/api/v1/configmaps", 405),
        ("DELETE", "/api/v1/configmaps", 405),
        ("DELETE", "/api/v1/namespaces", 405),
        ("POST", "/version", 405),
        ("HEAD", CMS, 405),
    ],
)
def test_what_has_no_route_is_not_found_and_what_has_no_method_is_not_allowed(api, method, path, status):
    assert api.ask(method, path, {} if method in ("POST", "PUT") else None)[0] == status


def test_a_body_over_the_limit_is_refused(api):
    status, body = api.ask("POST", CMS, b" " * (3 * 1024 * 1024 + 1))
    assert (status, body["reason"]) == (413, "RequestEntityTooLarge")


def test_a_bug_is_a_status_not_a_traceback(api, server, monkeypatch, caplog):
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("oh")

    monkeypatch.setattr(server.cluster.registry, "get", broken)
    status, body = api.ask("GET", f"{CMS}/a")
    assert (status, body["message"]) == (500, "Internal error occurred: oh")
    assert "oh" in caplog.text


def test_every_answer_names_its_audit_id_and_forbids_caching(api):
    headers = dict(api.raw("GET", f"{CMS}/nope").headers)
    assert headers["Cache-Control"] == "no-cache, private"
    assert len(headers["Audit-Id"]) == 36
    assert dict(api.raw("GET", CMS, headers={"audit-id": "mine"}).headers)["Audit-Id"] == "mine"


def test_finished_requests_are_told_to_the_audit_sink(api, server):
    heard = []
    server.cluster.audit = lambda **fields: heard.append(fields)
    api.ask("GET", "/apis/apps/v1/namespaces/default/deployments/x/scale")
    assert [(h["verb"], h["resource"], h["name"], h["code"]) for h in heard] == [
        ("get", "deployments.apps/scale", "x", 404)
    ]


def test_a_list_of_one_name_needs_access_to_that_name_alone(api):
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["list", "watch"]}]
    where = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    api.create(f"{where}/roles", {"metadata": {"name": "r"}, "rules": rules})
    api.create(
        f"{where}/rolebindings",
        {
            "metadata": {"name": "r"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}],
        },
    )
    jane, cms = api.as_("jane"), "/api/v1/namespaces/default/configmaps"
    assert jane.ask("GET", cms, fieldSelector="metadata.name=a")[0] == 200
    assert jane.ask("GET", cms)[0] == 403
    status, body = jane.ask("GET", cms, fieldSelector="metadata.name=b")
    assert (status, body["details"]["name"]) == (403, "b")
