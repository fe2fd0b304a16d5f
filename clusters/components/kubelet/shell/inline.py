"""Programs that are given in the command line itself: `python -c`, `perl -e`, `node -e`.

Of Python enough is understood for what stands in manifests: printing, sleeping, environment variables, conditions,
counting loops, an exit code. Of the others, what they print as a plain text. Whatever else such a program does takes a
moment and ends well, for a program of one line is no server.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.components.kubelet.shell.program import Line
from clusters.kernel.clock import SECOND

INTERPRETERS = re.compile(r"(?:python[\d.]*|perl|node|nodejs|ruby|php)")
_OPTION = re.compile(r"-[A-Za-z]*[cer]")
_PRINTS = re.compile(r"(?:print|puts|echo|console\.log)\s*\(?\s*(?:\"([^\"]*)\"|'([^']*)'|bpi\((\d{1,4})\))")
_MOMENT = SECOND
_STEPS = 2000
_TEXT = 4096
_LONG = 8192
_WHOLE = 1 << 63


@dataclass(slots=True)
class Inline:
    """What came of it: lines and end by offsets from its start; `endless` has no end."""

    lines: list[Line] = field(default_factory=list)
    time: int = 0
    code: int = 0
    endless: bool = False


def code_of(args: Sequence[str]) -> str | None:
    """The program among the arguments of an interpreter."""
    for i, word in enumerate(args):
        if _OPTION.fullmatch(word):
            return args[i + 1] if i + 1 < len(args) else None
        if not word.startswith("-"):
            return None
    return None


def run(name: str, code: str, env: Mapping[str, str]) -> Inline:
    out = Inline(time=_MOMENT)
    if name.startswith("python"):
        _Python(out, env).run(code)
        return out
    for double, single, digits in _PRINTS.findall(code):
        text = _pi(int(digits)) if digits else (double or single).replace("\\n", "\n")
        out.lines += [(out.time, line) for line in text.removesuffix("\n").split("\n")]
    return out


def _pi(digits: int) -> str:
    """Pi to so many digits (Machin's formula)."""
    unity = 10 ** (digits + 10)

    def arccot(x: int) -> int:
        total: int = unity // x
        term = total
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    text = str((4 * (4 * arccot(5) - arccot(239))) // 10**11)
    return f"{text[0]}.{text[1:]}"[: digits + 1]


class _Exit(Exception):
    pass


class _Unknown(Exception):
    """More Python than is understood."""


_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.In: lambda x, y: x in y, ast.NotIn: lambda x, y: x not in y, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip


_FUNCTIONS: dict[str, Callable[..., Any]] = {"int": int, "str": str, "len": len, "float": float}


class _Python:
    def __init__(self, out: Inline, env: Mapping[str, str]) -> None:
        self.out = out
        self.env = {k: v for k, v in env.items() if not k.startswith("\0")}
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.steps = 0

    def run(self, code: str) -> None:
        if len(code) > _LONG:
            return
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.out.lines.append((self.out.time, "SyntaxError: invalid syntax"))
            self.out.code = 1
            return
        try:
            self.block(tree.body)
        except (_Exit, _Unknown, RecursionError):
            return
        except (ArithmeticError, TypeError, ValueError, LookupError) as problem:
            self.out.lines.append((self.out.time, "Traceback (most recent call last):"))
            self.out.lines.append((self.out.time, f"{type(problem).__name__}: {problem}"[:_TEXT]))
            self.out.code = 1

    def block(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.steps += 1
            if self.steps > _STEPS:
                self.out.endless = True
                raise _Unknown
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            return
        if isinstance(node, ast.Expr):
            self.value(node.value)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.names[node.targets[0].id] = self.value(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            old = self.names.get(node.target.id)
            self.names[node.target.id] = self._apply(type(node.op), old, self.value(node.value))
        elif isinstance(node, ast.If):
            self.block(node.body if self.value(node.test) else node.orelse)
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            for each in self.value(node.iter):
                self.names[node.target.id] = each
                self.block(node.body)
        elif isinstance(node, ast.While):
            while self.value(node.test):
                self.block(node.body)
        else:
            raise _Unknown

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            if node.id in self.names:
                return self.names[node.id]
            raise _Unknown
        if isinstance(node, ast.JoinedStr):
            return "".join(str(self.value(part)) for part in node.values)[:_TEXT]
        if isinstance(node, ast.FormattedValue):
            return self.value(node.value)
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self.value(each) for each in node.elts]
        if isinstance(node, ast.BoolOp):
            values = [self.value(each) for each in node.values]
            return all(values) if isinstance(node.op, ast.And) else any(values)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            inner = self.value(node.operand)
            return not inner if isinstance(node.op, ast.Not) else -inner
        if isinstance(node, ast.BinOp):
            return self._apply(type(node.op), self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._apply(type(node.ops[0]), self.value(node.left), self.value(node.comparators[0]))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            return self.env[str(self.value(node.slice))]
        if isinstance(node, ast.Call) and not any(k.arg is None for k in node.keywords):
            return self.call(ast.unparse(node.func)[:100], [self.value(arg) for arg in node.args])
        raise _Unknown

    def _apply(self, kind: type[ast.AST], left: Any, right: Any) -> Any:
        if kind not in _OPERATORS or (kind is ast.Mod and isinstance(left, str)):
            raise _Unknown
        if kind is ast.Mult and not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
            raise _Unknown
        result = _OPERATORS[kind](left, right)
        if isinstance(result, int) and abs(result) > _WHOLE:
            raise _Unknown
        return result[:_TEXT] if isinstance(result, (str, list)) else result

    def call(self, name: str, args: list[Any]) -> Any:
        if name == "print":
            text = " ".join(map(str, args))[:_TEXT]
            self.out.lines += [(self.out.time, line) for line in text.split("\n")]
        elif name in ("sys.exit", "exit", "quit", "os._exit"):
            code = args[0] if args else 0
            if isinstance(code, str):
                self.out.lines.append((self.out.time, code))
            self.out.code = code & 255 if isinstance(code, int) else int(code is not None)
            raise _Exit
        elif name in ("time.sleep", "sleep"):
            self.out.time += int(min(max(float(args[0]), 0.0), 1e7) * SECOND) if args else 0
        elif name in ("os.environ.get", "os.getenv"):
            return self.env.get(str(args[0]), args[1] if len(args) > 1 else None)
        elif name in _FUNCTIONS:
            return _FUNCTIONS[name](*args)
        elif name == "range":
            return range(*args)[:_STEPS]
        else:
            raise _Unknown
        return None
