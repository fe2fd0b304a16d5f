"""PriorityClass: a name for a Pod's priority. Models: kubernetes, registry/scheduling/priorityclass."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import field
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors

HIGHEST_USER_PRIORITY = 1_000_000_000
SYSTEM_PREFIX = "system-"
SYSTEM_CLASSES = {
    "system-node-critical": (
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    "system-cluster-critical": (
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
}
POLICIES = ("PreemptLowerPriority", "Never")
_PREEMPTION = Path("preemptionPolicy")


class PriorityClassStrategy(Strategy):
    def default(self, obj: Obj) -> None:
        obj.setdefault("value", 0)
        if obj.get("preemptionPolicy") is None:
            obj["preemptionPolicy"] = "PreemptLowerPriority"

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["metadata"]["generation"] = 1

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        name, value = obj["metadata"].get("name", ""), obj["value"]
        errors: ErrorList = []
        if name.startswith(SYSTEM_PREFIX):
            why = _not_known(name, value, global_default=bool(obj.get("globalDefault")))
            if why:
                text = "priority class names with 'system-' prefix are reserved for system use only. error: " + why
                errors.append(forbidden(Path("metadata").child("name"), text))
        elif value > HIGHEST_USER_PRIORITY:
            text = f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}"
            errors.append(forbidden(Path("value"), text))
        policy = obj.get("preemptionPolicy")
        if policy == "":
            errors.append(required(_PREEMPTION))
        elif policy not in POLICIES:
            errors.append(not_supported(_PREEMPTION, policy, POLICIES))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors: ErrorList = []
        if new["value"] != old.get("value", 0):
            errors.append(forbidden(Path("value"), "may not be changed in an update."))
        return errors + immutable_errors(new.get("preemptionPolicy"), old.get("preemptionPolicy"), _PREEMPTION)


def _not_known(name: str, value: int, *, global_default: bool) -> str:
    if name not in SYSTEM_CLASSES:
        return f"{name} is not a known system priority class"
    if value != SYSTEM_CLASSES[name][0]:
        return f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name][0]}"
    return f"globalDefault of {name} PriorityClass must be false" if global_default else ""


RESOURCE = Resource(
    group="scheduling.k8s.io",
    name="priorityclasses",
    kind="PriorityClass",
    singular="priorityclass",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.scheduling.v1.PriorityClass"),),
    short_names=("pc",),
    strategy=PriorityClassStrategy(),
    columns=(
        NAME,
        Column(
            name="Value",
            type="integer",
            description="value represents the integer value of this priority class. This is the actual priority that"
            " pods receive when they have the name of this class in their pod spec.",
            value=field("value", default=0),
        ),
        Column(
            name="Global-Default",
            type="boolean",
            description="globalDefault specifies whether this PriorityClass should be considered as the default"
            " priority for pods that do not have any priority class.",
            value=field("globalDefault", default=False),
        ),
        AGE,
        Column(
            name="PreemptionPolicy",
            description="preemptionPolicy is the Policy for preempting pods with lower priority.",
            value=field("preemptionPolicy", default="PreemptLowerPriority"),
        ),
    ),
)
