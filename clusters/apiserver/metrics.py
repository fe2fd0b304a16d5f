"""metrics.k8s.io as a metrics server answers: get and list, worked out when asked (`resources.metrics.usage`).

Models: kubernetes-sigs/metrics-server, pkg/api/{pod,node,filter,table}.go.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.read import objects_response, shaped_response
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import ListOptions
from clusters.apiserver.render import answer
from clusters.apiserver.selection import check_fields, value_of
from clusters.machinery.errors import MethodNotAllowed, NotFound
from clusters.machinery.types import Obj
from clusters.resources.metrics.usage import Meter


def pods(call: Call, endpoint: Endpoint) -> Response:
    """get or list of PodMetrics."""
    cluster, info = call.server.cluster, call.info
    if not info.name:
        return _listed(call, endpoint, "pods")
    form = choose(call.accept)
    pod = cluster.registry.lookup.get("pods", info.namespace, info.name)
    if pod is None or (pod.get("status") or {}).get("phase") != "Running":
        raise NotFound.of("", "pods", info.name)
    found = _meter(call).pod(pod)
    if found is None:
        raise NotFound.of(endpoint.group, "pods", f"{info.namespace}/{info.name}")
    return shaped_response(call, endpoint, found, form)


def nodes(call: Call, endpoint: Endpoint) -> Response:
    """get or list of NodeMetrics."""
    cluster, info = call.server.cluster, call.info
    if not info.name:
        return _listed(call, endpoint, "nodes")
    form = choose(call.accept)
    node = cluster.registry.lookup.get("nodes", "", info.name)
    if node is None:
        raise NotFound.of("", "node", info.name)
    found = _meter(call).node(node)
    if found is None:
        raise NotFound.of(endpoint.group, "nodes", info.name)
    return shaped_response(call, endpoint, found, form)


def _meter(call: Call) -> Meter:
    cluster = call.server.cluster
    return Meter(cluster.registry.lookup, cluster.rng, cluster.clock.now())


def _listed(call: Call, endpoint: Endpoint, measured: str) -> Response:
    if call.info.verb == "watch":
        refusal = MethodNotAllowed(f'watch is not supported on resources of kind "{endpoint.resource.qualified}"')
        refusal.details = {"group": endpoint.group, "kind": endpoint.name}
        raise refusal
    form = choose(call.accept)
    opts = ListOptions.parse(call.query)
    check_fields(endpoint, opts.fields)
    registry, meter = call.server.cluster.registry, _meter(call)
    registry.cache.refresh()
    measure = meter.pod if measured == "pods" else meter.node
    found: list[Obj] = []
    for obj in registry.lookup.list(measured, call.info.namespace or None):
        if _selected(endpoint, opts, obj):
            shown = measure(obj)
            if shown is not None:
                found.append(shown)
    if not found and form.kind == "Table":
        # Columns are read off the first row, so without rows there are none.
        empty: Obj = {"kind": "Table", "apiVersion": f"meta.k8s.io/{form.version}", "metadata": {}}
        return answer(call, {**empty, "columnDefinitions": None, "rows": None}, form)
    return objects_response(call, endpoint, found, {}, form)


def _selected(endpoint: Endpoint, opts: ListOptions, obj: Obj) -> bool:
    if opts.labels is not None and not opts.labels.matches(obj["metadata"].get("labels")):
        return False
    return opts.fields is None or opts.fields.matches(value_of(endpoint, obj))
