"""Wire shapes. Stored objects are JSON mappings, never mutated once stored (copy-on-write of a path)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Obj = dict[str, Any]
"""A Kubernetes object in wire form: `{"apiVersion", "kind", "metadata", ...}`."""


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who acts, as authentication found it (`authentication.k8s.io/v1 UserInfo`)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)
