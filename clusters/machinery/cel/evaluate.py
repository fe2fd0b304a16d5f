"""Trees to closures, and their evaluation. Every closure takes the frame: variables, and what is left to spend.

Models: cel-go, interpreter (errors of one side of a logical operator vanish if the other side decides).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from clusters.machinery.cel.ast import (
    Call,
    Entry,
    Ident,
    Index,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Node,
    Select,
    Struct,
)
from clusters.machinery.cel.errors import CelError, CostExceeded, no_such_overload
from clusters.machinery.cel.overloads import Library, Overload
from clusters.machinery.cel.types import UINT
from clusters.machinery.cel.values import NONE, ObjectValue, Optional, Uint, compare, equal, string_of


class Frame:
    """The variables of one evaluation, and its meter."""

    __slots__ = ("left", "variables")

    def __init__(self, variables: dict[str, Any], limit: int) -> None:
        self.variables = variables
        self.left = limit

    def charge(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise CostExceeded


Step = Callable[[Frame], Any]
_MISSING = object()


class Builder:
    """Builds the closures of one tree."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def build(self, node: Node) -> Step:
        if isinstance(node, Literal):
            return _constant(Uint(node.value) if node.type is UINT else node.value)
        if isinstance(node, Ident):
            return _ident(node.name, self._library)
        if isinstance(node, Select):
            return _select(node, self.build(node.operand))
        if isinstance(node, Index):
            return _index(self.build(node.operand), self.build(node.index), optional=node.optional)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListOf):
            return _list([self.build(n) for n in node.items], node.optional)
        if isinstance(node, MapOf):
            return _map([self._entry(e) for e in node.entries])
        if isinstance(node, Struct):
            return _struct(node.name, [self._entry(e) for e in node.entries])
        assert isinstance(node, Macro)
        return _macro(node, self.build(node.range), [self.build(b) for b in node.bodies])

    def _entry(self, entry: Entry) -> tuple[Step, Step, bool]:
        key = _constant(entry.key) if isinstance(entry.key, str) else self.build(entry.key)
        return key, self.build(entry.value), entry.optional

    def _call(self, node: Call) -> Step:
        args = [self.build(arg) for arg in node.args]
        if node.name == "_&&_":
            return _logical(args, decides=False)
        if node.name == "_||_":
            return _logical(args, decides=True)
        if node.name == "_?_:_":
            return _conditional(*args)
        if node.name in ("_==_", "_!=_"):
            return _equality(args[0], args[1], same=node.name == "_==_")
        if node.target is not None and not node.namespaced:
            return _invoke(self._library.methods.get(node.name, ()), [self.build(node.target), *args])
        return _invoke(self._library.functions.get(node.namespaced or node.name, ()), args)


def _constant(value: Any) -> Step:
    return lambda _frame: value


def _ident(name: str, library: Library) -> Step:
    constant = library.names.get(name, _MISSING)

    def step(frame: Frame) -> Any:
        frame.left -= 1
        if frame.left < 0:
            raise CostExceeded
        value = frame.variables.get(name, constant)
        if value is _MISSING:
            raise CelError(f"no such attribute(s): {name}")
        return value

    return step


def _lookup(value: Any, name: str) -> Any:
    """A member, or _MISSING. Raises CelError for what has no members."""
    if isinstance(value, dict):
        return value.get(name, _MISSING)
    get = getattr(value, "cel_get", None)
    if get is not None:
        return get(name, _MISSING)
    raise no_such_overload()


def _select(node: Select, operand: Step) -> Step:
    name, test, optional = node.name, node.test, node.optional

    def step(frame: Frame) -> Any:
        frame.left -= 1
        if frame.left < 0:
            raise CostExceeded
        value = operand(frame)
        if type(value) is dict and not test and not optional:
            found = value.get(name, _MISSING)
            if found is _MISSING:
                raise CelError(f"no such key: {name}")
            return found
        wrapped = isinstance(value, Optional)
        if wrapped:
            if not value.present:
                return False if test else NONE
            value = value.value
        found = _lookup(value, name)
        if test:
            return found is not _MISSING
        if wrapped or optional:
            return Optional(found) if found is not _MISSING else NONE
        if found is _MISSING:
            raise CelError(f"no such key: {name}")
        return found

    return step


def _index(operand: Step, index: Step, *, optional: bool) -> Step:
    def step(frame: Frame) -> Any:
        frame.charge(1)
        value, at = operand(frame), index(frame)
        if isinstance(value, Optional):
            return _found(value.value, at, optional=True) if value.present else NONE
        return _found(value, at, optional=optional)

    return step


def _found(value: Any, at: Any, *, optional: bool) -> Any:
    if isinstance(value, list):
        if isinstance(at, float) and at.is_integer():
            at = int(at)
        if not isinstance(at, int) or isinstance(at, bool):
            raise no_such_overload()
        if 0 <= at < len(value):
            return Optional(value[at]) if optional else value[at]
        if optional:
            return NONE
        raise CelError(f"index out of bounds: {at}")
    if isinstance(value, dict):
        found = value.get(at, _MISSING) if _is_key(at) else _MISSING
    else:
        found = _lookup(value, at) if isinstance(at, str) else _MISSING
    if found is _MISSING:
        if optional:
            return NONE
        raise CelError(f"no such key: {at if isinstance(at, str) else string_of(at)}")
    return Optional(found) if optional else found


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _list(items: Sequence[Step], optional: frozenset[int]) -> Step:
    def step(frame: Frame) -> Any:
        frame.charge(10 + len(items))
        out = []
        for i, item in enumerate(items):
            value = item(frame)
            if i in optional:
                if value.present:
                    out.append(value.value)
            else:
                out.append(value)
        return out

    return step


def _map(entries: Sequence[tuple[Step, Step, bool]]) -> Step:
    def step(frame: Frame) -> Any:
        frame.charge(30 + len(entries))
        out: dict[Any, Any] = {}
        for key_step, value_step, optional in entries:
            key, value = key_step(frame), value_step(frame)
            if not isinstance(key, str | int):
                raise CelError("unsupported key type")
            if optional:
                if not value.present:
                    continue
                value = value.value
            if key in out:
                raise CelError(f"Failed with repeated key {key}")
            out[key] = value
        return out

    return step


def _struct(name: str, entries: Sequence[tuple[Step, Step, bool]]) -> Step:
    def step(frame: Frame) -> Any:
        frame.charge(40)
        out: dict[str, Any] = {}
        for key_step, value_step, optional in entries:
            value = value_step(frame)
            if optional:
                if not value.present:
                    continue
                value = value.value
            out[key_step(frame)] = value
        return ObjectValue(name, out)

    return step


def _logical(args: Sequence[Step], *, decides: bool) -> Step:
    def step(frame: Frame) -> Any:
        failure: CelError | None = None
        for arg in args:
            try:
                value = arg(frame)
            except CostExceeded:
                raise
            except CelError as error:
                failure = failure or error
                continue
            if value is decides:
                return decides
            if value is not (not decides):
                failure = failure or no_such_overload()
        if failure is not None:
            raise failure
        return not decides

    return step


def _conditional(condition: Step, then: Step, otherwise: Step) -> Step:
    def step(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return otherwise(frame)
        raise no_such_overload()

    return step


def _equality(left: Step, right: Step, *, same: bool) -> Step:
    def step(frame: Frame) -> Any:
        one, other = left(frame), right(frame)
        frame.charge(1 + min(weight(one), weight(other)))
        return equal(one, other) is same

    return step


def weight(value: Any) -> int:
    """What touching the whole of a value costs."""
    if isinstance(value, str | bytes):
        return len(value) // 10
    if isinstance(value, list):
        return sum(1 + weight(v) for v in value)
    if isinstance(value, dict):
        return sum(1 + weight(v) for v in value.values())
    return 0


def _invoke(listed: Sequence[Overload], args: Sequence[Step]) -> Step:
    candidates = [o for o in listed if len(o.args) == len(args)]

    def step(frame: Frame) -> Any:
        values = [arg(frame) for arg in args]
        frame.left -= 1
        for value in values:
            if isinstance(value, str | bytes | list):
                frame.left -= len(value) // 10
        if frame.left < 0:
            raise CostExceeded
        for overload in candidates:
            if overload.fits(values):
                result = overload.run(*values)
                if isinstance(result, str | bytes | list):
                    frame.charge(len(result) // 10)
                return result
        raise no_such_overload()

    return step


# -- comprehensions ------------------------------------------------------------------------------------------


def _macro(node: Macro, ranged: Step, bodies: Sequence[Step]) -> Step:
    if node.name in ("optMap", "optFlatMap"):
        return _opt_map(node.variables[0], ranged, bodies[0], flat=node.name == "optFlatMap")
    run = _RUNS[node.name]
    variables = node.variables
    condition = bodies[0] if node.filtered else None
    body = bodies[-1]

    def step(frame: Frame) -> Any:
        value = ranged(frame)
        outer = frame.variables
        inner = dict(outer)
        frame.variables = inner
        try:
            return run(_Loop(frame, _pairs(value, variables), inner, condition, body, value))
        finally:
            frame.variables = outer

    return step


class _Loop:
    """One run of a comprehension over its range."""

    __slots__ = ("body", "condition", "frame", "inner", "pairs", "value")

    def __init__(
        self,
        frame: Frame,
        pairs: list[tuple[tuple[str, Any], ...]],
        inner: dict[str, Any],
        condition: Step | None,
        body: Step,
        value: Any,
    ) -> None:
        self.frame = frame
        self.pairs = pairs
        self.inner = inner
        self.condition = condition
        self.body = body
        self.value = value

    def bind(self, pair: tuple[tuple[str, Any], ...]) -> None:
        self.frame.charge(2)
        for name, value in pair:
            self.inner[name] = value

    def kept(self) -> bool:
        if self.condition is None:
            return True
        value = self.condition(self.frame)
        if not isinstance(value, bool):
            raise no_such_overload()
        return value


def _pairs(value: Any, variables: Sequence[str]) -> list[tuple[tuple[str, Any], ...]]:
    """What the variables are in each round."""
    if isinstance(value, list):
        if len(variables) == 2:
            return [((variables[0], i), (variables[1], v)) for i, v in enumerate(value)]
        return [((variables[0], v),) for v in value]
    if isinstance(value, dict):
        if len(variables) == 2:
            return [((variables[0], k), (variables[1], v)) for k, v in value.items()]
        return [((variables[0], k),) for k in value]
    raise no_such_overload()


def _quantified(loop: _Loop, *, decides: bool) -> bool:
    failure: CelError | None = None
    for pair in loop.pairs:
        loop.bind(pair)
        try:
            value = loop.body(loop.frame)
        except CostExceeded:
            raise
        except CelError as error:
            failure = failure or error
            continue
        if value is decides:
            return bool(decides)
        if value is not (not decides):
            failure = failure or no_such_overload()
    if failure is not None:
        raise failure
    return not decides


def _exists_one(loop: _Loop) -> bool:
    count = 0
    for pair in loop.pairs:
        loop.bind(pair)
        count += loop.body(loop.frame) is True
    return count == 1


def _mapped(loop: _Loop) -> list[Any]:
    out = []
    for pair in loop.pairs:
        loop.bind(pair)
        if loop.kept():
            out.append(loop.body(loop.frame))
    return out


def _filtered(loop: _Loop) -> list[Any]:
    out = []
    for pair in loop.pairs:
        loop.bind(pair)
        value = loop.body(loop.frame)
        if not isinstance(value, bool):
            raise no_such_overload()
        if value:
            out.append(pair[0][1])
    return out


def _sorted(loop: _Loop) -> list[Any]:
    """The items in the order of the keys that the body makes of them."""
    keyed: list[tuple[Any, Any]] = []
    for pair in loop.pairs:
        loop.bind(pair)
        keyed.append((loop.body(loop.frame), pair[0][1]))
    by_key = cmp_to_key(compare)
    return [item for _, item in sorted(keyed, key=lambda each: by_key(each[0]))]


def _transformed(loop: _Loop) -> dict[Any, Any]:
    out: dict[Any, Any] = {}
    for pair in loop.pairs:
        loop.bind(pair)
        if loop.kept():
            out[pair[0][1]] = loop.body(loop.frame)
    return out


def _transformed_entries(loop: _Loop) -> dict[Any, Any]:
    out: dict[Any, Any] = {}
    for pair in loop.pairs:
        loop.bind(pair)
        if loop.kept():
            for key, value in loop.body(loop.frame).items():
                if key in out:
                    raise CelError(f"insert failed: key {string_of(key)} already exists")
                out[key] = value
    return out


_RUNS: Mapping[str, Callable[[_Loop], Any]] = {
    "all": lambda loop: _quantified(loop, decides=False),
    "exists": lambda loop: _quantified(loop, decides=True),
    "exists_one": _exists_one,
    "existsOne": _exists_one,
    "map": _mapped,
    "filter": _filtered,
    "sortBy": _sorted,
    "transformList": _mapped,
    "transformMap": _transformed,
    "transformMapEntry": _transformed_entries,
}


def _within(name: str, value: Any, body: Step, frame: Frame) -> Any:
    outer = frame.variables
    frame.variables = {**outer, name: value}
    try:
        return body(frame)
    finally:
        frame.variables = outer


def _opt_map(name: str, target: Step, body: Step, *, flat: bool) -> Step:
    def step(frame: Frame) -> Any:
        value = target(frame)
        if not isinstance(value, Optional):
            raise no_such_overload()
        if not value.present:
            return NONE
        result = _within(name, value.value, body, frame)
        return result if flat else Optional(result)

    return step
