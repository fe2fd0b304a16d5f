"""HorizontalPodAutoscalers: holds a workload's size between its bounds, and says why metrics cannot do more.

There is no metrics API behind the controllers yet, so targets are never computed: what is exact is the bounds,
the conditions and the Events, as a real controller shows them in a cluster without a metrics server. Without
metrics nothing changes by itself, so it wakes on changes only. Models: kube-controller-manager,
podautoscaler/horizontal.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared.kinds import Kinds
from clusters.components.controllers.shared.objects import draft
from clusters.components.controllers.shared.telling import Once
from clusters.kernel.clock import rfc3339
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
_SCALABLE = ("deployments.apps", "replicasets.apps", "statefulsets.apps", "replicationcontrollers")
_NO_METRICS = (
    "unable to get metrics for resource {}: unable to fetch metrics from resource metrics API: "
    "the server could not find the requested resource (get pods.metrics.k8s.io)"
)
_REASONS = {
    "Resource": "FailedGetResourceMetric",
    "ContainerResource": "FailedGetContainerResourceMetric",
    "Pods": "FailedGetPodsMetric",
    "Object": "FailedGetObjectMetric",
    "External": "FailedGetExternalMetric",
}


class HorizontalController(Controller):
    """Keys are autoscalers."""

    name: ClassVar[str] = "horizontal-pod-autoscaler-controller"
    user: ClassVar[UserInfo] = controller_user("horizontal-pod-autoscaler")

    def setup(self) -> None:
        informers = self.env.informers
        self.autoscalers = informers[AUTOSCALERS]
        self.kinds = Kinds(informers)
        self.events = self.env.events("horizontal-pod-autoscaler", "")
        self.states = Once(self.events, informers["events"])
        self.autoscalers.add_index("target", _target_keys)
        self.autoscalers.on_change(self._changed)
        for resource in _SCALABLE:
            informers[resource].on_change(self._target_changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and (old is None or old["spec"] != new["spec"]):
            self.queue.add(key_of(new))

    def _target_changed(self, old: Obj | None, new: Obj | None) -> None:
        target = new or old
        assert target is not None
        if old is not None and new is not None and old["spec"].get("replicas") == new["spec"].get("replicas"):
            return
        meta = target["metadata"]
        for each in self.autoscalers.by_index("target", f"{meta['namespace']}/{target['kind']}/{meta['name']}"):
            self.queue.add(key_of(each))

    def sync(self, key: str) -> None:
        scaler = self.autoscalers.by_key(key)
        if scaler is None or "deletionTimestamp" in scaler["metadata"]:
            return
        spec, now = scaler["spec"], self.env.clock.now()
        status = dict(scaler.get("status") or {})
        reference = spec["scaleTargetRef"]
        resource = self.kinds.of_kind(reference.get("apiVersion", ""), reference["kind"])
        target = self._target(resource, scaler)
        if target is None or resource is None:
            why = f'{self._words(resource, reference)} "{reference["name"]}" not found'
            self.states.event(scaler, "Warning", "FailedGetScale", why)
            text = f"the HPA controller was unable to get the target's current scale: {why}"
            _set(status, "AbleToScale", "False", "FailedGetScale", text, now)
            self._write(scaler, status)
            return
        text = "the HPA controller was able to get the target's current scale"
        _set(status, "AbleToScale", "True", "SucceededGetScale", text, now)
        current = int(target["spec"].get("replicas", 1))
        desired, why = self._bounded(scaler, status, current, now)
        if desired != current:
            self._rescale(scaler, status, resource, target, desired, why, now)
        status["currentReplicas"] = current
        status["desiredReplicas"] = desired
        if not current:
            status.pop("currentReplicas")
        self._write(scaler, status)

    def _target(self, resource: str | None, scaler: Obj) -> Obj | None:
        if resource is None:
            return None
        return self.env.informers[resource].get(
            scaler["metadata"]["namespace"], scaler["spec"]["scaleTargetRef"]["name"]
        )

    @staticmethod
    def _words(resource: str | None, reference: dict[str, Any]) -> str:
        return resource or f"{reference['kind'].lower()}s.{reference.get('apiVersion', '').rpartition('/')[0]}"

    def _bounded(self, scaler: Obj, status: dict[str, Any], current: int, now: int) -> tuple[int, str]:
        """(desired size, why it differs from the current one)."""
        spec = scaler["spec"]
        least, most = int(spec.get("minReplicas", 1)), int(spec["maxReplicas"])
        if current == 0 and least != 0:
            text = "scaling is disabled since the replica count of the target is zero"
            _set(status, "ScalingActive", "False", "ScalingDisabled", text, now)
            return 0, ""
        if current > most:
            return most, "Current number of replicas above Spec.MaxReplicas"
        if current < least:
            return least, "Current number of replicas below Spec.MinReplicas"
        self._explain(scaler, status, now)
        return current, ""

    def _explain(self, scaler: Obj, status: dict[str, Any], now: int) -> None:
        """No metric can be had: say so for the first."""
        metrics = scaler["spec"].get("metrics") or []
        if not metrics:
            return
        kind = metrics[0]["type"]
        detail = _problem(metrics[0])
        reason = _REASONS.get(kind, "FailedGetResourceMetric")
        _set(
            status, "ScalingActive", "False", reason, f"the HPA was unable to compute the replica count: {detail}", now
        )
        self.states.event(scaler, "Warning", reason, detail)
        reference, own = scaler["spec"]["scaleTargetRef"], scaler["metadata"]
        what = f"{reference['kind']}/{own['namespace']}/{reference['name']}"
        text = (
            f"failed to compute desired number of replicas based on listed metrics for {what}: "
            f"invalid metrics ({len(metrics)} invalid out of {len(metrics)}), first error is: "
            f"failed to get {_metric_word(metrics[0])} metric value: {detail}"
        )
        self.states.event(scaler, "Warning", "FailedComputeMetricsReplicas", text)

    def _rescale(
        self, scaler: Obj, status: dict[str, Any], resource: str, target: Obj, desired: int, why: str, now: int
    ) -> None:
        own = target["metadata"]
        try:
            self.env.client.patch(
                resource, own["namespace"], own["name"], {"spec": {"replicas": desired}}, uid=own["uid"]
            )
        except NotFound:
            return
        text = f"the HPA controller was able to update the target scale to {desired}"
        _set(status, "AbleToScale", "True", "SucceededRescale", text, now)
        status["lastScaleTime"] = rfc3339(now)
        self.events.event(scaler, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {why}")

    def _write(self, scaler: Obj, status: dict[str, Any]) -> None:
        status.setdefault("desiredReplicas", 0)
        status["currentMetrics"] = status.get("currentMetrics")
        if status != (scaler.get("status") or {}):
            fresh = self.autoscalers.by_key(key_of(scaler))
            if fresh is not None:
                self.env.client.update_status(AUTOSCALERS, draft(fresh, status=status))


def _target_keys(scaler: Obj) -> tuple[str, ...]:
    reference = scaler["spec"]["scaleTargetRef"]
    return (f"{scaler['metadata']['namespace']}/{reference['kind']}/{reference['name']}",)


def _set(status: dict[str, Any], kind: str, value: str, reason: str, message: str, now: int) -> None:
    entry = {
        "type": kind,
        "status": value,
        "lastTransitionTime": rfc3339(now),
        "reason": reason,
        "message": message,
    }
    status["conditions"] = conditions.put(status.get("conditions"), entry)


def _problem(metric: dict[str, Any]) -> str:
    if metric["type"] in ("Resource", "ContainerResource"):
        source = metric.get("resource") or metric.get("containerResource") or {}
        name = source.get("name", "")
        usage = "utilization" if (source.get("target") or {}).get("type") == "Utilization" else "usage"
        return f"failed to get {name} {usage}: {_NO_METRICS.format(name)}"
    kind = "external" if metric["type"] == "External" else "custom"
    return f"unable to fetch metrics from {kind} metrics API: no {kind} metrics API ({kind}.metrics.k8s.io) registered"


def _metric_word(metric: dict[str, Any]) -> str:
    source = metric.get("resource") or metric.get("containerResource") or {}
    return f"{source.get('name', '')} resource" if source else metric["type"].lower()
