"""The loop: each autoscaler is looked at on a grid of 15 s from its creation on, while anything may come of it.

A real controller looks every 15 s for ever. Here it sleeps while what it would find is known: usage is constant
until objects change (`resources.metrics.usage`), and whatever changes wakes it for the next time on the grid.
Models: podautoscaler/horizontal.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of, split_key
from clusters.components.controllers.hpa import limits, metrics
from clusters.components.controllers.hpa.limits import Wish
from clusters.components.controllers.hpa.memory import Kept, Memory
from clusters.components.controllers.hpa.replicas import CPU_INITIALIZATION, is_unready
from clusters.components.controllers.hpa.sources import Sources, drifts
from clusters.components.controllers.hpa.target import SCALABLE, NoTarget, Target, Targets
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared import pods as podlib
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.errors import ApiError, NotFound
from clusters.machinery.selectors import LabelSelector, parse_label_selector
from clusters.machinery.types import Obj, UserInfo

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
MEMORIES = "autoscalermemories.playground.dev"
PERIOD = 15 * SECOND
_OTHERS = ("services", "machines.playground.dev", "apiservices.apiregistration.k8s.io")
_ALL = ""
"""The key that stands for all autoscalers: something has changed that may concern them."""


@dataclass(slots=True)
class _Look:
    """One look at one autoscaler."""

    scaler: Obj
    status: dict[str, Any]
    now: int
    kept: Kept
    wake: bool = False
    """Look again at the next time on the grid."""
    drifts: bool = False
    """... but do not wait for that."""

    def condition(self, kind: str, value: str, reason: str, message: str) -> bool:
        """Set a condition; whether it says anything new."""
        old = conditions.find(self.status.get("conditions"), kind)
        entry = {
            "type": kind,
            "status": value,
            "lastTransitionTime": rfc3339(self.now),
            "reason": reason,
            "message": message,
        }
        self.status["conditions"] = conditions.put(self.status.get("conditions"), entry)
        return old is None or (old.get("reason"), old.get("message")) != (reason, message)


class HorizontalController(Controller):
    """Keys are autoscalers."""

    name: ClassVar[str] = "horizontal-pod-autoscaler-controller"
    user: ClassVar[UserInfo] = controller_user("horizontal-pod-autoscaler")

    def setup(self) -> None:
        informers = self.env.informers
        self.autoscalers, self.memories = informers[AUTOSCALERS], informers[MEMORIES]
        self.pods = informers["pods"]
        self.targets = Targets(informers, self._custom_changed)
        self.events = self.env.events("horizontal-pod-autoscaler", "")
        self.memories.on_change(self._memory_changed)
        self.autoscalers.on_change(self._changed)
        self.pods.on_change(self._pod_changed)
        for resource in (*SCALABLE, *_OTHERS):
            informers[resource].on_change(self._other_changed)

    # what changes concern whom

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            assert old is not None
            self.queue.add(key_of(old))
        if old is None or new is None or old["spec"] != new["spec"]:
            # Others may have had the same Pods.
            self.queue.add(_ALL)

    def _memory_changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is None and new is not None and self.autoscalers.by_key(key_of(new)) is None:
            self.queue.add(key_of(new))

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        if len(self.autoscalers):
            self.queue.add(_ALL)

    def _other_changed(self, old: Obj | None, new: Obj | None) -> None:
        if len(self.autoscalers) and (old is None or new is None or _concerns(old, new)):
            self.queue.add(_ALL)

    def _custom_changed(self, old: Obj | None, new: Obj | None) -> None:
        if len(self.autoscalers):
            self.queue.add(_ALL)

    def _look_again(self, scaler: Obj, *, background: bool = False) -> None:
        due = next_look(scaler, self.env.clock.now())
        self.queue.add_at(key_of(scaler), due, background=background)

    # work

    def sync(self, key: str) -> None:
        if key == _ALL:
            for each in self.autoscalers.list():
                self._look_again(each)
            return
        scaler = self.autoscalers.by_key(key)
        if scaler is None:
            self._forget(key)
            return
        if "deletionTimestamp" in scaler["metadata"]:
            return
        stored = self.memories.by_key(key)
        kept = Kept(Memory.of(stored["spec"]) if stored is not None else Memory())
        look = _Look(scaler, dict(scaler.get("status") or {}), self.env.clock.now(), kept)
        self._reconcile(look)
        self._remember(look, stored)
        if self._write(look):
            look.wake = True
        if look.wake or look.drifts:
            self._look_again(scaler, background=not look.wake)

    def _reconcile(self, look: _Look) -> None:
        scaler, spec = look.scaler, look.scaler["spec"]
        try:
            target = self.targets.of(scaler)
        except NoTarget as problem:
            text = f"the HPA controller was unable to get the target's current scale: {problem}"
            if look.condition("AbleToScale", "False", "FailedGetScale", text):
                self.events.event(scaler, "Warning", "FailedGetScale", str(problem))
            return
        text = "the HPA controller was able to get the target's current scale"
        look.condition("AbleToScale", "True", "SucceededGetScale", text)
        current = target.replicas
        least, most = int(spec.get("minReplicas", 1)), int(spec["maxReplicas"])
        shown: list[dict[str, Any]] | None = None
        if current == 0 and least != 0:
            why = "scaling is disabled since the replica count of the target is zero"
            look.condition("ScalingActive", "False", "ScalingDisabled", why)
            desired, why = 0, ""
        elif current > most:
            desired, why = most, "Current number of replicas above Spec.MaxReplicas"
        elif current < least:
            desired, why = least, "Current number of replicas below Spec.MinReplicas"
        else:
            proposal = self._proposal(look, target, current)
            shown = proposal.statuses
            if proposal.replicas is None:
                look.kept.become(look.kept.memory.silent(look.now, look.now - PERIOD))
                self._show(look, current, int(look.status.get("desiredReplicas", 0)), shown)
                return
            desired, why = self._normalized(look, proposal, current)
        if desired != current:
            self._rescale(look, target, desired, why)
        self._show(look, current, desired, shown)

    def _normalized(self, look: _Look, proposal: metrics.Proposal, current: int) -> tuple[int, str]:
        spec = look.scaler["spec"]
        assert proposal.replicas is not None
        why = ""
        if proposal.replicas > current:
            why = f"{proposal.metric} above target"
        elif proposal.replicas < current:
            why = "All metrics below target"
        wish = Wish(
            current, proposal.replicas, int(spec.get("minReplicas", 1)), int(spec["maxReplicas"]), look.now,
            look.now - PERIOD,
        )  # fmt: skip
        verdict = limits.normalize(wish, spec.get("behavior"), look.kept)
        look.condition("AbleToScale", "True", *verdict.able)
        look.condition("ScalingLimited", "True" if verdict.limited else "False", *verdict.limit)
        look.wake = look.wake or verdict.waits
        return verdict.replicas, why

    # metrics

    def _proposal(self, look: _Look, target: Target, current: int) -> metrics.Proposal:
        scaler = look.scaler
        specs = scaler["spec"].get("metrics") or []
        text = target.selector
        problem = self._selector_problem(look, text)
        if problem:
            if look.condition("ScalingActive", "False", *problem):
                reason = "SelectorRequired" if problem[0] == "InvalidSelector" else problem[0]
                message = "selector is required" if problem[0] == "InvalidSelector" else problem[1]
                self.events.event(scaler, "Warning", reason, message)
                self.events.event(scaler, "Warning", "FailedComputeMetricsReplicas", message)
            return metrics.Proposal()
        chosen = self._selected(scaler["metadata"]["namespace"], parse_label_selector(text))
        what = metrics.Target(chosen, current, metrics.tolerances_of(scaler["spec"].get("behavior")), look.now)
        sources = Sources(self.env)
        proposal = metrics.propose(specs, what, sources)
        self._explain(look, proposal, len(specs))
        self._foresee(look, chosen, proposal, sources)
        return proposal

    def _selector_problem(self, look: _Look, text: str) -> tuple[str, str] | None:
        if not text:
            return "InvalidSelector", "the HPA target's scale is missing a selector"
        space = look.scaler["metadata"]["namespace"]
        mine = self._selected(space, parse_label_selector(text))
        others = []
        for each in self.autoscalers.list(space):
            try:
                theirs = self.targets.of(each).selector
            except NoTarget:
                continue
            selector = parse_label_selector(theirs) if theirs else None
            if selector is not None and any(selector.matches(p["metadata"].get("labels")) for p in mine):
                others.append(key_of(each))
        if len(others) < 2:
            return None
        return "AmbiguousSelector", f"pods by selector {text} are controlled by multiple HPAs: [{' '.join(others)}]"

    def _selected(self, namespace: str, selector: LabelSelector) -> list[Obj]:
        return [p for p in self.pods.list(namespace) if selector.matches(p["metadata"].get("labels"))]

    def _explain(self, look: _Look, proposal: metrics.Proposal, many: int) -> None:
        """Whether the metrics could be computed, as condition and Events; what was told is not told again."""
        if proposal.replicas is not None:
            found = f"the HPA was able to successfully calculate a replica count from {proposal.metric}"
            look.condition("ScalingActive", "True", "ValidMetricFound", found)
            return
        first = proposal.failures[0]
        text = f"the HPA was unable to compute the replica count: {first.detail}"
        if not look.condition("ScalingActive", "False", first.reason, text):
            return
        for failure in proposal.failures:
            self.events.event(look.scaler, "Warning", failure.reason, failure.detail)
        summary = metrics.summary(proposal, many)
        self.events.event(look.scaler, "Warning", "FailedComputeMetricsReplicas", summary)

    def _foresee(self, look: _Look, pods: list[Obj], proposal: metrics.Proposal, sources: Sources) -> None:
        """Whether the next look may find something else although nothing is written."""
        look.drifts = drifts(pods)
        if any(f.detail.endswith("metrics.k8s.io)") for f in proposal.failures):
            return
        for pod in pods:
            if podlib.phase(pod) != "Running" or "deletionTimestamp" in pod["metadata"]:
                continue
            sample = proposal.samples.get(pod["metadata"]["name"])
            if not podlib.is_ready(pod):
                # What an unready Pod takes counts once it had time enough to come up.
                started = podlib.when((pod.get("status") or {}).get("startTime") or rfc3339(look.now))
                if started + CPU_INITIALIZATION > look.now:
                    look.drifts = True
            elif is_unready(pod, sample, look.now) if sample else sources.meter.scrapes(podlib.node_name(pod)):
                look.wake = True

    # writing

    def _rescale(self, look: _Look, target: Target, desired: int, why: str) -> None:
        scaler = look.scaler
        try:
            target.resize(self.env.client, desired)
        except NotFound:
            return
        except ApiError as error:
            told = f"New size: {desired}; reason: {why}; error: {error}"
            self.events.event(scaler, "Warning", "FailedRescale", told)
            text = f"the HPA controller was unable to update the target scale: {error}"
            look.condition("AbleToScale", "False", "FailedUpdateScale", text)
            raise
        text = f"the HPA controller was able to update the target scale to {desired}"
        look.condition("AbleToScale", "True", "SucceededRescale", text)
        self.events.event(scaler, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {why}")
        look.status["lastScaleTime"] = rfc3339(look.now)
        if scaler["spec"].get("behavior") is not None:
            look.kept.become(look.kept.memory.scaled(desired - target.replicas, look.now))

    @staticmethod
    def _show(look: _Look, current: int, desired: int, shown: list[dict[str, Any]] | None) -> None:
        look.status |= {"currentReplicas": current, "desiredReplicas": desired, "currentMetrics": shown or None}
        if not current:
            look.status.pop("currentReplicas")

    def _write(self, look: _Look) -> bool:
        if look.status == (look.scaler.get("status") or {}):
            return False
        try:
            self.env.client.update_status(AUTOSCALERS, draft(look.scaler, status=look.status))
        except NotFound:
            return False
        return True

    def _remember(self, look: _Look, stored: Obj | None) -> None:
        if not look.kept.changed:
            return
        own = look.scaler["metadata"]
        memory: Obj = {
            "apiVersion": "playground.dev/v1",
            "kind": "AutoscalerMemory",
            "metadata": {"name": own["name"], "namespace": own["namespace"]},
            "spec": look.kept.memory.spec(),
        }
        if stored is None:
            self.env.client.create(MEMORIES, own["namespace"], memory)
        else:
            self.env.client.update(MEMORIES, draft(stored, spec=memory["spec"]))

    def _forget(self, key: str) -> None:
        if self.memories.by_key(key) is None:
            return
        try:
            self.env.client.delete(MEMORIES, *split_key(key))
        except NotFound:
            return


def next_look(scaler: Obj, now: int) -> int:
    """The next time on the autoscaler's grid; the first is a period after its creation."""
    created = podlib.when(scaler["metadata"]["creationTimestamp"])
    return created + max((now - created) // PERIOD + 1, 1) * PERIOD


def _concerns(old: Obj, new: Obj) -> bool:
    """A change of a target's size, or of what Services, machines and APIServices say."""
    if new["kind"] in ("Service", "Machine", "APIService"):
        return True
    return bool(
        old["spec"].get("replicas") != new["spec"].get("replicas") or old["spec"]["selector"] != new["spec"]["selector"]
    )
