"""Why is this Pod where it is, or nowhere? And where could it go?

The same cycle as the scheduler's, run on the informers' state without consequences; each filter is asked about
each node, not only up to the first refusal. It works with the scheduler stopped, and for Pods that run: those
are looked at as if they were not there yet. Answers are JSON for the browser (see the protocol's `explain`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from clusters.client.informer import Informers
from clusters.components.scheduler.cache import SchedulerCache, ended, takes_room
from clusters.components.scheduler.cycle import Decision, Prepared, evaluate
from clusters.components.scheduler.framework import Verdict
from clusters.components.scheduler.podinfo import DEFAULT_SCHEDULER, PREFERRED_NODE, PodInfo
from clusters.components.scheduler.snapshot import NodeInfo
from clusters.components.scheduler.taints import tolerated
from clusters.machinery import meta
from clusters.machinery.types import Obj

SCHEDULER = "kube-scheduler"
MIRROR = "kubernetes.io/config.mirror"

SHORT = {
    "node(s) were unschedulable": "cordoned",
    "node(s) didn't match the requested node name": "another node named",
    "node(s) didn't match Pod's node affinity/selector": "node affinity or selector",
    "node(s) didn't have free ports for the requested pod ports": "host port taken",
    "node(s) didn't match pod topology spread constraints": "topology spread",
    "node(s) didn't match pod topology spread constraints (missing required label)": "no topology label",
    "node(s) didn't match pod affinity rules": "pod affinity",
    "node(s) didn't match pod anti-affinity rules": "pod anti-affinity",
    "node(s) didn't satisfy existing pods anti-affinity rules": "anti-affinity of a pod there",
    "node(s) didn't match PersistentVolume's node affinity": "volume elsewhere",
    "node(s) didn't find available persistent volumes to bind": "no volume",
    "node(s) had no available volume zone": "volume in another zone",
    "node(s) exceed max volume count": "too many volumes",
}
"""Refusals in a few words, for the one-line summary."""


class Explainer:
    """A view of one cluster for questions of this sort. Made for one question or kept: with `live` it follows
    the informers."""

    def __init__(self, informers: Informers, *, live: bool = False) -> None:
        self._informers = informers
        self._cache = SchedulerCache(informers)
        if live:
            informers["nodes"].on_change(self._cache.on_node)
            informers["pods"].on_change(self._on_pod)
        else:
            for node in informers["nodes"]:
                self._cache.on_node(None, node)
            for pod in informers["pods"]:
                self._on_pod(None, pod)

    def _on_pod(self, old: Obj | None, new: Obj | None) -> None:
        """Pods on nodes, and room that preemption promised to Pods without one."""
        self._cache.on_pod(old, new)
        nominated = self._cache.snapshot.nominated
        for obj, comes in ((old, False), (new, True)):
            if obj is None or obj["spec"].get("nodeName") or ended(obj):
                continue
            node = (obj.get("status") or {}).get("nominatedNodeName")
            if node:
                pod = self._cache.parser.parse(obj)
                if comes:
                    nominated.setdefault(node, {})[pod.key] = pod
                else:
                    nominated.get(node, {}).pop(pod.key, None)

    def pod(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The answer to "why?"; None if there is no such Pod."""
        obj = self._informers["pods"].get(namespace, name)
        if obj is None:
            return None
        state, said = self._state(obj)
        out: dict[str, Any] = {"summary": said, "state": state, "nodes": [], "preFilter": None}
        out["condition"] = meta.condition(obj, "PodScheduled")
        if state in ("pending", "bound"):
            decision, rows = self._look(obj, at_home=state == "bound")
            out["nodes"] = rows
            if decision.pre_filter is not None:
                out["preFilter"] = _verdict(decision.pre_filter)
            if state == "pending":
                out["summary"] = self._summary(decision, obj)
        return out

    def move(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Where a Pod that is being dragged could go; `refused` says why it cannot be moved at all."""
        obj = self._informers["pods"].get(namespace, name)
        if obj is None:
            return None
        decision, rows = self._look(obj, at_home=False)
        refused = self._immovable(obj)
        if refused is None and decision.pre_filter is not None:
            refused = ", ".join(decision.pre_filter.reasons)
        return {"nodes": rows, "refused": refused}

    def spec(self, pod: Obj) -> dict[str, Any]:
        """Where a Pod that does not exist yet could go (`pod`: as the API server would store it)."""
        decision, rows = self._look(pod, at_home=False)
        refused = ", ".join(decision.pre_filter.reasons) if decision.pre_filter is not None else None
        return {"nodes": rows, "refused": refused}

    # -- in parts ----------------------------------------------------------------------------------------

    def _state(self, pod: Obj) -> tuple[str, str]:
        phase = (pod.get("status") or {}).get("phase") or "Pending"
        node = pod["spec"].get("nodeName")
        if ended(pod):
            return "ended", f"{phase}: it ran {f'on {node}' if node else 'on no node'} and takes no room any more"
        if node:
            return "bound", f"{phase} on {node}"
        gates = pod["spec"].get("schedulingGates")
        if gates:
            names = ", ".join(g["name"] for g in gates)
            return "gated", f"Pending: held back by scheduling gates ({names})"
        scheduler = pod["spec"].get("schedulerName") or DEFAULT_SCHEDULER
        if scheduler != DEFAULT_SCHEDULER:
            return "unmanaged", f"Pending: waits for another scheduler ({scheduler})"
        return "pending", "Pending"

    def _look(self, obj: Obj, *, at_home: bool) -> tuple[Decision, list[dict[str, Any]]]:
        """The cycle's view of all nodes. `at_home`: the hint of a drag still counts."""
        obj = _unplaced(obj, keep_hint=at_home or not obj["spec"].get("nodeName"))
        pod = self._cache.parser.parse(obj)
        there = self._cache.pods.get(pod.key)
        if there is not None:
            self._cache.remove(there)
        try:
            decision, prepared = evaluate(pod, self._cache.snapshot)
            rows = [self._row(node, decision, prepared) for node in self._cache.snapshot.nodes]
        finally:
            if there is not None:
                self._cache.add(there)
        scored = {n.name: i for i, n in enumerate(decision.feasible)} if decision.scores else {}
        for row in rows:
            at = scored.get(row["name"])
            if at is not None:
                row["scores"] = {plugin: s[at] for plugin, s in decision.scores.items()}
                row["total"] = decision.totals[at]
        return decision, rows

    def _row(self, node: NodeInfo, decision: Decision, prepared: Prepared) -> dict[str, Any]:
        verdict = decision.verdicts.get(node.name, decision.pre_filter)
        row: dict[str, Any] = {"name": node.name, "feasible": verdict is None, "plugin": "", "code": "", "reasons": []}
        if verdict is not None:
            row.update(_verdict(verdict))
        row["checks"] = {
            plugin.name: list(found.reasons) if found is not None else []
            for plugin in prepared.filters
            for found in (plugin.filter(prepared.cycle, node),)
        }
        return row

    def _summary(self, decision: Decision, pod: Obj) -> str:
        fit, all_nodes = len(decision.feasible), decision.nodes
        if self._scheduler_stopped():
            return f"Pending: the scheduler is stopped; {fit} of {all_nodes} nodes would fit"
        if not all_nodes:
            return "Pending: the cluster has no nodes"
        if decision.pre_filter is not None:
            return f"Pending: {', '.join(decision.pre_filter.reasons)}"
        if fit:
            nominated = (pod.get("status") or {}).get("nominatedNodeName")
            if nominated:
                return f"Pending: room is being made on {nominated}"
            return f"Pending: {fit} of {all_nodes} nodes fit; the scheduler will try again soon"
        return f"Pending: 0 of {all_nodes} nodes fit: {', '.join(self._in_short(decision))}"

    def _in_short(self, decision: Decision) -> Iterable[str]:
        counts: Counter[str] = Counter()
        for name, verdict in decision.verdicts.items():
            if verdict.plugin == "TaintToleration":
                counts[self._taint(decision.pod, name)] += 1
                continue
            for reason in verdict.reasons:
                named = "node affinity or selector" if "didn't satisfy plugin(s)" in reason else reason
                counts[SHORT.get(named, named)] += 1
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [f"{count} {reason}" for reason, count in ordered]

    def _taint(self, pod: PodInfo, node: str) -> str:
        taints = self._cache.snapshot.by_name[node].hard_taints
        return next((f"taint {t.key}" for t in taints if not tolerated(t, pod.needs.tolerations)), "taint")

    def _scheduler_stopped(self) -> bool:
        found = self._informers["components.playground.dev"].by_key(SCHEDULER)
        return found is not None and (found.get("spec") or {}).get("state") == "stopped"

    def _immovable(self, pod: Obj) -> str | None:
        if MIRROR in meta.annotations(pod):
            return "a static Pod belongs to its node"
        owner = meta.controller_of(pod)
        if owner is not None and owner["kind"] == "DaemonSet":
            return f"DaemonSet {owner['name']} runs one Pod on each node"
        if meta.deleting(pod):
            return "the Pod is being deleted"
        if ended(pod):
            return "the Pod has ended"
        return None


def explain_pod(informers: Informers, namespace: str, name: str) -> dict[str, Any] | None:
    """`{"summary", "state", "nodes": [...], "preFilter", "condition"}`; None if there is no such Pod."""
    return Explainer(informers).pod(namespace, name)


def explain_move(informers: Informers, namespace: str, name: str) -> dict[str, Any] | None:
    """`{"nodes": [...], "refused"}` for a Pod that is being dragged; None if there is no such Pod."""
    return Explainer(informers).move(namespace, name)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"plugin": verdict.plugin, "code": verdict.code.value, "reasons": list(verdict.reasons)}


def _unplaced(pod: Obj, *, keep_hint: bool) -> Obj:
    """The Pod as if it had not been placed yet."""
    if takes_room(pod) or pod["spec"].get("nodeName"):
        pod = meta.with_path(pod, ("spec", "nodeName"), None)
    if not keep_hint and PREFERRED_NODE in meta.annotations(pod):
        kept = {k: v for k, v in meta.annotations(pod).items() if k != PREFERRED_NODE}
        pod = meta.with_path(pod, ("metadata", "annotations"), kept)
    return pod
