"""x-kubernetes-validations: rules in CEL at any place of a schema, and their evaluation on objects.

Rules are compiled when their first object comes. All rules together may cost so much per object, and each call so
much; what did not change is not refused again (unless the rule speaks of the change).
Models: apiextensions-apiserver, pkg/apiserver/schema/cel/{compilation,validation}.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.machinery.cel import CelError, CompileError, CostExceeded, Env, Program
from clusters.machinery.cel.types import BOOL, STRING, Type, optional_of
from clusters.machinery.cel.values import NONE, Optional
from clusters.machinery.field import (
    OMIT,
    ErrorList,
    FieldError,
    Path,
    duplicate,
    forbidden,
    go_quote,
    invalid,
    required,
)
from clusters.machinery.types import Obj
from clusters.resources.dynamic.cel_types import cel_type, converter
from clusters.resources.dynamic.checks import by_keys, key_values, same
from clusters.resources.dynamic.field_paths import Found, resolve

RULES = "x-kubernetes-validations"
BUDGET = 10_000_000
"""What all rules of one object may cost."""
MAX_MESSAGE = 5 * 1024
_OUT_OF_BUDGET = "validation failed due to running out of cost budget, no further validation rules will be run"
_MESSAGE_OUT_OF_BUDGET = (
    "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run"
)


CHANGED: tuple[Any, Any] = (None, True)
"""Nothing that was there before."""


class RuleError(ValueError):
    """The rule does not compile; the text is the server's."""


class Rule:
    """One rule, compiled. `problem` and `message_problem` say why it, or its messageExpression, is none."""

    def __init__(self, rule: Obj, type_: Type, schema: Mapping[str, Any]) -> None:
        self.rule = rule
        self.place = _place(rule.get("fieldPath") or "", schema)
        self.source: str = rule.get("rule") or ""
        self.message: str = (rule.get("message") or "").strip()
        self.optional = bool(rule.get("optionalOldSelf"))
        self.program: Program | None = None
        self.message_program: Program | None = None
        self.problem = self.message_problem = ""
        old = optional_of(type_) if self.optional else type_
        env = Env({"self": type_, "oldSelf": old})
        if self.source.strip():
            try:
                self.program = _typed(env, self.source, BOOL, "cel expression must evaluate to a bool", "")
            except RuleError as error:
                self.problem = str(error)
        expression = rule.get("messageExpression") or ""
        if expression.strip():
            why = "messageExpression must evaluate to a string"
            try:
                self.message_program = _typed(env, expression, STRING, why, "messageExpression ")
            except RuleError as error:
                self.message_problem = str(error)

    @property
    def uses_old(self) -> bool:
        return any(p is not None and "oldSelf" in p.used for p in (self.program, self.message_program))

    @property
    def shown(self) -> str:
        return self.message or self.source.strip()


def _place(text: str, schema: Mapping[str, Any]) -> Found | None:
    """Where a refusal points to, below the node; None: to the node itself."""
    if not text:
        return None
    try:
        return resolve(text, schema)
    except ValueError:
        return None


def _typed(env: Env, source: str, wanted: Type, why: str, prefix: str) -> Program:
    try:
        program = env.compile(source)
    except CompileError as error:
        raise RuleError(f"{prefix}compilation failed: {error}") from None
    if program.type != wanted:
        raise RuleError(why)
    return program


class _Spent(CelError):
    """No rule runs after this."""


class _Budget:
    def __init__(self, *, ratchet: bool) -> None:
        self.ratchet = ratchet
        self.left = BUDGET
        self.spent = False
        self.warnings: list[str] = []


class RuleNode:
    """The rules of one schema, and those below it."""

    def __init__(
        self, schema: Mapping[str, Any], *, root: bool = False, spine: Mapping[str, Any] | None = None
    ) -> None:
        spine = schema if spine is None else spine
        """What knows the types: an allOf adds rules, not structure."""
        type_ = cel_type(spine, root=root)
        self._convert = converter(spine)
        self._type: str = spine.get("type", "")
        self.rules = [Rule(r, type_, spine) for r in schema.get(RULES) or ()] if type_ is not None else []
        properties = spine.get("properties") or {}
        self.properties = {
            name: node
            for name, each in (schema.get("properties") or {}).items()
            if name in properties and (node := RuleNode(each, spine=properties[name]))
        }
        extra, spine_extra = schema.get("additionalProperties"), spine.get("additionalProperties")
        self.extra = _child(extra, spine_extra)
        self.items = _child(schema.get("items"), spine.get("items"))
        self.all_of = [node for each in schema.get("allOf") or () if (node := RuleNode(each, root=root, spine=spine))]
        self.keys: tuple[str, ...] = ()
        if spine.get("x-kubernetes-list-type") == "map":
            self.keys = tuple(spine.get("x-kubernetes-list-map-keys") or ())

    def __bool__(self) -> bool:
        return bool(self.rules or self.properties or self.extra or self.items or self.all_of)

    def check(
        self,
        value: Any,
        old: Any,
        path: Path,
        budget: _Budget,
        out: ErrorList,
        *,
        above: tuple[Any, Any] = CHANGED,
        nested: bool = False,
    ) -> None:
        """`above`: the nearest value around this one that has an older self, and that; `nested`: rules of an allOf,
        which look only at what is above."""
        if value is None or budget.spent:
            return
        if self.rules:
            self._run(value, old, path, budget, out, above if nested or old is None else (value, old))
        for each in self.all_of:
            each.check(value, old, path, budget, out, above=above, nested=True)
        if old is not None:
            above = (value, old)
        if isinstance(value, dict):
            before = old if isinstance(old, dict) else {}
            for key, item in value.items():
                node = self.properties.get(key)
                if node is not None:
                    node.check(item, before.get(key), path.child(key), budget, out, above=above)
                elif self.extra is not None:
                    self.extra.check(item, before.get(key), path.key(key), budget, out, above=above)
        elif isinstance(value, list) and self.items is not None:
            known = by_keys(old, self.keys) if self.keys and isinstance(old, list) else {}
            for i, item in enumerate(value):
                was = known.get(key_values(item, self.keys)) if known else None
                self.items.check(item, was, path.index(i), budget, out, above=above)

    def _run(self, value: Any, old: Any, path: Path, budget: _Budget, out: ErrorList, above: tuple[Any, Any]) -> None:
        convert = self._convert
        current = convert(value) if convert is not None else value
        before = convert(old) if convert is not None and old is not None else old
        for rule in self.rules:
            if budget.spent:
                return
            if rule.problem:
                out.append(invalid(path, self._type, f"rule compile error: {rule.problem}"))
                continue
            if rule.program is None or (rule.uses_old and old is None and not rule.optional):
                continue
            seen = {"self": current} if before is None else {"self": current, "oldSelf": before}
            variables = seen
            if rule.optional:
                variables = {"self": current, "oldSelf": Optional(before) if old is not None else NONE}
            try:
                holds, cost = rule.program.evaluate(variables)
                if cost > budget.left:
                    raise _Spent(_OUT_OF_BUDGET)
                budget.left -= cost
            except CelError as error:
                budget.spent = isinstance(error, CostExceeded | _Spent)
                out.append(invalid(path, self._type, _failure(error, rule)))
                continue
            if holds is True:
                continue
            refusal = self._refusal(rule, seen, value, path, budget)
            if rule.uses_old or not budget.ratchet or not same(*above):
                out.append(refusal)
            else:
                budget.warnings.append(refusal.text())

    def _refusal(self, rule: Rule, variables: dict[str, Any], value: Any, path: Path, budget: _Budget) -> FieldError:
        at = rule.place.below(path) if rule.place is not None else path
        try:
            detail = _message(rule, variables, budget) or rule.message or f"failed rule: {rule.shown}"
        except _Spent as error:
            budget.spent = True
            return invalid(at, self._type, str(error))
        shown = OMIT if self._type in ("object", "array") else value
        match rule.rule.get("reason"):
            case "FieldValueForbidden":
                return forbidden(at, detail)
            case "FieldValueRequired":
                return required(at, detail)
            case "FieldValueDuplicate":
                return duplicate(at, shown)
        return invalid(at, shown, detail)


def _child(schema: Any, spine: Any) -> RuleNode | None:
    if not isinstance(schema, dict) or not isinstance(spine, dict):
        return None
    node = RuleNode(schema, spine=spine)
    return node if node else None


def _failure(error: CelError, rule: Rule) -> str:
    text = str(error)
    if isinstance(error, _Spent):
        return text
    if text.startswith("no such overload"):
        return (
            f"'{text}': call arguments did not match a supported operator, function or macro signature for rule:"
            f" {rule.shown}"
        )
    if isinstance(error, CostExceeded):
        return (
            f"'{text}': no further validation rules will be run due to call cost exceeds limit for rule: {rule.shown}"
        )
    return f"{text} evaluating rule: {rule.shown}"


def _message(rule: Rule, variables: dict[str, Any], budget: _Budget) -> str:
    """What messageExpression says; "" if it says nothing usable. Raises _Spent."""
    if rule.message_program is None:
        return ""
    try:
        text, cost = rule.message_program.evaluate(variables)
    except CostExceeded:
        expression = go_quote(rule.rule["messageExpression"])
        why = "no further validation rules will be run due to call cost exceeds limit for messageExpression"
        raise _Spent(f"{why}: {expression}") from None
    except CelError:
        return ""
    if cost > budget.left:
        raise _Spent(_MESSAGE_OUT_OF_BUDGET)
    budget.left -= cost
    text = text.strip() if isinstance(text, str) else ""
    return "" if "\n" in text or len(text.encode()) > MAX_MESSAGE else text


class Rules:
    """All rules of one schema; compiled when first asked for."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._present = _mentioned(schema)
        self._schema = schema
        self._node: RuleNode | None = None

    def __bool__(self) -> bool:
        return self._present

    def errors(
        self, new: Any, old: Any, root: Path, warnings: list[str] | None = None, *, ratchet: bool = True
    ) -> ErrorList:
        """What is refused. What was so before is only warned of (`ratchet`), in `warnings`."""
        if self._node is None:
            self._node = RuleNode(self._schema, root=True)
        out: ErrorList = []
        budget = _Budget(ratchet=ratchet)
        self._node.check(new, old, root, budget, out)
        if warnings is not None:
            warnings += budget.warnings
        return out


def _mentioned(schema: Any) -> bool:
    """Whether there is a rule anywhere."""
    if isinstance(schema, dict):
        return bool(schema.get(RULES)) or any(_mentioned(v) for v in schema.values())
    return isinstance(schema, list) and any(_mentioned(v) for v in schema)
