"""Quotas: what is counted, when it is refused and with which words, and that the count is never wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.machinery.errors import ApiError
from clusters.machinery.quantity import parse
from clusters.machinery.types import Obj
from clusters.registry.registry import WriteOptions
from tests.support.admitted import JANE, Admitted, kind
from tests.support.objects import container, pod


def quota(hard: dict[str, str], name: str = "q") -> Obj:
    return kind("v1", "ResourceQuota", name, spec={"hard": hard})


def ready(cluster: Admitted, obj: Obj) -> Obj:
    """A quota whose status says its limits, as its controller would after a moment."""
    stored = cluster.create(obj)
    status = {"hard": stored["spec"]["hard"], "used": dict.fromkeys(stored["spec"]["hard"], "0")}
    return cluster.patch(stored, {"status": status}, subresource="status")


def sized(name: str, cpu: str, **spec: Any) -> Obj:
    return pod(name=name, containers=[container(resources={"requests": {"cpu": cpu}})], **spec)


def used(cluster: Admitted, name: str = "q") -> dict[str, str]:
    found: dict[str, str] = cluster.get("resourcequotas", name)["status"]["used"]
    return found


def test_use_is_counted_with_the_write() -> None:
    cluster = Admitted(JANE)
    ready(cluster, quota({"pods": "3", "requests.cpu": "1"}))
    cluster.create(sized("a", "300m"))
    assert used(cluster) == {"pods": "1", "requests.cpu": "300m"}


def test_the_refusal_names_what_is_too_much() -> None:
    cluster = Admitted()
    ready(cluster, quota({"pods": "1", "requests.cpu": "1"}))
    cluster.create(sized("a", "700m"))
    assert cluster.forbidden(sized("b", "400m")) == (
        'pods "b" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=400m,'
        " used: pods=1,requests.cpu=700m, limited: pods=1,requests.cpu=1"
    )
    assert used(cluster) == {"pods": "1", "requests.cpu": "700m"}


def test_a_quota_for_amounts_wants_them_said() -> None:
    cluster = Admitted()
    ready(cluster, quota({"requests.cpu": "1", "limits.memory": "1Gi"}))
    assert cluster.forbidden(pod()) == (
        'pods "p" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c'
    )


def test_a_quota_that_has_no_status_yet() -> None:
    cluster = Admitted()
    stored = cluster.create(quota({"pods": "1"}))
    assert cluster.forbidden(pod()) == "", "no limit is known yet"
    cluster.patch(stored, {"status": {"hard": {"pods": "1"}}}, subresource="status")
    assert cluster.forbidden(pod(name="q")) == ('pods "q" is forbidden: status unknown for quota: q, resources: pods')


def test_all_quotas_must_agree_or_none_counts() -> None:
    cluster = Admitted()
    ready(cluster, quota({"pods": "10"}, "wide"))
    ready(cluster, quota({"pods": "0"}, "narrow"))
    assert "exceeded quota: narrow" in cluster.forbidden(pod())
    assert used(cluster, "wide") == {"pods": "0"}


def test_a_rehearsal_counts_nothing() -> None:
    cluster = Admitted()
    ready(cluster, quota({"pods": "1"}))
    cluster.registry.create(cluster.resources["pods"], "test", pod(), WriteOptions(user=JANE, dry_run=True))
    assert used(cluster) == {"pods": "0"}


def test_any_kind_can_be_counted() -> None:
    cluster = Admitted()
    ready(cluster, quota({"count/deployments.apps": "1", "count/configmaps": "1", "secrets": "0"}))
    cluster.create(kind("v1", "ConfigMap", "a"))
    assert "exceeded quota: q, requested: count/configmaps=1" in cluster.forbidden(kind("v1", "ConfigMap", "b"))
    assert "requested: secrets=1, used: secrets=0, limited: secrets=0" in cluster.forbidden(kind("v1", "Secret", "s"))


def test_a_service_that_changes_its_type_is_counted_anew() -> None:
    cluster = Admitted()
    ready(cluster, quota({"services": "2", "services.nodeports": "1"}))
    stored = cluster.create(kind("v1", "Service", "s", spec={"ports": [{"port": 80}]}))
    cluster.patch(stored, {"spec": {"type": "NodePort"}})
    assert used(cluster) == {"services": "1", "services.nodeports": "1"}
    other = cluster.create(kind("v1", "Service", "t", spec={"ports": [{"port": 80}]}))
    with pytest.raises(ApiError, match=r"exceeded quota: q, requested: services\.nodeports=1"):
        cluster.patch(other, {"spec": {"type": "NodePort"}})


def test_what_a_service_gives_back_is_counted_by_the_controller() -> None:
    cluster = Admitted()
    ready(cluster, quota({"services.nodeports": "1"}))
    stored = cluster.create(kind("v1", "Service", "s", spec={"type": "NodePort", "ports": [{"port": 80}]}))
    cluster.patch(stored, {"spec": {"type": "ClusterIP"}})
    assert used(cluster) == {"services.nodeports": "1"}


def test_a_claim_for_devices_counts_what_it_may_get_at_most() -> None:
    cluster = Admitted()
    gpus, disks = (f"{name}.deviceclass.resource.k8s.io/devices" for name in ("gpu", "disk"))
    ready(cluster, quota({gpus: "40", disks: "9", "count/resourceclaims.resource.k8s.io": "3"}))
    choices = [
        {"name": "a", "deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2},
        {"name": "b", "deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 5},
        {"name": "c", "deviceClassName": "disk", "allocationMode": "ExactCount", "count": 1},
    ]
    requests = [
        {"name": "all", "exactly": {"deviceClassName": "gpu", "allocationMode": "All"}},
        {"name": "one", "exactly": {"deviceClassName": "disk"}},
        {"name": "any", "firstAvailable": choices},
    ]
    cluster.create(kind("resource.k8s.io/v1", "ResourceClaim", "c", spec={"devices": {"requests": requests}}))
    assert used(cluster) == {gpus: "37", disks: "2", "count/resourceclaims.resource.k8s.io": "1"}


def test_a_claim_for_half_a_byte_counts_a_whole_one() -> None:
    cluster = Admitted()
    ready(cluster, quota({"requests.storage": "2"}))
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1500m"}}}
    cluster.create(kind("v1", "PersistentVolumeClaim", "c", spec=spec))
    assert used(cluster) == {"requests.storage": "2"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 900), st.booleans()), max_size=12))
def test_the_count_is_the_sum_of_what_was_let_in(wanted: list[tuple[int, bool]]) -> None:
    cluster = Admitted()
    ready(cluster, quota({"pods": "5", "requests.cpu": "2"}))
    inside: list[int] = []
    for i, (millis, rehearse) in enumerate(wanted):
        opts = WriteOptions(user=JANE, dry_run=rehearse)
        fits = len(inside) < 5 and sum(inside) + millis <= 2000
        try:
            cluster.registry.create(cluster.resources["pods"], "test", sized(f"p{i}", f"{millis}m"), opts)
            assert fits
            if not rehearse:
                inside.append(millis)
        except ApiError:
            assert not fits
    assert parse(used(cluster)["requests.cpu"]) == parse(f"{sum(inside)}m")
    assert parse(used(cluster)["pods"]) == parse(str(len(inside)))
