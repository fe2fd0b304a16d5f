"""From an argument vector to its program. Models: what an ordinary image with a POSIX shell would do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from clusters.components.kubelet.script.expansion import Exit, Failed
from clusters.components.kubelet.script.lexer import SyntaxProblem
from clusters.components.kubelet.script.syntax import parse
from clusters.components.kubelet.shell.program import RUNS_ON, STEP, Program
from clusters.components.kubelet.shell.run import SHELLS, LoopControl, Return, Run, RunsOn, script_of

_MAX_SCRIPT = 65536

Pairs = tuple[tuple[str, str], ...]
Reachable = tuple[tuple[str, int], ...]
"""(host as the program names it, offset from the start from which on it can be reached)."""


@lru_cache(maxsize=4096)
def compile_command(command: tuple[str, ...], env: Pairs = (), reachable: Reachable = ()) -> Program:
    """The program of an argument vector with these environment variables, where only those hosts can be reached.
    Never raises: a script that is too long or too deep for this shell just runs on."""
    if not command or sum(map(len, command)) > _MAX_SCRIPT:
        return RUNS_ON
    try:
        return _compile(command, env, reachable)
    except RecursionError:
        return RUNS_ON


def _compile(command: Sequence[str], env: Pairs, reachable: Reachable) -> Program:
    run = Run(dict(env), dict(reachable))
    shell = command[0] in SHELLS
    stubborn = shell or command[0].rpartition("/")[2] == "sleep"
    forced: int | None = None
    try:
        if shell:
            script = script_of(command)
            if script is None:
                # A shell that reads from an empty standard input ends at once.
                return Program(end=(STEP, 0), shell=True)
            forced = _last_exit(script)
            run.errexit = any(w.startswith("-") and "e" in w for w in command[1 : command.index(script)])
            run.block(parse(script))
        else:
            run.code = run.simple(list(command))
        code = run.code
    except Exit as end:
        code = end.code
    except Return as back:
        code = back.code
    except LoopControl:
        code = 0
    except Failed:
        code = 2
    except (RunsOn, SyntaxProblem):
        if forced is not None and run.loop is None:
            return run.program((run.time + STEP, forced), shell=stubborn)
        return run.program(None, shell=stubborn)
    return run.program((run.time + STEP, code), shell=stubborn)


def _last_exit(script: str) -> int | None:
    """The code of a script that ends in `exit N`, whatever comes before."""
    found = re.search(r"(?:^|[;&|\n]|\s)exit\s+(\d+)\s*;?\s*$", script)
    return int(found.group(1)) & 255 if found else None
