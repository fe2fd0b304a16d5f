"""ResourceQuota: refuses what would exceed a quota, and counts what does not.

The new use is written to the quota's status in the transaction that writes the object, so two writers can never
both take the last of it; the quota controller counts down and repairs. Models: apiserver,
pkg/admission/plugin/resourcequota.
"""

from __future__ import annotations

from collections.abc import Iterable

from clusters.admission.plugin import CREATE, UPDATE, Plugin, forbidden, obj_of
from clusters.machinery import quantity
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource
from clusters.resources.core.quota_usage import Evaluator, Usage, covers, evaluator

QUOTAS = "resourcequotas"
_NOT_COUNTED = frozenset({("", "events"), ("events.k8s.io", "events")})


class ResourceQuota(Plugin):
    name = "ResourceQuota"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        if not resource.namespaced or (resource.group, resource.name) in _NOT_COUNTED:
            return False
        if operation == CREATE:
            return not subresource
        return operation == UPDATE and evaluator(resource.group, resource.name).on_update(subresource)

    def validate(self, attrs: Attributes) -> None:
        quotas = attrs.lookup.list(QUOTAS, attrs.namespace)
        if not quotas:
            return
        kind, obj = evaluator(attrs.resource.group, attrs.resource.name), obj_of(attrs)
        concerned = [quota for quota in quotas if self._concerns(attrs, quota, kind, obj)]
        if not concerned:
            return
        delta = kind.usage(obj, attrs.ctx.now)
        if attrs.operation == UPDATE and attrs.old is not None:
            before = kind.usage(attrs.old, attrs.ctx.now)
            names = delta.keys() | before.keys()
            delta = {n: delta.get(n, Quantity(0)) - before.get(n, Quantity(0)) for n in names}
        # What gets less is counted by the controller.
        delta = {name: amount for name, amount in delta.items() if amount.sign() > 0}
        if not delta:
            return
        charged = [self._charge(attrs, quota, delta) for quota in concerned]
        attrs.ctx.extra.extend((QUOTAS, quota) for quota in charged if quota is not None)

    def _concerns(self, attrs: Attributes, quota: Obj, kind: Evaluator, obj: Obj) -> bool:
        """Whether the quota counts this object. Raises Forbidden if it cannot be counted."""
        status = quota.get("status") or {}
        names = kind.matching(status.get("hard") or {})
        if not names or not covers(quota, kind, obj):
            return False
        missing = kind.missing(names, obj)
        if missing:
            raise forbidden(attrs, f"failed quota: {quota['metadata']['name']}: {missing}")
        used = status.get("used") or {}
        if any(name not in used for name in names):
            raise forbidden(
                attrs,
                f"status unknown for quota: {quota['metadata']['name']}, resources: {','.join(names)}",
            )
        return True

    def _charge(self, attrs: Attributes, quota: Obj, delta: Usage) -> Obj | None:
        """The quota with the new use; None if it does not change. Raises Forbidden if that is too much."""
        status = quota["status"]
        hard, used = status["hard"], status.get("used") or {}
        asked = {name: amount for name, amount in delta.items() if name in hard}
        if not asked:
            return None
        total = {name: quantity.of(used.get(name, "0")) + amount for name, amount in asked.items()}
        over = sorted(name for name in asked if total[name] > quantity.of(hard[name]))
        if over:
            raise forbidden(
                attrs,
                f"exceeded quota: {quota['metadata']['name']},"
                f" requested: {_pairs(over, asked)},"
                f" used: {_pairs(over, used)}, limited: {_pairs(over, hard)}",
            )
        grown = {**used, **{name: amount.canonical() for name, amount in total.items()}}
        return {**quota, "metadata": dict(quota["metadata"]), "status": {**status, "used": grown}}


def _pairs(names: Iterable[str], amounts: Usage | Obj) -> str:
    words = []
    for name in names:
        amount = amounts.get(name, "0")
        words.append(f"{name}={amount.canonical() if isinstance(amount, Quantity) else amount}")
    return ",".join(words)
