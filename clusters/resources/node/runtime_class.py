"""RuntimeClass: how containers are run, what that costs, and where. Models: kubernetes, registry/node/runtimeclass."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import field
from clusters.resources.common.checks import label
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors, label_errors
from clusters.resources.common.quantities import amount_errors, container_resource_errors
from clusters.resources.pod_spec.scheduling import toleration_errors
from clusters.resources.pod_spec.warnings import DEPRECATED_NODE_LABELS

_HANDLER = Path("handler")


class RuntimeClassStrategy(Strategy):
    allow_unconditional_update = False
    validates_whole_update = True

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = label(obj.get("handler", ""), _HANDLER)
        for name, value in ((obj.get("overhead") or {}).get("podFixed") or {}).items():
            path = Path("overhead").child("limits").key(name)
            errors += container_resource_errors(name, path) + amount_errors(name, value, path)
        scheduling, path = obj.get("scheduling") or {}, Path("scheduling")
        errors += label_errors(scheduling.get("nodeSelector"), path.child("nodeSelector"))
        return errors + toleration_errors(scheduling.get("tolerations") or (), path.child("tolerations"))

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        return errors + immutable_errors(new.get("handler"), old.get("handler"), _HANDLER)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        keys = (obj.get("scheduling") or {}).get("nodeSelector") or ()
        return [f"scheduling.nodeSelector: {DEPRECATED_NODE_LABELS[k]}" for k in keys if k in DEPRECATED_NODE_LABELS]

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return self.warn_create(new, ctx)


RESOURCE = Resource(
    group="node.k8s.io",
    name="runtimeclasses",
    kind="RuntimeClass",
    singular="runtimeclass",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.node.v1.RuntimeClass"),),
    strategy=RuntimeClassStrategy(),
    columns=(
        NAME,
        Column(
            name="Handler",
            # The server looks for the text among those of ObjectMeta.
            value=field("handler"),
        ),
        AGE,
    ),
)
