"""Running a script in virtual time, ahead of time.

Everything that takes time is a sleep or an endless command; a loop whose rounds are all alike is held as one
round. Bounds on steps, texts and depth keep hostile scripts harmless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clusters.components.kubelet.shell import filters, tools
from clusters.components.kubelet.shell.bracket import evaluate
from clusters.components.kubelet.shell.program import DATE, HOSTNAME, STEP, Line, Loop, Program
from clusters.components.kubelet.shell.syntax import Block, Command, Compound, Pipeline, parse, substitution_end
from clusters.components.kubelet.timing import duration
from clusters.kernel.clock import SECOND

NAMESPACE = "\x00namespace"
"""The variable under which the pod's namespace is handed in."""
SHELLS = {"sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash", "/usr/bin/sh"}
_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_LOGS = ("/dev/stdout", "/dev/stderr", "/proc/1/fd/1")
_MAX_STEPS = 2000
_MAX_TEXT = 4096
_QUICK = {
    "ls", "env", "ps", "mkdir", "cp", "mv", "chmod", "chown", "uname", "id", "whoami", "pwd", "sed", "grep", "awk",
    "head", "tail", "tr", "cut", "sort", "wc", "dd", "sync", "ln", "printenv", "which", "umask", "df", "du", "free",
    "mount", "stat", "tee", "xargs", "base64", "sha256sum", "md5sum", "tar", "gzip", "apk", "apt-get", "git", "jq",
    "kubectl", "openssl", "basename", "dirname", "expr", "mktemp", "find", "diff",
}  # fmt: skip
_BUILTIN = {
    "export",
    "set",
    "cd",
    "unset",
    "trap",
    "local",
    "readonly",
    "declare",
    "shift",
    "eval",
    "source",
    ".",
    "wait",
}
_WRAPPERS = {"exec", "time", "nohup", "tini", "dumb-init", "command", "env", "sudo"}


class Exit(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class RunsOn(Exception):
    """An endless command: nothing after it happens."""


class LoopControl(Exception):
    """`break` or `continue`."""

    def __init__(self, name: str) -> None:
        self.name = name


def script_of(command: Sequence[str]) -> str | None:
    """The text behind `-c`."""
    for i, word in enumerate(command[1:], start=1):
        if re.fullmatch(r"-[a-z]*c[a-z]*", word):
            return command[i + 1] if i + 1 < len(command) else None
    return None


class Run:
    """One execution. `reachable`: host → offset from which on it can be reached."""

    def __init__(self, env: Mapping[str, str], reachable: Mapping[str, int]) -> None:
        self.env = dict(env)
        self.reachable = reachable
        self.time = 0
        self.code = 0
        self.steps = 0
        self.errexit = False
        self.lines: list[Line] = []
        self.files: list[tuple[int, str, bool]] = []
        self.hosts: dict[str, None] = {}
        self.loop: Loop | None = None
        self.known = True
        self._in_condition = 0

    def program(self, end: tuple[int, int] | None, *, shell: bool) -> Program:
        known = self.known or bool(self.lines) or end is not None or self.loop is not None
        return Program(tuple(self.lines), self.loop, end, tuple(self.files), known, shell, tuple(self.hosts))

    # structure

    def block(self, block: Block) -> None:
        last = len(block.parts) - 1
        for i, (connector, pipeline) in enumerate(block.parts):
            if (connector == "&&" and self.code) or (connector == "||" and not self.code):
                continue
            self._pipeline(pipeline)
            followed = i < last and block.parts[i + 1][0] in ("&&", "||")
            if self.code and self.errexit and not self._in_condition and not followed and not pipeline.negated:
                raise Exit(self.code)

    def _pipeline(self, pipeline: Pipeline) -> None:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise RunsOn
        if pipeline.background:
            return
        if len(pipeline.stages) == 1:
            self._stage(pipeline.stages[0])
        else:
            printed = len(self.lines)
            self._stage(pipeline.stages[0])
            texts = [text for _, text in self.lines[printed:]]
            del self.lines[printed:]
            self.code = 0
            for stage in pipeline.stages[1:]:
                if isinstance(stage, Command) and stage.words:
                    words = [w for word in stage.words for w in self.words(word)]
                    if words:
                        texts, self.code = filters.apply(words, texts)
                    if stage.output:
                        texts = []
            self.lines += [(self.time, text) for text in texts]
        if pipeline.negated:
            self.code = int(not self.code)

    def _stage(self, stage: Command | Compound) -> None:
        if isinstance(stage, Command):
            self._command(stage)
            return
        printed = len(self.lines)
        self._compound(stage)
        if stage.output and stage.output not in _LOGS:
            del self.lines[printed:]
            self.files.append((self.time, self.expand(stage.output), True))

    def _compound(self, stage: Compound) -> None:
        if stage.kind == "group":
            self.block(stage.parts[0])
        elif stage.kind == "subshell":
            try:
                self.block(stage.parts[0])
            except Exit as end:
                self.code = end.code
        elif stage.kind == "if":
            chosen = stage.parts[1] if self._holds(stage.parts[0]) else stage.parts[2]
            self.code = 0
            self.block(chosen)
        elif stage.kind == "for":
            self._for(stage)
        else:
            self._while(stage)

    def _holds(self, condition: Block) -> bool:
        self._in_condition += 1
        try:
            self.code = 0
            self.block(condition)
        finally:
            self._in_condition -= 1
        return self.code == 0

    def _for(self, node: Compound) -> None:
        name = node.words[0] if node.words else "_"
        for value in [v for word in node.words[2:] for v in self.words(word)]:
            self.env[name] = value
            try:
                self.block(node.parts[0])
            except LoopControl as control:
                if control.name == "break":
                    break

    def _while(self, node: Compound) -> None:
        while True:
            began, printed, before = self.time, len(self.lines), (dict(self.env), len(self.files))
            if self._holds(node.parts[0]) == (node.kind == "until"):
                self.code = 0
                return
            asked = self.time
            try:
                self.block(node.parts[1])
            except LoopControl as control:
                if control.name == "break":
                    return
            if self.time == began:
                self.time += SECOND
            if (self.env, len(self.files)) == before:
                # Nothing that a condition could look at has changed but what can be reached.
                self._repeat(began, asked, printed)

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

    def _command(self, command: Command) -> None:
        words = [w for word in command.words for w in self._assigned_or_words(word)]
        while words and re.match(r"[A-Za-z_]\w*=", words[0]):
            name, _, value = words.pop(0).partition("=")
            self.env[name] = value[:_MAX_TEXT]
            self.code = 0
        if not words:
            return
        printed = len(self.lines)
        self.code = self.simple(words)
        if command.output and command.output not in _LOGS:
            del self.lines[printed:]
            self.files.append((self.time, self.expand(command.output), True))

    def _assigned_or_words(self, word: str) -> list[str]:
        """An assignment is one word, however many its value has."""
        return [self.expand(word)] if re.match(r"[A-Za-z_]\w*=", word) else self.words(word)

    def simple(self, words: list[str]) -> int:
        """Run one command; its exit code. Raises RunsOn for one that does not end."""
        name, args = words[0].rpartition("/")[2] or words[0], words[1:]
        if name in _WRAPPERS:
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
        if name == "exit":
            raise Exit(int(args[0]) & 255 if args and args[0].isdigit() else self.code)
        if name in ("break", "continue"):
            raise LoopControl(name)
        if name in ("true", ":", "read"):
            return 0
        if name == "false":
            return 1
        if name == "set":
            self.errexit = self.errexit or any(re.fullmatch(r"-[a-z]*e[a-z]*", a) for a in args)
            return 0
        if name in _BUILTIN:
            for assignment in args if name in ("export", "local", "readonly", "declare") else ():
                key, has, value = assignment.partition("=")
                if has:
                    self.env[key] = value[:_MAX_TEXT]
            return 0
        if name == "sleep":
            return self._sleep(args)
        if name in ("test", "[", "[["):
            return evaluate([a for a in args if a not in ("]", "]]")], self._file_is_there)
        if name in tools.NETWORK:
            return self._ask(name, args)
        return self._print_or_touch(name, args)

    def _print_or_touch(self, name: str, args: list[str]) -> int:
        if name in ("echo", "printf"):
            self._print(" ".join(args[1:] if args[:1] in (["-e"], ["-n"], ["-en"], ["-ne"]) else args))
        elif name == "date":
            self._print(DATE)
        elif name == "hostname":
            self._print(HOSTNAME)
        elif name in ("touch", "rm"):
            there = name == "touch"
            self.files += [(self.time, path, there) for path in args if not path.startswith("-")]
        elif name == "cat" and args:
            if args[-1] == _NAMESPACE_FILE and NAMESPACE in self.env:
                self._print(self.env[NAMESPACE])
            elif any(path == args[-1] for _, path, _ in self.files) and not self._file_is_there(args[-1]):
                return 1
        elif name == "seq":
            for value in _seq(args):
                self._print(value)
        elif name == "tail" and any(a in ("-f", "-F") for a in args):
            raise RunsOn
        elif name in _QUICK:
            self.time += STEP
        else:
            self.known = False
            raise RunsOn
        return 0

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
        if name in ("nc", "ncat") and any(re.fullmatch(r"-[a-z]*l[a-z]*", a) for a in args):
            raise RunsOn
        host = tools.target(name, args)
        if not host:
            return 1
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

    # words

    def words(self, word: str) -> list[str]:
        """A word with its variables filled in; unquoted ones may give several words, or none."""
        text = self.expand(word)
        if word[:1] in "'\"" or ("$" not in word and "`" not in word):
            return [text]
        return text.split() if '"' not in word else [text]

    def expand(self, word: str) -> str:
        out: list[str] = []
        at, quoted = 0, False
        while at < len(word):
            char = word[at]
            if char == "'" and not quoted:
                end = word.find("'", at + 1)
                end = len(word) if end < 0 else end
                out.append(word[at + 1 : end])
                at = end + 1
            elif char == '"':
                quoted = not quoted
                at += 1
            elif char == "\\" and at + 1 < len(word):
                out.append(word[at : at + 2] if word[at + 1] in "nt" else word[at + 1])
                at += 2
            elif char == "$":
                text, at = self._variable(word, at)
                out.append(text)
            elif char == "`":
                end = word.find("`", at + 1)
                end = len(word) if end < 0 else end
                out.append(self._substitute(word[at + 1 : end]))
                at = end + 1
            else:
                out.append(char)
                at += 1
        return "".join(out)[:_MAX_TEXT]

    def _variable(self, word: str, at: int) -> tuple[str, int]:
        if word.startswith("$((", at):
            end = substitution_end(word, at + 1)
            return _arithmetic(word[at + 3 : end - 2], self.env), end
        if word.startswith("$(", at):
            end = substitution_end(word, at + 1)
            return self._substitute(word[at + 2 : end - 1]), end
        if word.startswith("$?", at):
            return str(self.code), at + 2
        if name := re.match(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^}]*))?[^}]*\})", word[at:]):
            key = name.group(1) or name.group(2)
            found = self.env.get(key, "") or name.group(3) or ""
            return (HOSTNAME if key == "HOSTNAME" else found), at + name.end()
        return "$", at + 1

    def _substitute(self, script: str) -> str:
        """The output of a command, in one line."""
        printed = len(self.lines)
        self.block(parse(script))
        texts = [text for _, text in self.lines[printed:]]
        del self.lines[printed:]
        return "\n".join(texts)


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


def _arithmetic(text: str, env: Mapping[str, str]) -> str:
    """Sums and products of two numbers, which is what loops count with; anything else is 0."""
    text = re.sub(r"\$?\{?([A-Za-z_]\w*)\}?", lambda m: env.get(m.group(1), "0") or "0", text)
    found = re.fullmatch(r"\s*(-?\d{1,18})\s*(?:([-+*/%])\s*(-?\d{1,18}))?\s*", text)
    if found is None:
        return "0"
    x, operator, y = int(found.group(1)), found.group(2), int(found.group(3) or 0)
    if operator is None:
        return str(x)
    if operator in "/%" and y == 0:
        return "0"
    return str({"+": x + y, "-": x - y, "*": x * y, "/": x // y if y else 0, "%": x % y if y else 0}[operator])
