"""Defaults that a Pod gets and a template does not.

Models: kubernetes, pkg/apis/core/v1/defaults.go (SetDefaults_Pod); registry/core/pod (prepare for create).
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.types import Obj
from clusters.resources.common.quantities import is_hugepages, overcommits
from clusters.resources.pod_spec.defaults import default_host_ports
from clusters.resources.pod_spec.scheduling import PREFERRED, REQUIRED
from clusters.resources.pod_spec.totals import container_limits, container_requests


def default_pod_only(spec: Obj) -> None:
    """Requests from limits, resources of the whole Pod, service links, host ports. In place, and idempotent."""
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or ():
            resources = container.get("resources")
            if resources:
                limits, requests = resources.get("limits"), resources.get("requests")
                if limits and (requests is None or any(key not in requests for key in limits)):
                    resources["requests"] = {**limits, **(requests or {})}
    if spec.get("resources"):
        _default_pod_resources(spec)
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True
    if spec.get("hostNetwork"):
        default_host_ports(spec.get("containers"))
        default_host_ports(spec.get("initContainers"))


def _supported(name: str) -> bool:
    return name in ("cpu", "memory") or is_hugepages(name)


def _default_pod_resources(spec: Obj) -> None:
    resources = spec["resources"]
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    if limits or requests:
        huge = {
            name: total.canonical()
            for name, total in container_limits(spec).items()
            if is_hugepages(name) and name not in requests and name not in limits
        }
        limits = {**limits, **huge}
    if limits:
        asked = {
            name: total.canonical()
            for name, total in container_requests(spec).items()
            if _supported(name) and overcommits(name) and name not in requests
        }
        requests = {**requests, **asked}
        requests |= {name: v for name, v in limits.items() if _supported(name) and name not in requests}
    if limits:
        resources["limits"] = limits
    if requests:
        resources["requests"] = requests


def merge_label_keys(pod: Obj) -> None:
    """matchLabelKeys and mismatchLabelKeys become expressions of the selectors, with the Pod's own labels."""
    spec, labels = pod["spec"], pod["metadata"].get("labels") or {}
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(name) or {}
        for weighted in terms.get(PREFERRED) or ():
            _merge(weighted.get("podAffinityTerm") or {}, labels)
        for term in terms.get(REQUIRED) or ():
            _merge(term, labels)
    for constraint in spec.get("topologySpreadConstraints") or ():
        _merge(constraint, labels)


def _merge(term: Obj, labels: dict[str, str]) -> None:
    selector = term.get("labelSelector")
    if selector is None:
        return
    for keys, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        given: Sequence[str] = term.get(keys) or ()
        more = [{"key": k, "operator": operator, "values": [labels[k]]} for k in given if k in labels]
        if more:
            selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), *more]
