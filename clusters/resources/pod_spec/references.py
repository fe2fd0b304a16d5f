"""What a Pod refers to by name: the secrets and the configmaps of its containers and volumes.

Models: kubernetes, pkg/api/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames) and
pkg/api/persistentvolume/util.go (VisitPVSecretNames).
"""

from __future__ import annotations

from collections.abc import Iterator

from clusters.machinery.types import Obj

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_SECRET_VOLUMES = (
    ("secret", "secretName"),
    ("azureFile", "secretName"),
    ("cephfs", "secretRef"),
    ("cinder", "secretRef"),
    ("flexVolume", "secretRef"),
    ("rbd", "secretRef"),
    ("scaleIO", "secretRef"),
    ("iscsi", "secretRef"),
    ("storageos", "secretRef"),
    ("csi", "nodePublishSecretRef"),
)
_PERSISTENT_CSI = ("nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef")
"""Those a kubelet may see; the controllers' secrets are not its business."""


def secret_names(spec: Obj) -> set[str]:
    """The secrets that a Pod's spec refers to."""
    names = {_name(ref) for ref in spec.get("imagePullSecrets") or ()}
    names.update(_of_containers(spec, "secretKeyRef", "secretRef"))
    for volume in spec.get("volumes") or ():
        names.update(_name((volume.get(source) or {}).get(field)) for source, field in _SECRET_VOLUMES)
        names.update(_name(projected.get("secret")) for projected in _projected(volume))
    return names - {""}


def config_map_names(spec: Obj) -> set[str]:
    """The configmaps that a Pod's spec refers to."""
    names = set(_of_containers(spec, "configMapKeyRef", "configMapRef"))
    for volume in spec.get("volumes") or ():
        names.add(_name(volume.get("configMap")))
        names.update(_name(source.get("configMap")) for source in _projected(volume))
    return names - {""}


def claim_names(pod: Obj) -> set[str]:
    """The claims of a Pod, those made for its ephemeral volumes among them."""
    names = set()
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        names.add(str((volume.get("persistentVolumeClaim") or {}).get("claimName", "")))
        if volume.get("ephemeral") is not None:
            names.add(f"{pod['metadata'].get('name', '')}-{volume.get('name', '')}")
    return names - {""}


def volume_secrets(volume: Obj) -> set[tuple[str, str]]:
    """(namespace, name) of the secrets that a node needs for a PersistentVolume that is bound."""
    spec = volume.get("spec") or {}
    claim = spec.get("claimRef")
    if not claim:
        return set()
    found = []
    for source, field in _SECRET_VOLUMES[2:-1]:
        found.append((spec.get(source) or {}).get(field) or {})
    azure = spec.get("azureFile") or {}
    found.append({"name": azure.get("secretName"), "namespace": azure.get("secretNamespace")})
    csi = spec.get("csi") or {}
    found += [csi.get(field) or {} for field in _PERSISTENT_CSI]
    home = str(claim.get("namespace", ""))
    return {(str(ref.get("namespace") or home), str(ref["name"])) for ref in found if ref.get("name")}


def _name(ref: Obj | str | None) -> str:
    return ref if isinstance(ref, str) else str((ref or {}).get("name", ""))


def _projected(volume: Obj) -> list[Obj]:
    return list((volume.get("projected") or {}).get("sources") or ())


def _of_containers(spec: Obj, key: str, source: str) -> Iterator[str]:
    for field in _CONTAINERS:
        for container in spec.get(field) or ():
            for env in container.get("env") or ():
                yield _name((env.get("valueFrom") or {}).get(key))
            for entry in container.get("envFrom") or ():
                yield _name(entry.get(source))
