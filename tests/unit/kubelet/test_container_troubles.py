"""What goes wrong with containers, and what they leave behind: start errors, hooks, termination messages, probes."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.components.kubelet import commands
from clusters.machinery.types import Obj
from tests.support.cluster import Cluster


def run(seconds: float, container: Obj, *, cluster: Cluster | None = None, **spec: Any) -> tuple[Cluster, Obj]:
    """The cluster and the container's status after a while."""
    cluster = cluster or Cluster(workers=1, control_planes=0)
    notes = spec.pop("annotations", {})
    body = {"containers": [{"name": "c", "image": "busybox", **container}], **spec}
    cluster.create(
        "pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": notes}, "spec": body}
    )
    cluster.run_for(seconds)
    return cluster, status(cluster)


def status(cluster: Cluster) -> Obj:
    found: Obj = cluster.get("pods", "default", "p")["status"]["containerStatuses"][0]
    return found


def told(cluster: Cluster) -> list[tuple[str, str, str]]:
    return [
        (e["type"], e["reason"], e["message"]) for e in cluster.list("events") if e["involvedObject"]["name"] == "p"
    ]


# -- commands that do not exist ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["sleep", "nginx", "app", "/app/server", "my-command", "python3", "sh", "slow", "/bin/sh"]
)
def test_commands_that_may_exist_are_started(word):
    assert commands.start_error(word) == ""


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("slep", 'exec: "slep": executable file not found in $PATH'),
        ("no-such-command", "executable file not found in $PATH"),
        ("/bin/shh", 'exec: "/bin/shh": stat /bin/shh: no such file or directory'),
    ],
)
def test_commands_that_plainly_do_not_exist_are_not(word, says):
    assert commands.start_error(word).endswith(says)


def test_command_that_is_not_there_backs_off_like_a_crash():
    cluster, seen = run(4, {"command": ["slep", "3600"]})
    error = commands.start_error("slep")
    assert ("Warning", "Failed", f"Error: {error}") in told(cluster)
    assert seen["lastState"]["terminated"]["reason"] == "StartError"
    assert (seen["lastState"]["terminated"]["exitCode"], seen["lastState"]["terminated"]["message"]) == (128, error)
    assert cluster.get("pods", "default", "p")["status"]["phase"] == "Running"
    cluster.run_for(60)
    seen = status(cluster)
    assert seen["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert 2 <= seen["restartCount"] <= 4
    cluster.run_for(600)
    assert status(cluster)["restartCount"] <= 8
    assert not any(reason == "Started" for _, reason, _ in told(cluster))


def test_command_that_is_not_there_fails_a_pod_that_is_not_restarted():
    cluster, seen = run(10, {"command": ["/bin/shh"]}, restartPolicy="Never")
    assert seen["state"]["terminated"]["reason"] == "StartError"
    assert cluster.get("pods", "default", "p")["status"]["phase"] == "Failed"


# -- last words --------------------------------------------------------------------------------------------


def test_what_is_written_to_the_termination_log_is_the_message():
    script = "sleep 2; echo Sleep expired > /dev/termination-log"
    _, seen = run(20, {"command": ["sh", "-c", script]}, restartPolicy="Never")
    assert (seen["state"]["terminated"]["exitCode"], seen["state"]["terminated"]["message"]) == (0, "Sleep expired\n")


def test_path_of_the_termination_log_is_the_containers():
    script = "echo bad > /tmp/why; exit 3"
    _, seen = run(20, {"command": ["sh", "-c", script], "terminationMessagePath": "/tmp/why"}, restartPolicy="Never")
    assert seen["state"]["terminated"]["message"] == "bad\n"


@pytest.mark.parametrize(("policy", "message"), [("File", None), ("FallbackToLogsOnError", "one\ntwo\n")])
def test_logs_stand_for_the_message_of_a_failure_if_asked(policy, message):
    command = ["sh", "-c", "echo one; echo two; exit 1"]
    _, seen = run(20, {"command": command, "terminationMessagePolicy": policy}, restartPolicy="Never")
    assert seen["state"]["terminated"].get("message") == message


# -- hooks and probes --------------------------------------------------------------------------------------


def test_container_whose_post_start_hook_fails_is_killed():
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "exit 1"]}}}
    cluster, seen = run(30, {"image": "nginx", "lifecycle": hook})
    assert seen["restartCount"] >= 1
    assert ("Warning", "FailedPostStartHook", "PostStartHook failed") in told(cluster)
    assert ("Normal", "Killing", "FailedPostStartHook") in told(cluster)


def test_hook_that_succeeds_changes_nothing():
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo hello > /usr/share/message"]}}}
    _, seen = run(30, {"image": "nginx", "lifecycle": hook})
    assert (seen["restartCount"], seen["ready"]) == (0, True)


def test_pre_stop_hook_that_fails_is_told_of():
    hook = {"preStop": {"exec": {"command": ["false"]}}}
    cluster, _ = run(10, {"image": "nginx", "lifecycle": hook})
    cluster.delete("pods", "default", "p")
    cluster.run_for(10)
    assert ("Warning", "FailedPreStopHook", "PreStopHook failed") in told(cluster)


def test_failing_probe_names_the_address_it_asked():
    probe = {"tcpSocket": {"port": "web"}, "periodSeconds": 2}
    container = {"image": "nginx", "readinessProbe": probe, "ports": [{"name": "web", "containerPort": 8080}]}
    cluster, _ = run(20, container, annotations={"behavior.playground.dev/ready-after": "never"})
    address = cluster.get("pods", "default", "p")["status"]["podIP"]
    assert (
        "Warning",
        "Unhealthy",
        f"Readiness probe failed: dial tcp {address}:8080: connect: connection refused",
    ) in told(cluster)


def test_volume_of_a_key_that_is_missing_is_not_mounted():
    cluster = Cluster(workers=1, control_planes=0)
    cluster.create(
        "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "1"}}
    )
    volume = {"name": "v", "configMap": {"name": "m", "items": [{"key": "b", "path": "b"}]}}
    run(10, {"image": "nginx"}, cluster=cluster, volumes=[volume])
    text = 'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: b'
    assert ("Warning", "FailedMount", text) in told(cluster)
    cluster.patch("configmaps", "default", "m", {"data": {"b": "2"}})
    cluster.run_for(20)
    assert cluster.get("pods", "default", "p")["status"]["phase"] == "Running"


# -- what is there although the container is not -----------------------------------------------------------


@pytest.mark.parametrize(
    "container",
    [{"image": "nginx:latestt"}, {"imagePullPolicy": "Never"}, {"envFrom": [{"configMapRef": {"name": "nope"}}]}],
)
def test_pod_has_its_sandbox_and_address_before_its_containers(container):
    cluster, seen = run(20, container)
    assert "waiting" in seen["state"]
    found = cluster.get("pods", "default", "p")["status"]
    assert found["podIP"].startswith("10.244.")
    conditions = {c["type"]: c["status"] for c in found["conditions"]}
    assert (conditions["PodReadyToStartContainers"], conditions["Ready"]) == ("True", "False")


def test_image_is_pulled_before_the_configuration_is_asked_for():
    cluster, _ = run(20, {"envFrom": [{"configMapRef": {"name": "nope"}}]})
    reasons = [reason for _, reason, _ in told(cluster)]
    assert [reasons.count(r) for r in ("Pulling", "Pulled", "Failed", "Created")] == [1, 1, 1, 0]
    cluster.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nope"}})
    cluster.run_for(5)
    assert cluster.get("pods", "default", "p")["status"]["phase"] == "Running"


def test_init_container_that_has_done_its_work_is_ready():
    init = {"name": "i", "image": "busybox", "command": ["true"]}
    cluster, _ = run(20, {"image": "nginx"}, initContainers=[init])
    (seen,) = cluster.get("pods", "default", "p")["status"]["initContainerStatuses"]
    assert (seen["state"]["terminated"]["exitCode"], seen["ready"], seen["started"]) == (0, True, False)


@pytest.mark.parametrize(
    ("context", "annotations", "why"),
    [
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, "container's runAsUser breaks non-root policy"),
        (
            {"runAsNonRoot": True},
            {"behavior.playground.dev/user": "root"},
            "container has runAsNonRoot and image will run as root",
        ),
    ],
)
def test_container_that_may_not_be_root_is_not_created_as_root(context, annotations, why):
    cluster, seen = run(10, {"securityContext": context}, annotations=annotations)
    uid = cluster.get("pods", "default", "p")["metadata"]["uid"]
    text = f'{why} (pod: "p_default({uid})", container: c)'
    assert seen["state"]["waiting"] == {"reason": "CreateContainerConfigError", "message": text}


@pytest.mark.parametrize(
    "context", [{"runAsNonRoot": True}, {"runAsNonRoot": True, "runAsUser": 1000}, {"runAsUser": 0}]
)
def test_container_that_is_not_known_to_be_root_runs(context):
    _, seen = run(10, {"image": "nginx", "securityContext": context})
    assert "running" in seen["state"]


# -- policies of one container -----------------------------------------------------------------------------


def test_rules_of_a_container_restart_it_where_the_pod_would_not():
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    container = {"command": ["sh", "-c", "exit 42"], "restartPolicy": "Never", "restartPolicyRules": [rule]}
    cluster, seen = run(40, container, restartPolicy="Never")
    assert seen["restartCount"] >= 1
    assert cluster.get("pods", "default", "p")["status"]["phase"] == "Running"


def test_rule_that_does_not_match_leaves_it_to_the_containers_policy():
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    container = {"command": ["sh", "-c", "exit 1"], "restartPolicy": "Never", "restartPolicyRules": [rule]}
    cluster, seen = run(40, container, restartPolicy="Never")
    assert seen["restartCount"] == 0
    assert cluster.get("pods", "default", "p")["status"]["phase"] == "Failed"


def test_policy_of_a_container_wins_over_the_pods():
    _, seen = run(40, {"command": ["false"], "restartPolicy": "OnFailure"}, restartPolicy="Never")
    assert seen["restartCount"] >= 1
    assert seen["state"].get("waiting", {}).get("reason") in ("CrashLoopBackOff", None)
