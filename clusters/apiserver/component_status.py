"""ComponentStatus: how the scheduler, the controller manager and the store are, worked out when it is asked.

Models: kubernetes, registry/core/componentstatus/rest.go; a component that was stopped refuses the connection.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.handlers.read import objects_response, shaped_response
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import ListOptions
from clusters.apiserver.selection import check_fields, value_of
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj

_STATES = "components.playground.dev"
_PARTS = (("scheduler", "kube-scheduler", 10259), ("controller-manager", "kube-controller-manager", 10257))
"""Name, the process, and the port of its health check."""
STORE = "etcd-0"


def serve(call: Call, endpoint: Endpoint) -> Response:
    """get or list."""
    found = {str(o["metadata"]["name"]): o for o in _statuses(call)}
    if call.info.name:
        one = found.get(call.info.name)
        if one is None:
            raise ApiError(f"Component not found: {call.info.name}", code=500, reason="")
        return shaped_response(call, endpoint, one, choose(call.accept))
    form = choose(call.accept)
    opts = ListOptions.parse(call.query)
    check_fields(endpoint, opts.fields)
    chosen = [o for o in found.values() if _selected(endpoint, opts, o)]
    return objects_response(call, endpoint, chosen, {}, form)


def _selected(endpoint: Endpoint, opts: ListOptions, obj: Obj) -> bool:
    if opts.labels is not None and not opts.labels.matches(None):
        return False
    return opts.fields is None or opts.fields.matches(value_of(endpoint, obj))


def _statuses(call: Call) -> list[Obj]:
    stopped: set[str] = set()
    if call.server.cluster.resources.get(_STATES) is not None:
        objects = call.server.cluster.registry.lookup.list(_STATES)
        stopped = {o["metadata"]["name"] for o in objects if (o.get("spec") or {}).get("state") == "stopped"}
    out = [_status(name, port if process in stopped else 0) for name, process, port in _PARTS]
    return [*out, _status(STORE, 0)]


def _status(name: str, refused: int) -> Obj:
    condition = {"type": "Healthy", "status": "True", "message": "ok"}
    if refused:
        address = f"127.0.0.1:{refused}"
        text = f'Get "https://{address}/healthz": dial tcp {address}: connect: connection refused'
        condition = {"type": "Healthy", "status": "False", "message": text}
    return {"kind": "ComponentStatus", "apiVersion": "v1", "metadata": {"name": name}, "conditions": [condition]}
