"""`$((...))`: whole numbers of 64 bits with C's operators."""

from __future__ import annotations

import re
from collections.abc import Callable

_ASSIGNMENTS = frozenset(("=", "+=", "-=", "*=", "/=", "%="))
_TOKEN = re.compile(r"\s*(\d+|[-+*/%]=|\+\+|--|[A-Za-z_]\w*|\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^!~()?:=])")
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="), ("<<", ">>"), ("+", "-"),
    ("*", "/", "%"),
)  # fmt: skip
_DEPTH = 50


class ArithmeticProblem(Exception):
    pass


def evaluate(text: str, value: Callable[[str], str | None], assign: Callable[[str, str], None]) -> int:
    """Raises ArithmeticProblem."""
    tokens: list[str] = []
    text = re.sub(r"\$\{?(\w+)\}?", r"\1", text.strip())
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or len(tokens) > 500:
            raise ArithmeticProblem(f'"{text}"')
        tokens.append(found.group(1))
        at = found.end()
    if not tokens:
        return 0
    if len(tokens) > 2 and tokens[1] in _ASSIGNMENTS and tokens[0].isidentifier():
        inner = tokens[2:] if tokens[1] == "=" else [tokens[0], tokens[1][:-1], "(", *tokens[2:], ")"]
        result = _Reader(inner, value).whole()
        assign(tokens[0], str(result))
        return result
    if len(tokens) == 2 and ("++" in tokens or "--" in tokens):
        name = tokens[0] if tokens[0].isidentifier() else tokens[-1]
        before = _Reader([name], value).whole()
        after = before + (1 if "++" in tokens else -1)
        assign(name, str(after))
        return before if tokens[0] == name else after
    return _Reader(tokens, value).whole()


class _Reader:
    def __init__(self, tokens: list[str], value: Callable[[str], str | None]) -> None:
        self._tokens = tokens
        self._value = value
        self._at = 0
        self._depth = 0

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def whole(self) -> int:
        out = self._choice()
        if self._peek():
            raise ArithmeticProblem(f'unexpected "{self._peek()}"')
        return out

    def _choice(self) -> int:
        condition = self._binary(0)
        if self._peek() != "?":
            return condition
        self._at += 1
        first = self._choice()
        if self._peek() != ":":
            raise ArithmeticProblem('expecting ":"')
        self._at += 1
        second = self._choice()
        return first if condition else second

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek() in _LEVELS[level]:
            operator = self._peek()
            self._at += 1
            left = _wrap(_apply(operator, left, self._binary(level + 1)))
        return left

    def _unary(self) -> int:
        self._depth += 1
        if self._depth > _DEPTH:
            raise ArithmeticProblem("nested too deeply")
        token = self._peek()
        self._at += 1
        try:
            if token in ("-", "+", "!", "~"):
                inner = self._unary()
                return {"-": -inner, "+": inner, "!": int(not inner), "~": ~inner}[token]
            if token == "(":
                inner = self._choice()
                if self._peek() != ")":
                    raise ArithmeticProblem('expecting ")"')
                self._at += 1
                return inner
            if token.isdigit():
                return _wrap(int(token[:20]))
            if token.isidentifier():
                text = (self._value(token) or "0").strip()
                return _wrap(int(text[:20])) if re.fullmatch(r"-?\d+", text) else 0
        finally:
            self._depth -= 1
        raise ArithmeticProblem(f'unexpected "{token}"' if token else "unexpected end")


def _wrap(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _apply(operator: str, x: int, y: int) -> int:
    if operator in ("/", "%"):
        if y == 0:
            raise ArithmeticProblem("divide by zero")
        quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
        return quotient if operator == "/" else x - quotient * y
    if operator in ("<<", ">>"):
        return x << (y & 63) if operator == "<<" else x >> (y & 63)
    simple = {"+": x + y, "-": x - y, "*": x * y, "&": x & y, "|": x | y, "^": x ^ y}
    if operator in simple:
        return simple[operator]
    tests = {"<": x < y, ">": x > y, "<=": x <= y, ">=": x >= y, "==": x == y, "!=": x != y,
             "&&": bool(x and y), "||": bool(x or y)}  # fmt: skip
    return int(tests[operator])
