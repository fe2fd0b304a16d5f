"""ValidatingAdmissionPolicies: their expressions are held against the kinds that they are about, and what is
doubtful is told in their status.

Models: kube-controller-manager, validatingadmissionpolicystatus/controller.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.components.controllers.shared.objects import draft
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.admissionregistration.type_checking import Served, built_in, defined, warnings
from clusters.resources.catalog import BUILTIN

POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"
CRDS = "customresourcedefinitions.apiextensions.k8s.io"


class ValidatingAdmissionPolicyStatusController(Controller):
    """Keys are policies."""

    name: ClassVar[str] = "validatingadmissionpolicy-status-controller"
    user: ClassVar[UserInfo] = controller_user("validatingadmissionpolicy-status-controller")

    def setup(self) -> None:
        self.policies = self.env.informers[POLICIES]
        self.definitions = self.env.informers[CRDS]
        self.policies.on_change(self._changed)

    def _changed(self, _old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.queue.add(new["metadata"]["name"])

    def sync(self, key: str) -> None:
        policy = self.policies.by_key(key)
        if policy is None:
            return
        generation = policy["metadata"].get("generation", 0)
        if generation <= (policy.get("status") or {}).get("observedGeneration", 0):
            return
        found = warnings(policy, self._served)
        checked = {"expressionWarnings": found} if found else {}
        status = {**(policy.get("status") or {}), "observedGeneration": generation, "typeChecking": checked}
        try:
            self.env.client.update_status(POLICIES, draft(policy, status=status))
        except NotFound:
            return

    def _served(self) -> Iterator[Served]:
        yield from built_in(BUILTIN)
        for definition in self.definitions.list():
            yield from defined(definition)
