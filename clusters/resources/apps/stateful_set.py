"""StatefulSet. Models: kubernetes, pkg/registry/apps/statefulset, pkg/apis/apps (defaults, validation)."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, forbidden, invalid, not_supported, required
from clusters.machinery.names import dns1123_label
from clusters.machinery.types import Obj
from clusters.resources.apps.rules import (
    SPEC,
    TEMPLATE,
    always_errors,
    amount,
    at_most_all_errors,
    changed_template_warnings,
    collision_errors,
    int_or_percent_errors,
    maybe_selector,
    mismatch_errors,
    selector_given_errors,
    status_number_errors,
)
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.checks import label, nonnegative
from clusters.resources.common.claims import claim_spec_errors
from clusters.resources.common.columns import AGE, CONTAINERS, IMAGES, NAME
from clusters.resources.common.scale import SCALE
from clusters.resources.pod_spec.defaults import default_claim_spec, default_template
from clusters.resources.pod_spec.internal import shown
from clusters.resources.pod_spec.template import template_errors
from clusters.resources.pod_spec.warnings import fraction_warnings, template_warnings

_STRATEGY = SPEC.child("updateStrategy")
_ROLLING_SHAPE = {"partition": ("Partition", 0), "maxUnavailable": ("MaxUnavailable", None)}
_STRATEGY_SHAPE = {"type": ("Type", ""), "rollingUpdate": ("RollingUpdate", _ROLLING_SHAPE)}
_RETENTION = ("Retain", "Delete")
_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_FROZEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


class StatefulSetStrategy(Strategy):
    """`updateStrategy.rollingUpdate.maxUnavailable` is dropped: its gate is off by default."""

    has_generation = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if not spec.get("podManagementPolicy"):
            spec["podManagementPolicy"] = "OrderedReady"
        strategy = spec.setdefault("updateStrategy", {})
        if not strategy.get("type"):
            strategy["type"] = "RollingUpdate"
            strategy.setdefault("rollingUpdate", {})
        rolling = strategy.get("rollingUpdate")
        if strategy["type"] == "RollingUpdate" and rolling is not None and rolling.get("partition") is None:
            rolling["partition"] = 0
        retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
        for name in ("whenDeleted", "whenScaled"):
            if not retention.get(name):
                retention[name] = "Retain"
        if spec.get("replicas") is None:
            spec["replicas"] = 1
        if spec.get("revisionHistoryLimit") is None:
            spec["revisionHistoryLimit"] = 10
        default_template(spec.setdefault("template", {}))
        for claim in spec.get("volumeClaimTemplates") or ():
            claim["kind"], claim["apiVersion"] = "PersistentVolumeClaim", "v1"
            claim.setdefault("metadata", {})
            default_claim_spec(claim.setdefault("spec", {}))
            status = claim.setdefault("status", {})
            if not status.get("phase"):
                status["phase"] = "Pending"
        status = obj.setdefault("status", {})
        status.setdefault("replicas", 0)
        status.setdefault("availableReplicas", 0)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"replicas": 0, "availableReplicas": 0}
        ((obj["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).pop("maxUnavailable", None)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors, template = _spec_errors(obj["spec"], create=True)
        return errors + template + always_errors(obj["spec"]["template"], "StatefulSet")

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        out = template_warnings(obj["spec"].get("template"), TEMPLATE)
        return out + _warnings(obj["spec"])

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        before = ((old["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("maxUnavailable")
        rolling = (new["spec"].get("updateStrategy") or {}).get("rollingUpdate")
        if before is None and rolling:
            rolling.pop("maxUnavailable", None)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        spec, before = new["spec"], old["spec"]
        errors, template = _spec_errors(spec, create=False)
        if template and not _spec_errors(before, create=False)[1]:
            errors += template
        errors += always_errors(spec["template"], "StatefulSet")
        if any(spec.get(name) != before.get(name) for name in {*spec, *before} if name not in _MUTABLE):
            errors.append(forbidden(SPEC, _FROZEN))
        return errors

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return changed_template_warnings(new, old, ctx) + _warnings(new["spec"])

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        within = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
        numbers = ("replicas", *within, "observedGeneration", "collisionCount")
        errors = status_number_errors(new.get("status") or {}, numbers, within=within, ready="status.readyReplicas")
        return errors + collision_errors(new, old)

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return dns1123_label(name, prefix=prefix)


def _spec_errors(spec: Obj, *, create: bool) -> tuple[ErrorList, ErrorList]:
    """Errors of all but the template, and those of the template."""
    policy = spec.get("podManagementPolicy", "")
    errors: ErrorList = []
    if policy not in ("OrderedReady", "Parallel"):
        at = SPEC.child("podManagementPolicy")
        errors.append(invalid(at, policy, "must be 'OrderedReady' or 'Parallel'") if policy else required(at))
    errors += _strategy_errors(spec.get("updateStrategy") or {})
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        if retention.get(name) not in _RETENTION:
            at = SPEC.child("persistentVolumeClaimRetentionPolicy", name)
            errors.append(not_supported(at, retention.get(name, ""), _RETENTION))
    if create:
        for i, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            errors += claim_spec_errors(claim["spec"], SPEC.child("volumeClaimTemplates").index(i).child("spec"))
    errors += nonnegative(spec.get("replicas"), SPEC.child("replicas"))
    errors += nonnegative(spec.get("minReadySeconds"), SPEC.child("minReadySeconds"))
    errors += nonnegative((spec.get("ordinals") or {}).get("start"), SPEC.child("ordinals.start"))
    if create and spec.get("serviceName"):
        errors += label(spec["serviceName"], SPEC.child("serviceName"))
    errors += selector_given_errors(spec.get("selector"), "empty selector is invalid for statefulset")
    selector = maybe_selector(spec.get("selector"))
    if selector is None:
        return [*errors, invalid(SPEC.child("selector"), spec.get("selector"), "")], []
    errors += mismatch_errors(selector, spec["template"])
    return errors, template_errors(_with_claims(spec), TEMPLATE)


def _strategy_errors(strategy: Obj) -> ErrorList:
    kind, rolling, at = strategy.get("type", ""), strategy.get("rollingUpdate"), _STRATEGY.child("rollingUpdate")
    if not kind:
        return [required(_STRATEGY)]
    if kind == "OnDelete":
        text = "only allowed for updateStrategy 'RollingUpdate'"
        return [invalid(at, shown(rolling, _ROLLING_SHAPE), text)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [invalid(_STRATEGY, shown(strategy, _STRATEGY_SHAPE), "must be 'RollingUpdate' or 'OnDelete'")]
    errors = nonnegative((rolling or {}).get("partition"), at.child("partition"))
    unavailable, at = (rolling or {}).get("maxUnavailable"), at.child("maxUnavailable")
    if unavailable is not None:
        errors += int_or_percent_errors(unavailable, at)
        if amount(unavailable) == 0:
            errors.append(invalid(at, unavailable, "cannot be 0"))
        errors += at_most_all_errors(unavailable, at)
    return errors


def _with_claims(spec: Obj) -> Obj:
    """The template with the volumes that its claim templates will become."""
    template: Obj = spec["template"]
    claims = spec.get("volumeClaimTemplates")
    if not claims:
        return template
    pod = template["spec"]
    volumes = {v.get("name", ""): v for v in pod.get("volumes") or ()}
    for claim in claims:
        name = claim["metadata"].get("name", "")
        volumes[name] = {"name": name, "persistentVolumeClaim": {"claimName": name or "claim"}}
    return {**template, "spec": {**pod, "volumes": list(volumes.values())}}


def _warnings(spec: Obj) -> list[str]:
    out = []
    if (spec.get("revisionHistoryLimit") or 0) < 0:
        text = "a negative value retains all historical revisions; a value >= 0 is recommended"
        out.append(f"spec.revisionHistoryLimit: {text}")
    for i, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        resources = (claim.get("spec") or {}).get("resources") or {}
        at = SPEC.child("volumeClaimTemplates").index(i).child("spec", "resources")
        for kind in ("limits", "requests"):
            out += fraction_warnings(resources.get(kind), at.child(kind), ("storage",))
    return out


def _ready(obj: Obj, now: int) -> str:
    return f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"


RESOURCE = Resource(
    group="apps",
    name="statefulsets",
    kind="StatefulSet",
    singular="statefulset",
    versions=(Version(name="v1", schema="io.k8s.api.apps.v1.StatefulSet"),),
    short_names=("sts",),
    categories=("all",),
    subresources=(SCALE, Subresource(name="status")),
    strategy=StatefulSetStrategy(),
    columns=(
        NAME,
        Column(name="Ready", description="Number of the pod with ready state", value=_ready),
        AGE,
        CONTAINERS,
        IMAGES,
    ),
)
