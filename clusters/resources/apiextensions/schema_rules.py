"""What a schema of a CustomResourceDefinition may say at all, structural or not.

Models: apiextensions-apiserver, pkg/apis/apiextensions/validation (ValidateCustomResourceDefinitionOpenAPISchema).
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj

TYPES = frozenset({"array", "boolean", "integer", "number", "object", "string"})
_UNSUPPORTED = (
    "id",
    "additionalItems",
    "patternProperties",
    "definitions",
    "dependencies",
    "$ref",
)
_LIST_TYPE, _LIST_KEYS, _MAP_TYPE = (
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
)
_RULES = "x-kubernetes-validations"
REASONS = ("FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate")


def schema_errors(schema: Obj, path: Path) -> ErrorList:
    errors = _standard_errors(schema, path)
    if schema.get("uniqueItems"):
        why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(forbidden(path.child("uniqueItems"), why))
    additional = schema.get("additionalProperties")
    if additional is not None:
        at = path.child("additionalProperties")
        if schema.get("properties"):
            errors.append(forbidden(at, "additionalProperties and properties are mutual exclusive"))
        if isinstance(additional, dict):
            errors += schema_errors(additional, at)
    for name, value in (schema.get("properties") or {}).items():
        errors += schema_errors(value, path.child("properties").key(name))
    if isinstance(schema.get("not"), dict):
        errors += schema_errors(schema["not"], path.child("not"))
    for name in ("allOf", "oneOf", "anyOf"):
        for i, each in enumerate(schema.get(name) or ()):
            errors += schema_errors(each, path.child(name).index(i))
    if isinstance(schema.get("items"), dict):
        errors += schema_errors(schema["items"], path.child("items"))
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        errors.append(invalid(path.child("x-kubernetes-preserve-unknown-fields"), False, "must be true or undefined"))
    errors += _topology_errors(schema, path)
    return errors + _rules_errors(schema, path)


def _standard_errors(schema: Obj, path: Path) -> ErrorList:
    errors = [forbidden(path.child(name), f"{name} is not supported") for name in _UNSUPPORTED if schema.get(name)]
    kind = schema.get("type", "")
    if kind == "null":
        why = "type cannot be set to null, use nullable as an alternative"
        errors.append(forbidden(path.child("type"), why))
    elif kind and kind not in TYPES:
        errors.append(not_supported(path.child("type"), kind, TYPES))
    if isinstance(schema.get("items"), list):
        errors.append(forbidden(path.child("items"), "items must be a schema object and not an array"))
    return errors


def _typed(schema: Obj, kind: str, extension: str, path: Path) -> ErrorList:
    """An extension that only one type may have."""
    given = schema.get("type", "")
    if given == kind:
        return []
    why = f"must be {kind} if {extension} is specified"
    at = path.child("type")
    return [invalid(at, given, why) if given else required(at, why)]


def _topology_errors(schema: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    of_map, of_list, keys = schema.get(_MAP_TYPE), schema.get(_LIST_TYPE), schema.get(_LIST_KEYS) or []
    if of_map is not None:
        errors += _typed(schema, "object", _MAP_TYPE, path)
        if of_map not in ("atomic", "granular"):
            errors.append(not_supported(path.child(_MAP_TYPE), of_map, ("atomic", "granular")))
    if of_list is not None:
        errors += _typed(schema, "array", _LIST_TYPE, path)
        if of_list not in ("atomic", "set", "map"):
            errors.append(not_supported(path.child(_LIST_TYPE), of_list, ("atomic", "set", "map")))
    if keys and of_list != "map":
        why = f"must be map if {_LIST_KEYS} is non-empty"
        at = path.child(_LIST_TYPE)
        errors.append(required(at, why) if of_list is None else invalid(at, of_list, why))
    if of_list == "set":
        errors += _set_errors(schema, path)
    return errors + (_map_list_errors(schema, keys, path) if of_list == "map" else [])


def _set_errors(schema: Obj, path: Path) -> ErrorList:
    items = schema.get("items")
    if not isinstance(items, dict):
        return []
    atomic = {"object": (_MAP_TYPE, "map"), "array": (_LIST_TYPE, "list")}.get(items.get("type", ""))
    if atomic is None or items.get(atomic[0]) == "atomic":
        return []
    why = f"must be atomic as item of a list with {_LIST_TYPE}=set"
    return [invalid(path.child("items", atomic[0]), items.get(atomic[0]), why)]


def _map_list_errors(schema: Obj, keys: list[str], path: Path) -> ErrorList:
    errors: ErrorList = []
    items, keys_at = schema.get("items"), path.child(_LIST_KEYS)
    if not keys:
        errors.append(required(keys_at, f"must not be empty if {_LIST_TYPE} is map"))
    if not isinstance(items, dict):
        return [*errors, required(path.child("items"), f"must have a schema if {_LIST_TYPE} is map")]
    if items.get("type") != "object":
        why = f"must be object if parent array's {_LIST_TYPE} is map"
        errors.append(invalid(path.child("items", "type"), items.get("type", ""), why))
    properties = items.get("properties") or {}
    seen: set[str] = set()
    for key in keys:
        if key not in properties:
            errors.append(invalid(keys_at, keys, "entries must all be names of item properties"))
            continue
        if key in seen:
            errors.append(invalid(keys_at, keys, "must not contain duplicate entries"))
        seen.add(key)
        at = path.child("items", "properties").key(key)
        if properties[key].get("type") in ("array", "object"):
            why = f"must be a scalar type if parent array's {_LIST_TYPE} is map"
            errors.append(invalid(at.child("type"), properties[key]["type"], why))
        if properties[key].get("nullable"):
            errors.append(
                forbidden(at.child("nullable"), f"this property is in {_LIST_KEYS}, so it cannot be nullable")
            )
        if key not in (items.get("required") or ()) and properties[key].get("default") is None:
            why = f"this property is in {_LIST_KEYS}, so it must have a default or be a required property"
            errors.append(required(at.child("default"), why))
    return errors


def _rules_errors(schema: Obj, path: Path) -> ErrorList:
    """CEL rules but for what only a compiler can tell."""
    errors: ErrorList = []
    for i, rule in enumerate(schema.get(_RULES) or ()):
        at = path.child(_RULES).index(i)
        if not (rule.get("rule") or "").strip():
            errors.append(required(at.child("rule"), "rule is not specified"))
        message = rule.get("message", "")
        if message and not message.strip():
            errors.append(invalid(at.child("message"), message, "message must be non-empty if specified"))
        elif "\n" in message.strip():
            errors.append(invalid(at.child("message"), message, "message must not contain line breaks"))
        elif not message and "\n" in (rule.get("rule") or "").strip():
            why = "message must be specified if rule contains line breaks"
            errors.append(required(at.child("message"), why))
        if rule.get("messageExpression") and not rule["messageExpression"].strip():
            why = "must be non-empty if specified"
            errors.append(required(at.child("messageExpression"), why))
        reason = rule.get("reason")
        if reason is not None and reason not in REASONS:
            errors.append(not_supported(at.child("reason"), reason, REASONS))
    return errors
