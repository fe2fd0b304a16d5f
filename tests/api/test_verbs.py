"""The generic verbs, on ConfigMaps and Deployments."""

from __future__ import annotations

import json

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


def test_an_operation_of_a_json_patch_has_four_fields(api):
    api.create(CMS, cm("a"))
    ops = [{"op": "add", "path": "/data", "value": {"k": "v"}, "note": "why"}]
    answer = api.raw("PATCH", f"{CMS}/a", ops, headers={"content-type": "application/json-patch+json"})
    assert answer.status == 200
    assert ("Warning", '299 - "json patch unknown field \\"[0].note\\""') in answer.headers
    assert api.patch("json", f"{CMS}/a", ops, fieldValidation="Strict")[0] == 422
    assert api.patch("json", f"{CMS}/a", ops, fieldValidation="Ignore")[0] == 200


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
    # (The kind stands where the resource should.)
    assert body["message"].startswith(
        'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other)'
    )
    assert body["details"] == {"name": "a", "kind": "ConfigMap"}
    status, body = api.ask("DELETE", "/api/v1/namespaces/default", {"preconditions": {"resourceVersion": "1000"}})
    assert (status, body["details"]["kind"]) == (409, "namespaces")
    assert (
        "Precondition failed: ResourceVersion in precondition: 1000, ResourceVersion in object meta: "
        in body["message"]
    )


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
    assert (status, body["reason"]) == (500, "InternalError")
    # For the playground's log only: it may name what is none of the asker's business.
    assert "oh" in caplog.text
    assert "oh" not in body["message"]


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


STORAGE = "StorageError: invalid object, Code: 4, Key: /registry/{}, ResourceVersion: 0, AdditionalErrorMsg: "
FAILED = STORAGE + "Precondition failed: UID in precondition: 12, UID in object meta: {}"


def test_an_update_is_for_the_object_of_its_uid_alone(api):
    uid = api.create(CMS, {"metadata": {"name": "a"}})["metadata"]["uid"]
    for name, there in (("a", uid), ("gone", "")):
        status, body = api.ask("PUT", f"{CMS}/{name}", {"metadata": {"name": name, "uid": "12"}})
        assert (status, body["reason"]) == (409, "Conflict")
        why = FAILED.format(f"configmaps/default/{name}", there)
        assert body["message"] == f'Operation cannot be fulfilled on configmaps "{name}": {why}'


def test_a_patch_may_not_change_the_uid(api):
    api.create(CMS, {"metadata": {"name": "a"}})
    status, body = api.patch("merge", f"{CMS}/a", {"metadata": {"uid": "12"}})
    assert (status, body["details"]["causes"][0]["field"]) == (422, "metadata.uid")


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        ({"kind": "Pod"}, "converting (v1.Pod) to (core.ConfigMap): unknown conversion"),
        ({"apiVersion": "v2"}, 'no kind "ConfigMap" is registered for version "v2" in scheme'),
    ],
)
def test_a_patch_may_not_make_another_kind_of_an_object(api, patch, problem):
    api.create(CMS, {"metadata": {"name": "a"}})
    status, body = api.patch("merge", f"{CMS}/a", patch)
    assert status == 422
    assert problem in body["details"]["causes"][0]["message"]
    assert api.patch("strategic", f"{CMS}/a", patch)[0] == 200


@pytest.mark.parametrize(("sent", "status"), [("0", 201), ("abc", 201), ("7", 500)])
def test_a_new_object_has_no_version_yet(api, sent, status):
    assert api.ask("POST", CMS, {"metadata": {"name": "a", "resourceVersion": sent}})[0] == status


def test_an_apply_that_creates_forgets_the_version_it_names(api):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "7"}}
    assert api.patch("apply", f"{CMS}/a", body, fieldManager="m")[0] == 201


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (
            {"gracePeriodSeconds": "x"},
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
        ),
        (
            {"kind": "Foo", "apiVersion": "v1"},
            'no kind "Foo" is registered for version "v1" in scheme '
            '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"',
        ),
    ],
)
def test_delete_options_that_make_no_sense_are_the_decoders_problem(api, body, message):
    api.create(CMS, {"metadata": {"name": "a"}})
    status, answer = api.ask("DELETE", f"{CMS}/a", body)
    assert (status, answer["message"], answer.get("reason")) == (500, message, None)
    api.get(f"{CMS}/a")


@pytest.mark.parametrize("version", ["v1", "apps/v1", "meta.k8s.io/v1"])
def test_delete_options_may_be_of_any_version(api, version):
    api.create(CMS, {"metadata": {"name": "a"}})
    body = {"kind": "DeleteOptions", "apiVersion": version, "dryRun": ["All"]}
    assert api.ask("DELETE", f"{CMS}/a", body)[0] == 200
    api.get(f"{CMS}/a")


def test_managed_fields_that_cannot_be_read_are_forgotten(api):
    entry = {"manager": "x", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV2", "fieldsV1": {}}
    made = api.create(CMS, {"metadata": {"name": "a", "managedFields": [entry]}, "data": {"k": "v"}}, fieldManager="m")
    assert [e["manager"] for e in made["metadata"]["managedFields"]] == ["m"]


def test_yaml_answers_quote_as_the_real_server_does(api):
    api.create(CMS, {"metadata": {"name": "a"}, "data": {"flag": "true", "lines": "x\ny\n", "text": "so it is"}})
    answer = api.raw("GET", f"{CMS}/a", headers={"accept": "application/yaml"})
    assert b'data:\n  flag: "true"\n  lines: |\n    x\n    y\n  text: so it is\n' in answer.body


def test_an_apply_to_an_object_that_does_not_fit_its_type_says_so(api):
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    api.create(accounts, {"metadata": {"name": "a"}, "secrets": [{"kind": "Secret"}]})
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "labels": {"a": "b"}}}
    status, answer = api.patch("apply", f"{accounts}/a", body, fieldManager="m")
    assert status == 500
    assert answer["message"] == (
        "failed to create typed live object (/a; /v1, Kind=ServiceAccount): .secrets: element 0: associative list with "
        'keys has an element that omits key field "name" (and doesn\'t have default value)'
    )


@pytest.mark.parametrize("metadata", [5, None, {"labels": None}])
def test_an_apply_needs_metadata(api, metadata):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    status, answer = api.patch("apply", f"{CMS}/a", body, fieldManager="m")
    assert (status, "stumbled" in answer["message"]) in ((400, False), (500, False))


def test_a_job_needs_a_name(api):
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}
    status, body = api.ask("POST", jobs, {"metadata": {}, "spec": spec})
    assert (status, body["details"]["causes"][0]["field"]) == (422, "metadata.name")


def test_a_name_that_is_taken_is_told_with_what_was_to_be_generated(api):
    body = {"metadata": {"name": "a", "generateName": "a-"}}
    api.create(CMS, body)
    answer = api.raw("POST", CMS, body)
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (409, "1")
    assert json.loads(answer.body)["message"] == (
        'configmaps "a" already exists, the server was not able to generate a unique name for the object'
    )
    assert api.ask("POST", CMS, {"metadata": {"name": "a"}})[1]["message"] == 'configmaps "a" already exists'
