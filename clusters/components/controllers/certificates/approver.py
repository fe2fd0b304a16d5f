"""Kubelets' requests for client certificates are approved by themselves if the asker has the right to that.

Nobody else's are: a person says yes. Models: kube-controller-manager, certificates/approver/sarapprove.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

from clusters.client.component import Controller
from clusters.client.informer import key_of
from clusters.components.controllers.certificates import policy, requests
from clusters.components.controllers.shared.objects import draft
from clusters.machinery.certificates import SigningRequest
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

_BINDINGS, _ROLES = "clusterrolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"


class CertificateApprover(Controller):
    """Keys are signing requests. One whose asker has no right waits for an answer, or for the right."""

    name: ClassVar[str] = "certificatesigningrequest-approving-controller"
    user: ClassVar[UserInfo] = requests.USER

    def setup(self) -> None:
        self.requests = self.env.informers[requests.REQUESTS]
        self.requests.on_change(self._changed)
        for resource in (_BINDINGS, _ROLES):
            self.env.informers[resource].on_change(self._rights_changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and _open(new):
            self.queue.add(key_of(new))

    def _rights_changed(self, old: Obj | None, new: Obj | None) -> None:
        for request in self.requests.list():
            self._changed(None, request)

    def sync(self, key: str) -> None:
        request = self.requests.by_key(key)
        if request is None or not _open(request):
            return
        asked = requests.parsed(request)
        if asked is None:
            return
        for subresource, whose in _recognised(request, asked):
            if not self._may(request["spec"], subresource):
                continue
            approval = {
                "type": requests.APPROVED,
                "status": "True",
                "reason": "AutoApproved",
                "message": f"Auto approving {whose}kubelet client certificate after SubjectAccessReview.",
            }
            status = {
                **requests.status(request),
                "conditions": [*(requests.status(request).get("conditions") or ()), approval],
            }
            with suppress(NotFound):
                self.env.client.update_status(requests.REQUESTS, draft(request, status=status), subresource="approval")
            return

    def _may(self, spec: Obj, subresource: str) -> bool:
        asker = UserInfo(
            spec.get("username", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), spec.get("extra") or {}
        )
        group, resource = "certificates.k8s.io", "certificatesigningrequests"
        return self.env.client.may(asker, "create", group, resource, subresource=subresource)


def _open(request: Obj) -> bool:
    """It is a kubelet's, and nobody has answered it."""
    if request["spec"].get("signerName") != requests.KUBELET_CLIENT or requests.status(request).get("certificate"):
        return False
    return not requests.has(request, requests.APPROVED) and not requests.has(request, requests.DENIED)


def _recognised(request: Obj, asked: SigningRequest) -> Iterator[tuple[str, str]]:
    """The rights that would do, and how the approval calls them."""
    spec = request["spec"]
    if policy.kubelet_client(asked, spec.get("usages") or ()):
        return
    if spec.get("username") == asked.common_name:
        yield "selfnodeclient", "self "
    yield "nodeclient", ""
