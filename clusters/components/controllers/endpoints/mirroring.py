"""EndpointSlices of Endpoints that people write themselves, for Services without a selector.

Models: kube-controller-manager, endpointslicemirroring/endpointslicemirroring_controller.go.
"""

from __future__ import annotations

from typing import Any, ClassVar

from clusters.client.component import Controller, controller_user
from clusters.client.informer import key_of
from clusters.components.controllers.endpoints.slices import MANAGED_BY, SERVICE_NAME, SLICES
from clusters.components.controllers.shared.objects import draft
from clusters.machinery import meta
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

SKIP = "endpointslice.kubernetes.io/skip-mirror"
CONTROLLER = "endpointslicemirroring-controller.k8s.io"
_NOT_MIRRORED = ("kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time")


class EndpointSliceMirroringController(Controller):
    """Keys are Endpoints."""

    name: ClassVar[str] = "endpointslice-mirroring-controller"
    user: ClassVar[UserInfo] = controller_user("endpointslicemirroring-controller")

    def setup(self) -> None:
        informers = self.env.informers
        self.endpoints, self.services, self.slices = informers["endpoints"], informers["services"], informers[SLICES]
        self.slices.add_index("mirrored", _mirrored)
        self.endpoints.on_change(self._changed)
        self.services.on_change(self._changed)
        self.slices.on_change(self._slice_changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        obj = new or old
        assert obj is not None
        self.queue.add(key_of(obj))

    def _slice_changed(self, old: Obj | None, new: Obj | None) -> None:
        obj = new or old
        assert obj is not None
        for key in _mirrored(obj):
            self.queue.add(key)

    def sync(self, key: str) -> None:
        source, service = self.endpoints.by_key(key), self.services.by_key(key)
        existing = list(self.slices.by_index("mirrored", key))
        if source is None or service is None or not _wants_mirror(source) or service["spec"].get("selector"):
            for each in existing:
                self._delete(each)
            return
        for i, subset in enumerate(source.get("subsets") or ()):
            new = _slice(source, subset)
            if i < len(existing):
                self._update(existing[i], new)
            else:
                self.env.client.create(SLICES, source["metadata"]["namespace"], new)
        for each in existing[len(source.get("subsets") or ()) :]:
            self._delete(each)

    def _update(self, stored: Obj, new: Obj) -> None:
        same = all(stored.get(k) == new.get(k) for k in ("endpoints", "ports"))
        if same and stored["metadata"].get("labels") == new["metadata"]["labels"]:
            return
        changed = draft(stored, endpoints=new["endpoints"], ports=new["ports"])
        changed["metadata"]["labels"] = new["metadata"]["labels"]
        self.env.client.update(SLICES, changed)

    def _delete(self, stored: Obj) -> None:
        own = stored["metadata"]
        try:
            self.env.client.delete(SLICES, own["namespace"], own["name"], uid=own["uid"])
        except NotFound:
            return


def _mirrored(obj: Obj) -> tuple[str, ...]:
    labels = obj["metadata"].get("labels") or {}
    if labels.get(MANAGED_BY) != CONTROLLER:
        return ()
    return (f"{obj['metadata']['namespace']}/{labels.get(SERVICE_NAME, '')}",)


def _wants_mirror(source: Obj) -> bool:
    own = source["metadata"]
    if (own.get("labels") or {}).get(SKIP) == "true":
        return False
    return "control-plane.alpha.kubernetes.io/leader" not in (own.get("annotations") or {})


def _slice(source: Obj, subset: dict[str, Any]) -> Obj:
    own = source["metadata"]
    endpoints = [_endpoint(a, ready=True) for a in subset.get("addresses") or ()]
    endpoints += [_endpoint(a, ready=False) for a in subset.get("notReadyAddresses") or ()]
    ports = [
        {"name": p.get("name", ""), "port": p["port"], "protocol": p.get("protocol", "TCP")}
        | ({"appProtocol": p["appProtocol"]} if p.get("appProtocol") else {})
        for p in subset.get("ports") or ()
    ]
    metadata: Obj = {
        "generateName": f"{own['name']}-"[:58],
        "namespace": own["namespace"],
        "labels": {**(own.get("labels") or {}), SERVICE_NAME: own["name"], MANAGED_BY: CONTROLLER},
        "ownerReferences": [meta.owner_reference({"apiVersion": "v1", "kind": "Endpoints", **source})],
    }
    annotations = {k: v for k, v in (own.get("annotations") or {}).items() if k not in _NOT_MIRRORED}
    if annotations:
        metadata["annotations"] = annotations
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv6" if any(":" in a for e in endpoints for a in e["addresses"]) else "IPv4",
        "endpoints": endpoints or None,
        "ports": ports or None,
    }


def _endpoint(address: dict[str, Any], *, ready: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for key in ("hostname", "nodeName", "targetRef"):
        if address.get(key):
            out[key] = address[key]
    return out
