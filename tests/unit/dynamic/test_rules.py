"""x-kubernetes-validations: what rules see, say and cost."""

from __future__ import annotations

from typing import Any

from clusters.machinery.field import Path
from clusters.resources.apiextensions.schema_rules import schema_errors
from clusters.resources.dynamic.checks import NOWHERE
from clusters.resources.dynamic.definition import RuleCompiler, default_errors
from clusters.resources.dynamic.rules import Rules


def spec(properties: dict[str, Any], *rules: dict[str, Any]) -> dict[str, Any]:
    inner = {"type": "object", "properties": properties, "x-kubernetes-validations": list(rules)}
    return {"type": "object", "properties": {"spec": inner}}


def refused(schema: dict[str, Any], new: Any, old: Any = None) -> list[str]:
    before = {"spec": old} if old is not None else None
    return [e.text() for e in Rules(schema).errors({"spec": new}, before, NOWHERE)]


NUMBERS = {"min": {"type": "integer"}, "max": {"type": "integer"}}


def test_a_rule_over_fields() -> None:
    schema = spec(NUMBERS, {"rule": "self.min <= self.max", "message": "min above max"})
    assert refused(schema, {"min": 1, "max": 2}) == []
    assert refused(schema, {"min": 3, "max": 2}) == ["spec: Invalid value: min above max"]


def test_a_scalar_is_shown_and_a_message_made() -> None:
    schema = spec({"n": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]}})
    assert refused(schema, {"n": 1}) == ["spec.n: Invalid value: 1: failed rule: self > 1"]


def test_message_expression_reason_and_field_path() -> None:
    rule = {
        "rule": "self.max < 100",
        "messageExpression": "'max is ' + string(self.max)",
        "reason": "FieldValueForbidden",
        "fieldPath": ".max",
    }
    assert refused(spec(NUMBERS, rule), {"max": 100}) == ["spec.max: Forbidden: max is 100"]


def test_a_message_expression_that_fails_is_not_used() -> None:
    rule = {"rule": "false", "messageExpression": "string(self.min)", "message": "instead"}
    assert refused(spec(NUMBERS, rule), {}) == ["spec: Invalid value: instead"]


def test_a_failing_rule_says_why() -> None:
    schema = spec(NUMBERS, {"rule": "self.min > 1"})
    assert refused(schema, {}) == ['spec: Invalid value: "object": no such key: min evaluating rule: self.min > 1']


def test_transition_rules_need_something_old() -> None:
    mode = {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "immutable"}]}
    schema = spec({"mode": mode})
    assert refused(schema, {"mode": "a"}) == []
    assert refused(schema, {"mode": "a"}, {}) == []
    assert refused(schema, {"mode": "b"}, {"mode": "a"}) == ['spec.mode: Invalid value: "b": immutable']
    assert refused(schema, {}, {"mode": "a"}) == []


def test_what_is_not_refused_again_is_warned_of() -> None:
    schema = spec({"n": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]}, **NUMBERS})
    warnings: list[str] = []
    rules = Rules(schema)
    new, old = {"spec": {"n": 1, "min": 2}}, {"spec": {"n": 1, "min": 1}}
    assert rules.errors(new, old, NOWHERE, warnings) == []
    assert warnings == ["spec.n: Invalid value: 1: failed rule: self > 1"]


def test_items_of_a_list_that_did_not_change_are_not_refused_again() -> None:
    item = {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]}
    schema = spec({"l": {"type": "array", "items": item}, **NUMBERS})
    assert refused(schema, {"l": [1, 2], "min": 1}, {"l": [1, 2]}) == []
    assert len(refused(schema, {"l": [1, 3]}, {"l": [1, 2]})) == 1


def test_a_field_path_into_a_map_is_a_key() -> None:
    properties = {"m": {"type": "object", "additionalProperties": {"type": "string"}}, "a.b": {"type": "string"}}
    rules = [{"rule": "false", "message": "no", "fieldPath": path} for path in (".m['x.y']", "['a.b']")]
    assert refused(spec(properties, *rules), {}) == [
        "spec.m[x.y]: Invalid value: no",
        "spec.a.b: Invalid value: no",
    ]


def test_optional_old_self_sees_creations_too() -> None:
    rule = {"rule": "oldSelf.hasValue() || self == 'first'", "optionalOldSelf": True}
    schema = spec({"mode": {"type": "string", "x-kubernetes-validations": [rule]}})
    assert refused(schema, {"mode": "first"}) == []
    assert len(refused(schema, {"mode": "second"})) == 1
    assert refused(schema, {"mode": "second"}, {"mode": "first"}) == []


def test_what_did_not_change_is_not_refused_again() -> None:
    schema = spec({"n": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]}, **NUMBERS})
    assert refused(schema, {"n": 1, "min": 2}, {"n": 1, "min": 1}) == []
    assert len(refused(schema, {"n": 0}, {"n": 1})) == 1


def test_items_of_a_list_map_are_compared_with_their_old_selves() -> None:
    item = {
        "type": "object",
        "properties": {"k": {"type": "string"}, "v": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v", "message": "only up"}],
    }
    lists = {
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
    }
    old = {"l": [{"k": "a", "v": 5}, {"k": "b", "v": 1}]}
    assert refused(spec({"l": lists}), {"l": [{"k": "b", "v": 2}, {"k": "a", "v": 4}]}, old) == [
        "spec.l[1]: Invalid value: only up"
    ]


def test_times_durations_and_awkward_names() -> None:
    schema = spec(
        {
            "when": {"type": "string", "format": "date-time"},
            "for": {"type": "string", "format": "duration"},
            "a-b.c": {"type": "integer"},
            "ratio": {"type": "number"},
            "port": {"x-kubernetes-int-or-string": True},
        },
        {"rule": "self.when < timestamp('2021-01-01T00:00:00Z')"},
        {"rule": "self.__for__ > duration('1m')"},
        {"rule": "self.a__dash__b__dot__c == 1"},
        {"rule": "self.ratio / 2.0 == 0.5"},
        {"rule": "type(self.port) == int ? self.port > 0 : self.port == 'http'"},
    )
    good = {"when": "2020-01-01T00:00:00Z", "for": "2m", "a-b.c": 1, "ratio": 1, "port": "http"}
    assert refused(schema, good) == []
    assert len(refused(schema, {**good, "when": "2022-01-01T00:00:00Z", "port": 0})) == 2


def test_the_root_knows_its_name() -> None:
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name == 'only'"}]}
    named = {"metadata": {"name": "other"}}
    assert len(Rules(schema).errors(named, None, NOWHERE)) == 1


def test_rules_of_all_of_are_rules_of_the_node() -> None:
    schema = spec({"n": {"type": "integer", "allOf": [{"x-kubernetes-validations": [{"rule": "self != 3"}]}]}})
    assert refused(schema, {"n": 3}) == ["spec.n: Invalid value: 3: failed rule: self != 3"]


def test_the_budget_of_an_object_ends_its_validation() -> None:
    rule = {"rule": "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))"}
    schema = spec({"l": {"type": "array", "items": {"type": "integer"}, "x-kubernetes-validations": [rule]}})
    found = refused(schema, {"l": list(range(300))})
    assert len(found) == 1
    assert "no further validation rules will be run due to call cost exceeds limit" in found[0]


# definitions


def wrong(schema: dict[str, Any]) -> list[str]:
    rules = RuleCompiler()
    found = schema_errors(schema, Path("s"), rules)
    return [e.text() for e in found + rules.total_errors(Path("s"))]


def test_rules_that_do_not_compile() -> None:
    found = wrong(
        spec(NUMBERS, {"rule": "self.nope > 1"}, {"rule": "1 + 1"}, {"rule": "true", "messageExpression": "1"})
    )
    assert found[0].startswith("s.properties[spec].x-kubernetes-validations[0].rule: Invalid value: ")
    assert "compilation failed: ERROR: <input>:1:5: undefined field 'nope'" in found[0]
    assert found[1].endswith("cel expression must evaluate to a bool")
    assert found[2].endswith("messageExpression must evaluate to a string")


def test_a_field_path_leads_somewhere() -> None:
    found = wrong(spec(NUMBERS, {"rule": "true", "fieldPath": ".nope"}))
    assert found == [
        's.properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: ".nope": fieldPath must be a valid'
        " path"
    ]


def test_old_self_needs_a_place_to_come_from() -> None:
    item = {"type": "integer", "x-kubernetes-validations": [{"rule": "self > oldSelf"}]}
    found = wrong(spec({"l": {"type": "array", "maxItems": 3, "items": item}}))
    assert len(found) == 1
    assert "oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[spec]" in found[0]


def test_unbounded_work_is_refused_and_bounded_work_is_not() -> None:
    texts_ = {"type": "array", "items": {"type": "string"}}
    rule = {"rule": "self.l.all(a, self.l.all(b, a == b))"}
    found = wrong(spec({"l": texts_}, rule))
    at = "s.properties[spec].x-kubernetes-validations[0].rule: Forbidden: "
    assert found[0].startswith(at + "estimated rule cost exceeds budget by factor of more than 100x (try simplifying")
    assert found[1] == at + "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
    assert found[2].startswith(
        "s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by"
        " factor of more than 100x (try simplifying"
    )
    assert len(found) == 3
    bounded = {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 10}}
    assert wrong(spec({"l": bounded}, rule)) == []


def test_defaults_fit_their_schema() -> None:
    inner = {"type": "object", "default": {"a": 1}, "properties": {"a": {"type": "string"}}}
    found = [e.text() for e in default_errors({"type": "object", "properties": {"f": inner}}, Path("s"))]
    assert found == ['s.properties[f].default.a: Invalid value: "integer": a in body must be of type string: "integer"']
