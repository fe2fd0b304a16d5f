"""CustomResourceDefinitions: their names are accepted or not, they are established, and when one is deleted its
instances go first.

In a real cluster these loops run within the API server; so they do here, as far as its being stopped is concerned.
Models: apiextensions-apiserver, pkg/controller/{status,establish,finalizer,apiapproval}.
"""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Controller
from clusters.components.controllers.shared import conditions
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.errors import ApiError, NotFound
from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.apiextensions import naming
from clusters.resources.apiextensions.custom_resource_definition import CLEANUP

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
APPROVED = "api-approved.kubernetes.io"
RETRY = 1 * SECOND
_PROTECTED = ("k8s.io", "kubernetes.io")


class CustomResourceDefinitionController(Controller):
    """Keys are definitions."""

    name: ClassVar[str] = "crd-controller"
    process: ClassVar[str] = "kube-apiserver"
    user: ClassVar[UserInfo] = UserInfo("system:apiserver", ("system:masters", "system:authenticated"))

    def setup(self) -> None:
        self.definitions = self.env.informers[CRDS]
        self._followed: set[str] = set()
        self.definitions.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.queue.add(new["metadata"]["name"])
            return
        # Names are free again: somebody may have been waiting for them.
        assert old is not None
        for other in self.definitions.list():
            if other["spec"]["group"] == old["spec"]["group"]:
                self.queue.add(other["metadata"]["name"])

    def sync(self, key: str) -> None:
        definition = self.definitions.by_key(key)
        if definition is None:
            return
        if "deletionTimestamp" in definition["metadata"]:
            self._end(definition)
        else:
            self._accept(definition)

    def _accept(self, definition: Obj) -> None:
        group, name = definition["spec"]["group"], definition["metadata"]["name"]
        others = [d for d in self.definitions.list() if d["spec"]["group"] == group and d["metadata"]["name"] != name]
        accepted, *wanted = naming.accept(definition, others)
        approval = _approval(definition)
        self._report(definition, [*wanted, *([approval] if approval else [])], acceptedNames=accepted)

    def _end(self, definition: Obj) -> None:
        """Delete the instances; the last one's going brings us back."""
        meta = definition["metadata"]
        if CLEANUP not in (meta.get("finalizers") or ()):
            return
        left, failure = self._delete_instances(definition)
        if left or failure:
            text = failure or "CustomResource deletion is in progress"
            reason = "InstanceDeletionFailed" if failure else "InstanceDeletionInProgress"
            self._report(definition, [_terminating("True", reason, text)])
            self.queue.add_after(meta["name"], RETRY, background=True)
            return
        rest = [f for f in meta["finalizers"] if f != CLEANUP]
        if rest:
            # Without others' finalizers it goes as it is: nobody sees this.
            done = _terminating("False", "InstanceDeletionCompleted", "removed all instances")
            definition = self._report(definition, [done])
        ended = draft(definition)
        if rest:
            ended["metadata"]["finalizers"] = rest
        else:
            del ended["metadata"]["finalizers"]
        try:
            self.env.client.update(CRDS, ended)
        except NotFound:
            return

    def _delete_instances(self, definition: Obj) -> tuple[bool, str]:
        """Whether there are instances left, and what kept one from being deleted."""
        resource = definition["metadata"]["name"]
        try:
            informer = self.env.informers[resource]
        except KeyError:
            return False, ""  # it never was established
        if resource not in self._followed:
            self._followed.add(resource)
            informer.on_change(lambda _old, new: self.queue.add(resource) if new is None else None)
        for obj in informer.list():
            own = obj["metadata"]
            if "deletionTimestamp" in own:
                continue
            try:
                self.env.client.delete(resource, own.get("namespace", ""), own["name"], uid=own["uid"])
            except NotFound:
                continue
            except ApiError as error:
                return True, f"could not issue all deletes: {error.message}"
        return bool(informer.list()), ""

    def _report(self, definition: Obj, wanted: list[conditions.Condition], **fields: Obj) -> Obj:
        """Write the status, if it differs."""
        old = definition.get("status") or {}
        found = list(old.get("conditions") or ())
        for condition in wanted:
            known = conditions.find(found, condition["type"])
            if known is None or any(known.get(k) != condition[k] for k in ("status", "reason", "message")):
                stamped = naming.stamped(condition, rfc3339(self.env.clock.now()))
                found = conditions.put(found, stamped)
        new = {**old, **fields, "conditions": found}
        if new == old:
            return definition
        return self.env.client.update_status(CRDS, draft(definition, status=new))


def _terminating(status: str, reason: str, message: str) -> conditions.Condition:
    return {"type": "Terminating", "status": status, "reason": reason, "message": message}


def _approval(definition: Obj) -> conditions.Condition | None:
    """Groups of the Kubernetes project need somebody's approval."""
    group = definition["spec"]["group"]
    if not any(group == name or group.endswith(f".{name}") for name in _PROTECTED):
        return None
    text = (definition["metadata"].get("annotations") or {}).get(APPROVED, "")
    kind = "KubernetesAPIApprovalPolicyConformant"
    if not text:
        message = (
            f"protected groups must have approval annotation {go_quote(APPROVED)}, see"
            " https://github.com/kubernetes/enhancements/pull/1111"
        )
        return {"type": kind, "status": "False", "reason": "MissingAnnotation", "message": message}
    if text.startswith("unapproved"):
        return {
            "type": kind,
            "status": "False",
            "reason": "UnapprovedAnnotation",
            "message": f"not approved: {go_quote(text)}",
        }
    return {"type": kind, "status": "True", "reason": "ApprovedAnnotation", "message": f"approved in {text}"}
