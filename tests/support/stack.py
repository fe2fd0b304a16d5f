"""The real thing for tests: `make run`'s supervisor in a data directory and on ports of its own, and kubectl."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.requirements import KUBECTL

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(check: Callable[[], Any], *, timeout: float = 30.0, what: str = "") -> Any:
    """Ask again until `check` gives something true, or its assertion holds; for what other processes do."""
    end = time.monotonic() + timeout
    error: BaseException | None = None
    while time.monotonic() < end:
        try:
            found = check()
        except (AssertionError, OSError, KeyError, IndexError) as failure:
            error, found = failure, None
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout:.0f} s: {what or check}") from error


@dataclass
class Stack:
    """A running playground."""

    data: Path
    port: int
    k8s_port: int
    env: dict[str, str]
    process: subprocess.Popen[str] | None = None
    output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, timeout: float = 60.0) -> float:
        """Start, and wait for the line that says it is ready; the seconds that took."""
        try:
            return self._start(timeout)
        except BaseException:
            self.stop()
            raise

    def _start(self, timeout: float) -> float:
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "playground.supervisor"],
            cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        while time.monotonic() - begin < timeout:
            line = self.process.stdout.readline()
            if line:
                self.output.append(line.rstrip())
                if "is ready at" in line:
                    return time.monotonic() - begin
            elif self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.output} {self.logs()}")
            else:
                time.sleep(0.02)
        raise AssertionError(f"not ready after {timeout} s: {self.output} {self.logs()}")

    def logs(self) -> str:
        files = sorted((self.data / "log").glob("*.log"))
        return "\n".join(f"--- {f.name}\n{f.read_text()[-3000:]}" for f in files)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def children(self, name: str) -> list[int]:
        """Process ids of the supervisor's children whose command line has `name` in it."""
        assert self.process is not None
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                parent = int(re.search(r"PPid:\s+(\d+)", (folder / "status").read_text()).group(1))  # type: ignore[union-attr]
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if parent == self.process.pid and name in command:
                    found.append(int(folder.name))
        return found

    def manage(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`manage.py ...` against the same data."""
        return subprocess.run(
            [sys.executable, "manage.py", *args], cwd=ROOT, env=self.env, text=True, capture_output=True, check=check
        )

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body[:1] in b"[{" else body.decode()

    def kubectl(self, cluster: str) -> Kubectl:
        """kubectl with a kubeconfig of the cluster's administrator."""
        file = self.data / f"{cluster}.kubeconfig"
        if not file.exists():
            file.write_text(self.manage("cluster", "kubeconfig", cluster).stdout)
        return Kubectl(file, self.data)


@dataclass
class Kubectl:
    """Calls of the real kubectl."""

    kubeconfig: Path
    home: Path

    def __call__(self, *args: str, stdin: str | None = None, check: bool = True, timeout: float = 60) -> str:
        done = self.run(*args, stdin=stdin, timeout=timeout)
        if check:
            assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stdout}{done.stderr}"
        return done.stdout

    def run(self, *args: str, stdin: str | None = None, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(KUBECTL.path()), *args],
            env=self.environment(), input=stdin, text=True, capture_output=True, timeout=timeout,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home)}

    def json(self, *args: str) -> Any:
        return json.loads(self(*args, "-o", "json"))


def new_stack(data: Path, **extra: str) -> Stack:
    """A stack that is not started yet. Wheels' and systems' Redis alike, embedded SQLite, one worker."""
    port, k8s_port = free_port(), free_port()
    env = {
        **{k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "DJANGO_ALLOW_ASYNC_UNSAFE")},
        "PLAYGROUND_DATA": str(data),
        "PORT": str(port),
        "K8S_PORT": str(k8s_port),
        "PLAYGROUND_ANONYMOUS": "1",
        "PYTHONUNBUFFERED": "1",
        **extra,
    }
    return Stack(data, port, k8s_port, env)


@contextlib.contextmanager
def running(data: Path, **extra: str) -> Iterator[Stack]:
    stack = new_stack(data, **extra)
    try:
        stack.start()
        yield stack
    finally:
        if stack.process is not None:
            stack.stop()
