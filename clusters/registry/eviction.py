"""Evictions: deletes that PodDisruptionBudgets may forbid. (Shared by the `eviction` subresource and the
in-process client.)

Models: kube-apiserver, registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clusters.kernel.clock import rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import ApiError, Conflict, Forbidden, TooManyRequests
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj, UserInfo
from clusters.registry import deletion, requests
from clusters.registry.item import Item
from clusters.registry.preconditions import check_delete
from clusters.registry.registry import MAX_ATTEMPTS, Registry, WriteOptions, busy

MAX_DISRUPTED = 2000
BUDGETS = "poddisruptionbudgets.policy"
_SERVER = UserInfo(name="system:apiserver", groups=("system:masters", "system:authenticated"))
_DISRUPTED = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}


def evict(
    registry: Registry,
    namespace: str,
    name: str,
    options: deletion.DeleteOptions,
    opts: WriteOptions,
    body: Obj | None = None,
) -> deletion.Deleted | None:
    """Delete a Pod if its budgets allow it. Admission is asked about the Eviction (`body`), not about the Pod.
    Raises NotFound, TooManyRequests, what admission raises, Conflict (preconditions)."""
    pods = registry.resources["pods"]
    if body is None:
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    attrs = requests.admit(registry, pods, "eviction", (namespace, name), body, opts, kind=requests.EVICTION)
    requests.validate(registry, attrs, opts)
    for _ in range(MAX_ATTEMPTS):
        item = registry.get(pods, namespace, name)
        if not _exempt(item.obj):
            break
        try:
            return _delete(registry, item, _at(options, item) if _may_heal(item.obj) else options, opts)
        except Conflict:
            if options.resource_version:
                raise
    else:
        raise busy(pods, name)
    budget = _budget(registry, item.obj)
    if budget is None:
        return _delete(registry, item, options, opts)
    if not _unguarded(item.obj, budget):
        _take(registry, budget, name, opts)
        return _delete(registry, item, options, opts)
    try:
        return _delete(registry, item, _at(options, item), opts)
    except Conflict:
        if options.resource_version:
            raise
        raise _later(meta.name(budget)) from None


def _delete(registry: Registry, item: Item, options: deletion.DeleteOptions, opts: WriteOptions) -> deletion.Deleted:
    """Say on the Pod who ends it, then delete it."""
    pods = registry.resources["pods"]
    namespace, name = meta.namespace(item.obj), meta.name(item.obj)
    opts = replace(opts, admitted=True)
    if opts.dry_run:
        return deletion.delete(registry, pods, namespace, name, options, opts)

    def mark(pod: Obj) -> Obj:
        check_delete(pods, pod, uid=options.uid, rev=options.resource_version)
        return _disrupted(pod, rfc3339(registry.clock.now()))

    marked = registry.update(
        pods, namespace, name, mark, replace(opts, trusted=True, manager=""), subresource="status", patch=True
    )
    if options.resource_version:
        options = _at(replace(options, resource_version=""), marked)
    return deletion.delete(registry, pods, namespace, name, options, opts)


def _at(options: deletion.DeleteOptions, item: Item) -> deletion.DeleteOptions:
    return options if options.resource_version else replace(options, resource_version=str(item.rev))


def _disrupted(pod: Obj, now: str) -> Obj:
    status = pod.get("status") or {}
    conditions = list(status.get("conditions") or ())
    had = next((c for c in conditions if c["type"] == "DisruptionTarget"), None)
    condition: Obj = {"type": "DisruptionTarget"}
    if pod["metadata"].get("generation"):
        condition["observedGeneration"] = pod["metadata"]["generation"]
    since = had["lastTransitionTime"] if had is not None and had["status"] == "True" else now
    condition |= {"status": "True", "lastProbeTime": None, "lastTransitionTime": since, **_DISRUPTED}
    if had is None:
        conditions.append(condition)
    else:
        conditions[conditions.index(had)] = condition
    return {**pod, "metadata": dict(pod["metadata"]), "status": {**status, "conditions": conditions}}


def _exempt(pod: Obj) -> bool:
    """Pods that are finished, not yet started, or already going count for no budget."""
    return meta.deleting(pod) or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed", "Pending")


def _may_heal(pod: Obj) -> bool:
    """Whether an exempt Pod could become ready meanwhile."""
    return not meta.deleting(pod) and (pod.get("status") or {}).get("phase") == "Pending"


def _budget(registry: Registry, pod: Obj) -> Obj | None:
    budgets = [b for b in registry.lookup.list(BUDGETS, meta.namespace(pod)) if _selects(b, pod)]
    if len(budgets) > 1:
        text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError(text, code=500, reason="")
    return budgets[0] if budgets else None


def _unguarded(pod: Obj, budget: Obj) -> bool:
    """A Pod that is not ready may go as long as the others suffice."""
    ready = meta.condition(pod, "Ready")
    if ready is not None and ready["status"] == "True":
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired: int = status.get("desiredHealthy", 0)
    return bool(status.get("currentHealthy", 0) >= desired > 0)


def _take(registry: Registry, budget: Obj, pod_name: str, opts: WriteOptions) -> None:
    name = meta.name(budget)

    def take(current: Obj) -> Obj:
        now = current.get("status") or {}
        if now.get("observedGeneration", 0) < current["metadata"].get("generation", 0):
            raise _later(name)
        allowed = now.get("disruptionsAllowed", 0)
        if allowed < 0:
            raise Forbidden.of("policy", "poddisruptionbudget", name, "pdb disruptions allowed is negative")
        disrupted = dict(now.get("disruptedPods") or {})
        if len(disrupted) > MAX_DISRUPTED:
            why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
            raise Forbidden.of("policy", "poddisruptionbudget", name, why)
        if not allowed:
            needs, has = now.get("desiredHealthy", 0), now.get("currentHealthy", 0)
            raise _refused(f"The disruption budget {name} needs {needs} healthy pods and has {has} currently")
        status = {**now, "disruptionsAllowed": allowed - 1}
        if allowed == 1:
            status["conditions"] = _exhausted(now, rfc3339(registry.clock.now()))
        disrupted[pod_name] = rfc3339(registry.clock.now())
        status["disruptedPods"] = disrupted
        return {**current, "metadata": dict(current["metadata"]), "status": status}

    own = WriteOptions(user=_SERVER, manager="kube-apiserver", dry_run=opts.dry_run, trusted=True)
    described = registry.resources[BUDGETS]
    registry.update(described, meta.namespace(budget), name, take, own, subresource="status", patch=True)


def _exhausted(status: Obj, now: str) -> Sequence[Obj]:
    """The budget's conditions when no further disruption is allowed."""
    conditions: list[Obj] = list(status.get("conditions") or ())
    had = next((c for c in conditions if c["type"] == "DisruptionAllowed"), None)
    since = had["lastTransitionTime"] if had is not None and had["status"] == "False" else now
    condition: Obj = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": since,
        "reason": "InsufficientPods",
        "message": "",
    }
    if not condition["observedGeneration"]:
        del condition["observedGeneration"]
    if had is None:
        return [*conditions, condition]
    return [condition if c is had else c for c in conditions]


def _selects(budget: Obj, pod: Obj) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None:
        return False
    return from_label_selector(selector).matches(meta.labels(pod))


def _later(budget: str) -> TooManyRequests:
    return _refused(f"The disruption budget {budget} is still being processed by the server.", retry=10)


def _refused(why: str, *, retry: int | None = None) -> TooManyRequests:
    return TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        details={"causes": [{"reason": "DisruptionBudget", "message": why}]},
        retry_after=retry,
    )
