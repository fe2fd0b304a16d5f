"""What `kubectl get pods` shows: READY, STATUS and RESTARTS out of the container statuses.

Models: kubernetes, pkg/printers/internalversion/printers.go (printPod).
"""

from __future__ import annotations

from typing import NamedTuple

from clusters.machinery.types import Obj
from clusters.resources.base import Column
from clusters.resources.common.ages import since
from clusters.resources.common.columns import AGE, NAME, NONE, text


class Summary(NamedTuple):
    """The three computed cells."""

    ready: str
    status: str
    restarts: str


def summary(pod: Obj, now: int) -> Summary:
    """How a Pod is, in kubectl's words."""
    spec, status = pod["spec"], pod.get("status") or {}
    conditions = status.get("conditions") or ()
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    for condition in conditions:
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"

    sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    init = _init(status, spec, sidecars)
    reason = init.reason or reason
    ready, restarts, last = init.ready, init.restarts, init.last
    if not init.reason or _condition(status, "Initialized") == "True":
        restarts, last = init.sidecar_restarts, init.sidecar_last
        running = False
        for container in reversed(status.get("containerStatuses") or ()):
            restarts += container.get("restartCount", 0)
            last = max(last, _last_finished(container))
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting"), state.get("terminated")
            if waiting and waiting.get("reason"):
                reason = waiting["reason"]
            elif terminated is not None:
                reason = _terminated(terminated)
            elif container.get("ready") and state.get("running") is not None:
                running = True
                ready += 1
        if reason == "Completed" and running:
            reason = "Running" if _condition(status, "Ready") == "True" else "NotReady"

    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in ("Failed", "Succeeded"):
            reason = "Terminating"
    shown = str(restarts)
    if restarts and last:
        shown = f"{restarts} ({since(last, now)} ago)"
    return Summary(f"{ready}/{total}", reason, shown)


class _Init(NamedTuple):
    """`reason` is empty once initialization is over."""

    reason: str
    ready: int
    restarts: int
    last: str
    sidecar_restarts: int
    sidecar_last: str


def _init(status: Obj, spec: Obj, sidecars: set[str]) -> _Init:
    reason, ready, restarts, last, sidecar_restarts, sidecar_last = "", 0, 0, "", 0, ""
    for i, container in enumerate(status.get("initContainerStatuses") or ()):
        sidecar = container.get("name") in sidecars
        restarts += container.get("restartCount", 0)
        finished = _last_finished(container)
        last = max(last, finished)
        if sidecar:
            sidecar_restarts += container.get("restartCount", 0)
            sidecar_last = max(sidecar_last, finished)
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if sidecar and container.get("started"):
            ready += 1 if container.get("ready") else 0
            continue
        if terminated is not None:
            reason = "Init:" + _terminated(terminated)
        elif waiting.get("reason") and waiting["reason"] != "PodInitializing":
            reason = "Init:" + waiting["reason"]
        else:
            reason = f"Init:{i}/{len(spec.get('initContainers') or ())}"
        break
    return _Init(reason, ready, restarts, last, sidecar_restarts, sidecar_last)


def _terminated(state: Obj) -> str:
    if state.get("reason"):
        return str(state["reason"])
    if state.get("signal"):
        return f"Signal:{state['signal']}"
    return f"ExitCode:{state.get('exitCode', 0)}"


def _last_finished(container: Obj) -> str:
    terminated = (container.get("lastState") or {}).get("terminated") or {}
    return terminated.get("finishedAt") or ""


def _condition(status: Obj, kind: str) -> str:
    for condition in status.get("conditions") or ():
        if condition.get("type") == kind:
            return str(condition.get("status", ""))
    return ""


def _ip(pod: Obj, now: int) -> str:
    ips = (pod.get("status") or {}).get("podIPs") or ()
    return text(ips[0].get("ip") if ips else "")


def _gates(pod: Obj, now: int) -> str:
    gates = pod["spec"].get("readinessGates")
    if not gates:
        return NONE
    status = pod.get("status") or {}
    true = sum(_condition(status, gate.get("conditionType", "")) == "True" for gate in gates)
    return f"{true}/{len(gates)}"


COLUMNS = (
    NAME,
    Column(
        name="Ready",
        description="The aggregate readiness state of this pod for accepting traffic.",
        value=lambda pod, now: summary(pod, now).ready,
    ),
    Column(
        name="Status",
        description="The aggregate status of the containers in this pod.",
        value=lambda pod, now: summary(pod, now).status,
    ),
    Column(
        name="Restarts",
        description="The number of times the containers in this pod have been restarted and when the last container"
        " in this pod has restarted.",
        value=lambda pod, now: summary(pod, now).restarts,
    ),
    AGE,
    Column(
        name="IP",
        priority=1,
        description="podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet"
        " allocated.",
        value=_ip,
    ),
    Column(
        name="Node",
        priority=1,
        description="NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for"
        " scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node"
        " becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for"
        " the pod to be scheduled on a specific node."
        " https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",
        value=lambda pod, now: text(pod["spec"].get("nodeName")),
    ),
    Column(
        name="Nominated Node",
        priority=1,
        description="nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be"
        " scheduled right away as preemption victims receive their graceful termination periods. This field does"
        " not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod"
        " elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this"
        " node to a higher priority pod that is created after preemption. As a result, this field may be different"
        " than PodSpec.nodeName when the pod is scheduled.",
        value=lambda pod, now: text((pod.get("status") or {}).get("nominatedNodeName")),
    ),
    Column(
        name="Readiness Gates",
        priority=1,
        description="If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all"
        " its containers are ready AND all conditions specified in the readiness gates have status equal to"
        ' "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
        value=_gates,
    ),
)
