"""Conditions of a status: metav1.Condition, which most newer kinds have, and the looser ones of older kinds.

Models: apimachinery, apis/meta/v1/validation (ValidateConditions); flowcontrol validation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, duplicate, invalid, not_supported, required, too_long
from clusters.machinery.names import regex_error
from clusters.machinery.types import Obj
from clusters.resources.common.checks import qualified

MAX_REASON, MAX_MESSAGE = 1024, 32 * 1024
STATUSES = ("False", "True", "Unknown")
_REASON = r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_is_reason = re.compile(_REASON).fullmatch
_BAD_REASON = regex_error(
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric"
    " characters or '_,:', and must end with an alphanumeric character or '_'",
    _REASON,
    "my_name",
    "MY_NAME",
    "MyName",
    "ReasonA,ReasonB",
    "ReasonA:ReasonB",
)


def condition_errors(conditions: Sequence[Obj] | None, path: Path) -> ErrorList:
    """Each complete and well formed, no type twice."""
    errors: ErrorList = []
    seen: set[str] = set()
    for i, condition in enumerate(conditions or ()):
        at, kind = path.index(i), condition.get("type", "")
        if kind in seen:
            errors.append(duplicate(at.child("type"), kind))
        seen.add(kind)
        errors += _one(condition, at)
    return errors


def _one(condition: Obj, path: Path) -> ErrorList:
    errors = qualified(condition.get("type", ""), path.child("type"))
    status, reason = condition.get("status", ""), condition.get("reason", "")
    if status not in STATUSES:
        errors.append(not_supported(path.child("status"), status, STATUSES))
    observed = condition.get("observedGeneration", 0)
    if observed < 0:
        errors.append(invalid(path.child("observedGeneration"), observed, "must be greater than or equal to zero"))
    if not condition.get("lastTransitionTime"):
        errors.append(required(path.child("lastTransitionTime"), "must be set"))
    if not reason:
        errors.append(required(path.child("reason"), "must be set"))
    else:
        if not _is_reason(reason):
            errors.append(invalid(path.child("reason"), reason, _BAD_REASON))
        if len(reason.encode()) > MAX_REASON:
            errors.append(too_long(path.child("reason"), MAX_REASON))
    if len(condition.get("message", "").encode()) > MAX_MESSAGE:
        errors.append(too_long(path.child("message"), MAX_MESSAGE))
    return errors


def typed_errors(conditions: Sequence[Obj] | None, path: Path) -> ErrorList:
    """Older conditions: every one has a type, none twice."""
    errors: ErrorList = []
    seen: set[str] = set()
    for i, condition in enumerate(conditions or ()):
        at, kind = path.index(i).child("type"), condition.get("type", "")
        if kind in seen:
            errors.append(duplicate(at, kind))
        seen.add(kind)
        if not kind:
            errors.append(required(at, "must not be empty"))
    return errors
