"""The Deployment's ReplicaSets as its history: find or make the one for the current template, number the
revisions, clean up what is older than the limit, roll back.

Models: kube-controller-manager, deployment/sync.go (getNewReplicaSet, cleanupDeployment) and rollback.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.client.api import ApiClient, EventSink
from clusters.components.controllers.deployment import progress, replicas
from clusters.components.controllers.shared.hashing import template_hash
from clusters.components.controllers.shared.objects import deep, draft, with_annotations
from clusters.components.controllers.shared.podcontrol import is_namespace_terminating
from clusters.kernel.clock import Clock
from clusters.machinery import meta
from clusters.machinery.errors import AlreadyExists, ApiError, NotFound
from clusters.machinery.types import Obj

DEPLOYMENTS, REPLICASETS = "deployments.apps", "replicasets.apps"
_NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    replicas.REVISION,
    replicas.REVISION_HISTORY,
    replicas.DESIRED,
    replicas.MAXIMUM,
    replicas.ROLLBACK_TO,
}
_MAX_HISTORY_LENGTH = 2000


class History:
    """Writes to the revision history of Deployments."""

    def __init__(self, client: ApiClient, events: EventSink, clock: Clock) -> None:
        self.client = client
        self.events = events
        self.clock = clock

    def sync_revision(self, deployment: Obj, sets: Sequence[Obj], *, create: bool) -> tuple[Obj, Obj | None, list[Obj]]:
        """(the Deployment as it is then, its new set or None, its old sets), with annotations and revision
        numbers brought up to date; `create` makes the new set if there is none."""
        found = replicas.find_new(deployment, sets)
        old = [rs for rs in sets if found is None or rs["metadata"]["uid"] != found["metadata"]["uid"]]
        number = max((replicas.revision(rs) for rs in old), default=0) + 1
        if found is not None:
            deployment, found = self._keep_up(deployment, found, number)
        elif create:
            deployment, found = self._create(deployment, old, number)
        return deployment, found, old

    def _keep_up(self, deployment: Obj, rs: Obj, number: int) -> tuple[Obj, Obj]:
        annotations = _annotations(deployment, rs, number, exists=True)
        min_ready = deployment["spec"].get("minReadySeconds", 0)
        if annotations is not None or rs["spec"].get("minReadySeconds", 0) != min_ready:
            changed = with_annotations(rs, dict(annotations or {}))
            spec = {**rs["spec"], "minReadySeconds": min_ready}
            if not min_ready:
                spec.pop("minReadySeconds")
            changed["spec"] = spec
            return deployment, self.client.update(REPLICASETS, changed)
        before = deployment
        deployment = _with_revision(deployment, str(replicas.revision(rs)))
        if progress.has_deadline(deployment) and progress.condition(deployment, "Progressing") is None:
            name = rs["metadata"]["name"]
            deployment = progress.with_condition(
                deployment, self.clock.now(), "True", "FoundNewReplicaSet", f'Found new replica set "{name}"'
            )
        if deployment is not before:
            deployment = self.client.update_status(DEPLOYMENTS, draft(deployment))
        return deployment, rs

    def _create(self, deployment: Obj, old: Sequence[Obj], number: int) -> tuple[Obj, Obj | None]:
        rs = self._built(deployment, old, number)
        name, namespace = rs["metadata"]["name"], rs["metadata"]["namespace"]
        size = replicas.wanted(rs)
        existed = False
        try:
            created = self.client.create(REPLICASETS, namespace, rs)
        except AlreadyExists:
            created = self.client.get(REPLICASETS, namespace, name)
            if not self._is_ours(deployment, created):
                self._count_collision(deployment)
                raise
            existed = True
        except ApiError as error:
            if is_namespace_terminating(error):
                return deployment, None
            self._report_failure(deployment, name, error)
            raise
        if not existed and size > 0:
            self.events.event(
                deployment, "Normal", "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {size}"
            )
        before = deployment
        deployment = _with_revision(deployment, str(number))
        if not existed and progress.has_deadline(deployment):
            deployment = progress.with_condition(
                deployment,
                self.clock.now(),
                "True",
                "NewReplicaSetCreated",
                f'Created new replica set "{name}"',
            )
        if deployment is not before:
            deployment = self.client.update_status(DEPLOYMENTS, draft(deployment))
        return deployment, created

    def _built(self, deployment: Obj, old: Sequence[Obj], number: int) -> Obj:
        spec, own = deployment["spec"], deployment["metadata"]
        template = deep(spec["template"])
        suffix = template_hash(spec["template"], (deployment.get("status") or {}).get("collisionCount"))
        labels = {**((template.get("metadata") or {}).get("labels") or {}), replicas.HASH_LABEL: suffix}
        template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
        selector = deep(spec.get("selector") or {})
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), replicas.HASH_LABEL: suffix}
        rs_spec: Obj = {"replicas": 0, "selector": selector, "template": template}
        if spec.get("minReadySeconds"):
            rs_spec["minReadySeconds"] = spec["minReadySeconds"]
        rs: Obj = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{own['name']}-{suffix}",
                "namespace": own["namespace"],
                "labels": dict(labels),
                "ownerReferences": [meta.owner_reference(deployment)],
            },
            "spec": rs_spec,
        }
        rs_spec["replicas"] = replicas.new_set_size(deployment, [*old, rs], 0)
        rs["metadata"]["annotations"] = _annotations(deployment, rs, number, exists=False)
        return rs

    def _is_ours(self, deployment: Obj, rs: Obj) -> bool:
        return meta.controlled_by(rs, deployment) and replicas.same_template(
            rs["spec"]["template"], deployment["spec"]["template"]
        )

    def _count_collision(self, deployment: Obj) -> None:
        """Another object has the name that the hash gives: the next try hashes with a higher count."""
        status = dict(deployment.get("status") or {})
        status["collisionCount"] = status.get("collisionCount", 0) + 1
        self.client.update_status(DEPLOYMENTS, draft(deployment, status=status))

    def _report_failure(self, deployment: Obj, name: str, error: ApiError) -> None:
        text = f'Failed to create new replica set "{name}": {error.message}'
        if progress.has_deadline(deployment):
            changed = progress.with_condition(deployment, self.clock.now(), "False", "ReplicaSetCreateError", text)
            self.client.update_status(DEPLOYMENTS, draft(changed))
        self.events.event(deployment, "Warning", "ReplicaSetCreateError", text)

    def clean_up(self, deployment: Obj, old: Sequence[Obj]) -> None:
        """Delete old, empty sets beyond `revisionHistoryLimit`."""
        limit = deployment["spec"].get("revisionHistoryLimit")
        if limit is None or limit == replicas.MAX_INT32:
            return
        alive = [rs for rs in old if not meta.deleting(rs)]
        excess = len(alive) - limit
        for rs in sorted(alive, key=lambda r: (replicas.revision(r), r["metadata"]["creationTimestamp"]))[
            : max(excess, 0)
        ]:
            own = rs["metadata"]
            observed = replicas.reported(rs, "observedGeneration")
            if replicas.reported(rs, "replicas") or replicas.wanted(rs):
                continue
            if own.get("generation", 0) > observed:
                continue
            try:
                self.client.delete(REPLICASETS, own["namespace"], own["name"], uid=own["uid"])
            except NotFound:
                continue

    def roll_back(self, deployment: Obj, sets: Sequence[Obj]) -> None:
        """What `deprecated.deployment.rollback.rollback-to: N` asks for (0: the revision before)."""
        deployment, new, old = self.sync_revision(deployment, sets, create=True)
        everything = [*old, new] if new is not None else list(old)
        target = replicas.annotation_number(deployment, replicas.ROLLBACK_TO) or 0
        if target == 0:
            numbers = sorted({replicas.revision(rs) for rs in everything})
            target = numbers[-2] if len(numbers) > 1 else 0
            if not target:
                self._rolled_back(
                    deployment, "Warning", "DeploymentRollbackRevisionNotFound", "Unable to find last revision."
                )
                return
        chosen = next((rs for rs in everything if replicas.revision(rs) == target), None)
        if chosen is None:
            self._rolled_back(
                deployment,
                "Warning",
                "DeploymentRollbackRevisionNotFound",
                "Unable to find the revision to rollback to.",
            )
            return
        if replicas.same_template(chosen["spec"]["template"], deployment["spec"]["template"]):
            text = (
                "The rollback revision contains the same template as current deployment "
                f'"{deployment["metadata"]["name"]}"'
            )
            self._rolled_back(deployment, "Warning", "DeploymentRollbackTemplateUnchanged", text)
            return
        template = deep(chosen["spec"]["template"])
        template["metadata"]["labels"].pop(replicas.HASH_LABEL, None)
        changed = draft(deployment, spec={**deployment["spec"], "template": template})
        text = f'Rolled back deployment "{deployment["metadata"]["name"]}" to revision {target}'
        self._rolled_back(changed, "Normal", "DeploymentRollback", text)

    def _rolled_back(self, deployment: Obj, kind: str, reason: str, text: str) -> None:
        self.events.event(deployment, kind, reason, text)
        self.client.update(DEPLOYMENTS, with_annotations(deployment, {replicas.ROLLBACK_TO: None}))


def _with_revision(deployment: Obj, number: str) -> Obj:
    if (deployment["metadata"].get("annotations") or {}).get(replicas.REVISION) == number:
        return deployment
    return with_annotations(deployment, {replicas.REVISION: number})


def _annotations(deployment: Obj, rs: Obj, number: int, *, exists: bool) -> dict[str, str] | None:
    """The annotations the new set should have, None if it has them already."""
    have: dict[str, str] = rs["metadata"].get("annotations") or {}
    want = dict(have)
    for key, value in (deployment["metadata"].get("annotations") or {}).items():
        if key not in _NOT_COPIED and not key.startswith("playground.dev/"):
            want[key] = value
    before = have.get(replicas.REVISION)
    if replicas.revision(rs) < number:
        want[replicas.REVISION] = str(number)
        if before is not None:
            want[replicas.REVISION_HISTORY] = _history(have.get(replicas.REVISION_HISTORY, ""), before)
    if not exists:
        want.update(size_annotations(deployment))
    return want if want != have else None


def _history(text: str, number: str) -> str:
    """The numbers this template had before; the oldest are dropped when the text grows too long."""
    numbers = [*(text.split(",") if text else ()), number]
    while len(",".join(numbers)) > _MAX_HISTORY_LENGTH and len(numbers) > 1:
        numbers.pop(0)
    return ",".join(numbers)


def size_annotations(deployment: Obj) -> dict[str, str]:
    """What a set remembers of the Deployment's size, for proportional scaling."""
    desired = replicas.wanted(deployment)
    return {
        replicas.DESIRED: str(desired),
        replicas.MAXIMUM: str(desired + replicas.max_surge(deployment)),
    }
