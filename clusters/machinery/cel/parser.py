"""Expressions to trees, with macros expanded into comprehensions. Models: cel-go, parser/{parser,macro}.go."""

from __future__ import annotations

from collections.abc import Callable

from clusters.machinery.cel.ast import Call, Entry, Ident, Index, ListOf, Literal, Macro, MapOf, Node, Select, Struct
from clusters.machinery.cel.errors import CompileError, Issue
from clusters.machinery.cel.lexer import MAX_LENGTH, RESERVED, SyntaxProblem, Token, tokens
from clusters.machinery.cel.types import BOOL, DOUBLE, INT, NULL

MAX_DEPTH = 40
"""Expressions within expressions (cel-go allows more; each costs a dozen frames of Python's stack)."""
_EXPECTED = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)
_LEVELS = (("<", "<=", ">=", ">", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
_MAX_INT = 1 << 63

# (number of arguments without filter, variables) of methods that are macros.
_ONE_VARIABLE = {
    "all": (2,),
    "exists": (2,),
    "exists_one": (2,),
    "existsOne": (2,),
    "map": (2, 3),
    "filter": (2,),
    "sortBy": (2,),
}
_TWO_VARIABLES = {
    "all": (3,), "exists": (3,), "exists_one": (3,), "existsOne": (3,),
    "transformList": (3, 4), "transformMap": (3, 4), "transformMapEntry": (3, 4),
}  # fmt: skip
_OPTIONAL = ("optMap", "optFlatMap")


def parse(source: str) -> Node:
    """The tree of an expression. Raises CompileError."""
    if len(source) > MAX_LENGTH:
        text = f"expression code point size exceeds limit: size: {len(source)}, limit {MAX_LENGTH}"
        raise CompileError(source, [Issue(0, text)])
    try:
        parser = _Parser(tokens(source))
        node = parser.expression()
        parser.finish()
    except SyntaxProblem as problem:
        raise CompileError(source, [problem.issue]) from None
    if parser.issues:
        raise CompileError(source, parser.issues)
    return node


class _Parser:
    def __init__(self, listed: list[Token]) -> None:
        self._tokens = listed
        self._i = 0
        self._depth = 0
        self.issues: list[Issue] = []

    # tokens

    @property
    def _now(self) -> Token:
        return self._tokens[self._i]

    def _next(self) -> Token:
        token = self._tokens[self._i]
        self._i += 1
        return token

    def _is(self, *texts: str) -> bool:
        token = self._now
        return (token.kind == "op" or (token.kind == "ident" and token.text == "in")) and token.text in texts

    def _take(self, text: str) -> Token | None:
        return self._next() if self._is(text) else None

    def _expect(self, text: str, expecting: str = "") -> Token:
        if self._is(text):
            return self._next()
        token = self._now
        if token.kind == "end":
            raise SyntaxProblem(token.at, expecting or f"missing '{text}' at '<EOF>'")
        raise SyntaxProblem(token.at, expecting or f"mismatched input '{token.text}' expecting '{text}'")

    def finish(self) -> None:
        token = self._now
        if token.kind != "end":
            raise SyntaxProblem(token.at, f"extraneous input '{token.text}' expecting <EOF>")

    def _name(self) -> Token:
        token = self._now
        if token.kind not in ("ident", "quoted"):
            raise SyntaxProblem(
                token.at, f"no viable alternative at input '.{'' if token.kind == 'end' else token.text}'"
            )
        return self._next()

    # expressions

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SyntaxProblem(self._now.at, f"expression recursion limit exceeded: {MAX_DEPTH}")
        condition = self._logical("||", "_||_", lambda: self._logical("&&", "_&&_", lambda: self._binary(0)))
        if self._is("?"):
            at = self._next().at
            then = self._logical("||", "_||_", lambda: self._logical("&&", "_&&_", lambda: self._binary(0)))
            self._expect(":")
            condition = Call(at, "_?_:_", [condition, then, self.expression()])
        self._depth -= 1
        return condition

    def _logical(self, operator: str, name: str, operand: Callable[[], Node]) -> Node:
        left: Node = operand()
        if not self._is(operator):
            return left
        operands, at = [left], self._now.at
        while self._take(operator):
            operands.append(operand())
        return Call(at, name, operands)

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._is(*_LEVELS[level]):
            token = self._next()
            name = "@in" if token.text == "in" else f"_{token.text}_"
            left = Call(token.at, name, [left, self._binary(level + 1)])
        return left

    def _unary(self) -> Node:
        if not self._is("!", "-"):
            return self._member(self._primary())
        first = self._next()
        count = 1
        while self._is(first.text):
            self._next()
            count += 1
        if first.text == "-" and self._now.kind == "literal" and self._now.type in (INT, DOUBLE) and count % 2:
            return self._member(self._literal(self._next(), negative=True, at=first.at))
        operand = self._member(self._primary())
        if count % 2 == 0:
            return operand
        return Call(first.at, "!_" if first.text == "!" else "-_", [operand])

    def _literal(self, token: Token, *, negative: bool = False, at: int = -1) -> Node:
        value, type_ = token.value, token.type
        assert type_ is not None
        if type_ is INT and value >= _MAX_INT and not (negative and value == _MAX_INT):
            raise SyntaxProblem(token.at, "invalid int literal", literal=True)
        return Literal(token.at if at < 0 else at, -value if negative else value, type_)

    def _primary(self) -> Node:
        token = self._now
        if token.kind == "literal":
            return self._literal(self._next())
        if token.kind == "ident":
            return self._identifier(self._next(), absolute=False)
        if self._is("."):
            self._next()
            return self._identifier(self._name(), absolute=True)
        if self._is("("):
            self._next()
            inner = self.expression()
            self._expect(")")
            return inner
        if self._is("["):
            return self._list(self._next().at)
        if self._is("{"):
            at = self._next().at
            return MapOf(at, self._entries(named=False))
        if token.kind == "end":
            raise SyntaxProblem(token.at, f"mismatched input '<EOF>' expecting {_EXPECTED}")
        raise SyntaxProblem(token.at, f"extraneous input '{token.text}' expecting {_EXPECTED}")

    def _identifier(self, token: Token, *, absolute: bool) -> Node:
        text = token.text
        if text in ("true", "false") and not absolute:
            return Literal(token.at, text == "true", BOOL)
        if text == "null" and not absolute:
            return Literal(token.at, None, NULL)
        if text in RESERVED:
            self.issues.append(Issue(token.at, f"reserved identifier: {text}"))
        if self._is("("):
            at = self._next().at
            args = self._arguments()
            return self._function(at, text, args)
        return Ident(token.at, text, absolute)

    def _arguments(self) -> list[Node]:
        args: list[Node] = []
        if not self._is(")"):
            args.append(self.expression())
            while self._take(","):
                args.append(self.expression())
        self._expect(")")
        return args

    def _list(self, at: int) -> Node:
        items: list[Node] = []
        optional: set[int] = set()
        while not self._is("]"):
            if self._take("?"):
                optional.add(len(items))
            items.append(self.expression())
            if not self._take(","):
                break
        self._expect("]")
        return ListOf(at, items, frozenset(optional))

    def _entries(self, *, named: bool) -> list[Entry]:
        entries: list[Entry] = []
        while not self._is("}"):
            optional = self._take("?") is not None
            if named:
                name = self._name()
                at = self._expect(":").at
                entries.append(Entry(at, name.text, self.expression(), optional))
            else:
                key = self.expression()
                at = self._expect(":").at
                entries.append(Entry(at, key, self.expression(), optional))
            if not self._take(","):
                break
        self._expect("}")
        return entries

    def _member(self, node: Node) -> Node:
        while True:
            if self._is("."):
                node = self._dot(node, self._next().at)
            elif self._is("["):
                at = self._next().at
                optional = self._take("?") is not None
                index = self.expression()
                self._expect("]")
                node = Index(at, node, index, optional)
            elif self._is("{") and (name := _dotted(node)):
                at = self._next().at
                node = Struct(at, name, self._entries(named=True))
            else:
                return node

    def _dot(self, node: Node, at: int) -> Node:
        optional = self._take("?") is not None
        name = self._name()
        if self._is("(") and not optional and name.kind == "ident":
            open_at = self._next().at
            return self._method(open_at, node, name.text, self._arguments())
        return Select(at, node, name.text, optional=optional)

    # macros

    def _function(self, at: int, name: str, args: list[Node]) -> Node:
        if name == "has" and len(args) == 1:
            target = args[0]
            if isinstance(target, Select) and not target.optional:
                return Select(target.at, target.operand, target.name, test=True)
            self.issues.append(Issue(target.at, "invalid argument to has() macro"))
        return Call(at, name, args)

    def _method(self, at: int, target: Node, name: str, args: list[Node]) -> Node:
        if name in _OPTIONAL and len(args) == 2:
            variables = self._variables(args[:1], f"{name}() variable name must be a simple identifier")
            return Macro(at, name, target, variables, [args[1]], variables_at=[args[0].at])
        if len(args) in _TWO_VARIABLES.get(name, ()) and not (
            name == "map" or len(args) in _ONE_VARIABLE.get(name, ())
        ):
            variables = self._variables(args[:2], "argument must be a simple name")
            return Macro(at, name, target, variables, args[2:], len(args) == 4, [args[0].at, args[1].at])
        if name == "sortBy" and len(args) == 2 and isinstance(target, Literal | MapOf | Struct):
            text = "sortBy can only be applied to a list, identifier, comprehension, call or select expression"
            self.issues.append(Issue(target.at, text))
        if len(args) in _ONE_VARIABLE.get(name, ()):
            variables = self._variables(args[:1], "argument must be a simple name")
            return Macro(at, name, target, variables, args[1:], len(args) == 3, [args[0].at])
        return Call(at, name, args, target)

    def _variables(self, args: list[Node], problem: str) -> list[str]:
        names = []
        for arg in args:
            if isinstance(arg, Ident) and not arg.absolute:
                names.append(arg.name)
            else:
                self.issues.append(Issue(arg.at, problem))
                names.append("_")
        return names


def _dotted(node: Node) -> str:
    """`a.b.c` of a chain of names, or ""."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test and not node.optional:
        inner = _dotted(node.operand)
        return f"{inner}.{node.name}" if inner else ""
    return ""


__all__ = ["parse"]
