"""The resource map follows the cluster's APIServices: who has a metrics server's serves metrics.k8s.io.

Models: kube-aggregator, pkg/apiserver.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.types import Obj
from clusters.registry.cache import Change, WatchCache
from clusters.registry.resources import ResourceMap
from clusters.resources import metrics

PREFIX = "apiregistration.k8s.io/apiservices/"
QUALIFIED = "apiservices.apiregistration.k8s.io"


def is_remote(service: Obj | None) -> bool:
    """The API is served by something behind a Service, not by this server."""
    return service is not None and bool(service["spec"].get("service"))


def is_available(service: Obj) -> bool:
    conditions = (service.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)


def follow(cache: WatchCache, resources: ResourceMap) -> None:
    """Serve what the cluster's APIServices bring, now and from now on."""

    def put(service: Obj | None, last: Obj | None = None) -> None:
        shown = service or last
        assert shown is not None
        if shown["metadata"]["name"] == metrics.API_SERVICE:
            if is_remote(service):
                for resource in metrics.RESOURCES:
                    resources.add(resource)
            else:
                for resource in metrics.RESOURCES:
                    resources.remove(resource.qualified)
        elif is_remote(shown):
            resources.touch()

    def changed(changes: Sequence[Change]) -> None:
        for change in changes:
            if change.prefix == PREFIX:
                put(change.new.obj if change.new is not None else None, change.last.obj if change.last else None)

    with cache.lock:
        for item in list(cache.bucket(PREFIX).items.values()):
            put(item.obj)
        cache.subscribe(changed)
