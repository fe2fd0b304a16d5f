"""Shell scripts as trees: words, redirections, pipelines, and the compound commands that people use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

_OPERATOR = re.compile(r"&&|\|\||;;|\d?>&\d|&>>?|\d?>>|\d?>|<<<|<|[;&|()\n]")
_TO_FILE = (">", ">>", "1>", "1>>", "&>", "&>>")
_SPECIAL = set(" \t\r\n;&|()<>")


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: words as written, and where its output goes ("": the log)."""

    words: tuple[str, ...]
    output: str = ""


@dataclass(frozen=True, slots=True)
class Compound:
    """`kind` is while, until, for, if, group or subshell; `words` those of a for."""

    kind: str
    words: tuple[str, ...]
    parts: tuple[Block, ...]
    output: str = ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    stages: tuple[Command | Compound, ...]
    background: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Pipelines with the connector before each: `;`, `&&` or `||`."""

    parts: tuple[tuple[str, Pipeline], ...] = ()


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    at: int = 0
    seen: set[str] = field(default_factory=set)

    def look(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.look()
        self.at += 1
        return token

    @property
    def over(self) -> bool:
        return self.at >= len(self.tokens)


def parse(text: str) -> Block:
    return _block(_Reader(tokens(text)), ())


def tokens(text: str) -> list[str]:
    """Words (with their quotes) and operators; comments are gone."""
    text = text.replace("\\\n", " ")
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t\r":
            at += 1
        elif char == "#" and (at == 0 or text[at - 1] in " \t\n;"):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif found := _OPERATOR.match(text, at):
            out.append(found.group())
            at = found.end()
        else:
            end = _word_end(text, at)
            out.append(text[at:end])
            at = max(end, at + 1)
    return out


def _word_end(text: str, at: int) -> int:
    while at < len(text) and text[at] not in _SPECIAL:
        char = text[at]
        if char == "\\":
            at += 2
        elif char in "'\"`":
            at = quoted_end(text, at)
        elif text.startswith("$(", at):
            at = substitution_end(text, at + 1)
        else:
            at += 1
    return min(at, len(text))


def quoted_end(text: str, at: int) -> int:
    """Behind the quotation that starts at `at`."""
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        if text[at] == "\\" and quote != "'":
            at += 1
        elif quote == '"' and text.startswith("$(", at):
            at = substitution_end(text, at + 1) - 1
        at += 1
    return min(at + 1, len(text))


def substitution_end(text: str, at: int) -> int:
    """Behind the parenthesis that closes the one at `at`."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char in "'\"":
            at = quoted_end(text, at) - 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return len(text)


def _block(reader: _Reader, stops: tuple[str, ...]) -> Block:
    parts: list[tuple[str, Pipeline]] = []
    connector = ";"
    while not reader.over and reader.look() not in stops:
        token = reader.look()
        if token in (";", "\n", "&", ";;"):
            connector = ";"
            reader.at += 1
        elif token in ("&&", "||"):
            connector = token
            reader.at += 1
        else:
            before = reader.at
            pipeline = _pipeline(reader)
            parts.append((connector, pipeline))
            connector = ";"
            reader.at = max(reader.at, before + 1)
    return Block(tuple(parts))


def _pipeline(reader: _Reader) -> Pipeline:
    negated = False
    while reader.look() == "!":
        negated = not negated
        reader.at += 1
    stages: list[Command | Compound] = [_stage(reader)]
    while reader.look() == "|":
        reader.at += 1
        while reader.look() == "\n":
            reader.at += 1
        stages.append(_stage(reader))
    background = reader.look() == "&"
    if background:
        reader.at += 1
    return Pipeline(tuple(stages), background, negated)


def _stage(reader: _Reader) -> Command | Compound:
    token = reader.look()
    if token in ("while", "until"):
        reader.at += 1
        condition = _block(reader, ("do",))
        reader.at += 1
        body = _block(reader, ("done",))
        reader.at += 1
        return _redirected(reader, Compound(token, (), (condition, body)))
    if token == "for":
        return _redirected(reader, _for(reader))
    if token == "if":
        return _redirected(reader, _if(reader))
    if token in ("(", "{"):
        reader.at += 1
        body = _block(reader, (")" if token == "(" else "}",))
        reader.at += 1
        return _redirected(reader, Compound("subshell" if token == "(" else "group", (), (body,)))
    return _command(reader)


def _redirected(reader: _Reader, compound: Compound) -> Compound:
    while reader.look() and _redirection(reader.look()):
        operator = reader.take()
        if re.fullmatch(r"\d?>&\d", operator):
            continue
        target = reader.take()
        if operator in _TO_FILE:
            compound = replace(compound, output=target)
    return compound


def _for(reader: _Reader) -> Compound:
    reader.at += 1
    words: list[str] = []
    while not reader.over and reader.look() not in ("do", ";", "\n"):
        words.append(reader.take())
    _block(reader, ("do",))
    reader.at += 1
    body = _block(reader, ("done",))
    reader.at += 1
    return Compound("for", tuple(words), (body,))


def _if(reader: _Reader) -> Compound:
    reader.at += 1
    condition = _block(reader, ("then",))
    reader.at += 1
    then = _block(reader, ("else", "elif", "fi"))
    if reader.look() == "elif":
        nested = _if(reader)
        return Compound("if", (), (condition, then, Block(((";", Pipeline((nested,))),))))
    other = Block()
    if reader.look() == "else":
        reader.at += 1
        other = _block(reader, ("fi",))
    reader.at += 1
    return Compound("if", (), (condition, then, other))


def _redirection(token: str) -> bool:
    return bool(token) and (token == "<" or token == "<<<" or ">" in token) and _OPERATOR.fullmatch(token) is not None


def _command(reader: _Reader) -> Command:
    words: list[str] = []
    output = ""
    while not reader.over:
        token = reader.look()
        if token in (";", "\n", "&", "&&", "||", "|", "(", ")", ";;"):
            break
        if token in ("do", "done", "then", "fi", "else", "elif", "}") and not words:
            break
        reader.at += 1
        if _redirection(token):
            if re.fullmatch(r"\d?>&\d", token):
                continue
            target = reader.take()
            if token in _TO_FILE:
                output = target
        else:
            words.append(token)
    return Command(tuple(words), output)
