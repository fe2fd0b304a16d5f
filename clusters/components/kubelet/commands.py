"""Commands that plainly do not exist in any image, so that the container cannot be started.

What an image holds is not known, so only what cannot be meant is refused: one letter off a command that most
images have, or a name that says so. Models: runc and containerd (the words), kuberuntime_container.go (what follows).
"""

from __future__ import annotations

import re
from functools import lru_cache

from clusters.components.kubelet.registries import one_letter_off, words

_COMMANDS = words(
    "sleep nginx python python3 redis-server postgres mysqld httpd-foreground busybox /bin/sh /bin/bash /bin/sleep "
    "/bin/echo /bin/cat /usr/bin/env /usr/bin/python3"
)
_SAYS_SO = re.compile(
    r"(?:does[-_]?not|doesnt)[-_]?exist|non[-_]?exist|not[-_]?exist|no[-_]?such|(?:^|/)(?:bad|invalid|wrong|unknown)[-_]?command$"
)
_PREFIX = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: "
)


@lru_cache(maxsize=4096)
def start_error(word: str) -> str:
    """The runtime's error of a container whose process is that command; "" for one that can be started."""
    if not _SAYS_SO.search(word) and not one_letter_off(word, _COMMANDS):
        return ""
    if "/" in word:
        return f'{_PREFIX}exec: "{word}": stat {word}: no such file or directory'
    return f'{_PREFIX}exec: "{word}": executable file not found in $PATH'
