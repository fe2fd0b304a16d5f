"""Shell text to a tree: words with their quoting, commands, pipelines, lists, loops.

The grammar is POSIX's without functions, `case` and here-documents; what is not understood is a SyntaxProblem,
never guessed at. `Incomplete` says that more lines are needed, which is how an interactive shell continues.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from clusters.components.kubelet.console import limits


class SyntaxProblem(Exception):
    """What the shell says about a line it cannot read."""


class Incomplete(SyntaxProblem):
    """The text ends too early."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word. `kind` is text, var (`text` is its name; `operator` and `word` of `${name:-word}`),
    command (`text` is the script) or arithmetic."""

    kind: str
    text: str
    quoted: bool = False
    operator: str = ""
    word: Word = ()


Word = tuple[Part, ...]


class Redirect(NamedTuple):
    fd: int
    """0, 1 or 2; 12 for `&>`."""
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compound:
    """`kind` is group, subshell, if, while, until or for."""

    kind: str
    blocks: tuple[Block, ...]
    name: str = ""
    words: tuple[Word, ...] | None = None
    redirects: tuple[Redirect, ...] = ()


Command = Simple | Compound
Block = tuple[tuple[str, Pipeline, bool], ...]
"""(what joins it to the one before: `;`, `&&`, `||`; the pipeline; whether it goes to the background)"""


@dataclass(frozen=True, slots=True)
class _Token:
    """An operator (`word` empty) or a word; `plain` is the text of a word without any quoting."""

    text: str
    word: Word = ()
    plain: str = ""


_OPERATORS = (
    "&&",
    "||",
    "2>&1",
    "1>&2",
    ">&2",
    "&>",
    "2>>",
    "2>",
    "1>",
    ">>",
    "<<",
    ">",
    "<",
    ";;",
    ";",
    "&",
    "|",
    "(",
    ")",
    "\n",
)
_BLANK = " \t\r"
_META = frozenset(" \t\r\n;&|()<>")
_REDIRECTS = frozenset(("2>&1", "1>&2", ">&2", "&>", "2>>", "2>", "1>", ">>", ">", "<"))
_CLOSERS = frozenset(("do", "done", "then", "fi", "else", "elif", "}"))
_UNSUPPORTED = frozenset(("case", "function", "select"))


def parse(text: str) -> Block:
    """Raises SyntaxProblem, Incomplete."""
    if len(text) > limits.SCRIPT:
        raise SyntaxProblem("script too long")
    return _Parser(_Lexer(text).tokens()).script()


class _Lexer:
    def __init__(self, text: str, depth: int = 0) -> None:
        self.text = text.replace("\\\n", "")
        self.at = 0
        if depth > limits.DEPTH:
            raise SyntaxProblem("nested too deeply")
        self.depth = depth

    def tokens(self) -> list[_Token]:
        out: list[_Token] = []
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in _BLANK:
                self.at += 1
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif (operator := self._operator()) is not None:
                self.at += len(operator)
                out.append(_Token(operator))
            else:
                start = self.at
                word = self.word()
                plain = word[0].text if len(word) == 1 and word[0].kind == "text" and not word[0].quoted else ""
                out.append(_Token(text[start : self.at], word, plain))
        return out

    def _operator(self) -> str | None:
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.at):
                return operator
        return None

    def word(self, stop: str = "") -> Word:
        """Up to blanks and operators, or up to the character `stop`."""
        parts: list[Part] = []
        text = self.text
        plain: list[str] = []

        def flush() -> None:
            if plain:
                parts.append(Part("text", "".join(plain)))
                plain.clear()

        while self.at < len(text):
            char = text[self.at]
            if (stop and char == stop) or (not stop and char in _META):
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
                parts += self._double()
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

    def _double(self) -> list[Part]:
        parts: list[Part] = []
        plain: list[str] = []
        text = self.text
        while True:
            if self.at >= len(text):
                raise Incomplete("syntax error: unterminated quoted string")
            char = text[self.at]
            if char == '"':
                self.at += 1
                break
            if char == "\\" and self.at + 1 < len(text) and text[self.at + 1] in '$`"\\':
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
            script, self.at = text[self.at + 1 : end], end + 1
            return Part("command", script, quoted)
        if text.startswith("$((", self.at):
            end = text.find("))", self.at)
            if end < 0:
                raise Incomplete("syntax error: missing '))'")
            script, self.at = text[self.at + 3 : end], end + 2
            return Part("arithmetic", script, quoted)
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
        length = at < len(text) and text[at] == "#" and text[at + 1 : at + 2] != "}"
        if length:
            at += 1
        start = at
        if at < len(text) and text[at] in "?@*#":
            at += 1
        else:
            while at < len(text) and (text[at].isalnum() or text[at] == "_"):
                at += 1
        name = text[start:at]
        operator = "#length" if length else ""
        for candidate in ("", ":-", ":=", ":+", ":?", "-", "=", "+", "?", "##", "#", "%%", "%"):
            if candidate and text.startswith(candidate, at) and not length:
                operator, at = candidate, at + len(candidate)
                break
        inner = _Lexer(text, self.depth + 1)
        inner.text, inner.at = text, at
        word = inner.word(stop="}")
        if inner.at >= len(text):
            raise Incomplete("syntax error: missing '}'")
        self.at = inner.at + 1
        if not name or (word and not operator):
            raise SyntaxProblem("syntax error: bad substitution")
        return Part("var", name, quoted, operator, word)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def _peek(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def script(self) -> Block:
        block = self._block(frozenset())
        token = self._peek()
        if token is not None:
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}"')
        return block

    def _block(self, ends: frozenset[str]) -> Block:
        self.depth += 1
        if self.depth > limits.DEPTH:
            raise SyntaxProblem("nested too deeply")
        out: list[tuple[str, Pipeline, bool]] = []
        joint = ";"
        while (token := self._peek()) is not None:
            if not token.word and token.text in (";", "\n"):
                if token.text == ";" and (not out or joint != ";"):
                    raise SyntaxProblem('syntax error: unexpected ";"')
                self.at += 1
                continue
            if token.plain in ends or (not token.word and token.text in ends):
                break
            if token.plain in _CLOSERS or (not token.word and token.text == ")"):
                raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}"')
            pipeline = self._pipeline()
            following = self._peek()
            word = following.text if following is not None and not following.word else ""
            out.append((joint, pipeline, word == "&"))
            joint = word if word in ("&&", "||") else ";"
            if word in ("&", ";", "\n", "&&", "||"):
                self.at += 1
            elif following is not None and not (following.plain in ends or word in ends):
                raise SyntaxProblem(f'syntax error: unexpected "{_shown(following)}"')
        if joint != ";":
            raise Incomplete("syntax error: unexpected end of file")
        if ends and self._peek() is None:
            raise Incomplete("syntax error: unexpected end of file")
        self.depth -= 1
        return tuple(out)

    def _pipeline(self) -> Pipeline:
        negated = False
        while (token := self._peek()) is not None and token.plain == "!":
            negated, self.at = not negated, self.at + 1
        commands = [self._command()]
        while (token := self._peek()) is not None and not token.word and token.text == "|":
            self.at += 1
            self._newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _newlines(self) -> None:
        while (token := self._peek()) is not None and not token.word and token.text == "\n":
            self.at += 1

    def _until(self, *ends: str) -> Block:
        block = self._block(frozenset(ends))
        if not block:
            token = self._peek()
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(token) if token else "end of file"}"')
        return block

    def _command(self) -> Command:
        token = self._peek()
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        word = token.plain
        if not token.word and token.text == "(":
            self.at += 1
            body = self._until(")")
            self.at += 1
            return Compound("subshell", (body,), redirects=self._redirects())
        if word in _UNSUPPORTED:
            raise SyntaxProblem(f'syntax error: "{word}" is not supported by this shell')
        if word == "{":
            self.at += 1
            body = self._until("}")
            self.at += 1
            return Compound("group", (body,), redirects=self._redirects())
        if word in ("while", "until"):
            self.at += 1
            condition = self._until("do")
            self.at += 1
            body = self._until("done")
            self.at += 1
            return Compound(word, (condition, body), redirects=self._redirects())
        if word == "for":
            return self._for()
        if word == "if":
            return self._if()
        return self._simple()

    def _for(self) -> Compound:
        self.at += 1
        token = self._peek()
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        name, words = token.plain, None
        if not _is_name(name):
            raise SyntaxProblem("syntax error: bad for loop variable")
        self.at += 1
        self._newlines()
        token = self._peek()
        if token is not None and token.plain == "in":
            self.at += 1
            found: list[Word] = []
            while (token := self._peek()) is not None and token.word:
                found.append(token.word)
                self.at += 1
            words = tuple(found)
        while (token := self._peek()) is not None and not token.word and token.text in (";", "\n"):
            self.at += 1
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        if token.plain != "do":
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}" (expecting "do")')
        self.at += 1
        body = self._until("done")
        self.at += 1
        return Compound("for", (body,), name, words, self._redirects())

    def _if(self) -> Compound:
        blocks: list[Block] = []
        while True:
            self.at += 1
            blocks.append(self._until("then"))
            self.at += 1
            blocks.append(self._until("elif", "else", "fi"))
            token = self.tokens[self.at]
            if token.plain == "elif":
                continue
            if token.plain == "else":
                self.at += 1
                blocks.append(self._until("fi"))
            self.at += 1
            return Compound("if", tuple(blocks), redirects=self._redirects())

    def _redirects(self) -> tuple[Redirect, ...]:
        out: list[Redirect] = []
        while (found := self._redirect()) is not None:
            out.append(found)
        return tuple(out)

    def _redirect(self) -> Redirect | None:
        token = self._peek()
        if token is None or token.word:
            return None
        if token.text == "<<":
            raise SyntaxProblem("syntax error: here-documents are not supported by this shell")
        if token.text not in _REDIRECTS:
            return None
        self.at += 1
        if token.text == "2>&1":
            return Redirect(2, ">&", (Part("text", "1"),))
        if token.text in (">&2", "1>&2"):
            return Redirect(1, ">&", (Part("text", "2"),))
        target = self._peek()
        if target is None:
            raise Incomplete("syntax error: unexpected end of file")
        if not target.word:
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(target)}"')
        self.at += 1
        fd = {"2": 2, "<": 0, "&": 12}.get(token.text[0], 1)
        return Redirect(fd, ">>" if token.text.endswith(">>") else token.text[-1], target.word)

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while (token := self._peek()) is not None:
            if not token.word:
                found = self._redirect()
                if found is None:
                    break
                redirects.append(found)
                continue
            assigned = None if words else _assignment(token.word)
            if assigned is not None:
                assignments.append(assigned)
            else:
                words.append(token.word)
            self.at += 1
        if not (assignments or words or redirects):
            token = self._peek()
            if token is None:
                raise Incomplete("syntax error: unexpected end of file")
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}"')
        return Simple(tuple(assignments), tuple(words), tuple(redirects))


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word[0] if word else None
    if first is None or first.kind != "text" or first.quoted or "=" not in first.text:
        return None
    name, _, rest = first.text.partition("=")
    if not _is_name(name):
        return None
    value = (Part("text", rest), *word[1:]) if rest else word[1:]
    return name, value


def _is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii()


def _shown(token: _Token) -> str:
    return "newline" if token.text == "\n" else token.text
