"""The pod state machine, stepped by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.components.kubelet import machine, status
from clusters.components.kubelet.containers import Moment
from clusters.components.kubelet.machine import Rejection, View, step
from clusters.components.kubelet.timing import NEVER
from clusters.kernel.clock import SECOND, parse_rfc3339, rfc3339
from clusters.kernel.rng import Rng

START = parse_rfc3339("2026-01-01T00:00:00Z")
NGINX = "docker.io/library/nginx:latest"


def new_pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "uid": "u1", "generation": 1},
        "spec": {
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "nodeName": "node-1",
            "containers": list(containers) or [{"name": "c", "image": "nginx"}],
            **spec,
        },
        "status": {"phase": "Pending", "qosClass": "BestEffort"},
    }


class Node:
    """A kubelet that remembers only what the real component would."""

    def __init__(self, pod: dict[str, Any], *, present: tuple[str, ...] = (NGINX,)) -> None:
        self.pod = pod
        self.now = START
        self.images = set(present)
        self.announced: set[str] = set()
        self.looked = 0
        self.events: list[str] = []
        self.deleted = False
        self.booted = 0
        self.writes = 0
        self.admit: Callable[[Any], Rejection | None] = lambda pod: None
        self.problem: Callable[[Any, Any], tuple[str, str] | None] = lambda pod, container: None

    def view(self) -> View:
        return View(
            moment=Moment(
                now=self.now, rng=Rng(1), node="node-1", images=self.images, booted=self.booted, looked=self.looked
            ),
            host_ip="192.168.0.3",
            admit=lambda pod: self.admit(pod),
            allocate_ip=lambda pod: "10.244.0.2",
            can_address=lambda pod: True,
            problem=lambda pod, container: self.problem(pod, container),
            missing_volume=lambda pod: "",
            reach=lambda host, namespace: None,
            announced=frozenset(self.announced),
        )

    def look(self) -> machine.Outcome:
        out = step(self.pod, self.view())
        self.looked = self.now
        self.announced |= out.announce
        self.images |= set(out.pulled)
        self.events += [told.reason for told in out.events]
        self.deleted = self.deleted or out.delete
        if out.status is not None:
            self.writes += 1
            self.pod = {**self.pod, "status": out.status}
        return out

    def until(self, seconds: float) -> None:
        """Look whenever the last look said so, up to that time after the start."""
        end = START + int(seconds * SECOND)
        for _ in range(500):
            out = self.look()
            if out.status is not None:
                continue
            if out.wake >= NEVER or out.wake > end:
                self.now = end
                return
            assert out.wake > self.now
            self.now = out.wake
        raise AssertionError("the pod never comes to rest")

    def delete(self, grace: int = 30) -> None:
        meta = {
            **self.pod["metadata"],
            "deletionTimestamp": rfc3339(self.now + grace * SECOND),
            "deletionGracePeriodSeconds": grace,
        }
        self.pod = {**self.pod, "metadata": meta}

    @property
    def status(self) -> dict[str, Any]:
        return self.pod["status"]

    @property
    def container(self) -> dict[str, Any]:
        return self.status["containerStatuses"][0]

    def condition(self, kind: str) -> str:
        return next(c["status"] for c in self.status["conditions"] if c["type"] == kind)


def test_pod_is_admitted_then_started_with_two_writes():
    node = Node(new_pod())
    node.look()
    assert node.status["phase"] == "Pending"
    assert node.container["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert node.status["hostIP"] == "192.168.0.3"
    assert "podIP" not in node.status
    node.until(5)
    assert node.status["phase"] == "Running"
    assert node.status["podIP"] == "10.244.0.2"
    assert [node.condition(k) for k in status.BY_KUBELET] == ["True"] * 5
    assert node.events == ["Pulled", "Created", "Started"]
    assert node.writes == 2


def test_step_on_what_it_wrote_changes_nothing():
    node = Node(new_pod())
    node.until(5)
    assert step(node.pod, node.view()).status is None


def test_image_that_is_not_there_is_pulled_first():
    node = Node(new_pod(), present=())
    node.look()
    assert node.events == ["Pulling"]
    node.until(6)
    assert node.events == ["Pulling", "Pulled", "Created", "Started"]
    assert NGINX in node.images


def test_missing_image_backs_off():
    pod = new_pod()
    pod["metadata"]["annotations"] = {"behavior.playground.dev/image": "missing"}
    node = Node(pod, present=())
    node.until(4)
    assert node.container["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    node.until(9)
    assert node.container["state"]["waiting"]["reason"] == "ImagePullBackOff"
    assert node.status["phase"] == "Pending"
    assert node.events[:5] == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]


def test_never_pulled_image_that_is_absent_says_so():
    node = Node(new_pod({"name": "c", "image": "nginx", "imagePullPolicy": "Never"}), present=())
    node.until(5)
    assert node.container["state"]["waiting"]["reason"] == "ErrImageNeverPull"


def test_image_name_that_is_none_is_refused():
    node = Node(new_pod({"name": "c", "image": "Not An Image"}))
    node.until(5)
    assert node.container["state"]["waiting"]["reason"] == "InvalidImageName"


def test_pod_that_does_not_fit_fails():
    node = Node(new_pod())
    node.admit = lambda pod: Rejection("OutOfcpu", "Node didn't have enough resource: cpu")
    node.look()
    assert (node.status["phase"], node.status["reason"]) == ("Failed", "OutOfcpu")
    assert node.events == ["OutOfcpu"]


def test_container_waits_for_its_configuration():
    node = Node(new_pod())
    node.problem = lambda pod, container: ("CreateContainerConfigError", 'secret "s" not found')
    node.until(5)
    assert node.container["state"]["waiting"]["reason"] == "CreateContainerConfigError"
    node.problem = lambda pod, container: None
    node.until(8)
    assert node.status["phase"] == "Running"


def test_job_pod_succeeds_or_fails_by_its_exit_code():
    for command, phase in (("true", "Succeeded"), ("false", "Failed")):
        node = Node(new_pod({"name": "c", "image": "nginx", "command": [command]}, restartPolicy="Never"))
        node.until(10)
        assert node.status["phase"] == phase
        assert node.condition("Ready") == "False"
        assert node.container["state"]["terminated"]["reason"] == ("Completed" if phase == "Succeeded" else "Error")


def test_running_is_seen_before_the_end():
    node = Node(new_pod({"name": "c", "image": "nginx", "command": ["true"]}, restartPolicy="Never"))
    seen = []
    end = START + 10 * SECOND
    while node.now < end:
        out = node.look()
        seen.append(node.status["phase"])
        if out.status is None:
            node.now = min(out.wake, end)
    assert [p for i, p in enumerate(seen) if i == 0 or seen[i - 1] != p] == ["Pending", "Running", "Succeeded"]


def test_on_failure_restarts_until_it_succeeds():
    node = Node(new_pod({"name": "c", "image": "nginx", "command": ["false"]}, restartPolicy="OnFailure"))
    node.until(5)
    assert node.container["restartCount"] >= 1
    assert node.status["phase"] == "Running"


def test_crash_loop_waits_longer_each_time():
    node = Node(new_pod({"name": "c", "image": "nginx", "command": ["false"]}))
    node.until(100)
    assert node.container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert node.container["restartCount"] == 4
    node.until(1000)
    assert "back-off 5m0s" in node.container["state"]["waiting"]["message"]


def test_containers_start_one_after_the_other_and_all_must_be_ready():
    node = Node(
        new_pod(
            {"name": "a", "image": "nginx"},
            {"name": "b", "image": "nginx", "readinessProbe": {"exec": {"command": ["false"]}}},
        )
    )
    node.until(5)
    assert [s["ready"] for s in node.status["containerStatuses"]] == [True, False]
    ready = next(c for c in node.status["conditions"] if c["type"] == "Ready")
    assert ready["message"] == "containers with unready status: [b]"


def test_failed_init_container_ends_a_pod_that_never_restarts():
    inits = [{"name": "i", "image": "nginx", "command": ["false"]}]
    node = Node(new_pod(restartPolicy="Never", initContainers=inits))
    node.until(10)
    assert node.status["phase"] == "Failed"
    assert node.container["state"]["waiting"]["reason"] == "PodInitializing"


def test_deleted_pod_ends_gracefully_then_goes():
    node = Node(new_pod())
    node.until(5)
    node.delete()
    node.until(6)
    assert node.deleted
    assert node.status["phase"] == "Succeeded"
    assert node.container["state"]["terminated"]["exitCode"] == 0
    assert node.events[-1] == "Killing"


def test_shell_ignores_sigterm_and_is_killed_after_the_grace_period():
    node = Node(new_pod({"name": "c", "image": "nginx", "command": ["sleep", "3600"]}))
    node.until(5)
    node.delete(grace=10)
    node.until(14)
    assert not node.deleted
    node.until(16)
    assert node.deleted
    assert node.container["state"]["terminated"]["exitCode"] == 137


def test_pod_deleted_before_it_started_goes_at_once():
    node = Node(new_pod())
    node.look()
    node.delete()
    node.look()
    assert node.deleted


def test_pre_stop_hook_counts_in_the_grace_period():
    hook = {"preStop": {"sleep": {"seconds": 8}}}
    node = Node(new_pod({"name": "c", "image": "nginx", "lifecycle": hook}))
    node.until(5)
    node.delete(grace=30)
    node.until(12)
    assert not node.deleted
    node.until(14)
    assert node.deleted


def test_reboot_restarts_what_ran():
    node = Node(new_pod())
    node.until(5)
    first = node.container["containerID"]
    node.now = START + 60 * SECOND
    node.booted = node.now
    node.until(70)
    assert node.container["restartCount"] == 1
    assert node.container["containerID"] != first
    assert node.container["lastState"]["terminated"]["reason"] == "Unknown"
    assert "SandboxChanged" in node.events


def test_deadline_of_the_pod_fails_it():
    node = Node(new_pod(activeDeadlineSeconds=20))
    node.until(30)
    assert (node.status["phase"], node.status["reason"]) == ("Failed", "DeadlineExceeded")


def test_crash_fault_kills_running_containers():
    node = Node(new_pod())
    node.until(5)
    node.pod = machine.crashed(node.pod, node.now)
    node.until(10)
    assert node.container["restartCount"] == 1
    assert node.container["lastState"]["terminated"]["exitCode"] == 137


def test_new_kubelet_goes_on_where_the_last_one_stopped():
    one, other = Node(new_pod({"name": "c", "image": "nginx", "command": ["false"]})), None
    for seconds in (1, 3, 9, 30, 200):
        one.until(seconds)
        other = Node(new_pod({"name": "c", "image": "nginx", "command": ["false"]}))
        for step_seconds in range(1, seconds + 1):
            # A fresh kubelet each second: only the stored pod goes over.
            other.announced, other.looked = {"c"}, other.now
            other.until(step_seconds)
        assert other.status == one.status


def test_conditions_of_others_are_kept():
    pod = new_pod()
    mine = {"type": "example.com/Checked", "status": "True"}
    pod["status"]["conditions"] = [mine]
    node = Node(pod)
    node.until(5)
    assert node.status["conditions"][0] == mine


def test_readiness_gate_holds_the_pod_back():
    node = Node(new_pod(readinessGates=[{"conditionType": "example.com/Gate"}]))
    node.until(5)
    assert (node.condition("ContainersReady"), node.condition("Ready")) == ("True", "False")


def test_ephemeral_container_joins_a_pod_that_runs():
    node = Node(new_pod())
    node.until(5)
    debugger = {"name": "debug", "image": "nginx", "command": ["sh", "-c", "echo hi; exit 2"]}
    node.pod = {**node.pod, "spec": {**node.pod["spec"], "ephemeralContainers": [debugger]}}
    node.until(10)
    (found,) = node.status["ephemeralContainerStatuses"]
    assert found["state"]["terminated"]["exitCode"] == 2
    assert found["restartCount"] == 0
    assert node.condition("Ready") == "True"


def test_resized_container_shows_its_new_resources_without_a_restart():
    node = Node(new_pod({"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "100m"}}}))
    node.until(5)
    larger = [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "300m"}}}]
    node.pod = {**node.pod, "spec": {**node.pod["spec"], "containers": larger}}
    node.until(8)
    assert node.container["allocatedResources"] == {"cpu": "300m"}
    assert node.container["restartCount"] == 0
