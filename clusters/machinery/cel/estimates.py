"""What an expression may cost at worst, told before it runs.

Costs and sizes are ranges; the numbers are part of the API, since rules that may cost too much are refused. Sizes
come from whoever knows the values: by path (`self`, `spec`, `@items`, ...), the most elements a value may have.
Models: cel-go, checker/cost.go; apiserver, pkg/cel/library/cost.go (in `estimates_of_calls`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from clusters.machinery.cel.ast import Call, Ident, Index, ListOf, Literal, Macro, MapOf, Node, Select, Struct
from clusters.machinery.cel.estimates_of_calls import known
from clusters.machinery.cel.ranges import TRAVERSAL, UNKNOWN, CallEstimate, Operand, Path, Range, fixed
from clusters.machinery.cel.types import DYN, Type

LIST, MAP, STRUCT = 10, 30, 40
_NOTHING, _ONE = fixed(0), fixed(1)
_SCALARS = frozenset(("bool", "double", "duration", "int", "timestamp", "uint"))
_TEXTS = frozenset(("string", "bytes"))
_COMPARED = frozenset(("_<_", "_<=_", "_>_", "_>=_"))
SizeOf = Callable[[Path], int | None]


class _Local(NamedTuple):
    """A variable of a comprehension."""

    path: Path
    size: Range | None
    entry: Range | None = None
    """The size of its elements, if it is a container of known ones."""


class Estimator:
    """One estimate. `size_of`: the most elements of the value at a path; None if nobody knows."""

    def __init__(self, types: Mapping[int, Type], size_of: SizeOf) -> None:
        self._types = types
        self._size_of = size_of
        self._paths: dict[int, Path] = {}
        self._sizes: dict[int, Range] = {}
        self._entries: dict[int, Range] = {}
        self._locals: dict[str, list[_Local]] = {}

    def cost(self, node: Node) -> Range:
        if isinstance(node, Literal):
            return _NOTHING
        if isinstance(node, Ident):
            local = self._local(node.name)
            self._paths[id(node)] = local.path if local is not None else (node.name,)
            return _ONE
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, Index):
            return self._index(node)
        if isinstance(node, ListOf):
            return self._list(node)
        if isinstance(node, MapOf | Struct):
            parts = [part for e in node.entries for part in (e.key, e.value) if isinstance(part, Node)]
            return _total(map(self.cost, parts)).plus(fixed(MAP if isinstance(node, MapOf) else STRUCT))
        if isinstance(node, Macro):
            return self._macro(node)
        assert isinstance(node, Call)
        return self._call(node)

    # what is known of a node

    def _type(self, node: Node) -> Type:
        return self._types.get(id(node), DYN)

    def _path(self, node: Node) -> Path:
        if isinstance(node, Ident) and (local := self._local(node.name)) is not None:
            return local.path
        return self._paths.get(id(node), ())

    def _local(self, name: str) -> _Local | None:
        found = self._locals.get(name)
        return found[-1] if found else None

    @contextmanager
    def _scope(self, **variables: _Local) -> Iterator[None]:
        for name, local in variables.items():
            self._locals.setdefault(name, []).append(local)
        try:
            yield
        finally:
            for name in variables:
                self._locals[name].pop()

    def size_at(self, path: Path) -> Range | None:
        most = self._size_of(path) if path else None
        return Range(0, most) if most is not None else None

    def _size(self, node: Node) -> Range | None:
        known = self._sizes.get(id(node)) or _literal_size(node) or self.size_at(self._path(node))
        if known is not None:
            return known
        type_ = self._type(node)
        if type_.name == "optional_type" and type_.params:
            type_ = type_.params[0]
        if type_.name in _SCALARS:
            return _ONE
        local = self._local(node.name) if isinstance(node, Ident) else None
        return local.size if local is not None else None

    def _sized(self, node: Node) -> Range:
        return self._size(node) or UNKNOWN

    def _entry(self, node: Node) -> Range | None:
        known = self._entries.get(id(node))
        if known is None and isinstance(node, Ident) and (local := self._local(node.name)) is not None:
            return local.entry
        return known

    def _operand(self, node: Node) -> Operand:
        return Operand(self._type(node), self._path(node), self._size(node), node)

    # kinds of nodes

    def _select(self, node: Select) -> Range:
        cost = self.cost(node.operand)
        if node.test:
            return cost
        if node.optional:
            return cost.plus(_ONE)
        owner = self._type(node.operand)
        if owner.name == "map" or hasattr(owner, "fields"):
            cost = cost.plus(_ONE)
        self._paths[id(node)] = (*self._path(node.operand), node.name)
        return cost

    def _index(self, node: Index) -> Range:
        cost = self.cost(node.operand).plus(self.cost(node.index)).plus(_ONE)
        if not node.optional:
            owner = self._type(node.operand)
            self._paths[id(node)] = (*self._path(node.operand), "@items" if owner.name == "list" else "@values")
            size = self._entry(node.operand) or self._size(node)
            if size is not None:
                self._sizes[id(node)] = size
        return cost

    def _list(self, node: ListOf) -> Range:
        cost = _total(map(self.cost, node.items))
        sizes = [self._sized(item) for item in node.items]
        entry = Range(min(s.least for s in sizes), max(s.most for s in sizes)) if sizes else _NOTHING
        self._entries[id(node)] = entry
        return cost.plus(fixed(LIST))

    def _call(self, node: Call) -> Range:
        if node.name == "dyn" and node.args:
            cost = self.cost(node.args[0]).plus(_ONE)
            size, entry = self._size(node.args[0]), self._entry(node.args[0])
            if size is not None:
                self._sizes[id(node)] = size
            if entry is not None:
                self._entries[id(node)] = entry
            return cost
        costs = [self.cost(arg) for arg in node.args]
        if node.name == "_?_:_":
            return self._conditional(node, costs)
        args = _total(costs)
        if node.name in ("_&&_", "_||_"):
            return Range(costs[0].least, args.most)
        name, target, before = node.name, None, _NOTHING
        if node.namespaced:
            name = node.namespaced
        elif node.target is not None:
            before = self.cost(node.target)
            target = self._operand(node.target)
        estimate = self._function(node, name, target, [self._operand(arg) for arg in node.args])
        size = estimate.size or self._size(node)
        if size is not None:
            self._sizes[id(node)] = size
        return before.plus(estimate.cost).plus(args)

    def _conditional(self, node: Call, costs: list[Range]) -> Range:
        _, then, other = node.args
        self._sizes[id(node)] = self._sized(then).or_(self._sized(other))
        entries = self._entry(then), self._entry(other)
        if entries[0] is not None and entries[1] is not None:
            self._entries[id(node)] = entries[0].or_(entries[1])
        return costs[0].plus(costs[1].or_(costs[2]))

    def _function(self, node: Call, name: str, target: Operand | None, args: list[Operand]) -> CallEstimate:
        found = known(name, target, args, self.size_at)
        if found is not None:
            return found
        types = {arg.type.name for arg in args}
        sizes = [arg.size or UNKNOWN for arg in args]
        if name in ("_==_", "_!=_") or (name in _COMPARED and types & {*_TEXTS, "dyn"}):
            most = min(size.most for size in sizes)
            cost = Range(1 if most else 0, most).scaled(TRAVERSAL)
            return CallEstimate(cost if "dyn" not in types or name in ("_==_", "_!=_") else cost.or_(_ONE))
        if name == "_+_" and types & {*_TEXTS, "list", "dyn"}:
            size = sizes[0].plus(sizes[1])
            entries = [self._entry(arg) for arg in node.args]
            if entries[0] is not None and entries[1] is not None:
                self._entries[id(node)] = entries[0].or_(entries[1])
            texts, lists = size.scaled(TRAVERSAL), _ONE
            cost = lists if "list" in types else texts if types & _TEXTS else texts.or_(lists)
            return CallEstimate(cost, size)
        if name == "@in" and args[1].type.name in ("list", "dyn"):
            return CallEstimate(sizes[1] if args[1].type.name == "list" else sizes[1].or_(_ONE))
        return CallEstimate(_ONE)

    # comprehensions

    def _macro(self, node: Macro) -> Range:
        if node.name in ("optMap", "optFlatMap"):
            asked = self.cost(node.range).plus(_ONE)
            bound = self._bound(node, asked)
            return asked.plus(bound if node.name == "optFlatMap" else bound.plus(_ONE))
        if node.name == "sortBy":
            # The list is bound to a variable; that is mapped to keys, and sorted by them.
            bound = self.cost(node.range).plus(fixed(LIST))
            return bound.plus(self._loop(node, "map", _ONE)).plus(fixed(2))
        return self._loop(node, node.name, self.cost(node.range))

    def _bound(self, node: Macro, value: Range) -> Range:
        """The body, with the value in a variable of which nothing more is known."""
        with self._scope(**{node.variables[0]: _Local((), None)}):
            cost = value.plus(fixed(LIST)).plus(self.cost(node.bodies[0]))
            size = self._size(node.bodies[0])
        if size is not None:
            self._sizes[id(node)] = size
        return cost

    def _loop(self, node: Macro, name: str, before: Range) -> Range:
        """Its range, then for each element its condition and its step, then its result."""
        count = self._sized(node.range)
        with self._scope(**self._variables(node)):
            bodies = [self.cost(body) for body in node.bodies]
            last = self._sized(node.bodies[-1])
        step, result, makes = bodies[-1], _ONE, ""
        match name:
            case "all":
                step = step.plus(fixed(3))
            case "exists":
                step = step.plus(fixed(4))
            case "exists_one" | "existsOne":
                step, result = step.plus(fixed(2)), fixed(2)
            case "filter":
                step, makes = step.plus(fixed(13)), "list"
                last = self._sized(Ident(0, node.variables[-1]))
            case "map" | "transformList":
                step, makes = step.plus(fixed(12)), "list"
            case "transformMap":
                step, makes = step.plus(fixed(3)), "map"
            case _:
                step, makes = step.plus(fixed(2)), "map"
        if len(bodies) > 1:
            step = bodies[0].plus(step.or_(_ONE))
        if makes:
            before = before.plus(fixed(LIST if makes == "list" else MAP))
            self._sizes[id(node)] = count
            if makes == "list":
                self._entries[id(node)] = Range(0, last.most)
        else:
            self._sizes[id(node)] = _ONE
        return before.plus(result).plus(count.times(step))

    def _variables(self, node: Macro) -> dict[str, _Local]:
        path, entry = self._path(node.range), self._entry(node.range)
        listed = self._type(node.range).name == "list"
        values = _Local((*path, "@items" if listed else "@values"), entry)
        keys = _Local((*path, "@indices" if listed else "@keys"), _ONE if listed and entry is not None else None)
        if len(node.variables) == 2:
            return dict(zip(node.variables, (keys, values)))
        return {node.variables[0]: values if listed else keys}


def _total(costs: Iterable[Range]) -> Range:
    total = _NOTHING
    for cost in costs:
        total = total.plus(cost)
    return total


def _literal_size(node: Node) -> Range | None:
    if isinstance(node, Literal):
        return fixed(len(node.value)) if isinstance(node.value, str | bytes) else _ONE
    if isinstance(node, ListOf):
        return fixed(len(node.items))
    return fixed(len(node.entries)) if isinstance(node, MapOf) else None
