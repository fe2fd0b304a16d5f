"""Where an autoscaler's numbers come from: the resource metrics API, and the two that nobody serves here.

Models: podautoscaler/metrics/client.go; k8s.io/metrics, pkg/client/{custom_metrics,external_metrics}.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.client.component import Env
from clusters.components.controllers.hpa.replicas import Sample, Uncomputable
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared import pods as podlib
from clusters.kernel.clock import SECOND
from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.resources import metrics
from clusters.resources.metrics import load
from clusters.resources.metrics.usage import Meter

_API_SERVICES = "apiservices.apiregistration.k8s.io"
_WATCHED = ("pods", "services", "machines.playground.dev")


class Sources:
    """What can be measured at one moment."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._views = {name: env.informers[name] for name in (*_WATCHED, _API_SERVICES)}
        self.meter = Meter(self, env.rng, env.clock.now())

    # `resources.base.Lookup`, over informers

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self._views[resource].get(namespace, name)

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]:
        return self._views[resource].list(namespace or "")

    # samples

    def samples(self, pods: Sequence[Obj], resource: str, container: str) -> dict[str, Sample]:
        """By Pod name; raises Uncomputable in the words of the client of metrics.k8s.io."""
        self._require_server()
        found = [m for m in map(self.meter.pod, pods) if m is not None]
        if not found:
            raise Uncomputable("no metrics returned from resource metrics API")
        out: dict[str, Sample] = {}
        for each in found:
            used = [c["usage"].get(resource) for c in each["containers"] if not container or c["name"] == container]
            amounts = [quantity.milli(u) for u in used if u is not None]
            if not used or len(amounts) != len(used):
                continue
            window = int(float(each["window"].removesuffix("s")) * SECOND)
            out[each["metadata"]["name"]] = Sample(sum(amounts), podlib.when(each["timestamp"]), window)
        return out

    def _require_server(self) -> None:
        service = self.get(_API_SERVICES, "", metrics.API_SERVICE)
        why = ""
        if service is None or not service["spec"].get("service"):
            why = "the server could not find the requested resource"
        elif not conditions.is_true((service.get("status") or {}).get("conditions"), "Available"):
            why = "the server is currently unable to handle the request"
        if why:
            text = f"unable to fetch metrics from resource metrics API: {why} (get pods.metrics.k8s.io)"
            raise Uncomputable(text)


def custom_missing() -> Uncomputable:
    api = "custom metrics API"
    return Uncomputable(f"unable to fetch metrics from {api}: no {api} (custom.metrics.k8s.io) registered")


def external_missing(name: str) -> Uncomputable:
    what = f"the server could not find the requested resource (get {name}.external.metrics.k8s.io)"
    return Uncomputable(f"unable to fetch metrics from external metrics API: {what}")


def drifts(pods: Sequence[Obj]) -> bool:
    """What the Pods take changes by itself."""
    return any(load.of(pod, container).leak for pod in pods for container in pod["spec"]["containers"])
