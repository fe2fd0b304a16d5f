"""How a refusal shows versions and schemas: as the server's structs, with all their fields.

Models: apiextensions-apiserver, pkg/apis/apiextensions/types.go and types_jsonschema.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clusters.machinery.types import Obj

# (Go name, wire name, zero value), in the order of the struct.
_SCHEMA: tuple[tuple[str, str, Any], ...] = (
    ("ID", "id", ""),
    ("Schema", "$schema", ""),
    ("Ref", "$ref", None),
    ("Description", "description", ""),
    ("Type", "type", ""),
    ("Nullable", "nullable", False),
    ("Format", "format", ""),
    ("Title", "title", ""),
    ("Default", "default", None),
    ("Maximum", "maximum", None),
    ("ExclusiveMaximum", "exclusiveMaximum", False),
    ("Minimum", "minimum", None),
    ("ExclusiveMinimum", "exclusiveMinimum", False),
    ("MaxLength", "maxLength", None),
    ("MinLength", "minLength", None),
    ("Pattern", "pattern", ""),
    ("MaxItems", "maxItems", None),
    ("MinItems", "minItems", None),
    ("UniqueItems", "uniqueItems", False),
    ("MultipleOf", "multipleOf", None),
    ("Enum", "enum", None),
    ("MaxProperties", "maxProperties", None),
    ("MinProperties", "minProperties", None),
    ("Required", "required", None),
    ("Items", "items", None),
    ("AllOf", "allOf", None),
    ("OneOf", "oneOf", None),
    ("AnyOf", "anyOf", None),
    ("Not", "not", None),
    ("Properties", "properties", None),
    ("AdditionalProperties", "additionalProperties", None),
    ("PatternProperties", "patternProperties", None),
    ("Dependencies", "dependencies", None),
    ("AdditionalItems", "additionalItems", None),
    ("Definitions", "definitions", None),
    ("ExternalDocs", "externalDocs", None),
    ("Example", "example", None),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", None),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", False),
    ("XIntOrString", "x-kubernetes-int-or-string", False),
    ("XListMapKeys", "x-kubernetes-list-map-keys", None),
    ("XListType", "x-kubernetes-list-type", None),
    ("XMapType", "x-kubernetes-map-type", None),
    ("XValidations", "x-kubernetes-validations", None),
)
_SCHEMAS = frozenset({"not"})
_SCHEMA_LISTS = frozenset({"allOf", "oneOf", "anyOf"})
_SCHEMA_MAPS = frozenset({"properties", "patternProperties", "definitions"})


def shown_schema(schema: Obj) -> Obj:
    out: Obj = {}
    for name, wire, zero in _SCHEMA:
        value = schema.get(wire, zero)
        if value is not None and wire in _SCHEMAS:
            value = shown_schema(value)
        elif value is not None and wire in _SCHEMA_LISTS:
            value = [shown_schema(v) for v in value]
        elif value is not None and wire in _SCHEMA_MAPS:
            value = {key: shown_schema(v) for key, v in value.items()}
        elif value is not None and wire == "items":
            one = shown_schema(value) if isinstance(value, dict) else None
            many = [shown_schema(v) for v in value] if isinstance(value, list) else None
            value = {"Schema": one, "JSONSchemas": many}
        elif isinstance(value, dict) and wire == "additionalProperties":
            value = {"Allows": True, "Schema": shown_schema(value)}
        elif isinstance(value, bool) and wire == "additionalProperties":
            value = {"Allows": value, "Schema": None}
        elif value is not None and wire == "x-kubernetes-validations":
            value = [shown_rule(v) for v in value]
        out[name] = value
    return out


def shown_rule(rule: Obj) -> Obj:
    """A rule of x-kubernetes-validations."""
    return {
        "Rule": rule.get("rule", ""),
        "Message": rule.get("message", ""),
        "MessageExpression": rule.get("messageExpression", ""),
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath", ""),
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }


def shown_versions(versions: Sequence[Obj], common: Mapping[str, bool]) -> list[Obj]:
    """`common`: what all versions say alike is shown at none."""
    out = []
    for version in versions:
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        shown: Obj | None = None if common["schema"] or version.get("schema") is None else {"OpenAPIV3Schema": None}
        if shown is not None and schema is not None:
            shown = {"OpenAPIV3Schema": shown_schema(schema)}
        out.append(
            {
                "Name": version.get("name", ""),
                "Served": bool(version.get("served")),
                "Storage": bool(version.get("storage")),
                "Deprecated": bool(version.get("deprecated")),
                "DeprecationWarning": version.get("deprecationWarning"),
                "Schema": shown,
                "Subresources": None if common["subresources"] else _subresources(version),
                "AdditionalPrinterColumns": _unless(common, version, "additionalPrinterColumns"),
                "SelectableFields": _unless(common, version, "selectableFields"),
            }
        )
    return out


def _unless(common: Mapping[str, bool], version: Obj, name: str) -> list[Obj] | None:
    """A list as Go's structs have it."""
    value = None if common[name] else version.get(name)
    return [_STRUCTS[name](each) for each in value] if value is not None else None


_STRUCTS: dict[str, Callable[[Obj], Obj]] = {
    "additionalPrinterColumns": lambda column: {
        "Name": column.get("name", ""),
        "Type": column.get("type", ""),
        "Format": column.get("format", ""),
        "Description": column.get("description", ""),
        "Priority": column.get("priority", 0),
        "JSONPath": column.get("jsonPath", ""),
    },
    "selectableFields": lambda selectable: {"JSONPath": selectable.get("jsonPath", "")},
}


def _subresources(version: Obj) -> Obj | None:
    value = version.get("subresources")
    if value is None:
        return None
    scale = value.get("scale")
    if scale is not None:
        scale = {
            "SpecReplicasPath": scale.get("specReplicasPath", ""),
            "StatusReplicasPath": scale.get("statusReplicasPath", ""),
            "LabelSelectorPath": scale.get("labelSelectorPath"),
        }
    return {"Status": value.get("status"), "Scale": scale}
