"""The checks of the Pod Security Standards, each with the release since which it is in force.

A check looks at a Pod (or a template) and gives a `Violation` or None. Its texts are the real server's.
Models: pod-security-admission, policy/check_*.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clusters.machinery.field import go_quote
from clusters.machinery.types import Obj

BASELINE, RESTRICTED = "baseline", "restricted"


class Violation(NamedTuple):
    reason: str
    detail: str


Finder = Callable[[Obj, Obj], Violation | None]
"""(metadata, spec) -> what is wrong."""


@dataclass(frozen=True, slots=True)
class Check:
    """`versions`: (minor release it begins with, the rule), ascending. `overrides`: checks that it replaces."""

    id: str
    level: str
    versions: tuple[tuple[int, Finder], ...]
    overrides: tuple[str, ...] = ()

    def at(self, minor: int) -> Finder | None:
        found = None
        for since, finder in self.versions:
            if since <= minor:
                found = finder
        return found


def containers(spec: Obj) -> Iterator[Obj]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def _context(holder: Obj) -> Obj:
    return holder.get("securityContext") or {}


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(go_quote(word) for word in words)


def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def _named(names: Sequence[str]) -> str:
    return f"{_plural('container', 'containers', len(names))} {_quoted(names)}"


def _setters(pod: bool, names: Sequence[str]) -> str:
    """Who set something: `pod and container "a"`."""
    words = ["pod"] if pod else []
    if names:
        words.append(_named(names))
    return " and ".join(words)


def _windows(spec: Obj) -> bool:
    return (spec.get("os") or {}).get("name") == "windows"


def _user_namespace(spec: Obj) -> bool:
    return spec.get("hostUsers") is False


# baseline


def _app_armor(meta: Obj, spec: Obj) -> Violation | None:
    fine = ("RuntimeDefault", "Localhost")
    values: set[str] = set()

    def bad(holder: Obj) -> bool:
        profile = _context(holder).get("appArmorProfile")
        if profile is None or profile.get("type") in fine:
            return False
        values.add(profile.get("type", ""))
        return True

    pod = bad(spec)
    names = [c["name"] for c in containers(spec) if bad(c)]
    setters = [_setters(pod, names)] if pod or names else []
    shown = sorted(values)
    prefix = "container.apparmor.security.beta.kubernetes.io/"
    forbidden = sorted(
        f"{key}={go_quote(value)}"
        for key, value in (meta.get("annotations") or {}).items()
        if key.startswith(prefix) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )
    if forbidden:
        setters.append(_plural("annotation", "annotations", len(forbidden)))
        shown += forbidden
    if not setters:
        return None
    return Violation(
        _plural("forbidden AppArmor profile", "forbidden AppArmor profiles", len(shown)),
        f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(shown)}",
    )


_DEFAULT_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)


def _added_capabilities(spec: Obj, allowed: frozenset[str]) -> tuple[list[str], set[str]]:
    names, found = [], set()
    for container in containers(spec):
        added = set((_context(container).get("capabilities") or {}).get("add") or ()) - allowed
        if added:
            names.append(container["name"])
            found |= added
    return names, found


def _capabilities_baseline(meta: Obj, spec: Obj) -> Violation | None:
    names, found = _added_capabilities(spec, _DEFAULT_CAPABILITIES)
    if not names:
        return None
    return Violation(
        "non-default capabilities",
        f"{_named(names)} must not include {_quoted(sorted(found))} in securityContext.capabilities.add",
    )


def _host_namespaces(meta: Obj, spec: Obj) -> Violation | None:
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return Violation("host namespaces", ", ".join(found)) if found else None


def _host_path(meta: Obj, spec: Obj) -> Violation | None:
    names = [v["name"] for v in spec.get("volumes") or () if v.get("hostPath") is not None]
    if not names:
        return None
    return Violation("hostPath volumes", f"{_plural('volume', 'volumes', len(names))} {_quoted(names)}")


def _host_ports(meta: Obj, spec: Obj) -> Violation | None:
    names, ports = [], set()
    for container in containers(spec):
        found = {str(p["hostPort"]) for p in container.get("ports") or () if p.get("hostPort")}
        if found:
            names.append(container["name"])
            ports |= found
    if not names:
        return None
    uses, noun = _plural("uses", "use", len(names)), _plural("hostPort", "hostPorts", len(ports))
    return Violation("hostPort", f"{_named(names)} {uses} {noun} {', '.join(sorted(ports))}")


def _handlers(container: Obj) -> Iterator[Obj]:
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.get(probe) or {}
    lifecycle = container.get("lifecycle") or {}
    for hook in ("postStart", "preStop"):
        yield lifecycle.get(hook) or {}


def _probe_hosts(meta: Obj, spec: Obj) -> Violation | None:
    names, hosts = set(), set()
    for container in containers(spec):
        for handler in _handlers(container):
            for kind in ("httpGet", "tcpSocket"):
                host = (handler.get(kind) or {}).get("host")
                if host:
                    names.add(container["name"])
                    hosts.add(host)
    if not names:
        return None
    noun = _plural("probe or lifecycle host", "probe or lifecycle hosts", len(hosts))
    uses = _plural("uses", "use", len(names))
    return Violation("probe or lifecycle host", f"{_named(sorted(names))} {uses} {noun} {_quoted(sorted(hosts))}")


def _privileged(meta: Obj, spec: Obj) -> Violation | None:
    names = [c["name"] for c in containers(spec) if _context(c).get("privileged")]
    if not names:
        return None
    return Violation("privileged", f"{_named(names)} must not set securityContext.privileged=true")


def _proc_mount(meta: Obj, spec: Obj) -> Violation | None:
    names, types = [], set()
    for container in containers(spec):
        mount = _context(container).get("procMount")
        if mount is not None and mount != "Default":
            names.append(container["name"])
            types.add(mount)
    if not names:
        return None
    return Violation("procMount", f"{_named(names)} must not set securityContext.procMount to {_quoted(sorted(types))}")


def _proc_mount_1_35(meta: Obj, spec: Obj) -> Violation | None:
    return None if _user_namespace(spec) else _proc_mount(meta, spec)


def _se_linux(allowed: frozenset[str]) -> Finder:
    def find(meta: Obj, spec: Obj) -> Violation | None:
        types: set[str] = set()
        words: set[str] = set()

        def bad(holder: Obj) -> bool:
            options = _context(holder).get("seLinuxOptions")
            if options is None:
                return False
            wrong = options.get("type", "") not in allowed
            if wrong:
                types.add(options["type"])
            words.update(name for name in ("user", "role") if options.get(name))
            return wrong or bool(options.get("user")) or bool(options.get("role"))

        pod = bad(spec)
        names = [c["name"] for c in containers(spec) if bad(c)]
        if not pod and not names:
            return None
        data = [f"{_plural('type', 'types', len(types))} {_quoted(sorted(types))}"] if types else []
        data += [f"{name} may not be set" for name in ("user", "role") if name in words]
        return Violation(
            "seLinuxOptions",
            f"{_setters(pod, names)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}",
        )

    return find


_SE_LINUX_1_0 = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})


def _seccomp_types(spec: Obj) -> tuple[bool, list[str], set[str]]:
    """Whether the Pod, and which containers, set a profile that is not allowed; and those profiles."""
    values: set[str] = set()

    def bad(holder: Obj) -> bool:
        profile = _context(holder).get("seccompProfile")
        if profile is None or profile.get("type") in ("RuntimeDefault", "Localhost"):
            return False
        values.add(profile.get("type", ""))
        return True

    pod = bad(spec)
    return pod, [c["name"] for c in containers(spec) if bad(c)], values


def _seccomp_baseline(meta: Obj, spec: Obj) -> Violation | None:
    pod, names, values = _seccomp_types(spec)
    if not pod and not names:
        return None
    return Violation(
        "seccompProfile",
        f"{_setters(pod, names)} must not set securityContext.seccompProfile.type to {_quoted(sorted(values))}",
    )


_SYSCTLS_1_0 = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
    }
)
_SYSCTLS_1_27 = _SYSCTLS_1_0 | {"net.ipv4.ip_local_reserved_ports"}
_SYSCTLS_1_29 = _SYSCTLS_1_27 | {
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
_SYSCTLS_1_32 = _SYSCTLS_1_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}


def _sysctls(allowed: frozenset[str]) -> Finder:
    def find(meta: Obj, spec: Obj) -> Violation | None:
        found = [s["name"] for s in _context(spec).get("sysctls") or () if s.get("name") not in allowed]
        return Violation("forbidden sysctls", ", ".join(found)) if found else None

    return find


def _host_process(meta: Obj, spec: Obj) -> Violation | None:
    def bad(holder: Obj) -> bool:
        return bool((_context(holder).get("windowsOptions") or {}).get("hostProcess"))

    pod, names = bad(spec), [c["name"] for c in containers(spec) if bad(c)]
    if not pod and not names:
        return None
    return Violation(
        "hostProcess",
        f"{_setters(pod, names)} must not set securityContext.windowsOptions.hostProcess=true",
    )


# restricted


def _escalation(meta: Obj, spec: Obj) -> Violation | None:
    names = [c["name"] for c in containers(spec) if _context(c).get("allowPrivilegeEscalation") is not False]
    if not names:
        return None
    return Violation(
        "allowPrivilegeEscalation != false",
        f"{_named(names)} must set securityContext.allowPrivilegeEscalation=false",
    )


def _capabilities_restricted(meta: Obj, spec: Obj) -> Violation | None:
    missing = [
        c["name"] for c in containers(spec) if "ALL" not in ((_context(c).get("capabilities") or {}).get("drop") or ())
    ]
    names, added = _added_capabilities(spec, frozenset({"NET_BIND_SERVICE"}))
    details = []
    if missing:
        details.append(f'{_named(missing)} must set securityContext.capabilities.drop=["ALL"]')
    if names:
        details.append(f"{_named(names)} must not include {_quoted(sorted(added))} in securityContext.capabilities.add")
    return Violation("unrestricted capabilities", "; ".join(details)) if details else None


_ALLOWED_VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
_VOLUMES = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
)


def _volumes(meta: Obj, spec: Obj) -> Violation | None:
    names, types = [], set()
    for volume in spec.get("volumes") or ():
        if any(volume.get(kind) is not None for kind in _ALLOWED_VOLUMES):
            continue
        names.append(volume["name"])
        types.add(next((kind for kind in _VOLUMES if volume.get(kind) is not None), "unknown"))
    if not names:
        return None
    noun = _plural("restricted volume type", "restricted volume types", len(types))
    return Violation(
        "restricted volume types",
        f"{_plural('volume', 'volumes', len(names))} {_quoted(names)} {_plural('uses', 'use', len(names))} {noun}"
        f" {_quoted(sorted(types))}",
    )


def _non_root(meta: Obj, spec: Obj) -> Violation | None:
    reason, chosen = "runAsNonRoot != true", _context(spec).get("runAsNonRoot")
    explicit, implicit = [], []
    for container in containers(spec):
        own = _context(container).get("runAsNonRoot")
        if own is False:
            explicit.append(container["name"])
        elif own is None and not chosen:
            implicit.append(container["name"])
    if chosen is False or explicit:
        return Violation(
            reason, f"{_setters(chosen is False, explicit)} must not set securityContext.runAsNonRoot=false"
        )
    if implicit:
        return Violation(reason, f"pod or {_named(implicit)} must set securityContext.runAsNonRoot=true")
    return None


def _root_user(meta: Obj, spec: Obj) -> Violation | None:
    pod = _context(spec).get("runAsUser") == 0
    names = [c["name"] for c in containers(spec) if _context(c).get("runAsUser") == 0]
    if not pod and not names:
        return None
    return Violation("runAsUser=0", f"{_setters(pod, names)} must not set runAsUser=0")


def _seccomp_restricted(meta: Obj, spec: Obj) -> Violation | None:
    found = _seccomp_baseline(meta, spec)
    if found is not None or _context(spec).get("seccompProfile") is not None:
        return found
    names = [c["name"] for c in containers(spec) if _context(c).get("seccompProfile") is None]
    if not names:
        return None
    return Violation(
        "seccompProfile",
        f'pod or {_named(names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    )


def _unless(exempt: Callable[[Obj], bool], finder: Finder) -> Finder:
    def find(meta: Obj, spec: Obj) -> Violation | None:
        return None if exempt(spec) else finder(meta, spec)

    return find


def _check(id_: str, level: str, *versions: Any, overrides: tuple[str, ...] = ()) -> Check:
    return Check(id_, level, tuple(versions), overrides)


CHECKS = (
    _check("appArmorProfile", BASELINE, (0, _app_armor)),
    _check("capabilities_baseline", BASELINE, (0, _capabilities_baseline)),
    _check("hostNamespaces", BASELINE, (0, _host_namespaces)),
    _check("hostPathVolumes", BASELINE, (0, _host_path)),
    _check("hostPorts", BASELINE, (0, _host_ports)),
    _check("hostProbesAndHostLifecycle", BASELINE, (34, _probe_hosts)),
    _check("privileged", BASELINE, (0, _privileged)),
    _check("procMount", BASELINE, (0, _proc_mount), (35, _proc_mount_1_35)),
    _check(
        "seLinuxOptions",
        BASELINE,
        (0, _se_linux(_SE_LINUX_1_0)),
        (31, _se_linux(_SE_LINUX_1_0 | {"container_engine_t"})),
    ),
    _check("seccompProfile_baseline", BASELINE, (19, _seccomp_baseline)),
    _check(
        "sysctls",
        BASELINE,
        (0, _sysctls(_SYSCTLS_1_0)),
        (27, _sysctls(_SYSCTLS_1_27)),
        (29, _sysctls(_SYSCTLS_1_29)),
        (32, _sysctls(_SYSCTLS_1_32)),
    ),
    _check("windowsHostProcess", BASELINE, (0, _host_process)),
    _check("allowPrivilegeEscalation", RESTRICTED, (8, _escalation), (25, _unless(_windows, _escalation))),
    _check(
        "capabilities_restricted",
        RESTRICTED,
        (22, _capabilities_restricted),
        (25, _unless(_windows, _capabilities_restricted)),
        overrides=("capabilities_baseline",),
    ),
    _check("procMount_restricted", RESTRICTED, (35, _proc_mount), overrides=("procMount",)),
    _check("restrictedVolumes", RESTRICTED, (0, _volumes), overrides=("hostPathVolumes",)),
    _check("runAsNonRoot", RESTRICTED, (0, _non_root), (35, _unless(_user_namespace, _non_root))),
    _check("runAsUser", RESTRICTED, (23, _root_user), (35, _unless(_user_namespace, _root_user))),
    _check(
        "seccompProfile_restricted",
        RESTRICTED,
        (19, _seccomp_restricted),
        (25, _unless(_windows, _seccomp_restricted)),
        overrides=("seccompProfile_baseline",),
    ),
)
