"""What is refused of a CustomResourceDefinition, in which words and order."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from clusters.resources.apiextensions.validation import definition_errors, update_errors
from clusters.resources.apiextensions.warnings import format_warnings

ALIKE = "spec.validation.openAPIV3Schema"


def definition(*versions: dict[str, Any], **spec: Any) -> dict[str, Any]:
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    stored = [v["name"] for v in versions if v.get("storage")]
    return {
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": names,
            "versions": list(versions),
            "conversion": {"strategy": "None"},
            **spec,
        },
        "status": {"storedVersions": stored, "acceptedNames": names},
    }


def version(properties: dict[str, Any] | None = None, name: str = "v1", **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties or {}, **more.pop("root", {})}
    return {"name": name, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **more}


def wrong(obj: dict[str, Any]) -> list[str]:
    return [e.text() for e in definition_errors(obj)]


def of_schema(properties: dict[str, Any], **more: Any) -> list[str]:
    return [text.removeprefix(ALIKE) for text in wrong(definition(version(properties, **more)))]


def test_a_simple_definition_is_fine():
    assert wrong(definition(version({"spec": {"type": "object"}}))) == []


@pytest.mark.parametrize(
    ("field", "errors"),
    [
        (
            {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"},
            [
                "x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set"
            ],
        ),
        (
            {"type": "array", "items": {"type": "string", "nullable": True}, "x-kubernetes-list-type": "set"},
            ["nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set"],
        ),
        (
            {
                "type": "array",
                "items": {"type": "object", "properties": {"k": {"type": "array", "items": {"type": "string"}}}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"],
            },
            [
                'properties[k].type: Invalid value: "object": must be a scalar type if parent array\'s'
                " x-kubernetes-list-type is map",
                "properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must"
                " have a default or be a required property",
            ],
        ),
    ],
)
def test_lists_that_are_sets_or_maps_have_fitting_items(field, errors):
    assert of_schema({"f": field}) == [f".properties[f].items.{error}" for error in errors]


@pytest.mark.parametrize(
    ("field", "errors"),
    [
        (
            {"type": "null"},
            [
                '.type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number",'
                ' "object", "string"',
                ".type: Forbidden: type cannot be set to null, use nullable as an alternative",
            ],
        ),
        (
            {"type": "object", "x-kubernetes-list-map-keys": ["a"]},
            [".x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty"],
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}},
            [".additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"],
        ),
        (
            {"type": "object", "x-kubernetes-validations": [{"rule": "true", "messageExpression": " ", "reason": "X"}]},
            [
                ".x-kubernetes-validations[0].messageExpression: Required value: messageExpression must be non-empty if"
                " specified",
                '.x-kubernetes-validations[0].reason: Unsupported value: "X": supported values: "FieldValueDuplicate",'
                ' "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
            ],
        ),
        (
            {"type": "object", "x-kubernetes-validations": [{"rule": "a\nb"}]},
            [
                ".x-kubernetes-validations[0].message: Required value: message must be specified if rule contains line"
                " breaks"
            ],
        ),
        (
            {"type": "integer", "allOf": [{"x-kubernetes-validations": [{"rule": "self > 1"}]}]},
            [".allOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural"],
        ),
        (
            {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1", "optionalOldSelf": True}]},
            [
                ".x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not"
                " used in rule"
            ],
        ),
        (
            {"type": "integer", "default": 1, "x-kubernetes-validations": [{"rule": "self > 1"}]},
            [".default: Invalid value: 1: failed rule: self > 1"],
        ),
        (
            {"type": "object", "default": {"x": 1}, "properties": {"a": {"type": "string"}}},
            ['.default: Invalid value: {"x":1}: must not have unknown fields'],
        ),
    ],
)
def test_a_field_that_is_not_allowed(field, errors):
    assert of_schema({"f": field}) == [f".properties[f]{error}" for error in errors]


def test_rules_are_not_compiled_where_something_else_is_wrong():
    rules = [{"rule": "nonsense"}]
    bad = {"type": "object", "x-kubernetes-validations": rules, "x-kubernetes-map-type": "odd"}
    fine = {"type": "object", "x-kubernetes-validations": rules}
    found = of_schema({"bad": bad, "fine": fine})
    assert found[0] == (
        '.properties[bad].x-kubernetes-map-type: Unsupported value: "odd": supported values: "atomic", "granular"'
    )
    assert found[1].startswith(".properties[fine].x-kubernetes-validations[0].rule: ")
    assert len(found) == 2


def test_old_self_of_an_atomic_map_is_known():
    field = {
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {"a": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}},
    }
    assert of_schema({"f": field}) == []


def test_metadata_is_only_for_names():
    found = of_schema({"metadata": {"type": "object", "description": "x", "default": {}}})
    assert found == [
        ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is"
        " implicitly specified",
        ".properties[metadata].default: Forbidden: must not be set in top-level metadata",
    ]


def test_a_status_of_its_own_restricts_the_root():
    found = of_schema({}, root={"type": "array", "items": {"type": "string"}}, subresources={"status": {}})
    assert found[0] == (
        '.type: Invalid value: "array": only "object" is allowed as the type at the root of the schema if the status'
        " subresource is enabled"
    )


@pytest.mark.parametrize(
    ("more", "errors"),
    [
        (
            {"additionalPrinterColumns": [{"name": "a", "type": "string", "jsonPath": "x"}]},
            [
                'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "x": must be a simple json path starting'
                " with ."
            ],
        ),
        (
            {"additionalPrinterColumns": [{"name": "a", "type": "text"}]},
            [
                'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of'
                " boolean,date,integer,number,string",
                "spec.additionalPrinterColumns[0].JSONPath: Required value",
            ],
        ),
        (
            {"selectableFields": [{"jsonPath": ".spec.nope"}, {"jsonPath": ".spec"}, {"jsonPath": ".spec.l['a']"}]},
            [
                'spec.selectableFields[0].jsonPath: Invalid value: ".spec.nope": is an invalid path: does not refer to'
                " a valid field",
                'spec.selectableFields[1].jsonPath: Invalid value: ".spec": must point to a field of type string,'
                " boolean or integer. Enum string fields and strings with formats are allowed.",
                "spec.selectableFields[2].jsonPath: Invalid value: \".spec.l['a']\": is an invalid path: array notation"
                " is not allowed",
            ],
        ),
        (
            {"subresources": {"scale": {"specReplicasPath": ".spec.l[0]", "statusReplicasPath": "status"}}},
            [
                'spec.subresources.scale.statusReplicasPath: Invalid value: "status": must be a simple json path'
                " starting with ."
            ],
        ),
        (
            {"deprecated": True, "deprecationWarning": ""},
            ['spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string'],
        ),
        (
            {"deprecationWarning": ""},
            ['spec.versions[0].deprecationWarning: Invalid value: "": can only be set for deprecated versions'],
        ),
    ],
)
def test_a_version_that_is_not_allowed(more, errors):
    properties = {"spec": {"type": "object", "properties": {"l": {"type": "array", "items": {"type": "string"}}}}}
    assert wrong(definition(version(properties, **more))) == errors


@pytest.mark.parametrize(
    ("conversion", "errors"),
    [
        ({"strategy": "Odd"}, ['strategy: Unsupported value: "Odd": supported values: "None", "Webhook"']),
        (
            {"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}},
            ["conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook"],
        ),
        (
            {"strategy": "Webhook"},
            [
                "webhookClientConfig: Required value: required when strategy is set to Webhook",
                "conversionReviewVersions: Required value",
            ],
        ),
        (
            {
                "strategy": "Webhook",
                "webhook": {
                    "clientConfig": {"url": "http://u@h/?a#b"},
                    "conversionReviewVersions": ["v7", "v7", "V"],
                },
            },
            [
                "webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired"
                " format: https://host[/path]",
                'webhookClientConfig.url: Invalid value: "u": user information is not permitted in the URL',
                'webhookClientConfig.url: Invalid value: "b": fragments are not permitted in the URL',
                'webhookClientConfig.url: Invalid value: "a": query parameters are not permitted in the URL',
                'conversionReviewVersions[1]: Invalid value: "v7": duplicate version',
                'conversionReviewVersions[2]: Invalid value: "V": a DNS-1035 label must consist of lower case'
                " alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric"
                " character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
                'conversionReviewVersions: Invalid value: ["v7","v7","V"]: must include at least one of v1, v1beta1',
            ],
        ),
        (
            {
                "strategy": "Webhook",
                "webhook": {
                    "clientConfig": {"service": {"name": "s", "namespace": "", "port": 0, "path": "x//Y"}},
                    "conversionReviewVersions": ["v1"],
                },
            },
            [
                "webhookClientConfig.service.name: Required value",
                "webhookClientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535,"
                " inclusive",
                "webhookClientConfig.service.path: Invalid value: \"x//Y\": must start with a '/'",
                'webhookClientConfig.service.path: Invalid value: "x//Y": segment[0] may not be empty',
                'webhookClientConfig.service.path: Invalid value: "x//Y": segment[1] may not be empty',
                'webhookClientConfig.service.path: Invalid value: "x//Y": segment[2]: a lowercase RFC 1123 subdomain'
                " must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an"
                " alphanumeric character (e.g. 'example.com', regex used for validation is"
                " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ],
        ),
    ],
)
def test_a_conversion_that_is_not_allowed(conversion, errors):
    assert wrong(definition(version(), conversion=conversion)) == [f"spec.conversion.{e}" for e in errors]


def test_versions_that_differ_are_spoken_of_one_by_one():
    column = {"name": "a", "type": "string", "jsonPath": "x"}
    first = version({"a": {"type": "null"}}, additionalPrinterColumns=[column])
    second = version({"a": {"type": "string"}}, "v2", storage=False, additionalPrinterColumns=[column])
    found = wrong(definition(first, second))
    assert [text.partition(": ")[0] for text in found] == [
        "spec.versions[0].schema.openAPIV3Schema.properties[a].type",
        "spec.versions[0].schema.openAPIV3Schema.properties[a].type",
        "spec.additionalPrinterColumns[0].JSONPath",
    ]


def test_a_name_of_a_first_version_is_refused_twice():
    found = wrong(definition(version(name="V1")))
    assert [text.partition(": ")[0] for text in found] == ["spec.versions[0].name", "spec.version"]


def test_unknown_fields_are_kept_by_the_schema_alone():
    found = wrong(definition(version({"a": {"type": "string", "default": "x"}}), preserveUnknownFields=True))
    assert found == [
        "spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema",
        "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields"
        " to true in spec.versions[*].schema instead",
    ]


def test_an_update_keeps_what_objects_are_stored_by():
    old = definition(version())
    old["status"]["conditions"] = [{"type": "Established", "status": "True"}]
    new = copy.deepcopy(old)
    new["spec"] |= {"scope": "Cluster", "group": "other.com"}
    new["spec"]["names"] = {**new["spec"]["names"], "kind": "Other", "plural": "others"}
    assert [e.text() for e in update_errors(new, old)] == [
        'spec.scope: Invalid value: "Cluster": field is immutable',
        'spec.names.kind: Invalid value: "Other": field is immutable',
        'spec.group: Invalid value: "other.com": field is immutable',
        'spec.names.plural: Invalid value: "others": field is immutable',
    ]


def test_a_protected_group_that_was_never_approved_may_be_updated():
    old = definition(version(), group="example.k8s.io")
    assert len(definition_errors({**old, "metadata": {"name": "widgets.example.k8s.io"}})) == 1
    assert update_errors(copy.deepcopy(old), old) == []


def test_costly_rules_of_a_schema_that_was_there_may_stay():
    rule = {"rule": "self.all(a, self.all(b, a == b))"}
    costly = {"type": "array", "maxItems": 500, "items": {"type": "string", "maxLength": 100}}
    old = definition(version({"l": {**costly, "x-kubernetes-validations": [rule]}}))
    assert definition_errors(old)
    single = [e for e in update_errors(copy.deepcopy(old), old) if "estimated rule cost exceeds" in e.text()]
    assert single == []


@pytest.mark.parametrize(
    ("field", "unknown"),
    [
        ({"type": "string", "format": "date-time"}, []),
        ({"type": "string", "format": "datetime"}, []),
        ({"type": "string", "format": "quantity"}, []),
        ({"type": "string", "format": "hostnme"}, ["hostnme"]),
        ({"type": "string", "format": "int32"}, ["int32"]),
        ({"type": "integer", "format": "int64"}, []),
        ({"type": "integer", "format": "uint32"}, ["uint32"]),
        ({"type": "number", "format": "double"}, []),
        ({"type": "number", "format": "int32"}, ["int32"]),
        ({"type": "boolean", "format": "byte"}, ["byte"]),
        ({"type": "array", "format": "cidr", "items": {"type": "string"}}, ["cidr"]),
        ({"type": "array", "items": {"type": "string", "format": "cidrs"}}, ["cidrs"]),
        ({"type": "object", "additionalProperties": {"type": "string", "format": "x"}}, ["x"]),
        ({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv5"}]}, ["ipv5"]),
        ({"type": "string", "not": {"format": 'a "b"'}}, ['a \\"b\\"']),
    ],
)
def test_formats_that_nothing_checks_are_warned_of(field: dict[str, Any], unknown: list[str]) -> None:
    found = format_warnings(definition(version({"field": field})))
    assert found == [f'unrecognized format "{form}"' for form in unknown]


def test_an_unknown_format_is_told_once_and_not_again_at_an_update() -> None:
    wrong_format = {"type": "string", "format": "one"}
    before = definition(version({"a": wrong_format, "b": wrong_format}), version({"a": wrong_format}, name="v2"))
    assert format_warnings(before) == ['unrecognized format "one"']
    after = definition(version({"a": wrong_format, "b": {"type": "string", "format": "two"}}))
    assert format_warnings(after, before) == ['unrecognized format "two"']
    assert format_warnings({"spec": {}}) == []
