"""metav1.LabelSelector validation. Models: apimachinery, apis/meta/v1/validation (ValidateLabelSelector)."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.common.meta import label_errors, label_key_errors, label_value_errors


def selector_errors(selector: Obj | None, path: Path, *, values: bool = True) -> ErrorList:
    """`values=False` leaves label values of expressions unchecked (where old objects may hold wrong ones)."""
    if not selector:
        return []
    errors: ErrorList = []
    if selector.get("matchLabels"):
        errors += label_errors(selector["matchLabels"], path.child("matchLabels"))
    for i, requirement in enumerate(selector.get("matchExpressions") or ()):
        errors += requirement_errors(requirement, path.child("matchExpressions").index(i), values=values)
    return errors


def requirement_errors(requirement: Obj, path: Path, *, values: bool = True, known: bool = True) -> ErrorList:
    """One expression: operator, values that fit it, a label key, label values."""
    errors = operator_errors(requirement, path, known=known)
    errors += label_key_errors(requirement.get("key", ""), path.child("key"))
    if values:
        for i, value in enumerate(requirement.get("values") or ()):
            errors += label_value_errors(value, path.child("values").index(i))
    return errors


def operator_errors(requirement: Obj, path: Path, *, known: bool = True) -> ErrorList:
    """An operator and as many values as it takes; `known=False` lets operators pass that nobody knows."""
    errors: ErrorList = []
    operator, given = requirement.get("operator", ""), requirement.get("values") or ()
    if operator in ("In", "NotIn"):
        if not given:
            errors.append(required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if given:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(path.child("values"), text))
    elif known:
        errors.append(invalid(path.child("operator"), operator, "not a valid selector operator"))
    return errors
