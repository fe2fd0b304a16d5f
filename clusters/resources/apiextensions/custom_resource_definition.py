"""CustomResourceDefinition: a kind that a user adds.

Here are its defaults and the shape of its status; `validation` holds the rules. Whether its names are accepted and
when it is established is for whoever serves it to say, in the status.
Models: apiextensions-apiserver, pkg/registry/customresourcedefinition and apis/apiextensions/v1 defaults.
"""

from __future__ import annotations

from clusters.kernel.clock import rfc3339
from clusters.machinery.field import ErrorList
from clusters.machinery.types import Obj
from clusters.resources.apiextensions import naming, validation
from clusters.resources.apiextensions.warnings import format_warnings
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.columns import NAME
from clusters.resources.common.webhooks import SERVICE_PORT

QUALIFIED = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that holds a definition until its instances are gone."""


class CustomResourceDefinitionStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        names = spec.setdefault("names", {})
        if not names.get("singular"):
            names["singular"] = names.get("kind", "").lower()
        if not names.get("listKind") and names.get("kind"):
            names["listKind"] = names["kind"] + "List"
        conversion = spec.get("conversion")
        if conversion is None:
            spec["conversion"] = {"strategy": "None"}
        else:
            service = at(conversion, "webhook", "clientConfig", "service")
            if service is not None and service.get("port") is None:
                service["port"] = SERVICE_PORT
        status = obj.setdefault("status", {})
        status.setdefault("conditions", None)
        status.setdefault("acceptedNames", {"plural": "", "kind": ""})
        status.setdefault("storedVersions", None)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {
            "conditions": None,
            "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": None,
        }
        _remember_stored(obj)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return validation.definition_errors(obj)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return format_warnings(obj)

    def follow_up(self, obj: Obj, ctx: Context) -> Obj:
        """Its names are accepted, or not, at once: who waits for the conditions need not wait for a loop."""
        group = obj["spec"].get("group")
        others = [d for d in ctx.lookup.list(QUALIFIED) if d["spec"]["group"] == group]
        accepted, *conditions = naming.accept(obj, others)
        time = rfc3339(ctx.now)
        found = [naming.stamped(condition, time) for condition in conditions]
        status = {**obj["status"], "acceptedNames": accepted, "conditions": found}
        return {**obj, "metadata": dict(obj["metadata"]), "status": status}

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        new["status"] = dict(old.get("status") or {})
        _remember_stored(new)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return validation.update_errors(new, old)

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return format_warnings(new, old)

    def holds(self, obj: Obj) -> bool:
        """The first delete only marks: its instances go first (the finalizer holds it from then on)."""
        return "deletionTimestamp" not in obj["metadata"]

    def prepare_delete(self, obj: Obj, ctx: Context) -> None:
        meta = obj["metadata"]
        meta["generation"] = meta.get("generation", 2) - 1  # being marked is no change of the definition
        if CLEANUP not in (meta.get("finalizers") or ()):
            meta["finalizers"] = [*(meta.get("finalizers") or ()), CLEANUP]
        condition = {
            "type": "Terminating",
            "status": "True",
            "lastTransitionTime": rfc3339(ctx.now),
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will be initiated soon",
        }
        status = obj.get("status") or {}
        obj["status"] = {**status, "conditions": [*(status.get("conditions") or ()), condition]}

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return validation.status_errors(new)


def _remember_stored(obj: Obj) -> None:
    """The storage version is one that objects are stored in from now on."""
    storage = next((v.get("name") for v in obj["spec"].get("versions") or () if v.get("storage")), None)
    stored = obj["status"].get("storedVersions") or []
    if storage is not None and storage not in stored:
        obj["status"]["storedVersions"] = [*stored, storage]


RESOURCE = Resource(
    group="apiextensions.k8s.io",
    name="customresourcedefinitions",
    kind="CustomResourceDefinition",
    singular="customresourcedefinition",
    namespaced=False,
    versions=(
        Version(
            name="v1",
            schema="io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
        ),
    ),
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=(Subresource(name="status"),),
    strategy=CustomResourceDefinitionStrategy(),
    columns=(
        NAME,
        Column(
            name="Created At",
            type="date",
            description="CreationTimestamp is a timestamp representing the server time when this object was created. It"
            " is not guaranteed to be set in happens-before order across separate operations.",
            value=field("metadata", "creationTimestamp"),
        ),
    ),
)
