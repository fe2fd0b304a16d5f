"""What a definition's schema must fulfil to be served: defaults that fit it, and rules that compile and may be paid.

Models: apiextensions-apiserver, pkg/apiserver/schema/defaulting/validation.go and pkg/apis/apiextensions/validation
(the rules in CEL, cel_validation.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.machinery.cel import Program
from clusters.machinery.field import ErrorList, Path, forbidden, internal, invalid
from clusters.machinery.schema import from_openapi
from clusters.resources.apiextensions.schema_rules import Reach
from clusters.resources.apiextensions.shown import shown_rule
from clusters.resources.dynamic.cel_types import cel_type
from clusters.resources.dynamic.checks import Check, same
from clusters.resources.dynamic.costs import STATIC_LIMIT, cost_message, estimate
from clusters.resources.dynamic.rules import RULES, Rule, Rules
from clusters.resources.dynamic.structure import embedded_errors
from clusters.resources.dynamic.values import pruned

Schema = Mapping[str, Any]
TOTAL_LIMIT = 100_000_000
"""What all rules of one schema may cost at worst."""
_MOST_EXPENSIVE = 4


def default_errors(schema: Schema, path: Path, *, root: bool = True) -> ErrorList:
    """Defaults that are not what the schema itself allows."""
    errors: ErrorList = []
    default = schema.get("default")
    if default is not None and not root:
        errors += _one_default(default, schema, path.child("default"))
    items = schema.get("items")
    if isinstance(items, dict):
        errors += default_errors(items, path.child("items"), root=False)
    for name, each in (schema.get("properties") or {}).items():
        if root and name in ("metadata", "apiVersion", "kind"):
            continue
        errors += default_errors(each, path.child("properties").key(name), root=False)
    return errors


def _one_default(default: Any, schema: Schema, path: Path) -> ErrorList:
    errors: ErrorList = []
    type_ = from_openapi({"type": "object", "properties": {"value": schema}}, "")
    if not same(pruned({"value": default}, type_), {"value": default}):
        errors.append(invalid(path, default, "must not have unknown fields"))
    return errors + (
        embedded_errors(default, schema, path)
        or Check(schema).errors(default, root=path)
        or Rules(schema).errors(default, default, path, ratchet=False)
    )


class RuleCompiler:
    """Compiles the rules of a schema, node by node, and adds up what they may cost at worst. `known` says that the
    schema was served before: then single rules may cost what they like."""

    def __init__(self, *, known: bool = False) -> None:
        self._known = known
        self._total = 0
        self._expensive: list[tuple[int, Path]] = []

    def __call__(self, schema: Schema, path: Path, reach: Reach) -> ErrorList:
        """What is wrong with the rules of one schema."""
        type_ = cel_type(schema, root=reach.root)
        if type_ is None:
            why = (
                "internal error: failed to construct type information for x-kubernetes-validations rules: unable to"
                " convert structural schema to CEL declarations"
            )
            return [internal(path.child(RULES), why)]
        errors: ErrorList = []
        for i, each in enumerate(schema.get(RULES) or ()):
            at = path.child(RULES).index(i)
            rule = Rule(each, type_, schema)
            if rule.program is not None:
                errors += self._cost(rule.program, "rule", schema, at.child("rule"), reach)
            if rule.problem:
                errors.append(invalid(at.child("rule"), shown_rule(each), rule.problem))
            if rule.message_problem:
                errors.append(invalid(at.child("messageExpression"), shown_rule(each), rule.message_problem))
            elif rule.message_program is not None:
                program = rule.message_program
                errors += self._cost(program, "messageExpression", schema, at.child("messageExpression"), reach)
            errors += _old_self_errors(rule, at, reach)
        return errors

    def _cost(self, program: Program, what: str, schema: Schema, path: Path, reach: Reach) -> ErrorList:
        cost = estimate(program, schema, reach.cardinality, root=reach.root)
        self._total += cost
        if cost >= TOTAL_LIMIT // 100:
            expensive = sorted([*self._expensive, (cost, path)], key=lambda one: -one[0])
            self._expensive = expensive[:_MOST_EXPENSIVE]
        if self._known or cost <= STATIC_LIMIT:
            return []
        return [forbidden(path, cost_message(f"estimated {what} cost", cost, STATIC_LIMIT))]

    def total_errors(self, path: Path) -> ErrorList:
        """What is wrong with all rules together."""
        if self._total <= TOTAL_LIMIT:
            return []
        why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        errors = [forbidden(at, why) for _cost, at in self._expensive]
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        return [*errors, forbidden(path, cost_message(what, self._total, TOTAL_LIMIT))]


def _old_self_errors(rule: Rule, path: Path, reach: Reach) -> ErrorList:
    if rule.uses_old:
        if reach.lost is None:
            return []
        text = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {reach.lost}"
        return [invalid(path.child("rule"), rule.source, text)]
    optional = rule.rule.get("optionalOldSelf")
    if optional is None:
        return []
    return [invalid(path.child("optionalOldSelf"), optional, "may not be set if oldSelf is not used in rule")]
