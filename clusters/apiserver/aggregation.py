"""What the aggregator answers by itself: APIs behind a Service that is not there, and the groups they bring.

Models: kube-aggregator, pkg/apiserver/{handler_proxy,handler_discovery}.go. Nobody is called: of the APIs behind
Services only metrics.k8s.io is answered, by `metrics`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from clusters.apiserver.http import TEXT, Response
from clusters.machinery.types import Obj
from clusters.registry.aggregation import QUALIFIED, is_available, is_remote

if TYPE_CHECKING:
    from clusters.apiserver.context import ClusterContext


def remote(cluster: ClusterContext) -> Iterator[Obj]:
    """The APIServices whose API something else serves, by name."""
    if cluster.resources.get(QUALIFIED) is None:
        return
    for service in cluster.registry.lookup.list(QUALIFIED):
        if is_remote(service):
            yield service


def of(cluster: ClusterContext, group: str, version: str) -> Obj | None:
    """The APIService that hands this group version on; None if it is answered here."""
    if not group or cluster.resources.get(QUALIFIED) is None:
        return None
    service = cluster.registry.lookup.get(QUALIFIED, "", f"{version}.{group}")
    return service if is_remote(service) else None


def refusal(cluster: ClusterContext, group: str, version: str) -> Response | None:
    """503 if the group version is handed on, and nobody takes it."""
    service = of(cluster, group, version)
    if service is None or (is_available(service) and _answers(cluster, group, version)):
        return None
    return Response(503, b"service unavailable\n", TEXT, [("X-Content-Type-Options", "nosniff")])


def is_fresh(cluster: ClusterContext, group: str, version: str) -> bool:
    """False for a group version whose server cannot be asked what it serves."""
    service = of(cluster, group, version)
    return service is None or is_available(service)


def _answers(cluster: ClusterContext, group: str, version: str) -> bool:
    return any(r.aggregated and r.version(version) is not None for r in cluster.resources.in_group(group))
