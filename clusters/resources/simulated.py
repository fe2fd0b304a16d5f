"""What is valid here and stored, but changes nothing: the fields that no component acts on, and why.

The one list of them: the YAML editor flags what stands in it, at its line. Admission, quotas and policies may still
look at these fields. A field with a default that a server writes is only worth a word if it differs from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

PLAYED = "containers are played here, not run"
SECURITY = f"{PLAYED}; only Pod Security looks at it"
PACKETS = "no packets are sent here"
PULLED = "images are not pulled here"
DISKS = "there are no disks behind volumes here"
DEVICES = "there are no devices here"
CALLED = "it is stored; nothing outside is called from here"
FLOW = "requests are limited by the installation's settings"


class Unsimulated(NamedTuple):
    """`unless`: the value that a server writes by itself, which nobody needs to be told about."""

    why: str
    unless: Any = None


def _all(why: str, *names: str) -> dict[str, Unsimulated]:
    return {name: Unsimulated(why) for name in names}


_CORE = "io.k8s.api.core.v1."
_NETWORKING = "io.k8s.api.networking.v1."
_ADMISSION = "io.k8s.api.admissionregistration.v1."
_FLOW = "io.k8s.api.flowcontrol.v1."

_SECURITY = _all(
    SECURITY,
    *("appArmorProfile", "seLinuxOptions", "seccompProfile", "windowsOptions"),
)
_CONTAINER = {
    **_all(PLAYED, "resizePolicy", "stdinOnce"),
    "volumeDevices": Unsimulated(DISKS),
}
_FILE_MODE = {"defaultMode": Unsimulated("files here have no modes", 0o644)}

NOT_SIMULATED: Final[Mapping[str, Mapping[str, Unsimulated]]] = {
    _CORE + "PodSpec": {
        **_all(PLAYED, "hostnameOverride", "setHostnameAsFQDN", "shareProcessNamespace"),
        **_all(SECURITY, "hostIPC", "hostPID", "hostUsers"),
        **_all(PULLED, "imagePullSecrets"),
        **_all(DEVICES, "resourceClaims"),
    },
    _CORE + "Container": _CONTAINER,
    _CORE + "EphemeralContainer": {**_CONTAINER, **_all(PLAYED, "targetContainerName")},
    _CORE + "PodSecurityContext": {
        **_SECURITY,
        **_all(SECURITY, "sysctls"),
        **_all(PLAYED, "fsGroupChangePolicy", "seLinuxChangePolicy", "supplementalGroupsPolicy"),
    },
    _CORE + "SecurityContext": {
        **_SECURITY,
        **_all(SECURITY, "allowPrivilegeEscalation", "capabilities", "privileged", "procMount"),
        **_all(PLAYED, "readOnlyRootFilesystem"),
    },
    _CORE + "ResourceRequirements": _all(DEVICES, "claims"),
    _CORE + "EmptyDirVolumeSource": _all(DISKS, "medium", "sizeLimit"),
    _CORE + "ConfigMapVolumeSource": _FILE_MODE,
    _CORE + "SecretVolumeSource": _FILE_MODE,
    _CORE + "DownwardAPIVolumeSource": _FILE_MODE,
    _CORE + "ProjectedVolumeSource": _FILE_MODE,
    _CORE + "VolumeMount": _all(DISKS, "mountPropagation"),
    _CORE + "PersistentVolumeClaimSpec": _all(DISKS, "dataSource", "dataSourceRef"),
    _CORE + "ImageVolumeSource": _all(PULLED, "pullPolicy"),
    _CORE + "HTTPGetAction": _all(PACKETS, "httpHeaders"),
    _CORE + "ServiceSpec": {
        **_all(PACKETS, "externalIPs", "healthCheckNodePort", "loadBalancerIP", "loadBalancerSourceRanges"),
        **_all(PACKETS, "sessionAffinityConfig"),
        "externalTrafficPolicy": Unsimulated(PACKETS, "Cluster"),
        "internalTrafficPolicy": Unsimulated(PACKETS, "Cluster"),
        "sessionAffinity": Unsimulated(PACKETS, "None"),
    },
    _NETWORKING + "NetworkPolicySpec": _all(PACKETS, "egress", "ingress"),
    _NETWORKING + "IngressSpec": _all(PACKETS, "defaultBackend", "rules", "tls"),
    _ADMISSION + "MutatingWebhookConfiguration": _all(CALLED, "webhooks"),
    _ADMISSION + "ValidatingWebhookConfiguration": _all(CALLED, "webhooks"),
    _FLOW + "FlowSchema": _all(FLOW, "spec"),
    _FLOW + "PriorityLevelConfiguration": _all(FLOW, "spec"),
    "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec": _all(CALLED, "service"),
}
"""Type → field → why."""
