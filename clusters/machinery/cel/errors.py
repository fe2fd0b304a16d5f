"""What can go wrong with an expression: it does not compile, it fails, it costs too much."""

from __future__ import annotations

from dataclasses import dataclass


class CelError(Exception):
    """An evaluation failed; the text is cel-go's."""


class CostExceeded(CelError):
    """The evaluation was cancelled."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


def no_such_overload() -> CelError:
    return CelError("no such overload")


@dataclass(frozen=True, slots=True)
class Issue:
    """A problem at an offset of the source."""

    offset: int
    text: str


class CompileError(ValueError):
    """The expression does not compile; `str()` shows every problem as cel-go does, with the line and a pointer."""

    def __init__(self, source: str, issues: list[Issue]) -> None:
        super().__init__("\n".join(_shown(source, issue) for issue in issues))
        self.issues = issues


def _shown(source: str, issue: Issue) -> str:
    before = source[: issue.offset]
    line, column = before.count("\n"), issue.offset - (before.rfind("\n") + 1)
    text = source.split("\n")[line].replace("\t", " ")
    return f"ERROR: <input>:{line + 1}:{column + 1}: {issue.text}\n | {text}\n | {'.' * column}^"
