"""Files of projected and downward API volumes.

Models: kubernetes, core validation (validateProjectionSources, validateDownwardAPIVolumeFile, validateKeyToPath).
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.common.checks import file_mode, local_nonreserved_path, needed
from clusters.resources.pod_spec.environment import VOLUME_FIELDS, field_ref_errors, resource_ref_errors


def key_to_path_errors(item: Obj, path: Path) -> ErrorList:
    errors = needed(item, "key", path) + needed(item, "path", path)
    errors += local_nonreserved_path(item.get("path", ""), path.child("path"))
    return errors + file_mode(item.get("mode"), path.child("mode"))


def downward_file_errors(file: Obj, path: Path) -> ErrorList:
    errors = needed(file, "path", path)
    errors += local_nonreserved_path(file.get("path", ""), path.child("path"))
    field, resource = file.get("fieldRef"), file.get("resourceFieldRef")
    if field is not None:
        errors += field_ref_errors(field, VOLUME_FIELDS, path.child("fieldRef"))
        if resource is not None:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(invalid(path, "resource", text))
    elif resource is not None:
        errors += resource_ref_errors(resource, path.child("resourceFieldRef"), volume=True)
    else:
        errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    return errors + file_mode(file.get("mode"), path.child("mode"))


def downward_errors(source: Obj, path: Path) -> ErrorList:
    errors = file_mode(source.get("defaultMode"), path.child("defaultMode"))
    for file in source.get("items") or ():
        errors += downward_file_errors(file, path)
    return errors


class _Files:
    """The paths that the sources of one volume claim."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.taken: set[str] = set()

    def take(self, file: str, shown_as: str) -> ErrorList:
        if file in self.taken:
            return [invalid(self.path, shown_as, "conflicting duplicate paths")]
        self.taken.add(file)
        return []


def projected_errors(source: Obj, path: Path) -> ErrorList:
    errors = file_mode(source.get("defaultMode"), path.child("defaultMode"))
    files = _Files(path)
    for i, each in enumerate(source.get("sources") or ()):
        at = path.child("sources").index(i)
        given = 0
        for name in ("secret", "configMap"):
            if each.get(name) is not None:
                given += 1
                errors += _keys(each[name], at.child(name), files)
        if each.get("downwardAPI") is not None:
            given += 1
            for file in each["downwardAPI"].get("items") or ():
                errors += downward_file_errors(file, at.child("downwardAPI"))
                if file.get("path"):
                    errors += files.take(file["path"], file["path"])
        if each.get("serviceAccountToken") is not None:
            given += 1
            errors += _token(each["serviceAccountToken"], at.child("serviceAccountToken"), path)
        if given > 1:
            errors.append(forbidden(at, "may not specify more than 1 volume type per source"))
    return errors


def _keys(source: Obj, path: Path, files: _Files) -> ErrorList:
    errors = needed(source, "name", path)
    for i, item in enumerate(source.get("items") or ()):
        errors += key_to_path_errors(item, path.child("items").index(i))
        if item.get("path"):
            errors += files.take(item["path"], source.get("name", ""))
    return errors


def _token(token: Obj, path: Path, volume: Path) -> ErrorList:
    errors: ErrorList = []
    seconds = token.get("expirationSeconds", 0)
    if seconds < 600:
        text = "may not specify a duration less than 10 minutes"
        errors.append(invalid(path.child("expirationSeconds"), seconds, text))
    if seconds > 1 << 32:
        text = "may not specify a duration larger than 2^32 seconds"
        errors.append(invalid(path.child("expirationSeconds"), seconds, text))
    file = token.get("path", "")
    return errors + (local_nonreserved_path(file, volume.child("path")) if file else [required(volume.child("path"))])
