"""Who owns what after a status write: nothing that the write put back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.apiclient import Api

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def owned(obj: Any, manager: str) -> Any:
    return next((e["fieldsV1"] for e in obj["metadata"]["managedFields"] if e["manager"] == manager), None)


@pytest.fixture
def deployment(api: Api) -> Any:
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": TEMPLATE}
    return api.create(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec}, fieldManager="maker")


def test_labels_of_a_deployment_are_put_back(api: Api, deployment: Any) -> None:
    deployment["metadata"] |= {"labels": {"l": "v"}, "annotations": {"a": "v"}}
    deployment["spec"]["replicas"] = 5
    deployment["status"] = {"replicas": 2}
    status, body = api.ask("PUT", f"{DEPLOYMENTS}/d/status", deployment, fieldManager="reporter")
    assert status == 200
    assert (body["spec"]["replicas"], body["metadata"].get("labels")) == (1, None)
    assert owned(body, "reporter") == {
        "f:metadata": {"f:annotations": {".": {}, "f:a": {}}},
        "f:status": {"f:replicas": {}},
    }


def test_an_applied_status_owns_no_labels_of_a_deployment(api: Api, deployment: Any) -> None:
    config = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "labels": {"l": "v"}},
        "status": {"replicas": 2},
    }
    assert api.patch("apply", f"{DEPLOYMENTS}/d/status", config, fieldManager="reporter")[0] == 200
    assert owned(api.get(f"{DEPLOYMENTS}/d"), "reporter") == {"f:status": {"f:replicas": {}}}


def test_metadata_of_an_attachment_is_put_back(api: Api) -> None:
    spec = {"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "p"}}
    made = api.create(ATTACHMENTS, {"metadata": {"name": "v"}, "spec": spec}, fieldManager="maker")
    made["metadata"]["annotations"] = {"a": "v"}
    made["status"] = {"attached": True}
    status, body = api.ask("PUT", f"{ATTACHMENTS}/v/status", made, fieldManager="reporter")
    assert (status, body["metadata"].get("annotations")) == (200, None)
    assert owned(body, "reporter") == {"f:status": {"f:attached": {}}}


def test_metadata_of_a_definition_may_be_written_with_its_status(api: Api) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    names = {"plural": "crates", "kind": "Crate"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions}
    api.create(path, {"metadata": {"name": "crates.example.com"}, "spec": spec}, fieldManager="maker")
    made = api.get(f"{path}/crates.example.com")
    made["metadata"]["labels"] = {"l": "v"}
    status, body = api.ask("PUT", f"{path}/crates.example.com/status", made, fieldManager="reporter")
    assert (status, body["metadata"]["labels"]) == (200, {"l": "v"})
    assert owned(body, "reporter")["f:metadata"] == {"f:labels": {".": {}, "f:l": {}}}
