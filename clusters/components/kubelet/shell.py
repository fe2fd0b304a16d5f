"""What a container's command does, worked out before it runs: a small shell in closed form.

`compile_command` reads a command line (`sleep 30`, `sh -c "echo hi; sleep 5; exit 3"`, `while true; do ...`) and
gives its `Program`: which lines it prints when, which files it makes, when and how it ends. A program that
nobody here knows runs on until it is told to stop, as servers do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from clusters.components.kubelet.timing import duration
from clusters.kernel.clock import MILLISECOND, SECOND

DATE, HOSTNAME = "\x00D", "\x00H"
"""In a line: the time it is printed at; the pod's host name."""
STEP = 10 * MILLISECOND
_MAX_STEPS = 2000
_MAX_TEXT = 4096
_MAX_SCRIPT = 65536

Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Loop:
    """What repeats for ever: from `start`, every `period`, these lines (offsets in the round)."""

    start: int
    period: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Offsets are microseconds since the start. `end` is (offset, exit code), None for one that runs on."""

    lines: tuple[Line, ...] = ()
    loop: Loop | None = None
    end: tuple[int, int] | None = None
    files: tuple[tuple[int, str, bool], ...] = ()
    """(offset, path, whether it is there from then on)."""
    known: bool = True
    """False: nothing is known of it but that it runs on."""
    shell: bool = False
    """Runs as a shell or `sleep` that does not handle SIGTERM as process 1."""

    def has_file(self, path: str, at: int) -> bool:
        present = False
        for offset, name, there in self.files:
            if offset > at:
                break
            if name == path:
                present = there
        return present


RUNS_ON = Program(known=False)


class _Exit(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class _RunsOn(Exception):
    """An endless command: nothing after it happens."""


class _Break(Exception):
    pass


_SHELLS = {"sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash", "/usr/bin/sh"}
_WORD = re.compile(r"""(?:\$\(\([^()]*\)\)|\$\([^()]*\)|[^\s;&|()<>"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""", re.S)
_OPERATOR = re.compile(r"&&|\|\||>>|2>&1|&>|[;&|()<>]|\n")
_QUICK = {
    "ls", "env", "ps", "mkdir", "cp", "mv", "chmod", "chown", "export", "set", "cd", "wget", "curl",
    "nslookup", "uname", "id", "whoami", "pwd", "sed", "grep", "awk", "head", "tr", "cut", "sort", "wc", "dd",
    "sync", "ln", "printenv", "which", "unset", "umask", "trap", "df", "du", "free", "mount", "ping", "stat",
}  # fmt: skip


@lru_cache(maxsize=4096)
def compile_command(command: tuple[str, ...], env: tuple[tuple[str, str], ...] = ()) -> Program:
    """The program of an argument vector with these environment variables. Never raises: a script that is too
    long or too deep for this shell just runs on."""
    if not command or sum(map(len, command)) > _MAX_SCRIPT:
        return RUNS_ON
    try:
        return _compile(command, env)
    except RecursionError:
        return RUNS_ON


def _compile(command: tuple[str, ...], env: tuple[tuple[str, str], ...]) -> Program:
    run = _Run(dict(env))
    shell = command[0] in _SHELLS
    forced: int | None = None
    try:
        if shell:
            script = _script(command)
            if script is None:
                # A shell that reads from an empty standard input ends at once.
                return Program(end=(STEP, 0), shell=True)
            forced = _last_exit(script)
            run.block(_parse(script))
            code = run.code
        else:
            code = run.simple(list(command), top=True)
    except _Exit as end:
        code = end.code
    except _Break:
        code = 0
    except _RunsOn:
        if forced is not None and run.loop is None:
            return run.program((run.time + STEP, forced), shell=shell)
        return run.program(None, shell=shell or command[0].rpartition("/")[2] == "sleep")
    return run.program((run.time + STEP, code), shell=shell or command[0].rpartition("/")[2] == "sleep")


def _script(command: Sequence[str]) -> str | None:
    for i, word in enumerate(command[1:], start=1):
        if word.startswith("-") and "c" in word and not word.startswith("--"):
            return command[i + 1] if i + 1 < len(command) else None
    return None


def _last_exit(script: str) -> int | None:
    """The code of a script that ends in `exit N`, whatever comes before."""
    found = re.search(r"(?:^|[;&|\n]|\s)exit\s+(\d+)\s*;?\s*$", script)
    return int(found.group(1)) & 255 if found else None


# -- parsing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Command:
    words: tuple[str, ...]
    background: bool = False
    redirect: str = ""


@dataclass(frozen=True, slots=True)
class _Compound:
    kind: str
    """while, until, for, if, group."""
    words: tuple[str, ...]
    parts: tuple[_Block, ...]


_Node = _Command | _Compound
_Block = tuple[tuple[str, "_Node"], ...]
"""(connector before it: `;`, `&&`, `||`, node)."""


def _tokens(text: str) -> list[str]:
    out: list[str] = []
    at = 0
    text = re.sub(r"\\\n", " ", text)
    while at < len(text):
        if text[at] in " \t\r":
            at += 1
            continue
        if text[at] == "#" and (at == 0 or text[at - 1] in " \t\n;"):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
            continue
        found = _OPERATOR.match(text, at) or _WORD.match(text, at)
        if found is None:
            at += 1
            continue
        out.append(found.group())
        at = found.end()
    return out


def _parse(text: str) -> _Block:
    tokens = _tokens(text)
    block, _ = _block(tokens, 0, ())
    return block


def _block(tokens: list[str], at: int, stops: tuple[str, ...]) -> tuple[_Block, int]:
    out: list[tuple[str, _Node]] = []
    connector = ";"
    while at < len(tokens):
        token = tokens[at]
        if token in stops:
            break
        if token in (";", "\n", "&"):
            connector, at = ";", at + 1
            continue
        if token in ("&&", "||"):
            connector, at = token, at + 1
            continue
        node, after = _node(tokens, at)
        out.append((connector, node))
        connector, at = ";", max(after, at + 1)
    return tuple(out), at


def _node(tokens: list[str], at: int) -> tuple[_Node, int]:
    token = tokens[at]
    if token in ("while", "until"):
        condition, at = _block(tokens, at + 1, ("do",))
        body, at = _block(tokens, at + 1, ("done",))
        return _Compound(token, (), (condition, body)), at + 1
    if token == "for":
        words: list[str] = []
        at += 1
        while at < len(tokens) and tokens[at] not in ("do", ";", "\n"):
            words.append(tokens[at])
            at += 1
        _, at = _block(tokens, at, ("do",))
        body, at = _block(tokens, at + 1, ("done",))
        return _Compound("for", tuple(words), (body,)), at + 1
    if token == "if":
        condition, at = _block(tokens, at + 1, ("then",))
        then, at = _block(tokens, at + 1, ("else", "elif", "fi"))
        other: _Block = ()
        if at < len(tokens) and tokens[at] == "elif":
            nested, at = _node(["if", *tokens[at + 1 :]], 0)[0], len(tokens)
            return _Compound("if", (), (condition, then, ((";", nested),))), at
        if at < len(tokens) and tokens[at] == "else":
            other, at = _block(tokens, at + 1, ("fi",))
        return _Compound("if", (), (condition, then, other)), at + 1
    if token in ("(", "{"):
        body, at = _block(tokens, at + 1, (")" if token == "(" else "}",))
        return _Compound("group", (), (body,)), at + 1
    return _command(tokens, at)


def _command(tokens: list[str], at: int) -> tuple[_Command, int]:
    words: list[str] = []
    redirect, background, piped = "", False, False
    while at < len(tokens):
        token = tokens[at]
        if token in (";", "\n", "&&", "||", ")", "do", "done", "then", "fi") and (words or token == ")"):
            break
        if token == "&":
            background, at = True, at + 1
            break
        if token == "|":
            piped = True
        elif token in (">", ">>", "<", "&>"):
            at += 1
            if token != "<" and at < len(tokens):
                redirect = tokens[at]
        elif token != "2>&1" and not piped:
            words.append(token)
        at += 1
    return _Command(tuple(words), background, redirect), at


# -- running ------------------------------------------------------------------------------------------------


class _Run:
    """One execution in virtual time."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self.time = 0
        self.code = 0
        self.steps = 0
        self.lines: list[Line] = []
        self.files: list[tuple[int, str, bool]] = []
        self.loop: Loop | None = None
        self.known = True

    def program(self, end: tuple[int, int] | None, *, shell: bool) -> Program:
        known = self.known or bool(self.lines) or end is not None or self.loop is not None
        return Program(tuple(self.lines), self.loop, end, tuple(self.files), known, shell)

    def block(self, block: _Block) -> None:
        for connector, node in block:
            if (connector == "&&" and self.code) or (connector == "||" and not self.code):
                continue
            self.node(node)

    def node(self, node: _Node) -> None:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise _RunsOn
        if isinstance(node, _Command):
            self._one(node)
        elif node.kind == "group":
            self.block(node.parts[0])
        elif node.kind == "if":
            self.block(node.parts[0])
            chosen = node.parts[1] if self.code == 0 else node.parts[2]
            self.code = 0
            self.block(chosen)
        elif node.kind == "for":
            self._for(node)
        else:
            self._while(node)

    def _for(self, node: _Compound) -> None:
        name = node.words[0] if node.words else "_"
        values = [v for word in node.words[2:] for v in self.expand(word).split()]
        for value in values:
            self.env[name] = value
            try:
                self.block(node.parts[0])
            except _Break:
                break

    def _while(self, node: _Compound) -> None:
        endless = _endless(node)
        while True:
            began, printed = self.time, len(self.lines)
            self.code = 0
            self.block(node.parts[0])
            if (self.code == 0) == (node.kind == "until"):
                self.code = 0
                return
            try:
                self.block(node.parts[1])
            except _Break:
                return
            self.steps += 1
            if endless or self.steps > _MAX_STEPS:
                # Every round is like this one.
                period = max(self.time - began, SECOND)
                lines = tuple((t - began, text) for t, text in self.lines[printed:])
                del self.lines[printed:]
                self.loop = Loop(began, period, lines)
                raise _RunsOn
            if self.time == began:
                self.time += STEP

    def _one(self, command: _Command) -> None:
        if not command.words:
            return
        if command.background:
            return
        words = [self.expand(w) for w in command.words]
        while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.S):
            name, _, value = words.pop(0).partition("=")
            self.env[name] = value[:_MAX_TEXT]
        if not words:
            self.code = 0
            return
        printed = len(self.lines)
        self.code = self.simple(words)
        if command.redirect and command.redirect != "/dev/stdout":
            del self.lines[printed:]
            self.files.append((self.time, self.expand(command.redirect), True))

    def simple(self, words: list[str], *, top: bool = False) -> int:
        """Run one command; its exit code. Raises _RunsOn for one that does not end."""
        name, args = words[0].rpartition("/")[2], words[1:]
        if name in ("exec", "time", "nohup", "tini", "dumb-init", "timeout"):
            rest = args[1:] if name in ("timeout", "dumb-init", "tini") and args[:1] == ["--"] else args
            return self.simple(rest, top=top) if rest else 0
        if name in _SHELLS:
            script = _script(words)
            if script is not None:
                self.block(_parse(script))
                return self.code
            return 0
        if name == "exit":
            raise _Exit(int(args[0]) & 255 if args and args[0].isdigit() else self.code)
        if name == "break":
            raise _Break
        if name in ("true", ":", "continue", "read"):
            return 0
        if name == "false":
            return 1
        if name == "sleep":
            return self._sleep(args)
        if name in ("echo", "printf"):
            self._print(" ".join(args[1:] if args[:1] in (["-e"], ["-n"]) else args))
            return 0
        if name == "date":
            self._print(DATE)
            return 0
        if name == "hostname":
            self._print(HOSTNAME)
            return 0
        if name == "touch":
            self.files += [(self.time, path, True) for path in args if not path.startswith("-")]
            return 0
        if name == "rm":
            self.files += [(self.time, path, False) for path in args if not path.startswith("-")]
            return 0
        if name in ("cat", "test", "[") and args:
            return self._look(name, args)
        if name == "tail" and any(a in ("-f", "-F") for a in args):
            raise _RunsOn
        if name == "seq":
            for value in _seq(args):
                self._print(value)
            return 0
        if name in _QUICK or name == "tail":
            self.time += STEP
            return 0
        self.known = False
        raise _RunsOn

    def _print(self, text: str) -> None:
        self.lines += [(self.time, line) for line in text.replace("\\n", "\n").removesuffix("\n").split("\n")]

    def _sleep(self, args: Sequence[str]) -> int:
        if args[:1] in (["infinity"], ["inf"]):
            raise _RunsOn
        total = 0
        for arg in args:
            length = duration(arg)
            if length is None:
                return 1
            total += length
        self.time += total
        return 0

    def _look(self, name: str, args: Sequence[str]) -> int:
        path = next((a for a in args if a.startswith("/")), "")
        if name == "cat" or "-f" in args or "-e" in args:
            present = False
            for _, known, there in self.files:
                if known == path:
                    present = there
            return 0 if present or name == "cat" else 1
        words = [a for a in args if a != "]"]
        if len(words) == 3 and words[1] in ("=", "==", "!=", "-eq", "-ne", "-lt", "-gt", "-le", "-ge"):
            return 0 if _compare(words[0], words[1], words[2]) else 1
        return 0

    def expand(self, word: str) -> str:
        out: list[str] = []
        at = 0
        while at < len(word):
            char = word[at]
            if char == "'":
                end = word.find("'", at + 1)
                end = len(word) if end < 0 else end
                out.append(word[at + 1 : end])
                at = end + 1
            elif char == '"':
                at += 1
            elif char == "\\" and at + 1 < len(word):
                out.append(word[at : at + 2] if word[at + 1] == "n" else word[at + 1])
                at += 2
            elif char == "$":
                text, at = self._variable(word, at)
                out.append(text)
            else:
                out.append(char)
                at += 1
        return "".join(out)

    def _variable(self, word: str, at: int) -> tuple[str, int]:
        if arithmetic := re.match(r"\$\(\((.*?)\)\)", word[at:]):
            return _arithmetic(arithmetic.group(1), self.env), at + arithmetic.end()
        if command := re.match(r"\$\(([^()]*)\)", word[at:]):
            inner = command.group(1).split()
            if inner[:1] == ["date"]:
                return DATE, at + command.end()
            if inner[:1] == ["hostname"]:
                return HOSTNAME, at + command.end()
            if inner[:1] == ["seq"]:
                return " ".join(_seq([self.expand(w) for w in inner[1:]])), at + command.end()
            return "", at + command.end()
        if name := re.match(r"\$\{?([A-Za-z_]\w*)(?::-([^}]*))?\}?", word[at:]):
            found = self.env.get(name.group(1), name.group(2) or "")
            if name.group(1) == "HOSTNAME":
                found = HOSTNAME
            return found, at + name.end()
        return "$", at + 1


def _endless(node: _Compound) -> bool:
    """`while true`, `while :`, `while [ 1 ]`, `until false`."""
    block = node.parts[0]
    if len(block) != 1 or not isinstance(block[0][1], _Command):
        return False
    words = block[0][1].words
    if node.kind == "until":
        return words == ("false",)
    return words in (("true",), (":",), ("[", "1", "]"), ("[", "true", "]"))


def _seq(args: Sequence[str]) -> list[str]:
    numbers = [int(a) for a in args if a.lstrip("-").isdigit()]
    if not numbers:
        return []
    first, step, last = 1, 1, numbers[-1]
    if len(numbers) == 2:
        first = numbers[0]
    elif len(numbers) >= 3:
        first, step = numbers[0], numbers[1] or 1
    return [str(n) for n in range(first, last + (1 if step > 0 else -1), step)[:_MAX_STEPS]]


def _compare(a: str, operator: str, b: str) -> bool:
    if operator in ("=", "=="):
        return a == b
    if operator == "!=":
        return a != b
    try:
        x, y = int(a), int(b)
    except ValueError:
        return False
    return {"-eq": x == y, "-ne": x != y, "-lt": x < y, "-gt": x > y, "-le": x <= y, "-ge": x >= y}[operator]


def _arithmetic(text: str, env: Mapping[str, str]) -> str:
    """Sums and products of two numbers, which is what loops count with; anything else is 0."""
    text = re.sub(r"\$?([A-Za-z_]\w*)", lambda m: env.get(m.group(1), "0"), text)
    found = re.fullmatch(r"\s*(-?\d+)\s*(?:([-+*/%])\s*(-?\d+))?\s*", text)
    if found is None:
        return "0"
    x, operator, y = int(found.group(1)), found.group(2), int(found.group(3) or 0)
    if operator is None:
        return str(x)
    if operator in "/%" and y == 0:
        return "0"
    return str({"+": x + y, "-": x - y, "*": x * y, "/": x // y if y else 0, "%": x % y if y else 0}[operator])
