"""ResourceClaim and ResourceClaimTemplate: devices that a Pod needs.

Models: kubernetes, registry/resource/resourceclaim and resourceclaimtemplate.
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Strategy
from clusters.resources.common.cells import at
from clusters.resources.common.checks import IMMUTABLE
from clusters.resources.common.meta import annotation_errors, immutable_errors, label_errors
from clusters.resources.common.shown import shown
from clusters.resources.resource.allocation import claim_status_errors, drop_released
from clusters.resources.resource.requests import claim_spec_errors, default_requests
from clusters.resources.resource.shapes import CLAIM_SPEC
from clusters.resources.resource.status_rights import status_rights_errors

ADMIN_LABEL = "resource.kubernetes.io/admin-access"
_SPEC = Path("spec")
_NOT_ADMIN = f"admin access to devices requires the `{ADMIN_LABEL}: true` label on the containing namespace"


class ResourceClaimStrategy(Strategy):
    """A claim's spec is fixed: what it asks for is decided once."""

    validates_whole_update = True
    status_keeps_metadata = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {})
        default_requests(obj["spec"])

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _admin_errors(obj["spec"], ctx) + claim_spec_errors(obj["spec"], _SPEC)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _admin_errors(new["spec"], ctx) + immutable_errors(new["spec"], old["spec"], _SPEC, CLAIM_SPEC)

    def prepare_status(self, new: Obj, old: Obj, ctx: Context) -> None:
        status = dict(new.get("status") or {})
        drop_released(status, old.get("status") or {})
        new["status"] = status

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = _admin_status_errors(new, old, ctx) + status_rights_errors(new, old, ctx)
        return errors + claim_status_errors(new, old)


class ResourceClaimTemplateStrategy(Strategy):
    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        spec.setdefault("metadata", {})
        default_requests(spec.setdefault("spec", {}))

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        claim = obj["spec"].get("spec") or {}
        meta, path = obj["spec"].get("metadata") or {}, _SPEC.child("metadata")
        errors = _admin_errors(claim, ctx)
        errors += annotation_errors(meta.get("annotations"), path.child("annotations"))
        errors += label_errors(meta.get("labels"), path.child("labels"))
        return errors + claim_spec_errors(claim, _SPEC.child("spec"))

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        spec = new["spec"]
        errors = _admin_errors(spec.get("spec") or {}, ctx)
        if immutable_errors(spec, old["spec"], _SPEC):
            # Its metadata stand beside the claim's spec in the server's own type.
            value = {**(spec.get("metadata") or {}), "Spec": shown(spec.get("spec") or {}, CLAIM_SPEC)}
            errors.append(invalid(_SPEC, value, IMMUTABLE))
        return errors


def _admin_errors(claim: Obj, ctx: Context) -> ErrorList:
    """Devices in use by others are for namespaces that say so."""
    for i, request in enumerate(at(claim, "devices", "requests") or ()):
        if at(request, "exactly", "adminAccess"):
            return _namespace_errors(_SPEC.child("devices", "requests").index(i).child("adminAccess"), ctx)
    return []


def _admin_status_errors(new: Obj, old: Obj, ctx: Context) -> ErrorList:
    if _granted(old) is not None:
        return []
    granted = _granted(new)
    if granted is None:
        return []
    path = Path("status").child("allocation", "devices", "results").index(granted).child("adminAccess")
    return _namespace_errors(path, ctx)


def _granted(claim: Obj) -> int | None:
    """The first result that grants it."""
    results = at(claim, "status", "allocation", "devices", "results") or ()
    return next((i for i, result in enumerate(results) if result.get("adminAccess")), None)


def _namespace_errors(path: Path, ctx: Context) -> ErrorList:
    namespace = ctx.lookup.get("namespaces", "", ctx.namespace) or {}
    allowed = at(namespace, "metadata", "labels", ADMIN_LABEL) == "true"
    return [] if allowed else [forbidden(path, _NOT_ADMIN)]
