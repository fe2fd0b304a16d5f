"""What a schema of a CustomResourceDefinition may say at all, structural or not, and at which nodes its rules in CEL
are compiled: only where nothing else is wrong, there or below.

Models: apiextensions-apiserver, pkg/apis/apiextensions/validation (ValidateCustomResourceDefinitionOpenAPISchema).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.dynamic.field_paths import resolve

TYPES = frozenset({"array", "boolean", "integer", "number", "object", "string"})
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_LIST_TYPE, _LIST_KEYS, _MAP_TYPE = (
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
)
_RULES = "x-kubernetes-validations"
_EMBEDDED = "x-kubernetes-embedded-resource"
_META = ("metadata", "kind", "apiVersion")
REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


@dataclass(frozen=True, slots=True)
class Reach:
    """How often values of a schema may occur in an object (None: as often as there is room), and the outermost part
    of the schema within which they cannot be told from their older selves."""

    root: bool = True
    cardinality: int | None = 1
    lost: Path | None = None

    def into(self, schema: Obj) -> Reach:
        """Of what is directly below a schema."""
        return replace(self, root=False, cardinality=_times(self.cardinality, schema))


def _times(cardinality: int | None, schema: Obj) -> int | None:
    """How often what is below a schema occurs."""
    limit: int | None = 1
    if schema.get("type") == "array":
        limit = schema.get("maxItems")
    elif schema.get("type") == "object" and schema.get("additionalProperties") is not None:
        limit = schema.get("maxProperties")
    return None if cardinality is None or limit is None else cardinality * max(0, int(limit))


class RuleCheck(Protocol):
    """Compiles the rules of one schema."""

    def __call__(self, schema: Obj, path: Path, reach: Reach) -> ErrorList: ...


@dataclass(frozen=True, slots=True)
class _Place:
    path: Path
    root: bool = False
    meta: bool = False
    """Within metadata, apiVersion or kind."""
    no_default: str = ""
    """Why there may be no default."""
    reach: Reach | None = None
    """None: rules are not compiled here."""

    def at(self, path: Path, schema: Obj) -> _Place:
        return replace(self, path=path, root=False, reach=self.reach.into(schema) if self.reach is not None else None)

    def beside(self, path: Path) -> _Place:
        return replace(self, path=path, root=False, reach=None)


@dataclass(slots=True)
class _Errors:
    schema: ErrorList = field(default_factory=list)
    rules: ErrorList = field(default_factory=list)

    def add(self, other: _Errors) -> None:
        self.schema += other.schema
        self.rules += other.rules


def schema_errors(schema: Obj, path: Path, check: RuleCheck | None = None) -> ErrorList:
    """What is wrong with a schema, then with its rules if `check` compiles them."""
    place = _Place(path, root=True, reach=Reach() if check is not None else None)
    found = _errors(schema, place, check)
    return found.schema + found.rules


def _errors(schema: Obj, place: _Place, check: RuleCheck | None) -> _Errors:
    path, out = place.path, _Errors(_standard_errors(schema, place))
    if schema.get("uniqueItems"):
        why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        out.schema.append(forbidden(path.child("uniqueItems"), why))
    for each, below in _children(schema, place, out.schema):
        out.add(_errors(each, below, check))
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        why = "must be true or undefined"
        out.schema.append(invalid(path.child("x-kubernetes-preserve-unknown-fields"), False, why))
    out.schema += _topology_errors(schema, path)
    out.schema += _rules_errors(schema, path)
    if schema.get(_RULES) and check is not None and place.reach is not None and not out.schema:
        out.rules += check(schema, path, place.reach)
    return out


def _children(schema: Obj, place: _Place, errors: ErrorList) -> list[tuple[Obj, _Place]]:
    """The schemas within a schema, in the order in which they are checked."""
    path, out = place.path, []
    extra = schema.get("additionalProperties")
    if extra is not None:
        at = path.child("additionalProperties")
        if schema.get("properties") and extra is not True:
            errors.append(forbidden(at, "additionalProperties and properties are mutual exclusive"))
        if isinstance(extra, dict):
            below = place.at(at, schema)
            if place.meta:
                below = replace(below, no_default="inside additionalProperties applying to object metadata")
            out.append((extra, below))
    for name, each in (schema.get("properties") or {}).items():
        below = place.at(path.child("properties").key(name), schema)
        if (place.root or schema.get(_EMBEDDED)) and name in _META:
            why = f"in top-level {name}" if place.root else below.no_default
            below = replace(below, meta=True, no_default=why)
        out.append((each, below))
    if isinstance(schema.get("not"), dict):
        out.append((schema["not"], place.beside(path.child("not"))))
    for name in ("allOf", "oneOf", "anyOf"):
        for i, each in enumerate(schema.get(name) or ()):
            out.append((each, place.beside(path.child(name).index(i))))
    if isinstance(schema.get("items"), dict):
        below = place.at(path.child("items"), schema)
        if schema.get(_LIST_TYPE) != "map" and below.reach is not None and below.reach.lost is None:
            below = replace(below, reach=replace(below.reach, lost=path))
        out.append((schema["items"], below))
    return out


def _standard_errors(schema: Obj, place: _Place) -> ErrorList:
    errors: ErrorList = []
    path, kind = place.path, schema.get("type", "")
    if kind and kind not in TYPES:
        errors.append(not_supported(path.child("type"), kind, TYPES))
    if schema.get("default") is not None and place.no_default:
        errors.append(forbidden(path.child("default"), f"must not be set {place.no_default}"))
    errors += [forbidden(path.child(name), f"{name} is not supported") for name in _UNSUPPORTED if schema.get(name)]
    if kind == "null":
        why = "type cannot be set to null, use nullable as an alternative"
        errors.append(forbidden(path.child("type"), why))
    if isinstance(schema.get("items"), list):
        errors.append(forbidden(path.child("items"), "items must be a schema object and not an array"))
    if place.meta and schema.get(_EMBEDDED):
        errors.append(forbidden(path.child(_EMBEDDED), "must not be used inside of resource meta"))
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
        errors += _typed(schema, "array", _LIST_TYPE, path) or (_set_errors(schema, path) if of_list == "set" else [])
        if of_list not in ("atomic", "set", "map"):
            errors.append(not_supported(path.child(_LIST_TYPE), of_list, ("atomic", "set", "map")))
    if keys and of_list != "map":
        why = f"must be map if {_LIST_KEYS} is non-empty"
        at = path.child(_LIST_TYPE)
        errors.append(required(at, why) if of_list is None else invalid(at, of_list, why))
    if of_list == "map":
        errors += _map_list_errors(schema, keys, path)
    if of_list in ("set", "map") and isinstance(schema.get("items"), dict):
        errors += _item_errors(schema["items"], keys if of_list == "map" else (), of_list, path.child("items"))
    return errors


def _set_errors(schema: Obj, path: Path) -> ErrorList:
    items = schema.get("items")
    if not isinstance(items, dict):
        return []
    why = f"must be atomic as item of a list with {_LIST_TYPE}=set"
    kind, of_list = items.get("type"), items.get(_LIST_TYPE)
    if kind == "array" and of_list is not None and of_list != "atomic":
        return [invalid(path.child("items", _LIST_TYPE), of_list, why)]
    if kind == "object" and items.get(_MAP_TYPE) != "atomic":
        # The real server shows the list type here, too.
        return [invalid(path.child("items", _MAP_TYPE), of_list, why)]
    return []


def _map_list_errors(schema: Obj, keys: list[str], path: Path) -> ErrorList:
    errors: ErrorList = []
    items, keys_at = schema.get("items"), path.child(_LIST_KEYS)
    if not keys:
        errors.append(required(keys_at, f"must not be empty if {_LIST_TYPE} is map"))
    if not isinstance(items, dict):
        return [*errors, required(path.child("items"), f"must have a schema if {_LIST_TYPE} is map")]
    if items.get("type") != "object":
        why = f"must be object if parent array's {_LIST_TYPE} is map"
        return [*errors, invalid(path.child("items", "type"), items.get("type", ""), why)]
    properties = items.get("properties") or {}
    for i, key in enumerate(keys):
        if key not in properties:
            errors.append(invalid(keys_at, keys, "entries must all be names of item properties"))
        elif properties[key].get("type") in ("array", "object"):
            why = f"must be a scalar type if parent array's {_LIST_TYPE} is map"
            # It shows the type of the items.
            errors.append(invalid(path.child("items", "properties").key(key).child("type"), items["type"], why))
        if key in keys[:i]:
            errors.append(invalid(keys_at, keys, "must not contain duplicate entries"))
    return errors


def _item_errors(items: Obj, keys: list[str] | tuple[str, ...], kind: str, path: Path) -> ErrorList:
    """Items of sets and list maps are there, and the latter's keys, too."""
    errors: ErrorList = []
    if items.get("nullable"):
        errors.append(forbidden(path.child("nullable"), f"cannot be nullable when {_LIST_TYPE} is {kind}"))
    properties = items.get("properties") or {}
    for key in keys:
        if key not in properties:
            continue
        at = path.child("properties").key(key)
        if key not in (items.get("required") or ()) and properties[key].get("default") is None:
            why = f"this property is in {_LIST_KEYS}, so it must have a default or be a required property"
            errors.append(required(at.child("default"), why))
        if properties[key].get("nullable"):
            why = f"this property is in {_LIST_KEYS}, so it cannot be nullable"
            errors.append(forbidden(at.child("nullable"), why))
    return errors


def _rules_errors(schema: Obj, path: Path) -> ErrorList:
    """CEL rules but for what only a compiler can tell."""
    errors: ErrorList = []
    for i, rule in enumerate(schema.get(_RULES) or ()):
        at = path.child(_RULES).index(i)
        errors += _message_errors(rule, at)
        expression = rule.get("messageExpression", "")
        if expression and not expression.strip():
            why = "messageExpression must be non-empty if specified"
            errors.append(required(at.child("messageExpression"), why))
        reason = rule.get("reason")
        if reason is not None and reason not in REASONS:
            errors.append(not_supported(at.child("reason"), reason, REASONS))
        errors += _field_path_errors(rule.get("fieldPath", ""), schema, at.child("fieldPath"))
    return errors


def _message_errors(rule: Obj, path: Path) -> ErrorList:
    source, message = rule.get("rule", ""), rule.get("message", "")
    if not source.strip():
        return [required(path.child("rule"), "rule is not specified")]
    if message and not message.strip():
        return [invalid(path.child("message"), message, "message must be non-empty if specified")]
    if _breaks(message.strip()):
        return [invalid(path.child("message"), message, "message must not contain line breaks")]
    if _breaks(source.strip()) and not message:
        return [required(path.child("message"), "message must be specified if rule contains line breaks")]
    return []


def _field_path_errors(text: str, schema: Mapping[str, object], path: Path) -> ErrorList:
    if not text:
        return []
    errors: ErrorList = []
    if not text.strip():
        errors.append(invalid(path, text, "fieldPath must be non-empty if specified"))
    if _breaks(text):
        errors.append(invalid(path, text, "fieldPath must not contain line breaks"))
    try:
        resolve(text, schema)
    except ValueError:
        errors.append(invalid(path, text, "fieldPath must be a valid path"))
    return errors


def _breaks(text: str) -> bool:
    return "\n" in text or "\r" in text
