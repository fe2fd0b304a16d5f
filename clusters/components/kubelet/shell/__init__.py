"""What a container's command does, worked out before it runs: a small shell in closed form.

`compile_command` reads a command line (`sleep 30`, `sh -c "echo hi; sleep 5; exit 3"`, `until nslookup db; do sleep
2; done`) and gives its `Program`: which lines it prints when, which files it makes, when and how it ends, which
hosts it asks for. A program that nobody here knows runs on until it is told to stop, as servers do.

    console.syntax (words, pipelines, loops) ──▶ run (virtual time, variables) ──▶ program
                                          ├── filters (grep, awk, head in a pipe)
                                          └── tools (wget, curl, nslookup, nc: what can be reached, and since when)
"""

from clusters.components.kubelet.shell.compile import compile_command
from clusters.components.kubelet.shell.counting import filled
from clusters.components.kubelet.shell.program import DATE, HOSTNAME, RUNS_ON, STEP, Line, Loop, Program
from clusters.components.kubelet.shell.run import NAMESPACE

__all__ = ["DATE", "HOSTNAME", "NAMESPACE", "RUNS_ON", "STEP", "Line", "Loop", "Program", "compile_command", "filled"]
