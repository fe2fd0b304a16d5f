"""Query parameters as the options of a request, parsed and checked with the real server's texts.

Models: apimachinery, pkg/apis/meta/v1 (conversion, validation) and meta/internalversion/validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.apiserver.http import Query
from clusters.machinery.errors import BadRequest, Invalid
from clusters.machinery.field import (
    ErrorList,
    ErrorType,
    FieldError,
    Path,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from clusters.machinery.selectors import FieldSelector, LabelSelector, parse_field_selector, parse_label_selector

GROUP = "meta.k8s.io"
_INT64 = 1 << 63
_FIELD_VALIDATION = ("", "Ignore", "Strict", "Warn")
_MATCHES = ("Exact", "NotOlderThan")


def parse_bool(text: str) -> bool:
    """Present and empty is true; `false` and `0` are false; all else is true."""
    return text.lower() not in ("false", "0")


def parse_int64(text: str) -> int:
    """Raises BadRequest in strconv's words."""
    sign = text[1:] if text[:1] in ("+", "-") else text
    if not sign.isascii() or not sign.isdigit():
        raise BadRequest(f"strconv.ParseInt: parsing {_quote(text)}: invalid syntax")
    value = int(text)
    if not -_INT64 <= value < _INT64:
        raise BadRequest(f"strconv.ParseInt: parsing {_quote(text)}: value out of range")
    return value


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _opt_int(query: Query, name: str) -> int | None:
    text = query.get(name)
    return parse_int64(text) if text else None


def _opt_bool(query: Query, name: str) -> bool | None:
    return parse_bool(query.get(name)) if name in query else None


@dataclass(slots=True)
class ListOptions:
    """Of list, watch and deletecollection."""

    labels: LabelSelector | None = None
    fields: FieldSelector | None = None
    watch: bool = False
    bookmarks: bool = False
    rev: str = ""
    match: str = ""
    timeout: int | None = None
    limit: int = 0
    continue_: str = ""
    initial_events: bool | None = None

    @classmethod
    def parse(cls, query: Query, *, watch: bool = False) -> ListOptions:
        """Raises BadRequest and Invalid."""
        if not query.pairs:
            return cls(watch=watch)
        out = cls(
            watch=watch or ("watch" in query and parse_bool(query.get("watch"))),
            bookmarks="allowWatchBookmarks" in query and parse_bool(query.get("allowWatchBookmarks")),
            rev=query.get("resourceVersion"),
            match=query.get("resourceVersionMatch"),
            timeout=_opt_int(query, "timeoutSeconds"),
            limit=_opt_int(query, "limit") or 0,
            continue_=query.get("continue"),
            initial_events=_opt_bool(query, "sendInitialEvents"),
        )
        if labels := query.get("labelSelector"):
            out.labels = parse_label_selector(labels)
        if fields := query.get("fieldSelector"):
            out.fields = parse_field_selector(fields)
        errors = _watch_errors(out) if out.watch else _list_errors(out)
        if errors:
            raise Invalid.of(GROUP, "ListOptions", "", errors)
        return out


def _list_errors(opts: ListOptions) -> ErrorList:
    errors: ErrorList = []
    at = Path("resourceVersionMatch")
    if opts.match:
        if not opts.rev:
            errors.append(forbidden(at, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if opts.continue_:
            errors.append(forbidden(at, "resourceVersionMatch is forbidden when continue is provided"))
        if opts.match not in _MATCHES:
            errors.append(not_supported(at, opts.match, (*_MATCHES, "")))
        if opts.match == "Exact" and opts.rev == "0":
            errors.append(forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if opts.initial_events is not None:
        errors.append(forbidden(Path("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
    return errors


def _watch_errors(opts: ListOptions) -> ErrorList:
    errors: ErrorList = []
    at = Path("resourceVersionMatch")
    if opts.initial_events is not None and opts.match != "NotOlderThan":
        errors.append(forbidden(at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if opts.match:
        if opts.initial_events is None:
            errors.append(
                forbidden(at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            )
        if opts.match != "NotOlderThan":
            errors.append(not_supported(at, opts.match, ("NotOlderThan",)))
        if opts.continue_:
            errors.append(forbidden(at, "resourceVersionMatch is forbidden when continue is provided"))
    return errors


@dataclass(slots=True)
class WriteParams:
    """Of create, update and patch."""

    dry_run: bool = False
    manager: str = ""
    validation: str = ""
    force: bool | None = None
    raw: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, query: Query, kind: str, *, apply: bool = False) -> WriteParams:
        """`kind`: `CreateOptions`, `UpdateOptions` or `PatchOptions`. Raises Invalid."""
        if not query.pairs and not apply:
            return cls()
        dry_run = query.all("dryRun")
        out = cls(
            dry_run="All" in dry_run,
            manager=query.get("fieldManager"),
            validation=query.get("fieldValidation"),
        )
        errors: ErrorList = []
        if kind == "PatchOptions":
            out.force = _opt_bool(query, "force")
            if not apply and out.force is not None:
                errors.append(forbidden(Path("force"), "may not be specified for non-apply patch"))
            if apply and not out.manager:
                errors.append(required(Path("fieldManager"), "is required for apply patch"))
        errors += manager_errors(out.manager, Path("fieldManager"))
        errors += dry_run_errors(dry_run)
        if out.validation not in _FIELD_VALIDATION:
            errors.append(not_supported(Path("fieldValidation"), out.validation, _FIELD_VALIDATION))
        if errors:
            raise Invalid.of(GROUP, kind, "", errors)
        out.raw = {"kind": kind, "apiVersion": f"{GROUP}/v1"}
        if dry_run:
            out.raw["dryRun"] = dry_run
        if out.manager:
            out.raw["fieldManager"] = out.manager
        if out.validation:
            out.raw["fieldValidation"] = out.validation
        if out.force is not None:
            out.raw["force"] = out.force
        return out


def manager_errors(manager: str, path: Path) -> ErrorList:
    """Too long, or with characters that cannot be printed."""
    errors: ErrorList = []
    if len(manager.encode()) > 128:
        errors.append(too_long(path, 128))
    position = 0
    for char in manager:
        if not char.isprintable():
            errors.append(invalid(path, manager, f"invalid character U+{ord(char):04X} (at position {position})"))
        position += len(char.encode())
    return errors


def dry_run_errors(values: list[str]) -> ErrorList:
    if all(v == "All" for v in values):
        return []
    return [FieldError(ErrorType.NOT_SUPPORTED, "dryRun", values, 'supported values: "All"')]


@dataclass(slots=True)
class DeleteParams:
    """DeleteOptions, from a body or, without one, from the query. `raw` is the options object."""

    raw: dict[str, Any]

    @classmethod
    def parse(cls, query: Query, body: Mapping[str, Any] | None) -> DeleteParams:
        """Raises BadRequest and Invalid."""
        if body is not None:
            raw = {k: v for k, v in body.items() if v is not None}
        else:
            raw = {}
            grace = _opt_int(query, "gracePeriodSeconds")
            if grace is not None:
                raw["gracePeriodSeconds"] = grace
            orphan = _opt_bool(query, "orphanDependents")
            if orphan is not None:
                raw["orphanDependents"] = orphan
            if policy := query.get("propagationPolicy"):
                raw["propagationPolicy"] = policy
            if dry_run := query.all("dryRun"):
                raw["dryRun"] = dry_run
            unsafe = _opt_bool(query, "ignoreStoreReadErrorWithClusterBreakingPotential")
            if unsafe is not None:
                raw["ignoreStoreReadErrorWithClusterBreakingPotential"] = unsafe
        errors = _delete_errors(raw)
        if errors:
            raise Invalid.of(GROUP, "DeleteOptions", "", errors)
        return cls(raw)

    @property
    def dry_run(self) -> bool:
        return bool(self.raw.get("dryRun"))


def _delete_errors(raw: dict[str, Any]) -> ErrorList:
    errors: ErrorList = []
    policy = raw.get("propagationPolicy")
    at = Path("propagationPolicy")
    if policy is not None and raw.get("orphanDependents") is not None:
        errors.append(invalid(at, policy, "orphanDependents and deletionPropagation cannot be both set"))
    if policy is not None and policy not in ("Foreground", "Background", "Orphan"):
        errors.append(not_supported(at, policy, ("Foreground", "Background", "Orphan", "nil")))
    return errors + dry_run_errors(list(raw.get("dryRun") or ()))
