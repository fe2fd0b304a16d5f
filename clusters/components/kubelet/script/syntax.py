"""Shell text to a tree: commands, pipelines, lists, loops, functions.

The grammar is POSIX's, and of bash what scripts in manifests use: `[[ ]]`, `(( ))`, arrays, here-strings. What is not
understood is a SyntaxProblem, never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from clusters.components.kubelet.script import limits
from clusters.components.kubelet.script.lexer import Incomplete, Lexer, Part, SyntaxProblem, Token, Word


class Redirect(NamedTuple):
    fd: int
    """0, 1 or 2; 12 for `&>`."""
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    assignments: tuple[tuple[str, Word], ...]
    """(name, with `[index]` and `+` if it has them; value)"""
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compound:
    """`kind` is group, subshell, if, while, until, for, case (`patterns` has those of each block), function (`body`
    what `name` does), test (`tokens` between `[[` and `]]`), arithmetic (`words`: one `((...))`, or three of a for)."""

    kind: str
    blocks: tuple[Block, ...]
    name: str = ""
    words: tuple[Word, ...] | None = None
    redirects: tuple[Redirect, ...] = ()
    patterns: tuple[tuple[Word, ...], ...] = ()
    body: Command | None = None
    tokens: tuple[Token, ...] = ()


Command = Simple | Compound
Block = tuple[tuple[str, Pipeline, bool], ...]
"""(what joins it to the one before: `;`, `&&`, `||`; the pipeline; whether it goes to the background)"""


_REDIRECTS = frozenset(
    ("2>&1", "1>&2", ">&2", "&>", "&>>", "2>>", "2>", "1>", "1>>", ">>", ">|", ">", "<", "<<", "<<-", "<<<")
)
_CLOSERS = frozenset(("do", "done", "then", "fi", "else", "elif", "esac", "}"))
_NAMED = re.compile(r"([A-Za-z_]\w*(?:\[[^]]*\])?\+?)=(.*)", re.DOTALL)


def parse(text: str) -> Block:
    """Raises SyntaxProblem, Incomplete."""
    if len(text) > limits.SCRIPT:
        raise SyntaxProblem("script too long")
    return _Parser(Lexer(text).tokens()).script()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def _peek(self) -> Token | None:
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
            if token.plain in _CLOSERS or (not token.word and token.text in (")", ";;")):
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
        if not token.word and token.text == "((":
            self.at += 1
            return Compound("arithmetic", (), words=tuple(token.body))
        if word == "[[":
            return self._test()
        if word == "case":
            return self._case()
        if word == "function" or (token.word and self._opens(self.at + 1) and _is_function_name(word)):
            return self._function()
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

    def _opens(self, at: int) -> bool:
        """`(` and `)`, as behind the name of a function."""
        return [t.text for t in self.tokens[at : at + 2] if not t.word] == ["(", ")"]

    def _function(self) -> Compound:
        if self.tokens[self.at].plain == "function":
            self.at += 1
        token = self._peek()
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        if not _is_function_name(token.plain):
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}"')
        self.at += 1
        if self._opens(self.at):
            self.at += 2
        self._newlines()
        return Compound("function", (), token.plain, body=self._command())

    def _test(self) -> Compound:
        start = self.at = self.at + 1
        while (token := self._peek()) is not None and token.plain != "]]":
            self.at += 1
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        inner = tuple(t for t in self.tokens[start : self.at] if t.text != "\n")
        self.at += 1
        return Compound("test", (), tokens=inner, redirects=self._redirects())

    def _case(self) -> Compound:
        self.at += 1
        subject = self._expect_word()
        self._newlines()
        if self._expect_word()[0].text != "in":
            raise SyntaxProblem('syntax error: expecting "in"')
        blocks: list[Block] = []
        patterns: list[tuple[Word, ...]] = []
        while True:
            self._newlines()
            token = self._peek()
            if token is None:
                raise Incomplete("syntax error: unexpected end of file")
            if token.plain == "esac":
                self.at += 1
                break
            if not token.word and token.text == "(":
                self.at += 1
            any_of = [self._expect_word()]
            while (token := self._peek()) is not None and not token.word and token.text == "|":
                self.at += 1
                any_of.append(self._expect_word())
            if token is None:
                raise Incomplete("syntax error: unexpected end of file")
            if token.text != ")":
                raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}" (expecting ")")')
            self.at += 1
            patterns.append(tuple(any_of))
            blocks.append(self._block(frozenset((";;", "esac"))))
            token = self._peek()
            if token is not None and not token.word and token.text == ";;":
                self.at += 1
        return Compound("case", tuple(blocks), words=(subject,), redirects=self._redirects(), patterns=tuple(patterns))

    def _expect_word(self) -> Word:
        token = self._peek()
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        if not token.word:
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}"')
        self.at += 1
        return token.word

    def _for(self) -> Compound:
        self.at += 1
        token = self._peek()
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        if not token.word and token.text == "((":
            self.at += 1
            steps = str(token.body[0][0].text).split(";")
            if len(steps) != 3:
                raise SyntaxProblem("syntax error: bad for loop")
            body = self._loop_body()
            counted: tuple[Word, ...] = tuple((Part("arithmetic", each),) for each in steps)
            return Compound("arithmetic", (body,), words=counted, redirects=self._redirects())
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
        return Compound("for", (self._loop_body(),), name, words, self._redirects())

    def _loop_body(self) -> Block:
        while (token := self._peek()) is not None and not token.word and token.text in (";", "\n"):
            self.at += 1
        if token is None:
            raise Incomplete("syntax error: unexpected end of file")
        if token.plain != "do":
            raise SyntaxProblem(f'syntax error: unexpected "{_shown(token)}" (expecting "do")')
        self.at += 1
        body = self._until("done")
        self.at += 1
        return body

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
        if re.fullmatch(r"\d?[<>]&(?:\d+|-)", token.text) and token.text not in _REDIRECTS:
            self.at += 1
            return _duplicated(token.text)
        if re.fullmatch(r"[3-9](?:>>|>|<)", token.text):
            # Nothing reads or writes but the standard streams.
            self.at += 1
            return Redirect(9, "", self._expect_word())
        if token.text not in _REDIRECTS:
            return None
        self.at += 1
        if token.text in ("<<", "<<-"):
            return Redirect(0, "<<", token.body[0])
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
        if token.text == "<<<":
            return Redirect(0, "<<<", target.word)
        fd = {"2": 2, "<": 0, "&": 12}.get(token.text[0], 1)
        return Redirect(fd, ">>" if token.text.endswith(">>") else token.text.rstrip("|")[-1], target.word)

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


def _duplicated(text: str) -> Redirect:
    """`2>&-`, `1>&2`, `3>&1`."""
    given, target = (text[0], text[3:]) if text[0].isdigit() else ("", text[2:])
    fd = int(given) if given else (1 if ">" in text else 0)
    if target == "-" and fd in (1, 2):
        return Redirect(fd, ">", (Part("text", "/dev/null"),))
    if (fd, target) in ((1, "2"), (2, "1")):
        return Redirect(fd, ">&", (Part("text", target),))
    return Redirect(9, "", ())


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word[0] if word else None
    if first is None or first.kind != "text" or first.quoted:
        return None
    found = _NAMED.fullmatch(first.text)
    if found is None:
        return None
    name, rest = found.groups()
    value = (Part("text", rest), *word[1:]) if rest else word[1:]
    return name, value


def _is_function_name(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][\w.:-]*", text) is not None and text not in _CLOSERS


def _is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii()


def _shown(token: Token) -> str:
    return "newline" if token.text == "\n" else token.text
