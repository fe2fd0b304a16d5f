"""Semantic versions. Models: apiserver, pkg/cel/library/semverlib.go."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clusters.machinery.cel.errors import CelError
from clusters.machinery.cel.overloads import Library
from clusters.machinery.cel.types import BOOL, INT, STRING, Type
from clusters.machinery.cel.values import UINT_MAX, Opaque
from clusters.machinery.field import go_quote

LIBRARY = Library()
_function, _method = LIBRARY.function, LIBRARY.method
_SEMVER = Type("kubernetes.Semver")
_PARTS = ("Major number", "Minor number", "Patch number")
_alphanumeric = re.compile(r"[0-9A-Za-z-]*").fullmatch
_numeric = re.compile(r"[0-9]+").fullmatch


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
    if not text:
        raise CelError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise CelError("No Major.Minor.Patch elements found")
    rest, plus, build = parts[2].partition("+")
    patch, dash, pre = rest.partition("-")
    major, minor, last = (_number(part, what) for part, what in zip((*parts[:2], patch), _PARTS))
    for each in pre.split(".") if dash else ():
        _check_pre(each)
    for each in build.split(".") if plus else ():
        if not each:
            raise CelError("Build meta data is empty")
        if not _alphanumeric(each):
            raise CelError(f"Invalid character(s) found in build meta data {go_quote(each)}")
    return Semver((major, minor, last), pre, text)


def _number(text: str, what: str) -> int:
    if not all("0" <= char <= "9" for char in text):
        raise CelError(f"Invalid character(s) found in {what.lower()} {go_quote(text)}")
    if len(text) > 1 and text[0] == "0":
        raise CelError(f"{what} must not contain leading zeroes {go_quote(text)}")
    if not text:
        raise CelError('strconv.ParseUint: parsing "": invalid syntax')
    return _uint(text)


def _uint(text: str) -> int:
    if len(text) > 20 or int(text) > UINT_MAX:
        raise CelError(f"strconv.ParseUint: parsing {go_quote(text)}: value out of range")
    return int(text)


def _check_pre(text: str) -> None:
    if not text:
        raise CelError("Prerelease is empty")
    if _numeric(text):
        if len(text) > 1 and text[0] == "0":
            raise CelError(f"Numeric PreRelease version must not contain leading zeroes {go_quote(text)}")
        _uint(text)
    elif not _alphanumeric(text):
        raise CelError(f"Invalid character(s) found in prerelease {go_quote(text)}")


def _normalized(text: str) -> str:
    """Without a leading v, with three numbers that have no leading zeros."""
    parts = text.removeprefix("v").split(".", 2)
    for i, part in enumerate(parts):
        if len(part) > 1:
            bare = part.lstrip("0")
            parts[i] = bare if bare and bare[0].isdigit() else "0" + bare
    if len(parts) < 3:
        if re.search(r"[+-]", parts[-1]):
            raise CelError("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts)


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
