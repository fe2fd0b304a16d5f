"""exec, attach, logs and port-forward with the real kubectl, into simulated containers."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.requirements import KUBECTL
from tests.support.stack import Kubectl, Stack, eventually, free_port

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(240)]
TICKING = "while true; do echo tick; sleep 1; done"


@pytest.fixture(scope="module")
def kubectl(stack: Stack) -> Kubectl:
    """A cluster with a web server behind a Service, a sleeping busybox and one that prints."""
    stack.manage("cluster", "create", "containers", "--workers", "1", "--speed", "5")
    found = stack.kubectl("containers")
    found("create", "configmap", "settings", "--from-literal=level=debug")
    found("create", "deployment", "web", "--image=nginx:1.29")
    found("expose", "deployment", "web", "--port=8080", "--target-port=80")
    found("run", "box", "--image=busybox", "--command", "--", "sleep", "100000")
    found("run", "ticker", "--image=busybox", "--command", "--", "sh", "-c", TICKING)
    found("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
    found("rollout", "status", "deployment/web", "--timeout=60s")
    return found


def test_exec_runs_a_command_and_hands_its_streams_and_code_over(kubectl: Kubectl) -> None:
    lines = kubectl("exec", "box", "--", "env").splitlines()
    assert "HOSTNAME=box" in lines
    assert "KUBERNETES_SERVICE_PORT=443" in lines
    done = kubectl.run("exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.returncode, done.stdout) == (3, "out\n")
    assert done.stderr == "err\ncommand terminated with exit code 3\n"


def test_exec_reads_standard_input(kubectl: Kubectl) -> None:
    assert kubectl("exec", "-i", "box", "--", "sh", stdin="x=$(hostname)\necho $x | tr a-z A-Z\n") == "BOX\n"
    assert kubectl("exec", "-i", "box", "--", "wc", "-c", stdin="x" * 100_000) == "100000\n"


def test_exec_says_what_is_wrong(kubectl: Kubectl) -> None:
    done = kubectl.run("exec", "box", "--", "foo")
    assert done.returncode == 1
    assert 'exec: "foo": executable file not found in $PATH' in done.stderr
    done = kubectl.run("exec", "box", "-c", "nope", "--", "ls")
    assert done.stderr == "Error from server (BadRequest): container nope is not valid for pod box\n"
    kubectl("run", "ended", "--image=busybox", "--restart=Never", "--", "true")
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/ended", "--timeout=60s")
    done = kubectl.run("exec", "ended", "--", "ls")
    assert done.stderr == "error: cannot exec into a container in a completed pod; current phase is Succeeded\n"


def test_exec_sleeps_on_the_clusters_clock(kubectl: Kubectl) -> None:
    begin = time.monotonic()
    before, after = map(int, kubectl("exec", "box", "--", "sh", "-c", "date +%s; sleep 5; date +%s").split())
    assert after - before in (5, 6)
    assert time.monotonic() - begin < 5


def test_containers_reach_services_by_name(kubectl: Kubectl) -> None:
    assert "Welcome to nginx!" in kubectl("exec", "box", "--", "wget", "-qO-", "http://web:8080")
    address = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    assert f"Address: {address}\n" in kubectl("exec", "box", "--", "nslookup", "web")


def test_token_in_a_container_is_a_good_one(kubectl: Kubectl) -> None:
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    token = kubectl("exec", "box", "--", "cat", f"{folder}/token")
    assert kubectl("exec", "box", "--", "cat", f"{folder}/namespace") == "default"
    assert kubectl("auth", "whoami", f"--token={token}", "-o", "jsonpath={.status.userInfo.username}") in (
        "system:serviceaccount:default:default",
        "admin",
    )


def read_until(fd: int, wanted: str, seconds: float = 15.0) -> str:
    out, end = "", time.monotonic() + seconds
    while wanted not in out:
        assert time.monotonic() < end, out
        if select.select([fd], [], [], 0.1)[0]:
            out += os.read(fd, 65536).decode()
    return out


def test_interactive_shell_has_a_prompt_and_takes_keys(kubectl: Kubectl) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(KUBECTL.path()), "exec", "-it", "box", "--", "sh"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=kubectl.environment(), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        read_until(ours, "/ # ")
        os.write(ours, b"cd /etc\r")
        read_until(ours, "/etc # ")
        os.write(ours, b"cat hostname\r")
        assert "box\r\n" in read_until(ours, "/etc # ")
        os.write(ours, b"sleep 100000\r")
        read_until(ours, "sleep 100000\r\n")
        os.write(ours, b"\x03")
        read_until(ours, "/etc # ")
        os.write(ours, b"exit 4\r")
        assert process.wait(15) == 4
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_logs_are_followed(kubectl: Kubectl) -> None:
    process = subprocess.Popen(
        [str(KUBECTL.path()), "logs", "-f", "ticker"], stdout=subprocess.PIPE, env=kubectl.environment(), text=True
    )
    try:
        assert process.stdout is not None
        for _ in range(8):
            assert process.stdout.readline() == "tick\n"
    finally:
        process.kill()
        process.communicate()


def test_attach_shows_what_comes(kubectl: Kubectl) -> None:
    process = subprocess.Popen(
        [str(KUBECTL.path()), "attach", "ticker"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=kubectl.environment(), text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == ["tick\n"] * 3
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def forwarded(kubectl: Kubectl, target: str, port: int) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    local = free_port()
    process = subprocess.Popen(
        [str(KUBECTL.path()), "port-forward", target, f"{local}:{port}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=kubectl.environment(), text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert re.match(rf"Forwarding from 127.0.0.1:{local} -> ", process.stdout.readline())
        yield local, process
    finally:
        process.kill()
        process.communicate()


def test_port_forward_answers_as_the_container_does(kubectl: Kubectl) -> None:
    with forwarded(kubectl, "service/web", 8080) as (local, _):
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{local}/", timeout=10) as answer:
                assert b"Welcome to nginx!" in answer.read()
                assert answer.headers["Server"].startswith("nginx/")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{local}/nope", timeout=10)
        kubectl("annotate", "pod", "-l", "app=web", "behavior.playground.dev/http=503 closed")

        def closed() -> bool:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{local}/", timeout=10)
            except urllib.error.HTTPError as refusal:
                return refusal.code == 503 and refusal.read() == b"closed\n"
            return False

        eventually(closed)
        kubectl("annotate", "pod", "-l", "app=web", "behavior.playground.dev/http-")


def test_port_on_which_nobody_listens_is_refused(kubectl: Kubectl) -> None:
    with forwarded(kubectl, "pod/box", 99) as (local, process):
        with pytest.raises(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{local}/", timeout=10)
        assert process.stdout is not None
        text = "".join(process.stdout.readline() for _ in range(3))
        assert "error forwarding port 99 to pod box" in text
        assert "connection refused" in text


def test_requests_are_in_the_audit_log(kubectl: Kubectl, stack: Stack) -> None:
    kubectl("create", "configmap", "audited")
    kubectl("exec", "box", "--", "true")
    events = stack.get("/api/v1/clusters/containers/audit?verb=create&resource=configmaps&limit=1")["events"]
    assert [(e["user"], e["code"], e["namespace"]) for e in events] == [("admin", 201, "default")]
    events = stack.get("/api/v1/clusters/containers/audit?resource=pods/exec&limit=1")["events"]
    assert [(e["name"], e["code"]) for e in events] == [("box", 101)]


def test_shell_that_waits_for_its_input_is_attached_to(kubectl: Kubectl) -> None:
    kubectl("run", "shell", "--image=busybox", "--stdin", "--command", "--", "sh")
    kubectl("wait", "--for=condition=Ready", "pod/shell", "--timeout=60s")
    assert kubectl("attach", "-i", "shell", stdin="echo in $HOSTNAME\n") == "in shell\n"


def test_shell_that_is_left_ends_its_pod(kubectl: Kubectl) -> None:
    started = ("run", "once", "-i", "--rm", "--restart=Never", "--image=busybox", "--", "sh")
    done = kubectl.run(*started, stdin="hostname\nexit 4\n")
    assert done.returncode == 4
    assert "once\n" in done.stdout
    assert "terminated (Error)" in done.stdout + done.stderr
    assert kubectl.run("get", "pod", "once").returncode == 1
    done = kubectl.run(*started, stdin="echo well\n")
    assert done.returncode == 0
    assert "well\n" in done.stdout


def test_command_that_is_over_at_once_shows_what_it_printed(kubectl: Kubectl) -> None:
    out = kubectl("run", "look", "-i", "--rm", "--restart=Never", "--image=busybox", "--", "wget", "-qO-", "web:8080")
    assert "Welcome to nginx!" in out
    kubectl("run", "tell", "--restart=Never", "--image=busybox", "--env=A=b", "--", "env")
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/tell", "--timeout=60s")
    assert "A=b" in kubectl("logs", "tell").splitlines()


def test_files_are_copied_both_ways(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "there" / "deep").mkdir(parents=True)
    (tmp_path / "there" / "a").write_text("one\n")
    (tmp_path / "there" / "deep" / "b").write_bytes(bytes(range(256)))
    kubectl("cp", str(tmp_path / "there"), "box:/tmp/there")
    assert kubectl("exec", "box", "--", "cat", "/tmp/there/a") == "one\n"
    kubectl("cp", "box:/tmp/there", str(tmp_path / "back"))
    assert (tmp_path / "back" / "deep" / "b").read_bytes() == bytes(range(256))
    done = kubectl.run("cp", "box:/tmp/nowhere", str(tmp_path / "x"))
    assert "Cannot stat: No such file or directory" in done.stdout + done.stderr


def test_process_one_can_be_told_to_end(kubectl: Kubectl) -> None:
    kubectl("run", "victim", "--image=nginx:1.29")
    kubectl("wait", "--for=condition=Ready", "pod/victim", "--timeout=60s")
    kubectl.run("exec", "victim", "--", "sh", "-c", "kill 1")
    restarts = "-o=jsonpath={.status.containerStatuses[0].restartCount}"
    eventually(lambda: kubectl("get", "pod", "victim", restarts) == "1", what="the container starts again")


def test_debugging_container_is_shown_what_it_prints(kubectl: Kubectl) -> None:
    kubectl("run", "patient", "--image=busybox", "--command", "--", "sleep", "100000")
    kubectl("wait", "--for=condition=Ready", "pod/patient", "--timeout=60s")
    asked = ("debug", "patient", "-i", "--image=busybox", "--profile=general", "--", "sh")
    done = kubectl.run(*asked, stdin="hostname\n")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "patient")


def test_volume_outlives_its_pod(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=VOLUME)
    kubectl("wait", "--for=condition=Ready", "pod/first", "--timeout=60s")
    kubectl("exec", "first", "--", "sh", "-c", "echo kept > /data/f; echo lost > /tmp/f")
    kubectl("delete", "pod", "first", "--now")
    kubectl("apply", "-f", "-", stdin=VOLUME)
    kubectl("wait", "--for=condition=Ready", "pod/first", "--timeout=60s")
    assert kubectl("exec", "first", "--", "sh", "-c", "cat /data/f; ls /tmp") == "kept\n"


VOLUME = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: first}
spec:
  containers:
  - {name: c, image: busybox, command: [sleep, "100000"], volumeMounts: [{name: d, mountPath: /data}]}
  volumes:
  - {name: d, persistentVolumeClaim: {claimName: data}}
"""
