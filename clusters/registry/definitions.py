"""The resource map follows the CustomResourceDefinitions of its cluster, in every process that has one.

Models: apiextensions-apiserver, pkg/apiserver/{customresource_handler,customresource_discovery_controller}.go.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from clusters.machinery.types import Obj
from clusters.registry.cache import Change, WatchCache
from clusters.registry.resources import ResourceMap
from clusters.resources.dynamic import qualified_name, resource_of

logger = logging.getLogger(__name__)

PREFIX = "apiextensions.k8s.io/customresourcedefinitions/"


def follow(cache: WatchCache, resources: ResourceMap) -> None:
    """Serve what the cluster's definitions define, now and from now on."""
    follower = _Follower(resources)
    with cache.lock:
        for item in list(cache.bucket(PREFIX).items.values()):
            follower.put(item.obj)
        cache.subscribe(follower.changed)


class _Follower:
    def __init__(self, resources: ResourceMap) -> None:
        self._resources = resources

    def changed(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.prefix != PREFIX:
                continue
            if change.new is None:
                assert change.last is not None
                self._drop(change.last.obj)
            elif change.old is None or _matters(change.old.obj, change.new.obj):
                self.put(change.new.obj)

    def put(self, definition: Obj) -> None:
        try:
            resource = resource_of(definition)
        except Exception:
            # Stored by an older version of ours, or imported: one odd definition must not take the cluster down.
            logger.exception("%s cannot be served", qualified_name(definition))
            resource = None
        if resource is not None:
            self._resources.add(resource)
        else:
            self._drop(definition)

    def _drop(self, definition: Obj) -> None:
        known = self._resources.get(qualified_name(definition))
        if known is not None and not known.builtin:
            self._resources.remove(known.qualified)


def redefined(change: Change) -> bool:
    """Whether what a definition serves is replaced: by a change of its spec or its names, or because it goes."""
    if change.old is None or change.new is None:
        return change.old is not None
    old, new = change.old.obj, change.new.obj
    return bool(old["spec"] != new["spec"] or _names(old) != _names(new))


def served_prefix(definition: Obj) -> str:
    """The store prefix of the objects that a definition defines."""
    return f"{definition['spec']['group']}/{_names(definition).get('plural', '')}/"


def _names(definition: Obj) -> Obj:
    names: Obj = (definition.get("status") or {}).get("acceptedNames") or {}
    return names


def _matters(old: Obj, new: Obj) -> bool:
    """Whether a change concerns what is served."""
    return bool(old["spec"] != new["spec"] or old.get("status") != new.get("status"))
