"""Claims for devices, their classes, and the slices that drivers publish."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects

API = "resource.k8s.io/v1"
ONE = {"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}
RESULT = {"request": "gpu", "driver": "d.example.com", "pool": "n", "device": "gpu-0"}


def claim(*requests: Obj, name: str = "c", **devices: Any) -> Obj:
    return {
        "apiVersion": API,
        "kind": "ResourceClaim",
        "metadata": {"name": name},
        "spec": {"devices": {"requests": list(requests), **devices}},
    }


def published(**spec: Any) -> Obj:
    pool = {"name": "n", "resourceSliceCount": 1}
    return {
        "apiVersion": API,
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {"driver": "d.example.com", "pool": pool, "nodeName": "n", **spec},
    }


def told(found: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return [(field, text) for _, field, text in found]


def test_a_request_is_for_one_device_unless_it_says_more() -> None:
    tolerant = {**ONE["exactly"], "tolerations": [{"key": "a"}]}  # type: ignore[dict-item]
    stored = Objects().create(claim({"name": "gpu", "exactly": tolerant}))
    assert stored["spec"]["devices"]["requests"][0]["exactly"] == {
        "deviceClassName": "gpu.example.com",
        "allocationMode": "ExactCount",
        "count": 1,
        "tolerations": [{"key": "a", "operator": "Equal"}],
    }


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        (
            claim({"name": "gpu"}),
            ("spec.devices.requests[0]", "Required value: exactly one of `exactly` or `firstAvailable` is required"),
        ),
        (claim(ONE, ONE), ("spec.devices.requests[1]", 'Duplicate value: "gpu"')),
        (
            claim({"name": "gpu", "exactly": {"deviceClassName": "a", "allocationMode": "All", "count": 2}}),
            (
                "spec.devices.requests[0].exactly.count",
                "Invalid value: 2: must not be specified when allocationMode is 'All'",
            ),
        ),
        (
            claim(ONE, constraints=[{"matchAttribute": "model"}]),
            (
                "spec.devices.constraints[0].matchAttribute",
                'Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
            ),
        ),
        (
            claim(ONE, config=[{"requests": ["nic"], "opaque": {"driver": "d", "parameters": {}}}]),
            (
                "spec.devices.config[0].requests[0]",
                'Invalid value: "nic": must be the name of a request in the claim or the name of a request and a'
                " subrequest separated by '/'",
            ),
        ),
        (
            claim(*[{**ONE, "name": f"r{i}"} for i in range(33)]),
            ("spec.devices.requests", "Too many: 33: must have at most 32 items"),
        ),
    ],
)
def test_a_claim_is_refused(spec: Obj, wanted: tuple[str, str]) -> None:
    assert told(Objects().refused(spec)) == [wanted]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("device.driver == 'd' && device.attributes['d'].model == 'x'", ""),
        ("device.capacity['d'].memory.compareTo(quantity('1Gi')) > 0", ""),
        ("device.driver", "must evaluate to bool or the unknown type, not string"),
        ("nothing", "compilation failed: ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')"),
    ],
)
def test_selectors_are_compiled(expression: str, wanted: str) -> None:
    selectors = [{"cel": {"expression": expression}}]
    found = Objects().refused(claim({"name": "g", "exactly": {"deviceClassName": "c", "selectors": selectors}}))
    assert [text.split("\n")[0].partition(f'"{expression}": ')[2] for _, text in told(found)] == (
        [wanted] if wanted else []
    )


def test_what_a_claim_asks_for_is_fixed() -> None:
    objects = Objects()
    stored = objects.create(claim(ONE))
    found = told(objects.patch_refused(stored, {"spec": {"devices": {"requests": [{**ONE, "name": "x"}]}}}))
    exactly = (
        '{"DeviceClassName":"gpu.example.com","Selectors":null,"AllocationMode":"ExactCount","Count":1,"AdminAccess":null,'
        '"Tolerations":null,"Capacity":null}'
    )
    request = '{"Name":"x","Exactly":' + exactly + ',"FirstAvailable":null}'
    shown = '{"Devices":{"Requests":[' + request + '],"Constraints":null,"Config":null}}'
    assert found == [("spec", f"Invalid value: {shown}: field is immutable")]


def test_what_a_template_asks_for_is_fixed() -> None:
    objects = Objects()
    template = {**claim(ONE), "kind": "ResourceClaimTemplate"}
    template["spec"] = {"metadata": {"labels": {"a": "b"}}, "spec": template["spec"]}
    stored = objects.create(template)
    [(field, text)] = told(objects.patch_refused(stored, {"spec": {"metadata": {"labels": {"a": "c"}}}}))
    assert field == "spec"
    assert text.startswith('Invalid value: {"labels":{"a":"c"},"Spec":{"Devices":{"Requests":[{"Name":')


def test_an_allocation_stays_and_what_is_released_is_forgotten() -> None:
    objects = Objects()
    stored = objects.create(claim(ONE))
    allocation = {"devices": {"results": [RESULT]}}
    device = {name: RESULT[name] for name in ("driver", "pool", "device")}
    objects.patch(stored, {"status": {"allocation": allocation, "devices": [device]}}, subresource="status")
    other = {"devices": {"results": [{**RESULT, "device": "gpu-1"}]}}
    found = told(
        objects.patch_refused(stored, {"status": {"allocation": other, "devices": None}}, subresource="status")
    )
    assert [field for field, _ in found] == ["status.allocation"]
    freed = objects.patch(stored, {"status": {"allocation": None}}, subresource="status")
    assert freed["status"] == {}


def test_a_claim_is_reserved_once_allocated() -> None:
    objects = Objects()
    stored = objects.create(claim(ONE))
    status = {"reservedFor": [{"resource": "pods", "name": "p", "uid": "1"}], "devices": [{**RESULT, "request": None}]}
    assert told(objects.patch_refused(stored, {"status": status}, subresource="status")) == [
        ("status.devices[0]", 'Invalid value: "d.example.com/n/gpu-0": must be an allocated device in the claim'),
        ("status.reservedFor", "Forbidden: may not be specified when `allocated` is not set"),
    ]


def test_devices_in_use_are_for_namespaces_of_administrators() -> None:
    spying = {"name": "gpu", "exactly": {"deviceClassName": "c", "adminAccess": True}}
    found = told(Objects().refused(claim(spying)))
    label = "`resource.kubernetes.io/admin-access: true` label on the containing namespace"
    assert found == [
        ("spec.devices.requests[0].adminAccess", f"Forbidden: admin access to devices requires the {label}")
    ]


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"allNodes": True}, ["spec"]),
        ({"nodeName": None}, ["spec"]),
        ({"pool": {"name": "a/B", "resourceSliceCount": 0}}, ["spec.pool.name", "spec.pool.resourceSliceCount"]),
        ({"devices": [{"name": "a"}, {"name": "a"}]}, ["spec.devices[1]"]),
        ({"devices": [{"name": "a", "attributes": {"m": {}}}]}, ["spec.devices[0].attributes[m]"]),
        (
            {"devices": [{"name": "a", "attributes": {"m": {"version": "1"}}}]},
            ["spec.devices[0].attributes[m].version"],
        ),
        ({"devices": [{"name": "a", "nodeName": "n"}]}, ["spec.devices[0]"]),
        ({"devices": [{"name": "a", "bindingConditions": ["x"]}]}, ["spec.devices[0].bindingFailureConditions"]),
        (
            {"devices": [{"name": "a", "capacity": {"m": {"value": "1Gi", "requestPolicy": {"default": "1"}}}}]},
            ["spec.devices[0].capacity[m].requestPolicy"],
        ),
        ({"devices": [{"name": "a", "taints": [{"key": "k"}]}]}, ["spec.devices[0].taints[0].effect"]),
        ({"sharedCounters": [{"name": "a"}]}, ["spec.sharedCounters[0].counters"]),
    ],
)
def test_a_slice_is_refused(spec: Obj, wanted: list[str]) -> None:
    assert [field for field, _ in told(Objects().refused(published(**spec)))] == wanted


def test_a_shared_capacity_is_given_in_steps() -> None:
    def device(**policy: Any) -> Obj:
        capacity = {"m": {"value": "10", "requestPolicy": policy}}
        return published(devices=[{"name": "a", "allowMultipleAllocations": True, "capacity": capacity}])

    assert Objects().refused(device(default="2", validRange={"min": "2", "max": "10", "step": "2"})) == []
    odd = told(Objects().refused(device(default="3", validRange={"min": "2", "step": "2"})))
    assert odd == [
        (
            "spec.devices[0].capacity[m].requestPolicy.validRange.step",
            'Invalid value: "3": value is not a multiple of a given step (2) from (2)',
        )
    ]
    listed = told(Objects().refused(device(default="1", validValues=["4", "2", "20"])))
    assert [text.split(": ", 2)[2] for _, text in listed] == [
        "values must be sorted in ascending order",
        "option is larger than capacity value: 10",
        "default value is not valid according to the requestPolicy",
    ]


def test_a_taint_is_dated() -> None:
    taint = {"key": "k", "effect": "NoSchedule"}
    stored = Objects().create(published(devices=[{"name": "a", "taints": [taint]}]))
    assert stored["spec"]["devices"][0]["taints"][0]["timeAdded"] == stored["metadata"]["creationTimestamp"]
