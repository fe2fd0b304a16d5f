"""The enumerations of the API and the fields that hold them."""

from __future__ import annotations

ENUMS: dict[str, dict[str, str]] = {
    "RestartPolicy": {"Always": "", "Never": "", "OnFailure": ""},
}
"""Value to its description, by type."""

FIELDS: dict[str, str] = {
    "core.v1.PodSpec.restartPolicy": "RestartPolicy",
}
"""`GROUP.VERSION.Struct.field` to the type."""
