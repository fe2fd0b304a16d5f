"""Files of projected and downward API volumes.

Models: kubernetes, core validation (validateProjectionSources, validateDownwardAPIVolumeFile, validateKeyToPath).
"""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.common.checks import file_mode, local_nonreserved_path, needed
from clusters.resources.common.labels import selector_errors
from clusters.resources.common.signers import signer_name_errors
from clusters.resources.pod_spec.environment import VOLUME_FIELDS, field_ref_errors, resource_ref_errors
from clusters.resources.pod_spec.internal import TRUST_BUNDLE, shown

_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_MAX_EXPIRATION = 91 * 86400
_KUBERNETES_MAX_EXPIRATION = 86400


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
        if each.get("clusterTrustBundle") is not None:
            given += 1
            bundle = each["clusterTrustBundle"]
            errors += _trust_bundle(bundle, at.child("clusterTrustBundle"))
            errors += files.take(bundle.get("path", ""), bundle.get("path", ""))
        if each.get("podCertificate") is not None:
            given += 1
            errors += _certificate(each["podCertificate"], at.child("podCertificate"), files)
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


def _trust_bundle(bundle: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    name, signer = bundle.get("name"), bundle.get("signerName")
    if name is not None and signer is not None:
        errors.append(invalid(path, shown(bundle, TRUST_BUNDLE), "only one of name and signerName may be used"))
    elif name is not None:
        if not name:
            errors.append(required(path.child("name"), "must be a valid object name"))
        errors.extend(
            invalid(path.child("name"), name, f"not a valid clustertrustbundlename: {text}")
            for text in dns1123_subdomain(name.rpartition(":")[2])
        )
        if bundle.get("labelSelector") is not None:
            text = "labelSelector must be unset if name is specified"
            errors.append(invalid(path.child("labelSelector"), bundle["labelSelector"], text))
    elif signer is not None:
        if not signer:
            errors.append(required(path.child("signerName"), "must be a valid signer name"))
        errors += signer_name_errors(signer, path.child("signerName"))
        errors += selector_errors(bundle.get("labelSelector"), path.child("labelSelector"))
    else:
        errors.append(required(path, "either name or signerName must be specified"))
    errors += needed(bundle, "path", path)
    return errors + local_nonreserved_path(bundle.get("path", ""), path.child("path"))


def _certificate(source: Obj, path: Path, files: _Files) -> ErrorList:
    signer = source.get("signerName", "")
    errors = signer_name_errors(signer, path.child("signerName"))
    key = source.get("keyType", "")
    if key not in _KEY_TYPES:
        errors.append(not_supported(path.child("keyType"), key, _KEY_TYPES))
    seconds = source.get("maxExpirationSeconds")
    if seconds is not None:
        at = path.child("maxExpirationSeconds")
        limit = _KUBERNETES_MAX_EXPIRATION if signer.startswith("kubernetes.io/") else _MAX_EXPIRATION
        if seconds < 3600:
            errors.append(invalid(at, seconds, "if provided, maxExpirationSeconds must be >= 3600"))
        if seconds > limit:
            errors.append(invalid(at, seconds, f"if provided, maxExpirationSeconds must be <= {limit}"))
    paths = 0
    for name in ("credentialBundlePath", "keyPath", "certificateChainPath"):
        file = source.get(name)
        if file:
            paths += 1
            errors += local_nonreserved_path(file, path.child(name)) + files.take(file, file)
    if not paths:
        text = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"
        errors.append(required(path, text))
    return errors
