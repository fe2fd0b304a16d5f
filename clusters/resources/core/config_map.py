"""ConfigMap: settings as keys and values. Models: kubernetes, registry/core/configmap and core validation."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, too_long
from clusters.machinery.names import config_key
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.columns import AGE, NAME

MAX_BYTES = 1024 * 1024
FROZEN = "field is immutable when `immutable` is set"


def decoded_size(value: str) -> int:
    """Bytes that a base64 value stands for."""
    return len(value) * 3 // 4 - value.count("=", -2) if value else 0


def decoded(value: str) -> bytes:
    """The bytes of a base64 value that decoding has accepted."""
    return b64decode(value)


def frozen_errors(new: Obj, old: Obj, fields: tuple[str, ...]) -> ErrorList:
    """An immutable ConfigMap or Secret stays immutable, and so do its `fields`."""
    if not old.get("immutable"):
        return []
    errors: ErrorList = []
    if not new.get("immutable"):
        errors.append(forbidden(Path("immutable"), FROZEN))
    errors += [forbidden(Path(f), FROZEN) for f in fields if (new.get(f) or None) != (old.get(f) or None)]
    return errors


class ConfigMapStrategy(Strategy):
    validates_whole_update = True

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        data: dict[str, str] = obj.get("data") or {}
        binary: dict[str, str] = obj.get("binaryData") or {}
        total = 0
        for key, value in data.items():
            path = Path("data").key(key)
            errors += [invalid(path, key, text) for text in config_key(key)]
            if key in binary:
                errors.append(invalid(path, key, "duplicate of key present in binaryData"))
            total += len(value.encode())
        for key, value in binary.items():
            errors += [invalid(Path("binaryData").key(key), key, text) for text in config_key(key)]
            total += decoded_size(value)
        if total > MAX_BYTES:
            errors.append(too_long(Path(""), MAX_BYTES))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return frozen_errors(new, old, ("data", "binaryData")) + self.validate_create(new, ctx)


def _count(obj: Obj, now: int) -> Any:
    return len(obj.get("data") or ()) + len(obj.get("binaryData") or ())


RESOURCE = Resource(
    group="",
    name="configmaps",
    kind="ConfigMap",
    singular="configmap",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.ConfigMap"),),
    short_names=("cm",),
    strategy=ConfigMapStrategy(),
    columns=(
        NAME,
        Column(
            name="Data",
            description="Data contains the configuration data. Each key must consist of alphanumeric characters,"
            " '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in"
            " Data must not overlap with the keys in the BinaryData field, this is enforced during validation"
            " process.",
            value=_count,
        ),
        AGE,
    ),
)
