"""The types of all kinds, as trees of nodes that decoding, patching and apply walk.

Built-in types come from the published Kubernetes JSON schema (the `kubernetes-validate` package), which is read
once, when first asked, and turned into nodes type by type; custom resources build the same nodes from their
OpenAPI schema (`from_openapi`). `gotypes` adds what the schema does not say.

    Type ─┬─ scalar (STRING, INT, FLOAT, BOOL, BYTES, TIME, MICRO_TIME, QUANTITY, INT_OR_STRING)
          ├─ ANY          any JSON, kept as it is
          ├─ ListType     items; atomic, set or map (with keys)
          ├─ MapType      values; granular or atomic
          └─ ObjectType   fields; granular or atomic

Models: the OpenAPI schema of kube-apiserver, structured-merge-diff's typed schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import orjson

from clusters.machinery import gotypes, metrics_schema

STRING, INT, FLOAT, BOOL, BYTES, TIME, MICRO_TIME, QUANTITY, INT_OR_STRING, ANY, LIST, MAP, OBJECT = range(13)

_PACKAGE = "kubernetes_validate"
_FILE = "kubernetes-json-schema/v1.36.0-local/_definitions.json"
_REF = "#/$defs/"

_SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": (QUANTITY, "resource.Quantity"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": (INT_OR_STRING, "intstr.IntOrString"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": (TIME, "v1.Time"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": (MICRO_TIME, "v1.MicroTime"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": (ANY, "v1.FieldsV1"),
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": (ANY, "v1.Patch"),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": (ANY, "runtime.RawExtension"),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": (ANY, "v1.JSON"),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": (ANY, ""),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": (ANY, ""),
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": (ANY, ""),
}

ABSENT: Final = type("Absent", (), {"__repr__": lambda self: "ABSENT", "__bool__": lambda self: False})()
"""As a field's `zero`: nothing is written if the field is unset."""


class Type:
    """A node; `kind` is one of the constants above, `go` the Go type's name as error texts print it."""

    __slots__ = ("description", "go", "kind")

    def __init__(self, kind: int, go: str = "", description: str = "") -> None:
        self.kind = kind
        self.go = go
        self.description = description


DEDUCED: Final = Type(ANY, "interface {}")
"""Any JSON in a custom resource: its maps are granular (`ANY` otherwise is atomic)."""


class ListType(Type):
    """`list_type`: `atomic` (also if unsaid), `set` or `map`, the last with `keys`. `defaults` are values of
    absent keys."""

    __slots__ = ("defaults", "items", "keys", "list_type")

    def __init__(self, items: Type, *, go: str = "", list_type: str = "atomic", keys: tuple[str, ...] = ()) -> None:
        super().__init__(LIST, go)
        self.items = items
        self.list_type = list_type
        self.keys = keys
        self.defaults: dict[str, Any] = {}


class MapType(Type):
    __slots__ = ("atomic", "values")

    def __init__(self, values: Type, *, go: str = "", atomic: bool = False) -> None:
        super().__init__(MAP, go)
        self.values = values
        self.atomic = atomic


class Field:
    """A property of an object. `drop`: a zero is not written; `zero`: what is written if it is unset
    (ABSENT: nothing; a struct held by value: `{}` with its own zeros)."""

    __slots__ = ("description", "drop", "keep_null", "merge_key", "name", "required", "strategies", "type", "zero")

    def __init__(self, name: str, type_: Type, *, required: bool = False, description: str = "") -> None:
        self.name = name
        self.type = type_
        self.required = required
        self.description = description
        self.drop = False
        self.zero: Any = ABSENT
        self.strategies: tuple[str, ...] = ()
        self.merge_key = ""
        self.keep_null = False


class ObjectType(Type):
    """A struct. `extra` is the type of fields that are not declared (None: they are unknown fields).
    `loose`: of a custom resource, whose values are not converted but only pruned. `status_apart`: its status is
    written through a subresource."""

    __slots__ = (
        "_resolve",
        "atomic",
        "deep_",
        "embedded",
        "extra",
        "fields_",
        "loose",
        "name",
        "status_apart",
        "zero_names_",
        "zeros_",
    )

    def __init__(self, name: str, *, go: str = "", description: str = "") -> None:
        super().__init__(OBJECT, go, description)
        self.name = name
        self.atomic = False
        self.extra: Type | None = None
        self.loose = False
        self.embedded = False
        self.status_apart = False
        self.fields_: dict[str, Field] | None = None
        self.zeros_: tuple[Field, ...] = ()
        self.zero_names_: frozenset[str] = frozenset()
        self.deep_: dict[str, Type] | None = None
        self._resolve: Any = None

    @property
    def fields(self) -> dict[str, Field]:
        """By JSON name; built when first asked, so that types may refer to themselves."""
        if self.fields_ is None:
            self.fields_ = self._resolve() if self._resolve is not None else {}
            self.zeros_ = tuple(f for f in self.fields_.values() if f.zero is not ABSENT)
            self.zero_names_ = frozenset(f.name for f in self.zeros_)
        return self.fields_

    @property
    def zeros(self) -> tuple[Field, ...]:
        """The fields that are written even if unset."""
        if self.fields_ is None:
            _ = self.fields
        return self.zeros_

    @property
    def deep(self) -> dict[str, Type]:
        """The fields below which something may have to be written even if unset."""
        if self.deep_ is None:
            self.deep_ = {f.name: f.type for f in self.fields.values() if _has_zeros(f.type, set())}
        return self.deep_

    @property
    def struct(self) -> str:
        """The Go struct's bare name, as error texts print it."""
        return self.go.rpartition(".")[2]

    def field(self, name: str) -> Field | None:
        return self.fields.get(name)

    def with_atomic(self, atomic: bool) -> ObjectType:
        """The same struct, merged as a whole or field by field."""
        if atomic == self.atomic:
            return self
        out = ObjectType(self.name, go=self.go, description=self.description)
        out.atomic, out.extra, out.loose = atomic, self.extra, self.loose
        out._resolve = lambda: self.fields
        return out


def _has_zeros(node: Type, seen: set[int]) -> bool:
    """Whether a struct with `zeros` can be reached."""
    if node.kind == LIST:
        return _has_zeros(node.items, seen)  # type: ignore[attr-defined]
    if node.kind == MAP:
        return _has_zeros(node.values, seen)  # type: ignore[attr-defined]
    if not isinstance(node, ObjectType) or id(node) in seen:
        return False
    seen.add(id(node))
    return bool(node.zeros) or any(_has_zeros(f.type, seen) for f in node.fields.values())


@dataclass(frozen=True, slots=True)
class Gvk:
    group: str
    version: str
    kind: str


class Definitions:
    """All built-in types, by definition name (`io.k8s.api.core.v1.Pod`)."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        """The JSON schema definitions themselves, for OpenAPI documents and `explain`."""
        self._types: dict[str, Type] = {}
        self._names: dict[Gvk, str] | None = None

    def type(self, name: str) -> ObjectType:
        """The struct of that name. Raises KeyError."""
        found = self.node(name)
        if not isinstance(found, ObjectType):
            raise KeyError(name)
        return found

    def node(self, name: str) -> Type:
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = self._build(name)
        return found

    def name(self, group: str, version: str, kind: str) -> str | None:
        """The definition of a kind."""
        if self._names is None:
            self._names = dict(self._kinds())
        return self._names.get(Gvk(group, version, kind))

    def _kinds(self) -> Iterator[tuple[Gvk, str]]:
        for name, body in self.raw.items():
            kinds = body.get("x-kubernetes-group-version-kind") or []
            if len(kinds) == 1:
                yield Gvk(kinds[0]["group"], kinds[0]["version"], kinds[0]["kind"]), name

    def _build(self, name: str) -> Type:
        special = _SPECIAL.get(name)
        body = self.raw[name]
        description = body.get("description", "")
        if special is not None:
            kind, go = special
            return Type(kind, go or _go_name(name), description)
        out = ObjectType(name, go=_go_name(name), description=description)
        out.atomic = body.get("x-kubernetes-map-type") == "atomic"
        out.status_apart = "status" in (body.get("properties") or {})
        out._resolve = lambda: self._fields(out, name, body)
        return out

    def _fields(self, owner: ObjectType, name: str, body: Mapping[str, Any]) -> dict[str, Field]:
        required = frozenset(body.get("required") or ())
        is_kind = "x-kubernetes-group-version-kind" in body
        group = name.split(".")[3] if name.startswith("io.k8s.api.") else ""
        out: dict[str, Field] = {}
        for key, spec in (body.get("properties") or {}).items():
            node = self._property(owner, key, spec)
            field = Field(key, node, required=key in required, description=spec.get("description", ""))
            field.strategies = (
                tuple((spec.get("x-kubernetes-patch-strategy") or "").split(","))
                if (spec.get("x-kubernetes-patch-strategy"))
                else ()
            )
            field.merge_key = spec.get("x-kubernetes-patch-merge-key", "")
            _set_emission(field, owner.struct, group, is_kind)
            out[key] = field
        return out

    def _property(self, owner: ObjectType, key: str, spec: Mapping[str, Any]) -> Type:
        ref = spec.get("$ref")
        if ref is not None:
            node = self.node(ref.removeprefix(_REF))
            map_type = spec.get("x-kubernetes-map-type")
            if map_type and isinstance(node, ObjectType):
                return node.with_atomic(map_type == "atomic")
            return node
        kind = spec.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), None)
        named = gotypes.LIST_TYPES.get(f"{owner.go}.{key}", "")
        if kind == "array":
            items = self._property(owner, key, spec["items"])
            out = ListType(
                items,
                go=named or "[]" + items.go,
                list_type=spec.get("x-kubernetes-list-type", "atomic"),
                keys=tuple(spec.get("x-kubernetes-list-map-keys") or ()),
            )
            _set_key_defaults(out)
            return out
        if kind == "object":
            values = spec.get("additionalProperties")
            if values is None:
                return ObjectType("", go=named)
            node = self._property(owner, key, values)
            atomic = spec.get("x-kubernetes-map-type") == "atomic"
            return MapType(node, go=named or "map[string]" + node.go, atomic=atomic)
        return _scalar(kind, spec.get("format", ""), _string_name(owner.go, key))


def _set_key_defaults(node: ListType) -> None:
    if node.list_type == "map" and isinstance(node.items, ObjectType):
        struct = node.items.struct
        node.defaults = {
            k: gotypes.LIST_KEY_DEFAULTS[struct, k] for k in node.keys if (struct, k) in gotypes.LIST_KEY_DEFAULTS
        }


def _go_name(name: str) -> str:
    """`io.k8s.api.core.v1.Pod` is `v1.Pod` in Go's error texts."""
    parts = name.split(".")
    return ".".join(parts[-2:])


def _string_name(owner: str, key: str) -> str:
    named = gotypes.STRING_TYPES.get(owner, {}).get(key)
    if named is None:
        return "string"
    return f"{gotypes.STRING_PACKAGES.get(named, owner.partition('.')[0])}.{named}"


_GO_SCALARS = {INT: "int64", FLOAT: "float64", BOOL: "bool", BYTES: "[]uint8"}


@lru_cache(maxsize=512)
def _scalar(kind: str | None, form: str, go: str) -> Type:
    if kind == "string":
        if form == "byte":
            return Type(BYTES, "[]uint8")
        if form == "date-time":
            return Type(TIME, "v1.Time")
        return Type(STRING, go)
    if kind == "integer":
        return Type(INT, "int32" if form == "int32" else "int64")
    if kind == "number":
        return Type(FLOAT, "float64")
    if kind == "boolean":
        return Type(BOOL, "bool")
    return Type(ANY, "interface {}")


def _set_emission(field: Field, struct: str, group: str, is_kind: bool) -> None:
    """Whether the field is written when it is zero or unset: see `gotypes`."""
    name, kind = field.name, field.type.kind
    full, grouped = f"{struct}.{name}", f"{group}.{struct}.{name}"

    def listed(table: frozenset[str]) -> bool:
        return full in table or grouped in table

    def either(table: frozenset[str], exceptions: frozenset[str]) -> bool:
        return (name in table or listed(table)) and not listed(exceptions)

    if name in ("apiVersion", "kind") and is_kind:
        field.drop = True
        return
    if full == "ObjectMeta.managedFields":
        return  # an empty list means: forget all managers
    if (field.required and not listed(gotypes.NEVER)) or listed(gotypes.ALWAYS):
        field.zero = None if full in gotypes.POINTERS else _zero(kind)
        return
    if kind == OBJECT:
        if name == "metadata" or (is_kind and name in ("spec", "status")) or listed(gotypes.VALUE_STRUCTS):
            field.zero = {}
    elif kind in (TIME, MICRO_TIME):
        if name not in gotypes.POINTER_TIMES and not listed(gotypes.POINTER_TIMES):
            field.zero = None
    elif kind == QUANTITY:
        if name == "divisor":
            field.zero = "0"
    elif kind in (LIST, MAP, BYTES):
        field.drop = True
    elif kind in (INT, FLOAT):
        field.drop = either(gotypes.VALUE_NUMBERS, gotypes.POINTER_NUMBERS)
    elif kind == BOOL:
        field.drop = either(gotypes.VALUE_BOOLEANS, gotypes.POINTER_BOOLEANS)
    elif kind == STRING:
        field.drop = not either(gotypes.POINTER_STRINGS, gotypes.VALUE_STRINGS)


def _zero(kind: int) -> Any:
    if kind == STRING:
        return ""
    if kind in (INT, FLOAT, INT_OR_STRING):
        return 0
    if kind == BOOL:
        return False
    if kind == QUANTITY:
        return "0"
    return {} if kind == OBJECT else None


@lru_cache(maxsize=1)
def definitions() -> Definitions:
    """All built-in types; the file is read on the first call (some 10 ms)."""
    data = resources.files(_PACKAGE).joinpath(_FILE).read_bytes()
    return Definitions({**orjson.loads(data)["$defs"], **metrics_schema.DEFINITIONS})


def object_meta() -> ObjectType:
    return definitions().type("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")


# -- custom resources ---------------------------------------------------------------------------------------

_KINDS = {"string": STRING, "integer": INT, "number": FLOAT, "boolean": BOOL}


def from_openapi(schema: Mapping[str, Any] | None, name: str, *, status_apart: bool = False) -> ObjectType:
    """The type of a custom resource from the `openAPIV3Schema` of one version (None: anything goes). `name` is
    the Kind; `status_apart` if it has a status subresource. apiVersion, kind and metadata are added."""
    out = _custom_object(schema or {"x-kubernetes-preserve-unknown-fields": True}, name)
    out.status_apart = status_apart
    fields = dict(out.fields)
    _add_identity(fields)
    out.fields_ = fields
    return out


def _add_identity(fields: dict[str, Field]) -> None:
    fields["apiVersion"] = Field("apiVersion", Type(STRING, "string"))
    fields["kind"] = Field("kind", Type(STRING, "string"))
    meta = Field("metadata", object_meta())
    if "metadata" in fields:
        meta.description = fields["metadata"].description
    fields["metadata"] = meta


def _custom_object(schema: Mapping[str, Any], name: str) -> ObjectType:
    out = ObjectType(name, go=name, description=schema.get("description", ""))
    out.loose = True
    out.atomic = schema.get("x-kubernetes-map-type") == "atomic"
    out.embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    required = frozenset(schema.get("required") or ())
    fields = {}
    for key, spec in (schema.get("properties") or {}).items():
        field = Field(key, _custom(spec), required=key in required, description=spec.get("description", ""))
        field.keep_null = bool(spec.get("nullable")) or "default" in spec
        fields[key] = field
    if out.embedded:
        _add_identity(fields)
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping):
        out.extra = _custom(extra)
    elif extra is True or schema.get("x-kubernetes-preserve-unknown-fields"):
        out.extra = DEDUCED
    out.fields_ = fields
    return out


def _custom(schema: Mapping[str, Any]) -> Type:
    kind = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        return Type(INT_OR_STRING, "intstr.IntOrString")
    if kind == "array":
        items = schema.get("items")
        node = _custom(items) if isinstance(items, Mapping) else DEDUCED
        out = ListType(
            node,
            list_type=schema.get("x-kubernetes-list-type", "atomic"),
            keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        )
        if isinstance(items, Mapping):
            properties = items.get("properties") or {}
            out.defaults = {k: properties[k]["default"] for k in out.keys if "default" in properties.get(k, {})}
        return out
    if kind == "object" or "properties" in schema:
        extra = schema.get("additionalProperties")
        if isinstance(extra, Mapping) and not schema.get("properties"):
            return MapType(_custom(extra), atomic=schema.get("x-kubernetes-map-type") == "atomic")
        return _custom_object(schema, "")
    if kind in _KINDS:
        return Type(_KINDS[kind], description=schema.get("description", ""))
    return DEDUCED
