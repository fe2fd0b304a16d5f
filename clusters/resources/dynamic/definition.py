"""What a definition's schema must fulfil to be served: defaults that fit it, and rules that compile.

Models: apiextensions-apiserver, pkg/apiserver/schema/defaulting/validation.go and pkg/apis/apiextensions/validation
(the rules in CEL).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.machinery.field import ErrorList, Path, forbidden, invalid
from clusters.machinery.schema import from_openapi
from clusters.resources.apiextensions.shown import shown_rule
from clusters.resources.dynamic.cel_types import cel_type
from clusters.resources.dynamic.checks import Check
from clusters.resources.dynamic.costs import STATIC_LIMIT, cost_message, estimate
from clusters.resources.dynamic.rules import RULES, Rule, split_path
from clusters.resources.dynamic.structure import list_errors
from clusters.resources.dynamic.values import pruned

Schema = Mapping[str, Any]


def default_errors(schema: Schema, path: Path, *, root: bool = True) -> ErrorList:
    """Defaults that are not what the schema itself allows."""
    errors: ErrorList = []
    default = schema.get("default")
    if default is not None and not root:
        errors += _one_default(default, schema, path.child("default"))
    items, extra = schema.get("items"), schema.get("additionalProperties")
    if isinstance(items, dict):
        errors += default_errors(items, path.child("items"), root=False)
    for name, each in (schema.get("properties") or {}).items():
        if root and name in ("metadata", "apiVersion", "kind"):
            continue
        errors += default_errors(each, path.child("properties").key(name), root=False)
    if isinstance(extra, dict):
        errors += default_errors(extra, path.child("additionalProperties"), root=False)
    return errors


def _one_default(default: Any, schema: Schema, path: Path) -> ErrorList:
    if isinstance(default, dict) and not schema.get("x-kubernetes-embedded-resource"):
        type_ = from_openapi({"type": "object", "properties": {"value": schema}}, "")
        if pruned({"value": default}, type_) != {"value": default}:
            return [invalid(path, default, "must not have unknown fields")]
    return Check(schema).errors(default, root=path) + list_errors(default, schema, path)


def rule_errors(schema: Schema, path: Path) -> ErrorList:
    """Rules that do not compile, or would cost too much."""
    errors: ErrorList = []
    _walk(schema, path, errors, root=True, cardinality=1, lost=None)
    return errors


def _walk(
    schema: Schema, path: Path, errors: ErrorList, *, root: bool, cardinality: int | None, lost: Path | None
) -> None:
    rules = schema.get(RULES) or ()
    if rules:
        _check_rules(schema, rules, path, errors, root=root, cardinality=cardinality, lost=lost)
    items, extra = schema.get("items"), schema.get("additionalProperties")
    if isinstance(items, dict):
        correlated = schema.get("x-kubernetes-list-type") == "map"
        inner = _times(cardinality, schema.get("maxItems"))
        _walk(
            items, path.child("items"), errors, root=False, cardinality=inner, lost=lost if correlated else lost or path
        )
    if schema.get("x-kubernetes-map-type") == "atomic":
        lost = lost or path
    for name, each in (schema.get("properties") or {}).items():
        _walk(each, path.child("properties").key(name), errors, root=False, cardinality=cardinality, lost=lost)
    if isinstance(extra, dict):
        inner = _times(cardinality, schema.get("maxProperties"))
        _walk(extra, path.child("additionalProperties"), errors, root=False, cardinality=inner, lost=lost)


def _times(cardinality: int | None, limit: Any) -> int | None:
    """How often a rule below may run; None: as often as an object has room."""
    if cardinality is None or limit is None:
        return None
    return cardinality * int(limit)


def _check_rules(
    schema: Schema,
    rules: Any,
    path: Path,
    errors: ErrorList,
    *,
    root: bool,
    cardinality: int | None,
    lost: Path | None,
) -> None:
    type_ = cel_type(schema, root=root)
    if type_ is None:
        text = (
            "compilation failed: rule declared on schema that does not support validation rules type:"
            f" '{schema.get('type', '')}' x-kubernetes-preserve-unknown-fields:"
            f" '{'true' if schema.get('x-kubernetes-preserve-unknown-fields') else 'false'}'"
        )
        errors.append(invalid(path.child(RULES), "", text))
        return
    for i, each in enumerate(rules):
        at = path.child(RULES).index(i)
        field_path = each.get("fieldPath")
        if field_path:
            problem = _path_problem(field_path, schema)
            if problem:
                text = f"fieldPath must be a valid path: {problem}"
                errors.append(invalid(at.child("fieldPath"), field_path, text))
        rule = Rule(each, type_)
        for name, program in (("rule", rule.program), ("messageExpression", rule.message_program)):
            cost = estimate(program.source, schema, cardinality) if program is not None else 0
            if cost > STATIC_LIMIT:
                errors.append(forbidden(at.child(name), cost_message(f"estimated {name} cost", cost, STATIC_LIMIT)))
        if rule.problem:
            errors.append(invalid(at.child("rule"), shown_rule(each), rule.problem))
        if rule.message_problem:
            errors.append(invalid(at.child("messageExpression"), shown_rule(each), rule.message_problem))
        if rule.uses_old:
            if lost is not None:
                text = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {lost}"
                errors.append(invalid(at.child("rule"), each["rule"], text))
        elif each.get("optionalOldSelf") is not None:
            text = "optionalOldSelf should not be set if oldSelf is not used in a rule"
            errors.append(invalid(at.child("optionalOldSelf"), each["optionalOldSelf"], text))


def _path_problem(text: str, schema: Schema) -> str:
    """Why a fieldPath leads nowhere; "" if it does not."""
    try:
        parts = split_path(text)
    except ValueError as error:
        return str(error)
    node: Any = schema
    for name, _quoted in parts:
        properties, extra = node.get("properties"), node.get("additionalProperties")
        if properties is not None:
            node = properties.get(name)
        else:
            node = extra if isinstance(extra, dict) else None
        if node is None:
            return "does not refer to a valid field"
    return ""
