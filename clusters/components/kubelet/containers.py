"""One container's life, as a pure step from its stored status to its next one.

`advance` looks at the stored status and the time and says what is true now: still waiting for its image,
started, ready, ended, backing off, started again. It keeps nothing, so a kubelet that starts anew goes on where
the last one stopped. Times derive from whole-second timestamps in the status (as the API stores them), which
is why the first thing after each of them takes at least a second, as it does with a real kubelet's relist.

Models: kubelet, kuberuntime_manager.go (computePodActions), kuberuntime_container.go, images/image_manager.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from clusters.components.kubelet import backoff, images, logs, probes, registries
from clusters.components.kubelet import status as status_of
from clusters.components.kubelet.behavior import Behavior
from clusters.components.kubelet.timing import NEVER, on_grid, when
from clusters.kernel.clock import MILLISECOND, SECOND, rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery.types import Obj

Status = dict[str, Any]
PREPARE = SECOND
"""Sandbox, network and volumes, from the (whole) second the pod was admitted in."""
SEEN_FOR = SECOND
"""What happened at a whole second is acted on a second later: a state is seen before it is left."""
START_ERROR = 128
MOST_BYTES, LAST_BYTES, LAST_LINES = 4096, 2048, 80
"""Of a termination message; of logs that stand for one."""
NOT_STARTED = ("ContainerCreating", "PodInitializing")
PULL_FAILED = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a kubelet knows when it looks at a pod."""

    now: int
    rng: Rng
    node: str
    images: frozenset[str] | set[str]
    """Full names of the images on the node."""
    registry: bool = True
    """Images can be pulled."""
    booted: int = 0
    """When the machine last started: what ran before is gone."""
    looked: int = 0
    """When the pod was last looked at: what happened since then is told of."""


@dataclass(frozen=True, slots=True)
class Told:
    """An Event about a container ("" about the pod)."""

    kind: str
    reason: str
    message: str
    container: str = ""


@dataclass(slots=True)
class Advance:
    """What a look at a container found."""

    status: Status
    events: list[Told] = field(default_factory=list)
    wake: int = NEVER
    background: bool = False
    pulled: str = ""
    """Full name of an image that is on the node from now on."""

    def at(self, when_: int, *, background: bool = False) -> None:
        if when_ < self.wake:
            self.wake, self.background = when_, background


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, as `advance` needs it."""

    pod: Obj
    spec: Obj
    behavior: Behavior
    restart: str
    """Always, OnFailure or Never: the container's own, or the pod's."""
    basis: int
    """From when on it may be started for the first time (a stored time); NEVER: not yet."""
    first: bool = True
    """The pod's first container to start: the sandbox is made before it."""
    announced: bool = True
    """The pull was begun and told of before this look."""
    problem: tuple[str, str] | None = None
    """(waiting reason, message) that keeps it from being created: a ConfigMap that is not there, ..."""


def advance(container: Container, status: Status, moment: Moment) -> Advance:
    """The container as it is at `moment.now`."""
    out = Advance(status)
    state = status.get("state") or {}
    if "running" in state and when(state["running"]["startedAt"]) < moment.booted - SECOND:
        _lost(out, container, moment)
        state = out.status["state"]
    if "running" in state:
        _running(out, container, moment)
    elif "terminated" in state:
        _terminated(out, container, moment)
    elif status.get("restartCount") or (status.get("lastState") or {}).get("terminated"):
        _backing_off(out, container, moment)
    else:
        _unstarted(out, container, moment)
    return out


# -- before the first start ---------------------------------------------------------------------------------


def _unstarted(out: Advance, container: Container, moment: Moment) -> None:
    if container.basis >= NEVER:
        return
    if not container.announced:
        _announce(out, container, moment)
    image = container.spec.get("image", "")
    prepared = container.basis + (PREPARE if container.first else 0)
    if not images.is_reference(image):
        if moment.now >= prepared:
            _invalid_name(out, container)
        out.at(max(prepared, moment.now + 1) if moment.now < prepared else NEVER)
        return
    present = images.full_name(image) in moment.images
    policy = container.spec.get("imagePullPolicy", "IfNotPresent")
    if policy == "Never" and not present:
        _never_pulled(out, container, moment, prepared)
        return
    pull = _pull_time(container, moment, present=present, policy=policy)
    problem = container.behavior.image_problem if moment.registry else registries.unreachable(image)
    if problem and (not present or policy == "Always"):
        _failing_pull(out, container, moment, on_grid(prepared + pull), problem)
        return
    due = on_grid(prepared + pull + _start_time(container, moment))
    if moment.now < due:
        out.at(due)
        return
    if container.problem is not None and _waits_for(out.status, container.problem[0]):
        _config_error(out, container)
        return
    if pull:
        took = max(moment.now - container.basis - PREPARE, pull)
        out.events.append(_pulled_event(container, min(pull, took), took))
        out.pulled = images.full_name(image)
    else:
        out.events.append(_present_event(container))
    if container.problem is not None:
        # Whether it can be created is only asked when its image is there.
        _config_error(out, container)
        return
    _start(out, container, moment, level=0)


def _pull_time(container: Container, moment: Moment, *, present: bool, policy: str) -> int:
    image = container.spec.get("image", "")
    if present:
        return images.check_time(moment.rng, moment.node, image) if policy == "Always" else 0
    if container.behavior.pull is not None:
        return max(container.behavior.pull, MILLISECOND)
    return images.pull_time(moment.rng, moment.node, image)


def _start_time(container: Container, moment: Moment) -> int:
    if container.behavior.start is not None:
        return container.behavior.start
    uid, name = container.pod["metadata"]["uid"], container.spec["name"]
    return int(moment.rng.uniform(0.1, 0.4, "start", uid, name) * 1000) * MILLISECOND


def _announce(out: Advance, container: Container, moment: Moment) -> None:
    image = container.spec.get("image", "")
    policy = container.spec.get("imagePullPolicy", "IfNotPresent")
    present = images.full_name(image) in moment.images
    if images.is_reference(image) and policy != "Never" and (not present or policy == "Always"):
        out.events.append(_told(container, "Normal", "Pulling", f'Pulling image "{image}"'))


def _failing_pull(out: Advance, container: Container, moment: Moment, first: int, error: str) -> None:
    number, last, following = backoff.pull_attempt(first, moment.now)
    if number < 0:
        out.at(first)
        return
    image = container.spec.get("image", "")
    reason = ((out.status.get("state") or {}).get("waiting") or {}).get("reason", "")
    if moment.now < last + backoff.SHOWN_AS_ERROR:
        if reason != "ErrImagePull":
            if number > 0:
                out.events.append(_told(container, "Normal", "Pulling", f'Pulling image "{image}"'))
            out.events.append(_told(container, "Warning", "Failed", f'Failed to pull image "{image}": {error}'))
            out.events.append(_told(container, "Warning", "Failed", "Error: ErrImagePull"))
            out.status = _waiting(out.status, "ErrImagePull", error)
        out.at(last + backoff.SHOWN_AS_ERROR, background=number > 1)
        return
    if reason != "ImagePullBackOff":
        text = f'Back-off pulling image "{image}"'
        out.events.append(_told(container, "Normal", "BackOff", text))
        out.events.append(_told(container, "Warning", "Failed", "Error: ImagePullBackOff"))
        out.status = _waiting(out.status, "ImagePullBackOff", f"{text}: ErrImagePull: {error}")
    out.at(following, background=True)


def _never_pulled(out: Advance, container: Container, moment: Moment, prepared: int) -> None:
    if moment.now < prepared:
        out.at(prepared)
        return
    text = f'Container image "{container.spec.get("image", "")}" is not present with pull policy of Never'
    if _set_waiting(out, "ErrImageNeverPull", text):
        out.events.append(_told(container, "Warning", "ErrImageNeverPull", text))
        out.events.append(_told(container, "Warning", "Failed", "Error: ErrImageNeverPull"))


def _invalid_name(out: Advance, container: Container) -> None:
    image = container.spec.get("image", "")
    why = "invalid reference format"
    path = image.partition("/")[2] if "/" in image else f"library/{image}"
    if images.is_reference(image.lower()):
        why += f": repository name ({path.partition(':')[0]}) must be lowercase"
    text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {why}'
    if _set_waiting(out, "InvalidImageName", text):
        out.events.append(_told(container, "Warning", "InspectFailed", text))
        out.events.append(_told(container, "Warning", "Failed", "Error: InvalidImageName"))


def _config_error(out: Advance, container: Container) -> None:
    assert container.problem is not None
    reason, text = container.problem
    if _set_waiting(out, reason, text):
        out.events.append(_told(container, "Warning", "Failed", f"Error: {text}"))


# -- running ------------------------------------------------------------------------------------------------


def _start(out: Advance, container: Container, moment: Moment, *, level: int) -> None:
    if container.behavior.start_error:
        _start_failed(out, container, moment, level=level)
        return
    old = out.status
    last = {}
    count = 0
    if level or old.get("restartCount") or (old.get("state") or {}).get("terminated"):
        ended = (old.get("state") or {}).get("terminated") or (old.get("lastState") or {}).get("terminated")
        last = {"terminated": ended} if ended else {}
        count = int(old.get("restartCount", 0)) + (1 if ended else 0)
    image = container.spec.get("image", "")
    began = rfc3339(moment.now)
    health = probes.health(container.spec, container.behavior, when(began))
    out.status = {
        **old,
        "containerID": _container_id(container, moment, count, level),
        "image": images.full_name(image),
        "imageID": images.digest_name(image),
        "lastState": last,
        "ready": health.is_ready(moment.now),
        "restartCount": count,
        "started": health.started_at <= moment.now,
        "state": {"running": {"startedAt": began}},
    }
    out.events.append(_told(container, "Normal", "Created", "Container created"))
    out.events.append(_told(container, "Normal", "Started", "Container started"))
    _next_of_running(out, container, moment, health)


def _container_id(container: Container, moment: Moment, count: int, level: int) -> str:
    uid, name = container.pod["metadata"]["uid"], container.spec["name"]
    made = f"{moment.rng.bits('container', uid, name, count):032x}" * 2
    return f"containerd://{made[:63]}{level:x}"


def _start_failed(out: Advance, container: Container, moment: Moment, *, level: int) -> None:
    """The container was created, but there is nothing to run in it."""
    error, old = container.behavior.start_error, out.status
    again = bool(level or (old.get("lastState") or {}).get("terminated") or (old.get("state") or {}).get("terminated"))
    count = int(old.get("restartCount", 0)) + (1 if again else 0)
    image, made = container.spec.get("image", ""), _container_id(container, moment, count, level)
    ended = {
        "exitCode": START_ERROR,
        "finishedAt": rfc3339(moment.now),
        "reason": "StartError",
        "message": error,
        "startedAt": rfc3339(0),
        "containerID": made,
    }
    final = not status_of.restarts(container.spec, container.restart, START_ERROR)
    waiting = {"waiting": {"reason": "RunContainerError", "message": error}}
    out.status = {
        **old,
        "containerID": made,
        "image": images.full_name(image),
        "imageID": images.digest_name(image),
        "lastState": {} if final else {"terminated": ended},
        "ready": False,
        "restartCount": count,
        "started": False,
        "state": {"terminated": ended} if final else waiting,
    }
    out.events.append(_told(container, "Normal", "Created", "Container created"))
    out.events.append(_told(container, "Warning", "Failed", f"Error: {error}"))
    if not final:
        out.at(moment.now + SEEN_FOR, background=count >= 3)


def ends(container: Container, status: Status) -> tuple[int, int, str, str]:
    """(time, exit code, reason, why it is killed or "") of the end that a running container comes to."""
    began = when(status["state"]["running"]["startedAt"])
    behavior = container.behavior
    at, code, reason = NEVER, 0, ""
    if behavior.ends is not None:
        offset, code, reason = behavior.ends
        at = on_grid(began + max(offset, SEEN_FOR))
    health = probes.health(container.spec, behavior, began)
    if health.kill_at < NEVER:
        grace = _grace(container)
        took = min(behavior.stop, grace)
        killed = on_grid(health.kill_at + took)
        if killed < at:
            return killed, 137 if took == grace else behavior.stop_code, "", health.kill_message
    return at, code, reason or ("Completed" if code == 0 else "Error"), ""


def _running(out: Advance, container: Container, moment: Moment) -> None:
    status = out.status
    began = when(status["state"]["running"]["startedAt"])
    health = probes.health(container.spec, container.behavior, began)
    at, code, reason, killed = ends(container, status)
    if moment.now >= at:
        message = _last_words(container, code, at - began, moment.now)
        reason = reason or ("Completed" if code == 0 else "Error")
        out.status = terminated(status, code, reason, moment.now, message=message)
        _terminated(out, container, moment)
        return
    ready, started = health.is_ready(moment.now), health.started_at <= moment.now
    for time, text in health.failures:
        if moment.looked < time <= moment.now:
            address = (container.pod.get("status") or {}).get("podIP", "")
            out.events.append(_told(container, "Warning", "Unhealthy", text.replace(probes.ADDRESS, address)))
    if killed and moment.looked < health.kill_at <= moment.now:
        if killed == probes.HOOK_FAILED:
            out.events.append(_told(container, "Warning", "FailedPostStartHook", "PostStartHook failed"))
        out.events.append(_told(container, "Normal", "Killing", killed))
    if ready != status.get("ready") or started != status.get("started"):
        out.status = {**status, "ready": ready, "started": started}
    _next_of_running(out, container, moment, health)


def _last_words(container: Container, code: int, after: int, now: int) -> str:
    """What the container left as its termination message, if anything."""
    spec = container.spec
    found = container.behavior.program.content(spec.get("terminationMessagePath", "/dev/termination-log"), after)
    if not found and code and spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        lines = logs.log_lines(container.pod, spec["name"], now)[-LAST_LINES:]
        found = "".join(f"{line.text}\n" for line in lines)[-LAST_BYTES:]
    return found[:MOST_BYTES]


def _next_of_running(out: Advance, container: Container, moment: Moment, health: probes.Health) -> None:
    often = int(out.status.get("restartCount", 0)) >= 3
    out.at(health.next_change(moment.now), background=often)
    at = ends(container, out.status)[0]
    if at < NEVER:
        out.at(max(at, moment.now + 1), background=often or container.restart == "Always")


def _grace(container: Container) -> int:
    return int(container.pod["spec"].get("terminationGracePeriodSeconds", 30)) * SECOND


def _lost(out: Advance, container: Container, moment: Moment) -> None:
    """The machine was off: the container ended then, and nobody saw how."""
    out.status = terminated(out.status, 255, "Unknown", moment.now)


# -- after an end -------------------------------------------------------------------------------------------


def terminated(status: Status, code: int, reason: str, now: int, *, message: str = "") -> Status:
    """The status of a container that has just ended."""
    began = ((status.get("state") or {}).get("running") or {}).get("startedAt")
    ended: dict[str, Any] = {"exitCode": code, "finishedAt": rfc3339(now), "reason": reason}
    if message:
        ended["message"] = message
    ended["startedAt"] = began
    if status.get("containerID"):
        ended["containerID"] = status["containerID"]
    return {**status, "ready": False, "started": False, "state": {"terminated": ended}}


def _terminated(out: Advance, container: Container, moment: Moment) -> None:
    ended = out.status["state"]["terminated"]
    if not status_of.restarts(container.spec, container.restart, int(ended["exitCode"])):
        return
    finished = when(ended["finishedAt"])
    due = on_grid(finished + SEEN_FOR)
    if moment.now < due:
        out.at(due)
        return
    level = _level(out.status)
    if backoff.delay(level):
        out.status = {**out.status, "lastState": {"terminated": ended}}
        _back_off(out, container, level)
        _backing_off(out, container, moment)
        return
    _restart(out, container, moment)


def _back_off(out: Advance, container: Container, level: int) -> None:
    """Wait, and say so."""
    own, name = container.pod["metadata"], container.spec["name"]
    pod = f"{own['name']}_{own['namespace']}({own['uid']})"
    told = f"Back-off restarting failed container {name} in pod {pod}"
    out.events.append(_told(container, "Warning", "BackOff", told))
    text = f"back-off {backoff.text(backoff.delay(level))} restarting failed container={name} pod={pod}"
    out.status = {**out.status, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}}}


def _waits_for(status: Status, reason: str) -> bool:
    return bool(((status.get("state") or {}).get("waiting") or {}).get("reason") == reason)


def _level(status: Status) -> int:
    """The level at which the restart after the last end waits."""
    ended = (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated") or {}
    level = backoff.level_of(status.get("containerID", ""))
    if (
        ended.get("reason") != "StartError"
        and ended.get("startedAt")
        and when(ended["finishedAt"]) - when(ended["startedAt"]) >= backoff.FORGET_AFTER
    ):
        return 0
    return level


def _backing_off(out: Advance, container: Container, moment: Moment) -> None:
    ended = (out.status.get("lastState") or {}).get("terminated")
    finished = when(ended["finishedAt"]) if ended else moment.now
    level = _level(out.status)
    if _waits_for(out.status, "RunContainerError"):
        if moment.now < finished + SEEN_FOR:
            out.at(finished + SEEN_FOR, background=level >= 3)
            return
        if backoff.delay(level):
            _back_off(out, container, level)
    due = on_grid(finished + backoff.delay(level))
    if moment.now < due:
        out.at(due, background=True)
        return
    _restart(out, container, moment)


def _restart(out: Advance, container: Container, moment: Moment) -> None:
    if container.problem is not None:
        _config_error(out, container)
        return
    if container.spec.get("imagePullPolicy") == "Always":
        image = container.spec.get("image", "")
        took = images.check_time(moment.rng, moment.node, image)
        out.events.append(_told(container, "Normal", "Pulling", f'Pulling image "{image}"'))
        out.events.append(_pulled_event(container, took, took))
    else:
        out.events.append(_present_event(container))
    _start(out, container, moment, level=min(_level(out.status) + 1, 15))


# -- words --------------------------------------------------------------------------------------------------


def _told(container: Container, kind: str, reason: str, message: str) -> Told:
    return Told(kind, reason, message, container.spec["name"])


def _present_event(container: Container) -> Told:
    image = container.spec.get("image", "")
    text = f'Container image "{image}" already present on machine and can be accessed by the pod'
    return _told(container, "Normal", "Pulled", text)


def _pulled_event(container: Container, pull: int, took: int) -> Told:
    image = container.spec.get("image", "")
    text = (
        f'Successfully pulled image "{image}" in {images.go_duration(pull)} '
        f"({images.go_duration(took)} including waiting). Image size: {images.size(image)} bytes."
    )
    return _told(container, "Normal", "Pulled", text)


def _waiting(status: Status, reason: str, message: str) -> Status:
    waiting = {"reason": reason, "message": message} if message else {"reason": reason}
    return {**status, "state": {"waiting": waiting}}


def _set_waiting(out: Advance, reason: str, message: str) -> bool:
    """Wait for that reason; False if it waited for it already."""
    if ((out.status.get("state") or {}).get("waiting") or {}).get("reason") == reason:
        return False
    out.status = _waiting(out.status, reason, message)
    return True
