"""What words become: variables, substitutions, fields, paths. The half of the shell that has no side effects but
those of the commands it substitutes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Generator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from clusters.components.kubelet.script import arithmetic, limits
from clusters.components.kubelet.script.lexer import Part, Word
from clusters.components.kubelet.script.streams import BrokenPipe, Running, Sink, Streams

if TYPE_CHECKING:
    from clusters.components.kubelet.console.process import System

KILLED_BY_PIPE = 141
_BRACES = re.compile(r"([^{}]*)\{([^{}]*,[^{}]*|-?\w+\.\.-?\w+)\}([^{}]*)")


class Exit(Exception):
    """The shell ends."""

    def __init__(self, code: int) -> None:
        self.code = code


class Failed(Exception):
    """A word that cannot be expanded; has been told of."""


class Expansion:
    """A shell's variables and what it makes of words."""

    system: System
    exported: dict[str, str]
    local: dict[str, str]
    arrays: dict[str, list[str]]
    args: list[str]
    cwd: str
    name: str
    code: int
    bash: bool

    @abstractmethod
    def child(self) -> Expansion:
        """A subshell."""

    @abstractmethod
    def run(self, text: str, streams: Streams) -> Running:
        """Run a script."""

    def assign(self, name: str, value: str) -> None:
        """`name` may be `name+` (append) or `name[index]`."""
        if name.endswith("+"):
            name = name[:-1]
            value = (self.element(name) or "") + value
        value = value[: limits.VALUE]
        if name.endswith("]"):
            name, _, index = name[:-1].partition("[")
            self._put(name, self._index(index), value)
            return
        if name in self.arrays:
            self._put(name, 0, value)
            return
        if name in self.exported:
            self.exported[name] = value
        elif name in self.local or len(self.local) < limits.VARIABLES:
            self.local[name] = value

    def assign_array(self, name: str, items: list[str]) -> None:
        base = name.removesuffix("+")
        known = self.arrays.get(base, []) if name.endswith("+") else []
        if base in self.arrays or len(self.arrays) < limits.VARIABLES:
            self.arrays[base] = [*known, *items][: limits.WORDS]
            self.local.pop(base, None)

    def _put(self, name: str, index: int, value: str) -> None:
        values = self.arrays.setdefault(name, [])
        if 0 <= index < limits.WORDS:
            values += [""] * (index + 1 - len(values))
            values[index] = value

    def _index(self, text: str) -> int:
        try:
            return arithmetic.evaluate(text, self.number, self.assign)
        except arithmetic.ArithmeticProblem:
            return 0

    def element(self, name: str) -> str | None:
        """The value of `name` or `name[index]`."""
        base, bracket, index = name.partition("[")
        if not bracket:
            return self.value(name)
        values = self.listed(base)
        at = self._index(index.removesuffix("]"))
        return values[at] if -len(values) <= at < len(values) else None

    def listed(self, name: str) -> list[str]:
        """The elements of an array; a plain variable has one."""
        if name in self.arrays:
            return self.arrays[name]
        value = self.value(name)
        return [] if value is None else [value]

    def number(self, name: str) -> str | None:
        """For arithmetic, where a variable may name another."""
        return self.value(name)

    def value(self, name: str) -> str | None:
        if name in self.arrays:
            return self.arrays[name][0] if self.arrays[name] else None
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
        for word in [each for one in words for each in (_braced(one) if self.bash else (one,))]:
            for text, glob in (yield from self.fields(word, streams)):
                out += self.globbed(text, glob) if glob else [text]
                if len(out) > limits.WORDS:
                    streams.err(f"{self.name}: argument list too long\n".encode())
                    raise Failed
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
            if part.kind == "var" and part.quoted and (part.text == "@" or part.index == "@"):
                if not part.operator or part.operator in (":", "!name"):
                    for i, arg in enumerate((yield from self._elements(part, streams))):
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
                for i, field in enumerate(self._split(text)):
                    open_ = open_ and i == 0
                    add(field, quoted=False)
                if text[-1:].isspace():
                    open_ = False
        return [("".join(t), "".join(p) if m else "") for t, p, m in zip(texts, patterns, magic)]

    def _split(self, text: str) -> list[str]:
        separators = self.value("IFS")
        if separators is None or not separators.strip():
            return text.split() if separators != "" else [text]
        return [field for field in re.split(f"[{re.escape(separators)}]", text) if field]

    def _elements(self, part: Part, streams: Streams) -> Generator[int, None, list[str]]:
        """`$@`, `${name[@]}`, `${!name[@]}` or a slice of them."""
        values = list(self.args) if part.text == "@" else list(self.listed(part.text))
        if part.operator == "!name":
            return [str(i) for i in range(len(values))]
        if part.operator == ":":
            start, length = yield from self._bounds(part, streams)
            # $@ counts from 1.
            start -= 1 if part.text == "@" and start > 0 else 0
            return values[start:] if length is None else values[start : start + length]
        return values

    def _bounds(self, part: Part, streams: Streams) -> Generator[int, None, tuple[int, int | None]]:
        text = yield from self.joined(part.word, streams)
        start, given, length = text.partition(":")
        return self._index(start), self._index(length) if given else None

    def pattern(self, word: Word, streams: Streams, *, regular: bool = False) -> Generator[int, None, str]:
        """A word as a pattern (or a regular expression): what is quoted in it means itself."""
        out: list[str] = []
        for index, part in enumerate(word):
            text = yield from self.part(part, streams)
            if part.quoted:
                text = re.escape(text) if regular else re.sub(r"([*?\[])", r"[\1]", text)
            elif index == 0 and part.kind == "text":
                text = self.tilde(text)
            out.append(text)
        return "".join(out)[: limits.VALUE]

    @abstractmethod
    def globbed(self, text: str, pattern: str) -> list[str]:
        """The paths that match, or the word itself."""

    def part(self, part: Part, streams: Streams) -> Generator[int, None, str]:
        if part.kind == "text":
            return part.text
        if part.kind == "command":
            pipe = bytearray()
            shell = self.child()
            try:
                self.code = yield from shell.run(part.text, Streams(streams.stdin, into(pipe), streams.err))
            except BrokenPipe:
                self.code = KILLED_BY_PIPE
            return bytes(pipe).decode(errors="replace").rstrip("\n")[: limits.VALUE]
        if part.kind == "arithmetic":
            try:
                return str(arithmetic.evaluate(part.text, self.number, self.assign))
            except arithmetic.ArithmeticProblem as problem:
                streams.err(f"{self.name}: arithmetic syntax error: {problem}\n".encode())
                raise Failed from None
        return (yield from self.variable(part, streams))

    def variable(self, part: Part, streams: Streams) -> Generator[int, None, str]:
        operator = part.operator
        if part.index in ("@", "*") or (part.text == "@" and operator in (":", "#length")):
            if operator == "#length":
                return str(len(self.args if part.text == "@" else self.listed(part.text)))
            value: str | None = " ".join((yield from self._elements(part, streams)))
        elif part.index:
            value = self.element(f"{part.text}[{part.index}]")
        else:
            value = self.value(part.text)
        if not operator or part.index in ("@", "*"):
            return value or ""
        if operator == "#length":
            return str(len(value or ""))
        if operator == "!name":
            return self.value(value or "") or ""
        if operator == ":":
            start, length = yield from self._bounds(part, streams)
            rest = (value or "")[start:]
            return rest if length is None else rest[:length]
        if operator[0] in "^,":
            change = str.upper if operator[0] == "^" else str.lower
            text = value or ""
            return change(text) if len(operator) == 2 else change(text[:1]) + text[1:]
        if operator[0] == "/":
            pattern = yield from self.pattern(part.word, streams)
            put = (yield from self.joined(part.items[0], streams)) if part.items else ""
            return replaced(value or "", operator, pattern, put)
        unset = value is None or (operator.startswith(":") and value == "")
        kind = operator[-1]
        if operator in ("#", "##", "%", "%%"):
            pattern = yield from self.pattern(part.word, streams)
            return trimmed(value or "", operator, pattern)
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


def into(pipe: bytearray) -> Sink:
    def write(data: bytes) -> None:
        if len(pipe) + len(data) > limits.PIPE:
            raise BrokenPipe
        pipe.extend(data)

    return write


def trimmed(value: str, operator: str, pattern: str) -> str:
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


def replaced(value: str, operator: str, pattern: str, put: str) -> str:
    """`${name/pattern/put}`: the first longest match, with `//` all of them, with `/#` and `/%` at an end."""
    if len(value) > 4096 or not pattern:
        return value
    out: list[str] = []
    at, done = 0, False
    while at <= len(value):
        ends = [] if done else [e for e in range(len(value), at, -1) if fnmatchcase(value[at:e], pattern)]
        if operator == "/#" and at > 0:
            ends = []
        elif operator == "/%":
            ends = [e for e in ends if e == len(value)]
        if ends:
            out.append(put)
            at, done = ends[0], operator != "//"
        else:
            out.append(value[at : at + 1])
            at += 1
        if len(out) > limits.VALUE:
            break
    return "".join(out)[: limits.VALUE]


def _braced(word: Word) -> list[Word]:
    """`{a,b}` and `{1..3}` in a word without quotes or expansions."""
    if len(word) != 1 or word[0].kind != "text" or word[0].quoted or "{" not in word[0].text:
        return [word]
    texts, finished = [word[0].text], False
    while not finished and len(texts) <= limits.WORDS:
        finished = True
        following: list[str] = []
        for text in texts:
            found = _BRACES.fullmatch(text) or _BRACES.match(text)
            if found is None:
                following.append(text)
                continue
            finished = False
            before, inner, _ = found.groups()
            after = text[found.end(2) + 1 :]
            following += [f"{before}{each}{after}" for each in _alternatives(inner)]
        texts = following
    return [(Part("text", text),) for text in texts[: limits.WORDS]]


def _alternatives(inner: str) -> list[str]:
    first, dots, last = inner.partition("..")
    if not dots or "," in inner:
        return inner.split(",")
    if re.fullmatch(r"-?\d{1,9}", first) and re.fullmatch(r"-?\d{1,9}", last):
        low, high = int(first), int(last)
        step = 1 if high >= low else -1
        return [str(n) for n in range(low, high + step, step)[: limits.WORDS + 1]]
    if len(first) == len(last) == 1:
        step = 1 if last >= first else -1
        return [chr(c) for c in range(ord(first), ord(last) + step, step)]
    return ["{" + inner.replace("..", "\0") + "}"]
