"""What a node under pressure refuses and evicts, in which order, and when."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.components.kubelet import pressure
from clusters.components.kubelet.pressure import DISK, MEMORY
from clusters.kernel.clock import SECOND, parse_rfc3339

SINCE = "2026-01-01T00:00:03Z"
AT = parse_rfc3339(SINCE)


def node(*pressed: str, since: str = SINCE) -> dict[str, Any]:
    conditions = [{"type": c, "status": "True", "lastTransitionTime": since} for c in pressed]
    return {"status": {"conditions": [*conditions, {"type": "PIDPressure", "status": "False"}]}}


def pod(name: str, *, asks: str = "", priority: int = 0, started: bool = True, **more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": "nginx"}
    if asks:
        container["resources"] = {"requests": {"memory": asks}}
    status = {"phase": "Running", **({"startTime": SINCE} if started else {})}
    spec = {"containers": [container], "priority": priority, **more}
    return {"metadata": {"name": name, "uid": name}, "spec": spec, "status": status}


TOLERANT = {"tolerations": [{"key": MEMORY.taint, "operator": "Exists", "effect": "NoSchedule"}]}


@pytest.mark.parametrize(
    ("asking", "pressed", "refused"),
    [
        (pod("a"), [], ""),
        (pod("a"), ["MemoryPressure"], "The node had condition: [MemoryPressure]. "),
        (pod("a", **TOLERANT), ["MemoryPressure"], ""),
        (pod("a", asks="1Mi"), ["MemoryPressure"], ""),
        (pod("a", asks="1Mi"), ["DiskPressure"], "The node had condition: [DiskPressure]. "),
        (pod("a", priority=2_000_000_000), ["DiskPressure", "MemoryPressure"], ""),
    ],
)
def test_refusal(asking: dict[str, Any], pressed: list[str], refused: str) -> None:
    assert pressure.refusal(asking, node(*pressed)) == refused


def test_those_beyond_their_requests_go_first_then_the_least_important_then_the_largest() -> None:
    modest, greedy, greedier = pod("modest", asks="1Gi"), pod("greedy", asks="4Mi"), pod("greedier")
    favoured, exempt = pod("favoured", priority=100), pod("exempt", priority=2_000_001_000)
    left = [exempt, modest, favoured, greedy, greedier, pod("new", started=False)]
    order = []
    while (gone := pressure.victim(left, MEMORY)) is not None:
        order.append(gone["metadata"]["name"])
        left.remove(gone)
    assert order == ["greedier", "greedy", "favoured", "modest"]


def test_one_look_every_ten_seconds_from_the_condition_on() -> None:
    low = node("MemoryPressure")
    assert pressure.next_look(low, AT) == AT + 10 * SECOND
    assert pressure.next_look(low, AT + 10 * SECOND) == AT + 20 * SECOND
    assert pressure.next_look(node(), AT) is None
    assert pressure.evicts_now(low, AT) is None
    assert pressure.evicts_now(low, AT + 10 * SECOND) is MEMORY
    assert pressure.evicts_now(low, AT + 11 * SECOND) is None


def test_message_names_who_takes_more_than_they_asked_for() -> None:
    text = pressure.eviction_message(pod("a", asks="1Mi"), MEMORY)
    assert text.startswith("The node was low on resource: memory. Threshold quantity: 100Mi, available: ")
    assert text.endswith("request is 1Mi, has larger consumption of memory. ")
    assert "Container" not in pressure.eviction_message(pod("a", asks="1Gi"), MEMORY)
    assert "ephemeral-storage" in pressure.eviction_message(pod("a"), DISK)
