"""What an autoscaler scales: a workload, or a custom resource whose definition says where its scale is.

Models: podautoscaler/horizontal.go (scaleForResourceMappings); client-go, scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clusters.client.api import ApiClient
from clusters.client.informer import Informers
from clusters.components.controllers.shared.kinds import CRDS, Kinds
from clusters.components.controllers.shared.objects import draft
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj
from clusters.resources.common.scale import scale_of
from clusters.resources.dynamic.scale import ScalePaths

SCALABLE = ("deployments.apps", "replicasets.apps", "statefulsets.apps", "replicationcontrollers")
Changed = Callable[[Obj | None, Obj | None], None]


class NoTarget(Exception):
    """There is nothing to scale, in the words of the controller's client."""


@dataclass(frozen=True, slots=True)
class Target:
    """`paths` None: a built-in workload."""

    resource: str
    obj: Obj
    paths: ScalePaths | None
    replicas: int
    selector: str
    """Of its Pods; "" if it does not say."""

    def resize(self, client: ApiClient, replicas: int) -> None:
        """Raises ApiError."""
        scale = {"spec": {"replicas": replicas}}
        if self.paths is None:
            own = self.obj["metadata"]
            client.patch(self.resource, own["namespace"], own["name"], scale, uid=own["uid"])
        else:
            client.update(self.resource, draft(self.paths.with_scale(self.obj, scale)))


class Targets:
    """The targets of one cluster's autoscalers. `changed` hears of changes of those that are custom resources."""

    def __init__(self, informers: Informers, changed: Changed) -> None:
        self._informers = informers
        self._kinds = Kinds(informers)
        self._changed = changed
        self._followed: set[str] = set()

    def of(self, scaler: Obj) -> Target:
        """Raises NoTarget."""
        reference = scaler["spec"]["scaleTargetRef"]
        api_version, kind = reference.get("apiVersion", ""), reference["kind"]
        resource = self._kinds.of_kind(api_version, kind)
        if resource is None:
            raise NoTarget(f'no matches for kind "{kind}" in group "{api_version.rpartition("/")[0]}"')
        paths = None if resource in SCALABLE else self._paths(resource)
        found = self._informers[resource].get(scaler["metadata"]["namespace"], reference["name"])
        if found is None:
            raise NoTarget(f'{resource} "{reference["name"]}" not found')
        try:
            scale = scale_of(found) if paths is None else paths.scale_of(found)
        except ApiError as error:
            raise NoTarget(error.message) from None
        replicas, selector = (scale.get("spec") or {}).get("replicas", 0), scale["status"].get("selector", "")
        return Target(resource, found, paths, int(replicas), selector)

    def _paths(self, resource: str) -> ScalePaths:
        definition = self._informers[CRDS].by_key(resource)
        for version in (definition or {"spec": {}})["spec"].get("versions") or ():
            said = (version.get("subresources") or {}).get("scale") if version.get("storage") else None
            if said:
                if resource not in self._followed:
                    self._followed.add(resource)
                    self._informers[resource].on_change(self._changed)
                return ScalePaths(
                    said["specReplicasPath"], said["statusReplicasPath"], said.get("labelSelectorPath", "")
                )
        raise NoTarget("the server could not find the requested resource")
