"""Security contexts of Pods and containers.

Models: kubernetes, core validation (validatePodSpecSecurityContext, ValidateSecurityContext, seccomp, AppArmor,
Windows options, sysctls).
"""

from __future__ import annotations

import re

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
)
from clusters.machinery.types import Obj
from clusters.resources.common.checks import between, local_path, one_of, subdomain
from clusters.resources.pod_spec.internal import SECCOMP, SECURITY_CONTEXT, shown

_MAX_ID = 2**31 - 1
_PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_PROC_MOUNTS = ("Default", "Unmasked")
_FS_GROUP_POLICIES = frozenset({"OnRootMismatch", "Always"})
_SE_LINUX_POLICIES = frozenset({"Recursive", "MountOption"})
_SUPPLEMENTAL_POLICIES = frozenset({"Merge", "Strict"})

SYSCTL_LENGTH = 253
_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
SYSCTL_PATTERN = rf"^({_SYSCTL_SEGMENT}[\./])*{_SYSCTL_SEGMENT}$"
_is_sysctl = re.compile(SYSCTL_PATTERN).fullmatch
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "fs.mqueue.")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+").search
_NET_BIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}').fullmatch
_DNS_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DNS_DOMAIN = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*").fullmatch
_BAD_USER_CHARS = re.compile(r'["/\\:;|=,+*?<>@\[\]]').search
_DOTS_AND_SPACES = re.compile(r"[. ]+").fullmatch
_GMSA_LIMIT_KIB = 64


def id_errors(value: int | None, path: Path) -> ErrorList:
    """A user or group id."""
    return [invalid(path, value, between(0, _MAX_ID))] if value is not None and not 0 <= value <= _MAX_ID else []


def pod_context_errors(context: Obj, spec: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        errors += id_errors(context.get(name), path.child(name))
    for i, group in enumerate(context.get("supplementalGroups") or ()):
        errors += id_errors(group, path.child("supplementalGroups").index(i))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid(path.child("shareProcessNamespace"), True, text))
    if context.get("sysctls"):
        errors += _sysctl_errors(context["sysctls"], spec, path.child("sysctls"))
    if context.get("fsGroupChangePolicy") is not None:
        errors += one_of(context["fsGroupChangePolicy"], _FS_GROUP_POLICIES, path.child("fsGroupChangePolicy"))
    errors += seccomp_errors(context.get("seccompProfile"), path.child("seccompProfile"))
    errors += windows_errors(context.get("windowsOptions"), path.child("windowsOptions"))
    errors += app_armor_errors(context.get("appArmorProfile"), path.child("appArmorProfile"))
    for name, supported in (
        ("supplementalGroupsPolicy", _SUPPLEMENTAL_POLICIES),
        ("seLinuxChangePolicy", _SE_LINUX_POLICIES),
    ):
        if context.get(name) is not None:
            errors += one_of(context[name], supported, path.child(name))
    return errors


def _sysctl_errors(sysctls: list[Obj], spec: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    seen: set[str] = set()
    for i, sysctl in enumerate(sysctls):
        name, at = sysctl.get("name", ""), path.index(i).child("name")
        if not name:
            errors.append(required(at))
        elif len(name) > SYSCTL_LENGTH or not _is_sysctl(name):
            text = f"must have at most {SYSCTL_LENGTH} characters and match regex {SYSCTL_PATTERN}"
            errors.append(invalid(at, name, text))
        elif name in seen:
            errors.append(duplicate(at, name))
        dotted = name.replace("/", ".")
        if spec.get("hostNetwork") and dotted.startswith("net."):
            errors.append(invalid(at, name, "may not be specified when 'hostNetwork' is true"))
        elif spec.get("hostIPC") and (dotted == "kernel.sem" or dotted.startswith(_IPC_SYSCTLS)):
            errors.append(invalid(at, name, "may not be specified when 'hostIPC' is true"))
        seen.add(name)
    return errors


def container_context_errors(context: Obj, path: Path, *, host_users: bool) -> ErrorList:
    errors = id_errors(context.get("runAsUser"), path.child("runAsUser"))
    errors += id_errors(context.get("runAsGroup"), path.child("runAsGroup"))
    proc = context.get("procMount")
    if proc is not None:
        at = path.child("procMount")
        if proc not in _PROC_MOUNTS:
            errors.append(not_supported(at, proc, _PROC_MOUNTS))
        if host_users and proc == "Unmasked":
            errors.append(invalid(at, proc, "`hostUsers` must be false to use `Unmasked`"))
    errors += seccomp_errors(context.get("seccompProfile"), path.child("seccompProfile"))
    if context.get("allowPrivilegeEscalation") is False:
        start = "cannot set `allowPrivilegeEscalation` to false and"
        if context.get("privileged"):
            errors.append(invalid(path, shown(context, SECURITY_CONTEXT), f"{start} `privileged` to true"))
        for capability in (context.get("capabilities") or {}).get("add") or ():
            if capability == "CAP_SYS_ADMIN":
                text = f"{start} `capabilities.Add` CAP_SYS_ADMIN"
                errors.append(invalid(path, shown(context, SECURITY_CONTEXT), text))
    errors += windows_errors(context.get("windowsOptions"), path.child("windowsOptions"))
    return errors + app_armor_errors(context.get("appArmorProfile"), path.child("appArmorProfile"))


def seccomp_errors(profile: Obj | None, path: Path) -> ErrorList:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    errors: ErrorList = []
    if not kind:
        errors.append(required(path.child("type"), "type is required when seccompProfile is set"))
    elif kind not in _PROFILE_TYPES:
        errors.append(not_supported(path.child("type"), kind, _PROFILE_TYPES))
    at = path.child("localhostProfile")
    if kind == "Localhost":
        if local is None:
            errors.append(required(at, "must be set when seccomp type is Localhost"))
        else:
            errors += local_path(local, at)
    elif local is not None:
        text = "can only be set when seccomp type is Localhost"
        errors.append(invalid(at, shown(profile, SECCOMP), text))
    return errors


def app_armor_errors(profile: Obj | None, path: Path) -> ErrorList:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    at = path.child("localhostProfile")
    needed = "must be set when AppArmor type is Localhost"
    if kind == "Localhost":
        if local is None:
            return [required(at, needed)]
        errors: ErrorList = []
        if local != local.strip():
            errors.append(invalid(at, local, "must not be padded with whitespace"))
        elif not local:
            errors.append(required(at, needed))
        if len(local) > 4095:
            errors.append(too_long(at, 4095))
        return errors
    if kind in _PROFILE_TYPES:
        text = "can only be set when AppArmor type is Localhost"
        return [invalid(at, local, text)] if local is not None else []
    if not kind:
        return [required(path.child("type"), "type is required when appArmorProfile is set")]
    return [not_supported(path.child("type"), kind, _PROFILE_TYPES)]


def windows_errors(options: Obj | None, path: Path) -> ErrorList:
    if options is None:
        return []
    errors: ErrorList = []
    name, spec, user = (options.get(key) for key in ("gmsaCredentialSpecName", "gmsaCredentialSpec", "runAsUserName"))
    if name is not None:
        errors += subdomain(name, path.child("gmsaCredentialSpecName"))
    if spec is not None:
        at = path.child("gmsaCredentialSpec")
        if not spec:
            errors.append(invalid(at, spec, "gmsaCredentialSpec cannot be an empty string"))
        elif len(spec.encode()) > _GMSA_LIMIT_KIB * 1024:
            errors.append(invalid(at, spec, f"gmsaCredentialSpec size must be under {_GMSA_LIMIT_KIB} KiB"))
    if user is not None:
        errors += [invalid(path.child("runAsUserName"), user, text) for text in _user_name(user)]
    return errors


def _user_name(name: str) -> list[str]:
    """What is wrong with a Windows user name, `DOMAIN\\USER` or `USER`."""
    if not name:
        return ["runAsUserName cannot be an empty string"]
    if _CONTROL(name):
        return ["runAsUserName cannot contain control characters"]
    parts = name.split("\\")
    if len(parts) > 2:
        return ["runAsUserName cannot contain more than one backslash"]
    domain, user = (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])
    out: list[str] = []
    if len(domain) >= 256:
        out.append("runAsUserName's Domain length must be under 256 characters")
    if len(parts) == 2 and not _NET_BIOS(domain) and not _DNS_DOMAIN(domain):
        out.append("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
    if not user:
        out.append("runAsUserName's User cannot be empty")
    elif len(user) > 104:
        out.append("runAsUserName's User length must not be longer than 104 characters")
    if _DOTS_AND_SPACES(user):
        out.append("runAsUserName's User cannot contain only periods or spaces")
    if _BAD_USER_CHARS(user):
        out.append(
            r'runAsUserName\'s User cannot contain the following characters: "/\:;|=,+*?<>@[]'.replace("\\'", "'")
        )
    return out


def host_process_errors(spec: Obj, containers: list[tuple[Obj, Path]], path: Path) -> ErrorList:
    """Windows host process containers: all of them or none, and on the host's network."""
    pod = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    errors: ErrorList = []
    count = 0
    for container, at in containers:
        own = ((container.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        if pod is not None and own is not None and pod != own:
            text = f"pod hostProcess value must be identical if both are specified, was {str(pod).lower()}"
            errors.append(invalid(at.child("securityContext", "windowsOptions", "hostProcess"), own, text))
        count += bool(pod if own is None else own)
    if count:
        if count != len(containers):
            text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
            errors.append(invalid(path, "", text))
        if not spec.get("hostNetwork"):
            text = "hostNetwork must be true if pod contains any hostProcess containers"
            errors.append(invalid(path.child("hostNetwork"), False, text))
    return errors
