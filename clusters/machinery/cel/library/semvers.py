"""Semantic versions. Models: apiserver, pkg/cel/library/semverlib.go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, INT, STRING, Type
from clusters.machinery.cel.values import Opaque

LIBRARY = Library()
_function, _method = LIBRARY.function, LIBRARY.method
_SEMVER = Type("kubernetes.Semver")
_version = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
    r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?",
    re.ASCII,
).fullmatch
MAX_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Semver(Opaque):
    numbers: tuple[int, int, int]
    pre: str
    text: str

    type = _SEMVER

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self.order() == other.order()

    def __hash__(self) -> int:
        return hash(self.order())

    def order(self) -> tuple[object, ...]:
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in self.pre.split(".")) if self.pre else ()
        return (self.numbers, not self.pre, parts)


def parse(text: str, normalize: bool = False) -> Semver:
    if normalize:
        text = _normalized(text)
    found = _version(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise CelError(_problem(text))
    major, minor, patch = (int(found.group(i)) for i in (1, 2, 3))
    return Semver((major, minor, patch), found.group(4) or "", text)


def _normalized(text: str) -> str:
    """Without a leading v, with three numbers that have no leading zeros."""
    text = text.removeprefix("v")
    cut = re.search(r"[-+]", text)
    core, rest = (text[: cut.start()], text[cut.start() :]) if cut else (text, "")
    parts = [p.lstrip("0") or "0" if p.isdigit() else p for p in core.split(".")]
    if len(parts) < 3 and not rest:
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts) + rest


def _problem(text: str) -> str:
    if not text:
        return "Version string empty"
    if len(text.split("+")[0].split("-")[0].split(".", 2)) != 3:
        return "No Major.Minor.Patch elements found"
    return f'Invalid character(s) found in version "{text}"'


def _is_semver(text: str, normalize: bool = False) -> bool:
    try:
        parse(text, normalize)
    except CelError:
        return False
    return True


_function("semver", [STRING], _SEMVER)(parse)
_function("semver", [STRING, BOOL], _SEMVER)(parse)
_function("isSemver", [STRING], BOOL)(_is_semver)
_function("isSemver", [STRING, BOOL], BOOL)(_is_semver)
_method("major", [_SEMVER], INT)(lambda v: v.numbers[0])
_method("minor", [_SEMVER], INT)(lambda v: v.numbers[1])
_method("patch", [_SEMVER], INT)(lambda v: v.numbers[2])
_method("isLessThan", [_SEMVER, _SEMVER], BOOL)(lambda a, b: a.order() < b.order())
_method("isGreaterThan", [_SEMVER, _SEMVER], BOOL)(lambda a, b: a.order() > b.order())
_method("compareTo", [_SEMVER, _SEMVER], INT)(lambda a, b: (a.order() > b.order()) - (a.order() < b.order()))
