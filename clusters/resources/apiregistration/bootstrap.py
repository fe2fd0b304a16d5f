"""The APIServices of what the API server answers itself, as its autoregistration makes them when it starts.

Models: kube-apiserver, controlplane/apiserver/aggregator.go (priorities); kube-aggregator, autoregister.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusters.machinery.types import Obj
from clusters.resources.base import Resource

MANAGED = "kube-aggregator.kubernetes.io/automanaged"
CUSTOM_GROUP, CUSTOM_VERSION = 1000, 100
"""Custom resources come behind all others, and among themselves by the name of their version."""
GROUPS = {
    "": 18_000,
    "apps": 17_800,
    "events.k8s.io": 17_750,
    "authentication.k8s.io": 17_700,
    "authorization.k8s.io": 17_600,
    "autoscaling": 17_500,
    "batch": 17_400,
    "certificates.k8s.io": 17_300,
    "networking.k8s.io": 17_200,
    "policy": 17_100,
    "rbac.authorization.k8s.io": 17_000,
    "storage.k8s.io": 16_800,
    "apiextensions.k8s.io": 16_700,
    "admissionregistration.k8s.io": 16_700,
    "scheduling.k8s.io": 16_600,
    "coordination.k8s.io": 16_500,
    "node.k8s.io": 16_300,
    "discovery.k8s.io": 16_200,
    "resource.k8s.io": 16_200,
    "flowcontrol.apiserver.k8s.io": 16_100,
}
"""Priorities of the groups that are registered by themselves; discovery has the same order."""
_VERSIONS = {
    ("", "v1"): 1,
    ("autoscaling", "v2"): 30,
    ("flowcontrol.apiserver.k8s.io", "v1"): 21,
    ("resource.k8s.io", "v1"): 20,
}
_VERSION = 15


def api_service(group: str, version: str, *, group_priority: int, version_priority: int, managed: str) -> Obj:
    """An APIService that is answered locally."""
    spec: Obj = {"groupPriorityMinimum": group_priority, "version": version, "versionPriority": version_priority}
    if group:
        spec["group"] = group
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", "labels": {MANAGED: managed}},
        "spec": spec,
    }


def bootstrap_objects(resources: Iterable[Resource]) -> Iterator[tuple[str, str, Obj]]:
    """(qualified resource, namespace, object) for each group version that has a place in the order."""
    seen = {(r.group, v.name) for r in resources if not r.internal for v in r.versions}
    for group, version in sorted(seen, key=lambda each: (-GROUPS.get(each[0], 0), each)):
        if group not in GROUPS:
            continue
        obj = api_service(
            group,
            version,
            group_priority=GROUPS[group],
            version_priority=_VERSIONS.get((group, version), _VERSION),
            managed="onstart",
        )
        yield "apiservices.apiregistration.k8s.io", "", obj
