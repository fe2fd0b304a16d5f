"""Whether a toleration covers a taint. Models: component-helpers, scheduling/corev1/helpers.go."""

from __future__ import annotations

from typing import Any


def tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    value, wanted = toleration.get("value", ""), taint.get("value", "")
    if operator in ("Lt", "Gt"):
        try:
            return int(wanted) < int(value) if operator == "Lt" else int(wanted) > int(value)
        except ValueError:
            return False
    return bool(value == wanted)
