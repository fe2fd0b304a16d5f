"""Secret: data of a declared type. Models: kubernetes, registry/core/secret, core validation and conversion."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from clusters.machinery import gojson
from clusters.machinery.field import ErrorList, Path, invalid, required, too_long
from clusters.machinery.key_pair import key_pair_problem
from clusters.machinery.names import config_key
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors
from clusters.resources.core.config_map import MAX_BYTES, decoded, decoded_size, frozen_errors

OPAQUE = "Opaque"
SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"
TLS = "kubernetes.io/tls"
REDACTED = "<secret contents redacted>"

_DATA = Path("data")

_DOCKER_KEY = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}


class SecretStrategy(Strategy):
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        """`stringData` is write-only: it ends in `data`, and wins there."""
        text = obj.pop("stringData", None)
        if text:
            encoded = {key: b64encode(value.encode()).decode() for key, value in text.items()}
            obj["data"] = {**(obj.get("data") or {}), **encoded}
        if not obj.get("type"):
            obj["type"] = OPAQUE

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        data: dict[str, str] = obj.get("data") or {}
        total = 0
        for key, value in data.items():
            errors += [invalid(_DATA.key(key), key, text) for text in config_key(key)]
            total += decoded_size(value)
        if total > MAX_BYTES:
            errors.append(too_long(_DATA, MAX_BYTES))
        return errors + _type_errors(obj, data)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = immutable_errors(new.get("type"), old.get("type"), Path("type"))
        return errors + frozen_errors(new, old, ("data",)) + self.validate_create(new, ctx)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        if obj.get("type") != TLS:
            return []
        data: dict[str, str] = obj.get("data") or {}
        certificate, key = (decoded(data.get(name, "")) for name in ("tls.crt", "tls.key"))
        problem = key_pair_problem(certificate, key)
        return [problem] if problem else []

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)


def _type_errors(obj: Obj, data: dict[str, str]) -> ErrorList:
    kind = obj.get("type")
    if kind == SERVICE_ACCOUNT_TOKEN:
        if not (obj["metadata"].get("annotations") or {}).get(SERVICE_ACCOUNT_NAME):
            return [required(Path("metadata").child("annotations").key(SERVICE_ACCOUNT_NAME))]
    elif kind in _DOCKER_KEY:
        path = _DATA.key(_DOCKER_KEY[kind])
        if _DOCKER_KEY[kind] not in data:
            return [required(path)]
        problem = _json_problem(decoded(data[_DOCKER_KEY[kind]]))
        if problem:
            return [invalid(path, REDACTED, problem)]
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            return [required(_DATA.key("username")), required(_DATA.key("password"))]
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            return [required(_DATA.key("ssh-privatekey"))]
    elif kind == TLS:
        return [required(_DATA.key(key)) for key in ("tls.crt", "tls.key") if key not in data]
    return []


_JSON_KINDS = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}


def _json_problem(text: bytes) -> str:
    """What Go's decoder says of a text that should hold an object; "" if it does."""
    try:
        value = gojson.parse_json(text)
    except gojson.GoJsonError as error:
        return str(error)
    if value is None or isinstance(value, dict):
        return ""
    return f"json: cannot unmarshal {_JSON_KINDS[type(value)]} into Go value of type map[string]interface {{}}"


def _type(obj: Obj, now: int = 0) -> str:
    return str(obj.get("type", ""))


def _count(obj: Obj, now: int) -> Any:
    return len(obj.get("data") or ())


RESOURCE = Resource(
    group="",
    name="secrets",
    kind="Secret",
    singular="secret",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Secret"),),
    strategy=SecretStrategy(),
    columns=(
        NAME,
        Column(
            name="Type",
            description="Used to facilitate programmatic handling of secret data. More info:"
            " https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
            value=_type,
        ),
        Column(
            name="Data",
            description="Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or"
            " '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary"
            " (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
            value=_count,
        ),
        AGE,
    ),
    fields={"type": _type},
)
