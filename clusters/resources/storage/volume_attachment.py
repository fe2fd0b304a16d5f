"""VolumeAttachment: a volume on its way to, or on, a Node. Models: kubernetes, registry/storage/volumeattachment."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, required
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import field
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors
from clusters.resources.common.shown import VOLUME_ATTACHMENT_SPEC
from clusters.resources.pod_spec.volumes import driver_name_errors

_SPEC = Path("spec")


class VolumeAttachmentStrategy(Strategy):
    allow_unconditional_update = False

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {}).setdefault("source", {})
        obj.setdefault("status", {}).setdefault("attached", False)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"attached": False}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors = driver_name_errors(spec.get("attacher", ""), _SPEC.child("attacher"))
        errors += _source_errors(spec.get("source") or {}, _SPEC.child("source"))
        node = spec.get("nodeName", "")
        return errors + [invalid(_SPEC.child("nodeName"), node, text) for text in dns1123_subdomain(node)]

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = self.validate_create(new, ctx)
        return errors + immutable_errors(new["spec"], old["spec"], _SPEC, VOLUME_ATTACHMENT_SPEC)


def _source_errors(source: Obj, path: Path) -> ErrorList:
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if name is None and inline is None:
        return [required(path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName")]
    if name is not None and inline is not None:
        return [forbidden(path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName")]
    at = path.child("persistentVolumeName")
    if name == "":
        return [required(at, "must specify non empty persistentVolumeName")]
    return [invalid(at, name, text) for text in dns1123_subdomain(name)] if name is not None else []


RESOURCE = Resource(
    group="storage.k8s.io",
    name="volumeattachments",
    kind="VolumeAttachment",
    singular="volumeattachment",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.storage.v1.VolumeAttachment"),),
    subresources=(Subresource(name="status"),),
    strategy=VolumeAttachmentStrategy(),
    columns=(
        NAME,
        Column(
            name="Attacher",
            format="name",
            description="attacher indicates the name of the volume driver that MUST handle this request.",
            value=field("spec", "attacher"),
        ),
        Column(
            name="PV",
            description="persistentVolumeName represents the name of the persistent volume to attach.",
            value=field("spec", "source", "persistentVolumeName"),
        ),
        Column(
            name="Node",
            description="nodeName represents the node that the volume should be attached to.",
            value=field("spec", "nodeName"),
        ),
        Column(
            name="Attached",
            type="boolean",
            description="attached indicates the volume is successfully attached.",
            value=field("status", "attached", default=False),
        ),
        AGE,
    ),
)
