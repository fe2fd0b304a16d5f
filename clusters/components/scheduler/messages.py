"""The scheduler's sentences, letter by letter: tools and people search for them.

Models: kube-scheduler, framework.FitError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

NO_NODES = "no nodes available to schedule pods"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
POLICY_NEVER = "not eligible due to preemptionPolicy=Never."
VICTIMS_GOING = "not eligible due to a terminating pod on the nominated node."
GATED = "Scheduling is blocked due to non-empty scheduling gates"
DISRUPTED = "preempting to accommodate a higher priority pod"

MAX_NOTE = 1024


def not_satisfied(plugins: Iterable[str]) -> str:
    """Why the nodes are out that PreFilter plugins did not name."""
    return f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(plugins))}]"


def fit_error(nodes: int, reasons: Iterable[str]) -> str:
    """`0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu.`; `reasons` has one entry for each node
    and reason."""
    parts = sorted(f"{count} {reason}" for reason, count in Counter(reasons).items())
    text = f"0/{nodes} nodes are available:"
    return f"{text} {', '.join(parts)}." if parts else text


def refused_for_all(nodes: int, reasons: Iterable[str]) -> str:
    """A PreFilter plugin's refusal."""
    return f"0/{nodes} nodes are available: {', '.join(reasons)}."


def after(text: str, *post_filter: str) -> str:
    """The text with what the PostFilter plugins had to say."""
    said = ", ".join(p for p in post_filter if p)
    return f"{text} {said}" if said else text


def note(message: str) -> str:
    """As an Event holds it."""
    return message if len(message) <= MAX_NOTE else message[: MAX_NOTE - 4] + " ..."
