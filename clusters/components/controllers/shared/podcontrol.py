"""Creating and deleting pods on behalf of a workload, with the Events that tell of it.

Models: kube-controller-manager, RealPodControl and slowStartBatch in pkg/controller/controller_utils.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.client.api import ApiClient, EventSink
from clusters.components.controllers.shared.objects import deep
from clusters.machinery import meta
from clusters.machinery.errors import ApiError, Cause, NotFound
from clusters.machinery.types import Obj


def pod_from_template(template: Obj, owner: Obj, *, name: str = "") -> Obj:
    """A new Pod of that template, controlled by `owner`; `name` empty asks for a generated one."""
    source = template.get("metadata") or {}
    metadata: dict[str, Any] = {"name": name} if name else {"generateName": name_prefix(owner)}
    for key in ("labels", "annotations", "finalizers"):
        if source.get(key):
            metadata[key] = deep(source[key])
    metadata["ownerReferences"] = [meta.owner_reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": deep(template.get("spec") or {})}


def name_prefix(owner: Obj) -> str:
    """`web-`; the bare name where that would not be a valid one."""
    return f"{owner['metadata']['name']}-"[:250]


def _shape(pod: Obj, owner: Obj) -> str:
    """Pods of one template differ in values only; one that carries annotations of its own does not count."""
    if "annotations" in pod["metadata"]:
        return ""
    return f"{owner['metadata']['uid']} {owner['metadata'].get('generation', 0)} {','.join(pod['metadata'])}"


class PodControl:
    """Pod writes of one controller."""

    def __init__(self, client: ApiClient, events: EventSink) -> None:
        self.client = client
        self.events = events

    def create(self, pod: Obj, owner: Obj) -> Obj:
        """Raises what the server answered, after an Event about it (but for a namespace that ends)."""
        try:
            created = self.client.create("pods", owner["metadata"]["namespace"], pod, shape=_shape(pod, owner))
        except ApiError as error:
            if not is_namespace_terminating(error):
                self.events.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self.events.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        return created

    def delete(self, pod: Obj, owner: Obj) -> None:
        """Deleting what is already gone or going is no error."""
        own = pod["metadata"]
        if "deletionTimestamp" in own:
            return
        try:
            self.client.delete("pods", own["namespace"], own["name"], uid=own["uid"])
        except NotFound:
            return
        except ApiError as error:
            self.events.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        self.events.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {own['name']}")


def slow_start(count: int, create: Callable[[], object]) -> tuple[int, ApiError | None]:
    """Call `create` `count` times in batches of 1, 2, 4, ...: when one of a batch fails the batches after it are
    not tried, so that a quota that is full costs few refusals. The number made, and the first error."""
    made, size, left = 0, 1, count
    while left > 0:
        batch = min(size, left)
        failure: ApiError | None = None
        for _ in range(batch):
            try:
                create()
                made += 1
            except ApiError as error:
                failure = failure or error
        if failure is not None:
            return made, failure
        left -= batch
        size *= 2
    return made, None


def is_namespace_terminating(error: ApiError) -> bool:
    causes: list[Cause] = (error.details or {}).get("causes") or []
    return error.code == 403 and any(c.get("reason") == "NamespaceTerminating" for c in causes)
