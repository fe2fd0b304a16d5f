"""OpenAPI v2 in the forms that clients ask for."""

from __future__ import annotations

import pytest

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


@pytest.mark.parametrize("asked", [PROTOBUF, PROTOBUF.replace("v2.v1", "v2@v1"), f"{PROTOBUF}, application/json"])
def test_kubectl_is_given_protobuf(api, asked):
    answer = api.raw("GET", "/openapi/v2", headers={"accept": asked})
    assert (answer.status, answer.content_type) == (200, PROTOBUF)
    assert answer.body.startswith(b"\x0a\x032.0")
    assert b"io.k8s.api.core.v1.Pod" in answer.body
    tag = dict(answer.headers)["Etag"]
    assert api.raw("GET", "/openapi/v2", headers={"accept": asked, "if-none-match": tag}).status == 304
    assert api.raw("GET", "/openapi/v2", headers={"if-none-match": tag}).status == 200


@pytest.mark.parametrize("asked", ["application/json", "*/*", "text/html, application/*"])
def test_everybody_else_is_given_json(api, asked):
    answer = api.raw("GET", "/openapi/v2", headers={"accept": asked})
    assert (answer.content_type, answer.body[:1]) == ("application/json", b"{")


def test_what_is_not_there_is_not_acceptable(api):
    assert api.raw("GET", "/openapi/v2", headers={"accept": "text/html"}).status == 406


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolves(document, ref):
    node = document
    for part in ref.removeprefix("#/").split("/"):
        if part not in node:
            return False
        node = node[part]
    return True


def operations(document):
    return {o["operationId"]: o for p in document["paths"].values() for m, o in p.items() if m != "parameters"}


def test_documents_refer_to_nothing_that_they_lack(api):
    index = api.get("/openapi/v3")["paths"]
    assert {"api", "api/v1", "apis", "apis/apps", "apis/apps/v1", "version"} <= set(index)
    for path in ("/openapi/v2", *(f"/openapi/v3/{name}" for name in index)):
        document = api.get(path)
        assert [r for r in set(references(document)) if not resolves(document, r)] == [], path


def test_no_two_operations_have_the_same_name(api):
    document = api.get("/openapi/v2")
    count = sum(method != "parameters" for path in document["paths"].values() for method in path)
    assert len(operations(document)) == count


@pytest.mark.parametrize(
    ("document", "name", "action", "description"),
    [
        ("api/v1", "listCoreV1PodForAllNamespaces", "list", "list or watch objects of kind Pod"),
        ("api/v1", "connectCoreV1GetNamespacedPodExec", "connect", "connect GET requests to exec of Pod"),
        ("api/v1", "createCoreV1NamespacedPodBinding", "post", "create binding of a Pod"),
        ("api/v1", "createCoreV1NamespacedEvent", "post", "create an Event"),
        ("api/v1", "createCoreV1NamespacedEndpoints", "post", "create Endpoints"),
        ("apis/apps/v1", "replaceAppsV1NamespacedDeploymentScale", "put", "replace scale of the specified Deployment"),
        (
            "apis/rbac.authorization.k8s.io/v1",
            "deleteRbacAuthorizationV1CollectionNamespacedRole",
            "deletecollection",
            "delete collection of Role",
        ),
    ],
)
def test_operations_are_named_and_described_as_clients_know_them(api, document, name, action, description):
    operation = operations(api.get(f"/openapi/v3/{document}"))[name]
    assert (operation["x-kubernetes-action"], operation["description"]) == (action, description)


def test_what_all_operations_of_a_path_take_stands_with_the_path(api):
    path = api.get("/openapi/v3/api/v1")["paths"]["/api/v1/namespaces/{namespace}/configmaps/{name}"]
    assert [p["name"] for p in path["parameters"]] == ["name", "namespace", "pretty"]
    assert path["parameters"][0]["description"] == "name of the ConfigMap"
    assert [p["name"] for p in path["patch"]["parameters"]] == ["dryRun", "fieldManager", "fieldValidation", "force"]
    assert "parameters" not in path["get"]
    assert path["put"]["requestBody"]["content"]["*/*"]["schema"] == {
        "$ref": "#/components/schemas/io.k8s.api.core.v1.ConfigMap"
    }


def test_lists_of_enumerations_name_their_values(api):
    schemas = api.get("/openapi/v3/api/v1")["components"]["schemas"]
    modes = schemas["io.k8s.api.core.v1.PersistentVolumeClaimSpec"]["properties"]["accessModes"]
    assert modes["items"]["enum"] == ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
    assert "Possible enum values" not in modes["description"]


def test_a_document_of_v3_is_json_or_not_acceptable(api):
    proto = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"
    assert api.raw("GET", "/openapi/v3/api/v1", headers={"accept": proto}).status == 406
    answer = api.raw("GET", "/openapi/v3/api/v1", headers={"accept": f"{proto}, application/json"})
    assert (answer.status, answer.content_type) == (200, "application/json")


def test_the_index_of_v3_has_a_tag(api):
    tag = dict(api.raw("GET", "/openapi/v3").headers)["Etag"]
    assert api.raw("GET", "/openapi/v3", headers={"if-none-match": tag}).status == 304
