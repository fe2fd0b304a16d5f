"""All kinds that can be deleted, custom ones included: for loops that must look at everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clusters.client.informer import Informers
from clusters.machinery.types import Obj
from clusters.resources.base import Resource
from clusters.resources.catalog import BUILTIN

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
Watcher = Callable[[str, Obj | None, Obj | None], None]
"""(qualified resource, old, new)"""


def _is_stored(resource: Resource) -> bool:
    return "delete" in resource.verbs and not resource.shares and not resource.internal


class Kinds:
    """The stored, deletable resources of one cluster: the built-in ones, and the custom ones as they come."""

    def __init__(self, informers: Informers) -> None:
        self._informers = informers
        self._namespaced: dict[str, bool] = {r.qualified: r.namespaced for r in BUILTIN if _is_stored(r)}
        self._by_kind: dict[tuple[str, str], str] = {(r.group, r.kind): r.qualified for r in BUILTIN if _is_stored(r)}
        self._watchers: list[tuple[Watcher, Sequence[str]]] = []
        if CRDS in self._namespaced:
            informers[CRDS].on_change(self._definition_changed)

    def namespaced(self) -> list[str]:
        return [name for name, inside in self._namespaced.items() if inside]

    def is_namespaced(self, resource: str) -> bool:
        return self._namespaced.get(resource, False)

    def of_kind(self, api_version: str, kind: str) -> str | None:
        """The resource of an owner reference; None for a kind that is not known."""
        group = api_version.rpartition("/")[0]
        return self._by_kind.get((group, kind))

    def watch_all(self, watcher: Watcher, *, skip: Sequence[str] = ()) -> None:
        """Tell `watcher` of every object and every change of every kind."""
        self._watchers.append((watcher, skip))
        for resource in list(self._namespaced):
            if resource not in skip:
                self._follow(resource, watcher)

    def _follow(self, resource: str, watcher: Watcher) -> None:
        self._informers[resource].on_change(lambda old, new: watcher(resource, old, new))

    def _definition_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            assert old is not None
            self._forget(old)
            return
        established = any(
            c["type"] == "Established" and c["status"] == "True"
            for c in (new.get("status") or {}).get("conditions") or ()
        )
        spec = new["spec"]
        resource = f"{spec['names']['plural']}.{spec['group']}"
        if not established or resource in self._namespaced:
            return
        try:
            self._informers[resource]
        except KeyError:
            # Not served yet; its next change comes when it is.
            return
        self._namespaced[resource] = spec["scope"] == "Namespaced"
        self._by_kind[(spec["group"], spec["names"]["kind"])] = resource
        for watcher, skip in self._watchers:
            if resource not in skip:
                self._follow(resource, watcher)

    def _forget(self, definition: Obj) -> None:
        spec = definition["spec"]
        resource = f"{spec['names']['plural']}.{spec['group']}"
        self._namespaced.pop(resource, None)
        self._by_kind.pop((spec["group"], spec["names"]["kind"]), None)
