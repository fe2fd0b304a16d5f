"""A pod on its node as a pure state machine: `step(pod, view) -> Outcome`.

The state is the stored Pod; the input is the moment and what the kubelet knows of its node; the outputs are
the next status, Events, and when to look again. Nothing else is remembered, so stepping twice changes nothing,
and a kubelet that starts anew continues. Models: kubelet, pod_workers.go and kuberuntime_manager.go (SyncPod).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clusters.components.kubelet import behavior, containers, status, termination
from clusters.components.kubelet.containers import Container, Moment, Told
from clusters.components.kubelet.timing import NEVER, when
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.types import Obj

Status = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a kubelet does not admit a pod."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a kubelet knows when it looks at a pod."""

    moment: Moment
    host_ip: str
    admit: Callable[[Obj], Rejection | None]
    allocate_ip: Callable[[Obj], str]
    """The pod's own address: the same one until it ends; "" if the node has no network yet. Only asked for when it is
    written down: what is reserved but not stored would be forgotten with the worker."""
    can_address: Callable[[Obj], bool]
    """There would be an address for the pod."""
    problem: Callable[[Obj, Obj], tuple[str, str] | None]
    """(pod, container) -> what keeps the container from being created."""
    missing_volume: Callable[[Obj], str]
    """Why the pod's volumes cannot be mounted; ""."""
    reach: behavior.Reach
    announced: frozenset[str] | set[str]
    """Containers whose pull was told of, `volumes` if the missing volume was, `killing` if the end was."""


@dataclass(slots=True)
class Outcome:
    """What to do. `status` None: nothing changed."""

    status: Status | None = None
    events: list[Told] = field(default_factory=list)
    wake: int = NEVER
    background: bool = False
    delete: bool = False
    """The pod has ended and is to be deleted for good."""
    pulled: list[str] = field(default_factory=list)
    announce: set[str] = field(default_factory=set)
    asks: bool = False
    """A running container waits for other hosts: look again when Services change."""

    def at(self, when_: int, *, background: bool = False) -> None:
        if when_ < self.wake:
            self.wake, self.background = when_, background


def step(pod: Obj, view: View) -> Outcome:
    """One look at one pod."""
    out = Outcome()
    stored: Status = pod.get("status") or {}
    deleting = "deletionTimestamp" in pod["metadata"]
    if stored.get("phase") in ("Succeeded", "Failed"):
        out.delete = deleting and _not_yet_final(pod)
        return out
    if not stored.get("startTime"):
        if deleting:
            out.delete = True
            return out
        refused = view.admit(pod)
        if refused is not None:
            _reject(out, pod, refused, view)
            return out
        stored = _admitted(pod, view)
    draft = dict(stored)
    if deleting:
        _terminate(out, pod, draft, view)
    else:
        _run(out, pod, draft, view)
    if draft != (pod.get("status") or {}):
        out.status = draft
    return out


def _not_yet_final(pod: Obj) -> bool:
    """With grace 0 the delete was already given: finalizers hold what is still there."""
    return pod["metadata"].get("deletionGracePeriodSeconds", 0) != 0 or not pod["metadata"].get("finalizers")


def _reject(out: Outcome, pod: Obj, refused: Rejection, view: View) -> None:
    out.events.append(Told("Warning", refused.reason, refused.message))
    out.status = {
        **{k: v for k, v in (pod.get("status") or {}).items() if k in ("conditions", "qosClass")},
        "message": f"Pod was rejected: {refused.message}",
        "phase": "Failed",
        "reason": refused.reason,
        "startTime": rfc3339(view.moment.now),
    }


def _admitted(pod: Obj, view: View) -> Status:
    """The first status that the kubelet gives a pod."""
    spec = pod["spec"]
    stored = dict(pod.get("status") or {})
    inits = spec.get("initContainers") or ()
    stored["startTime"] = rfc3339(view.moment.now)
    stored["phase"] = "Pending"
    stored["hostIP"] = view.host_ip
    stored["hostIPs"] = [{"ip": view.host_ip}]
    waits = "PodInitializing" if inits else "ContainerCreating"
    stored["containerStatuses"] = [status.new_container(pod, c, waits_for=waits) for c in spec["containers"]]
    if inits:
        stored["initContainerStatuses"] = [status.new_container(pod, c, waits_for="PodInitializing") for c in inits]
    return stored


# -- a pod that runs ----------------------------------------------------------------------------------------


def _run(out: Outcome, pod: Obj, draft: Status, view: View) -> None:
    spec, moment = pod["spec"], view.moment
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None:
        ends = when(draft["startTime"]) + int(deadline) * SECOND
        if moment.now >= ends:
            _past_deadline(out, pod, draft, view)
            return
        out.at(ends)
    rebooted = _sandbox_lost(draft, moment)
    if rebooted:
        draft.pop("podIP", None)
        draft.pop("podIPs", None)
        out.events.append(Told("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created."))
    if not _created(draft) and not spec.get("hostNetwork") and not view.can_address(pod):
        # Without a network on the node no sandbox is made; the node's address range brings us back.
        _finish(pod, draft, view)
        return
    missing = view.missing_volume(pod) if not _created(draft) else ""
    if missing:
        if "volumes" not in view.announced:
            out.events.append(Told("Warning", "FailedMount", missing))
            out.announce.add("volumes")
        _finish(pod, draft, view)
        return
    _containers(out, pod, draft, view)
    _finish(pod, draft, view)


def _created(draft: Status) -> bool:
    return any(s.get("containerID") for s in _all_statuses(draft))


def _has_sandbox(draft: Status) -> bool:
    """Containers have been created, or would have been but for something that is looked at after the sandbox."""
    return any(s.get("containerID") or _waits_for(s) not in ("", *containers.NOT_STARTED) for s in _all_statuses(draft))


def _waits_for(entry: Status) -> str:
    return str(((entry.get("state") or {}).get("waiting") or {}).get("reason", ""))


_STATUSES = (
    ("initContainerStatuses", "initContainers"),
    ("containerStatuses", "containers"),
    ("ephemeralContainerStatuses", "ephemeralContainers"),
)


def _all_statuses(draft: Status) -> list[Status]:
    return [entry for key, _ in _STATUSES for entry in draft.get(key) or ()]


def _sandbox_lost(draft: Status, moment: Moment) -> bool:
    """The machine was off since the pod's containers started."""
    started = [when(s["state"]["running"]["startedAt"]) for s in _all_statuses(draft) if status.running(s)]
    return bool(started) and bool(moment.booted) and max(started) < moment.booted - SECOND


def _containers(out: Outcome, pod: Obj, draft: Status, view: View) -> None:
    spec = pod["spec"]
    policy = spec.get("restartPolicy", "Always")
    inits, mains = list(draft.get("initContainerStatuses") or ()), list(draft["containerStatuses"])
    basis, first = when(draft["startTime"]), True
    for i, container in enumerate(spec.get("initContainers") or ()):
        sidecar = status.is_sidecar(container)
        if status.succeeded(inits[i]) and not sidecar:
            basis, first = _ended_at(inits[i]), False
            continue
        restart = "Always" if sidecar else ("Never" if policy == "Never" else "OnFailure")
        inits[i] = _one(out, pod, container, inits[i], view, restart=restart, basis=basis, first=first)
        if not sidecar and status.succeeded(inits[i]):
            inits[i] = {**inits[i], "ready": True}
        first = False
        if sidecar and inits[i].get("started"):
            basis = _started_at(inits[i], basis)
        else:
            basis = NEVER
            if not sidecar and policy == "Never" and status.ended(inits[i]) is not None:
                break
            if not (sidecar and inits[i].get("restartCount")):
                break
    if basis < NEVER:
        for i, container in enumerate(spec["containers"]):
            mains[i] = _one(
                out,
                pod,
                container,
                mains[i],
                view,
                restart=container.get("restartPolicy") or policy,
                basis=basis,
                first=first,
            )
            first = False
            if _waits_for(mains[i]) in containers.NOT_STARTED:
                # Containers are created one after the other.
                break
            basis = max(basis, _started_at(mains[i], basis))
    else:
        mains = [_still(out, pod, c, s, view, policy) for c, s in zip(spec["containers"], mains, strict=True)]
    if inits:
        draft["initContainerStatuses"] = inits
    draft["containerStatuses"] = mains
    if spec.get("ephemeralContainers") and _created(draft):
        draft["ephemeralContainerStatuses"] = _ephemeral(out, pod, draft, view)


def _ephemeral(out: Outcome, pod: Obj, draft: Status, view: View) -> list[Status]:
    """Containers that somebody added to look into a pod that runs: each starts at once, and only once."""
    known = {s["name"]: s for s in draft.get("ephemeralContainerStatuses") or ()}
    # Since when they are asked for is written nowhere but in the managed fields.
    fields = pod["metadata"].get("managedFields") or ()
    added = [when(f["time"]) for f in fields if f.get("subresource") == "ephemeralcontainers" and f.get("time")]
    basis = max([when(draft["startTime"]), *added])
    return [
        _one(
            out,
            pod,
            container,
            known.get(container["name"]) or status.new_container(pod, container, waits_for="ContainerCreating"),
            view,
            restart="Never",
            basis=basis,
            first=False,
        )
        for container in pod["spec"]["ephemeralContainers"]
    ]


def begun(pod: Obj) -> set[str]:
    """Names of the containers whose turn has come: what a kubelet that starts anew need not announce."""
    spec, stored = pod["spec"], pod.get("status") or {}
    names: set[str] = set()
    for container, entry in zip(
        spec.get("initContainers") or (), stored.get("initContainerStatuses") or (), strict=False
    ):
        names.add(container["name"])
        if not (entry.get("started") if status.is_sidecar(container) else status.succeeded(entry)):
            return names
    for container, entry in zip(spec["containers"], stored.get("containerStatuses") or (), strict=False):
        names.add(container["name"])
        if ((entry.get("state") or {}).get("waiting") or {}).get("reason") in containers.NOT_STARTED:
            return names
    return names | {e["name"] for e in stored.get("ephemeralContainerStatuses") or ()}


def _still(out: Outcome, pod: Obj, container: Obj, stored: Status, view: View, policy: str) -> Status:
    """A main container while an init container or sidecar is starting again: what runs goes on."""
    if not stored.get("containerID"):
        return stored
    return _one(
        out, pod, container, stored, view, restart=container.get("restartPolicy") or policy, basis=NEVER, first=False
    )


def _one(
    out: Outcome, pod: Obj, container: Obj, stored: Status, view: View, *, restart: str, basis: int, first: bool
) -> Status:
    name = container["name"]
    began = _started_at(stored, 0) or None
    acts = behavior.of(pod, container, reach=view.reach, began=began)
    out.asks = out.asks or bool(acts.program.hosts and began)
    known = Container(
        pod=pod,
        spec=container,
        behavior=acts,
        restart=restart,
        basis=basis,
        first=first,
        announced=name in view.announced,
        problem=None if stored.get("containerID") else view.problem(pod, container),
    )
    found = containers.advance(known, stored, view.moment)
    if basis < NEVER:
        out.announce.add(name)
    out.events += found.events
    if found.pulled:
        out.pulled.append(found.pulled)
    out.at(found.wake, background=found.background)
    if status.running(found.status):
        # Also when it ran before: resources may have been resized in place.
        return status.describe_running(container, found.status)
    return found.status


def _ended_at(stored: Status) -> int:
    end = status.ended(stored)
    return when(end["finishedAt"]) if end else 0


def _started_at(stored: Status, default: int) -> int:
    state = stored.get("state") or {}
    return when(state["running"]["startedAt"]) if "running" in state else default


def _finish(pod: Obj, draft: Status, view: View) -> None:
    """Phase, conditions and addresses from the containers."""
    inits, mains = draft.get("initContainerStatuses") or [], draft["containerStatuses"]
    ending = False
    now_phase = status.phase(pod, inits, mains, ending=ending)
    if now_phase in ("Succeeded", "Failed") and inits:
        draft["initContainerStatuses"] = inits = _stop_sidecars(pod, inits, view.moment.now)
    draft["phase"] = now_phase
    _addresses(pod, draft, view)
    sandbox = _has_sandbox(draft) and now_phase not in ("Succeeded", "Failed")
    draft["conditions"] = status.conditions(pod, inits, mains, phase=now_phase, sandbox=sandbox, now=view.moment.now)
    generation = pod["metadata"].get("generation")
    if generation:
        draft["observedGeneration"] = generation


def _stop_sidecars(pod: Obj, inits: list[Status], now: int) -> list[Status]:
    return [containers.terminated(s, 0, "Completed", now) if status.running(s) else s for s in inits]


def _addresses(pod: Obj, draft: Status, view: View) -> None:
    if draft.get("podIP") or not _has_sandbox(draft):
        return
    address = view.host_ip if pod["spec"].get("hostNetwork") else view.allocate_ip(pod)
    if address:
        draft["podIP"] = address
        draft["podIPs"] = [{"ip": address}]


def _past_deadline(out: Outcome, pod: Obj, draft: Status, view: View) -> None:
    text = "Pod was active on the node longer than the specified deadline"
    out.events.append(Told("Normal", "DeadlineExceeded", text))
    _stop_all(pod, draft, view.moment.now)
    draft |= {"reason": "DeadlineExceeded", "message": text, "phase": "Failed"}
    draft["conditions"] = status.conditions(
        pod,
        draft.get("initContainerStatuses") or [],
        draft["containerStatuses"],
        phase="Failed",
        sandbox=False,
        now=view.moment.now,
    )


# -- a pod that is being deleted ----------------------------------------------------------------------------


def _terminate(out: Outcome, pod: Obj, draft: Status, view: View) -> None:
    now = view.moment.now
    if not any(status.running(s) for s in _all_statuses(draft)):
        if not _created(draft):
            out.delete = True
            return
        _finish_terminated(out, pod, draft, now)
        return
    if _sandbox_lost(draft, view.moment):
        _stop_all(pod, draft, now, code=255, reason="Unknown")
        _finish_terminated(out, pod, draft, now)
        return
    if "killing" not in view.announced:
        out.announce.add("killing")
        for stored in _all_statuses(draft):
            if status.running(stored):
                text = f"Stopping container {stored['name']}"
                out.events.append(Told("Normal", "Killing", text, stored["name"]))
        for container in pod["spec"]["containers"]:
            if container.get("lifecycle") and termination.hook_fails(container):
                out.events.append(Told("Warning", "FailedPreStopHook", "PreStopHook failed", container["name"]))
    left = False
    for key, specs in _STATUSES:
        entries = list(draft.get(key) or ())
        for i, container in enumerate(pod["spec"].get(specs) or ()):
            if not status.running(entries[i]):
                continue
            at, code = termination.end(pod, container, entries[i])
            if now >= at:
                reason = "Completed" if code == 0 else "Error"
                entries[i] = containers.terminated(entries[i], code, reason, now)
            else:
                left = True
                out.at(at)
        if entries:
            draft[key] = entries
    if left:
        # A real kubelet reports the end of a pod as a whole.
        draft.clear()
        draft.update(pod.get("status") or {})
        return
    _finish_terminated(out, pod, draft, now)


def _finish_terminated(out: Outcome, pod: Obj, draft: Status, now: int) -> None:
    inits, mains = draft.get("initContainerStatuses") or [], draft["containerStatuses"]
    draft["phase"] = status.phase(pod, inits, mains, ending=True)
    draft["conditions"] = status.conditions(pod, inits, mains, phase=draft["phase"], sandbox=False, now=now)
    out.delete = True


def _stop_all(pod: Obj, draft: Status, now: int, *, code: int = 137, reason: str = "Error") -> None:
    for key, _ in _STATUSES:
        entries = [
            containers.terminated(s, code, reason, now) if status.running(s) else s for s in draft.get(key) or ()
        ]
        if entries:
            draft[key] = entries


def crashed(pod: Obj, now: int) -> Obj:
    """The pod with all its running containers killed at once (a fault)."""
    draft = dict(pod.get("status") or {})
    if draft.get("containerStatuses"):
        _stop_all(pod, draft, now)
    return {**pod, "status": draft}


def evicted(pod: Obj, message: str, now: int) -> Outcome:
    """The node needs what the pod takes. Models: kubelet, eviction_manager.go (evictPod)."""
    draft = dict(pod.get("status") or {})
    _stop_all(pod, draft, now)
    draft |= {"phase": "Failed", "reason": "Evicted", "message": message}
    disrupted = {"type": "DisruptionTarget", "status": "True", "lastProbeTime": None, "reason": "TerminationByKubelet"}
    disrupted |= {"message": message, "lastTransitionTime": rfc3339(now)}
    others = [c for c in draft.get("conditions") or () if c["type"] != "DisruptionTarget"]
    draft["conditions"] = status.conditions(
        {**pod, "status": {**draft, "conditions": [disrupted, *others]}},
        draft.get("initContainerStatuses") or [],
        draft["containerStatuses"],
        phase="Failed",
        sandbox=False,
        now=now,
    )
    return Outcome(status=draft, events=[Told("Warning", "Evicted", message)])
