"""Names in dynamic resource allocation, and lists that may hold only so much.

Models: kubernetes, pkg/apis/resource/validation (validatePoolName, validateQualifiedName, validateSlice, validateSet).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, required, too_long, too_many
from clusters.machinery.names import c_identifier
from clusters.resources.common.checks import subdomain
from clusters.resources.pod_spec.volumes import driver_name_errors

MAX_POOL_NAME = 253
MAX_DOMAIN, MAX_ID = 63, 32
_NOT_FULL = "a fully qualified name must be a domain and a name separated by a slash"
_SHORTEST_CUT = 16

Check = Callable[[Any, Path], ErrorList]


def pool_name_errors(name: str, path: Path) -> ErrorList:
    """Subdomains separated by slashes."""
    if not name:
        return [required(path)]
    errors: ErrorList = [too_long(path, MAX_POOL_NAME)] if len(name) > MAX_POOL_NAME else []
    return errors + [e for part in name.split("/") for e in subdomain(part, path)]


def qualified_name_errors(name: str, path: Path) -> ErrorList:
    """`name` or `domain/name`, as attributes and capacities are called."""
    domain, slash, rest = name.partition("/")
    if not slash:
        return _identifier_errors(domain, path)
    if "/" in rest:
        return []  # the server does not look at longer ones
    errors = driver_name_errors(domain, path) if domain else [invalid(path, "", "the domain must not be empty")]
    return errors + (_identifier_errors(rest, path) if rest else [invalid(path, "", "the name must not be empty")])


def full_name_errors(name: str, path: Path) -> ErrorList:
    errors = qualified_name_errors(name, path)
    return errors if "/" in name else [*errors, invalid(path, name, _NOT_FULL)]


def _identifier_errors(text: str, path: Path) -> ErrorList:
    errors: ErrorList = [too_long(path, MAX_ID)] if len(text) > MAX_ID else []
    return errors + [invalid(path, text, why) for why in c_identifier(text)]


def each_errors(items: Sequence[Any] | None, limit: int, check: Check, path: Path) -> ErrorList:
    """The errors of every item; none is looked at if there are too many."""
    if len(items or ()) > limit:
        return [too_many(path, len(items or ()), limit)]
    return [e for i, item in enumerate(items or ()) for e in check(item, path.index(i))]


def unique_errors(
    items: Sequence[Any] | None, limit: int, check: Check, path: Path, key: Callable[[Any], Hashable] = str
) -> ErrorList:
    """The same of a list in which no key comes twice."""
    errors = each_errors(items, limit, check, path)
    if len(items or ()) > limit:
        return errors
    keys = [key(item) for item in items or ()]
    return errors + [duplicate(path.index(i), k) for i, k in enumerate(keys) if k in keys[:i]]


def name_of(item: Any) -> str:
    return str(item.get("name", ""))


def cut(text: str, limit: int) -> str:
    """A key as refusals show it: too long ones lose their middle."""
    limit = max(limit, _SHORTEST_CUT)
    if len(text) <= limit:
        return text
    rest = limit - len("...")
    return text[: (rest + 1) // 2] + "..." + text[len(text) - rest // 2 :]
