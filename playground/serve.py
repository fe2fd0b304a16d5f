"""One production process: `python -m playground.serve web` (Daphne on both ports) or `worker` (Celery).

The supervisor of `make run` starts the same commands; here each replaces this process, so that a container's
signals reach it.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import NoReturn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")


def main() -> NoReturn:
    from playground.supervisor import daphne_command, worker_command

    role = sys.argv[1] if len(sys.argv) == 2 else ""
    if role == "web":
        command = daphne_command(sys.executable)
    elif role == "worker":
        command = worker_command(sys.executable, f"worker-{socket.gethostname()}-{os.getpid()}")
    else:
        print("usage: python -m playground.serve web|worker", file=sys.stderr)
        sys.exit(2)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
