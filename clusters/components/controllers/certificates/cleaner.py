"""Signing requests go once they are of no more use: answered for an hour, unanswered for a day, or expired.

Looked at each whole hour in which one is due. Models: kube-controller-manager, certificates/cleaner/cleaner.go.
"""

from __future__ import annotations

from datetime import UTC
from typing import ClassVar

from cryptography import x509

from clusters.client.component import Controller
from clusters.components.controllers.certificates import requests
from clusters.components.controllers.shared.pods import when
from clusters.kernel.clock import HOUR, SECOND
from clusters.machinery.certificates import MALFORMED
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

ANSWERED, PENDING = HOUR, 24 * HOUR
_SWEEP = "sweep"


def due(request: Obj) -> int | None:
    """When a request has outlived its use (virtual microseconds); None: never."""
    status, created = requests.status(request), request["metadata"].get("creationTimestamp")
    issued, conditions = status.get("certificate"), status.get("conditions") or ()
    moments: list[int] = []
    if not conditions and created:
        moments.append(when(created) + PENDING)
    for condition in conditions:
        kind, told = condition["type"], condition.get("lastUpdateTime")
        if told and kind in (requests.DENIED, requests.FAILED):
            moments.append(when(told) + ANSWERED)
        elif told and kind == requests.APPROVED:
            moments.append(when(told) + (ANSWERED if issued else PENDING))
    if issued and requests.has(request, requests.APPROVED):
        end = _end(requests.decoded(issued))
        if end is not None:
            moments.append(end)
    return min(moments, default=None)


def _end(pem: bytes) -> int | None:
    """When a certificate expires; None if it cannot be read."""
    try:
        until = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except MALFORMED:
        return None
    return int(until.astimezone(UTC).timestamp()) * SECOND


class CertificateCleaner(Controller):
    """One key: the sweep."""

    name: ClassVar[str] = "certificatesigningrequest-cleaner-controller"
    user: ClassVar[UserInfo] = requests.USER

    def setup(self) -> None:
        self.requests = self.env.informers[requests.REQUESTS]
        self.requests.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        moment = due(new) if new is not None else None
        if moment is not None:
            self._sweep_at(moment)

    def _sweep_at(self, moment: int) -> None:
        self.queue.add_at(_SWEEP, -(-moment // HOUR) * HOUR, background=True)

    def sync(self, key: str) -> None:
        now = self.env.clock.now()
        later: list[int] = []
        for request in self.requests.list():
            moment = due(request)
            if moment is None:
                continue
            if moment > now:
                later.append(moment)
                continue
            own = request["metadata"]
            try:
                self.env.client.delete(requests.REQUESTS, "", own["name"], uid=own["uid"])
            except NotFound:
                continue
        if later:
            self._sweep_at(min(later))
