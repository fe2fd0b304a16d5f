"""Namespaces, Nodes and Leases: phases, finalizers, heartbeats that nobody writes, columns."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.kernel.clock import HOUR, MINUTE, SECOND, parse_rfc3339, rfc3339, rfc3339_micro
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.base import Context
from clusters.resources.coordination.heartbeat import LEASE_PERIOD, LIVE, MARK, keep_mark, last_beat, without_mark
from tests.support.objects import START, Objects


def namespace(name: str = "team", **meta: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **meta}}


def node(name: str = "n1", **parts: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, **parts.pop("metadata", {})}, **parts}


def cells(objects: Objects, obj: Obj) -> dict[str, Any]:
    return {c.name: c.value(obj, START) for c in objects.resource(obj).columns}


def read(objects: Objects, obj: Obj, now: int) -> Obj:
    def lookup(*_: object) -> None:
        raise AssertionError("reads look at nothing else")

    context = Context(user=UserInfo("jane"), now=now, rng=objects.registry.rng, lookup=lookup)  # type: ignore[arg-type]
    return objects.resource(obj).strategy.on_read(obj, context)


def test_a_namespace_is_active_labelled_and_held() -> None:
    stored = Objects().create(namespace())
    assert stored["status"] == {"phase": "Active"}
    assert stored["spec"] == {"finalizers": ["kubernetes"]}
    assert stored["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}


def test_the_name_label_of_a_namespace_comes_back() -> None:
    objects = Objects()
    stored = objects.create(namespace(labels={"kubernetes.io/metadata.name": "other"}))
    assert stored["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}
    assert objects.patch(stored, {"metadata": {"labels": None}})["metadata"]["labels"] == stored["metadata"]["labels"]


def test_a_deleted_namespace_waits_for_its_finalizer() -> None:
    objects = Objects()
    stored = objects.create(namespace())
    waiting, gone = objects.delete(stored)
    assert not gone
    assert waiting["status"]["phase"] == "Terminating"
    finalized = objects.patch(waiting, {"spec": {"finalizers": []}}, subresource="finalize")
    assert not finalized["spec"].get("finalizers")
    assert objects.create(namespace())["metadata"]["uid"] != stored["metadata"]["uid"]


def test_an_update_of_a_namespace_keeps_its_finalizers() -> None:
    objects = Objects()
    stored = objects.patch(objects.create(namespace()), {"spec": {"finalizers": []}})
    assert stored["spec"] == {"finalizers": ["kubernetes"]}


def test_a_node_registers_with_its_status() -> None:
    objects = Objects()
    status = {"capacity": {"cpu": "4"}, "nodeInfo": {"kubeletVersion": "v1.36.0"}}
    stored = objects.create(node(status=status))
    assert stored["status"]["capacity"] == {"cpu": "4"}
    assert stored["status"]["allocatable"] == {"cpu": "4"}
    changed = objects.patch(stored, {"status": {"capacity": {"cpu": "8"}}})
    assert changed["status"]["capacity"] == {"cpu": "4"}, "only through the subresource"


def test_columns_of_a_node() -> None:
    objects = Objects()
    ready = {"type": "Ready", "status": "True"}
    roles = {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/a": "", "kubernetes.io/role": "z"}
    seen = node(metadata={"labels": roles, "creationTimestamp": rfc3339(START)}, status={"conditions": [ready]})
    assert cells(objects, seen)["Status"] == "Ready"
    assert cells(objects, seen)["Roles"] == "a,worker,z"
    cordoned = {**seen, "spec": {"unschedulable": True}, "status": {"conditions": [{**ready, "status": "Unknown"}]}}
    assert cells(objects, cordoned)["Status"] == "NotReady,SchedulingDisabled"
    assert cells(objects, {**seen, "status": {}})["Status"] == "Unknown"
    assert cells(objects, node(metadata={"creationTimestamp": rfc3339(START)}))["Roles"] == "<none>"


def test_a_network_of_a_node_is_fixed_once_given() -> None:
    objects = Objects()
    stored = objects.patch(objects.create(node()), {"spec": {"podCIDRs": ["10.244.0.0/24"]}})
    assert stored["spec"]["podCIDR"] == "10.244.0.0/24"
    refused = objects.patch_refused(stored, {"spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24"]}})
    assert refused == [
        (
            "FieldValueForbidden",
            "spec.podCIDRs",
            'Forbidden: node updates may not change podCIDR except from "" to valid',
        )
    ]


LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "n1", "annotations": {MARK: LIVE}},
    "spec": {"holderIdentity": "n1", "renewTime": rfc3339_micro(START)},
}


@pytest.mark.parametrize("later", [0, 3 * SECOND, 10 * SECOND, (24 * HOUR) + 7 * SECOND])
def test_a_live_lease_is_read_as_renewed(later: int) -> None:
    objects = Objects()
    stored = objects.create(LEASE)
    shown = read(objects, stored, START + later)
    assert parse_rfc3339(shown["spec"]["renewTime"]) == START + later // LEASE_PERIOD * LEASE_PERIOD
    assert "annotations" not in shown["metadata"]
    assert stored["metadata"]["annotations"] == {MARK: LIVE}, "what is stored is as it was"


def test_a_lease_whose_holder_is_gone_shows_what_was_written() -> None:
    objects = Objects()
    stored = objects.create({**LEASE, "metadata": {"name": "n1"}})
    assert read(objects, stored, START + (24 * HOUR)) is stored


def test_conditions_of_a_live_node_are_fresh() -> None:
    objects = Objects()
    condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": rfc3339(START)}
    stored = objects.create(node(metadata={"annotations": {MARK: LIVE}}, status={"conditions": [condition]}))
    shown = read(objects, stored, START + 12 * MINUTE)
    assert shown["status"]["conditions"][0]["lastHeartbeatTime"] == rfc3339(START + 10 * MINUTE)


def test_only_a_component_ends_a_life() -> None:
    old = {"metadata": {"name": "n", "annotations": {MARK: LIVE}}}
    for name, kept in (("jane", True), ("system:node:n", False), ("system:kube-controller-manager", False)):
        new: Obj = {"metadata": {"name": "n"}}
        keep_mark(new, old, UserInfo(name))
        assert (MARK in (new["metadata"].get("annotations") or {})) is kept


def test_no_beat_before_birth() -> None:
    obj = {"metadata": {"creationTimestamp": rfc3339(START)}}
    assert last_beat(obj, START - SECOND) == START - SECOND


def test_nobody_is_seen_to_own_the_mark() -> None:
    mine: Obj = {"f:metadata": {"f:annotations": {".": {}, f"f:{MARK}": {}}}, "f:spec": {"f:x": {}}}
    others: Obj = {"f:metadata": {"f:annotations": {".": {}, f"f:{MARK}": {}, "f:a": {}}}}
    meta = {"annotations": {MARK: LIVE, "a": "b"}, "managedFields": [{"fieldsV1": mine}, {"fieldsV1": others}]}
    shown = without_mark({"metadata": meta})["metadata"]
    assert shown["annotations"] == {"a": "b"}
    assert [entry["fieldsV1"] for entry in shown["managedFields"]] == [
        {"f:spec": {"f:x": {}}},
        {"f:metadata": {"f:annotations": {".": {}, "f:a": {}}}},
    ]
    assert f"f:{MARK}" in mine["f:metadata"]["f:annotations"], "what is stored is as it was"
