"""PriorityLevelConfiguration: how many requests of a level run at once, and how others wait.

Models: kubernetes, registry/flowcontrol/prioritylevelconfiguration.
"""

from __future__ import annotations

import math

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.checks import between
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.conditions import typed_errors
from clusters.resources.common.shown import PRIORITY_LEVEL_SPEC, shown
from clusters.resources.flowcontrol.bootstrap import MANDATORY, level_specs

DEFAULT_SHARES = 30
MAX_QUEUES = 10_000_000
MAX_HASH_BITS = 60
QUEUING = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
_SPEC = Path("spec")
_TYPES = frozenset({"Exempt", "Limited"})
_LIMITED, _EXEMPT = Path("spec").child("limited"), Path("spec").child("exempt")


class PriorityLevelStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False
    status_keeps_metadata = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        limited, exempt = spec.get("limited"), spec.get("exempt")
        if limited is not None:
            if limited.get("nominalConcurrencyShares") is None:
                limited["nominalConcurrencyShares"] = DEFAULT_SHARES
            if limited.get("lendablePercent") is None:
                limited["lendablePercent"] = 0
            queuing = (limited.get("limitResponse") or {}).get("queuing")
            if queuing is not None:
                for name, value in QUEUING.items():
                    queuing[name] = queuing.get(name) or value
        if exempt is not None:
            for name in ("nominalConcurrencyShares", "lendablePercent"):
                if exempt.get(name) is None:
                    exempt[name] = 0
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec, name = obj["spec"], obj["metadata"].get("name", "")
        return _spec_errors(spec, name) + _mandatory_errors(spec, name) + self.validate_status(obj, obj, ctx)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return typed_errors(at(new, "status", "conditions"), Path("status").child("conditions"))


def _spec_errors(spec: Obj, name: str) -> ErrorList:
    kind, limited, exempt = spec.get("type", ""), spec.get("limited"), spec.get("exempt")
    errors: ErrorList = []
    if (name == "exempt") != (kind == "Exempt"):
        errors.append(invalid(_SPEC.child("type"), kind, "type must be 'Exempt' if and only if name is 'exempt'"))
    if kind == "Exempt":
        if limited is not None:
            errors.append(forbidden(_LIMITED, "must be nil if the type is not Limited"))
        return errors + (_share_errors(exempt, _EXEMPT) if exempt is not None else [])
    if kind != "Limited":
        return [*errors, not_supported(_SPEC.child("type"), kind, _TYPES)]
    if exempt is not None:
        errors.append(forbidden(_EXEMPT, "must be nil if the type is Limited"))
    if limited is None:
        return [*errors, required(_LIMITED, "must not be empty when type is Limited")]
    return errors + _limited_errors(limited)


def _mandatory_errors(spec: Obj, name: str) -> ErrorList:
    """Of the level `exempt` only what it reserves may change, of `catch-all` nothing."""
    if name not in MANDATORY:
        return []
    fixed = level_specs()[name]
    if name == "exempt" and {**spec, "exempt": None} != {**fixed, "exempt": None}:
        why = "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"
        return [invalid(_SPEC, shown(spec, PRIORITY_LEVEL_SPEC), why)]
    if name != "exempt" and spec != fixed:
        return [invalid(_SPEC, shown(spec, PRIORITY_LEVEL_SPEC), f"spec of '{name}' must equal the fixed value")]
    return []


def _share_errors(level: Obj, path: Path) -> ErrorList:
    shares = level.get("nominalConcurrencyShares") or 0
    wrong = invalid(path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer")
    return ([wrong] if shares < 0 else []) + _percent_errors(level, path)


def _percent_errors(level: Obj, path: Path) -> ErrorList:
    percent = level.get("lendablePercent") or 0
    return [] if 0 <= percent <= 100 else [invalid(path.child("lendablePercent"), percent, between(0, 100))]


def _limited_errors(limited: Obj) -> ErrorList:
    shares, borrowed = limited["nominalConcurrencyShares"], limited.get("borrowingLimitPercent")
    errors: ErrorList = []
    if shares < 0:
        errors.append(invalid(_LIMITED.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"))
    errors += _response_errors(limited) + _percent_errors(limited, _LIMITED)
    if borrowed is not None and borrowed < 0:
        at_ = _LIMITED.child("borrowingLimitPercent")
        errors.append(invalid(at_, borrowed, "if specified, must be a non-negative integer"))
    return errors


def _response_errors(limited: Obj) -> ErrorList:
    errors: ErrorList = []
    response, path = limited.get("limitResponse") or {}, _LIMITED.child("limitResponse")
    queuing = response.get("queuing")
    match response.get("type", ""):
        case "Reject":
            if queuing is not None:
                errors.append(
                    forbidden(path.child("queuing"), "must be nil if limited.limitResponse.type is not Limited")
                )
        case "Queue":
            if queuing is None:
                why = "must not be empty if limited.limitResponse.type is Limited"
                errors.append(required(path.child("queuing"), why))
            else:
                errors += _queuing_errors(queuing, path.child("queuing"))
        case other:
            errors.append(not_supported(path.child("type"), other, frozenset({"Queue", "Reject"})))
    return errors


def _queuing_errors(queuing: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    queues, hand, length = queuing["queues"], queuing["handSize"], queuing["queueLengthLimit"]
    if length <= 0:
        errors.append(invalid(path.child("queueLengthLimit"), length, "must be positive"))
    if queues <= 0:
        errors.append(invalid(path.child("queues"), queues, "must be positive"))
    elif queues > MAX_QUEUES:
        errors.append(invalid(path.child("queues"), queues, f"must not be greater than {MAX_QUEUES}"))
    if hand <= 0:
        errors.append(invalid(path.child("handSize"), hand, "must be positive"))
    elif hand > queues:
        errors.append(invalid(path.child("handSize"), hand, f"should not be greater than queues ({queues})"))
    elif math.ceil(math.log2(queues) * hand) > MAX_HASH_BITS:
        text = f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than"
        errors.append(invalid(path.child("handSize"), hand, f"{text} {MAX_HASH_BITS}"))
    return errors


_QUEUING = ("spec", "limited", "limitResponse", "queuing")

RESOURCE = Resource(
    group="flowcontrol.apiserver.k8s.io",
    name="prioritylevelconfigurations",
    kind="PriorityLevelConfiguration",
    singular="prioritylevelconfiguration",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration"),),
    subresources=(Subresource(name="status"),),
    strategy=PriorityLevelStrategy(),
    columns=(
        NAME,
        Column(
            name="Type",
            description="`type` indicates whether this priority level is subject to limitation on request execution.",
            value=field("spec", "type"),
        ),
        Column(
            name="NominalConcurrencyShares",
            description="`nominalConcurrencyShares` (NCS) contributes to the computation of the NominalConcurrencyLimit"
            " (NominalCL) of this level.",
            value=field("spec", "limited", "nominalConcurrencyShares", default=NONE),
        ),
        Column(
            name="Queues",
            description="`queues` is the number of queues for this priority level.",
            value=field(*_QUEUING, "queues", default=NONE),
        ),
        Column(
            name="HandSize",
            description="`handSize` is a small positive number that configures the shuffle sharding of requests into"
            " queues.",
            value=field(*_QUEUING, "handSize", default=NONE),
        ),
        Column(
            name="QueueLengthLimit",
            description="`queueLengthLimit` is the maximum number of requests allowed to be waiting in a given queue of"
            " this priority level at a time; excess requests are rejected.",
            value=field(*_QUEUING, "queueLengthLimit", default=NONE),
        ),
        AGE,
    ),
)
