"""Enumerated fields, whose values a server appends to their description.

The published schema leaves them out. Keys are `Struct.field` of the definition's name without its package.
Models: kube-openapi, pkg/generators (enum.go).
"""

from __future__ import annotations

from typing import Any

from clusters.apiserver.openapi.enum_values import ENUMS, FIELDS


def describe_enum(owner: str, field: str, spec: dict[str, Any]) -> dict[str, Any]:
    """`spec` with the enumeration of its values, if the field is one."""
    struct = owner.removeprefix("io.k8s.api.")
    name = FIELDS.get(f"{struct}.{field}")
    if name is None:
        return spec
    values = ENUMS[name]
    if spec.get("type") == "array":
        # A list names the values of its items, but does not explain them.
        spec["items"] = {**spec["items"], "enum": sorted(values)}
        return spec
    if spec.get("type") != "string":
        return spec
    lines = "\n".join(f' - `"{value}"`' + (f" {text}" if text else "") for value, text in sorted(values.items()))
    head = spec.get("description", "")
    spec["description"] = (f"{head}\n\n" if head else "") + "Possible enum values:\n" + lines
    spec["enum"] = sorted(values)
    return spec
