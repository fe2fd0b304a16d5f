"""Pod.

Models: kubernetes, pkg/registry/core/pod (strategy), core validation (ValidatePodCreate).
"""

from __future__ import annotations

from clusters.kernel.clock import rfc3339
from clusters.machinery.field import ErrorList, Path, forbidden
from clusters.machinery.names import dns1123_label
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.meta import METADATA, object_meta_errors
from clusters.resources.core.pod_columns import COLUMNS
from clusters.resources.core.pod_defaults import default_pod_only, merge_label_keys
from clusters.resources.core.pod_status import (
    address_warnings,
    default_status,
    drop_disabled,
    keep_observed_generation,
    status_errors,
)
from clusters.resources.core.pod_updates import ephemeral_errors, resize_errors, static_errors, update_errors
from clusters.resources.pod_spec.annotations import (
    annotation_rules,
    app_armor_fields,
    match_errors,
    profile_update_errors,
)
from clusters.resources.pod_spec.containers import pod_only_errors
from clusters.resources.pod_spec.defaults import default_pod_spec, drop_init_annotations
from clusters.resources.pod_spec.qos import qos_class
from clusters.resources.pod_spec.validation import pod_spec_errors
from clusters.resources.pod_spec.warnings import pod_warnings

_SPEC = Path("spec")
_ANNOTATIONS = METADATA.child("annotations")


class PodStrategy(Strategy):
    """Pods keep their own generation, for the scheduler's binding does not count.

    `resize` and `ephemeralcontainers` are updates with `ctx.subresource` set: all but their own part of the Pod is
    put back here."""

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        drop_init_annotations(obj.get("metadata") or {})
        default_pod_spec(spec)
        default_pod_only(spec)
        status = obj.get("status")
        if status is None:
            obj["status"] = {}
        elif status:
            default_status(status)

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        spec = obj["spec"]
        # A controller's Pod comes from a template: what only Pods get is still missing.
        default_pod_only(spec)
        obj["metadata"]["generation"] = 1
        status: Obj = {"phase": "Pending", "qosClass": qos_class(spec)}
        if spec.get("schedulingGates"):
            status["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "lastProbeTime": None,
                    "lastTransitionTime": rfc3339(ctx.now),
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]
        obj["status"] = status
        if spec.get("affinity") or spec.get("topologySpreadConstraints"):
            merge_label_keys(obj)
        if obj["metadata"].get("annotations"):
            ctx.warnings += app_armor_fields(obj)

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        errors = _object_errors(obj)
        spec, meta = obj["spec"], obj["metadata"]
        if spec.get("ephemeralContainers"):
            errors.append(forbidden(_SPEC.child("ephemeralContainers"), "cannot be set on create"))
        if spec.get("nodeName") and spec.get("schedulingGates"):
            text = "cannot be set until all schedulingGates have been cleared"
            errors.append(forbidden(_SPEC.child("nodeName"), text))
        if meta.get("annotations"):
            errors += match_errors(meta["annotations"], spec, _SPEC)
        return errors

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        out = []
        if wrong := dns1123_label(obj["metadata"].get("name", "")):
            out.append(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS"
                f" label is recommended: {_bare(wrong)}"
            )
        return out + pod_warnings(obj)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        if ctx.subresource in ("resize", "ephemeralcontainers"):
            _keep_all_but(ctx.subresource, new, old)
        generation = old["metadata"].get("generation", 0)
        if ctx.subresource != "binding" and new["spec"] != old["spec"]:
            generation += 1
        if generation:
            new["metadata"]["generation"] = generation

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        if ctx.subresource == "binding":
            return []
        if ctx.subresource in ("resize", "ephemeralcontainers") and (static := static_errors(old, ctx.subresource)):
            return static
        errors = object_meta_errors(new["metadata"], namespaced=True, validate_name=self.validate_name)
        errors += _object_errors(new, old)
        if ctx.subresource == "resize":
            return errors + resize_errors(new, old)
        errors += _annotation_update_errors(new, old)
        if ctx.subresource == "ephemeralcontainers":
            return errors + ephemeral_errors(new, old)
        return errors + update_errors(new["spec"], old["spec"])

    def prepare_status(self, new: Obj, old: Obj, ctx: Context) -> None:
        meta, before = new["metadata"], old["metadata"]
        if before.get("ownerReferences"):
            meta["ownerReferences"] = before["ownerReferences"]
        else:
            meta.pop("ownerReferences", None)
        status, was = new.setdefault("status", {}), old.get("status") or {}
        if not status.get("qosClass") and was.get("qosClass"):
            status["qosClass"] = was["qosClass"]
        keep_observed_generation(status, was)
        drop_disabled(status)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _annotation_update_errors(new, old) + status_errors(new, old)

    def warn_status(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        return address_warnings(new.get("status") or {})

    def grace_seconds(self, obj: Obj, requested: int | None, ctx: Context) -> int | None:
        spec = obj["spec"]
        period = requested if requested is not None else spec.get("terminationGracePeriodSeconds") or 0
        if not spec.get("nodeName") or (obj.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
            return 0
        return 1 if period < 0 else period


def _object_errors(pod: Obj, old: Obj | None = None) -> ErrorList:
    """What holds for a Pod at any time."""
    spec, meta = pod["spec"], pod["metadata"]
    before = old["metadata"].get("annotations") if old is not None else None
    errors = annotation_rules(meta.get("annotations"), spec, _ANNOTATIONS, before=before)
    errors += pod_spec_errors(spec, _SPEC, pod=meta)
    if not spec.get("serviceAccountName"):
        for i, volume in enumerate(spec.get("volumes") or ()):
            for j, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
                if source.get("serviceAccountToken") is not None:
                    at = _SPEC.child("volumes").index(i).child("projected", "sources").index(j)
                    text = "must not be specified when serviceAccountName is not set"
                    errors.append(forbidden(at.child("serviceAccountToken"), text))
    for name in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(name) or ()):
            errors += pod_only_errors(container, _SPEC.child(name).index(i))
    return errors


def _annotation_update_errors(new: Obj, old: Obj) -> ErrorList:
    after, before = new["metadata"].get("annotations") or {}, old["metadata"].get("annotations") or {}
    if not after and not before:
        return []
    errors = profile_update_errors(after, before, _ANNOTATIONS)
    return errors + annotation_rules(after, new["spec"], _ANNOTATIONS, before=before)


def _keep_all_but(subresource: str, new: Obj, old: Obj) -> None:
    """Put back what the subresource may not change."""
    spec, before = new["spec"], old["spec"]
    if subresource == "ephemeralcontainers":
        kept = dict(before)
        kept.pop("ephemeralContainers", None)
        if spec.get("ephemeralContainers"):
            kept["ephemeralContainers"] = spec["ephemeralContainers"]
    else:
        sizes = [len(spec.get(n) or ()) == len(before.get(n) or ()) for n in ("containers", "initContainers")]
        if not all(sizes):
            return
        kept = dict(before)
        kept.pop("resources", None)
        if spec.get("resources") is not None:
            kept["resources"] = spec["resources"]
        for name in ("containers", "initContainers"):
            if spec.get(name):
                kept[name] = _resized(spec[name], before[name])
    new["spec"] = kept
    new["status"] = old.get("status") or {}
    keep = ("finalizers", "ownerReferences", "labels", "annotations", "deletionTimestamp", "deletionGracePeriodSeconds")
    for name in keep:
        if name in old["metadata"]:
            new["metadata"][name] = old["metadata"][name]
        else:
            new["metadata"].pop(name, None)


def _resized(new: list[Obj], old: list[Obj]) -> list[Obj]:
    out = []
    for after, before in zip(new, old, strict=True):
        if after.get("name") != before.get("name"):
            return new
        merged = {**before, "resources": after.get("resources") or {}}
        merged.pop("resizePolicy", None)
        if after.get("resizePolicy"):
            merged["resizePolicy"] = after["resizePolicy"]
        out.append(merged)
    return out


def _bare(words: list[str]) -> str:
    """Go's `%v` of a list of strings."""
    return "[" + " ".join(words) + "]"


def _pod_ip(obj: Obj) -> str:
    ips = (obj.get("status") or {}).get("podIPs") or ()
    return str(ips[0].get("ip", "")) if ips else ""


RESOURCE = Resource(
    group="",
    name="pods",
    kind="Pod",
    singular="pod",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.Pod"),),
    short_names=("po",),
    categories=("all",),
    subresources=(
        Subresource(name="attach", verbs=("create", "get"), kind="PodAttachOptions"),
        Subresource(name="binding", verbs=("create",), kind="Binding"),
        Subresource(name="ephemeralcontainers"),
        Subresource(name="eviction", verbs=("create",), kind="Eviction", group="policy", version="v1"),
        Subresource(name="exec", verbs=("create", "get"), kind="PodExecOptions"),
        Subresource(name="log", verbs=("get",)),
        Subresource(name="portforward", verbs=("create", "get"), kind="PodPortForwardOptions"),
        Subresource(name="proxy", verbs=("create", "delete", "get", "patch", "update"), kind="PodProxyOptions"),
        Subresource(name="resize"),
        Subresource(name="status"),
    ),
    strategy=PodStrategy(),
    columns=COLUMNS,
    fields={
        "spec.nodeName": lambda o: o["spec"].get("nodeName", ""),
        "spec.host": lambda o: o["spec"].get("nodeName", ""),
        "spec.restartPolicy": lambda o: o["spec"].get("restartPolicy", ""),
        "spec.schedulerName": lambda o: o["spec"].get("schedulerName", ""),
        "spec.serviceAccountName": lambda o: o["spec"].get("serviceAccountName", ""),
        "spec.hostNetwork": lambda o: "true" if o["spec"].get("hostNetwork") else "false",
        "status.phase": lambda o: (o.get("status") or {}).get("phase", ""),
        "status.podIP": _pod_ip,
        # Accepted, but never set by the server that has it.
        "status.podIPs": lambda o: "",
        "status.nominatedNodeName": lambda o: (o.get("status") or {}).get("nominatedNodeName", ""),
    },
)
