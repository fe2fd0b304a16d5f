"""Types of expressions before they run, and the refusals of those that cannot.

Models: cel-go, checker/checker.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clusters.machinery.cel import validators
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
from clusters.machinery.cel.errors import CompileError, Issue
from clusters.machinery.cel.overloads import Library, Overload
from clusters.machinery.cel.types import (
    ANY_MAP,
    BOOL,
    DYN,
    ERROR,
    INT,
    TYPE,
    ObjectType,
    Type,
    assignable,
    join,
    list_of,
    map_of,
    optional_of,
    substitute,
)

_BOOLEAN = ("_&&_", "_||_")
_SORTABLE = frozenset(("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"))


class Checker:
    """One check. `structs` tells the type of the objects that an expression may build, by name."""

    def __init__(
        self, source: str, library: Library, variables: Mapping[str, Type], structs: Mapping[str, Type] | None
    ) -> None:
        self._source = source
        self._library = library
        self._scopes: list[Mapping[str, Type]] = [dict.fromkeys(library.names, TYPE), variables]
        self._structs = structs
        self._issues: list[Issue] = []
        self.used: set[str] = set()
        """Variables of the environment that the expression refers to."""
        self._outer = variables
        self._mixed = False
        self.types: dict[int, Type] = {}
        """Of the nodes, by identity."""
        self._literal_calls: list[Call] = []
        """Those whose literal arguments may be wrong in themselves."""

    def check(self, node: Node) -> Type:
        """The expression's type. Raises CompileError."""
        found = self._type(node)
        if not self._issues:
            self._issues = validators.issues(self._literal_calls, self.types)
        if self._issues:
            raise CompileError(self._source, sorted(self._issues, key=lambda issue: issue.offset))
        return found

    def _wrong(self, at: int, text: str) -> Type:
        self._issues.append(Issue(at, text))
        return ERROR

    def _type(self, node: Node) -> Type:
        mixed = self._mixed
        self._mixed = mixed and isinstance(node, ListOf | MapOf)
        found = self.types[id(node)] = self._type_of(node)
        self._mixed = mixed
        return found

    def _type_of(self, node: Node) -> Type:
        if isinstance(node, Literal):
            return node.type
        if isinstance(node, Ident):
            return self._ident(node)
        if isinstance(node, Select):
            return self._select(node)
        if isinstance(node, Index):
            return self._index(node)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, ListOf):
            return self._list(node)
        if isinstance(node, MapOf):
            return self._map(node)
        if isinstance(node, Struct):
            return self._struct(node)
        assert isinstance(node, Macro)
        return self._macro(node)

    def _lookup(self, name: str) -> Type | None:
        for scope in reversed(self._scopes):
            if name in scope:
                if scope is self._outer:
                    self.used.add(name)
                return scope[name]
        return None

    def _ident(self, node: Ident) -> Type:
        found = self._lookup(node.name)
        if found is None:
            return self._wrong(node.at, f"undeclared reference to '{node.name}' (in container '')")
        return found

    def _select(self, node: Select) -> Type:
        operand = self._type(node.operand)
        wrapped = False
        if operand.name == "optional_type" and operand.params:
            operand, wrapped = operand.params[0], True
        result: Type
        if operand in (DYN, ERROR):
            result = DYN
        elif isinstance(operand, ObjectType):
            found = operand.fields.get(node.name)
            if found is None and not operand.open:
                return self._wrong(node.at, f"undefined field '{node.name}'")
            result = found if found is not None else DYN
        elif operand.name == "map" and operand.params:
            result = operand.params[1]
        else:
            return self._wrong(node.at, f"type '{operand}' does not support field selection")
        if node.test:
            return BOOL
        return optional_of(result) if wrapped or node.optional else result

    def _index(self, node: Index) -> Type:
        operand, index = self._type(node.operand), self._type(node.index)
        plain, wrapped = operand, False
        if operand.name == "optional_type" and operand.params:
            plain, wrapped = operand.params[0], True
        if plain in (DYN, ERROR):
            result: Type | None = DYN
        elif plain.name == "list" and assignable(INT, index, {}):
            result = plain.params[0]
        elif plain.name == "map" and assignable(plain.params[0], index, {}):
            result = plain.params[1]
        else:
            result = None
        if result is None:
            name = "_[?_]" if node.optional else "_[_]"
            return self._no_overload(node.at, name, [operand, index], None)
        return optional_of(result) if wrapped or node.optional else result

    def _call(self, node: Call) -> Type:
        if node.name in validators.CHECKED:
            self._literal_calls.append(node)
        if node.target is not None:
            return self._method(node, node.target)
        args = [self._type(arg) for arg in node.args]
        if node.name in _BOOLEAN:
            for arg, found in zip(node.args, args):
                if not assignable(BOOL, found, {}):
                    self._wrong(arg.at, f"expected type 'bool' but found '{found}'")
            return BOOL
        if node.name == "_?_:_":
            return self._conditional(node, args)
        listed = self._library.functions.get(node.name)
        if listed is None:
            return self._wrong(node.at, f"undeclared reference to '{node.name}' (in container '')")
        return self._resolve(node.at, node.name, listed, args, None)

    def _conditional(self, node: Call, args: list[Type]) -> Type:
        joined = join(args[1], args[2]) if ERROR not in args else ERROR
        if joined is None or not assignable(BOOL, args[0], {}):
            return self._no_overload(node.at, "_?_:_", args, None)
        return joined

    def _method(self, node: Call, target: Node) -> Type:
        qualified = _dotted(target)
        if qualified and self._lookup(qualified.partition(".")[0]) is None:
            name = f"{qualified}.{node.name}"
            listed = self._library.functions.get(name)
            if listed is not None:
                node.namespaced = name
                return self._resolve(node.at, name, listed, [self._type(arg) for arg in node.args], None)
        operand = self._type(target)
        self._mixed = node.name == "format"  # the one list whose items may be of several types
        args = [self._type(arg) for arg in node.args]
        self._mixed = False
        listed = self._library.methods.get(node.name)
        if listed is None:
            return self._wrong(node.at, f"undeclared reference to '{node.name}' (in container '')")
        return self._resolve(node.at, node.name, listed, args, operand)

    def _resolve(self, at: int, name: str, listed: Sequence[Overload], args: list[Type], target: Type | None) -> Type:
        given = args if target is None else [target, *args]
        if ERROR in given:
            return ERROR
        result: Type | None = None
        for overload in listed:
            if len(overload.args) != len(given):
                continue
            bound: dict[str, Type] = {}
            if all(assignable(want, have, bound) for want, have in zip(overload.args, given)):
                found = substitute(overload.result, bound)
                if result is None:
                    result = found
                elif result != found:
                    return DYN
        if result is None:
            return self._no_overload(at, name, args, target)
        return result

    def _no_overload(self, at: int, name: str, args: Sequence[Type], target: Type | None) -> Type:
        if ERROR in args or target is ERROR:
            return ERROR
        signature = f"({', '.join(map(str, args))})"
        if target is not None:
            signature = f"{target}.{signature}"
        return self._wrong(at, f"found no matching overload for '{name}' applied to '{signature}'")

    def _join(self, at: int, known: Type | None, found: Type) -> Type:
        if self._mixed:
            return DYN
        if known is None:
            return found
        joined = join(known, found)
        if joined is None:
            self._wrong(at, f"expected type '{known}' but found '{found}'")
            return known
        return joined

    def _list(self, node: ListOf) -> Type:
        item: Type | None = None
        for i, each in enumerate(node.items):
            found = self._type(each)
            if i in node.optional:
                found = found.params[0] if found.params else DYN
            item = self._join(each.at, item, found)
        return list_of(item if item is not None else DYN)

    def _map(self, node: MapOf) -> Type:
        key: Type | None = None
        value: Type | None = None
        for entry in node.entries:
            assert isinstance(entry.key, Node)
            key = self._join(entry.key.at, key, self._type(entry.key))
            value = self._join(entry.value.at, value, self._value(entry))
        if key is None or value is None:
            return ANY_MAP
        return map_of(key, value)

    def _value(self, entry: Entry) -> Type:
        found = self._type(entry.value)
        if entry.optional:
            return found.params[0] if found.params else DYN
        return found

    def _struct(self, node: Struct) -> Type:
        known = self._structs.get(node.name) if self._structs is not None else None
        if known is None and self._structs is not None and node.name.partition(".")[0] in self._structs:
            known = ObjectType(node.name, {}, open_=True)
        if known is None:
            return self._wrong(node.at, f"undeclared reference to '{node.name}' (in container '')")
        for entry in node.entries:
            found = self._value(entry)
            assert isinstance(entry.key, str)
            if not isinstance(known, ObjectType):
                continue
            wanted = known.fields.get(entry.key)
            if wanted is None:
                if not known.open:
                    self._wrong(entry.at, f"undefined field '{entry.key}'")
            elif not assignable(wanted, found, {}):
                text = f"expected type of field '{entry.key}' is '{wanted}' but provided type is '{found}'"
                self._wrong(entry.at, text)
        return known

    # macros

    def _macro(self, node: Macro) -> Type:
        ranged = self._type(node.range)
        if node.name in ("optMap", "optFlatMap"):
            inner = ranged.params[0] if ranged.name == "optional_type" and ranged.params else DYN
            result = self._scoped({node.variables[0]: inner}, node.bodies)[0]
            return result if node.name == "optFlatMap" else optional_of(result)
        kinds = self._range_types(node, ranged)
        bodies = self._scoped(dict(zip(node.variables, kinds)), node.bodies)
        if node.filtered or node.name in ("all", "exists", "exists_one", "existsOne", "filter"):
            if not assignable(BOOL, bodies[0], {}):
                self._wrong(node.bodies[0].at, f"expected type 'bool' but found '{bodies[0]}'")
        if node.name in ("all", "exists", "exists_one", "existsOne"):
            return BOOL
        if node.name == "filter":
            return list_of(kinds[0])
        if node.name in ("map", "transformList"):
            return list_of(bodies[-1])
        if node.name == "sortBy":
            return self._sorted(node, list_of(kinds[0]), list_of(bodies[0]))
        if node.name == "transformMap":
            return map_of(kinds[0], bodies[-1])
        return bodies[-1]

    def _sorted(self, node: Macro, items: Type, keys: Type) -> Type:
        (key,) = keys.params
        if key in (DYN, ERROR) or (not key.params and key.name in _SORTABLE):
            return items
        return self._no_overload(node.at, "@sortByAssociatedKeys", [keys], items)

    def _range_types(self, node: Macro, ranged: Type) -> list[Type]:
        two = len(node.variables) == 2
        if ranged.name == "list" and ranged.params:
            return [INT, ranged.params[0]] if two else [ranged.params[0]]
        if ranged.name == "map" and ranged.params:
            return list(ranged.params) if two else [ranged.params[0]]
        if ranged not in (DYN, ERROR):
            text = f"expression of type '{ranged}' cannot be range of a comprehension (must be list, map, or dynamic)"
            self._wrong(node.range.at, text)
        return [DYN, DYN]

    def _scoped(self, variables: Mapping[str, Type], bodies: Sequence[Node]) -> list[Type]:
        self._scopes.append(variables)
        try:
            return [self._type(body) for body in bodies]
        finally:
            self._scopes.pop()


def _dotted(node: Node) -> str:
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test and not node.optional:
        inner = _dotted(node.operand)
        return f"{inner}.{node.name}" if inner else ""
    return ""
