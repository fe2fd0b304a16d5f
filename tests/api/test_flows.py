"""Which flow schema and priority level answers name."""

from __future__ import annotations

import pytest

from clusters.apiserver.flows import LEVEL_HEADER, SCHEMA_HEADER
from clusters.apiserver.server import ApiServer
from clusters.resources.flowcontrol.bootstrap import bootstrap_objects
from tests.support.apiclient import Api

FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def api(server: ApiServer) -> Api:
    """One who speaks to a server that has the flow schemas and priority levels of every cluster."""
    api = Api(server)
    for resource, _, obj in bootstrap_objects():
        api.create(f"{FLOW}/{resource.partition('.')[0]}", obj)
    return api


def flow(api: Api, path: str, user: str = "", **query: str) -> tuple[str, str]:
    """(schema, level) that a request falls under, by their names."""
    headers = {"impersonate-user": user} if user else {}
    answer = dict(api.raw("GET", path, headers=headers, **query).headers)
    return _name(api, "flowschemas", answer.get(SCHEMA_HEADER)), _name(
        api, "prioritylevelconfigurations", answer.get(LEVEL_HEADER)
    )


def _name(api: Api, kind: str, uid: str | None) -> str:
    items = api.get(f"{FLOW}/{kind}")["items"]
    return next((i["metadata"]["name"] for i in items if i["metadata"]["uid"] == uid), "")


@pytest.mark.parametrize(
    ("user", "path", "schema", "level"),
    [
        ("", MAPS, "exempt", "exempt"),
        ("jane", MAPS, "global-default", "global-default"),
        ("jane", "/livez", "probes", "exempt"),
        ("jane", "/livez/ping", "global-default", "global-default"),
        ("system:kube-scheduler", f"{LEASES}/kube-scheduler", "system-leader-election", "leader-election"),
        ("system:kube-scheduler", MAPS, "kube-scheduler", "workload-high"),
        ("system:serviceaccount:kube-system:x", MAPS, "kube-system-service-accounts", "workload-high"),
        ("system:serviceaccount:default:x", MAPS, "service-accounts", "workload-low"),
    ],
)
def test_every_answer_names_its_schema_and_level(api: Api, user: str, path: str, schema: str, level: str) -> None:
    assert flow(api, path, user) == (schema, level)


def test_a_new_schema_counts_at_once(api: Api) -> None:
    assert flow(api, MAPS, "jane") == ("global-default", "global-default")
    subject = {"kind": "User", "user": {"name": "jane"}}
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"], "namespaces": ["default"]}
    spec = {
        "matchingPrecedence": 500,
        "priorityLevelConfiguration": {"name": "workload-low"},
        "rules": [{"subjects": [subject], "resourceRules": [rule]}],
    }
    api.create(f"{FLOW}/flowschemas", {"metadata": {"name": "janes"}, "spec": spec})
    assert flow(api, f"{MAPS}/m", "jane") == ("janes", "workload-low")
    assert flow(api, MAPS, "jane") == ("global-default", "global-default")
    assert api.ask("DELETE", f"{FLOW}/flowschemas/janes")[0] == 200
    assert flow(api, f"{MAPS}/m", "jane") == ("global-default", "global-default")


def test_what_is_open_for_long_waits_for_no_turn(api: Api) -> None:
    assert flow(api, "/api/v1/namespaces/default/pods/p/log") == ("", "")
    assert flow(api, MAPS, watch="true") == ("exempt", "exempt")
