"""The shell itself: walks the tree of `syntax` in virtual time, as a generator that can be stopped anywhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from fnmatch import fnmatchcase

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
from clusters.components.kubelet.script import arithmetic, conditions, limits
from clusters.components.kubelet.script.expansion import Exit, Expansion, Failed, into
from clusters.components.kubelet.script.lexer import Incomplete, SyntaxProblem
from clusters.components.kubelet.script.streams import Streams
from clusters.components.kubelet.script.syntax import Block, Command, Compound, Pipeline, Redirect, Simple, parse

NOT_FOUND, NOT_RUNNABLE, INTERRUPTED = 127, 126, 130


class Leave(Exception):
    """`break` and `continue`."""

    def __init__(self, levels: int, *, again: bool) -> None:
        self.levels = levels
        self.again = again


class Return(Exception):
    """`return`."""

    def __init__(self, code: int) -> None:
        self.code = code


class Shell(Expansion):
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
        self.arrays: dict[str, list[str]] = {}
        self.functions: dict[str, Command] = {}
        self.frames: list[dict[str, str | None]] = []
        """What `local` hid, a function each."""
        self.traps: dict[str, str] = {}
        self.bash = name == "bash"
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
        out.arrays = {name: list(values) for name, values in self.arrays.items()}
        out.functions, out.bash, out.frames = dict(self.functions), self.bash, [{} for _ in self.frames]
        return out

    def run(self, text: str, streams: Streams) -> Running:
        """Run a script to its end; the exit code. `exit` ends it, and what is trapped then runs."""
        try:
            yield from self.script(text, streams)
        except Exit as end:
            self.code = end.code
        return (yield from self.leave(streams))

    def leave(self, streams: Streams) -> Running:
        """What `trap ... EXIT` asked for; the exit code."""
        last, code = self.traps.pop("EXIT", ""), self.code
        if last:
            try:
                yield from self.script(last, streams)
            except Exit as end:
                return end.code
        return code

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
        except Return as back:
            if self.frames:
                raise
            self.code = back.code
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
                    yield from shell.command(command, Streams(stdin, into(pipe), streams.err))
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
        except Failed:
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
        elif kind == "case":
            yield from self._case(command, streams)
        elif kind == "function" and command.body is not None:
            if len(self.functions) < limits.VARIABLES:
                self.functions[command.name] = command.body
            self.code = 0
        elif kind == "test":
            yield from self._test(command, streams)
        elif kind == "arithmetic":
            yield from self._arithmetic(command, streams)
        else:
            yield from self._while(command, streams)

    def _case(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        (subject,) = command.words or ((),)
        value = yield from self.joined(subject, streams)
        self.code = 0
        for patterns, block in zip(command.patterns, command.blocks, strict=True):
            for each in patterns:
                pattern = yield from self.pattern(each, streams)
                if fnmatchcase(value, pattern):
                    yield from self.block(block, streams)
                    return

    def _test(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        pieces: list[conditions.Piece] = []
        for token in command.tokens:
            if not token.word:
                pieces.append(conditions.Piece(token.text, operator=True))
                continue
            text = yield from self.joined(token.word, streams)
            pattern = yield from self.pattern(token.word, streams)
            expression = yield from self.pattern(token.word, streams, regular=True)
            pieces.append(conditions.Piece(text, pattern, expression, operator=False, plain=token.plain))
        try:
            held, groups = conditions.evaluate(pieces, self._file_test)
        except ValueError as problem:
            streams.err(f"{self.name}: {problem}\n".encode())
            self.code = 2
            return
        if groups:
            self.arrays["BASH_REMATCH"] = groups
        self.code = 0 if held else 1

    def _file_test(self, operator: str, word: str) -> bool:
        from clusters.components.kubelet.console.tools.basic import holds

        return holds(operator, word, self.system, resolve(self.cwd, word))

    def _arithmetic(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        steps = [word[0].text for word in command.words or ()]
        if len(steps) == 1:
            self.code = 0 if self._counted(steps[0], streams) else 1
            return
        self._counted(steps[0], streams)
        last = 0
        while not steps[1].strip() or self._counted(steps[1], streams):
            yield TICK
            if not (yield from self._round(command.blocks[0], streams)):
                break
            last = self.code
            self._counted(steps[2], streams)
        self.code = last

    def _counted(self, text: str, streams: Streams) -> int:
        try:
            return arithmetic.evaluate(text, self.number, self.assign)
        except arithmetic.ArithmeticProblem as problem:
            streams.err(f"{self.name}: arithmetic syntax error: {problem}\n".encode())
            raise Failed from None

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

    def _round(self, body: Block, streams: Streams) -> Generator[int, None, bool]:
        """Run the body of a loop once; whether the loop goes on."""
        try:
            yield from self.block(body, streams)
        except Leave as leave:
            if leave.levels > 1:
                raise Leave(leave.levels - 1, again=leave.again) from None
            return leave.again
        return True

    def _for(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        values = list(self.args) if command.words is None else (yield from self.words(command.words, streams))
        self.code = 0
        for value in values:
            yield TICK
            self.assign(command.name, value)
            if not (yield from self._round(command.blocks[0], streams)):
                return

    def _while(self, command: Compound, streams: Streams) -> Generator[int, None, None]:
        last = 0
        while True:
            yield TICK
            yield from self.block(command.blocks[0], streams, tested=True)
            if (self.code == 0) == (command.kind == "until"):
                break
            if not (yield from self._round(command.blocks[1], streams)):
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
                if not words and (word and word[0].kind == "array"):
                    items = yield from self.words(word[0].items, streams)
                    self.assign_array(name, items)
                    continue
                value = yield from self.joined(word, streams)
                assigned.append((name, value))
                if not words:
                    self.assign(name, value)
        except Failed:
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

        function = self.functions.get(words[0])
        if function is not None:
            yield from self._function(function, words[1:], streams)
            return
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
            why = "command not found" if self.bash and tool == "not found" and "/" not in words[0] else tool
            streams.err(f"{self.name}: {words[0]}: {why}\n".encode())
            self.code = NOT_FOUND if "not found" in tool else NOT_RUNNABLE
            return
        self.code = yield from tools.run(tool, process)

    def _function(self, body: Command, args: list[str], streams: Streams) -> Generator[int, None, None]:
        if len(self.frames) >= limits.DEPTH:
            streams.err(f"{self.name}: maximum function nesting level exceeded ({limits.DEPTH})\n".encode())
            self.code = 1
            return
        outer, self.args = self.args, args
        self.frames.append({})
        self.code = 0
        try:
            yield from self.command(body, streams)
        except Return as back:
            self.code = back.code
        finally:
            self.args = outer
            for name, value in self.frames.pop().items():
                if value is None:
                    self.local.pop(name, None)
                    self.exported.pop(name, None)
                else:
                    self.assign(name, value)

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
            if redirect.fd == 9:
                continue
            try:
                name = yield from self.joined(redirect.target, streams)
            except Failed:
                return None
            if redirect.operator == ">&":
                if redirect.fd == 2:
                    own.err = own.out
                else:
                    own.out = own.err
                continue
            if redirect.operator in ("<<", "<<<"):
                own.stdin = Input((name if redirect.operator == "<<" else f"{name}\n").encode())
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


def _nowhere(data: bytes) -> None:
    """/dev/null."""


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
            return (yield from shell.leave(streams))
        text = pending + line.decode(errors="replace")
        try:
            parse(text)
        except SyntaxProblem as problem:
            if isinstance(problem, Incomplete) and len(text) < limits.SCRIPT:
                pending = text
                continue
        pending = ""
        try:
            yield from shell.script(text, streams)
        except Interrupted:
            shell.code = INTERRUPTED
        except Exit as end:
            shell.code = end.code
            return (yield from shell.leave(streams))


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


__all__ = ["Exit", "Leave", "Return", "Shell", "Streams", "interactive"]
