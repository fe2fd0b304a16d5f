"""ServiceAccount: every Pod runs as an account, and gets that account's token as a projected volume.

Models: kubernetes, plugin/pkg/admission/serviceaccount.
"""

from __future__ import annotations

from typing import Any

from clusters.admission.plugin import CREATE, Plugin, forbidden, obj_of
from clusters.kernel.clock import SECOND, parse_rfc3339
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource
from clusters.resources.pod_spec.references import secret_names

DEFAULT = "default"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX = "kube-api-access-"
MIRROR = "kubernetes.io/config.mirror"
ENFORCE_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
PATIENCE = 10 * SECOND
"""How old a Namespace may be that has no default account yet."""
TOKEN_SECONDS = 3607
"""An hour and a little: kubelets ask again before it is over."""


class ServiceAccount(Plugin):
    name = "ServiceAccount"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        if resource.group or resource.name != "pods":
            return False
        return (operation == CREATE and not subresource) or subresource == "ephemeralcontainers"

    def admit(self, attrs: Attributes) -> None:
        pod = obj_of(attrs)
        if attrs.operation != CREATE:
            return
        if _is_mirror(pod):
            _check_mirror(attrs, pod)
            return
        spec: Obj = pod.setdefault("spec", {})
        account_name = spec.get("serviceAccountName")
        if not account_name:
            account_name = DEFAULT
        spec["serviceAccountName"] = spec["serviceAccount"] = account_name
        account = _account(attrs, account_name)
        if _automounts(account, spec):
            _mount_token(attrs, pod, spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]

    def validate(self, attrs: Attributes) -> None:
        pod = obj_of(attrs)
        if attrs.operation == CREATE and _is_mirror(pod):
            _check_mirror(attrs, pod)
            return
        spec = pod["spec"] if attrs.operation == CREATE else _debuggers(pod)
        account_name = spec.get("serviceAccountName")
        if not account_name:
            raise forbidden(attrs, f"no service account specified for pod {attrs.namespace}/{pod['metadata']['name']}")
        account = _account(attrs, account_name)
        annotations = account["metadata"].get("annotations")
        if annotations and annotations.get(ENFORCE_MOUNTABLE) in ("true", "True", "TRUE", "1", "t", "T"):
            _limit_secrets(attrs, account, spec)


def _debuggers(pod: Obj) -> Obj:
    """What ephemeral containers bring to a Pod; the rest was looked at when it was created."""
    return {field: pod["spec"].get(field) for field in ("serviceAccountName", "ephemeralContainers")}


def _is_mirror(pod: Obj) -> bool:
    annotations = pod["metadata"].get("annotations")
    return annotations is not None and MIRROR in annotations


def _account(attrs: Attributes, name: str) -> Obj:
    account = attrs.lookup.get("serviceaccounts", attrs.namespace, name)
    if account is None and name == DEFAULT and _young(attrs):
        return _AWAITED
    if account is None:
        raise forbidden(
            attrs,
            f'error looking up service account {attrs.namespace}/{name}: serviceaccount "{name}" not found',
        )
    return account


_AWAITED: Obj = {"metadata": {"name": DEFAULT}}


def _young(attrs: Attributes) -> bool:
    """The default account of a new Namespace is still to come. (The real server waits for it; we never wait.)"""
    namespace = attrs.lookup.get("namespaces", "", attrs.namespace)
    if namespace is None:
        return False
    return attrs.ctx.now - parse_rfc3339(namespace["metadata"]["creationTimestamp"]) < PATIENCE


def _automounts(account: Obj, spec: Obj) -> bool:
    chosen = spec.get("automountServiceAccountToken")
    if chosen is None:
        chosen = account.get("automountServiceAccountToken")
    return True if chosen is None else bool(chosen)


def _token_volume(name: str) -> Obj:
    return {
        "name": name,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                {
                    "configMap": {
                        "name": "kube-root-ca.crt",
                        "items": [{"key": "ca.crt", "path": "ca.crt"}],
                    }
                },
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "path": "namespace",
                                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                            }
                        ]
                    }
                },
            ],
            "defaultMode": 420,
        },
    }


def _mount_token(attrs: Attributes, pod: Obj, spec: Obj) -> None:
    volumes: list[Any] = spec.get("volumes") or []
    volume_name = next(
        (v["name"] for v in volumes if "projected" in v and v.get("name", "").startswith(VOLUME_PREFIX)), ""
    )
    has_volume = bool(volume_name)
    needed = False
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            mounts = container.get("volumeMounts")
            if mounts and any(m.get("mountPath") == MOUNT_PATH for m in mounts):
                continue
            if not volume_name:
                meta = pod["metadata"]
                of = (attrs.namespace, meta.get("name") or meta.get("generateName"), attrs.ctx.now)
                volume_name = VOLUME_PREFIX + attrs.ctx.rng.suffix(5, "token", *of)
            mount = {"name": volume_name, "readOnly": True, "mountPath": MOUNT_PATH}
            container["volumeMounts"] = [*(mounts or ()), mount]
            needed = True
    if needed and not has_volume:
        spec["volumes"] = [*volumes, _token_volume(volume_name)]


def _check_mirror(attrs: Attributes, pod: Obj) -> None:
    """A static Pod's mirror cannot have what only the API gives."""
    spec = pod.get("spec") or {}
    if spec.get("serviceAccountName"):
        raise forbidden(attrs, "a mirror pod may not reference service accounts")
    if secret_names(spec):
        raise forbidden(attrs, "a mirror pod may not reference secrets")
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "serviceAccountToken" in source:
                raise forbidden(attrs, "a mirror pod may not use ServiceAccountToken volume projections")


def _environment_secrets(container: Obj) -> list[tuple[str, str]]:
    """(secret, why the container refers to it)."""
    out = []
    for env in container.get("env") or ():
        key = ((env.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name")
        if key:
            out.append((key, f"with envVar {env.get('name', '')}"))
    for source in container.get("envFrom") or ():
        name = (source.get("secretRef") or {}).get("name")
        if name:
            out.append((name, "with envFrom"))
    return out


def _limit_secrets(attrs: Attributes, account: Obj, spec: Obj) -> None:
    """An account that enforces mountable secrets lists all that its Pods may use."""
    name = account["metadata"]["name"]
    mountable = {s.get("name") for s in account.get("secrets") or ()}
    because = f"because service account {name} does not reference that secret"
    for volume in spec.get("volumes") or ():
        secret = (volume.get("secret") or {}).get("secretName")
        if secret and secret not in mountable:
            raise forbidden(attrs, f'volume with secret.secretName="{secret}" is not allowed {because}')
    words = {
        "initContainers": "init container",
        "containers": "container",
        "ephemeralContainers": "ephemeral container",
    }
    for field, word in words.items():
        for container in spec.get(field) or ():
            for secret, how in _environment_secrets(container):
                if secret not in mountable:
                    raise forbidden(
                        attrs,
                        f'{word} {container.get("name", "")} {how} referencing secret.secretName="{secret}" is not'
                        f" allowed {because}",
                    )
    pullable = {s.get("name") for s in account.get("imagePullSecrets") or ()}
    for i, secret_ref in enumerate(spec.get("imagePullSecrets") or ()):
        if secret_ref.get("name") not in pullable:
            raise forbidden(
                attrs,
                f'imagePullSecrets[{i}].name="{secret_ref.get("name", "")}" is not allowed because service account'
                f" {name} does not reference that imagePullSecret",
            )
