"""A PostgreSQL server of the tests' own, from Debian's package, on a unix socket in a temporary directory."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.requirements import POSTGRES


def _demoted() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then it runs as the package's own user."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def server() -> Iterator[Path]:
    """Start a server; gives the directory of its socket. User and database are `postgres`, trusted locally."""
    program = POSTGRES.path()
    assert program is not None
    bin_dir = Path(program).parent
    home = Path(tempfile.mkdtemp(prefix="playground-pg-"))
    as_user = _demoted()
    if as_user:
        os.chown(home, int(str(as_user["user"])), int(str(as_user["group"])))
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home, **as_user}
    data = home / "data"
    try:
        subprocess.run(
            [bin_dir / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], **run
        )
        options = f"-k {home} -c listen_addresses='' -c fsync=off -c max_connections=60"
        subprocess.run([bin_dir / "pg_ctl", "-D", data, "-w", "-o", options, "-l", home / "log", "start"], **run)
        try:
            yield home
        finally:
            subprocess.run([bin_dir / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], **run)
    finally:
        shutil.rmtree(home, ignore_errors=True)
