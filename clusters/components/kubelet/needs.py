"""What a container needs of other objects before it can be created: ConfigMaps, Secrets, claims.

Models: kubelet, kubelet_pods.go (makeEnvironmentVariables) and volumemanager's mount errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clusters.client.informer import Informers
from clusters.components.kubelet import behavior
from clusters.machinery.types import Obj

CONFIG_MAPS, SECRETS, CLAIMS = "configmaps", "secrets", "persistentvolumeclaims"
_WORDS = {CONFIG_MAPS: "configmap", SECRETS: "secret"}


def config_problem(informers: Informers, pod: Obj, container: Obj) -> tuple[str, str] | None:
    """(waiting reason, message) if the container's environment cannot be made."""
    root = _root_problem(pod, container)
    if root:
        return "CreateContainerConfigError", root
    namespace = pod["metadata"]["namespace"]
    for resource, name, key, optional in _environment(container):
        if optional:
            continue
        found = informers[resource].get(namespace, name)
        if found is None:
            return "CreateContainerConfigError", f'{_WORDS[resource]} "{name}" not found'
        if key and key not in (found.get("data") or {}) and key not in (found.get("binaryData") or {}):
            kind = "ConfigMap" if resource == CONFIG_MAPS else "Secret"
            return "CreateContainerConfigError", f"couldn't find key {key} in {kind} {namespace}/{name}"
    return None


def _root_problem(pod: Obj, container: Obj) -> str:
    """Why a container that may not run as root cannot run; "". Whose user an image has only an annotation says."""
    own, whole = container.get("securityContext") or {}, pod["spec"].get("securityContext") or {}
    if not own.get("runAsNonRoot", whole.get("runAsNonRoot")):
        return ""
    user = own.get("runAsUser", whole.get("runAsUser"))
    meta = pod["metadata"]
    where = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})", container: {container["name"]})'
    if user == 0:
        return f"container's runAsUser breaks non-root policy {where}"
    if user is None and behavior.annotation(pod, container, "user") in ("root", "0"):
        return f"container has runAsNonRoot and image will run as root {where}"
    return ""


def _environment(container: Obj) -> Iterator[tuple[str, str, str, bool]]:
    """(resource, name, key, optional) of every reference in `envFrom` and `env`."""
    for source in container.get("envFrom") or ():
        for field, resource in (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS)):
            reference = source.get(field)
            if reference:
                yield resource, reference.get("name", ""), "", bool(reference.get("optional"))
    for variable in container.get("env") or ():
        origin = variable.get("valueFrom") or {}
        for field, resource in (("configMapKeyRef", CONFIG_MAPS), ("secretKeyRef", SECRETS)):
            reference = origin.get(field)
            if reference:
                yield resource, reference.get("name", ""), reference["key"], bool(reference.get("optional"))


def missing_volume(informers: Informers, pod: Obj) -> str:
    """Why the first volume that cannot be mounted cannot; ""."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        for resource, name, optional in _volume_references(pod, volume):
            if optional:
                continue
            if resource == CLAIMS:
                text = _claim_problem(informers[CLAIMS].get(namespace, name), name)
                if text:
                    return text
                continue
            found, what = informers[resource].get(namespace, name), _WORDS[resource]
            failed = f'MountVolume.SetUp failed for volume "{volume["name"]}" :'
            if found is None:
                return f'{failed} {what} "{name}" not found'
            for item in (volume.get("configMap") or volume.get("secret") or {}).get("items") or ():
                key = item["key"]
                if key not in (found.get("data") or {}) and key not in (found.get("binaryData") or {}):
                    which = (
                        "configmap references non-existent config"
                        if what == "configmap"
                        else "references non-existent secret"
                    )
                    return f"{failed} {which} key: {key}"
    return ""


def _claim_problem(claim: Obj | None, name: str) -> str:
    if claim is None:
        return f'Unable to attach or mount volumes: persistentvolumeclaim "{name}" not found'
    if (claim.get("status") or {}).get("phase") != "Bound":
        return f'Unable to attach or mount volumes: PVC "{name}" is not bound'
    return ""


def _volume_references(pod: Obj, volume: Obj) -> Iterator[tuple[str, str, bool]]:
    """(resource, name, optional) of what a volume is made from. The root certificate that every pod mounts is not
    waited for: it is published with the namespace."""
    if "configMap" in volume:
        yield CONFIG_MAPS, volume["configMap"].get("name", ""), bool(volume["configMap"].get("optional"))
    elif "secret" in volume:
        yield SECRETS, volume["secret"].get("secretName", ""), bool(volume["secret"].get("optional"))
    elif "persistentVolumeClaim" in volume:
        yield CLAIMS, volume["persistentVolumeClaim"].get("claimName", ""), False
    elif "ephemeral" in volume:
        yield CLAIMS, f"{pod['metadata']['name']}-{volume['name']}", False
    elif "projected" in volume:
        sources: list[dict[str, Any]] = volume["projected"].get("sources") or []
        if any("serviceAccountToken" in source for source in sources):
            return
        for source in sources:
            for field, resource in (("configMap", CONFIG_MAPS), ("secret", SECRETS)):
                if field in source:
                    yield resource, source[field].get("name", ""), bool(source[field].get("optional"))


def referenced(pod: Obj) -> Iterator[tuple[str, str]]:
    """(resource, name) of everything the pod waits for: when one of these changes the pod is looked at again."""
    for volume in pod["spec"].get("volumes") or ():
        for resource, name, _ in _volume_references(pod, volume):
            yield resource, name
    for key in ("initContainers", "containers"):
        for container in pod["spec"].get(key) or ():
            for resource, name, _, _ in _environment(container):
                yield resource, name
