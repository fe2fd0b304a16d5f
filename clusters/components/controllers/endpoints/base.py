"""What wakes an endpoint controller: its Services, and the pods behind them.

A Service with many pods is looked at at most twice a second of virtual time: while hundreds of pods come up one
write then serves for all that changed (the controller manager's --endpointslice-updates-batch-period).
"""

from __future__ import annotations

from clusters.client.component import Controller
from clusters.client.informer import key_of
from clusters.components.controllers.endpoints import backends
from clusters.kernel.clock import MILLISECOND
from clusters.machinery.selectors import from_map
from clusters.machinery.types import Obj

MANY = 100
BATCH = 500 * MILLISECOND


class ServiceController(Controller):
    """Keys are Services."""

    def setup(self) -> None:
        self.services, self.pods = self.env.informers["services"], self.env.informers["pods"]
        backends.index_by_label(self.pods)
        self.services.add_index("namespace", lambda service: (service["metadata"]["namespace"],))
        self.services.on_change(self._service_changed)
        self.pods.on_change(self._pod_changed)

    def _service_changed(self, old: Obj | None, new: Obj | None) -> None:
        service = new or old
        assert service is not None
        self.queue.add(key_of(service))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        pod = new or old
        assert pod is not None
        services = self.services.by_index("namespace", pod["metadata"]["namespace"])
        if not services or backends.endpoint_view(old) == backends.endpoint_view(new):
            return
        for service in services:
            selector = service["spec"].get("selector")
            if not selector:
                continue
            matcher = from_map(selector)
            if any(o is not None and matcher.matches(o["metadata"].get("labels")) for o in (old, new)):
                self._wake(service)

    def _wake(self, service: Obj) -> None:
        key = key_of(service)
        if self._size(service) < MANY:
            self.queue.add(key)
            return
        now = self.env.clock.now()
        self.queue.add_at(key, -(-(now + 1) // BATCH) * BATCH)

    def _size(self, service: Obj) -> int:
        first = next(iter(service["spec"]["selector"].items()))
        namespace = service["metadata"]["namespace"]
        return len(self.pods.by_index(backends.BY_LABEL, f"{namespace}/{first[0]}={first[1]}"))
