"""Where a Pod may run: affinity, topology spread, tolerations, gates.

Models: kubernetes, core validation (validateAffinity, validateTopologySpreadConstraints, ValidateTolerations).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from clusters.machinery.names import dns1123_label, dns1123_subdomain, label_value
from clusters.machinery.types import Obj
from clusters.resources.common.checks import NOT_ZERO, one_of, qualified
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.meta import label_key_errors, label_value_errors

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UNSATISFIABLE = frozenset({"DoNotSchedule", "ScheduleAnyway"})
_INCLUSION = frozenset({"Ignore", "Honor"})
_TOLERATION_OPERATORS = ("Equal", "Exists")
_COMPARISONS = ("Equal", "Exists", "Lt", "Gt")

BAD_OPERATOR = "not a valid selector operator"


def affinity_errors(affinity: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    node = affinity.get("nodeAffinity")
    if node is not None:
        at = path.child("nodeAffinity")
        if node.get(REQUIRED) is not None:
            errors += node_selector_errors(node[REQUIRED], at.child(REQUIRED))
        for i, term in enumerate(node.get(PREFERRED) or ()):
            errors += _weight_errors(term, at.child(PREFERRED).index(i))
            errors += node_term_errors(
                term.get("preference") or {}, at.child(PREFERRED).index(i).child("preference"), values=False
            )
    for name in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(name)
        if pods is None:
            continue
        at = path.child(name)
        for i, term in enumerate(pods.get(REQUIRED) or ()):
            errors += _pod_term_errors(term, at.child(REQUIRED).index(i))
        for i, weighted in enumerate(pods.get(PREFERRED) or ()):
            where = at.child(PREFERRED).index(i)
            errors += _weight_errors(weighted, where)
            errors += _pod_term_errors(weighted.get("podAffinityTerm") or {}, where.child("podAffinityTerm"))
    return errors


def _weight_errors(term: Obj, path: Path) -> ErrorList:
    weight = term.get("weight", 0)
    return [] if 1 <= weight <= 100 else [invalid(path.child("weight"), weight, "must be in the range 1-100")]


def node_selector_errors(selector: Obj, path: Path) -> ErrorList:
    """A core/v1 NodeSelector (of Pods and of PersistentVolumes)."""
    terms, at = selector.get("nodeSelectorTerms") or (), path.child("nodeSelectorTerms")
    if not terms:
        return [required(at, "must have at least one node selector term")]
    errors: ErrorList = []
    for i, term in enumerate(terms):
        errors += node_term_errors(term, at.index(i))
    return errors


def node_term_errors(term: Obj, path: Path, *, values: bool = True) -> ErrorList:
    errors: ErrorList = []
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        errors += _node_requirement_errors(requirement, path.child("matchExpressions").index(i), values=values)
    for i, requirement in enumerate(term.get("matchFields") or ()):
        errors += _node_field_errors(requirement, path.child("matchFields").index(i))
    return errors


def _node_requirement_errors(requirement: Obj, path: Path, *, values: bool) -> ErrorList:
    errors: ErrorList = []
    operator, given = requirement.get("operator", ""), requirement.get("values") or ()
    at = path.child("values")
    if operator in ("In", "NotIn"):
        if not given:
            errors.append(required(at, "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if given:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(at, text))
    elif operator in ("Gt", "Lt"):
        if len(given) != 1:
            errors.append(required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    else:
        errors.append(invalid(path.child("operator"), operator, BAD_OPERATOR))
    errors += label_key_errors(requirement.get("key", ""), path.child("key"))
    if values:
        for i, value in enumerate(given):
            errors += label_value_errors(value, at.index(i))
    return errors


def _node_field_errors(requirement: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    operator, given = requirement.get("operator", ""), requirement.get("values") or ()
    if operator in ("In", "NotIn"):
        if len(given) != 1:
            text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            errors.append(required(path.child("values"), text))
    else:
        errors.append(invalid(path.child("operator"), operator, BAD_OPERATOR))
    key = requirement.get("key", "")
    if key != "metadata.name":
        errors.append(invalid(path.child("key"), key, "not a valid field selector key"))
        return errors
    for i, value in enumerate(given):
        errors += [invalid(path.child("values").index(i), value, text) for text in dns1123_subdomain(value)]
    return errors


def _pod_term_errors(term: Obj, path: Path) -> ErrorList:
    selector = term.get("labelSelector")
    errors = selector_errors(selector, path.child("labelSelector"))
    errors += selector_errors(term.get("namespaceSelector"), path.child("namespaceSelector"))
    for name in term.get("namespaces") or ():
        errors += [invalid(path.child("namespace"), name, text) for text in dns1123_label(name)]
    errors += label_keys_errors(term, path)
    key = term.get("topologyKey", "")
    if not key:
        errors.append(required(path.child("topologyKey"), "can not be empty"))
    return errors + label_key_errors(key, path.child("topologyKey"))


def label_keys_errors(term: Obj, path: Path) -> ErrorList:
    """matchLabelKeys and mismatchLabelKeys. When this runs, the selector already has what they stand for, so a
    key is given twice if an expression repeats a key that came before it."""
    selector = term.get("labelSelector")
    match, mismatch = term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or ()
    if not match and not mismatch:
        return []
    errors: ErrorList = []
    for name, keys in (("matchLabelKeys", match), ("mismatchLabelKeys", mismatch)):
        if keys and selector is None:
            text = "must not be specified when labelSelector is not set"
            errors.append(forbidden(path.child(name), text))
        elif keys:
            for i, key in enumerate(keys):
                errors += label_key_errors(key, path.child(name).index(i))
    if selector is not None:
        at = {key: i for i, key in enumerate(match)}
        seen = set(selector.get("matchLabels") or ())
        for expression in selector.get("matchExpressions") or ():
            key = expression.get("key", "")
            if key in at and key in seen:
                text = "exists in both matchLabelKeys and labelSelector"
                errors.append(invalid(path.index(at[key]), key, text))
            seen.add(key)
    for i, key in enumerate(match):
        if key in mismatch:
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid(path.child("matchLabelKeys").index(i), key, text))
    return errors


def spread_errors(constraints: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, constraint in enumerate(constraints):
        at = path.index(i)
        skew, key = constraint.get("maxSkew", 0), constraint.get("topologyKey", "")
        action = constraint.get("whenUnsatisfiable", "")
        if skew <= 0:
            errors.append(invalid(at.child("maxSkew"), skew, NOT_ZERO))
        if not key:
            errors.append(required(at.child("topologyKey"), "can not be empty"))
        errors += one_of(action, _UNSATISFIABLE, at.child("whenUnsatisfiable"))
        if any(
            other.get("topologyKey", "") == key and other.get("whenUnsatisfiable", "") == action
            for other in constraints[i + 1 :]
        ):
            shown = "{" + f"{key}, {action}" + "}"
            errors.append(duplicate(at.child("{topologyKey, whenUnsatisfiable}"), shown))
        domains = constraint.get("minDomains")
        if domains is not None:
            if domains <= 0:
                errors.append(invalid(at.child("minDomains"), domains, NOT_ZERO))
            if action != "DoNotSchedule":
                text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                errors.append(invalid(at.child("minDomains"), domains, text))
        for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(name) is not None:
                errors += one_of(constraint[name], _INCLUSION, at.child(name))
        errors += label_keys_errors(constraint, at)
        errors += selector_errors(constraint.get("labelSelector"), at.child("labelSelector"))
    return errors


def toleration_errors(tolerations: Iterable[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, toleration in enumerate(tolerations):
        at = path.index(i)
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        effect, value = toleration.get("effect", ""), toleration.get("value", "")
        if key:
            errors += label_key_errors(key, at.child("key"))
        elif operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid(at.child("operator"), operator, text))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid(at.child("effect"), effect, text))
        if operator in ("", "Equal"):
            if wrong := label_value(value):
                errors.append(invalid(at.child("operator"), value, ";".join(wrong)))
        elif operator == "Exists":
            if value:
                text = "value must be empty when `operator` is 'Exists'"
                errors.append(invalid(at.child("operator"), value, text))
        elif operator in ("Lt", "Gt"):
            errors.append(not_supported(at.child("operator"), operator, _COMPARISONS))
        else:
            errors.append(not_supported(at.child("operator"), operator, _TOLERATION_OPERATORS))
        if effect:
            errors += effect_errors(effect, at.child("effect"))
    return errors


def effect_errors(effect: str, path: Path) -> ErrorList:
    """The effect of a taint or a toleration."""
    return [] if effect in TAINT_EFFECTS else [not_supported(path, effect, TAINT_EFFECTS)]


def gate_errors(gates: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    seen: set[str] = set()
    for i, gate in enumerate(gates):
        name = gate.get("name", "")
        errors += qualified(name, path.index(i))
        if name in seen:
            errors.append(duplicate(path.index(i), name))
        seen.add(name)
    return errors


def readiness_gate_errors(gates: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, gate in enumerate(gates):
        errors += qualified(gate.get("conditionType", ""), path.index(i).child("conditionType"))
    return errors
