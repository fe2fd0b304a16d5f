"""Loops that count: rounds that differ only by numbers that grow evenly are held as one round.

A number that counts is written into the line as `COUNT first ; step ;`, to be filled in for each round.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from clusters.components.kubelet.script.syntax import Block, Compound, Simple
from clusters.components.kubelet.shell.program import COUNT, Line, Loop

_NUMBER = re.compile(r"\d{1,15}")
_STATIC = ("true", ":", "sleep")


def is_straight(command: Compound) -> bool:
    """An endless loop (`while true`) of plain commands: nothing in it can turn out otherwise in a later round."""
    condition, body = command.blocks
    words = [c.words for c in _simple(condition)] if _plain(condition) else [()]
    plain = ["".join(p.text for p in w[0]) if w else "" for w in words]
    return all(name in _STATIC for name in plain) and command.kind == "while" and _plain(body)


def _simple(block: Block) -> list[Simple]:
    return [c for _, pipeline, _ in block for c in pipeline.commands if isinstance(c, Simple)]


def _plain(block: Block) -> bool:
    return all(
        joint == ";" and not pipeline.negated and all(isinstance(c, Simple) for c in pipeline.commands)
        for joint, pipeline, _ in block
    )


def loop(rounds: Sequence[tuple[int, list[Line]]], end: int) -> Loop | None:
    """Of three rounds (start, lines with offsets in the round) and the end of the last: the loop that they begin, if
    they only count."""
    (first, lines), (second, _), (third, _) = rounds
    period = second - first
    if period <= 0 or third - second != period or end - third != period:
        return None
    counted: list[Line] = []
    others = [each for _, each in rounds[1:]]
    if any(len(each) != len(lines) for each in others):
        return None
    for index, (at, text) in enumerate(lines):
        same = [each[index] for each in others]
        if any(offset != at for offset, _ in same):
            return None
        written = _counted(text, [t for _, t in same])
        if written is None:
            return None
        counted.append((at, written))
    return Loop(first, period, tuple(counted))


def _counted(text: str, others: list[str]) -> str | None:
    """The text with what counts in it marked; None if they differ otherwise."""
    if any(_NUMBER.sub("0", other) != _NUMBER.sub("0", text) for other in others):
        return None
    series = [[int(n) for n in _NUMBER.findall(each)] for each in (text, *others)]
    steps = [b - a for a, b in zip(series[0], series[1], strict=True)]
    if [b - a for a, b in zip(series[1], series[2], strict=True)] != steps:
        return None
    values = iter(zip(_NUMBER.findall(text), steps, strict=True))

    def mark(found: re.Match[str]) -> str:
        number, step = next(values)
        return f"{COUNT}{number};{step};" if step else number

    return _NUMBER.sub(mark, text)


def filled(text: str, turn: int) -> str:
    """The line in that round."""
    if COUNT not in text:
        return text
    return re.sub(f"{COUNT}(\\d+);(-?\\d+);", lambda m: str(int(m.group(1)) + turn * int(m.group(2))), text)
