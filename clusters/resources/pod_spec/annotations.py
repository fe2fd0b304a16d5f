"""Annotations that mean something to Pods: mirror Pods, deletion cost, seccomp and AppArmor of old.

Models: kubernetes, core validation (ValidatePodSpecificAnnotations, validateSeccompAnnotationsAndFields,
validateAppArmorAnnotationsAndFieldsMatchOnCreate).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from clusters.machinery.field import ErrorList, Path, forbidden, go_quote, invalid
from clusters.machinery.types import Obj
from clusters.resources.common.annotated import listed
from clusters.resources.common.checks import local_path
from clusters.resources.pod_spec.containers import each_container
from clusters.resources.pod_spec.scheduling import toleration_errors
from clusters.resources.pod_spec.security import app_armor_errors

MIRROR = "kubernetes.io/config.mirror"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APPARMOR_CONTAINER = "container.apparmor.security.beta.kubernetes.io/"
APPARMOR_DEPRECATED = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_LOCAL = "localhost/"
_RUNTIME = "runtime/default"
_DEFAULTS = (_RUNTIME, "docker/default")
_WATCHED = ("kubernetes.io/", "controller.kubernetes.io/", "scheduler.", "seccomp.", "container.")
_INT32 = re.compile(r"[+-]?[0-9]+").fullmatch


def annotation_rules(
    annotations: Mapping[str, str] | None, spec: Obj, path: Path, *, before: Mapping[str, str] | None = None
) -> ErrorList:
    """`before`: the annotations that are replaced; a deletion cost that was wrong already may stay wrong."""
    if not annotations or not any(key.startswith(_WATCHED) for key in annotations):
        return []
    errors: ErrorList = []
    if MIRROR in annotations and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(invalid(path.key(MIRROR), annotations[MIRROR], text))
    if annotations.get(TOLERATIONS):
        errors += _toleration_errors(annotations[TOLERATIONS], path)
    cost, was = annotations.get(DELETION_COST), (before or {}).get(DELETION_COST)
    if cost is not None and not _is_cost(cost) and (was is None or _is_cost(was)):
        errors.append(invalid(path.key(DELETION_COST), cost, "must be a 32bit integer"))
    if SECCOMP_POD in annotations:
        errors += _seccomp_errors(annotations[SECCOMP_POD], path.child(SECCOMP_POD))
    for key, value in annotations.items():
        if key.startswith(SECCOMP_CONTAINER):
            errors += _seccomp_errors(value, path.child(key))
    for key, value in annotations.items():
        if key.startswith(APPARMOR_CONTAINER):
            name = key.removeprefix(APPARMOR_CONTAINER)
            if not any(c.get("name") == name for c, _ in each_container(spec, path)):
                errors.append(invalid(path.key(key), name, "container not found"))
            if value not in ("", _RUNTIME, "unconfined") and not value.startswith(_LOCAL):
                text = f"invalid AppArmor profile name: {go_quote(value)}"
                errors.append(invalid(path.key(key), value, text))
    return errors


def _toleration_errors(text: str, path: Path) -> ErrorList:
    """Of the JSON list of the days before `spec.tolerations`."""
    tolerations, wrong = listed(text, "core.Toleration")
    return [invalid(path, TOLERATIONS, wrong)] if wrong else toleration_errors(tolerations, path.child(TOLERATIONS))


def _is_cost(text: str) -> bool:
    """An int32 without a plus sign or leading zeros."""
    if not _INT32(text) or text.startswith("+") or (text.startswith("0") and text != "0"):
        return False
    return -(2**31) <= int(text) < 2**31


def _seccomp_errors(profile: str, path: Path) -> ErrorList:
    if profile in (*_DEFAULTS, "unconfined"):
        return []
    if profile.startswith(_LOCAL):
        return local_path(profile.removeprefix(_LOCAL), path)
    return [invalid(path, profile, "must be a valid seccomp profile")]


def match_errors(annotations: Mapping[str, str] | None, spec: Obj, path: Path) -> ErrorList:
    """Where an annotation and the field that replaced it are both given, they must agree."""
    if not annotations or not any(key.startswith(_WATCHED) for key in annotations):
        return []
    errors: ErrorList = []
    context = spec.get("securityContext") or {}
    if SECCOMP_POD in annotations and context.get("seccompProfile") is not None:
        errors += _match(
            annotations[SECCOMP_POD],
            context["seccompProfile"],
            path.child("securityContext", "seccompProfile"),
            "seccomp",
        )
    for container, at in each_container(spec, path):
        value = annotations.get(SECCOMP_CONTAINER + container.get("name", ""))
        profile = (container.get("securityContext") or {}).get("seccompProfile")
        if value is not None and profile is not None:
            errors += _match(value, profile, at.child("securityContext", "seccompProfile"), "seccomp")
    if (spec.get("os") or {}).get("name") == "windows":
        return errors
    for container, at in each_container(spec, path):
        value = annotations.get(APPARMOR_CONTAINER + container.get("name", ""))
        own = (container.get("securityContext") or {}).get("appArmorProfile")
        profile = own if own is not None else context.get("appArmorProfile")
        if value is not None and profile is not None:
            errors += _match(value, profile, at.child("securityContext", "appArmorProfile"), "apparmor")
    return errors


def _match(value: str, profile: Obj, path: Path, what: str) -> ErrorList:
    kind = profile.get("type")
    defaults = _DEFAULTS if what == "seccomp" else (_RUNTIME,)
    same = {
        "Unconfined": value == "unconfined",
        "RuntimeDefault": value in defaults,
        "Localhost": value.startswith(_LOCAL),
    }.get(str(kind), True)
    if not same:
        return [forbidden(path.child("type"), f"{what} type in annotation and field must match")]
    if kind == "Localhost" and value.removeprefix(_LOCAL) != profile.get("localhostProfile"):
        text = f"{what} profile in annotation and field must match"
        return [forbidden(path.child("localhostProfile"), text)]
    return []


def app_armor_fields(pod: Obj) -> list[str]:
    """Turn the AppArmor annotations of a new Pod into fields; returns what is warned of."""
    spec, annotations = pod["spec"], pod["metadata"]["annotations"]
    if (spec.get("os") or {}).get("name") == "windows":
        return []
    out = []
    for container, _ in each_container(spec, Path("spec")):
        key = APPARMOR_CONTAINER + container.get("name", "")
        context = container.get("securityContext") or {}
        if key not in annotations or context.get("appArmorProfile") is not None:
            continue
        profile = _app_armor_profile(annotations[key])
        if profile is not None and profile == (spec.get("securityContext") or {}).get("appArmorProfile"):
            continue
        if profile is not None:
            container["securityContext"] = {**context, "appArmorProfile": profile}
        out.append(f"{Path('metadata').child('annotations').key(key)}: {APPARMOR_DEPRECATED}")
    return out


def _app_armor_profile(value: str) -> Obj | None:
    profile: Obj | None = None
    if value == "unconfined":
        profile = {"type": "Unconfined"}
    elif value == _RUNTIME:
        profile = {"type": "RuntimeDefault"}
    elif value.startswith(_LOCAL) and value != _LOCAL:
        profile = {"type": "Localhost", "localhostProfile": value.removeprefix(_LOCAL)}
    return None if app_armor_errors(profile, Path("")) else profile


def profile_update_errors(new: Mapping[str, str], old: Mapping[str, str], path: Path) -> ErrorList:
    """Mirror and AppArmor annotations stay as they were created."""
    errors: ErrorList = []
    for key, value in old.items():
        if new.get(key) != value:
            if key.startswith(APPARMOR_CONTAINER):
                errors.append(forbidden(path.key(key), "may not remove or update AppArmor annotations"))
            if key == MIRROR:
                errors.append(forbidden(path.key(key), "may not remove or update mirror pod annotation"))
    for key in new:
        if key not in old:
            if key.startswith(APPARMOR_CONTAINER):
                errors.append(forbidden(path.key(key), "may not add AppArmor annotations"))
            if key == MIRROR:
                errors.append(forbidden(path.key(key), "may not add mirror pod annotation"))
    return errors
