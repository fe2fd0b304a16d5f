"""PriorityLevelConfiguration: how many requests of a level run at once, and how others wait.

Models: kubernetes, registry/flowcontrol/prioritylevelconfiguration.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import field
from clusters.resources.common.columns import AGE, NAME, NONE

DEFAULT_SHARES = 30
QUEUING = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
_SPEC = Path("spec")
_TYPES = frozenset({"Exempt", "Limited"})
_LIMITED = Path("spec").child("limited")


class PriorityLevelStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False

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
        spec = obj["spec"]
        kind, name = spec.get("type", ""), obj["metadata"].get("name", "")
        path = _SPEC.child("type")
        if kind not in _TYPES:
            return [not_supported(path, kind, _TYPES)]
        errors: ErrorList = []
        if (name == "exempt") != (kind == "Exempt"):
            why = "type must be 'Limited' if the priority level is not named 'exempt'"
            if name == "exempt":
                why = "type must be 'Exempt' if the priority level is named 'exempt'"
            errors.append(invalid(path, kind, why))
        limited = spec.get("limited")
        if kind == "Exempt":
            if limited is not None:
                errors.append(forbidden(_LIMITED, "must be nil if the type is not Limited"))
            return errors
        if spec.get("exempt") is not None:
            errors.append(forbidden(_SPEC.child("exempt"), "must be nil if the type is Limited"))
        if limited is None:
            errors.append(required(_LIMITED, "must not be empty when type is Limited"))
            return errors
        return errors + _limited_errors(limited)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


def _limited_errors(limited: Obj) -> ErrorList:
    errors: ErrorList = []
    shares, percent = limited["nominalConcurrencyShares"], limited["lendablePercent"]
    if shares < 0:
        errors.append(invalid(_LIMITED.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"))
    if not 0 <= percent <= 100:
        errors.append(invalid(_LIMITED.child("lendablePercent"), percent, "must be between 0 and 100, inclusive"))
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
    if hand <= 0:
        errors.append(invalid(path.child("handSize"), hand, "must be positive"))
    elif hand > queues:
        errors.append(invalid(path.child("handSize"), hand, f"should not be greater than queues ({queues})"))
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
