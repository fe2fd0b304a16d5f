"""Well-known images: what they print, how they end when nobody gave a command, how they take SIGTERM. (What they take
of a node is `resources.metrics.load`.)

An image that is not here runs on in silence and ends well when asked to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clusters.components.kubelet.images import kind
from clusters.components.kubelet.shell import HOSTNAME, RUNS_ON, Line, Program
from clusters.components.kubelet.timing import NEVER
from clusters.kernel.clock import MILLISECOND, SECOND

ISO, SLASHED, SPACED, APACHE = "\x00I", "\x00S", "\x00P", "\x00A"
"""In a line: the time it is printed at, as 2026-01-02T03:04:05.678901Z, 2026/01/02 03:04:05, 2026-01-02 03:04:05.678
UTC, or Fri Jan 02 03:04:05.678901 2026."""

AILING_AFTER = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Profile:
    """One image. `stop` is the time from SIGTERM to the end, `stop_code` the exit code then."""

    program: Program = RUNS_ON
    stop: int = 150 * MILLISECOND
    stop_code: int = 0
    stop_lines: tuple[str, ...] = ()
    default_command: tuple[str, ...] = ()
    """Runs if the pod gives no command; then `program` does not count."""
    entrypoint: tuple[str, ...] = ()
    """Takes the arguments that are given, unless they begin with a program."""
    ailing: str = ""
    """With this argument (or `*`) it is a server that is made to fail: healthy for ten seconds, and then no more."""

    def lives(self, container: Mapping[str, Any]) -> int:
        """How long its liveness probes succeed."""
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        fails = bool(self.ailing) and (self.ailing == "*" or self.ailing in words[:2])
        return AILING_AFTER if fails else NEVER


def _server(*lines: str) -> Program:
    return Program(tuple((i * 4 * MILLISECOND, line) for i, line in enumerate(lines)))


def _spaced(*lines: Line) -> Program:
    return Program(lines)


_NGINX = _server(
    "/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration",
    "/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/",
    "/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh",
    "10-listen-on-ipv6-by-default.sh: info: Getting the checksum of /etc/nginx/conf.d/default.conf",
    "10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf",
    "/docker-entrypoint.sh: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh",
    "/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh",
    "/docker-entrypoint.sh: Configuration complete; ready for start up",
    f'{SLASHED} [notice] 1#1: using the "epoll" event method',
    f"{SLASHED} [notice] 1#1: start worker processes",
    f"{SLASHED} [notice] 1#1: start worker process 29",
)
_REDIS = _server(
    "1:C * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
    "1:C # Warning: no config file specified, using the default config.",
    "1:M * monotonic clock: POSIX clock_gettime",
    "1:M * Running mode=standalone, port=6379.",
    "1:M * Server initialized",
    "1:M * Ready to accept connections tcp",
)
_POSTGRES = _spaced(
    (0, 'The files belonging to this database system will be owned by user "postgres".'),
    (20 * MILLISECOND, "This user must also own the server process."),
    (60 * MILLISECOND, "creating configuration files ... ok"),
    (420 * MILLISECOND, "running bootstrap script ... ok"),
    (900 * MILLISECOND, "performing post-bootstrap initialization ... ok"),
    (1200 * MILLISECOND, "PostgreSQL init process complete; ready for start up."),
    (1300 * MILLISECOND, f'{SPACED} [1] LOG:  listening on IPv4 address "0.0.0.0", port 5432'),
    (1400 * MILLISECOND, f"{SPACED} [1] LOG:  database system is ready to accept connections"),
)
_MYSQL = _spaced(
    (0, f"{ISO} [Note] [Entrypoint]: Entrypoint script for MySQL Server started."),
    (300 * MILLISECOND, f"{ISO} [Note] [Entrypoint]: Initializing database files"),
    (2 * SECOND, f"{ISO} [Note] [Entrypoint]: MySQL init process done. Ready for start up."),
    (3 * SECOND, f"{ISO} 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. port: 3306"),
)
_HTTPD = _server(
    "AH00558: httpd: Could not reliably determine the server's fully qualified domain name",
    f"[{APACHE}] [mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4 (Unix) configured -- resuming normal operations",
    f"[{APACHE}] [core:notice] [pid 1:tid 1] AH00094: Command line: 'httpd -D FOREGROUND'",
)
_MONGO = _server(
    f'{{"t":"{ISO}","s":"I","c":"CONTROL","msg":"MongoDB starting"}}',
    f'{{"t":"{ISO}","s":"I","c":"NETWORK","msg":"Waiting for connections","attr":{{"port":27017,"ssl":"off"}}}}',
)
_HELLO = Profile(
    Program(
        (
            (0, ""),
            (0, "Hello from Docker!"),
            (0, "This message shows that your installation appears to be working correctly."),
        ),
        end=(20 * MILLISECOND, 0),
    )
)
_SHELL = Profile(default_command=("sh",))

_IMAGES: dict[str, Profile] = {
    "nginx": Profile(_NGINX, stop_lines=(f"{SLASHED} [notice] 1#1: signal 15 (SIGTERM) received, exiting",)),
    "redis": Profile(_REDIS, stop_lines=("1:signal-handler Received SIGTERM scheduling shutdown...",)),
    "valkey": Profile(_REDIS),
    "postgres": Profile(_POSTGRES, stop=300 * MILLISECOND),
    "mysql": Profile(_MYSQL, stop=SECOND),
    "mariadb": Profile(_MYSQL, stop=SECOND),
    "mongo": Profile(_MONGO, stop=500 * MILLISECOND),
    "httpd": Profile(_HTTPD),
    "busybox": _SHELL,
    "alpine": _SHELL,
    "ubuntu": _SHELL,
    "debian": _SHELL,
    "bash": _SHELL,
    "busyboxplus": _SHELL,
    "netshoot": _SHELL,
    "curl": Profile(default_command=("curl", "--help"), entrypoint=("curl",)),
    "agnhost": Profile(ailing="liveness"),
    "liveness": Profile(ailing="*"),
    "kubernetes-bootcamp": Profile(
        _server(f"Kubernetes Bootcamp App Started At: {ISO} | Running On:  {HOSTNAME}", "")
    ),
    "hello-world": _HELLO,
    "kube-webhook-certgen": Profile(Program(end=(SECOND, 0))),
    "pause": Profile(Program(known=True)),
}  # fmt: skip
_UNKNOWN = Profile()


def profile(image: str) -> Profile:
    return _IMAGES.get(kind(image), _UNKNOWN)


def is_unknown(known: Profile) -> bool:
    return known is _UNKNOWN
