"""Environment variables of containers, and references to fields of the Pod.

Models: kubernetes, core validation (ValidateEnv, ValidateEnvFrom, validateObjectFieldSelector).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required
from clusters.machinery.names import config_key, dns1123_subdomain, relaxed_env_name
from clusters.machinery.types import Obj
from clusters.resources.common.checks import label, needed, no_backsteps, qualified

ENV_FIELDS = frozenset(
    {
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    }
)
VOLUME_FIELDS = frozenset(
    {"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"}
)
_KNOWN_FIELDS = ENV_FIELDS | VOLUME_FIELDS | {"spec.restartPolicy", "spec.schedulerName", "status.phase"}
_RESOURCES = frozenset(
    f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGEPAGES = ("limits.hugepages-", "requests.hugepages-")
_CPU_DIVISORS = frozenset({"1m", "1"})
_SIZE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_SIZE_TEXT = f"only divisor's values {', '.join(_SIZE_DIVISORS)} are supported with the %s resource"

_SUBSCRIPT = re.compile(r"(.+?)\['(.*)'\]", re.DOTALL).fullmatch


def env_errors(variables: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, variable in enumerate(variables):
        name = variable.get("name", "")
        if not name:
            errors.append(required(path.index(i).child("name")))
        else:
            errors.extend(invalid(path.index(i).child("name"), name, text) for text in relaxed_env_name(name))
        if variable.get("valueFrom") is not None:
            errors += _value_from_errors(variable, path.index(i).child("valueFrom"))
    return errors


def _value_from_errors(variable: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    source = variable["valueFrom"]
    sources = 0
    if source.get("fieldRef") is not None:
        sources += 1
        errors += field_ref_errors(source["fieldRef"], ENV_FIELDS, path.child("fieldRef"))
    if source.get("resourceFieldRef") is not None:
        sources += 1
        errors += resource_ref_errors(source["resourceFieldRef"], path.child("resourceFieldRef"), volume=False)
    for name in ("configMapKeyRef", "secretKeyRef"):
        if source.get(name) is not None:
            sources += 1
            errors += _key_ref_errors(source[name], path.child(name))
    if source.get("fileKeyRef") is not None:
        sources += 1
        errors += _file_ref_errors(source["fileKeyRef"], path.child("fileKeyRef"))
    if not sources:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errors.append(invalid(path, "", text))
    elif variable.get("value"):
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif sources > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def field_ref_errors(ref: Obj, allowed: Collection[str], path: Path) -> ErrorList:
    """An ObjectFieldSelector: `metadata.name`, `metadata.labels['app']`, ..."""
    version, field_path = ref.get("apiVersion", ""), ref.get("fieldPath", "")
    if not version:
        return [required(path.child("apiVersion"))]
    if not field_path:
        return [required(path.child("fieldPath"))]
    found = _SUBSCRIPT(field_path)
    if version != "v1":
        text = f"error converting fieldPath: unsupported pod version: {version}"
        return [invalid(path.child("fieldPath"), field_path, text)]
    if found:
        base, subscript = found.groups()
        if base == "metadata.annotations":
            return qualified(subscript.lower(), path)
        if base == "metadata.labels":
            return qualified(subscript, path)
        text = f"error converting fieldPath: field label does not support subscript: {field_path}"
        return [invalid(path.child("fieldPath"), field_path, text)]
    if field_path == "spec.host":
        field_path = "spec.nodeName"
    if field_path not in _KNOWN_FIELDS:
        text = f"error converting fieldPath: field label not supported: {field_path}"
        return [invalid(path.child("fieldPath"), field_path, text)]
    if field_path not in allowed:
        return [not_supported(path.child("fieldPath"), field_path, set(allowed))]
    return []


def resource_ref_errors(ref: Obj, path: Path, *, volume: bool) -> ErrorList:
    """A ResourceFieldSelector; in a volume it must name its container."""
    errors: ErrorList = []
    resource = ref.get("resource", "")
    if volume and not ref.get("containerName"):
        errors.append(required(path.child("containerName")))
    elif not resource:
        errors.append(required(path.child("resource")))
    elif resource not in _RESOURCES and not resource.startswith(_HUGEPAGES):
        errors.append(not_supported(path.child("resource"), resource, _RESOURCES))
    divisor = ref.get("divisor", "0")
    amount = quantity.of(divisor)
    if amount.sign() == 0:
        return errors
    text, kind = amount.canonical(), resource.partition(".")[2]
    wrong = ""
    if resource in _RESOURCES and kind == "cpu" and text not in _CPU_DIVISORS:
        wrong = "only divisor's values 1m and 1 are supported with the cpu resource"
    elif text not in _SIZE_DIVISORS:
        if resource in _RESOURCES and kind != "cpu":
            wrong = _SIZE_TEXT % ("memory" if kind == "memory" else "local ephemeral storage")
        elif resource.startswith(_HUGEPAGES):
            wrong = _SIZE_TEXT % "hugepages"
    if wrong:
        errors.append(invalid(path.child("divisor"), resource, wrong))
    return errors


def _key_ref_errors(ref: Obj, path: Path) -> ErrorList:
    name, key = ref.get("name", ""), ref.get("key", "")
    errors = [invalid(path.child("name"), name, text) for text in dns1123_subdomain(name)]
    if not key:
        errors.append(required(path.child("key")))
    else:
        errors.extend(invalid(path.child("key"), key, text) for text in config_key(key))
    return errors


def _file_ref_errors(ref: Obj, path: Path) -> ErrorList:
    key, volume, file = ref.get("key", ""), ref.get("volumeName", ""), ref.get("path", "")
    errors = needed(ref, "key", path)
    if key:
        errors += [invalid(path.child("key"), key, text) for text in relaxed_env_name(key)]
    errors += label(volume, path.child("volumeName")) if volume else [required(path.child("volumeName"))]
    errors += no_backsteps(file, path.child("path")) if file else [required(path.child("path"))]
    return errors


def env_from_errors(sources: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, source in enumerate(sources):
        at = path.index(i)
        prefix = source.get("prefix")
        if prefix:
            errors.extend(invalid(at.child("prefix"), prefix, text) for text in relaxed_env_name(prefix))
        given = 0
        for name in ("configMapRef", "secretRef"):
            ref = source.get(name)
            if ref is not None:
                given += 1
                errors += _name_ref_errors(ref, at.child(name))
        if not given:
            errors.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif given > 1:
            errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def _name_ref_errors(ref: Obj, path: Path) -> ErrorList:
    name = ref.get("name", "")
    if not name:
        return [required(path.child("name"))]
    return [invalid(path.child("name"), name, text) for text in dns1123_subdomain(name, prefix=True)]
