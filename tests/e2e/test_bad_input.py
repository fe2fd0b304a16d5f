"""What users get wrong, and what goes wrong around them: a clear word, nothing lost, and the loops go on."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.stack import Kubectl, Stack, eventually, free_port, new_stack, running

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def kubectl(stack: Stack) -> Kubectl:
    stack.manage("cluster", "create", "bad-input", "--workers", "1", "--control-planes", "0", "--addons", "none")
    return stack.kubectl("bad-input")


def serves(stack: Stack) -> bool:
    try:
        with urllib.request.urlopen(stack.url + "/readyz", timeout=10) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False


def closed(socket: ClientConnection) -> tuple[int, list[dict[str, Any]]]:
    """Read until the server closes: its code, and what came before."""
    seen: list[dict[str, Any]] = []
    try:
        while True:
            seen.append(json.loads(socket.recv(timeout=30)))
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd is not None else 0, seen


def ready(kubectl: Kubectl, name: str) -> None:
    """The loops go on: a new Deployment comes up."""
    kubectl("create", "deployment", name, "--image=nginx")
    kubectl("wait", f"deployment/{name}", "--for=condition=Available", "--timeout=40s")


ODD = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd"}}
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\n"


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("a: [1, 2\nb: }", "error converting YAML to JSON"),
        (CONFIG.replace("odd", "Odd_Name"), "a lowercase RFC 1123 subdomain"),
        (CONFIG + "data: {a: 5}\n", "cannot unmarshal number into Go struct field ConfigMap.data"),
        (CONFIG + f"data: {{a: {'x' * 2_000_000}}}\n", "may not be more than 1048576 bytes"),
        (CONFIG + f"data: {{a: {'x' * 10_000_000}}}\n", "limit is 3145728"),
    ],
    ids=["yaml", "name", "type", "2MB", "10MB"],
)
def test_bad_manifest_is_refused_by_name(kubectl: Kubectl, manifest: str, words: str) -> None:
    done = kubectl.run("create", "-f", "-", stdin=manifest)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_field_is_named(kubectl: Kubectl) -> None:
    # An older kubectl checks by itself, in its own words, or does not ask the server to.
    raw = "/api/v1/namespaces/default/configmaps?fieldValidation=Strict"
    done = kubectl.run("create", "--raw", raw, "-f", "-", stdin=json.dumps({**ODD, "spec": {"a": 1}}))
    assert 'unknown field "spec"' in done.stderr


def test_taken_name_and_stale_version_are_conflicts(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "mine", "--from-literal=a=1")
    assert '"mine" already exists' in kubectl.run("create", "configmap", "mine").stderr
    stale = kubectl("get", "configmap", "mine", "-o", "json")
    kubectl("patch", "configmap", "mine", "-p", '{"data":{"a":"2"}}')
    assert "the object has been modified" in kubectl.run("replace", "-f", "-", stdin=stale).stderr
    assert kubectl.json("get", "configmap", "mine")["data"] == {"a": "2"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("create", "Bad_Name"), "name: use 1 to 40 lower-case letters"),
        (("create", "demo"), 'there is already a cluster named "demo"'),
        (("create", "x", "--cpu", "banana"), "cpu: 'banana' is not a quantity"),
        (("delete", "nope"), 'no cluster is named "nope"'),
        (("clock", "demo", "--speed", "fast"), "neither a number nor 'max'"),
        (("fault", "demo", "node-power", "nope"), 'no machine is named "nope"'),
        (("export", "demo", "--revision", "99999999"), "later than the head"),
        (("import", "/etc/hostname", "--name", "x"), "/etc/hostname: not JSON"),
    ],
)
def test_command_says_what_is_wrong_in_a_sentence(stack: Stack, args: tuple[str, ...], words: str) -> None:
    done = stack.manage("cluster", *args, check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"PORT": "abc"}, "PORT='abc': a whole number is expected"),
        ({"PORT": "99999"}, "PORT='99999': a number from 1 to 65535"),
        ({"DATABASE_URL": "foo"}, "DATABASE_URL='foo': use sqlite:////path or postgres://"),
        ({"DATABASE_URL": "sqlite:////nonexistent/x.sqlite3"}, "cannot be used: unable to open database file"),
        ({"DATABASE_URL": "postgres://me:secret@127.0.0.1:1/x"}, "the database x on 127.0.0.1 (DATABASE_URL)"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis at REDIS_URL=redis://127.0.0.1:1/0 does not answer"),
        ({"REDIS_URL": "redis://:pw@127.0.0.1:1/0"}, "Redis at REDIS_URL=redis://:***@127.0.0.1:1/0 does not answer"),
        ({"REDIS_URL": "redis://:p#w@127.0.0.1:1/0"}, "REDIS_URL=redis://:***@127.0.0.1:1/0 is no address"),
        ({"PLAYGROUND_DATA": "/proc/nope"}, "PLAYGROUND_DATA='/proc/nope' cannot be used"),
    ],
)
def test_bad_environment_is_named_and_nothing_starts(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    stack = new_stack(tmp_path, **environment)
    done = subprocess.run(
        [sys.executable, "-m", "playground.supervisor"], env=stack.env, text=True, capture_output=True, timeout=30
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.startswith("cannot start: ")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_commands_work_on_a_new_data_directory_without_a_server(tmp_path: Path) -> None:
    down = new_stack(tmp_path)
    down.manage("cluster", "create", "early", "--workers", "2", "--seed", "5")
    done = down.manage("cluster", "run", "early", "--until-idle")
    assert "idle after" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("garbage", 4400),
        ("[1]", 4400),
        (b"\xff\x00", 4400),
        ('{"t":"nope"}', 4400),
        ('{"t":"resume","rev":"x"}', 4400),
        (json.dumps({"t": "start", "x": "y" * 900_000}), 4400),
    ],
)
def test_websocket_that_sends_garbage_is_told_and_closed(stack: Stack, frame: str | bytes, code: int) -> None:
    with connect(f"ws://127.0.0.1:{stack.port}/ws/clusters/demo", max_size=None, proxy=None) as socket:
        socket.send(frame)
        told, seen = closed(socket)
    assert told == code
    assert [s["t"] for s in seen][-2:] == ["error", "bye"]


def test_browsers_and_watches_of_a_deleted_cluster_end(stack: Stack) -> None:
    stack.manage("cluster", "create", "doomed", "--workers", "1", "--control-planes", "0", "--addons", "none")
    kubectl = stack.kubectl("doomed")
    kubectl("get", "namespaces")
    watch = subprocess.Popen(
        ["kubectl", "get", "namespaces", "-w"], env=kubectl.environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert watch.stdout is not None
        assert "NAME" in watch.stdout.readline()
        with connect(f"ws://127.0.0.1:{stack.port}/ws/clusters/doomed", max_size=None, proxy=None) as socket:
            socket.send('{"t":"start"}')
            stack.manage("cluster", "delete", "doomed")
            assert closed(socket)[1][-1] == {"t": "bye", "reason": "the cluster was deleted"}
        watch.wait(20)
    finally:
        watch.kill()
        watch.stdout.close()
    stack.manage("cluster", "create", "doomed", "--workers", "0", "--control-planes", "0", "--addons", "none")
    assert "Unauthorized" in eventually(
        lambda: (done := kubectl.run("get", "nodes")).returncode and done.stderr, what="the old token is refused"
    )
    kubectl.kubeconfig.unlink()
    assert eventually(lambda: stack.kubectl("doomed").run("get", "namespaces").returncode == 0)


# -- what goes wrong around a stack of our own ----------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that may be maltreated, with a path that is too long for a unix socket."""
    data = tmp_path_factory.mktemp("own") / ("long-" * 30)
    with running(data) as started:
        yield started


@pytest.mark.parametrize("victim", ["redis", "celery", "daphne"])
def test_killed_process_comes_back_and_nothing_is_lost(own: Stack, victim: str) -> None:
    kubectl = own.kubectl("demo")
    kubectl("create", "configmap", f"before-{victim}")
    (pid,) = own.children("unixsocket" if victim == "redis" else victim)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: serves(own))
    eventually(lambda: kubectl.run("get", "configmap", f"before-{victim}").returncode == 0)
    ready(kubectl, f"after-{victim}")


def test_locked_database_is_waited_for(own: Stack) -> None:
    kubectl = own.kubectl("demo")
    other = sqlite3.connect(own.data / "playground.sqlite3", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        kubectl("get", "pods")
        write = subprocess.Popen(["kubectl", "create", "configmap", "waited"], env=kubectl.environment())
        with pytest.raises(subprocess.TimeoutExpired):
            write.wait(2)
        other.execute("ROLLBACK")
        assert write.wait(20) == 0
    finally:
        other.close()
    ready(kubectl, "after-lock")


def test_second_instance_runs_beside_the_first(own: Stack, stack: Stack) -> None:
    assert own.port != stack.port
    assert serves(own)
    assert serves(stack)


def test_other_secret_key_is_named_and_the_old_one_still_fits(own: Stack) -> None:
    own.kubectl("demo")("create", "secret", "generic", "sealed", "--from-literal=a=b")
    own.env["PLAYGROUND_SECRET_KEY"] = "another"
    try:
        done = own.manage("cluster", "export", "demo", check=False)
    finally:
        del own.env["PLAYGROUND_SECRET_KEY"]
    assert done.returncode == 1
    assert "core/secrets/default/sealed was sealed with another PLAYGROUND_SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr
    assert own.manage("cluster", "export", "demo").returncode == 0


def test_stop_during_the_start_leaves_nothing_running(tmp_path: Path) -> None:
    stack = new_stack(tmp_path, PORT=str(free_port()))
    process = subprocess.Popen([sys.executable, "-m", "playground.supervisor"], env=stack.env, stderr=subprocess.PIPE)
    try:
        stack.process = process  # type: ignore[assignment]
        children = eventually(lambda: stack.children("celery"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    finally:
        process.kill()
        assert process.stderr is not None
        process.stderr.close()


def test_logs_hold_no_failure_of_ours_after_all_this(own: Stack, stack: Stack) -> None:
    """Celery may say at length that it lost its broker; nothing else has a reason to complain."""
    ours = re.compile(r"^\S+ \S+ [EC] (clusters|playground|daphne|celery\.app)\b.*", re.MULTILINE)
    for each in (own, stack):
        for log in (each.data / "log").glob("*.log"):
            assert [m[0] for m in ours.finditer(log.read_text())] == [], log
