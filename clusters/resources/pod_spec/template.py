"""PodTemplateSpec validation. Models: kubernetes, core validation (ValidatePodTemplateSpec)."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden
from clusters.machinery.types import Obj
from clusters.resources.common.meta import annotation_errors, label_errors
from clusters.resources.pod_spec.annotations import annotation_rules, match_errors
from clusters.resources.pod_spec.validation import pod_spec_errors


def template_errors(template: Obj, path: Path) -> ErrorList:
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    errors: ErrorList = []
    if meta.get("labels"):
        errors += label_errors(meta["labels"], path.child("labels"))
    annotations = meta.get("annotations")
    if annotations:
        errors += annotation_errors(annotations, path.child("annotations"))
        errors += annotation_rules(annotations, spec, path.child("annotations"))
    errors += pod_spec_errors(spec, path.child("spec"))
    if annotations:
        errors += match_errors(annotations, spec, path.child("spec"))
    if spec.get("ephemeralContainers"):
        text = "ephemeral containers not allowed in pod template"
        errors.append(forbidden(path.child("spec", "ephemeralContainers"), text))
    return errors
