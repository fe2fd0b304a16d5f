"""`proxy` of Pods, Services and Nodes: one request to what listens in a Pod, if anything does.

Where it goes is worked out as the real server does; Nodes' kubelets refuse the connection.
Models: kubernetes, pkg/registry/core/{pod,service,node} ResourceLocation; apimachinery, pkg/util/proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from clusters.apiserver.call import Call
from clusters.apiserver.context import Connection
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Header, Response
from clusters.apiserver.subresources import connecting
from clusters.machinery.errors import ApiError, BadRequest, NotFound, ServiceUnavailable
from clusters.machinery.types import Obj

_SCHEMES = ("", "http", "https")
_NOT_PASSED = frozenset(
    ("host", "authorization", "connection", "content-length", "cookie", "transfer-encoding", "upgrade", "x-csrftoken")
)
_NOT_RETURNED = frozenset(
    (
        "connection",
        "content-length",
        "content-security-policy",
        "keep-alive",
        "set-cookie",
        "transfer-encoding",
        "x-content-type-options",
    )
)
_PLAIN = "/:@!$&'()*+,;=~"


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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a request goes; `pod` is "" where no Pod is behind the address."""

    address: str
    port: int
    namespace: str = ""
    pod: str = ""

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


_FIND: dict[str, Callable[[Call, Endpoint, str, str], _Place]]


def serve(call: Call, endpoint: Endpoint) -> Response:
    """Raises what the real server would."""
    kind = endpoint.name
    tail = call.request.path.partition(f"/{kind}/{call.info.name}/proxy")[2]
    connecting.admit(call, endpoint, f"{endpoint.resource.kind}ProxyOptions", {"path": tail})
    found = split(call.info.name)
    if found is None:
        raise BadRequest(f'invalid {kind.removesuffix("s")} request "{call.info.name}"')
    scheme, name, port = found
    place = _FIND[kind](call, endpoint, name, port)
    if not tail:
        # Links of the page that is shown are relative to it.
        query = f"?{call.request.query}" if call.request.query else ""
        return Response(301, b"", "", [("Location", f"proxy/{query}")])
    return _ask(call, place, _connect(call, place), tail, secure=scheme == "https")


def _connect(call: Call, place: _Place) -> Connection:
    ports = call.server.cluster.ports
    try:
        if ports is None or not place.pod:
            raise ConnectionRefusedError
        return ports.connect(place.namespace, place.pod, place.port)
    except (OSError, ApiError):
        why = f"error trying to reach service: dial tcp {place}: connect: connection refused"
        raise ServiceUnavailable(why) from None


def _ask(call: Call, place: _Place, connection: Connection, tail: str, *, secure: bool) -> Response:
    if secure:
        raise ServiceUnavailable("error trying to reach service: tls: first record does not look like a TLS handshake")
    request = call.request
    target = quote(tail, safe=_PLAIN) + (f"?{request.query}" if request.query else "")
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {place}"]
    lines += [f"{k}: {v}" for k, v in request.headers if k not in _NOT_PASSED and not k.startswith("impersonate-")]
    if request.body:
        lines.append(f"Content-Length: {len(request.body)}")
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace")
    answer = connection.feed(head + request.body)
    head, found, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    words = status.split(" ", 2)
    if not found or len(words) < 2 or not words[1].isdigit():
        raise ServiceUnavailable("error trying to reach service: EOF")
    # The page is the work of whoever may write in the cluster: it gets nothing of the playground's origin.
    headers: list[Header] = [("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff")]
    media = ""
    for line in fields:
        name, _, value = line.partition(":")
        if name.lower() == "content-type":
            media = value.strip()
        elif name and name.lower() not in _NOT_RETURNED:
            headers.append((name, value.strip()))
    return Response(int(words[1]), body, media, headers)


def _pod(call: Call, endpoint: Endpoint, name: str, port: str) -> _Place:
    registry = call.server.cluster.registry
    pod = registry.get(endpoint.resource, call.info.namespace, name).obj
    ip = (pod.get("status") or {}).get("podIP", "")
    if not ip:
        raise BadRequest("address not allowed")
    if not port:
        ports = [p for c in pod["spec"]["containers"] for p in c.get("ports") or ()]
        port = str(ports[0]["containerPort"]) if ports else "80"
    if not port.isdigit():
        raise ServiceUnavailable(f"error trying to reach service: dial tcp: lookup tcp/{port}: unknown port")
    return _Place(ip, int(port), call.info.namespace, name)


def _service(call: Call, endpoint: Endpoint, name: str, port: str) -> _Place:
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
                    reference = backend.get("targetRef") or {}
                    pod = reference.get("name", "") if reference.get("kind") == "Pod" else ""
                    return _Place(backend["addresses"][0], int(target.get("port") or 80), namespace, pod)
    raise ServiceUnavailable(f'no endpoints available for service "{call.info.name}"')


def _slices(call: Call, namespace: str, name: str) -> list[Obj]:
    lookup = call.server.cluster.registry.lookup
    label = "kubernetes.io/service-name"
    found = lookup.list("endpointslices.discovery.k8s.io", namespace)
    return [s for s in found if (s["metadata"].get("labels") or {}).get(label) == name]


def _node(call: Call, endpoint: Endpoint, name: str, port: str) -> _Place:
    node = call.server.cluster.registry.get(endpoint.resource, "", name).obj
    addresses = (node.get("status") or {}).get("addresses") or ()
    for address in addresses:
        if address.get("type") == "InternalIP":
            return _Place(address["address"], int(port) if port.isdigit() else 10250)
    raise ServiceUnavailable("no preferred addresses found; known addresses: []")


_FIND = {"services": _service, "pods": _pod, "nodes": _node}
