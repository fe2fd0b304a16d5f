"""Objects that have the shape of their kind and odd values, to see that rules refuse rather than stumble."""

from __future__ import annotations

import random
from typing import Any

from clusters.machinery import schema
from clusters.machinery.types import Obj

_STRINGS = (
    "",
    "a",
    "b",
    "A_",
    "a.b/c",
    "x" * 70,
    "TCP",
    "ClusterIP",
    "In",
    "Exists",
    "NoExecute",
    "True",
    "10.0.0.1",
    "10.0.0.0/8",
    "::1",
    "Resource",
    "Utilization",
    "cpu",
    "storage",
    "Delete",
    "Container",
    "Ingress",
    "User",
    "kubernetes.io/tls",
    "*",
    "1Gi",
)
_NUMBERS = (0, 1, -1, 80, 70_000, 2_000_000_000)
_QUANTITIES = ("1", "-1", "500m", "1Gi", "0")
_DEPTH = 7


class Maker:
    """Draws objects; `share` is the part of the optional fields that are set."""

    def __init__(self, seed: int, share: float = 0.4) -> None:
        self._rng = random.Random(seed)
        self._share = share

    def object(self, type_: schema.ObjectType, api_version: str, kind: str) -> Obj:
        obj = self._struct(type_, 0, without=("metadata", "apiVersion", "kind"))
        return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, **obj}

    def _struct(self, type_: schema.ObjectType, depth: int, without: tuple[str, ...] = ()) -> Obj:
        out: Obj = {}
        for name, field in type_.fields.items():
            if name in without or self._rng.random() > (0.85 if depth == 0 or field.required else self._share):
                continue
            value = self._value(field.type, depth + 1)
            if value is not None:
                out[name] = value
        return out

    def _value(self, type_: schema.Type, depth: int) -> Any:
        if depth > _DEPTH:
            return None
        if isinstance(type_, schema.ObjectType):
            return self._struct(type_, depth)
        if isinstance(type_, schema.ListType):
            found = (self._value(type_.items, depth + 1) for _ in range(self._rng.randrange(4)))
            return [value for value in found if value is not None]
        if isinstance(type_, schema.MapType):
            found = (self._value(type_.values, depth + 1) for _ in range(self._rng.randrange(3)))
            return {self._rng.choice(_STRINGS): value for value in found if value is not None}
        return self._scalar(type_)

    def _scalar(self, type_: schema.Type) -> Any:
        kind, rng = type_.kind, self._rng
        if kind == schema.BOOL:
            return rng.random() < 0.5
        pools: dict[int, tuple[Any, ...]] = {
            schema.STRING: _STRINGS,
            schema.INT: _NUMBERS,
            schema.FLOAT: _NUMBERS,
            schema.QUANTITY: _QUANTITIES,
            schema.INT_OR_STRING: (*_NUMBERS, "50%", "http", "A_"),
            schema.TIME: ("2026-01-01T00:00:00Z",),
            schema.MICRO_TIME: ("2026-01-01T00:00:00.000000Z",),
            schema.BYTES: ("", "YQ==", "e30="),
        }
        return rng.choice(pools.get(kind, (True, "a", 1, {"a": "b"})))
