"""`proxy` of Pods, Services and Nodes: where it would go is worked out as the real server does; nothing in the
simulated network answers HTTP to the outside yet, so what can be reached refuses the connection.

Models: kubernetes, pkg/registry/core/{pod,service,node} ResourceLocation.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.machinery.errors import BadRequest, NotFound, ServiceUnavailable
from clusters.machinery.types import Obj

_SCHEMES = ("", "http", "https")


def split(name: str) -> tuple[str, str, str] | None:
    """(scheme, name, port) of `name`, `name:port`, `scheme:name:port`; None if it is none of them."""
    parts = name.split(":")
    if len(parts) == 1 and parts[0]:
        return "", parts[0], ""
    if len(parts) == 2 and parts[0]:
        return "", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in _SCHEMES and parts[1]:
        return parts[0], parts[1], parts[2]
    return None


def serve(call: Call, endpoint: Endpoint) -> Response:
    """Raises what the real server would."""
    kind = endpoint.name
    found = split(call.info.name)
    if found is None:
        raise BadRequest(f'invalid {kind.removesuffix("s")} request "{call.info.name}"')
    _, name, port = found
    if kind == "services":
        address = _service(call, endpoint, name, port)
    elif kind == "pods":
        address = _pod(call, endpoint, name, port)
    else:
        address = _node(call, endpoint, name, port)
    raise ServiceUnavailable(f"error trying to reach service: dial tcp {address}: connect: connection refused")


def _pod(call: Call, endpoint: Endpoint, name: str, port: str) -> str:
    registry = call.server.cluster.registry
    pod = registry.get(endpoint.resource, call.info.namespace, name).obj
    ip = (pod.get("status") or {}).get("podIP", "")
    if not ip:
        raise BadRequest("address not allowed")
    if not port:
        ports = [p for c in pod["spec"]["containers"] for p in c.get("ports") or ()]
        port = str(ports[0]["containerPort"]) if ports else "80"
    return f"{ip}:{port}"


def _service(call: Call, endpoint: Endpoint, name: str, port: str) -> str:
    registry = call.server.cluster.registry
    namespace = call.info.namespace
    service = registry.get(endpoint.resource, namespace, name).obj
    ports = (service.get("spec") or {}).get("ports") or []
    if port.isdigit():
        match = next((p for p in ports if p.get("port") == int(port)), None)
        if match is None:
            raise ServiceUnavailable(f'no service port {port} found for service "{name}"')
        port = match.get("name", "")
    slices = _slices(call, namespace, name)
    if not slices:
        raise NotFound.of("", "services", name)
    for piece in slices:
        for target in piece.get("ports") or ():
            if port and target.get("name", "") != port:
                continue
            for backend in piece.get("endpoints") or ():
                if (backend.get("conditions") or {}).get("ready", True) and backend.get("addresses"):
                    return f"{backend['addresses'][0]}:{target.get('port', 80)}"
    raise ServiceUnavailable(f'no endpoints available for service "{call.info.name}"')


def _slices(call: Call, namespace: str, name: str) -> list[Obj]:
    lookup = call.server.cluster.registry.lookup
    label = "kubernetes.io/service-name"
    found = lookup.list("endpointslices.discovery.k8s.io", namespace)
    return [s for s in found if (s["metadata"].get("labels") or {}).get(label) == name]


def _node(call: Call, endpoint: Endpoint, name: str, port: str) -> str:
    node = call.server.cluster.registry.get(endpoint.resource, "", name).obj
    addresses = (node.get("status") or {}).get("addresses") or ()
    for address in addresses:
        if address.get("type") == "InternalIP":
            return f"{address['address']}:{port or 10250}"
    raise ServiceUnavailable("no preferred addresses found; known addresses: []")
