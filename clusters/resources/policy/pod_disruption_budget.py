"""PodDisruptionBudget: how many Pods must stay, or may go. Models: kubernetes, registry/policy and its validation."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid, not_supported
from clusters.machinery.names import path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import at_most_all_errors, int_or_percent_errors
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import field
from clusters.resources.common.checks import nonnegative
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.conditions import condition_errors
from clusters.resources.common.labels import selector_errors

EVICTION_POLICIES = frozenset({"AlwaysAllow", "IfHealthyBudget"})
_SPEC = Path("spec")
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


class PodDisruptionBudgetStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        """The kind's own validation does not look at the name: what can stand in a URL will do."""
        return path_segment_name(name, prefix=prefix)

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = dict.fromkeys(_COUNTS, 0)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        low, high = spec.get("minAvailable"), spec.get("maxUnavailable")
        errors: ErrorList = []
        if low is not None and high is not None:
            errors.append(invalid(_SPEC, _shown(spec), "minAvailable and maxUnavailable cannot be both set"))
        for name, value in (("minAvailable", low), ("maxUnavailable", high)):
            if value is not None:
                errors += int_or_percent_errors(value, _SPEC.child(name))
                errors += at_most_all_errors(value, _SPEC.child(name))
        errors += selector_errors(spec.get("selector"), _SPEC.child("selector"))
        policy = spec.get("unhealthyPodEvictionPolicy")
        if policy is not None and policy not in EVICTION_POLICIES:
            path = _SPEC.child("unhealthyPodEvictionPolicy")
            errors.append(not_supported(path, policy, EVICTION_POLICIES))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        status = new.get("status") or {}
        errors = condition_errors(status.get("conditions"), Path("status").child("conditions"))
        return errors + [e for name in _COUNTS for e in nonnegative(status.get(name), Path("status").child(name))]


def _shown(spec: Obj) -> Obj:
    """As the server's struct."""
    return {
        "MinAvailable": spec.get("minAvailable"),
        "Selector": spec.get("selector"),
        "MaxUnavailable": spec.get("maxUnavailable"),
        "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
    }


def _bound(name: str) -> Column:
    words = {
        "minAvailable": ("Min Available", "The minimum number of pods that must be available."),
        "maxUnavailable": ("Max Unavailable", "The maximum number of pods that may be unavailable."),
    }

    def cell(obj: Obj, now: int) -> str:
        value = (obj.get("spec") or {}).get(name)
        return "N/A" if value is None else str(value)

    return Column(name=words[name][0], description=words[name][1], value=cell)


RESOURCE = Resource(
    group="policy",
    name="poddisruptionbudgets",
    kind="PodDisruptionBudget",
    singular="poddisruptionbudget",
    versions=(Version(name="v1", schema="io.k8s.api.policy.v1.PodDisruptionBudget"),),
    short_names=("pdb",),
    subresources=(Subresource(name="status"),),
    strategy=PodDisruptionBudgetStrategy(),
    columns=(
        NAME,
        _bound("minAvailable"),
        _bound("maxUnavailable"),
        Column(
            name="Allowed Disruptions",
            type="integer",
            description="Calculated number of pods that may be disrupted at this time.",
            value=field("status", "disruptionsAllowed", default=0),
        ),
        AGE,
    ),
)
