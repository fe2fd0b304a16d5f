"""Node selectors, taints and tolerations."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.components.scheduler import nodeselector
from clusters.components.scheduler.taints import Taint, tolerated, tolerations_of


def selects(labels: dict[str, str], *expressions: tuple[Any, ...], name: str = "n1") -> bool:
    raw = [{"key": k, "operator": o, "values": list(v)} for k, o, *v in expressions]
    return nodeselector.term({"matchExpressions": raw}).matches(name, labels)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (("size", "In", "5", "6"), True),
        (("size", "In", "6"), False),
        (("missing", "In", "5"), False),
        (("size", "NotIn", "6"), True),
        (("missing", "NotIn", "6"), True),
        (("size", "Exists"), True),
        (("missing", "Exists"), False),
        (("missing", "DoesNotExist"), True),
        (("size", "Gt", "4"), True),
        (("size", "Gt", "5"), False),
        (("size", "Lt", "10"), True),
        (("word", "Gt", "1"), False),
        (("size", "Gt", "four"), False),
        (("missing", "Lt", "4"), False),
        (("size", "Like", "5"), False),
    ],
)
def test_an_expression_on_labels(expression: tuple[Any, ...], expected: bool) -> None:
    assert selects({"size": "5", "word": "five"}, expression) is expected


def test_a_term_without_conditions_selects_nothing_and_no_selector_everything() -> None:
    assert not selects({"a": "b"})
    assert not nodeselector.any_matches((), "n1", {})
    assert nodeselector.any_matches(None, "n1", {})


def test_a_term_may_name_nodes() -> None:
    raw = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1", "n2"]}]}
    term = nodeselector.term(raw)
    assert term.names() == {"n1", "n2"}
    assert term.matches("n2", {})
    assert not term.matches("n3", {})


def covers(toleration: dict[str, str], taint: Taint) -> bool:
    return tolerated(taint, tolerations_of([toleration]))


def test_tolerations() -> None:
    taint = Taint("gpu", "yes", "NoSchedule")
    assert covers({"key": "gpu", "operator": "Exists"}, taint)
    assert covers({"operator": "Exists"}, taint)
    assert covers({"key": "gpu", "value": "yes"}, taint)
    assert covers({"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}, taint)
    assert not covers({"key": "gpu", "value": "no"}, taint)
    assert not covers({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, taint)
    assert not covers({"key": "cpu", "operator": "Exists"}, taint)
