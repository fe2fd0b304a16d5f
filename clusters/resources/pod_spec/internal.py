"""How the server shows a value that is a struct: by its internal Go names, every field, absent ones as null.

Models: the JSON of kubernetes' internal types (pkg/apis/core/types.go), which have no field tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clusters.machinery.types import Obj

Shape = Mapping[str, "tuple[str, Any]"]
"""Wire name -> (Go name, what an absent field shows or the shape of a nested struct), in the struct's order."""

SECCOMP: Shape = {"type": ("Type", ""), "localhostProfile": ("LocalhostProfile", None)}
APPARMOR: Shape = SECCOMP
SE_LINUX: Shape = {"user": ("User", ""), "role": ("Role", ""), "type": ("Type", ""), "level": ("Level", "")}
WINDOWS: Shape = {
    "gmsaCredentialSpecName": ("GMSACredentialSpecName", None),
    "gmsaCredentialSpec": ("GMSACredentialSpec", None),
    "runAsUserName": ("RunAsUserName", None),
    "hostProcess": ("HostProcess", None),
}
CAPABILITIES: Shape = {"add": ("Add", None), "drop": ("Drop", None)}
SECURITY_CONTEXT: Shape = {
    "capabilities": ("Capabilities", CAPABILITIES),
    "privileged": ("Privileged", None),
    "seLinuxOptions": ("SELinuxOptions", SE_LINUX),
    "windowsOptions": ("WindowsOptions", WINDOWS),
    "runAsUser": ("RunAsUser", None),
    "runAsGroup": ("RunAsGroup", None),
    "runAsNonRoot": ("RunAsNonRoot", None),
    "readOnlyRootFilesystem": ("ReadOnlyRootFilesystem", None),
    "allowPrivilegeEscalation": ("AllowPrivilegeEscalation", None),
    "procMount": ("ProcMount", None),
    "seccompProfile": ("SeccompProfile", SECCOMP),
    "appArmorProfile": ("AppArmorProfile", APPARMOR),
}
RESOURCE_CLAIM: Shape = {
    "name": ("Name", ""),
    "resourceClaimName": ("ResourceClaimName", None),
    "resourceClaimTemplateName": ("ResourceClaimTemplateName", None),
}


def shown(obj: Obj, shape: Shape) -> Obj:
    """`obj` as the internal struct of that shape."""
    out: Obj = {}
    for wire, (name, absent) in shape.items():
        value = obj.get(wire)
        if isinstance(absent, Mapping):
            out[name] = shown(value, absent) if value is not None else None
        else:
            out[name] = absent if value is None else value
    return out
