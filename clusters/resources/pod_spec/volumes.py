"""Volumes of a PodSpec.

Models: kubernetes, core validation (ValidateVolumes and one function a source). The oddities of the paths are
the real server's: `downwarAPI`, `persistentDisk`, `cephFS` for a second source but `cephfs` for a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from clusters.machinery import quantity
from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    go_quote,
    invalid,
    not_supported,
    required,
    too_long,
)
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.common.checks import (
    between,
    file_mode,
    label,
    local_path,
    needed,
    no_backsteps,
    one_of,
)
from clusters.resources.common.claims import claim_template_errors
from clusters.resources.pod_spec.projections import downward_errors, key_to_path_errors, projected_errors

_HOST_PATH_TYPES = frozenset(
    {"", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"}
)
ISCSI_NAME_LENGTH = 64
ISCSI_TOO_LONG = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is"
    " specified."
)
_ISCSI_FORMS = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)\Z", re.ASCII).search,
    "eui": re.compile(r"eui.[A-Za-z0-9]{16}").fullmatch,
    "naa": re.compile(r"naa.[A-Za-z0-9]{32}").fullmatch,
}
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*", re.DOTALL).fullmatch
"""What Go's net.SplitHostPort takes."""
_CACHING_MODES = frozenset({"None", "ReadOnly", "ReadWrite"})
_DISK_KINDS = frozenset({"Shared", "Dedicated", "Managed"})
_MANAGED_URI = ("/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",)
_BLOB_URI = ("https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",)


def volume_errors(volumes: Sequence[Obj], path: Path, *, pod_name: str = "") -> tuple[dict[str, Obj], ErrorList]:
    """The valid volumes by name, and what is wrong with the others. `pod_name`: of a real Pod, whose ephemeral
    volumes get claims named after it."""
    errors: ErrorList = []
    found: dict[str, Obj] = {}
    created = (
        {f"{pod_name}-{v.get('name', '')}" for v in volumes if v.get("ephemeral") is not None} if pod_name else set()
    )
    for i, volume in enumerate(volumes):
        at = path.index(i)
        name = volume.get("name", "")
        mine = source_errors(volume, at, pod_name=pod_name)
        mine += label(name, at.child("name")) if name else [required(at.child("name"))]
        if name in found:
            mine.append(duplicate(at.child("name"), name))
        if mine:
            errors += mine
        else:
            found[name] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in created:
            errors.append(
                invalid(
                    at.child("persistentVolumeClaim", "claimName"),
                    claim,
                    "must not reference a PVC that gets created for an ephemeral volume",
                )
            )
    return found, errors


def source_errors(volume: Obj, path: Path, *, pod_name: str = "") -> ErrorList:
    """Exactly one source, and that a good one."""
    errors: ErrorList = []
    given = 0
    for name, (check, second, own) in _SOURCES.items():
        source = volume.get(name)
        if source is None:
            continue
        if given:
            errors.append(forbidden(path.child(second or name), "may not specify more than 1 volume type"))
        else:
            given += 1
            errors += check(source, path.child(own or name))
            if name == "ephemeral":
                errors += _claim_name_errors(volume.get("name", ""), pod_name, path)
        if name == "iscsi" and source.get("initiatorName") is not None:
            if len(f"{volume.get('name', '')}:{source.get('targetPortal', '')}") > ISCSI_NAME_LENGTH:
                errors.append(invalid(path.child("name"), volume.get("name", ""), ISCSI_TOO_LONG))
    if not given:
        errors.append(required(path, "must specify a volume type"))
    return errors


def _claim_name_errors(name: str, pod_name: str, path: Path) -> ErrorList:
    if not pod_name or not name:
        return []
    claim = f"{pod_name}-{name}"
    return [
        invalid(path.child("name"), name, f"PVC name {go_quote(claim)}: {text}") for text in dns1123_subdomain(claim)
    ]


def _empty_dir(source: Obj, path: Path) -> ErrorList:
    limit = source.get("sizeLimit")
    if limit is not None and quantity.of(limit).sign() < 0:
        return [forbidden(path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")]
    return []


def host_path_errors(source: Obj, path: Path) -> ErrorList:
    where = source.get("path", "")
    if not where:
        return [required(path.child("path"))]
    errors = no_backsteps(where, path.child("path"))
    if source.get("type") is not None:
        errors += one_of(source["type"], _HOST_PATH_TYPES, path.child("type"))
    return errors


def _git_repo(source: Obj, path: Path) -> ErrorList:
    return needed(source, "repository", path) + local_path(source.get("directory", ""), path.child("directory"))


def disk_errors(source: Obj, path: Path, *, name: str) -> ErrorList:
    """A GCE or AWS disk: a name and a partition."""
    errors = needed(source, name, path)
    partition = source.get("partition", 0)
    if not 0 <= partition <= 255:
        errors.append(invalid(path.child("partition"), partition, between(1, 255)))
    return errors


def _gce_disk(source: Obj, path: Path) -> ErrorList:
    return disk_errors(source, path, name="pdName")


def _aws_disk(source: Obj, path: Path) -> ErrorList:
    return disk_errors(source, path, name="volumeID")


def _secret(source: Obj, path: Path) -> ErrorList:
    return needed(source, "secretName", path) + _files(source, path)


def _config_map(source: Obj, path: Path) -> ErrorList:
    return needed(source, "name", path) + _files(source, path)


def _files(source: Obj, path: Path) -> ErrorList:
    errors = file_mode(source.get("defaultMode"), path.child("defaultMode"))
    for i, item in enumerate(source.get("items") or ()):
        errors += key_to_path_errors(item, path.child("items").index(i))
    return errors


def nfs_errors(source: Obj, path: Path) -> ErrorList:
    errors = needed(source, "server", path) + needed(source, "path", path)
    where = source.get("path", "")
    if not where.startswith("/"):
        errors.append(invalid(path.child("path"), where, "must be an absolute path"))
    return errors


def is_iscsi_name(name: str) -> bool:
    """An iSCSI qualified name in one of its three forms."""
    form = _ISCSI_FORMS.get(name[:3])
    return form is not None and form(name) is not None


def _iscsi_name_errors(name: str, path: Path) -> ErrorList:
    if is_iscsi_name(name):
        return []
    known = name[:3] in _ISCSI_FORMS
    return [invalid(path, name, "must be valid format" + ("" if known else " starting with iqn, eui, or naa"))]


def _iscsi(source: Obj, path: Path) -> ErrorList:
    errors = needed(source, "targetPortal", path)
    errors += (
        _iscsi_name_errors(source["iqn"], path.child("iqn")) if source.get("iqn") else [required(path.child("iqn"))]
    )
    lun = source.get("lun", 0)
    if not 0 <= lun <= 255:
        errors.append(invalid(path.child("lun"), lun, between(0, 255)))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        errors.append(required(path.child("secretRef")))
    if source.get("initiatorName") is not None:
        errors += _iscsi_name_errors(source["initiatorName"], path.child("initiatorname"))
    return errors


def _glusterfs(source: Obj, path: Path) -> ErrorList:
    return needed(source, "endpoints", path) + needed(source, "path", path)


def flocker_errors(source: Obj, path: Path) -> ErrorList:
    name, uid = source.get("datasetName", ""), source.get("datasetUUID", "")
    errors: ErrorList = []
    if not name and not uid:
        errors.append(required(path, "one of datasetName and datasetUUID is required"))
    if name and uid:
        errors.append(invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"))
    if "/" in name:
        errors.append(invalid(path.child("datasetName"), name, "must not contain '/'"))
    return errors


def _claim(source: Obj, path: Path) -> ErrorList:
    return needed(source, "claimName", path)


def _rbd(source: Obj, path: Path) -> ErrorList:
    return needed(source, "monitors", path) + needed(source, "image", path)


def _cinder(source: Obj, path: Path) -> ErrorList:
    return needed(source, "volumeID", path) + _secret_ref(source, path)


def _secret_ref(source: Obj, path: Path) -> ErrorList:
    ref = source.get("secretRef")
    return [required(path.child("secretRef", "name"))] if ref is not None and not ref.get("name") else []


def _cephfs(source: Obj, path: Path) -> ErrorList:
    return needed(source, "monitors", path)


def quobyte_errors(source: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    registry = source.get("registry", "")
    pairs = "must be a host:port pair or multiple pairs separated by commas"
    if not registry:
        errors.append(required(path.child("registry"), pairs))
    elif len(source.get("tenant", "")) >= 65:
        errors.append(required(path.child("tenant"), "must be a UUID and may not exceed a length of 64 characters"))
    else:
        for pair in registry.split(","):
            if not _HOST_AND_PORT(pair):
                errors.append(invalid(path.child("registry"), registry, pairs))
    return errors + needed(source, "volume", path)


def fc_errors(source: Obj, path: Path) -> ErrorList:
    names, ids, lun = source.get("targetWWNs"), source.get("wwids"), source.get("lun")
    errors: ErrorList = []
    if not names and not ids:
        errors.append(required(path.child("targetWWNs"), "must specify either targetWWNs or wwids, but not both"))
    if names and ids:
        text = "targetWWNs and wwids can not be specified simultaneously"
        errors.append(invalid(path.child("targetWWNs"), names, text))
    if names:
        if lun is None:
            errors.append(required(path.child("lun"), "lun is required if targetWWNs is specified"))
        elif not 0 <= lun <= 255:
            errors.append(invalid(path.child("lun"), lun, between(0, 255)))
    return errors


def flex_errors(source: Obj, path: Path) -> ErrorList:
    errors = needed(source, "driver", path)
    for key in source.get("options") or {}:
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            text = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(invalid(path.child("options").key(key), key, text))
    return errors


def _azure_file(source: Obj, path: Path) -> ErrorList:
    return needed(source, "secretName", path) + needed(source, "shareName", path)


def _vsphere(source: Obj, path: Path) -> ErrorList:
    return needed(source, "volumePath", path)


def _photon(source: Obj, path: Path) -> ErrorList:
    return needed(source, "pdID", path)


def _portworx(source: Obj, path: Path) -> ErrorList:
    return needed(source, "volumeID", path)


def azure_disk_errors(source: Obj, path: Path) -> ErrorList:
    errors = needed(source, "diskName", path) + needed(source, "diskURI", path)
    uri, kind, caching = source.get("diskURI", ""), source.get("kind"), source.get("cachingMode")
    if caching is not None:
        errors += one_of(caching, _CACHING_MODES, path.child("cachingMode"))
    if kind is not None:
        errors += one_of(kind, _DISK_KINDS, path.child("kind"))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errors.append(not_supported(path.child("diskURI"), uri, _MANAGED_URI))
    if kind not in (None, "Managed") and not uri.startswith("https://"):
        errors.append(not_supported(path.child("diskURI"), uri, _BLOB_URI))
    return errors


def _storage_os(source: Obj, path: Path) -> ErrorList:
    name, namespace = source.get("volumeName", ""), source.get("volumeNamespace", "")
    errors = label(name, path.child("volumeName")) if name else [required(path.child("volumeName"))]
    if namespace:
        errors += label(namespace, path.child("volumeNamespace"))
    return errors + _secret_ref(source, path)


def scale_io_errors(source: Obj, path: Path) -> ErrorList:
    return needed(source, "gateway", path) + needed(source, "system", path) + needed(source, "volumeName", path)


def driver_name_errors(name: str, path: Path) -> ErrorList:
    """The name of a CSI driver."""
    if not name:
        return [required(path)]
    errors: ErrorList = [too_long(path, 63)] if len(name) > 63 else []
    errors.extend(invalid(path, name, text) for text in dns1123_subdomain(name.lower()))
    return errors


def _csi(source: Obj, path: Path) -> ErrorList:
    errors = driver_name_errors(source.get("driver", ""), path.child("driver"))
    ref = source.get("nodePublishSecretRef")
    if ref is not None:
        name = ref.get("name", "")
        if not name:
            errors.append(required(path.child("nodePublishSecretRef", "name")))
        else:
            errors.extend(invalid(path.child("name"), name, text) for text in dns1123_subdomain(name))
    return errors


def _ephemeral(source: Obj, path: Path) -> ErrorList:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return [required(path.child("volumeClaimTemplate"))]
    return claim_template_errors(template, path.child("volumeClaimTemplate"))


def _image(source: Obj, path: Path) -> ErrorList:
    errors = needed(source, "reference", path)
    return errors + one_of(source.get("pullPolicy"), {"Always", "IfNotPresent", "Never"}, path.child("pullPolicy"))


_SOURCES: dict[str, tuple[Callable[[Obj, Path], ErrorList], str, str]] = {
    # wire name: (check, path as a second source, path of its own errors), "" for the wire name
    "emptyDir": (_empty_dir, "", ""),
    "hostPath": (host_path_errors, "", ""),
    "gitRepo": (_git_repo, "", ""),
    "gcePersistentDisk": (_gce_disk, "", "persistentDisk"),
    "awsElasticBlockStore": (_aws_disk, "", ""),
    "secret": (_secret, "", ""),
    "nfs": (nfs_errors, "", ""),
    "iscsi": (_iscsi, "", ""),
    "glusterfs": (_glusterfs, "", ""),
    "flocker": (flocker_errors, "", ""),
    "persistentVolumeClaim": (_claim, "", ""),
    "rbd": (_rbd, "", ""),
    "cinder": (_cinder, "", ""),
    "cephfs": (_cephfs, "cephFS", ""),
    "quobyte": (quobyte_errors, "", ""),
    "downwardAPI": (downward_errors, "downwarAPI", ""),
    "fc": (fc_errors, "", ""),
    "flexVolume": (flex_errors, "", ""),
    "configMap": (_config_map, "", ""),
    "azureFile": (_azure_file, "", ""),
    "vsphereVolume": (_vsphere, "", ""),
    "photonPersistentDisk": (_photon, "", ""),
    "portworxVolume": (_portworx, "", ""),
    "azureDisk": (azure_disk_errors, "", ""),
    "storageos": (_storage_os, "", ""),
    "projected": (projected_errors, "", ""),
    "scaleIO": (scale_io_errors, "", ""),
    "csi": (_csi, "", ""),
    "ephemeral": (_ephemeral, "", ""),
    "image": (_image, "", ""),
}


def single_source(volume: Obj) -> str:
    """The name of a volume's source ("" if it has none)."""
    return next((name for name in _SOURCES if volume.get(name) is not None), "")
