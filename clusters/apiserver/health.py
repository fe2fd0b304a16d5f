"""`/healthz`, `/livez`, `/readyz` with their checks, and the server's own `/metrics`, `/metrics/slis`.

Models: apiserver, pkg/server/healthz; component-base, metrics/prometheus/slis.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from clusters.apiserver.call import Call
from clusters.apiserver.context import ClusterContext
from clusters.apiserver.http import TEXT, Response
from clusters.apiserver.routing import not_found

_ALWAYS = (
    "ping",
    "log",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/aggregator-reload-proxy-client-cert",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
)
_READY_ONLY = ("etcd-readiness", "informer-sync", "shutdown")


_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"


@dataclass(slots=True)
class Observed:
    """What health checks found, whenever somebody asked for all of them."""

    last: dict[tuple[str, str], int] = field(default_factory=dict)
    """1 or 0 by (check, endpoint)."""
    total: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often by (check, status, endpoint)."""

    def note(self, check: str, kind: str, *, healthy: bool) -> None:
        self.last[check, kind] = int(healthy)
        self.total[check, "success" if healthy else "error", kind] += 1


def names(cluster: ClusterContext, kind: str = "healthz") -> list[str]:
    """The checks of one endpoint, in order."""
    found = list(_ALWAYS)
    if kind == "readyz":
        found[3:3] = _READY_ONLY[:2]
        found.append(_READY_ONLY[2])
    return found + [c for c in cluster.checks if c not in found]


def _problem(cluster: ClusterContext, check: str) -> str:
    probe = cluster.checks.get(check)
    return probe() if probe is not None else ""


def answer(call: Call, path: str) -> Response:
    """One endpoint, or one of its checks."""
    cluster = call.server.cluster
    kind, _, single = path[1:].partition("/")
    checks = names(cluster, kind)
    if single:
        if single not in checks:
            return not_found(call, builtin=False)
        problem = _problem(cluster, single)
        if problem:
            return _text(500, f"internal server error: {problem}\n")
        return _text(200, "ok")
    excluded = set(call.query.all("exclude"))
    observed = call.server.nonresource.observed
    lines: list[str] = []
    failed: list[str] = []
    for check in checks:
        if check in excluded:
            lines.append(f"[+]{check} excluded: ok\n")
            continue
        problem = _problem(cluster, check)
        observed.note(check, kind, healthy=not problem)
        if problem:
            failed.append(check)
            lines.append(f"[-]{check} failed: reason withheld\n")
        else:
            lines.append(f"[+]{check} ok\n")
    unknown = sorted(excluded.difference(checks))
    if unknown:
        quoted = ", ".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {quoted}\n")
    if failed:
        return _text(500, "".join(lines) + f"{kind} check failed\n")
    if "verbose" not in call.query:
        return _text(200, "ok")
    return _text(200, "".join(lines) + f"{kind} check passed\n")


def _text(status: int, text: str) -> Response:
    return Response(status, text.encode(), TEXT, [("X-Content-Type-Options", "nosniff")])


def metrics(call: Call) -> Response:
    """Counters of this server in Prometheus' text format."""
    server = call.server
    cache = server.cluster.registry.cache
    lines = [
        "# HELP apiserver_request_total Counter of apiserver requests.",
        "# TYPE apiserver_request_total counter",
        f"apiserver_request_total {server.requests}",
        "# HELP apiserver_longrunning_requests Gauge of all active long-running apiserver requests.",
        "# TYPE apiserver_longrunning_requests gauge",
        f'apiserver_longrunning_requests{{verb="WATCH"}} {len(server.hub)}',
        "# HELP apiserver_storage_objects Number of stored objects at the time of last check split by kind.",
        "# TYPE apiserver_storage_objects gauge",
    ]
    for resource in server.cluster.resources:
        count = len(cache.bucket(resource.prefix).items)
        if not resource.shares:
            lines.append(f'apiserver_storage_objects{{resource="{resource.qualified}"}} {count}')
    body = "\n".join(lines) + "\n"
    return Response(200, body.encode(), _METRICS_TYPE)


def service_levels(call: Call) -> Response:
    """What health checks found so far, in Prometheus' text format."""
    observed = call.server.nonresource.observed
    lines = []
    if observed.last:
        lines = [
            "# HELP kubernetes_healthcheck [STABLE] This metric records the result of a single healthcheck.",
            "# TYPE kubernetes_healthcheck gauge",
        ]
        for (check, kind), value in sorted(observed.last.items()):
            lines.append(f'kubernetes_healthcheck{{name="{check}",type="{kind}"}} {value}')
        lines += [
            "# HELP kubernetes_healthchecks_total [STABLE] This metric records the results of all healthcheck.",
            "# TYPE kubernetes_healthchecks_total counter",
        ]
        for (check, status, kind), count in sorted(observed.total.items()):
            lines.append(f'kubernetes_healthchecks_total{{name="{check}",status="{status}",type="{kind}"}} {count}')
    return Response(200, "".join(f"{line}\n" for line in lines).encode(), _METRICS_TYPE)
