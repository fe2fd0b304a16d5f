"""Shell text to tokens: operators, and words with their quoting and expansions.

Here-documents are read here, too, for they begin where the line ends. `Incomplete` says that more lines are needed,
which is how an interactive shell continues.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from clusters.components.kubelet.script import limits


class SyntaxProblem(Exception):
    """What the shell says about a line it cannot read."""


class Incomplete(SyntaxProblem):
    """The text ends too early."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word. `kind` is text, var (`text` is its name; `operator` and `word` of `${name:-word}`; `index` of
    `${name[index]}`; `items` the replacement of `${name/word/...}`), command (`text` is the script), arithmetic, or
    array (the `items` of `name=(...)`)."""

    kind: str
    text: str
    quoted: bool = False
    operator: str = ""
    word: Word = ()
    index: str = ""
    items: tuple[Word, ...] = ()


Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """An operator (`word` empty) or a word; `plain` is the text of a word without any quoting. Of `<<`, `body` gets
    the text up to its end."""

    text: str
    word: Word = ()
    plain: str = ""
    body: list[Word] = field(default_factory=list)


OPERATORS = (
    "&&", "||", "2>&1", "1>&2", ">&2", "&>>", "&>", "2>>", "2>", "1>>", "1>", ">>", ">|", "<<<", "<<-", "<<", ">", "<",
    ";;", ";", "&", "|", "((", "(", ")", "\n",
)  # fmt: skip
_BLANK = " \t\r"
_META = frozenset(" \t\r\n;&|()<>")
_DUPLICATED = re.compile(r"\d?[<>]&(?:\d+|-)|[3-9](?:>>|>|<)(?![(<>&])")
_ARRAY = re.compile(r"[A-Za-z_]\w*\+?=")
_CHANGES = ("//", "/#", "/%", "/", "^^", "^", ",,", ",")
_DEFAULTS = (":-", ":=", ":+", ":?", "-", "=", "+", "?", "##", "#", "%%", "%", ":", *_CHANGES)


class Lexer:
    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text.replace("\\\n", "")
        self.at = 0
        if depth > limits.DEPTH:
            raise SyntaxProblem("nested too deeply")
        self.depth = depth

    def tokens(self) -> list[Token]:
        out: list[Token] = []
        waiting: list[Token] = []
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in _BLANK:
                self.at += 1
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif out and out[-1].plain == "=~":
                # A regular expression is one word, with its parentheses.
                start = self.at
                out.append(Token(text[start : self.at], self.word(stop=" \n")))
            elif (operator := self._operator()) is not None:
                self.at += len(operator)
                if operator == "((" and (inner := self._double_parenthesis()) is not None:
                    out.append(Token("((", body=[(Part("arithmetic", inner),)]))
                    continue
                if operator == "((":
                    out.append(Token("("))
                    operator = "("
                out.append(Token(operator))
                if operator in ("<<", "<<-"):
                    waiting.append(out[-1])
                    self._delimiter(out[-1])
                elif operator == "\n":
                    for token in waiting:
                        self._here(token)
                    waiting = []
            else:
                start = self.at
                word = self.word()
                plain = word[0].text if len(word) == 1 and word[0].kind == "text" and not word[0].quoted else ""
                out.append(Token(text[start : self.at], word, plain))
        if waiting:
            raise Incomplete("syntax error: unexpected end of file")
        return out

    def _operator(self) -> str | None:
        duplicated = _DUPLICATED.match(self.text, self.at)
        if duplicated is not None:
            return duplicated.group()
        for operator in OPERATORS:
            if self.text.startswith(operator, self.at):
                return operator
        return None

    def _double_parenthesis(self) -> str | None:
        """The arithmetic behind `((`, None if it is but two parentheses."""
        depth, at, text = 2, self.at, self.text
        while at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
            if depth == 1:
                if not text.startswith(")", at):
                    return None
                inner, self.at = text[self.at : at - 1], at + 1
                return inner
        return None

    # here-documents

    def _delimiter(self, token: Token) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        word = self.word()
        if not word:
            raise SyntaxProblem("syntax error: unexpected newline")
        token.body.append(word)

    def _here(self, token: Token) -> None:
        """Put the text up to the delimiter into the token."""
        (word,) = token.body
        quoted = any(part.quoted for part in word)
        end = "".join(part.text for part in word)
        lines: list[str] = []
        while True:
            if self.at >= len(self.text):
                raise Incomplete("syntax error: unexpected end of file")
            found = self.text.find("\n", self.at)
            stop = len(self.text) if found < 0 else found
            line, self.at = self.text[self.at : stop], stop + 1
            if token.text == "<<-":
                line = line.lstrip("\t")
            if line == end:
                break
            lines.append(f"{line}\n")
        body = "".join(lines)
        if quoted:
            token.body[0] = (Part("text", body, True),)
            return
        inner = Lexer(body, self.depth + 1)
        token.body[0] = tuple(inner._double(""))

    def word(self, stop: str = "") -> Word:
        """Up to blanks and operators, or up to one of the characters of `stop`."""
        parts: list[Part] = []
        text = self.text
        plain: list[str] = []

        def flush() -> None:
            if plain:
                parts.append(Part("text", "".join(plain)))
                plain.clear()

        while self.at < len(text):
            char = text[self.at]
            if not stop and char == "(" and not parts and _ARRAY.fullmatch("".join(plain)):
                flush()
                parts.append(self._array())
                break
            if (stop and char in stop) or (not stop and char in _META):
                break
            if char == "'":
                flush()
                end = text.find("'", self.at + 1)
                if end < 0:
                    raise Incomplete("syntax error: unterminated quoted string")
                parts.append(Part("text", text[self.at + 1 : end], True))
                self.at = end + 1
            elif char == '"':
                flush()
                self.at += 1
                parts += self._double('"')
            elif char == "\\":
                if self.at + 1 >= len(text):
                    raise Incomplete("unexpected end of line")
                flush()
                parts.append(Part("text", text[self.at + 1], True))
                self.at += 2
            elif char in "$`":
                flush()
                parts.append(self._dollar(quoted=False))
            else:
                plain.append(char)
                self.at += 1
        flush()
        return tuple(parts)

    def _array(self) -> Part:
        """`(a b c)`."""
        items: list[Word] = []
        self.at += 1
        while True:
            char = self.text[self.at : self.at + 1]
            if not char:
                raise Incomplete("syntax error: unexpected end of file")
            if char == ")":
                self.at += 1
                return Part("array", "", items=tuple(items))
            if char in _BLANK + "\n":
                self.at += 1
            elif char in _META:
                raise SyntaxProblem(f'syntax error: unexpected "{char}"')
            else:
                items.append(self.word())

    def _double(self, end: str) -> list[Part]:
        """Within double quotes; with no `end`, a here-document."""
        parts: list[Part] = []
        plain: list[str] = []
        text = self.text
        while True:
            if self.at >= len(text):
                if not end:
                    break
                raise Incomplete("syntax error: unterminated quoted string")
            char = text[self.at]
            if char == end:
                self.at += 1
                break
            if char == "\\" and self.at + 1 < len(text) and text[self.at + 1] in f"$`\\{end}":
                plain.append(text[self.at + 1])
                self.at += 2
            elif char in "$`":
                if plain:
                    parts.append(Part("text", "".join(plain), True))
                    plain = []
                parts.append(self._dollar(quoted=True))
            else:
                plain.append(char)
                self.at += 1
        if plain or not parts:
            parts.append(Part("text", "".join(plain), True))
        return parts

    def _dollar(self, *, quoted: bool) -> Part:
        text = self.text
        if text[self.at] == "`":
            end = text.find("`", self.at + 1)
            if end < 0:
                raise Incomplete("syntax error: unterminated quoted string")
            inner, self.at = text[self.at + 1 : end], end + 1
            return Part("command", inner, quoted)
        if text.startswith("$((", self.at):
            start, self.at = self.at, self.at + 3
            script = self._double_parenthesis()
            if script is not None:
                return Part("arithmetic", script, quoted)
            self.at = start
        if text.startswith("$(", self.at):
            return Part("command", self._parenthesis(), quoted)
        if text.startswith("${", self.at):
            return self._braced(quoted=quoted)
        end = self.at + 1
        if end < len(text) and text[end] in "?#$@*!0123456789":
            end += 1
        else:
            while end < len(text) and (text[end].isascii() and (text[end].isalnum() or text[end] == "_")):
                end += 1
        name, self.at = text[self.at + 1 : end], end
        return Part("var", name, quoted) if name else Part("text", "$", quoted)

    def _parenthesis(self) -> str:
        depth, at, quote = 0, self.at + 1, ""
        text = self.text
        while at < len(text):
            char = text[at]
            if quote:
                if char == "\\" and quote == '"':
                    at += 1
                elif char == quote:
                    quote = ""
            elif char in "'\"":
                quote = char
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    script, self.at = text[self.at + 2 : at], at + 1
                    return script
            at += 1
        raise Incomplete("syntax error: unexpected end of file")

    def _braced(self, *, quoted: bool) -> Part:
        text = self.text
        at = self.at + 2
        prefix = text[at : at + 1] if text[at : at + 1] in ("#", "!") and text[at + 1 : at + 2] not in ("", "}") else ""
        at += len(prefix)
        start = at
        if at < len(text) and text[at] in "?@*#!$":
            at += 1
        else:
            while at < len(text) and (text[at].isalnum() or text[at] == "_"):
                at += 1
        name, index = text[start:at], ""
        if text.startswith("[", at):
            end = text.find("]", at)
            if end < 0:
                raise Incomplete("syntax error: missing ']'")
            index, at = text[at + 1 : end], end + 1
        operator = {"#": "#length", "!": "!name"}.get(prefix, "")
        if not operator:
            operator = next((each for each in _DEFAULTS if text.startswith(each, at)), "")
            at += len(operator)
        inner = Lexer("", self.depth + 1)
        inner.text, inner.at = text, at
        items: tuple[Word, ...] = ()
        if operator.startswith("/"):
            word = inner.word(stop="/}")
            if text.startswith("/", inner.at):
                inner.at += 1
                items = (inner.word(stop="}"),)
        else:
            word = inner.word(stop="}")
        if inner.at >= len(text):
            raise Incomplete("syntax error: missing '}'")
        self.at = inner.at + 1
        if not name or (word and not operator):
            raise SyntaxProblem("syntax error: bad substitution")
        return Part("var", name, quoted, operator, word, index, items)
