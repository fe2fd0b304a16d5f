"""The resources of one cluster: the built-in ones, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clusters.resources.base import Resource


class ResourceMap:
    """Resources by qualified name, by (group, name) and by kind; the order of insertion is discovery's."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_name: dict[str, Resource] = {}
        self._by_group: dict[str, dict[str, Resource]] = {}
        self.generation = 0
        """Grows with every change: caches of discovery and OpenAPI hang on it."""
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Add or replace."""
        self._by_name[resource.qualified] = resource
        self._by_group.setdefault(resource.group, {})[resource.name] = resource
        self.generation += 1

    def remove(self, qualified: str) -> None:
        resource = self._by_name.pop(qualified, None)
        if resource is None:
            return
        group = self._by_group[resource.group]
        group.pop(resource.name, None)
        if not group:
            del self._by_group[resource.group]
        self.generation += 1

    def touch(self) -> None:
        """Something that discovery shows beside the resources has changed."""
        self.generation += 1

    def get(self, qualified: str) -> Resource | None:
        return self._by_name.get(qualified)

    def __getitem__(self, qualified: str) -> Resource:
        return self._by_name[qualified]

    def lookup(self, group: str, version: str, name: str) -> Resource | None:
        """The resource served at `/apis/GROUP/VERSION/NAME`."""
        resource = self._by_group.get(group, {}).get(name)
        if resource is None or resource.version(version) is None:
            return None
        return resource

    def of_kind(self, group: str, kind: str) -> Resource | None:
        return next((r for r in list(self._by_group.get(group, {}).values()) if r.kind == kind), None)

    def groups(self) -> list[str]:
        return list(self._by_group)

    def in_group(self, group: str) -> list[Resource]:
        return list(self._by_group.get(group, {}).values())

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._by_name.values()))

    def __len__(self) -> int:
        return len(self._by_name)
