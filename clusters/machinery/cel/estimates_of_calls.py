"""What calls of functions may cost at worst, and how large their results may be.

Models: apiserver, pkg/cel/library/cost.go; cel-go, checker/cost.go (functionCost) and ext/sets.go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from clusters.machinery.cel.ast import Literal
from clusters.machinery.cel.ranges import (
    PATTERN,
    TRAVERSAL,
    UNBOUNDED,
    UNKNOWN,
    CallEstimate,
    Operand,
    Path,
    Range,
    fixed,
)

_ONE = fixed(1)
_AUTHORIZED = fixed(350_000)
_NOMINAL = frozenset(
    (
        *("serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason"),
        *("error", "errored", "fieldSelector", "labelSelector"),
        *("masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast"),
        *("isLinkLocalUnicast", "isGlobalUnicast"),
        *("sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo"),
        *("add", "sub", "major", "minor", "patch", "format.named"),
    )
)
_ADDRESS = Range(4, 16)
_FORMAT_PATTERN = 128
"""The longest regular expression of a named format."""
SizeAt = Callable[[Path], Range | None]
_Rule = Callable[[SizeAt, Operand, Sequence[Operand]], CallEstimate | None]


def known(name: str, target: Operand | None, args: Sequence[Operand], size_at: SizeAt) -> CallEstimate | None:
    """The estimate of a call; None if the function takes the same time whatever it is given."""
    if name == "check":
        return CallEstimate(_AUTHORIZED)
    if name in _NOMINAL:
        return CallEstimate(_ONE)
    if target is None:
        return _function(size_at, name, args)
    rule = _METHODS.get(name)
    return rule(size_at, target, args) if rule is not None else None


def _size(size_at: SizeAt, operand: Operand) -> Range:
    return operand.size or size_at(operand.path) or UNKNOWN


def _function(size_at: SizeAt, name: str, args: Sequence[Operand]) -> CallEstimate | None:
    sizes = [_size(size_at, arg) for arg in args]
    if name.startswith("sets.") and len(args) == 2:
        factor = 2 if name == "sets.equivalent" else 1
        return CallEstimate(sizes[0].times(sizes[1]).scaled(factor).plus(_ONE))
    if len(args) != 1:
        return None
    (size,) = sizes
    match name, args[0].type.name:
        case "url", _:
            return CallEstimate(size.scaled(TRAVERSAL))
        case "bytes", "string":
            return CallEstimate(size.scaled(TRAVERSAL), Range(size.least, min(size.most * 4, UNBOUNDED)))
        case "string", "bytes":
            return CallEstimate(size.scaled(TRAVERSAL), Range(size.least // 4, size.most))
        case "strings.quote", _:
            return CallEstimate(size.scaled(TRAVERSAL), Range(size.least + 2, min(size.most * 2 + 2, UNBOUNDED)))
    return None


def _traverse(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    size = _size(size_at, target)
    return CallEstimate(size.scaled(TRAVERSAL), size)


def _search(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    """One look at every element; texts are looked through."""
    size, item = _size(size_at, target), target.element()
    if item is None:
        return CallEstimate(size.scaled(TRAVERSAL))
    each = _ONE.plus(_size(size_at, item).scaled(TRAVERSAL)) if item.is_text else _ONE
    return CallEstimate(size.times(each))


def _replace(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate | None:
    if len(args) < 2:
        return None
    size, old, new = (_size(size_at, each) for each in (target, args[0], args[1]))
    if not old.least:
        count, kept = min(size.most + 1, UNBOUNDED), size.most
    elif new.most <= old.least:
        count, kept = 0, size.most
    else:
        count, kept = math.ceil(size.most / old.least), 0
    if not old.most:
        fewest, least = min(size.least + 1, UNBOUNDED), size.least
    elif old.most <= new.least:
        fewest, least = 0, size.least
    else:
        fewest, least = math.ceil(size.least / old.most), 0
    result = Range(fewest, count).times(new).plus(Range(least, kept))
    return CallEstimate(size.scaled(2 * TRAVERSAL), result)


def _split(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    size = _size(size_at, target)
    most = size.most
    if len(args) > 1 and isinstance(args[1].node, Literal) and args[1].node.value >= 0:
        most = args[1].node.value
    return CallEstimate(size.scaled(2 * TRAVERSAL), Range(0, most))


def _join(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    count, item = _size(size_at, target), target.element()
    size = count.times(_size(size_at, item)) if item is not None else fixed(0)
    if args:
        between = Range(max(0, count.least - 1), max(0, count.most - 1))
        size = size.plus(_size(size_at, args[0]).times(between))
    return CallEstimate(size.scaled(TRAVERSAL), size)


def _match(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    size = _size(size_at, target)
    return CallEstimate(size.plus(_ONE).scaled(TRAVERSAL).times(_size(size_at, args[0]).scaled(PATTERN)))


def _find(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    return CallEstimate(_match(size_at, target, args).cost, Range(0, _size(size_at, target).most))


def _contains(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    return CallEstimate(_size(size_at, target).scaled(TRAVERSAL).times(_size(size_at, args[0]).scaled(TRAVERSAL)))


def _begins(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    return CallEstimate(_size(size_at, args[0]).scaled(TRAVERSAL))


def _format(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    return CallEstimate(_size(size_at, target).scaled(TRAVERSAL))


def _validate(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    return CallEstimate(_size(size_at, args[0]).scaled(TRAVERSAL).scaled(_FORMAT_PATTERN * PATTERN))


def _contains_ip(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    return CallEstimate(_ADDRESS.plus(_ADDRESS).scaled(TRAVERSAL).plus(_parsed(size_at, args[0])))


def _contains_cidr(size_at: SizeAt, target: Operand, args: Sequence[Operand]) -> CallEstimate:
    masked = _ADDRESS.scaled(TRAVERSAL).plus(_ONE)
    return CallEstimate(_contains_ip(size_at, target, args).cost.plus(masked))


def _parsed(size_at: SizeAt, operand: Operand) -> Range:
    if operand.type.name not in ("string", "dyn"):
        return fixed(0)
    return _size(size_at, operand).scaled(TRAVERSAL)


_METHODS: dict[str, _Rule] = {
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _search),
    **dict.fromkeys(("lowerAscii", "upperAscii", "substring", "trim"), _traverse),
    **dict.fromkeys(("find", "findAll"), _find),
    **dict.fromkeys(("startsWith", "endsWith"), _begins),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "matches": _match,
    "contains": _contains,
    "format": _format,
    "validate": _validate,
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
}
