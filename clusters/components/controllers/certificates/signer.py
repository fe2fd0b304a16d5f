"""Approved requests for the built-in signers get their certificate, or the reason why they get none.

Serial numbers and times are functions of the request and the cluster's clock, so that a history that is played
again has the same certificates. Models: kube-controller-manager, certificates/signer/signer.go (all four signers)
and certificates/authority/policies.go.
"""

from __future__ import annotations

import base64
from typing import ClassVar

from clusters.client.component import Controller
from clusters.client.informer import key_of
from clusters.components.controllers.certificates import requests
from clusters.components.controllers.certificates.policy import SIGNERS
from clusters.components.controllers.shared.objects import draft
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.certificates import CertificateOrder
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

LONGEST = 365 * 24 * 3600
"""Seconds: --cluster-signing-duration."""
SHORTEST = 10 * 60
BACKDATED = 5 * 60
"""Clocks of clients may be slow."""
SHORT_LIVED = 8 * 3600
"""Below, a certificate lasts as long as was asked for although it begins in the past."""


def lifetime(asked: int | None) -> int:
    """Seconds that a certificate is to last."""
    return LONGEST if asked is None else min(max(asked, SHORTEST), LONGEST)


class CertificateSigner(Controller):
    """Keys are signing requests."""

    name: ClassVar[str] = "certificatesigningrequest-signing-controller"
    user: ClassVar[UserInfo] = requests.USER

    def setup(self) -> None:
        self.requests = self.env.informers[requests.REQUESTS]
        self.requests.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new["spec"].get("signerName") in SIGNERS and requests.has(new, requests.APPROVED):
            self.queue.add(key_of(new))

    def sync(self, key: str) -> None:
        request = self.requests.by_key(key)
        if request is None or self.env.keys.sign_certificate is None or requests.status(request).get("certificate"):
            return
        if not requests.has(request, requests.APPROVED):
            return
        if requests.has(request, requests.DENIED) or requests.has(request, requests.FAILED):
            return
        asked, check = requests.parsed(request), SIGNERS.get(request["spec"].get("signerName", ""))
        if asked is None or check is None:
            return
        usages = tuple(request["spec"].get("usages") or ())
        status = dict(requests.status(request))
        wrong = check(asked, usages)
        if wrong:
            status["conditions"] = [*(status.get("conditions") or ()), self._failure(wrong)]
        else:
            try:
                issued = self.env.keys.sign_certificate(self._order(request, usages))
            except ValueError:
                # A key or a name that cannot be certified: it stays approved and never gets further.
                return
            status["certificate"] = base64.b64encode(issued.encode()).decode()
        try:
            self.env.client.update_status(requests.REQUESTS, draft(request, status=status))
        except NotFound:
            return

    def _failure(self, message: str) -> Obj:
        return {
            "type": requests.FAILED,
            "status": "True",
            "reason": "SignerValidationFailure",
            "message": message,
            "lastUpdateTime": rfc3339(self.env.clock.now()),
        }

    def _order(self, request: Obj, usages: tuple[str, ...]) -> CertificateOrder:
        now, seconds = self.env.clock.now() // SECOND, lifetime(request["spec"].get("expirationSeconds"))
        return CertificateOrder(
            request=requests.pem_of(request),
            usages=usages,
            not_before=now - BACKDATED,
            not_after=now + seconds - (BACKDATED if seconds >= SHORT_LIVED else 0),
            serial=self.env.rng.bits("certificate", request["metadata"]["uid"]) or 1,
        )
