"""A Pod's status from its containers: phase, conditions, resources.

Models: kubelet, kubelet_pods.go (getPhase, generateAPIPodStatus) and status/generate.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.kernel.clock import rfc3339
from clusters.machinery.types import Obj

Status = dict[str, Any]
BY_KUBELET = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
PENDING_RESIZE = ("PodResizePending", "PodResizeInProgress")


def is_sidecar(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"


def running(status: Status) -> bool:
    return "running" in (status.get("state") or {})


def ended(status: Status) -> Status | None:
    found: Status | None = (status.get("state") or {}).get("terminated")
    return found


def succeeded(status: Status) -> bool:
    end = ended(status)
    return end is not None and end["exitCode"] == 0


def new_container(pod: Obj, container: Obj, *, waits_for: str) -> Status:
    """The status of a container that has not been created."""
    out: Status = {
        "image": container.get("image", ""),
        "imageID": "",
        "lastState": {},
        "name": container["name"],
        "ready": False,
        "restartCount": 0,
        "started": False,
        "state": {"waiting": {"reason": waits_for}},
    }
    return out


def describe_running(container: Obj, status: Status) -> Status:
    """What a started container's status says beyond its state: resources, mounts, user. The status itself if it says
    all that."""
    resources = container.get("resources") or {}
    wanted: Status = {"resources": {k: v for k, v in resources.items() if k in ("limits", "requests")}, "user": _USER}
    if resources.get("requests"):
        wanted["allocatedResources"] = resources["requests"]
    mounts = [_mount(mount) for mount in container.get("volumeMounts") or ()]
    if mounts:
        wanted["volumeMounts"] = mounts
    if all(status.get(k) == v for k, v in wanted.items()):
        return status
    return {**status, **wanted}


_USER: Status = {"linux": {"gid": 0, "supplementalGroups": [0], "uid": 0}}


def _mount(mount: Obj) -> Status:
    entry: Status = {"mountPath": mount["mountPath"], "name": mount["name"]}
    if mount.get("readOnly"):
        entry |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return entry


def restarts(container: Obj, policy: str, code: int) -> bool:
    """Whether a container that ended with that code runs again: its own rules, else its own policy, else the pod's."""
    for rule in container.get("restartPolicyRules") or ():
        wanted = rule.get("exitCodes") or {}
        if (code in (wanted.get("values") or ())) == (wanted.get("operator", "In") == "In"):
            return bool(rule.get("action") == "Restart")
    policy = container.get("restartPolicy") or policy
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def phase(pod: Obj, inits: Sequence[Status], mains: Sequence[Status], *, ending: bool) -> str:
    """`ending`: the pod's containers have all been stopped for good."""
    spec = pod["spec"]
    policy = spec.get("restartPolicy", "Always")
    ordinary = [s for c, s in zip(spec.get("initContainers") or (), inits, strict=True) if not is_sidecar(c)]
    init_failed = [s for s in ordinary if ended(s) is not None and not succeeded(s)]
    if init_failed and policy == "Never":
        return "Failed"
    started = [s for s in mains if running(s) or ended(s) is not None or s.get("lastState")]
    if not started and not ending:
        return "Pending"
    if len(started) < len(mains) and not ending:
        return "Pending" if not any(running(s) for s in mains) else "Running"
    if any(running(s) for s in mains):
        return "Running"
    codes = [end["exitCode"] for s in mains if (end := ended(s)) is not None]
    if len(codes) == len(mains):
        if ending or not any(restarts(c, policy, code) for c, code in zip(spec["containers"], codes, strict=True)):
            return "Succeeded" if all(succeeded(s) for s in mains) else "Failed"
    if ending:
        return "Succeeded" if started and all(succeeded(s) for s in mains) else "Failed"
    return "Running"


def conditions(
    pod: Obj,
    inits: Sequence[Status],
    mains: Sequence[Status],
    *,
    phase: str,
    sandbox: bool,
    now: int,
) -> list[dict[str, Any]]:
    """The Pod's conditions: those of others first, as the kubelet merges them, then its own."""
    old = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or ()}
    generation = pod["metadata"].get("generation", 0)
    out = [c for c in old.values() if c["type"] not in BY_KUBELET]
    spec = pod["spec"]
    pending_inits = [
        c["name"]
        for c, s in zip(spec.get("initContainers") or (), inits, strict=True)
        if not (s.get("started") if is_sidecar(c) else succeeded(s))
    ]
    unready = [s["name"] for s in mains if not s.get("ready")]
    unready = [s["name"] for c, s in zip(spec.get("initContainers") or (), inits, strict=True)
               if is_sidecar(c) and not s.get("ready")] + unready  # fmt: skip
    done = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase)
    new: list[dict[str, Any]] = [{"type": "PodReadyToStartContainers", "status": _word(sandbox)}]
    if not pending_inits or phase == "Succeeded":
        new.append({"type": "Initialized", "status": "True"})
        if phase == "Succeeded":
            new[-1]["reason"] = "PodCompleted"
    else:
        new.append(
            {
                "type": "Initialized",
                "status": "False",
                "reason": "ContainersNotInitialized",
                "message": f"containers with incomplete status: [{' '.join(pending_inits)}]",
            }
        )
    ready: dict[str, Any] = {"status": "True"}
    if done:
        ready = {"status": "False", "reason": done}
    elif unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        ready = {"status": "False", "reason": "ContainersNotReady", "message": text}
    gated = ready
    gates = [g["conditionType"] for g in spec.get("readinessGates") or ()]
    closed = [g for g in gates if (old.get(g) or {}).get("status") != "True"]
    if ready["status"] == "True" and closed:
        problems = [
            f'corresponding condition of pod readiness gate "{g}" does not exist.'
            if g not in old
            else f'the status of pod readiness gate "{g}" is not "True", but {old[g]["status"]}'
            for g in closed
        ]
        gated = {"status": "False", "reason": "ReadinessGatesNotReady", "message": ", ".join(problems)}
    new.append({"type": "Ready", **gated})
    new.append({"type": "ContainersReady", **ready})
    scheduled = old.get("PodScheduled")
    new.append({"type": "PodScheduled", "status": "True"})
    if scheduled and scheduled["status"] == "True":
        new[-1] = {k: v for k, v in scheduled.items() if k in ("type", "status", "reason", "message")}
    return out + [_timed(entry, old.get(entry["type"]), generation, now) for entry in new]


def _timed(entry: dict[str, Any], old: dict[str, Any] | None, generation: int, now: int) -> dict[str, Any]:
    since = rfc3339(now)
    if old is not None and old["status"] == entry["status"]:
        since = old.get("lastTransitionTime") or since
    out: dict[str, Any] = {"type": entry["type"]}
    if generation:
        out["observedGeneration"] = generation
    out |= {"status": entry["status"], "lastProbeTime": None, "lastTransitionTime": since}
    out |= {k: entry[k] for k in ("reason", "message") if k in entry}
    return out


def _word(value: bool) -> str:
    return "True" if value else "False"
