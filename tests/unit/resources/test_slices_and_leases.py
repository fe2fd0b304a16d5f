"""EndpointSlices and Leases: hints, names, fields that nobody can write, warnings."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects

DOMAIN = "should be a domain with at least two segments separated by dots"
LABEL = "a valid label must be an empty string or consist of alphanumeric characters"
SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters"


def endpoint_slice(*addresses: str, kind: str = "IPv4", labels: dict[str, str] | None = None, **fields: Any) -> Obj:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "s", "labels": labels or {}},
        "addressType": kind,
        "endpoints": [{"addresses": list(addresses) or ["10.0.0.1"], **fields}],
        "ports": [],
    }


def warnings(obj: Obj) -> list[str]:
    objects = Objects()
    strategy = objects.resource(obj).strategy
    return list(strategy.warn_create(obj, None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hints", "found"),
    [
        ({"forZones": [{"name": "a"}, {"name": ""}]}, []),
        ({"forZones": [{"name": "a"}, {"name": "a"}]}, [("forZones[1].name", 'Duplicate value: "a"')]),
        ({"forZones": [{"name": "a/b"}]}, [("forZones[0].name", f'Invalid value: "a/b": {LABEL}')]),
        ({"forNodes": [{"name": "N"}]}, [("forNodes[0].name", f'Invalid value: "N": {SUBDOMAIN}')]),
        (
            {"forZones": [{"name": "/"}], "forNodes": [{"name": f"n{i}"} for i in range(9)]},
            [("forNodes", "Too many: 9: must have at most 8 items")],
        ),
    ],
)
def test_hints(hints: Obj, found: list[tuple[str, str]]) -> None:
    obj = endpoint_slice(hints=hints)
    if not found:
        Objects().create(obj)
        return
    causes = [(field, message) for _, field, message in _causes(obj)]
    assert len(causes) == len(found)
    for (field, message), (wanted, text) in zip(causes, found, strict=True):
        assert field == f"endpoints[0].hints.{wanted}"
        assert message.startswith(text)


def _causes(obj: Obj) -> list[tuple[str, str, str]]:
    return Objects().refused(obj)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("example.com.", None),
        ("", "Required value"),
        ("example", f'Invalid value: "example": {DOMAIN}'),
        ("Example.com", f'Invalid value: "Example.com": {SUBDOMAIN}'),
        ("a" * 64 + ".com", f'Invalid value: "{"a" * 64}": must be no more than 63 characters'),
    ],
)
def test_names_of_endpoints(name: str, message: str | None) -> None:
    obj = endpoint_slice(name, kind="FQDN")
    if message is None:
        Objects().create(obj)
        return
    [(_, field, found)] = _causes(obj)
    assert field == "endpoints[0].addresses[0]"
    assert found.startswith(message)


def test_names_are_deprecated() -> None:
    assert warnings(endpoint_slice("example.com", kind="FQDN")) == ["spec.addressType: FQDN endpoints are deprecated"]


def test_addresses_that_are_not_canonical() -> None:
    obj = endpoint_slice("2001:DB8::1", kind="IPv6")
    text = (
        'endpoints[0].addresses[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'
    )
    strategy = Objects().resource(obj).strategy
    assert strategy.warn_create(obj, None) == strategy.warn_update(obj, obj, None) == [text]  # type: ignore[arg-type]


def test_our_own_slices_are_not_looked_at() -> None:
    ours = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    assert warnings(endpoint_slice("2001:DB8::1", kind="IPv6", labels=ours)) == []


def test_topology_cannot_be_written() -> None:
    objects = Objects()
    made = objects.create(endpoint_slice(deprecatedTopology={"a": "b"}))
    assert "deprecatedTopology" not in made["endpoints"][0]
    changed = [{"addresses": ["10.0.0.2"], "deprecatedTopology": {"a": "b"}}]
    made = objects.patch(made, {"endpoints": changed})
    assert made["endpoints"][0]["addresses"] == ["10.0.0.2"]
    assert "deprecatedTopology" not in made["endpoints"][0]


def test_leaders_are_not_elected_by_the_server() -> None:
    objects = Objects()
    meta = {"name": "l"}
    lease: Obj = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta}
    lease["spec"] = {"holderIdentity": "h", "strategy": "x/y/z", "preferredHolder": "p"}
    made = objects.create(lease)
    assert made["spec"] == {"holderIdentity": "h"}
    assert objects.patch(made, {"spec": {"strategy": "OldestEmulationVersion"}})["spec"] == {"holderIdentity": "h"}
