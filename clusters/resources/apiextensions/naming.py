"""Which names a definition gets: those that no older one of its group has.

Models: apiextensions-apiserver, pkg/controller/status/naming_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj

Condition = dict[str, Any]


def taken(others: Iterable[Obj]) -> tuple[set[str], set[str]]:
    """Resource names and kinds that other definitions of the group have been given."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for definition in others:
        names = (definition.get("status") or {}).get("acceptedNames") or {}
        resources |= {names.get("plural", ""), names.get("singular", ""), *(names.get("shortNames") or ())}
        kinds |= {names.get("kind", ""), names.get("listKind", "")}
    return resources - {""}, kinds - {""}


def accept(definition: Obj, others: Iterable[Obj]) -> tuple[Obj, Condition, Condition]:
    """The accepted names and the conditions NamesAccepted and Established, without times."""
    resources, kinds = taken(others)
    wanted: Obj = definition["spec"]["names"]
    status = definition.get("status") or {}
    accepted: Obj = dict(status.get("acceptedNames") or {})
    problem = ("", "")
    for name, used, reason in (
        ("plural", resources, "PluralConflict"),
        ("singular", resources, "SingularConflict"),
        ("shortNames", resources, "ShortNamesConflict"),
        ("kind", kinds, "KindConflict"),
        ("listKind", kinds, "ListKindConflict"),
    ):
        values = wanted.get(name)
        listed = values if isinstance(values, list) else [values]
        own = accepted.get(name)
        mine = own if isinstance(own, list) else [own]
        clashes = [v for v in listed if v and v not in mine and v in used]
        if clashes:
            words = [f"{go_quote(v)} is already in use" for v in clashes]
            problem = (reason, words[0] if len(words) == 1 else f"[{', '.join(words)}]")
        elif values:
            accepted[name] = values
        else:
            accepted.pop(name, None)
    if wanted.get("categories"):
        accepted["categories"] = wanted["categories"]
    else:
        accepted.pop("categories", None)
    names = {"type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found"}
    if problem[0]:
        names |= {"status": "False", "reason": problem[0], "message": problem[1]}
    return accepted, names, _established(status.get("conditions"), ok=not problem[0])


def stamped(condition: Condition, time: str) -> Condition:
    """As it is stored."""
    return {
        "type": condition["type"],
        "status": condition["status"],
        "lastTransitionTime": time,
        "reason": condition["reason"],
        "message": condition["message"],
    }


def _established(known: list[Condition] | None, *, ok: bool) -> Condition:
    old = next((c for c in known or () if c["type"] == "Established"), None)
    if old is not None and old["status"] == "True":
        return old
    if ok:
        message = "the initial names have been accepted"
        return {"type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": message}
    if old is not None:
        return old
    return {"type": "Established", "status": "False", "reason": "NotAccepted", "message": "not all names are accepted"}
