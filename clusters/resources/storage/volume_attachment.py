"""VolumeAttachment: a volume on its way to, or on, a Node. Models: kubernetes, registry/storage/volumeattachment."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, required, too_long
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import field
from clusters.resources.common.checks import between, needed, subdomain
from clusters.resources.common.columns import AGE, NAME
from clusters.resources.common.meta import immutable_errors
from clusters.resources.common.shown import VOLUME_ATTACHMENT_SPEC
from clusters.resources.pod_spec.volumes import driver_name_errors

MAX_METADATA = 256 * 1024
MAX_MESSAGE = 1024
_SPEC = Path("spec")
_ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


class VolumeAttachmentStrategy(Strategy):
    allow_unconditional_update = False
    validates_whole_update = True
    status_keeps_metadata = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {}).setdefault("source", {})
        obj.setdefault("status", {}).setdefault("attached", False)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {"attached": False}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        """The second half is stricter than what an update asks for."""
        spec = obj["spec"]
        errors = _errors(obj) + driver_name_errors(spec.get("attacher", ""), _SPEC.child("attacher"))
        volume = (spec.get("source") or {}).get("persistentVolumeName")
        return errors if volume is None else errors + subdomain(volume, _SPEC.child("source", "persistentVolumeName"))

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _errors(new) + immutable_errors(new["spec"], old["spec"], _SPEC, VOLUME_ATTACHMENT_SPEC)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_update(new, old, ctx)


def _errors(obj: Obj) -> ErrorList:
    spec = obj["spec"]
    errors = needed(spec, "attacher", _SPEC) + _source_errors(spec.get("source") or {}, _SPEC.child("source"))
    errors += subdomain(spec.get("nodeName", ""), _SPEC.child("nodeName"))
    status, path = obj.get("status") or {}, Path("status")
    size = sum(len(k.encode()) + len(v.encode()) for k, v in (status.get("attachmentMetadata") or {}).items())
    if size > MAX_METADATA:
        errors.append(too_long(path.child("attachmentMetadata"), MAX_METADATA))
    for name in ("attachError", "detachError"):
        errors += _problem_errors(status.get(name) or {}, path.child(name))
    return errors


def _problem_errors(problem: Obj, path: Path) -> ErrorList:
    code, errors = problem.get("errorCode"), ErrorList()
    if len(problem.get("message", "").encode()) > MAX_MESSAGE:
        errors.append(too_long(path.child("message"), MAX_METADATA))  # the server names the wrong limit
    if code is not None and code < 0:
        errors.append(invalid(path.child("errorCode"), code, between(0, 2**31 - 1)))
    return errors


def _source_errors(source: Obj, path: Path) -> ErrorList:
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if name is None and inline is None:
        return [required(path, _ONE_SOURCE)]
    if name is not None and inline is not None:
        return [forbidden(path, _ONE_SOURCE)]
    if name == "":
        return [required(path.child("persistentVolumeName"), "must specify non empty persistentVolumeName")]
    return []


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
