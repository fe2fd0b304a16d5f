"""Structural schemas: every field has its type in one place, and value rules add nothing to the structure.

Models: apiextensions-apiserver, pkg/apiserver/schema/{validation,complete}.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, required
from clusters.machinery.regex import BadPattern, compile_pattern
from clusters.machinery.types import Obj

ROOT, ITEM, FIELD = "root", "item", "field"
_MISSING_TYPE = {
    ROOT: "must not be empty at the root",
    ITEM: "must not be empty for specified array items",
    FIELD: "must not be empty for specified object fields",
}
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_FORBIDDEN = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("externalDocs", "must be undefined to be structural"),
    (_PRESERVE, "must be false to be structural"),
    (_EMBEDDED, "must be false to be structural"),
    (_INT_OR_STRING, "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)
_INT_OR_STRING_ANY_OF = [{"type": "integer"}, {"type": "string"}]


def structural_errors(schema: Obj, path: Path) -> ErrorList:
    """In the order of their texts, as the real server sorts them."""
    errors = _invariants(schema, ROOT, path) or _completeness(schema, path)
    return sorted(errors, key=lambda error: error.text())


def _invariants(schema: Obj, level: str, path: Path) -> ErrorList:
    errors: ErrorList = []
    kind, items = schema.get("type", ""), schema.get("items")
    if kind == "array" and items is None:
        errors.append(required(path.child("items"), "must be specified"))
    if isinstance(items, dict):
        errors += _invariants(items, ITEM, path.child("items"))
    properties = schema.get("properties") or {}
    for name, value in properties.items():
        errors += _invariants(value, FIELD, path.child("properties").key(name))
    additional = schema.get("additionalProperties")
    if additional is not None:
        if level == ROOT:
            errors.append(forbidden(path.child("additionalProperties"), "must not be used at the root"))
        if isinstance(additional, dict):
            errors += _invariants(additional, FIELD, path.child("additionalProperties"))
    errors += _extension_errors(schema, path)
    errors += _value_rules(
        schema,
        path,
        skip_any_of=schema.get("anyOf") == _INT_OR_STRING_ANY_OF,
        skip_first=(schema.get("allOf") or [{}])[0].get("anyOf") == _INT_OR_STRING_ANY_OF,
    )
    errors += _type_errors(schema, level, path)
    if level == ROOT or schema.get(_EMBEDDED):
        errors += _metadata_errors(properties, path, root=level == ROOT)
    return errors


def _extension_errors(schema: Obj, path: Path) -> ErrorList:
    if not schema.get(_INT_OR_STRING):
        return []
    return [
        invalid(path.child(name), True, f"must be false if {_INT_OR_STRING} is true")
        for name in (_PRESERVE, _EMBEDDED)
        if schema.get(name)
    ]


def _type_errors(schema: Obj, level: str, path: Path) -> ErrorList:
    errors: ErrorList = []
    kind, at = schema.get("type", ""), path.child("type")
    if schema.get(_EMBEDDED) and kind != "object":
        why = f"must be object if {_EMBEDDED} is true"
        errors.append(invalid(at, kind, why) if kind else required(at, why))
    elif not kind and not schema.get(_INT_OR_STRING) and not schema.get(_PRESERVE):
        errors.append(required(at, _MISSING_TYPE[level]))
    if schema.get(_EMBEDDED) and schema.get("additionalProperties") is not None:
        why = f"must not be used if {_EMBEDDED} is set"
        errors.append(forbidden(path.child("additionalProperties"), why))
    if level == ROOT and kind and kind != "object":
        errors.append(invalid(at, kind, "must be object at the root"))
    if schema.get(_EMBEDDED) and not schema.get(_PRESERVE) and not schema.get("properties"):
        why = f"must not be empty if {_EMBEDDED} is true without {_PRESERVE}"
        errors.append(required(path.child("properties"), why))
    return errors


def _metadata_errors(properties: Obj, path: Path, *, root: bool) -> ErrorList:
    """kind, apiVersion and metadata of an object are given; only names may be restricted."""
    errors: ErrorList = []
    for name in ("kind", "apiVersion"):
        if name in properties and properties[name].get("type") != "string":
            at = path.child("properties").key(name).child("type")
            errors.append(invalid(at, properties[name].get("type", ""), "must be string"))
    meta, at = properties.get("metadata"), path.child("properties").key("metadata")
    if meta is None:
        return errors
    if meta.get("type") != "object":
        errors.append(invalid(at.child("type"), meta.get("type", ""), "must be object"))
    fields = set(meta.get("properties") or {}) - {"name", "generateName"}
    more = {name for name, value in meta.items() if value not in (None, "", False, [], {})}
    if root and (fields or more - {"type", "properties", "default"}):
        why = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        errors.append(forbidden(at, why))
    return errors


def _nested(schema: Obj) -> Iterator[tuple[str, int | None, Obj]]:
    for name in ("anyOf", "allOf", "oneOf"):
        for i, each in enumerate(schema.get(name) or ()):
            yield name, i, each
    if schema.get("not") is not None:
        yield "not", None, schema["not"]


def _value_rules(schema: Obj, path: Path, *, skip_any_of: bool = False, skip_first: bool = False) -> ErrorList:
    errors: ErrorList = []
    for name, i, each in _nested(schema):
        if name == "anyOf" and skip_any_of:
            continue
        at = path.child(name) if i is None else path.child(name).index(i)
        errors += _nested_rules(each, at, skip_any_of=name == "allOf" and i == 0 and skip_first)
    pattern = schema.get("pattern")
    if pattern:
        try:
            compile_pattern(pattern)
        except BadPattern as error:
            why = f"must be a valid regular expression, but isn't: {error}"
            errors.append(invalid(path.child("pattern"), pattern, why))
    return errors


def _nested_rules(schema: Obj, path: Path, *, skip_any_of: bool = False) -> ErrorList:
    errors = _value_rules(schema, path, skip_any_of=skip_any_of)
    items = schema.get("items")
    if isinstance(items, dict):
        errors += _nested_rules(items, path.child("items"))
    for name, value in (schema.get("properties") or {}).items():
        errors += _nested_rules(value, path.child("properties").key(name))
    errors += [forbidden(path.child(name), why) for name, why in _FORBIDDEN if schema.get(name)]
    if "metadata" in (schema.get("properties") or {}):
        at = path.child("properties").key("metadata")
        errors.append(forbidden(at, "must not be specified in a nested context"))
    return errors


def _completeness(schema: Obj, path: Path) -> ErrorList:
    """What value rules speak of is specified outside of them."""
    errors: ErrorList = []
    for name, i, each in _nested(schema):
        at = path.child(name) if i is None else path.child(name).index(i)
        errors += _covered(each, schema, path, at)
    items, additional = schema.get("items"), schema.get("additionalProperties")
    if isinstance(items, dict):
        errors += _completeness(items, path.child("items"))
    for name, value in (schema.get("properties") or {}).items():
        errors += _completeness(value, path.child("properties").key(name))
    if isinstance(additional, dict):
        errors += _completeness(additional, path.child("additionalProperties"))
    return errors


def _covered(rule: Obj, schema: Obj | None, path: Path, at: Path) -> ErrorList:
    if schema is None:
        return [required(path, f"because it is defined in {at}")]
    errors: ErrorList = []
    for name, i, each in _nested(rule):
        errors += _covered(each, schema, path, at.child(name) if i is None else at.child(name).index(i))
    if isinstance(rule.get("items"), dict):
        errors += _covered(rule["items"], schema.get("items"), path.child("items"), at.child("items"))
    known = schema.get("properties") or {}
    for name, value in (rule.get("properties") or {}).items():
        errors += _covered(value, known.get(name), path.child("properties").key(name), at.child("properties").key(name))
    return errors
