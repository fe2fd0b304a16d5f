"""ControllerRevisions: the history of a StatefulSet's or DaemonSet's pod template.

Models: kube-controller-manager, pkg/controller/history/controller_history.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clusters.client.api import ApiClient
from clusters.client.informer import Informer
from clusters.components.controllers.shared import pods as pod_of
from clusters.components.controllers.shared.claims import claim
from clusters.components.controllers.shared.hashing import template_hash
from clusters.components.controllers.shared.objects import deep, draft
from clusters.machinery import meta
from clusters.machinery.errors import AlreadyExists, NotFound
from clusters.machinery.selectors import LabelSelector
from clusters.machinery.types import Obj

REVISIONS = "controllerrevisions.apps"
HASH_LABEL = "controller.kubernetes.io/hash"
POD_HASH_LABEL = "controller-revision-hash"


def in_order(revisions: Iterable[Obj]) -> list[Obj]:
    return sorted(revisions, key=lambda r: (r["revision"], r["metadata"]["creationTimestamp"], r["metadata"]["name"]))


def template_patch(owner: Obj) -> dict[str, Any]:
    """What a revision stores: the template, as a patch that replaces it."""
    return {"spec": {"template": {**deep(owner["spec"]["template"]), "$patch": "replace"}}}


def applied(owner: Obj, revision: Obj) -> Obj:
    """The owner with the template of a revision."""
    template = {k: v for k, v in revision["data"]["spec"]["template"].items() if k != "$patch"}
    return {**owner, "spec": {**owner["spec"], "template": template}}


def name_of(revision: Obj) -> str:
    return str(revision["metadata"]["name"])


class Revisions:
    """The revisions of one kind of owner."""

    def __init__(self, client: ApiClient, informer: Informer) -> None:
        self.client = client
        self.informer = informer
        pod_of.index_by_controller(informer)

    def of(self, owner: Obj, selector: LabelSelector) -> list[Obj]:
        """The owner's revisions, oldest first; orphans that match are adopted."""
        own = owner["metadata"]
        candidates = pod_of.owned_by(self.informer, own["uid"]) + pod_of.orphans(self.informer, own["namespace"])
        return in_order(claim(self.client, REVISIONS, owner, selector, candidates))

    def current(self, owner: Obj, revisions: Sequence[Obj], collisions: int) -> tuple[Obj, int]:
        """The revision of the owner's template now, made or moved to the end if need be; and the collision count."""
        data = template_patch(owner)
        number = (revisions[-1]["revision"] if revisions else 0) + 1
        equal = [r for r in revisions if r.get("data") == data]
        if equal and equal[-1]["metadata"]["uid"] == revisions[-1]["metadata"]["uid"]:
            return revisions[-1], collisions
        if equal:
            return self.client.update(REVISIONS, draft(equal[-1], revision=number)), collisions
        return self._create(owner, data, number, collisions)

    def _create(self, owner: Obj, data: dict[str, Any], number: int, collisions: int) -> tuple[Obj, int]:
        own = owner["metadata"]
        labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
        while True:
            text = template_hash(data, collisions)
            metadata: dict[str, Any] = {
                "name": f"{own['name'][:223]}-{text}",
                "namespace": own["namespace"],
                "labels": {**labels, HASH_LABEL: text},
                "ownerReferences": [meta.owner_reference(owner)],
            }
            if own.get("annotations"):
                metadata["annotations"] = dict(own["annotations"])
            revision: Obj = {
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": metadata,
                "data": data,
                "revision": number,
            }
            try:
                return self.client.create(REVISIONS, own["namespace"], revision), collisions
            except AlreadyExists:
                existing = self.client.get(REVISIONS, own["namespace"], metadata["name"])
                if existing.get("data") == data:
                    return existing, collisions
                collisions += 1

    def truncate(self, owner: Obj, revisions: Sequence[Obj], live: set[str]) -> None:
        """Delete the oldest revisions beyond `revisionHistoryLimit`, but none in `live`."""
        limit = owner["spec"].get("revisionHistoryLimit", 10)
        spare = [r for r in revisions if name_of(r) not in live]
        for revision in spare[: max(len(spare) - limit, 0)]:
            own = revision["metadata"]
            try:
                self.client.delete(REVISIONS, own["namespace"], own["name"], uid=own["uid"])
            except NotFound:
                continue
