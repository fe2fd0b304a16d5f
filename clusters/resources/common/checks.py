"""Small checks that many validations are made of. Each returns the errors it found, in the server's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required
from clusters.machinery.names import dns1123_label, dns1123_subdomain, qualified_name
from clusters.machinery.types import Obj

NOT_NEGATIVE = "must be greater than or equal to 0"
NOT_ZERO = "must be greater than zero"
NOT_INTEGER = "must be an integer"
IMMUTABLE = "field is immutable"
FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
NO_BACKSTEPS = "must not contain '..'"
RELATIVE = "must be a relative path"


def between(low: int, high: int) -> str:
    """`must be between 1 and 5, inclusive`."""
    return f"must be between {low} and {high}, inclusive"


def nonnegative(value: int | None, path: Path) -> ErrorList:
    return [invalid(path, value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def needed(obj: Obj, name: str, path: Path, detail: str = "") -> ErrorList:
    """The field `name` of `obj` must be there and not be empty."""
    return [] if obj.get(name) else [required(path.child(name), detail)]


def one_of(value: Any, supported: Iterable[str], path: Path) -> ErrorList:
    """`value` must be supported; a set is listed sorted, a sequence in its order."""
    return [] if value in supported else [not_supported(path, value, supported)]


def label(value: str, path: Path) -> ErrorList:
    """An RFC 1123 label."""
    return [invalid(path, value, text) for text in dns1123_label(value)]


def subdomain(value: str, path: Path) -> ErrorList:
    """An RFC 1123 subdomain, as most object names are."""
    return [invalid(path, value, text) for text in dns1123_subdomain(value)]


def qualified(value: str, path: Path) -> ErrorList:
    return [invalid(path, value, text) for text in qualified_name(value)]


def no_backsteps(value: str, path: Path) -> ErrorList:
    return [invalid(path, value, NO_BACKSTEPS)] if ".." in value.split("/") else []


def local_path(value: str, path: Path) -> ErrorList:
    """A relative path that does not climb."""
    errors = [invalid(path, value, RELATIVE)] if value.startswith("/") else []
    return errors + no_backsteps(value, path)


def local_nonreserved_path(value: str, path: Path) -> ErrorList:
    """A relative path that neither climbs nor starts with `..`."""
    errors = local_path(value, path)
    if value.startswith("..") and not value.startswith("../"):
        errors.append(invalid(path, value, "must not start with '..'"))
    return errors


def file_mode(value: int | None, path: Path) -> ErrorList:
    return [invalid(path, value, FILE_MODE)] if value is not None and not 0 <= value <= 0o777 else []


def positive_quantity(value: Any, path: Path) -> ErrorList:
    amount = quantity.of(value)
    return [] if amount.sign() > 0 else [invalid(path, amount.canonical(), NOT_ZERO)]


def nonnegative_quantity(value: Any, path: Path) -> ErrorList:
    amount = quantity.of(value)
    return [] if amount.sign() >= 0 else [invalid(path, amount.canonical(), NOT_NEGATIVE)]
