"""Services: addresses and node ports come from pools, follow the type and go back with the Service."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.errors import ApiError, Invalid
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


# families


@pytest.mark.parametrize(
    ("spec", "causes"),
    [
        (
            {"clusterIP": "10.96.3.1", "clusterIPs": ["10.96.3.1", "fd00::1"]},
            [
                (
                    "spec.ipFamilyPolicy",
                    "Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple"
                    " cluster IPs are specified",
                ),
                (
                    "spec.clusterIPs[1]",
                    'Invalid value: ["10.96.3.1","fd00::1"]: IPv6 is not configured on this cluster',
                ),
            ],
        ),
        (
            {"ipFamilies": ["IPv4", "IPv6"]},
            [
                (
                    "spec.ipFamilyPolicy",
                    "Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple"
                    " IP families are specified",
                )
            ],
        ),
        (
            {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]},
            [
                (
                    "spec.ipFamilyPolicy",
                    'Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
                ),
                ("spec.ipFamilies[0]", 'Invalid value: "IPv6": not configured on this cluster'),
            ],
        ),
    ],
)
def test_families_that_the_cluster_has_not_are_refused(spec: Obj, causes: list[tuple[str, str]]) -> None:
    assert [cause[1:] for cause in Objects().refused(service(**spec))] == causes


def test_a_second_family_is_released_by_its_policy() -> None:
    objects = Objects()
    stored = objects.create(service(clusterIP="None"))
    assert stored["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    refused = objects.patch_refused(stored, {"spec": {"ipFamilies": ["IPv4"]}})
    assert refused[0][2] == (
        "Invalid value: \"RequireDualStack\": must be 'SingleStack' to release the secondary IP family"
    )
    changed = objects.patch(stored, {"spec": {"ipFamilyPolicy": "SingleStack"}})
    assert changed["spec"]["ipFamilies"] == ["IPv4"]


# node ports on change


def test_a_changed_service_may_not_name_a_node_port_twice() -> None:
    objects = Objects()
    stored = objects.create(service(type="NodePort", ports=[{"name": "a", "port": 80, "nodePort": 30080}]))
    ports = [{"name": name, "port": port, "nodePort": 30080} for name, port in (("a", 80), ("b", 81))]
    with pytest.raises(ApiError) as refusal:
        objects.patch(stored, {"spec": {"ports": ports}})
    assert (refusal.value.code, refusal.value.message) == (500, "duplicate nodePort: {TCP 30080}")
    ports[1]["protocol"] = "UDP"
    changed = objects.patch(stored, {"spec": {"ports": ports}})
    assert [port["nodePort"] for port in changed["spec"]["ports"]] == [30080, 30080]


def test_a_port_for_health_checks_must_be_free() -> None:
    balancer = service(type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=80)
    with pytest.raises(ApiError) as refusal:
        Objects().create(balancer)
    why = "provided port is not in the valid range. The range of valid ports is 30000-32767"
    text = f"failed to allocate requested HealthCheck NodePort 80: {why}"
    assert refusal.value.message == f"Internal error occurred: {text}"
    assert refusal.value.details == {"causes": [{"message": text}]}


# dry runs


def test_a_dry_run_takes_nothing_from_the_pools() -> None:
    objects = Objects()
    shown = objects.create(
        service(type="NodePort", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}]), dry=True
    )
    assert shown["spec"]["clusterIP"] == "10.96.0.0"
    assert [port["nodePort"] for port in shown["spec"]["ports"]] == [32769, 32770]
    assert addresses(objects) == []
    objects.create(service(clusterIP="10.96.7.7"))
    assert objects.create(service("t", clusterIP="10.96.7.7"), dry=True)["spec"]["clusterIP"] == "10.96.7.7"


# warnings


@pytest.mark.parametrize(
    ("spec", "warnings"),
    [
        (
            {
                "clusterIP": "None",
                "loadBalancerIP": "1.2.3.4",
                "externalIPs": ["1.2.3.4"],
                "sessionAffinity": "ClientIP",
            },
            [
                "spec.loadBalancerIP is ignored for headless services",
                "spec.externalIPs is ignored for headless services",
                "spec.SessionAffinity is ignored for headless services",
            ],
        ),
        (
            {"type": "ExternalName", "externalName": "a.b", "externalIPs": ["1.2.3.4"]},
            ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
        ),
        (
            {"externalName": "a.b", "trafficDistribution": "PreferClose"},
            [
                'spec.externalName is ignored when spec.type is not "ExternalName"',
                'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
            ],
        ),
        ({"externalIPs": ["1.2.3.4"]}, ["spec.externalIPs is deprecated"]),
    ],
)
def test_what_a_service_is_warned_of(spec: Obj, warnings: list[str]) -> None:
    objects = Objects()
    objects.create(service(**spec))
    assert objects.warnings == warnings


def test_source_ranges_in_an_annotation_are_looked_at_when_they_change() -> None:
    key = "service.beta.kubernetes.io/load-balancer-source-ranges"
    balancer = service(type="LoadBalancer")
    balancer["metadata"]["annotations"] = {key: "10.0.0.0/8,"}
    (cause,) = Objects().refused(balancer)
    assert cause[1] == f"metadata.annotations[{key}]"
    balancer["metadata"]["annotations"] = {key: " 10.0.0.0/8 , 11.0.0.0/8 "}
    assert Objects().refused(balancer) == []
