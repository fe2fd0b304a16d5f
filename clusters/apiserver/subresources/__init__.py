"""Subresources: those that are the object itself seen by other rules, and those that do something."""

from __future__ import annotations

from collections.abc import Callable

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Answer
from clusters.apiserver.subresources import binding, eviction, log, objects, proxy, scale, streams, token

Handler = Callable[[Call, Endpoint], Answer]

SUBRESOURCES: dict[str, Handler] = {
    "status": objects.serve,
    "approval": objects.serve,
    "finalize": objects.serve,
    "ephemeralcontainers": objects.serve,
    "resize": objects.serve,
    "scale": scale.serve,
    "binding": binding.create_binding,
    "eviction": eviction.create_eviction,
    "log": log.read_log,
    "exec": streams.exec_,
    "attach": streams.attach,
    "portforward": streams.port_forward,
    "proxy": proxy.serve,
    "token": token.create_token,
}
"""By name; which resource has which is said by the `Resource`."""
