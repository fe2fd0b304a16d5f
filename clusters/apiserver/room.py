"""How many objects a cluster may hold: a limit of the playground, refused in the words of a quota."""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.machinery.errors import Forbidden


def check_room(call: Call, endpoint: Endpoint) -> None:
    """Before a request that may add an object. Raises Forbidden."""
    cluster = call.server.cluster
    limit = cluster.settings.max_objects
    if not limit or call.info.verb not in ("create", "patch", "update"):
        return
    cache = cluster.registry.cache
    used = sum(len(cache.bucket(prefix).items) for prefix in cache.prefixes())
    if used < limit:
        return
    info, resource = call.info, endpoint.resource
    if info.name and cache.get(resource.key(info.namespace, info.name)) is not None:
        return
    why = f"exceeded quota: playground, requested: objects=1, used: objects={used}, limited: objects={limit}"
    raise Forbidden.of(resource.group, resource.name, info.name, why)
