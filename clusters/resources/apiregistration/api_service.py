"""APIService: who serves a group and version. Ours are all local; others are stored, and never called.

Models: kube-aggregator, pkg/registry/apiservice and apiregistration validation.
"""

from __future__ import annotations

from clusters.kernel.clock import rfc3339
from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required
from clusters.machinery.names import dns1035_label, dns1123_subdomain, path_segment_name
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.core.config_map import decoded_size

MAX_GROUP_PRIORITY = 20_000
MAX_VERSION_PRIORITY = 1000
SERVICE_PORT = 443
_SPEC = Path("spec")
_STATUSES = ("True", "False", "Unknown")


class APIServiceStrategy(Strategy):
    allow_unconditional_update = False
    status_keeps_metadata = True
    validates_whole_update = True

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return path_segment_name(name, prefix=prefix)

    def default(self, obj: Obj) -> None:
        service = obj.setdefault("spec", {}).get("service")
        if service is not None and service.get("port") is None:
            service["port"] = SERVICE_PORT
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}
        if obj["spec"].get("service") is None:
            obj["status"] = {"conditions": [local_condition(ctx)]}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec, name = obj["spec"], obj["metadata"].get("name", "")
        group, version = spec.get("group", ""), spec.get("version", "")
        errors: ErrorList = []
        if name != f"{version}.{group}":
            why = f'must be `spec.version+"."+spec.group`: "{version}.{group}"'
            errors.append(invalid(Path("metadata").child("name"), name, why))
        if not group:
            if version != "v1":
                why = "only v1 may have an empty group and it better be legacy kube"
                errors.append(required(_SPEC.child("group"), why))
        else:
            errors += [invalid(_SPEC.child("group"), group, text) for text in dns1123_subdomain(group)]
        errors += [invalid(_SPEC.child("version"), version, text) for text in dns1035_label(version)]
        for field, limit in (
            ("groupPriorityMinimum", MAX_GROUP_PRIORITY),
            ("versionPriority", MAX_VERSION_PRIORITY),
        ):
            value = spec.get(field, 0)
            if not 0 < value <= limit:
                why = f"must be positive and less than {limit}"
                errors.append(invalid(_SPEC.child(field), value, why))
        return errors + _service_errors(spec)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        path = Path("status").child("conditions")
        return [
            not_supported(path.index(i).child("status"), condition.get("status", ""), _STATUSES)
            for i, condition in enumerate(at(new, "status", "conditions") or ())
            if condition.get("status") not in _STATUSES
        ]


def local_condition(ctx: Context) -> Obj:
    return {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": rfc3339(ctx.now),
        "reason": "Local",
        "message": "Local APIServices are always available",
    }


def _service_errors(spec: Obj) -> ErrorList:
    service, bundle, insecure = spec.get("service"), spec.get("caBundle"), spec.get("insecureSkipTLSVerify")
    errors: ErrorList = []
    if service is None:
        if bundle:
            size = f"{decoded_size(bundle)} bytes"
            errors.append(invalid(_SPEC.child("caBundle"), size, "local APIServices may not have a caBundle"))
        if insecure:
            why = "local APIServices may not have insecureSkipTLSVerify"
            errors.append(invalid(_SPEC.child("insecureSkipTLSVerify"), insecure, why))
        return errors
    path = _SPEC.child("service")
    errors += [required(path.child(name)) for name in ("namespace", "name") if not service.get(name)]
    port = service.get("port", SERVICE_PORT)
    if not 1 <= port <= 65535:
        errors.append(invalid(path.child("port"), port, "port is not valid: must be between 1 and 65535, inclusive"))
    if insecure and bundle:
        at_ = _SPEC.child("insecureSkipTLSVerify")
        errors.append(invalid(at_, insecure, "may not be true if caBundle is present"))
    return errors


def _service(obj: Obj, now: int) -> str:
    service = at(obj, "spec", "service")
    return f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"


def _available(obj: Obj, now: int) -> str:
    for condition in at(obj, "status", "conditions") or ():
        if condition.get("type") == "Available":
            status = str(condition.get("status", ""))
            return status if status == "True" else f"{status} ({condition.get('reason', '')})"
    return "Unknown"


RESOURCE = Resource(
    group="apiregistration.k8s.io",
    name="apiservices",
    kind="APIService",
    singular="apiservice",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService"),),
    categories=("api-extensions",),
    subresources=(Subresource(name="status"),),
    strategy=APIServiceStrategy(),
    columns=(
        NAME,
        Column(
            name="Service",
            description="The reference to the service that hosts this API endpoint.",
            value=_service,
        ),
        Column(name="Available", description="Whether this service is available.", value=_available),
        AGE,
    ),
)
