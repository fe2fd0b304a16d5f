"""What happens to a Pod whose node is chosen: its volumes are bound, then it is.

A Pod whose claims wait for their first consumer stays reserved on its node until the volume binder and the
provisioners have done their part, at most ten minutes. Models: kube-scheduler, plugins/volumebinding (PreBind)
and plugins/defaultbinder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clusters.client.api import ApiClient
from clusters.client.workqueue import Timers
from clusters.components.scheduler.cache import SchedulerCache
from clusters.components.scheduler.framework import Verdict
from clusters.components.scheduler.plugins.volume_binding import sort_claims
from clusters.components.scheduler.podinfo import PodInfo
from clusters.components.scheduler.volumes import (
    BOUND_BY_CONTROLLER,
    SELECTED_NODE,
    is_bound,
    plan,
    reaches,
)
from clusters.kernel.clock import SECOND
from clusters.machinery import meta
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj

BIND_TIMEOUT = 600 * SECOND

Failed = Callable[[PodInfo, str], None]
"""Told of a Pod that could not be bound, and why."""
Bound = Callable[[PodInfo, str], None]


@dataclass(slots=True)
class Reservation:
    pod: PodInfo
    """On its node in the cache, though the API does not know yet."""
    node: str
    provisions: tuple[str, ...]
    """Names of claims for which a volume is being made on the node."""
    cancel: Callable[[], None]


class Binder:
    """Binds Pods; `bound` and `failed` are told the outcome, at once or when the volumes are there."""

    def __init__(
        self, client: ApiClient, cache: SchedulerCache, timers: Timers, *, bound: Bound, failed: Failed
    ) -> None:
        self._client = client
        self._cache = cache
        self._timers = timers
        self._bound = bound
        self._failed = failed
        self._reserved: dict[str, Reservation] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._reserved

    def bind(self, pod: PodInfo, node: str) -> None:
        """Bind a Pod, after its volumes if it has any that wait."""
        if pod.needs.claims:
            claims = sort_claims(pod, self._cache.snapshot)
            if isinstance(claims, Verdict):
                self._failed(pod, claims.reasons[0])
                return
            if claims.waiting:
                self._bind_volumes(pod, node, claims.waiting)
                return
        self._bind_pod(pod, node)

    def _bind_pod(self, pod: PodInfo, node: str) -> None:
        try:
            self._client.bind(pod.namespace, pod.name, node, uid=pod.uid)
        except ApiError as error:
            self._failed(pod, f"binding rejected: {error.message}")
        else:
            self._bound(pod, node)

    def _bind_volumes(self, pod: PodInfo, node: str, claims: tuple[Obj, ...]) -> None:
        info = self._cache.snapshot.node(node)
        assert info is not None
        found = plan(claims, info, self._cache.snapshot)
        assumed = PodInfo(pod.obj, pod.needs)
        assumed.node = node
        self._cache.add(assumed)
        names = tuple(c["metadata"]["name"] for c in found.provisions)
        cancel = self._timers.at(
            self._timers.clock.now() + BIND_TIMEOUT,
            lambda: self._give_up(pod.key, "binding volumes: context deadline exceeded"),
            background=True,
        )
        self._reserved[pod.key] = Reservation(assumed, node, names, cancel)
        try:
            for volume, claim in found.bindings:
                self._prebind(volume, claim)
            for claim in found.provisions:
                if meta.annotations(claim).get(SELECTED_NODE) != node:
                    own = claim["metadata"]
                    patch = {"metadata": {"annotations": {SELECTED_NODE: node}}}
                    self._client.patch("persistentvolumeclaims", own["namespace"], own["name"], patch, uid=own["uid"])
        except ApiError as error:
            self._give_up(pod.key, f"binding volumes: {error.message}")
            return
        self.check(pod.key)

    def _prebind(self, volume: Obj, claim: Obj) -> None:
        """Reserve a volume for a claim; the volume binder does the rest."""
        ref = volume["spec"].get("claimRef")
        if ref is not None and ref.get("uid") == claim["metadata"]["uid"]:
            return
        patch: Obj = {"spec": {"claimRef": meta.reference(claim)}}
        if ref is None:
            patch["metadata"] = {"annotations": {BOUND_BY_CONTROLLER: "yes"}}
        self._client.patch("persistentvolumes", "", volume["metadata"]["name"], patch)

    # -- waiting for volumes -----------------------------------------------------------------------------

    def check_all(self) -> None:
        """Claims or volumes changed."""
        for key in list(self._reserved):
            self.check(key)

    def check(self, key: str) -> None:
        """Bind a reserved Pod if all its claims are bound; give up if they cannot be."""
        held = self._reserved.get(key)
        if held is None:
            return
        snapshot = self._cache.snapshot
        node = snapshot.node(held.node)
        if node is None:
            self._give_up(key, f'binding volumes: failed to get node "{held.node}"')
            return
        done = True
        for name in held.pod.claim_names():
            claim = snapshot.get("persistentvolumeclaims", held.pod.namespace, name)
            if claim is None:
                self._give_up(key, f'binding volumes: persistentvolumeclaim "{name}" not found')
                return
            if name in held.provisions and meta.annotations(claim).get(SELECTED_NODE) != held.node:
                self._give_up(key, f'binding volumes: provisioning failed for PVC "{name}"')
                return
            if not is_bound(claim):
                done = False
                continue
            volume = snapshot.get("persistentvolumes", "", claim["spec"]["volumeName"])
            if volume is not None and not reaches(volume, node):
                self._give_up(
                    key,
                    f'binding volumes: pv "{volume["metadata"]["name"]}" node affinity doesn\'t match'
                    f' node "{held.node}"',
                )
                return
        if done:
            self._release(key)
            self._bind_pod(held.pod, held.node)

    def forget(self, key: str) -> None:
        """The Pod is gone."""
        if key in self._reserved:
            self._release(key)

    def _give_up(self, key: str, why: str) -> None:
        held = self._reserved[key]
        self._release(key)
        self._failed(held.pod, why)

    def _release(self, key: str) -> None:
        held = self._reserved.pop(key)
        held.cancel()
        known = self._cache.pods.get(key)
        if known is held.pod:
            self._cache.remove(known)
