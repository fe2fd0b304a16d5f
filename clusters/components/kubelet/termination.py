"""How long a pod that is being deleted takes to end.

preStop hooks run first, then SIGTERM; whoever is not gone when the grace period ends is killed. All from the
deletion timestamp, so a kubelet that starts anew ends the pod at the same moment.
Models: kubelet, kuberuntime_container.go (killContainer).
"""

from __future__ import annotations

from clusters.components.kubelet import behavior, containers, shell
from clusters.components.kubelet.containers import Container
from clusters.components.kubelet.timing import NEVER, on_grid, when
from clusters.kernel.clock import MILLISECOND, SECOND
from clusters.machinery.types import Obj

KILLED = 137
_LEAST = 2 * SECOND
"""A container that has no grace left is given this much after its preStop hook."""


def end(pod: Obj, container: Obj, stored: Obj) -> tuple[int, int]:
    """(when the container ends, exit code) for a running container of a pod that is being deleted."""
    meta = pod["metadata"]
    grace = int(meta.get("deletionGracePeriodSeconds") or 0) * SECOND
    began = when(meta["deletionTimestamp"]) - grace
    known = behavior.of(pod, container)
    hook = min(_pre_stop(container), grace)
    left = max(grace - hook, _LEAST if hook else 0)
    if known.stop < left:
        at, code = began + hook + max(known.stop, MILLISECOND), known.stop_code
    else:
        at, code = began + hook + left, KILLED
    by_itself = containers.ends(
        Container(pod=pod, spec=container, behavior=known, restart="Never", basis=NEVER), stored
    )
    if by_itself[0] < at:
        return by_itself[0], by_itself[1]
    return on_grid(at), code


def hook_fails(container: Obj) -> bool:
    """The preStop hook ends with an error."""
    words = (((container.get("lifecycle") or {}).get("preStop") or {}).get("exec") or {}).get("command")
    ends = shell.compile_command(tuple(words)).end if words else None
    return ends is not None and ends[1] != 0


def _pre_stop(container: Obj) -> int:
    """How long the preStop hook takes."""
    hook = (container.get("lifecycle") or {}).get("preStop") or {}
    if "sleep" in hook:
        return int((hook["sleep"] or {}).get("seconds", 0)) * SECOND
    if "exec" in hook:
        ends = shell.compile_command(tuple((hook["exec"] or {}).get("command") or ())).end
        return ends[0] if ends is not None else 0
    return 50 * MILLISECOND if hook else 0
