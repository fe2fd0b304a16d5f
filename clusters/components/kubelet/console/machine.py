"""The shell itself: walks the tree of `syntax` in virtual time, as a generator that can be stopped anywhere."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import suppress
from fnmatch import fnmatchcase

from clusters.components.kubelet.console import arithmetic, limits
from clusters.components.kubelet.console.files import FileProblem, resolve
from clusters.components.kubelet.console.process import (
    TICK,
    BrokenPipe,
    Input,
    Interrupted,
    Process,
    Running,
    Sink,
    System,
)
from clusters.components.kubelet.console.syntax import (
    Block,
    Command,
    Compound,
    Part,
    Pipeline,
    Redirect,
    Simple,
    SyntaxProblem,
    Word,
    parse,
)

KILLED_BY_PIPE = 141
NOT_FOUND, NOT_RUNNABLE, INTERRUPTED = 127, 126, 130


class Exit(Exception):
    """The shell ends."""

    def __init__(self, code: int) -> None:
        self.code = code


class Leave(Exception):
    """`break` and `continue`."""

    def __init__(self, levels: int, *, again: bool) -> None:
        self.levels = levels
        self.again = again


class _Failed(Exception):
    """A word that cannot be expanded; has been told of."""


class Streams:
    """Where a command reads and writes."""

    __slots__ = ("err", "out", "stdin")

    def __init__(self, stdin: Input, out: Sink, err: Sink) -> None:
        self.stdin = stdin
        self.out = out
        self.err = err


class Shell:
    """One shell: variables, working directory, the last exit code."""

    def __init__(
        self,
        system: System,
        env: dict[str, str],
        cwd: str,
        *,
        name: str = "sh",
        args: list[str] | None = None,
        depth: int = 0,
    ) -> None:
        self.system = system
        self.exported = dict(env)
        self.local: dict[str, str] = {}
        self.cwd = cwd
        self.name = name
        self.args = args or []
        self.code = 0
        self.depth = depth
        self.errexit = False
        self.trace = False
        if depth > limits.DEPTH:
            raise Exit(NOT_RUNNABLE)

    def child(self) -> Shell:
        """A subshell: the same, apart."""
        out = Shell(self.system, self.exported, self.cwd, name=self.name, args=self.args, depth=self.depth + 1)
        out.local, out.code, out.errexit, out.trace = dict(self.local), self.code, self.errexit, self.trace
        return out

    def run(self, text: str, streams: Streams) -> Running:
        """Run a script to its end; the exit code. `exit` ends it."""
        try:
            yield from self.script(text, streams)
        except Exit as end:
            return end.code
        return self.code

    def script(self, text: str, streams: Streams) -> Generator[int, None, None]:
        """Raises Exit."""
        try:
            block = parse(text)
        except SyntaxProblem as problem:
            streams.err(f"{self.name}: {problem}\n".encode())
            self.code = 2
            return
        try:
            yield from self.block(block, streams)
        except Leave:
            return
        except RecursionError:
            streams.err(f"{self.name}: nested too deeply\n".encode())
            self.code = 2

    # the tree

    def block(self, block: Block, streams: Streams, *, tested: bool = False) -> Generator[int, None, None]:
        for index, (joint, pipeline, background) in enumerate(block):
            if (joint == "&&" and self.code) or (joint == "||" and not self.code):
                continue
            following = block[index + 1][0] if index + 1 < len(block) else ";"
            if background:
                # Jobs run to their end at once, in a shell of their own and without input.
                yield from self.child()._guarded(pipeline, Streams(Input(), streams.out, streams.err))
                self.code = 0
                continue
            yield from self.pipeline(pipeline, streams)
            if self.errexit and self.code and not tested and following == ";" and not pipeline.negated:
                raise Exit(self.code)

    def _guarded(self, pipeline: Pipeline, streams: Streams) -> Generator[int, None, None]:
        try:
            yield from self.pipeline(pipeline, streams)
        except Exit as end:
            self.code = end.code

    def pipeline(self, pipeline: Pipeline, streams: Streams) -> Generator[int, None, None]:
        commands = pipeline.commands
        if len(commands) == 1:
            yield from self.command(commands[0], streams)
        else:
            stdin = streams.stdin
            for command in commands[:-1]:
                pipe = bytearray()
                shell = self.child()
                with suppress(Exit, BrokenPipe):
                    yield from shell.command(command, Streams(stdin, _into(pipe), streams.err))
                stdin = Input(bytes(pipe))
            shell = self.child()
            try:
                yield from shell.command(commands[-1], Streams(stdin, streams.out, streams.err))
            except Exit as end:
                shell.code = end.code
            self.code = shell.code
        if pipeline.negated:
            self.code = 0 if self.code else 1

    def command(self, command: Command, streams: Streams) -> Generator[int, None, None]:
        if isinstance(command, Simple):
            yield from self.simple(command, streams)
            return
        redirected = yield from self.redirected(command.redirects, streams)
        if redirected is None:
            return
        files, streams = redirected
        try:
            yield from self.compound(command, streams)
        except _Failed:
            self.code = 2
        finally:
            self.flush(files, streams)

    def compound(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        kind, blocks = command.kind, command.blocks
        if kind == "group":
            yield from self.block(blocks[0], streams)
        elif kind == "subshell":
            shell = self.child()
            try:
                yield from shell.block(blocks[0], streams)
            except Exit as end:
                shell.code = end.code
            self.code = shell.code
        elif kind == "if":
            yield from self._if(blocks, streams)
        elif kind == "for":
            yield from self._for(command, streams)
        else:
            yield from self._while(command, streams)

    def _if(self, blocks: tuple[Block, ...], streams: Streams) -> Generator[int, None, None]:
        at = 0
        while at + 1 < len(blocks):
            yield from self.block(blocks[at], streams, tested=True)
            if self.code == 0:
                yield from self.block(blocks[at + 1], streams)
                return
            at += 2
        self.code = 0
        if at < len(blocks):
            yield from self.block(blocks[at], streams)

    def _for(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        values = list(self.args) if command.words is None else (yield from self.words(command.words, streams))
        self.code = 0
        for value in values:
            yield TICK
            self.assign(command.name, value)
            try:
                yield from self.block(command.blocks[0], streams)
            except Leave as leave:
                if leave.levels > 1:
                    raise Leave(leave.levels - 1, again=leave.again) from None
                if not leave.again:
                    return

    def _while(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        last = 0
        while True:
            yield TICK
            yield from self.block(command.blocks[0], streams, tested=True)
            if (self.code == 0) == (command.kind == "until"):
                break
            try:
                yield from self.block(command.blocks[1], streams)
            except Leave as leave:
                if leave.levels > 1:
                    raise Leave(leave.levels - 1, again=leave.again) from None
                if not leave.again:
                    break
            last = self.code
        self.code = last

    # one command

    def simple(self, command: Simple, streams: Streams) -> Generator[int, None, None]:
        yield TICK
        before = self.code
        try:
            words = yield from self.words(command.words, streams)
            assigned: list[tuple[str, str]] = []
            if command.assignments and not words:
                self.code = 0
            for name, word in command.assignments:
                value = yield from self.joined(word, streams)
                assigned.append((name, value))
                if not words:
                    self.assign(name, value)
        except _Failed:
            self.code = 2 if self.code == before else self.code
            return
        if self.trace and (words or assigned):
            streams.err(("+ " + " ".join([*(f"{n}={v}" for n, v in assigned), *words]) + "\n").encode())
        redirected = yield from self.redirected(command.redirects, streams)
        if redirected is None:
            return
        files, own = redirected
        try:
            if words:
                yield from self.call(words, dict(assigned), own)
        finally:
            self.flush(files, streams)

    def call(self, words: list[str], assigned: dict[str, str], streams: Streams) -> Generator[int, None, None]:
        from clusters.components.kubelet.console import builtins, tools

        builtin = builtins.BUILTINS.get(words[0])
        if builtin is not None:
            for name, value in assigned.items():
                self.assign(name, value)
            result = builtin(self, words, streams)
            self.code = result if isinstance(result, int) else (yield from result)
            return
        process = Process(
            words,
            {**self.exported, **assigned},
            self.cwd,
            streams.stdin,
            streams.out,
            streams.err,
            self.system,
            self.depth,
        )
        tool = tools.find(words[0], self.system, self.cwd)
        if isinstance(tool, str):
            streams.err(f"{self.name}: {words[0]}: {tool}\n".encode())
            self.code = NOT_FOUND if "not found" in tool else NOT_RUNNABLE
            return
        self.code = yield from tools.run(tool, process)

    # redirections

    def redirected(
        self, redirects: tuple[Redirect, ...], streams: Streams
    ) -> Generator[int, None, tuple[list[_Pending], Streams] | None]:
        """The streams after redirection and the files to write at the end; None after complaining."""
        if not redirects:
            return [], streams
        pending: list[_Pending] = []
        own = Streams(streams.stdin, streams.out, streams.err)
        for redirect in redirects:
            try:
                name = yield from self.joined(redirect.target, streams)
            except _Failed:
                return None
            if redirect.operator == ">&":
                if redirect.fd == 2:
                    own.err = own.out
                else:
                    own.out = own.err
                continue
            path = resolve(self.cwd, name)
            files = self.system.files
            try:
                if redirect.fd == 0:
                    own.stdin = Input(files.read(path))
                    continue
                if files.is_folder(path):
                    raise FileProblem("Is a directory")
                files.write(path, b"", self.system.now(), append=redirect.operator == ">>")
            except FileProblem as problem:
                verb = "can't open" if redirect.fd == 0 else "can't create"
                nicer = "no such file" if redirect.fd == 0 and "No such file" in str(problem) else str(problem)
                if redirect.fd != 0 and "No such file" in nicer:
                    nicer = "nonexistent directory"
                streams.err(f"{self.name}: {verb} {name}: {nicer}\n".encode())
                self.code = 1
                return None
            target = self._special(path, streams)
            if target is None:
                waiting = _Pending(path)
                pending.append(waiting)
                target = waiting.add
            if redirect.fd in (1, 12):
                own.out = target
            if redirect.fd in (2, 12):
                own.err = target
        return pending, own

    @staticmethod
    def _special(path: str, streams: Streams) -> Sink | None:
        if path == "/dev/null":
            return _nowhere
        return {"/dev/stdout": streams.out, "/dev/stderr": streams.err, "/proc/1/fd/1": _nowhere}.get(path)

    def flush(self, pending: list[_Pending], streams: Streams) -> None:
        """Write what was redirected into files."""
        for each in pending:
            try:
                self.system.files.write(each.path, bytes(each.data), self.system.now(), append=True)
            except FileProblem as problem:
                streams.err(f"{self.name}: write error: {problem}\n".encode())
                self.code = 1

    # variables and words

    def assign(self, name: str, value: str) -> None:
        value = value[: limits.VALUE]
        if name in self.exported:
            self.exported[name] = value
        elif name in self.local or len(self.local) < limits.VARIABLES:
            self.local[name] = value

    def value(self, name: str) -> str | None:
        if name.isdigit():
            index = int(name)
            return self.name if index == 0 else (self.args[index - 1] if index <= len(self.args) else None)
        special = {"?": str(self.code), "#": str(len(self.args)), "$": "1", "!": "", "PWD": self.cwd, "PPID": "0"}
        if name in ("@", "*"):
            return " ".join(self.args)
        found = self.local.get(name, self.exported.get(name))
        return found if found is not None else special.get(name)

    def words(self, words: tuple[Word, ...], streams: Streams) -> Generator[int, None, list[str]]:
        """Expanded, split and globbed."""
        out: list[str] = []
        for word in words:
            for text, glob in (yield from self.fields(word, streams)):
                out += self.globbed(text, glob) if glob else [text]
                if len(out) > limits.WORDS:
                    streams.err(f"{self.name}: argument list too long\n".encode())
                    raise _Failed
        return out

    def joined(self, word: Word, streams: Streams) -> Generator[int, None, str]:
        """Expanded without splitting, as assignments and redirections are."""
        out: list[str] = []
        for index, part in enumerate(word):
            text = yield from self.part(part, streams)
            if index == 0 and part.kind == "text" and not part.quoted:
                text = self.tilde(text)
            out.append(text)
        return "".join(out)[: limits.VALUE]

    def tilde(self, text: str) -> str:
        if text == "~" or text.startswith("~/"):
            return self.exported.get("HOME", "/") + text[1:]
        return text

    def fields(self, word: Word, streams: Streams) -> Generator[int, None, list[tuple[str, str]]]:
        """(text, glob pattern or "") of each field that a word becomes."""
        texts: list[list[str]] = []
        patterns: list[list[str]] = []
        magic: list[bool] = []
        open_ = False

        def add(text: str, *, quoted: bool) -> None:
            nonlocal open_
            if not open_:
                texts.append([])
                patterns.append([])
                magic.append(False)
                open_ = True
            texts[-1].append(text)
            patterns[-1].append(re.sub(r"([*?\[])", r"[\1]", text) if quoted else text)
            magic[-1] = magic[-1] or (not quoted and any(c in text for c in "*?["))

        for index, part in enumerate(word):
            if part.kind == "var" and part.text == "@" and part.quoted and not part.operator:
                for i, arg in enumerate(self.args):
                    open_ = open_ and i == 0
                    add(arg, quoted=True)
                continue
            text = yield from self.part(part, streams)
            if part.quoted:
                add(text, quoted=True)
            elif part.kind == "text":
                add(self.tilde(text) if index == 0 else text, quoted=False)
            else:
                if text[:1].isspace():
                    open_ = False
                for i, field in enumerate(text.split()):
                    open_ = open_ and i == 0
                    add(field, quoted=False)
                if text[-1:].isspace():
                    open_ = False
        return [("".join(t), "".join(p) if m else "") for t, p, m in zip(texts, patterns, magic)]

    def globbed(self, text: str, pattern: str) -> list[str]:
        """The paths that match, or the word itself."""
        absolute = pattern.startswith("/")
        found = ["/"] if absolute else [""]
        for piece in [p for p in pattern.split("/") if p]:
            following: list[str] = []
            for base in found:
                where = base or self.cwd
                try:
                    names = self.system.files.names(where)
                except FileProblem:
                    continue
                for name in names:
                    if fnmatchcase(name, piece) and (piece.startswith(".") or not name.startswith(".")):
                        following.append(f"{base.rstrip('/')}/{name}" if base else name)
            found = following[: limits.WORDS]
        return sorted(found) or [text]

    def part(self, part: Part, streams: Streams) -> Generator[int, None, str]:
        if part.kind == "text":
            return part.text
        if part.kind == "command":
            pipe = bytearray()
            shell = self.child()
            try:
                self.code = yield from shell.run(part.text, Streams(streams.stdin, _into(pipe), streams.err))
            except BrokenPipe:
                self.code = KILLED_BY_PIPE
            return bytes(pipe).decode(errors="replace").rstrip("\n")[: limits.VALUE]
        if part.kind == "arithmetic":
            try:
                return str(arithmetic.evaluate(part.text, self.value, self.assign))
            except arithmetic.ArithmeticProblem as problem:
                streams.err(f"{self.name}: arithmetic syntax error: {problem}\n".encode())
                raise _Failed from None
        return (yield from self.variable(part, streams))

    def variable(self, part: Part, streams: Streams) -> Generator[int, None, str]:
        value = self.value(part.text)
        operator = part.operator
        if not operator:
            return value or ""
        if operator == "#length":
            return str(len(value or ""))
        unset = value is None or (operator.startswith(":") and value == "")
        kind = operator[-1]
        if operator in ("#", "##", "%", "%%"):
            pattern = yield from self.joined(part.word, streams)
            return _trimmed(value or "", operator, pattern)
        if kind == "+":
            return "" if unset else (yield from self.joined(part.word, streams))
        if not unset:
            return value or ""
        word = yield from self.joined(part.word, streams)
        if kind == "=":
            self.assign(part.text, word)
        elif kind == "?":
            streams.err(f"{self.name}: {part.text}: {word or 'parameter not set'}\n".encode())
            raise Exit(2)
        return word


class _Pending:
    """What goes to a file when the command ends."""

    __slots__ = ("data", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.data = bytearray()

    def add(self, data: bytes) -> None:
        if len(self.data) + len(data) > limits.FILE:
            raise BrokenPipe
        self.data += data


def _into(pipe: bytearray) -> Sink:
    def write(data: bytes) -> None:
        if len(pipe) + len(data) > limits.PIPE:
            raise BrokenPipe
        pipe.extend(data)

    return write


def _nowhere(data: bytes) -> None:
    """/dev/null."""


def _trimmed(value: str, operator: str, pattern: str) -> str:
    sizes = range(len(value) + 1)
    front = operator[0] == "#"
    # The long forms take away as much as matches, the short ones as little.
    ordered = reversed(sizes) if len(operator) == 2 else sizes
    if len(value) > 4096:
        return value
    for size in ordered:
        piece = value[:size] if front else value[len(value) - size :]
        if fnmatchcase(piece, pattern):
            return value[size:] if front else value[: len(value) - size]
    return value


def interactive(shell: Shell, streams: Streams, prompt: str) -> Running:
    """Read commands from standard input until its end. With a prompt, it is shown before each line."""
    pending = ""
    while True:
        if prompt:
            mark = "> " if pending else shell_prompt(shell, prompt)
            streams.err(mark.encode())
        try:
            line = yield from streams.stdin.line()
        except Interrupted:
            pending, shell.code = "", INTERRUPTED
            continue
        if line is None:
            if pending:
                yield from shell.script(pending, streams)
            elif prompt:
                streams.err(b"exit\n" if shell.name == "bash" else b"\n")
            return shell.code
        text = pending + line.decode(errors="replace")
        try:
            parse(text)
        except SyntaxProblem as problem:
            if type(problem).__name__ == "Incomplete" and len(text) < limits.SCRIPT:
                pending = text
                continue
        pending = ""
        try:
            yield from shell.script(text, streams)
        except Interrupted:
            shell.code = INTERRUPTED
        except Exit as end:
            return end.code


def shell_prompt(shell: Shell, prompt: str) -> str:
    """`\\w` is the working directory, `\\h` the host's name, `\\u` the user's."""
    home = shell.exported.get("HOME", "/")
    shown = "~" if shell.cwd == home and home != "/" else shell.cwd
    container = shell.system.container
    user = "root" if container.user == 0 else str(container.user)
    return (
        prompt.replace("\\w", shown).replace("\\h", container.hostname).replace("\\u", user)
        .replace("\\$", "#" if container.user == 0 else "$")
    )  # fmt: skip


__all__ = ["Exit", "Shell", "Streams", "interactive"]
