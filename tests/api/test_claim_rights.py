"""Who may write which part of a ResourceClaim's status."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.apiclient import Api

CLAIMS = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
ROLES = "/apis/rbac.authorization.k8s.io/v1"
WHO = "system:serviceaccount:default:w"
RESULT = {"request": "r", "driver": "gpu.example.com", "pool": "p", "device": "d"}
DEVICE = {"driver": "gpu.example.com", "pool": "p", "device": "d"}
NODE = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]}
ALLOCATION = {"devices": {"results": [RESULT]}, "nodeSelector": NODE}


@pytest.fixture
def claim(api: Api) -> Api:
    request = {"name": "r", "exactly": {"deviceClassName": "gpu.example.com"}}
    api.create(CLAIMS, {"metadata": {"name": "c"}, "spec": {"devices": {"requests": [request]}}})
    allow(api, "status", "resourceclaims", "get", "update", "patch")
    allow(api, "claims", "resourceclaims/status", "get", "update", "patch")
    return api


def allow(api: Api, name: str, resource: str, *verbs: str, names: list[str] | None = None) -> None:
    rule: dict[str, Any] = {"apiGroups": ["resource.k8s.io"], "resources": [resource], "verbs": list(verbs)}
    if names:
        rule["resourceNames"] = names
    api.create(f"{ROLES}/clusterroles", {"metadata": {"name": name}, "rules": [rule]})
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": WHO}
    api.create(f"{ROLES}/clusterrolebindings", {"metadata": {"name": name}, "roleRef": ref, "subjects": [subject]})


def write(api: Api, status: dict[str, Any], node: str = "") -> tuple[int, list[str]]:
    headers = {"impersonate-user": WHO, "content-type": "application/merge-patch+json"}
    if node:
        headers["impersonate-extra-authentication.kubernetes.io%2fnode-name"] = node
    code, body = api.ask("PATCH", f"{CLAIMS}/c/status", {"status": status}, headers=headers)
    return code, [f"{c['field']}: {c['message']}" for c in ((body.get("details") or {}).get("causes") or ())]


def test_allocating_takes_the_right_to_bind(claim: Api) -> None:
    code, causes = write(claim, {"allocation": ALLOCATION})
    assert code == 422
    assert causes == [
        'status: Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding",'
        f' verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: User "{WHO}" cannot patch resource'
        ' "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope'
    ]
    allow(claim, "binding", "resourceclaims/binding", "patch")
    assert write(claim, {"allocation": ALLOCATION}) == (200, [])


def test_reporting_of_devices_takes_a_right_of_the_driver(claim: Api) -> None:
    claim.patch("merge", f"{CLAIMS}/c/status", {"status": {"allocation": ALLOCATION}})
    code, causes = write(claim, {"devices": [DEVICE]})
    assert code == 422
    assert causes == [
        'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver",'
        ' verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "gpu.example.com" is forbidden:'
        f' User "{WHO}" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io"'
        ' in the namespace "default"'
    ]
    allow(claim, "other", "resourceclaims/driver", "arbitrary-node:patch", names=["other.example.com"])
    assert write(claim, {"devices": [DEVICE]})[0] == 422
    allow(claim, "driver", "resourceclaims/driver", "arbitrary-node:patch", names=["gpu.example.com"])
    assert write(claim, {"devices": [DEVICE]}) == (200, [])


@pytest.mark.parametrize(("node", "code"), [("n", 200), ("m", 422), ("", 422)])
def test_a_driver_on_the_node_of_the_devices(claim: Api, node: str, code: int) -> None:
    claim.patch("merge", f"{CLAIMS}/c/status", {"status": {"allocation": ALLOCATION}})
    allow(claim, "driver", "resourceclaims/driver", "associated-node:patch")
    assert write(claim, {"devices": [DEVICE]}, node)[0] == code


def test_what_is_not_changed_takes_no_right(claim: Api) -> None:
    claim.patch("merge", f"{CLAIMS}/c/status", {"status": {"allocation": ALLOCATION, "devices": [DEVICE]}})
    assert write(claim, {"allocation": ALLOCATION, "devices": [DEVICE]}) == (200, [])


def test_admin_access_is_for_namespaces_that_say_so(claim: Api) -> None:
    granted = {"devices": {"results": [{**RESULT, "adminAccess": True}]}}
    code, body = claim.patch("merge", f"{CLAIMS}/c/status", {"status": {"allocation": granted}})
    assert code == 422
    assert [c["field"] for c in body["details"]["causes"]] == ["status.allocation.devices.results[0].adminAccess"]
    label = {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}}
    assert claim.patch("merge", "/api/v1/namespaces/default", label)[0] == 200
    assert claim.patch("merge", f"{CLAIMS}/c/status", {"status": {"allocation": granted}})[0] == 200
