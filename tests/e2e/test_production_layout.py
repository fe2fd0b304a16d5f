"""The production layout, natively: the processes and the environment of docker/compose.yaml, with a real
PostgreSQL and a real Redis. What goes in through one Daphne is seen live through the other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import postgres
from tests.support.requirements import REDIS
from tests.support.stack import ROOT, Kubectl, eventually, free_port

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.kubectl, pytest.mark.timeout(240)]


class Layout:
    """PostgreSQL, Redis, two web processes, two workers."""

    def __init__(self, data: Path, database: Path, redis_port: int) -> None:
        self.data = data
        self.ports = [(free_port(), free_port()) for _ in range(2)]
        compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
        # Exactly the variables that the compose file sets, with this machine's values.
        values = {
            "DATABASE_URL": f"postgres://postgres@/postgres?host={database}",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "PLAYGROUND_SECRET_KEY": "a secret key of the tests, long enough to be one",
            "PLAYGROUND_ALLOWED_HOSTS": "localhost,127.0.0.1",
            "PLAYGROUND_K8S_URL": f"https://127.0.0.1:{self.ports[0][1]}",
            "PLAYGROUND_ANONYMOUS": "0",
        }
        assert set(compose["x-app"]["environment"]) == set(values)
        self.env = {**os.environ, **values, "PLAYGROUND_DATA": str(data), "PYTHONUNBUFFERED": "1"}
        self.commands = {
            name: service["command"]
            for name, service in compose["services"].items()
            if name.startswith(("web", "worker", "migrate"))
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def spawn(self, name: str) -> None:
        env = dict(self.env)
        if name.startswith("web"):
            port, k8s_port = self.ports[int(name[-1]) - 1]
            env.update(PORT=str(port), K8S_PORT=str(k8s_port))
        command = [sys.executable if part == "python" else part for part in self.commands[name]]
        log = (self.data / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        log.close()

    def start(self) -> None:
        self.spawn("migrate")
        assert self.processes.pop("migrate").wait(60) == 0, (self.data / "migrate.log").read_text()
        for name in ("web-1", "web-2", "worker-1", "worker-2"):
            self.spawn(name)
        for port, _ in self.ports:
            eventually(lambda p=port: self.ready(p), timeout=40, what=f"web on {port}: {self.logs()[-2000:]}")

    def ready(self, port: int) -> bool:
        with contextlib.suppress(urllib.error.URLError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2).status == 200)
        return False

    def logs(self) -> str:
        return "\n".join(f"--- {f.name}\n{f.read_text()[-3000:]}" for f in sorted(self.data.glob("*.log")))

    def manage(self, *args: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *args], cwd=ROOT, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kubectl(self, cluster: str, web: int) -> Kubectl:
        """kubectl that talks to one of the two web processes."""
        config = yaml.safe_load(self.manage("cluster", "kubeconfig", cluster))
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.ports[web][1]}/k8s/{cluster}"
        home = self.data / f"home-{cluster}-{web}"
        home.mkdir(exist_ok=True)
        file = home / "kubeconfig"
        file.write_text(yaml.safe_dump(config))
        return Kubectl(file, home)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    data = tmp_path_factory.mktemp("production")
    port = free_port()
    with postgres.server() as socket:
        redis = subprocess.Popen(
            [str(REDIS.path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=data, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        layout = Layout(data, socket, port)
        try:
            layout.start()
            yield layout
        finally:
            layout.stop()
            redis.terminate()
            redis.wait(10)


def test_write_through_one_web_process_is_seen_live_through_the_other(layout: Layout) -> None:
    layout.manage("cluster", "create", "shared", "--speed", "10")
    first, second = layout.kubectl("shared", 0), layout.kubectl("shared", 1)
    seen: dict[str, float] = {}
    watch = subprocess.Popen(
        ["kubectl", "get", "configmaps", "-w", "-o", "name"],
        env=second.environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watch.stdout is not None

    def listen(stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            seen[line.strip().rpartition("/")[2]] = time.monotonic()

    thread = threading.Thread(target=listen, args=(watch.stdout,), daemon=True)
    thread.start()
    try:
        eventually(lambda: "kube-root-ca.crt" in seen, what="the watch has begun")
        first("create", "configmap", "live", "--from-literal=a=b")
        created = time.monotonic()
        eventually(lambda: "live" in seen, timeout=5)
        assert seen["live"] - created < 2
    finally:
        watch.terminate()
        watch.wait(5)
        thread.join(5)
        watch.stdout.close()


def test_loops_run_and_a_killed_worker_is_not_missed(layout: Layout) -> None:
    layout.manage("cluster", "create", "busy", "--speed", "20")
    kubectl = layout.kubectl("busy", 1)
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=30")
    layout.processes["worker-1"].send_signal(signal.SIGKILL)
    layout.processes["worker-1"].wait()
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    assert len(kubectl.json("get", "pods")["items"]) == 30
    layout.spawn("worker-1")


def test_guests_are_turned_away_in_production(layout: Layout) -> None:
    layout.manage("cluster", "create", "private")
    port = layout.ports[0][0]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/k8s/private/api/v1/namespaces", timeout=5)
    assert caught.value.code in (401, 403)
    assert json.loads(caught.value.read())["kind"] == "Status"
