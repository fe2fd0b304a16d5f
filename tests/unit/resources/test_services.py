"""Services: addresses and node ports come from pools, follow the type and go back with the Service."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.errors import Invalid
from clusters.machinery.types import Obj
from clusters.registry.item import Item
from tests.support.objects import NAMESPACE, Objects


def service(name: str = "s", **spec: Any) -> Obj:
    spec.setdefault("ports", [{"port": 80}])
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def records(objects: Objects) -> list[Item]:
    prefix = "networking.k8s.io/ipaddresses/"
    return list(objects.registry.cache.bucket(prefix).range(prefix))


def addresses(objects: Objects) -> list[str]:
    return sorted(item.wire["metadata"]["name"] for item in records(objects))


def test_a_cluster_ip_is_drawn_and_recorded() -> None:
    objects = Objects()
    stored = objects.create(service())
    ip = stored["spec"]["clusterIP"]
    assert ip.startswith("10.96.")
    assert stored["spec"]["clusterIPs"] == [ip]
    (item,) = records(objects)
    assert item.wire["metadata"]["name"] == ip
    assert item.wire["spec"]["parentRef"] == {
        "resource": "services",
        "namespace": NAMESPACE,
        "name": "s",
    }


def test_no_two_services_share_an_address_or_a_node_port() -> None:
    objects = Objects()
    stored = [objects.create(service(f"s{i}", type="NodePort"))["spec"] for i in range(300)]
    assert len({spec["clusterIP"] for spec in stored}) == 300
    assert len({spec["ports"][0]["nodePort"] for spec in stored}) == 300
    assert all(30000 <= spec["ports"][0]["nodePort"] <= 32767 for spec in stored)


def test_an_address_goes_back_with_the_service() -> None:
    objects = Objects()
    stored = objects.create(service(clusterIP="10.96.7.7", type="NodePort", ports=[{"port": 80, "nodePort": 30100}]))
    assert addresses(objects) == ["10.96.7.7"]
    taken = objects.refused(service("t", clusterIP="10.96.7.7"))
    assert taken[0][2].endswith("failed to allocate IP 10.96.7.7: provided IP is already allocated")
    assert objects.refused(service("t", type="NodePort", ports=[{"port": 80, "nodePort": 30100}])) == [
        ("FieldValueInvalid", "spec.ports[0].nodePort", "Invalid value: 30100: provided port is already allocated")
    ]
    objects.delete(stored)
    assert addresses(objects) == []
    again = objects.create(
        service("t", clusterIP="10.96.7.7", type="NodePort", ports=[{"port": 80, "nodePort": 30100}])
    )
    assert again["spec"]["clusterIP"] == "10.96.7.7"


def test_types_give_and_take() -> None:
    objects = Objects()
    stored = objects.create(service())
    ip = stored["spec"]["clusterIP"]
    stored = objects.patch(stored, {"spec": {"type": "NodePort"}})
    assert stored["spec"]["ports"][0]["nodePort"]
    assert stored["spec"]["externalTrafficPolicy"] == "Cluster"
    stored = objects.patch(stored, {"spec": {"type": "LoadBalancer"}})
    assert stored["spec"]["allocateLoadBalancerNodePorts"] is True
    stored = objects.patch(stored, {"spec": {"type": "ClusterIP"}})
    assert "nodePort" not in stored["spec"]["ports"][0]
    assert not {"externalTrafficPolicy", "allocateLoadBalancerNodePorts"} & set(stored["spec"])
    assert stored["spec"]["clusterIP"] == ip
    stored = objects.patch(stored, {"spec": {"type": "ExternalName", "externalName": "example.com"}})
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & set(stored["spec"])
    assert addresses(objects) == []


def test_an_update_without_the_address_keeps_it() -> None:
    objects = Objects()
    stored = objects.create(service())
    kept = objects.patch(stored, {"spec": {"clusterIP": None, "clusterIPs": None}})
    assert kept["spec"]["clusterIP"] == stored["spec"]["clusterIP"]
    changed = objects.patch_refused(stored, {"spec": {"clusterIP": "10.96.1.1"}})
    assert [(field, text.split(": ")[-1]) for _, field, text in changed] == [
        ("spec.clusterIPs[0]", "may not change once set")
    ]


@pytest.mark.parametrize("selector,policy", [({"a": "b"}, "SingleStack"), (None, "RequireDualStack")])
def test_a_headless_service_has_no_address(selector: Obj | None, policy: str) -> None:
    spec = Objects().create(service(clusterIP="None", selector=selector))["spec"]
    assert spec["clusterIPs"] == ["None"]
    assert spec["ipFamilyPolicy"] == policy


def test_a_refused_service_holds_nothing() -> None:
    objects = Objects()
    with pytest.raises(Invalid):
        objects.create(service(sessionAffinity="Nope"))
    assert addresses(objects) == []


def test_health_checks_have_a_port_of_their_own() -> None:
    objects = Objects()
    stored = objects.create(service(type="LoadBalancer", externalTrafficPolicy="Local"))
    port = stored["spec"]["healthCheckNodePort"]
    assert 30000 <= port <= 32767
    assert port != stored["spec"]["ports"][0]["nodePort"]
    stored = objects.patch(stored, {"spec": {"externalTrafficPolicy": "Cluster"}})
    assert "healthCheckNodePort" not in stored["spec"]
