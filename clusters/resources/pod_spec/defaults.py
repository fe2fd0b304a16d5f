"""What the API server fills in when it decodes a PodSpec.

It runs on every Pod and template written, so it tests and sets keys directly. Besides true defaults it puts
back what a Go round trip shows though it is empty (`resources: {}`, `securityContext: {}`).

Models: kubernetes, pkg/apis/core/v1/defaults.go (SetDefaults_PodSpec and below it).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from clusters.machinery.types import Obj

FILE_MODE = 0o644
TERMINATION_PATH = "/dev/termination-log"

_INIT_ANNOTATIONS = (
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
)
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_MODE_SOURCES = ("configMap", "secret", "downwardAPI", "projected")


@lru_cache(maxsize=4096)
def image_pull_policy(image: str) -> str:
    """Always for `:latest` and for no tag at all (without a digest), else IfNotPresent."""
    name, at, _ = image.partition("@")
    last = name.rsplit("/", 1)[-1]
    tag = last.partition(":")[2]
    latest = tag == "latest" or (not tag and not at and bool(name))
    return "Always" if latest else "IfNotPresent"


def default_template(template: Obj) -> None:
    """A PodTemplateSpec in place."""
    drop_init_annotations(template.setdefault("metadata", {}))
    default_pod_spec(template.setdefault("spec", {}))


def drop_init_annotations(meta: Obj) -> None:
    """Init containers were annotations once; the server forgets them when it decodes."""
    annotations = meta.get("annotations")
    if annotations and any(name in annotations for name in _INIT_ANNOTATIONS):
        meta["annotations"] = {name: v for name, v in annotations.items() if name not in _INIT_ANNOTATIONS}
        if not meta["annotations"]:
            del meta["annotations"]


def default_pod_spec(spec: Obj) -> None:
    """A PodSpec in place; what only Pods (not templates) get is in `core.pod`."""
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    if spec.get("terminationGracePeriodSeconds") is None:
        spec["terminationGracePeriodSeconds"] = 30
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    for name in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(name) or ():
            default_container(container)
    for volume in spec.get("volumes") or ():
        default_volume(volume)
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    _drop_disabled(spec)


def _drop_disabled(spec: Obj) -> None:
    """Fields of features that are off by default in this release: the real server drops them."""
    spec.pop("schedulingGroup", None)
    for name in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(name) or ():
            lifecycle = container.get("lifecycle")
            if lifecycle and "stopSignal" in lifecycle:
                del lifecycle["stopSignal"]
                if not lifecycle:
                    del container["lifecycle"]
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            source.pop("clusterTrustBundle", None)
            source.pop("podCertificate", None)


def default_container(container: Obj) -> None:
    """A Container (or EphemeralContainer) in place."""
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = image_pull_policy(container.get("image", ""))
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = TERMINATION_PATH
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    if container.get("resources") is None:
        container["resources"] = {}
    if "ports" in container:
        for port in container["ports"] or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"
    if "env" in container:
        for variable in container["env"] or ():
            source = variable.get("valueFrom")
            if source:
                _default_field_source(source)
                file = source.get("fileKeyRef")
                if file is not None and file.get("optional") is None:
                    file["optional"] = False
    for name in _PROBES:
        probe = container.get(name)
        if probe is not None:
            _default_probe(probe)
    lifecycle = container.get("lifecycle")
    if lifecycle:
        for name in ("postStart", "preStop"):
            if lifecycle.get(name):
                _default_handler(lifecycle[name])


def _default_probe(probe: Obj) -> None:
    for name, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        if not probe.get(name):
            probe[name] = value
    _default_handler(probe)


def _default_handler(handler: Obj) -> None:
    http = handler.get("httpGet")
    if http is not None:
        if not http.get("path"):
            http["path"] = "/"
        if not http.get("scheme"):
            http["scheme"] = "HTTP"
        http.setdefault("port", 0)
    grpc = handler.get("grpc")
    if grpc is not None and grpc.get("service") is None:
        grpc["service"] = ""


def _default_field_source(source: Obj) -> None:
    field = source.get("fieldRef")
    if field is not None and not field.get("apiVersion"):
        field["apiVersion"] = "v1"
    resource = source.get("resourceFieldRef")
    if resource is not None and resource.get("divisor") is None:
        resource["divisor"] = "0"


def default_volume(volume: Obj) -> None:
    """A Volume in place; without any source it is an emptyDir."""
    sources = [name for name in volume if name != "name" and volume[name] is not None]
    if not sources:
        volume["emptyDir"] = {}
        return
    for name in sources:
        source = volume[name]
        if name in _MODE_SOURCES:
            if source.get("defaultMode") is None:
                source["defaultMode"] = FILE_MODE
            if name == "downwardAPI":
                _default_downward(source.get("items"))
            elif name == "projected":
                _default_projections(source.get("sources"))
        elif name in _SOURCE_DEFAULTS:
            for key, value in _SOURCE_DEFAULTS[name].items():
                if source.get(key) in (None, ""):
                    source[key] = value
        elif name == "ephemeral":
            template = source.get("volumeClaimTemplate")
            if template is not None:
                template.setdefault("metadata", {})
                default_claim_spec(template.setdefault("spec", {}))
        elif name == "image" and not source.get("pullPolicy"):
            source["pullPolicy"] = image_pull_policy(source.get("reference", ""))


_SOURCE_DEFAULTS: dict[str, dict[str, Any]] = {
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def default_claim_spec(spec: Obj) -> None:
    """A PersistentVolumeClaimSpec (of a claim or of a claim template) in place."""
    if not spec.get("volumeMode"):
        spec["volumeMode"] = "Filesystem"
    if spec.get("resources") is None:
        spec["resources"] = {}


def _default_downward(items: Iterable[Obj] | None) -> None:
    for item in items or ():
        _default_field_source(item)


def _default_projections(sources: Iterable[Obj] | None) -> None:
    for source in sources or ():
        token = source.get("serviceAccountToken")
        if token is not None and token.get("expirationSeconds") is None:
            token["expirationSeconds"] = 3600
        downward = source.get("downwardAPI")
        if downward is not None:
            _default_downward(downward.get("items"))


def default_host_ports(containers: Iterable[Obj] | None) -> None:
    """With host networking every container port is a host port."""
    for container in containers or ():
        for port in container.get("ports") or ():
            if not port.get("hostPort"):
                port["hostPort"] = port.get("containerPort", 0)
