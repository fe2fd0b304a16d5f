"""Running a script in virtual time, ahead of time.

The grammar and what words become are those of the shell that `kubectl exec` meets (`console`); here commands are not
run but understood. Everything that takes time is a sleep or an endless command; a loop whose rounds are all alike, or
differ only by counting, is held as one round. Bounds on steps, texts and depth keep hostile scripts harmless.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from clusters.components.kubelet.script import arithmetic, conditions
from clusters.components.kubelet.script.expansion import Exit, Expansion, Failed
from clusters.components.kubelet.script.lexer import Part
from clusters.components.kubelet.script.printing import formatted
from clusters.components.kubelet.script.streams import Input, Running, Streams
from clusters.components.kubelet.script.syntax import Block, Command, Compound, Pipeline, Redirect, Simple, parse
from clusters.components.kubelet.shell import counting, filters, inline, tools
from clusters.components.kubelet.shell.bracket import evaluate
from clusters.components.kubelet.shell.commands import BUILTIN, DECLARING, QUICK, WRAPPERS
from clusters.components.kubelet.shell.program import DATE, HOSTNAME, STEP, Line, Loop, Program
from clusters.components.kubelet.timing import duration
from clusters.kernel.clock import SECOND

T = TypeVar("T")
NAMESPACE = "\x00namespace"
"""The variable under which the pod's namespace is handed in."""
SHELLS = {"sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash", "/usr/bin/sh"}
_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_LOGS = ("/dev/stdout", "/dev/stderr", "/proc/1/fd/1")
_MAX_STEPS = 2000
_MAX_TEXT = 4096
_MAX_CALLS = 40


class RunsOn(Exception):
    """An endless command: nothing after it happens."""


class LoopControl(Exception):
    """`break` or `continue`."""

    def __init__(self, name: str) -> None:
        self.name = name


class Return(Exception):
    """`return`."""

    def __init__(self, code: int) -> None:
        self.code = code


def script_of(command: Sequence[str]) -> str | None:
    """The text behind `-c`."""
    for i, word in enumerate(command[1:], start=1):
        if re.fullmatch(r"-[a-z]*c[a-z]*", word):
            return command[i + 1] if i + 1 < len(command) else None
    return None


_SILENT = Streams(Input(), lambda data: None, lambda data: None)


def _at_once(work: Generator[int, None, T]) -> T:
    """Nothing here has to wait."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result


class Run(Expansion):
    """One execution. `reachable`: host → offset from which on it can be reached."""

    def __init__(self, env: Mapping[str, str], reachable: Mapping[str, int]) -> None:
        self.exported = dict(env)
        self.local: dict[str, str] = {}
        self.arrays: dict[str, list[str]] = {}
        self.args: list[str] = []
        self.cwd, self.name, self.bash = "/", "sh", True
        self.functions: dict[str, Command] = {}
        self.calls = 0
        self.stdin: list[str] | None = None
        self.reachable = reachable
        self.time = 0
        self.code = 0
        self.steps = 0
        self.errexit = False
        self.lines: list[Line] = []
        self.files: list[tuple[int, str, bool]] = []
        self.written: list[tuple[int, str, str]] = []
        self.hosts: dict[str, None] = {}
        self.loop: Loop | None = None
        self.known = True
        self._in_condition = 0

    def program(self, end: tuple[int, int] | None, *, shell: bool) -> Program:
        known = self.known or bool(self.lines) or end is not None or self.loop is not None
        made = tuple(self.files), tuple(self.written)
        hosts, stuck = tuple(self.hosts), not self.known
        return Program(tuple(self.lines), self.loop, end, *made, known, shell, hosts, stuck)

    # words

    def child(self) -> Run:
        """Substitutions run in place: what they ask for and how long they take counts."""
        return self

    def run(self, text: str, streams: Streams) -> Running:
        self.block(parse(text))
        return self.code
        yield

    def value(self, name: str) -> str | None:
        found = super().value(name)
        return HOSTNAME if name == "HOSTNAME" and found is None else found

    def part(self, part: Part, streams: Streams) -> Generator[int, None, str]:
        if part.kind == "command":
            printed = len(self.lines)
            self.block(parse(part.text))
            texts = [text for _, text in self.lines[printed:]]
            del self.lines[printed:]
            return "\n".join(texts)[:_MAX_TEXT]
        return (yield from super().part(part, streams))

    def globbed(self, text: str, pattern: str) -> list[str]:
        """What files there are is not known."""
        return [text]

    # structure

    def block(self, block: Block) -> None:
        for index, (joint, pipeline, background) in enumerate(block):
            if (joint == "&&" and self.code) or (joint == "||" and not self.code):
                continue
            self._count()
            if background:
                continue
            self._pipeline(pipeline)
            following = block[index + 1][0] if index + 1 < len(block) else ";"
            if self.code and self.errexit and not self._in_condition and following == ";" and not pipeline.negated:
                raise Exit(self.code)

    def _count(self) -> None:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise RunsOn

    def _pipeline(self, pipeline: Pipeline) -> None:
        commands = pipeline.commands
        if len(commands) == 1:
            self._command(commands[0])
        else:
            outer = self.stdin
            printed = len(self.lines)
            self._command(commands[0])
            texts = self._taken(printed)
            self.code = 0
            for command in commands[1:]:
                texts = self._piped(command, texts)
            self.lines += [(self.time, text) for text in texts]
            self.stdin = outer
        if pipeline.negated:
            self.code = int(not self.code)

    def _taken(self, printed: int) -> list[str]:
        texts = [text for _, text in self.lines[printed:]]
        del self.lines[printed:]
        return texts

    def _piped(self, command: Command, texts: list[str]) -> list[str]:
        """What a later command of a pipeline makes of the lines before it."""
        if isinstance(command, Simple):
            words = self._words(command)
            if words and words[0] not in self.functions and words[0] not in ("read", *SHELLS):
                texts, self.code = filters.apply(words, texts)
                if not self._goes_to_file(command.redirects, keep=words[0] != "tee"):
                    return texts
                self._note(texts)
                return []
        self.stdin = list(texts)
        printed = len(self.lines)
        self._command(command)
        return self._taken(printed)

    def _command(self, command: Command) -> None:
        outer, printed = self.stdin, len(self.lines)
        given = self._given(command.redirects)
        if given is not None:
            self.stdin = given
        try:
            if isinstance(command, Simple):
                self._simple(command)
            else:
                self._compound(command)
        except Failed:
            self.code = 2
        finally:
            if given is not None:
                self.stdin = outer
            if self._goes_to_file(command.redirects):
                self._note(self._taken(printed))

    def _given(self, redirects: Sequence[Redirect]) -> list[str] | None:
        """The lines of a here-document or here-string."""
        for redirect in redirects:
            if redirect.operator in ("<<", "<<<"):
                text = _at_once(self.joined(redirect.target, _SILENT))
                return text.removesuffix("\n").split("\n")
        return None

    def _goes_to_file(self, redirects: Sequence[Redirect], *, keep: bool = True) -> bool:
        """Whether the output is not the log's; then there is a file."""
        for redirect in redirects:
            if redirect.fd in (1, 12) and redirect.operator in (">", ">>"):
                path = _at_once(self.joined(redirect.target, _SILENT))
                if path in _LOGS:
                    return False
                if keep:
                    self.files.append((self.time, path, True))
                return True
        return False

    def _note(self, texts: Sequence[str]) -> None:
        """What went into the file that was made last."""
        if texts and self.files:
            self.written.append((self.time, self.files[-1][1], "\n".join(texts)[:_MAX_TEXT] + "\n"))

    def _compound(self, command: Compound) -> None:
        kind, blocks = command.kind, command.blocks
        if kind == "group":
            self.block(blocks[0])
        elif kind == "subshell":
            try:
                self.block(blocks[0])
            except Exit as end:
                self.code = end.code
        elif kind == "if":
            self._if(blocks)
        elif kind == "for":
            self._for(command)
        elif kind == "case":
            self._case(command)
        elif kind == "function" and command.body is not None:
            self.functions[command.name] = command.body
            self.code = 0
        elif kind == "test":
            self._test(command)
        elif kind == "arithmetic":
            self._arithmetic(command)
        else:
            self._while(command)

    def _if(self, blocks: Sequence[Block]) -> None:
        for condition, then in zip(blocks[::2], blocks[1::2], strict=False):
            if self._holds(condition):
                self.code = 0
                self.block(then)
                return
        self.code = 0
        if len(blocks) % 2:
            self.block(blocks[-1])

    def _holds(self, condition: Block) -> bool:
        self._in_condition += 1
        try:
            self.code = 0
            self.block(condition)
        finally:
            self._in_condition -= 1
        return self.code == 0

    def _case(self, command: Compound) -> None:
        (subject,) = command.words or ((),)
        value = _at_once(self.joined(subject, _SILENT))
        self.code = 0
        for patterns, block in zip(command.patterns, command.blocks, strict=True):
            if any(fnmatchcase(value, _at_once(self.pattern(each, _SILENT))) for each in patterns):
                self.block(block)
                return

    def _test(self, command: Compound) -> None:
        pieces: list[conditions.Piece] = []
        for token in command.tokens:
            if not token.word:
                pieces.append(conditions.Piece(token.text, operator=True))
                continue
            text = _at_once(self.joined(token.word, _SILENT))
            pattern = _at_once(self.pattern(token.word, _SILENT))
            expression = _at_once(self.pattern(token.word, _SILENT, regular=True))
            pieces.append(conditions.Piece(text, pattern, expression, operator=False, plain=token.plain))
        try:
            held, groups = conditions.evaluate(pieces, lambda op, word: not evaluate([op, word], self._file_is_there))
        except ValueError:
            self.code = 2
            return
        if groups:
            self.arrays["BASH_REMATCH"] = groups
        self.code = int(not held)

    def _arithmetic(self, command: Compound) -> None:
        steps = [word[0].text for word in command.words or ()]
        if len(steps) == 1:
            self.code = int(not self._counted(steps[0]))
            return
        self._counted(steps[0])
        while not steps[1].strip() or self._counted(steps[1]):
            self._count()
            try:
                self.block(command.blocks[0])
            except LoopControl as control:
                if control.name == "break":
                    break
            self._counted(steps[2])

    def _counted(self, text: str) -> int:
        try:
            return arithmetic.evaluate(text, self.number, self.assign)
        except arithmetic.ArithmeticProblem:
            raise Failed from None

    def _for(self, command: Compound) -> None:
        values = list(self.args) if command.words is None else _at_once(self.words(command.words, _SILENT))
        for value in values:
            self._count()
            self.assign(command.name, value)
            try:
                self.block(command.blocks[0])
            except LoopControl as control:
                if control.name == "break":
                    break

    def _while(self, command: Compound) -> None:
        rounds: list[tuple[int, list[Line]]] = []
        straight = counting.is_straight(command)
        while True:
            began, printed, before = self.time, len(self.lines), self._state()
            if self._holds(command.blocks[0]) == (command.kind == "until"):
                self.code = 0
                return
            asked = self.time
            try:
                self.block(command.blocks[1])
            except LoopControl as control:
                if control.name == "break":
                    return
            if self.time == began:
                if self.stdin is not None:
                    continue
                self.time += SECOND
            if self._state() == before:
                # Nothing that a condition could look at has changed but what can be reached.
                self._repeat(began, asked, printed)
            elif straight:
                rounds.append((began, [(at - began, text) for at, text in self.lines[printed:]]))
                counted = counting.loop(rounds[-3:], self.time) if len(rounds) >= 3 else None
                if counted is not None:
                    del self.lines[printed - sum(len(lines) for _, lines in rounds[-3:-1]) :]
                    self.loop = counted
                    raise RunsOn

    def _state(self) -> tuple[object, ...]:
        arrays = {name: tuple(values) for name, values in self.arrays.items()}
        return dict(self.exported), dict(self.local), arrays, len(self.files), len(self.stdin or ())

    def _repeat(self, began: int, asked: int, printed: int) -> None:
        """Skip the rounds that are like the last one: up to the next host that appears, or for ever."""
        period = self.time - began
        coming = [at for host, at in self.reachable.items() if host in self.hosts and at > asked]
        if coming:
            rounds = max((min(coming) - self.time) // period - 1, 0)
            lines = self.lines[printed:]
            for turn in range(1, min(rounds, _MAX_STEPS // (len(lines) + 1)) + 1):
                self.lines += [(at + turn * period, text) for at, text in lines]
            self.time += rounds * period
            return
        lines_of_round = tuple((at - began, text) for at, text in self.lines[printed:])
        del self.lines[printed:]
        self.loop = Loop(began, period, lines_of_round)
        raise RunsOn

    # commands

    def _words(self, command: Simple) -> list[str]:
        return _at_once(self.words(command.words, _SILENT))

    def _simple(self, command: Simple) -> None:
        words = self._words(command)
        for name, word in command.assignments:
            if word and word[0].kind == "array":
                self.assign_array(name, _at_once(self.words(word[0].items, _SILENT)))
            else:
                if not words:
                    self.code = 0
                self.assign(name, _at_once(self.joined(word, _SILENT))[:_MAX_TEXT])
        if not words:
            return
        body = self.functions.get(words[0])
        if body is None:
            self.code = self.simple(words)
        elif self.calls < _MAX_CALLS:
            self._call(body, words[1:])
        else:
            self.code = 1

    def _call(self, body: Command, args: list[str]) -> None:
        outer, self.args = self.args, args
        self.calls += 1
        self.code = 0
        try:
            self._command(body)
        except Return as back:
            self.code = back.code
        finally:
            self.args = outer
            self.calls -= 1

    def _read(self, args: Sequence[str]) -> int:
        names = [a for a in args if not a.startswith("-")] or ["REPLY"]
        if not self.stdin:
            return 1
        fields = self.stdin.pop(0).split(None, len(names) - 1)
        for index, name in enumerate(names):
            self.assign(name, fields[index].strip() if index < len(fields) else "")
        return 0

    def _set(self, args: Sequence[str]) -> int:
        for index, arg in enumerate(args):
            if arg == "--" or not arg.startswith(("-", "+")):
                self.args = list(args[index + (arg == "--") :])
                break
            if re.fullmatch(r"[-+][a-z]*e[a-z]*", arg):
                self.errexit = arg.startswith("-")
        return 0

    def _own(self, name: str, args: list[str]) -> int | None:
        """The shell's own commands; None if it is none of them."""
        if name == "exit":
            raise Exit(int(args[0]) & 255 if args and args[0].isdigit() else self.code)
        if name == "return":
            raise Return(int(args[0]) & 255 if args and args[0].isdigit() else self.code)
        if name in ("break", "continue"):
            raise LoopControl(name)
        if name == "read":
            return self._read(args)
        if name == "set":
            return self._set(args)
        if name == "shift":
            del self.args[: int(args[0]) if args and args[0].isdigit() else 1]
            return 0
        if name == "unset":
            for each in args:
                self.exported.pop(each, None)
                self.local.pop(each, None)
            return 0
        if name == "eval":
            self.block(parse(" ".join(args)))
            return self.code
        if name == "let":
            return int(not [self._counted(arg) for arg in args][-1]) if args else 1
        if name in DECLARING:
            for assignment in args:
                key, has, value = assignment.partition("=")
                if has:
                    self.assign(key, value[:_MAX_TEXT])
            return 0
        return 0 if name in BUILTIN else None

    def simple(self, words: list[str]) -> int:
        """Run one command; its exit code. Raises RunsOn for one that does not end."""
        name, args = words[0].rpartition("/")[2] or words[0], words[1:]
        if name in WRAPPERS:
            rest = [a for a in args if a != "--"]
            while rest and ((name == "env" and "=" in rest[0]) or rest[0].startswith("-")):
                rest = rest[1:]
            return self.simple(rest) if rest else 0
        if name == "timeout":
            rest = [a for a in args if not a.startswith("-")][1:]
            return self.simple(rest) if rest else 0
        if words[0] in SHELLS:
            script = script_of(words)
            if script is not None:
                self.block(parse(script))
            return self.code if script is not None else 0
        own = self._own(name, args)
        if own is not None:
            return own
        if name in ("true", ":"):
            return 0
        if name == "false":
            return 1
        if name == "sleep":
            return self._sleep(args)
        if name in ("test", "["):
            return evaluate([a for a in args if a != "]"], self._file_is_there)
        if name in tools.NETWORK:
            return self._ask(name, args)
        if inline.INTERPRETERS.fullmatch(name) and (code := inline.code_of(args)) is not None:
            return self._interpreted(name, code)
        return self._print_or_touch(name, args)

    def _print_or_touch(self, name: str, args: list[str]) -> int:
        if name == "echo":
            self._print(" ".join(args[1:] if args[:1] in (["-e"], ["-n"], ["-en"], ["-ne"]) else args))
        elif name == "printf":
            self._print(formatted(args[0], args[1:]) if args else "")
        elif name == "cat" and not args and self.stdin is not None:
            self.lines += [(self.time, line) for line in self.stdin]
        elif name == "date":
            self._print(DATE)
        elif name == "hostname":
            self._print(self.value("HOSTNAME") or HOSTNAME)
        elif name in ("touch", "rm"):
            there = name == "touch"
            self.files += [(self.time, path, there) for path in args if not path.startswith("-")]
        elif name == "cat" and args:
            if args[-1] == _NAMESPACE_FILE and NAMESPACE in self.exported:
                self._print(self.exported[NAMESPACE])
            elif any(path == args[-1] for _, path, _ in self.files) and not self._file_is_there(args[-1]):
                return 1
        elif name == "seq":
            for value in _seq(args):
                self._print(value)
        elif name == "tail" and any(a in ("-f", "-F") for a in args):
            raise RunsOn
        elif name in QUICK:
            self.time += STEP
        else:
            self.known = False
            raise RunsOn
        return 0

    def _interpreted(self, name: str, code: str) -> int:
        done = inline.run(name, code, {**self.exported, **self.local})
        self.lines += [(self.time + at, line) for at, line in done.lines]
        self.time += done.time
        if done.endless:
            raise RunsOn
        return done.code

    def _print(self, text: str) -> None:
        self.lines += [(self.time, line) for line in text.replace("\\n", "\n").removesuffix("\n").split("\n")]

    def _sleep(self, args: Sequence[str]) -> int:
        if args[:1] in (["infinity"], ["inf"]):
            raise RunsOn
        total = 0
        for arg in args:
            length = duration(arg)
            if length is None:
                return 1
            total += length
        self.time += total
        return 0

    def _ask(self, name: str, args: list[str]) -> int:
        self.time += STEP
        if name in ("nc", "ncat") and any(re.fullmatch(r"-[a-z]*l[a-z]*|--listen", a) for a in args):
            raise RunsOn
        host = tools.target(name, args)
        if not host:
            return 1
        if tools.is_local(host) or host.partition(":")[0] in (HOSTNAME, self.value("HOSTNAME")):
            # What runs beside it is taken to listen.
            since: int | None = 0
        else:
            self.hosts[host] = None
            since = self.reachable.get(host)
        lines, code = tools.answer(name, args, host, reached=since is not None and since <= self.time)
        self.lines += [(self.time, line) for line in lines]
        return code

    def _file_is_there(self, path: str) -> bool:
        present = False
        for _, known, there in self.files:
            if known == path:
                present = there
        return present


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
