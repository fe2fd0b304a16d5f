"""Printing and looking: echo, cat, env, test and their like."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clusters.components.kubelet.console.process import Command, Process, Running, System
from clusters.components.kubelet.script.printing import formatted, unescaped


def echo(p: Process) -> int:
    words, end, escapes = p.args[1:], "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        option = words.pop(0)
        end = "" if "n" in option else end
        escapes = "e" in option or (escapes and "E" not in option)
    text = " ".join(words)
    if escapes:
        text, cut, _ = text.partition("\\c")
        text, end = unescaped(text), "" if cut else end
    p.out((text + end).encode())
    return 0


def printf(p: Process) -> int:
    if len(p.args) < 2:
        p.say("usage: printf FORMAT [ARG...]")
        return 1
    p.out(formatted(p.args[1], p.args[2:]).encode())
    return 0


def cat(p: Process) -> Running:
    parsed = p.options("nuAv")
    if parsed is None:
        return 1
    options, names = parsed
    code, number = 0, 0
    for name in names or ["-"]:
        if name == "-" and "n" not in options:
            # As it comes: with a terminal each line is answered at once.
            while (line := (yield from p.stdin.line())) is not None:
                p.out(line)
            continue
        data = (yield from p.stdin.rest()) if name == "-" else p.read_file(name)
        if data is None:
            code = 1
        elif "n" in options:
            for each in data.decode(errors="replace").splitlines():
                number += 1
                p.print(f"{number:6}\t{each}")
        else:
            p.out(data)
    return code


def env(p: Process) -> int | Running:
    rest = p.args[1:]
    given = dict(p.env)
    while rest:
        if rest[0] in ("-i", "-"):
            given = {}
        elif rest[0] == "-u" and len(rest) > 1:
            given.pop(rest[1], None)
            rest = rest[1:]
        elif "=" in rest[0] and not rest[0].startswith("="):
            name, _, value = rest[0].partition("=")
            given[name] = value
        else:
            break
        rest = rest[1:]
    if rest:
        return _other(p, rest, given)
    for name, value in given.items():
        p.print(f"{name}={value}")
    return 0


def _other(p: Process, words: list[str], given: Mapping[str, str]) -> Running:
    from clusters.components.kubelet.console import tools

    tool = tools.find(words[0], p.system, p.cwd)
    if isinstance(tool, str):
        p.say(f"can't execute '{words[0]}': {tool.replace('not found', 'No such file or directory')}")
        return 127
    below = Process(words, dict(given), p.cwd, p.stdin, p.out, p.err, p.system, p.depth + 1)
    return (yield from tools.run(tool, below))


def printenv(p: Process) -> int:
    if len(p.args) == 1:
        for name, value in p.env.items():
            p.print(f"{name}={value}")
        return 0
    code = 0
    for name in p.args[1:]:
        if name in p.env:
            p.print(p.env[name])
        else:
            code = 1
    return code


def true(p: Process) -> int:
    return 0


def false(p: Process) -> int:
    return 1


def test(p: Process) -> int:
    words = p.args[1:]
    if p.name == "[":
        if not words or words[-1] != "]":
            p.say("missing ]")
            return 2
        words = words[:-1]
    try:
        return 0 if _Test(p, words).whole() else 1
    except ValueError as problem:
        p.say(str(problem))
        return 2


class _Test:
    def __init__(self, p: Process, words: list[str]) -> None:
        self.p = p
        self.words = words
        self.at = 0

    def whole(self) -> bool:
        if not self.words:
            return False
        out = self._or()
        if self.at < len(self.words):
            raise ValueError(f"{self.words[self.at]}: unknown operand")
        return out

    def _or(self) -> bool:
        left = self._and()
        while self.words[self.at : self.at + 1] == ["-o"]:
            self.at += 1
            right = self._and()
            left = left or right
        return left

    def _and(self) -> bool:
        left = self._one()
        while self.words[self.at : self.at + 1] == ["-a"]:
            self.at += 1
            right = self._one()
            left = left and right
        return left

    def _one(self) -> bool:
        rest = self.words[self.at :]
        if not rest:
            raise ValueError("argument expected")
        if rest[0] == "!" and len(rest) > 1:
            self.at += 1
            return not self._one()
        if len(rest) >= 3 and rest[1] in ("=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt"):
            self.at += 3
            return _compared(rest[0], rest[1], rest[2])
        if len(rest) >= 2 and re.fullmatch(r"-[a-zA-Z]", rest[0]):
            self.at += 2
            return holds(rest[0], rest[1], self.p.system, self.p.path(rest[1]))
        self.at += 1
        return rest[0] != ""


def holds(operator: str, word: str, system: System, path: str) -> bool:
    """`-n`, `-f` and the other questions about one word."""
    if operator == "-n":
        return word != ""
    if operator == "-z":
        return word == ""
    if operator == "-t":
        return system.tty and word in ("0", "1", "2")
    file = system.files.get(path)
    if file is None:
        return False
    return {
        "-f": file.data is not None and not file.device,
        "-d": file.data is None,
        "-s": bool(file.data),
        "-x": bool(file.mode & 0o111),
        "-c": file.device,
        "-L": bool(file.link),
        "-h": bool(file.link),
    }.get(operator, True)


def _compared(a: str, operator: str, b: str) -> bool:
    if operator in ("=", "=="):
        return a == b
    if operator == "!=":
        return a != b
    if operator in ("<", ">"):
        return a < b if operator == "<" else a > b
    numbers = []
    for text in (a, b):
        if not re.fullmatch(r"\s*[-+]?\d{1,18}\s*", text):
            raise ValueError(f"{text}: bad number")
        numbers.append(int(text))
    x, y = numbers
    return {"-eq": x == y, "-ne": x != y, "-lt": x < y, "-le": x <= y, "-gt": x > y, "-ge": x >= y}.get(operator, False)


COMMANDS: dict[str, Command] = {
    "echo": echo, "printf": printf, "cat": cat, "env": env, "printenv": printenv, "true": true, "false": false,
    "test": test, "[": test,
}  # fmt: skip
