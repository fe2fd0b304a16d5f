"""What may be refused of a connection: admission sees the options of exec, attach, port-forward and proxy.

Models: apiserver, pkg/endpoints/handlers/rest.go (ConnectResource).
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.machinery.types import Obj
from clusters.registry import requests
from clusters.registry.registry import WriteOptions


def admit(call: Call, endpoint: Endpoint, kind: str, options: Obj) -> None:
    """Raises what a plugin refuses with, before anybody looks whether there is such an object."""
    info = call.info
    opts = WriteOptions(user=call.user, warnings=call.warnings, annotations=call.annotations)
    obj = {"apiVersion": "v1", "kind": kind, **{k: v for k, v in options.items() if v}}
    attrs = requests.admit(
        call.server.cluster.registry,
        endpoint.resource,
        info.subresource,
        (info.namespace, info.name),
        obj,
        opts,
        kind=("", "v1", kind),
        operation="CONNECT",
    )
    requests.validate(call.server.cluster.registry, attrs, opts)
