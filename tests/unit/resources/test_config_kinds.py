"""ConfigMaps, Secrets, ServiceAccounts, Events, quotas and limits: shapes, conversions, immutability, columns."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from clusters.apiserver.http import Request, Response
from clusters.machinery.quantity import parse
from clusters.machinery.types import Obj
from clusters.resources.core.quota_usage import covers, evaluator
from clusters.resources.events.event import from_core, to_core
from tests.support.apiserver import new_server
from tests.support.objects import START, Objects, container, pod


def secret(**parts: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **parts}


def limits(*entries: Obj) -> Obj:
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": list(entries)}}


def quota(*, scopes: list[str] | None = None, expressions: list[Obj] | None = None, **hard: Any) -> Obj:
    spec: Obj = {"hard": hard}
    if scopes is not None:
        spec["scopes"] = scopes
    if expressions is not None:
        spec["scopeSelector"] = {"matchExpressions": expressions}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec}


def test_plain_strings_of_a_secret_win_and_vanish() -> None:
    encoded = b64encode(b"old").decode()
    stored = Objects().create(secret(data={"a": encoded, "b": encoded}, stringData={"a": "new"}))
    assert stored["data"] == {"a": b64encode(b"new").decode(), "b": encoded}
    assert stored["type"] == "Opaque"
    assert "stringData" not in stored


def test_an_immutable_secret_can_be_relabelled_only() -> None:
    objects = Objects()
    stored = objects.create(secret(immutable=True, stringData={"a": "b"}))
    assert objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})["metadata"]["labels"] == {"a": "b"}
    fields = [field for _, field, _ in objects.patch_refused(stored, {"immutable": None, "stringData": {"a": "c"}})]
    assert fields == ["immutable", "data"]


def test_data_of_a_config_map_and_its_column() -> None:
    objects = Objects()
    stored = objects.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": {"a": "b"},
            "binaryData": {"c": "YQ=="},
        }
    )
    assert {c.name: c.value(stored, START) for c in objects.resource(stored).columns}["Data"] == 2


def test_limits_default_from_one_another() -> None:
    stored = Objects().create(limits({"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Gi"}}))
    (entry,) = stored["spec"]["limits"]
    assert entry["default"] == {"cpu": "2"}
    assert entry["defaultRequest"] == {"cpu": "2", "memory": "1Gi"}


EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "e", "namespace": "n"},
    "involvedObject": {"kind": "Pod", "name": "p"},
    "message": "hello",
    "source": {"component": "kubelet", "host": "n1"},
    "firstTimestamp": "2026-01-01T00:00:00Z",
    "lastTimestamp": "2026-01-01T00:00:00Z",
    "count": 3,
    "type": "Normal",
    "reason": "Started",
}


def test_an_event_has_two_faces() -> None:
    face = from_core(EVENT)
    assert face["apiVersion"] == "events.k8s.io/v1"
    assert face["regarding"] == EVENT["involvedObject"]
    assert face["note"] == "hello"
    assert face["deprecatedCount"] == 3
    assert face["deprecatedSource"] == EVENT["source"]
    assert to_core(face) == EVENT


def test_an_event_of_the_new_kind_is_stored_as_the_old_one() -> None:
    server = new_server()
    about = {"kind": "Pod", "namespace": "default", "name": "p"}
    new = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "regarding": about,
        "reportingController": "example.com/c",
        "reportingInstance": "c-1",
        "action": "Tested",
        "reason": "Testing",
        "type": "Normal",
    }
    headers = [("authorization", "Bearer admin"), ("content-type", "application/json")]

    def send(method: str, path: str, body: bytes = b"") -> Obj:
        answer = server.handle(Request(method=method, path=path, headers=headers, body=body))
        assert isinstance(answer, Response)
        found: Obj = json.loads(answer.body)
        return found

    face = send("POST", "/apis/events.k8s.io/v1/namespaces/default/events", json.dumps(new).encode())
    assert face["regarding"] == about
    assert face["deprecatedFirstTimestamp"] is None
    old = send("GET", "/api/v1/namespaces/default/events/e")
    assert old["involvedObject"] == about
    assert not {"regarding", "deprecatedSource", "note"} & set(old)


REQUESTS = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"cpu": "1"}}


@pytest.mark.parametrize(
    "resource,obj,wanted",
    [
        (
            "pods",
            pod(containers=[container(resources=REQUESTS), container(name="d", resources=REQUESTS)]),
            {"pods": "1", "requests.cpu": "500m", "cpu": "500m", "limits.cpu": "2", "requests.memory": "2Gi"},
        ),
        (
            "services",
            {
                "spec": {
                    "type": "LoadBalancer",
                    "ports": [{"port": 1, "nodePort": 30001}, {"port": 2, "nodePort": 30002}],
                }
            },
            {"services": "1", "services.loadbalancers": "1", "services.nodeports": "2"},
        ),
        (
            "persistentvolumeclaims",
            {"metadata": {}, "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "5Gi"}}}},
            {
                "persistentvolumeclaims": "1",
                "requests.storage": "5Gi",
                "fast.storageclass.storage.k8s.io/requests.storage": "5Gi",
                "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
            },
        ),
    ],
)
def test_what_an_object_uses(resource: str, obj: Obj, wanted: dict[str, str]) -> None:
    used = evaluator("", resource).usage(obj, START)
    for name, amount in wanted.items():
        assert used[name] == parse(amount), name


@pytest.mark.parametrize(
    "spec,scope,inside",
    [
        ({}, "BestEffort", True),
        ({"containers": [container(resources=REQUESTS)]}, "BestEffort", False),
        ({"containers": [container(resources=REQUESTS)]}, "NotBestEffort", True),
        ({"activeDeadlineSeconds": 5}, "Terminating", True),
        ({}, "Terminating", False),
        ({}, "NotTerminating", True),
    ],
)
def test_scopes_choose_pods(spec: Obj, scope: str, inside: bool) -> None:
    assert covers(quota(scopes=[scope], pods="1"), evaluator("", "pods"), pod(**spec)) is inside


@pytest.mark.parametrize(
    "operator,values,name,inside",
    [
        ("In", ["high"], "high", True),
        ("In", ["high"], "low", False),
        ("NotIn", ["high"], "low", True),
        ("Exists", None, "low", True),
        ("Exists", None, "", False),
        ("DoesNotExist", None, "", True),
    ],
)
def test_a_quota_for_a_priority(operator: str, values: list[str] | None, name: str, inside: bool) -> None:
    expression = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    spec: Obj = {"priorityClassName": name} if name else {}
    assert covers(quota(expressions=[expression], pods="1"), evaluator("", "pods"), pod(**spec)) is inside


def test_columns_of_a_quota() -> None:
    objects = Objects()
    stored = objects.create(quota(pods="5", **dict[str, Any]({"limits.cpu": "2", "requests.cpu": "1"})))
    status = {"hard": stored["spec"]["hard"], "used": {"pods": "2", "limits.cpu": "0", "requests.cpu": "500m"}}
    stored = objects.patch(stored, {"status": status}, subresource="status")
    shown = {c.name: c.value(stored, START) for c in objects.resource(stored).columns}
    assert shown["Request"] == "pods: 2/5, requests.cpu: 500m/1"
    assert shown["Limit"] == "limits.cpu: 0/2"


def test_an_event_of_old_may_have_any_name_one_of_the_new_kind_may_not() -> None:
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "A_B"}, "involvedObject": {"namespace": "test"}}
    assert Objects().create(event)["metadata"]["name"] == "A_B"
    new = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "A_B"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "type": "Normal",
        "reason": "Made",
        "action": "Making",
        # In the form of the storage.
        "reportingComponent": "example.com/maker",
        "reportingInstance": "maker-0",
        "involvedObject": {"kind": "Pod", "namespace": "test", "name": "p"},
    }
    assert [cause[1] for cause in Objects().refused(new)] == ["metadata.name"]
    objects = Objects()
    stored = objects.create({**new, "metadata": {"name": "a"}})
    change = {"reason": "Broken", "series": {}, "involvedObject": {"name": "q"}}
    named = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": stored["metadata"]}
    refused = objects.patch_refused(named, change)
    assert [cause[1] for cause in refused] == [
        "series.count",
        "series.lastObservedTime",
        "involvedObject",
        "reason",
        "reason",
    ]
    assert refused[2][2].startswith('Invalid value: {"Kind":"Pod","Namespace":"test","Name":"q","UID":""')


def test_a_pair_of_certificate_and_key_that_is_none_is_warned_of() -> None:
    objects = Objects()
    data = {name: b64encode(b"x").decode() for name in ("tls.crt", "tls.key")}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "type": "kubernetes.io/tls",
        "data": data,
    }
    stored = objects.create(secret)
    warned = ["tls: failed to find any PEM data in certificate input"]
    assert objects.warnings == warned
    objects.patch(stored, {"metadata": {"labels": {"a": "b"}}})
    assert objects.warnings == warned


def test_devices_of_a_class_are_counted_as_requests() -> None:
    name = "deviceclass.resource.kubernetes.io/gpu"
    pods = evaluator("", "pods")
    used = pods.usage(pod(containers=[container(resources={"requests": {name: "2"}})]), START)
    assert used[f"requests.{name}"] == parse("2")
    assert pods.matching([f"requests.{name}", "requests.example.com/x", name]) == [
        f"requests.{name}",
        "requests.example.com/x",
    ]


@pytest.mark.parametrize(
    "resources,missing",
    [
        (None, "must specify limits.cpu for: c; requests.memory for: c"),
        ({"requests": {"cpu": "1"}}, ""),
    ],
)
def test_containers_need_not_tell_what_the_pod_tells(resources: Obj | None, missing: str) -> None:
    given = pod(**({"resources": resources} if resources else {}))
    assert evaluator("", "pods").missing(["requests.memory", "limits.cpu", "pods"], given) == missing
