"""PodTemplate. Models: kubernetes, pkg/registry/core/podtemplate."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.columns import NAME, container_images, container_names, labels
from clusters.resources.pod_spec.defaults import default_template
from clusters.resources.pod_spec.template import template_errors
from clusters.resources.pod_spec.warnings import template_warnings

_TEMPLATE = Path("template")


class PodTemplateStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        default_template(obj.setdefault("template", {}))

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return template_errors(obj["template"], _TEMPLATE)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return template_warnings(obj["template"], _TEMPLATE)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return template_errors(new["template"], _TEMPLATE)

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        if new["metadata"].get("generation") == old["metadata"].get("generation"):
            return []
        return template_warnings(new["template"], _TEMPLATE)


def _containers(obj: Obj) -> list[Obj]:
    return list(obj["template"]["spec"].get("containers") or ())


RESOURCE = Resource(
    group="",
    name="podtemplates",
    kind="PodTemplate",
    singular="podtemplate",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.PodTemplate"),),
    strategy=PodTemplateStrategy(),
    columns=(
        NAME,
        Column(
            name="Containers",
            description="Names of each container in the template.",
            value=lambda o, now: container_names(_containers(o)),
        ),
        Column(
            name="Images",
            description="Images referenced by each container in the template.",
            value=lambda o, now: container_images(_containers(o)),
        ),
        Column(
            name="Pod Labels",
            description="The labels for the pod template.",
            value=lambda o, now: labels(o["template"]["metadata"].get("labels")),
        ),
    ),
)
