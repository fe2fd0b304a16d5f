"""The sources of a PersistentVolume: mostly those of Pods, but their secrets may lie in any Namespace.

The oddities of the paths are the real server's: `persistentDisk`, `targetportal`, `cephFS` for a second source but
`cephfs` for a wrong one.

Models: kubernetes, core validation (ValidatePersistentVolumeSpec and one function a source).
"""

from __future__ import annotations

from collections.abc import Callable

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.common.checks import between, label, needed, no_backsteps, subdomain
from clusters.resources.pod_spec import volumes

_ONE_TYPE = "may not specify more than 1 volume type"
_ISCSI_FORMAT = "must be valid format"
_CSI_SECRETS = (
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
)

_Check = Callable[[Obj, Path, str], ErrorList]


def sources(spec: Obj) -> Obj:
    """What of a spec is its source: one field, if it is valid."""
    return {name: spec[name] for name in _SOURCES if spec.get(name) is not None}


def source_errors(spec: Obj, path: Path, *, name: str) -> ErrorList:
    """Exactly one source, and that a good one. `name` is the volume's."""
    errors: ErrorList = []
    found = 0
    for kind, source in sources(spec).items():
        if found and kind != "flexVolume":
            errors.append(forbidden(path.child("cephFS" if kind == "cephfs" else kind), _ONE_TYPE))
            continue
        found += 1
        errors += _SOURCES[kind](source, path.child(_NAMES_IN_PATHS.get(kind, kind)), name)
        if kind == "local" and spec.get("nodeAffinity") is None:
            errors.append(required(path.child("nodeAffinity"), "Local volume requires node affinity"))
    if not found:
        errors.append(required(path, "must specify a volume type"))
    return errors


def _as_in_pods(check: Callable[[Obj, Path], ErrorList]) -> _Check:
    return lambda source, path, name: check(source, path)


def _needs(*names: str) -> _Check:
    return lambda source, path, _: [e for name in names for e in needed(source, name, path)]


def _secret_errors(source: Obj, path: Path) -> ErrorList:
    """A secret by name and Namespace, both needed."""
    ref = source.get("secretRef")
    at = path.child("secretRef")
    return [] if ref is None else needed(ref, "name", at) + needed(ref, "namespace", at)


def _glusterfs(source: Obj, path: Path, name: str) -> ErrorList:
    errors = needed(source, "endpoints", path) + needed(source, "path", path)
    namespace, at = source.get("endpointsNamespace"), path.child("endpointsNamespace")
    if namespace == "":
        why = "if the endpointnamespace is set, it must be a valid namespace name"
        errors.append(invalid(at, namespace, why))
    elif namespace is not None:
        errors += label(namespace, at)
    return errors


def _iscsi(source: Obj, path: Path, name: str) -> ErrorList:
    errors = needed(source, "targetPortal", path)
    portal, initiator = source.get("targetPortal", ""), source.get("initiatorName")
    if initiator is not None and len(f"{name}:{portal}") > volumes.ISCSI_NAME_LENGTH:
        errors.append(invalid(path.child("targetportal"), portal, volumes.ISCSI_TOO_LONG))
    errors += _iscsi_name(source["iqn"], path.child("iqn")) if source.get("iqn") else [required(path.child("iqn"))]
    lun = source.get("lun", 0)
    if not 0 <= lun <= 255:
        errors.append(invalid(path.child("lun"), lun, between(0, 255)))
    secret = source.get("secretRef")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and secret is None:
        errors.append(required(path.child("secretRef")))
    if secret is not None:
        errors += needed(secret, "name", path.child("secretRef"))
    return errors + (_iscsi_name(initiator, path.child("initiatorname")) if initiator is not None else [])


def _iscsi_name(name: str, path: Path) -> ErrorList:
    return [] if volumes.is_iscsi_name(name) else [invalid(path, name, _ISCSI_FORMAT)]


def _cinder(source: Obj, path: Path, name: str) -> ErrorList:
    return needed(source, "volumeID", path) + _secret_errors(source, path)


def _azure_file(source: Obj, path: Path, name: str) -> ErrorList:
    errors = needed(source, "secretName", path) + needed(source, "shareName", path)
    return errors + ([required(path.child("secretNamespace"))] if source.get("secretNamespace") == "" else [])


def _local(source: Obj, path: Path, name: str) -> ErrorList:
    where = source.get("path")
    return no_backsteps(where, path.child("path")) if where else [required(path.child("path"))]


def _storage_os(source: Obj, path: Path, name: str) -> ErrorList:
    volume, namespace = source.get("volumeName"), source.get("volumeNamespace")
    errors = label(volume, path.child("volumeName")) if volume else [required(path.child("volumeName"))]
    errors += label(namespace, path.child("volumeNamespace")) if namespace else []
    return errors + _secret_errors(source, path)


def _csi(source: Obj, path: Path, name: str) -> ErrorList:
    errors = volumes.driver_name_errors(source.get("driver", ""), path.child("driver"))
    errors += needed(source, "volumeHandle", path)
    for field in _CSI_SECRETS:
        ref, at = source.get(field), path.child(field)
        for part, check in (("name", subdomain), ("namespace", label)) if ref is not None else ():
            value = (ref or {}).get(part)
            errors += check(value, at.child(part)) if value else [required(at.child(part))]
    return errors


_SOURCES: dict[str, _Check] = {
    "hostPath": _as_in_pods(volumes.host_path_errors),
    "gcePersistentDisk": lambda source, path, _: volumes.disk_errors(source, path, name="pdName"),
    "awsElasticBlockStore": lambda source, path, _: volumes.disk_errors(source, path, name="volumeID"),
    "glusterfs": _glusterfs,
    "flocker": _as_in_pods(volumes.flocker_errors),
    "nfs": _as_in_pods(volumes.nfs_errors),
    "rbd": _needs("monitors", "image"),
    "quobyte": _as_in_pods(volumes.quobyte_errors),
    "cephfs": _needs("monitors"),
    "iscsi": _iscsi,
    "cinder": _cinder,
    "fc": _as_in_pods(volumes.fc_errors),
    "flexVolume": _as_in_pods(volumes.flex_errors),
    "azureFile": _azure_file,
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _as_in_pods(volumes.azure_disk_errors),
    "scaleIO": _as_in_pods(volumes.scale_io_errors),
    "local": _local,
    "storageos": _storage_os,
    "csi": _csi,
}
"""In the order in which the server looks at them."""
_NAMES_IN_PATHS = {"gcePersistentDisk": "persistentDisk"}
