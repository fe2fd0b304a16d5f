"""What log, exec, attach and port-forward need of a Pod first: itself, a container, a node.

Models: kubernetes, pkg/registry/core/pod/strategy.go.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.machinery.errors import BadRequest
from clusters.machinery.types import Obj

_KINDS = ("initContainers", "containers", "ephemeralContainers")


def get_pod(call: Call, endpoint: Endpoint) -> Obj:
    """Raises NotFound."""
    info = call.info
    return call.server.cluster.registry.get(endpoint.resource, info.namespace, info.name).wire


def _names(pod: Obj, kind: str) -> list[str]:
    return [c["name"] for c in pod["spec"].get(kind) or ()]


def container_of(pod: Obj, wanted: str) -> str:
    """The container meant. Raises BadRequest."""
    name = pod["metadata"]["name"]
    if wanted:
        if not any(wanted in _names(pod, kind) for kind in _KINDS):
            raise BadRequest(f"container {wanted} is not valid for pod {name}")
        return wanted
    containers = _names(pod, "containers")
    if len(containers) == 1:
        return containers[0]
    if not containers:
        raise BadRequest(f"a container name must be specified for pod {name}")
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(containers)}]"
    if first := _names(pod, "initContainers"):
        text += f" or one of the init containers: [{' '.join(first)}]"
    raise BadRequest(text)


def require_host(pod: Obj) -> str:
    """The node it is on. Raises BadRequest."""
    node = pod["spec"].get("nodeName", "")
    if not node:
        raise BadRequest(f"pod {pod['metadata']['name']} does not have a host assigned")
    return str(node)
