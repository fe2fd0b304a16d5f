"""What is wrong with literals although their types are right: times and patterns that are none, templates that do not
fit their arguments.

Models: cel-go, cel/validator.go and ext/formatting.go (stringFormatValidator).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from clusters.machinery.cel.ast import Call, ListOf, Literal, MapOf, Node
from clusters.machinery.cel.errors import CelError, Issue
from clusters.machinery.cel.library.formatting import ALLOWED, clauses, refusal
from clusters.machinery.cel.library.standard import pattern
from clusters.machinery.cel.types import DYN, STRING, Type
from clusters.machinery.cel.values import parse_duration, parse_timestamp

_PARSED: dict[str, Callable[[str], object]] = {
    "duration": parse_duration,
    "timestamp": parse_timestamp,
    "matches": pattern,
}
CHECKED = frozenset((*_PARSED, "format"))


def issues(calls: Iterable[Call], types: Mapping[int, Type]) -> list[Issue]:
    """The problems of calls of the functions CHECKED."""
    out: list[Issue] = []
    for call in calls:
        out += _template(call, types) if call.name == "format" else _literal(call)
    return out


def _literal(call: Call) -> list[Issue]:
    first = call.args[0] if call.args else None
    if not isinstance(first, Literal) or first.type is not STRING:
        return []
    try:
        _PARSED[call.name](first.value)
    except CelError:
        return [Issue(first.at, f"invalid {call.name} argument")]
    return []


def _template(call: Call, types: Mapping[int, Type]) -> list[Issue]:
    template = call.target
    if not isinstance(template, Literal) or template.type is not STRING or len(call.args) != 1:
        return []
    listed = call.args[0]
    if not isinstance(listed, ListOf):
        return []
    used = 0
    try:
        for clause in clauses(template.value, len(listed.items), lenient=True):
            if not clause.verb:
                continue
            used += 1
            bad = _unfit(clause.verb, listed.items[clause.argument], types)
            if bad is not None:
                return [Issue(bad.at, refusal(clause.verb, types[id(bad)].name))]
    except CelError as error:
        return [Issue(call.at, str(error))]
    if len(listed.items) > used:
        given = len(listed.items)
        return [Issue(call.at, f"too many arguments supplied to string.format (expected {used}, got {given})")]
    return []


def _unfit(verb: str, node: Node, types: Mapping[int, Type]) -> Node | None:
    """The node whose type the clause does not take."""
    found = types[id(node)]
    if found is not DYN and found.name not in ALLOWED[verb]:
        return node
    inner: list[Node] = []
    if verb == "s" and isinstance(node, ListOf):
        inner = node.items
    elif verb == "s" and isinstance(node, MapOf):
        inner = [part for entry in node.entries for part in (entry.key, entry.value) if isinstance(part, Node)]
    return next((bad for each in inner if (bad := _unfit(verb, each, types)) is not None), None)
