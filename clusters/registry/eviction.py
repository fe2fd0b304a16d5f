"""Evictions: deletes that PodDisruptionBudgets may forbid. (Shared by the `eviction` subresource and the
in-process client.)

Models: kube-apiserver, registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from clusters.kernel.clock import rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import InternalError, TooManyRequests
from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj
from clusters.registry import deletion
from clusters.registry.registry import Registry, WriteOptions

MAX_DISRUPTED = 2000


def evict(
    registry: Registry,
    namespace: str,
    name: str,
    options: deletion.DeleteOptions,
    opts: WriteOptions,
) -> deletion.Deleted | None:
    """Delete a Pod if its budgets allow it; None if it is a dry run. Raises NotFound, TooManyRequests."""
    pods = registry.resources["pods"]
    pod = registry.get(pods, namespace, name).wire
    if not _exempt(pod):
        _take_from_budgets(registry, pod, opts)
    return deletion.delete(registry, pods, namespace, name, options, opts)


def _exempt(pod: Obj) -> bool:
    """Pods that are finished, not yet started, or already going count for no budget."""
    status = pod.get("status") or {}
    return meta.deleting(pod) or status.get("phase") in ("Succeeded", "Failed", "Pending")


def _take_from_budgets(registry: Registry, pod: Obj, opts: WriteOptions) -> None:
    budgets = [b for b in registry.lookup.list("poddisruptionbudgets.policy", meta.namespace(pod)) if _selects(b, pod)]
    if not budgets:
        return
    if len(budgets) > 1:
        raise InternalError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    budget = budgets[0]
    ready = meta.condition(pod, "Ready")
    is_ready = ready is not None and ready["status"] == "True"
    status = budget.get("status") or {}
    if not is_ready:
        policy = budget["spec"].get("unhealthyPodEvictionPolicy")
        if policy == "AlwaysAllow":
            return
        if status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) and status.get("desiredHealthy", 0) > 0:
            return
    described = registry.resources["poddisruptionbudgets.policy"]
    pod_name, budget_name = meta.name(pod), meta.name(budget)

    def take(current: Obj) -> Obj:
        now = current.get("status") or {}
        if now.get("observedGeneration", 0) < current["metadata"].get("generation", 0):
            raise _refused(
                budget_name, f"The disruption budget {budget_name} is still being processed by the server.", retry=10
            )
        allowed = now.get("disruptionsAllowed", 0)
        if allowed <= 0:
            raise _refused(
                budget_name,
                f"The disruption budget {budget_name} needs {now.get('desiredHealthy', 0)} healthy pods and has"
                f" {now.get('currentHealthy', 0)} currently",
            )
        disrupted = dict(now.get("disruptedPods") or {})
        if len(disrupted) > MAX_DISRUPTED:
            raise _refused(
                budget_name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
            )
        disrupted[pod_name] = rfc3339(registry.clock.now())
        changed = {**current, "metadata": dict(current["metadata"])}
        changed["status"] = {**now, "disruptionsAllowed": allowed - 1, "disruptedPods": disrupted}
        return changed

    registry.update(described, meta.namespace(pod), budget_name, take, opts, subresource="status")


def _selects(budget: Obj, pod: Obj) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None:
        return False
    return from_label_selector(selector).matches(meta.labels(pod))


def _refused(budget: str, why: str, *, retry: int | None = None) -> TooManyRequests:
    return TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        details={"causes": [{"reason": "DisruptionBudget", "message": why}]},
        retry_after=retry,
    )
