"""The flow schemas and priority levels that every cluster has. Models: apiserver, apis/flowcontrol/bootstrap."""

from __future__ import annotations

from typing import Any

from clusters.machinery.types import Obj

MANDATORY = ("exempt", "catch-all")
"""Of these names, levels and schemas are as they are."""
_API = "flowcontrol.apiserver.k8s.io/v1"
_AUTO = {"apf.kubernetes.io/autoupdate-spec": "true"}

_ALL = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
_ALL_URLS = {"verbs": ["*"], "nonResourceURLs": ["*"]}


def _user(name: str) -> Obj:
    return {"kind": "User", "user": {"name": name}}


def _group(name: str) -> Obj:
    return {"kind": "Group", "group": {"name": name}}


def _account(namespace: str, name: str) -> Obj:
    return {"kind": "ServiceAccount", "serviceAccount": {"namespace": namespace, "name": name}}


def _rule(subjects: list[Obj], *resources: Obj, urls: bool = True) -> Obj:
    rule: Obj = {"subjects": subjects, "resourceRules": list(resources) or [_ALL]}
    if urls:
        rule["nonResourceRules"] = [_ALL_URLS]
    return rule


def _leases(verbs: list[str], namespaces: list[str]) -> Obj:
    return {
        "verbs": verbs,
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "namespaces": namespaces,
    }


_WRITE = ["get", "create", "update"]
_EVERYBODY = [_group("system:authenticated"), _group("system:unauthenticated")]

# name: (priority level, precedence, distinguisher, rules)
_SCHEMAS: dict[str, tuple[str, int, str, list[Obj]]] = {
    "exempt": ("exempt", 1, "", [_rule([_group("system:masters")])]),
    "probes": (
        "exempt",
        2,
        "",
        [
            {
                "subjects": [_group("system:unauthenticated"), _group("system:authenticated")],
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}],
            }
        ],
    ),
    "system-leader-election": (
        "leader-election",
        100,
        "ByUser",
        [
            _rule(
                [_user("system:kube-controller-manager"), _user("system:kube-scheduler")],
                _leases(_WRITE, ["*"]),
                urls=False,
            )
        ],
    ),
    "endpoint-controller": (
        "workload-high",
        150,
        "ByUser",
        [
            _rule(
                [
                    _account("kube-system", "endpoint-controller"),
                    _account("kube-system", "endpointslicemirroring-controller"),
                ],
                {"verbs": _WRITE, "apiGroups": [""], "resources": ["endpoints"], "namespaces": ["*"]},
                urls=False,
            )
        ],
    ),
    "workload-leader-election": (
        "leader-election",
        200,
        "ByUser",
        [_rule([_account("kube-system", "*")], _leases(_WRITE, ["*"]), urls=False)],
    ),
    "system-node-high": (
        "node-high",
        400,
        "ByUser",
        [
            _rule(
                [_group("system:nodes")],
                {
                    "verbs": ["*"],
                    "apiGroups": [""],
                    "resources": ["nodes", "nodes/status"],
                    "namespaces": ["*"],
                    "clusterScope": True,
                },
                _leases(["*"], ["*"]),
                urls=False,
            )
        ],
    ),
    "system-nodes": ("system", 500, "ByUser", [_rule([_group("system:nodes")])]),
    "kube-controller-manager": (
        "workload-high",
        800,
        "ByNamespace",
        [_rule([_user("system:kube-controller-manager")])],
    ),
    "kube-scheduler": ("workload-high", 800, "ByNamespace", [_rule([_user("system:kube-scheduler")])]),
    "kube-system-service-accounts": (
        "workload-high",
        900,
        "ByNamespace",
        [_rule([_account("kube-system", "*")])],
    ),
    "service-accounts": ("workload-low", 9000, "ByUser", [_rule([_group("system:serviceaccounts")])]),
    "global-default": ("global-default", 9900, "ByUser", [_rule(_EVERYBODY)]),
    "catch-all": ("catch-all", 10000, "ByUser", [_rule(_EVERYBODY)]),
}


def _queues(queues: int, hand: int) -> Obj:
    return {"type": "Queue", "queuing": {"queues": queues, "handSize": hand, "queueLengthLimit": 50}}


# name: (shares, lendable percent, response)
_LEVELS: dict[str, tuple[int, int, Obj]] = {
    "system": (30, 33, _queues(64, 6)),
    "node-high": (40, 25, _queues(64, 6)),
    "leader-election": (10, 0, _queues(16, 4)),
    "workload-high": (40, 50, _queues(128, 6)),
    "workload-low": (100, 90, _queues(128, 6)),
    "global-default": (20, 50, _queues(128, 6)),
    "catch-all": (5, 0, {"type": "Reject"}),
}


def _object(kind: str, name: str, spec: Obj) -> Obj:
    metadata: dict[str, Any] = {"name": name, "annotations": dict(_AUTO)}
    return {"apiVersion": _API, "kind": kind, "metadata": metadata, "spec": spec, "status": {}}


def level_specs() -> dict[str, Obj]:
    """The specs of the priority levels, by name."""
    return {
        "exempt": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}},
        **{
            name: {
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": shares,
                    "lendablePercent": percent,
                    "limitResponse": response,
                },
            }
            for name, (shares, percent, response) in _LEVELS.items()
        },
    }


def schema_specs() -> dict[str, Obj]:
    """The specs of the flow schemas, by name."""
    return {
        name: {
            "priorityLevelConfiguration": {"name": level},
            "matchingPrecedence": precedence,
            **({"distinguisherMethod": {"type": distinguisher}} if distinguisher else {}),
            "rules": rules,
        }
        for name, (level, precedence, distinguisher, rules) in _SCHEMAS.items()
    }


def bootstrap_objects() -> list[tuple[str, str, Obj]]:
    """(qualified resource, namespace, object) of a new cluster."""
    specs = {"PriorityLevelConfiguration": level_specs(), "FlowSchema": schema_specs()}
    return [
        (f"{kind.lower()}s.flowcontrol.apiserver.k8s.io", "", _object(kind, name, spec))
        for kind, named in specs.items()
        for name, spec in named.items()
    ]
