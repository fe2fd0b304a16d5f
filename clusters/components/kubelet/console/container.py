"""The inside of one container: its environment, its files, who it is. Built from objects, on demand.

Models: kubelet, kubelet_pods.go (makeEnvironmentVariables, ensureHostsFile), envvars/envvars.go.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from clusters.components.kubelet import behavior, images
from clusters.components.kubelet.console import pictures
from clusters.components.kubelet.console.files import Disks, Files, Layer
from clusters.components.kubelet.timing import when
from clusters.machinery import quantity
from clusters.machinery.types import Obj
from clusters.resources.base import Lookup

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_.-][\w.-]*)\))")


@dataclass(slots=True)
class Container:
    """One container of a Pod as stored objects show it. `token(pod, source)` makes the token that a projected
    volume holds; `layer` is what was written in it so far, `disks` what was written to volumes."""

    pod: Obj
    name: str
    lookup: Lookup
    token: Callable[[Obj, Obj], str]
    layer: Layer = field(default_factory=Layer)
    disks: Disks = field(default_factory=Disks)

    @property
    def spec(self) -> Obj:
        for key in ("containers", "initContainers", "ephemeralContainers"):
            for each in self.pod["spec"].get(key) or ():
                if each["name"] == self.name:
                    found: Obj = each
                    return found
        raise LookupError(self.name)

    @property
    def status(self) -> Obj:
        status = self.pod.get("status") or {}
        for key in _STATUSES:
            for each in status.get(key) or ():
                if each["name"] == self.name:
                    found: Obj = each
                    return found
        return {}

    @property
    def running(self) -> bool:
        return "running" in (self.status.get("state") or {})

    @property
    def started(self) -> int:
        """When it last started; 0 if it never did."""
        status = self.status
        for state in (status.get("state") or {}, status.get("lastState") or {}):
            for each in state.values():
                if each.get("startedAt"):
                    return when(each["startedAt"])
        return 0

    @property
    def id(self) -> str:
        return str(self.status.get("containerID", "")).removeprefix("containerd://")

    @property
    def namespace(self) -> str:
        return str(self.pod["metadata"]["namespace"])

    @property
    def hostname(self) -> str:
        spec = self.pod["spec"]
        if spec.get("hostNetwork"):
            return str(spec.get("nodeName", ""))
        return str(spec.get("hostname") or self.pod["metadata"]["name"])[:63]

    @property
    def picture(self) -> pictures.Picture:
        return pictures.of(images.kind(self.spec.get("image", "")))

    @property
    def user(self) -> int:
        """The user id its processes have."""
        own = self.spec.get("securityContext") or {}
        whole = self.pod["spec"].get("securityContext") or {}
        return int(own.get("runAsUser", whole.get("runAsUser", self.picture.user)))

    @property
    def group(self) -> int:
        own = self.spec.get("securityContext") or {}
        whole = self.pod["spec"].get("securityContext") or {}
        return int(own.get("runAsGroup", whole.get("runAsGroup", self.picture.user)))

    @property
    def command(self) -> str:
        """Process 1, as `ps` shows it."""
        line = [*(self.spec.get("command") or ()), *(self.spec.get("args") or ())]
        return " ".join(map(str, line)) or self.picture.command

    @property
    def ip(self) -> str:
        return str((self.pod.get("status") or {}).get("podIP", ""))

    # environment

    def environment(self, *, tty: bool = False) -> dict[str, str]:
        """In the order in which `env` prints it."""
        out = {"PATH": PATH, "HOSTNAME": self.hostname}
        if tty:
            out["TERM"] = "xterm"
        out.update(self.picture.env)
        own = dict(self._from_sources())
        services = dict(self._services())
        for variable in self.spec.get("env") or ():
            known = {**services, **own}
            if "value" in variable:
                value: str | None = expand(str(variable["value"] or ""), known)
            else:
                value = self._value_from(variable.get("valueFrom") or {})
            if value is not None or "valueFrom" not in variable:
                own[variable["name"]] = value or ""
        out.update(own)
        out.update({k: v for k, v in services.items() if k not in own})
        out.setdefault("HOME", "/root" if self.user == 0 else "/")
        return out

    def _object(self, resource: str, name: str) -> Obj | None:
        return self.lookup.get(resource, self.namespace, name)

    def _from_sources(self) -> Iterator[tuple[str, str]]:
        for source in self.spec.get("envFrom") or ():
            prefix = source.get("prefix") or ""
            for key, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
                if source.get(key):
                    data = contents(self._object(resource, source[key].get("name", "")))
                    yield from ((prefix + k, _text(v)) for k, v in sorted(data.items()))

    def _value_from(self, origin: Obj) -> str | None:
        for key, resource in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
            reference = origin.get(key)
            if reference:
                data = contents(self._object(resource, reference.get("name", "")))
                return _text(data[reference["key"]]) if reference["key"] in data else None
        if "fieldRef" in origin:
            return self.field(origin["fieldRef"].get("fieldPath", ""))
        if "resourceFieldRef" in origin:
            return self.resource(origin["resourceFieldRef"])
        return None

    def _services(self) -> Iterator[tuple[str, str]]:
        """Of the services that there were when the container started."""
        links = self.pod["spec"].get("enableServiceLinks", True)
        found = list(self.lookup.list("services", self.namespace)) if links else []
        master = self.lookup.get("services", "default", "kubernetes")
        if master is not None and not (links and self.namespace == "default"):
            found.append(master)
        for service in sorted(found, key=lambda s: str(s["metadata"]["name"])):
            ip, ports = service["spec"].get("clusterIP", ""), service["spec"].get("ports") or ()
            if ip in ("", "None") or not ports:
                continue
            if when(service["metadata"]["creationTimestamp"]) > self.started:
                continue
            yield from _service_variables(str(service["metadata"]["name"]), ip, list(ports))

    def field(self, path: str) -> str:
        """The downward API."""
        meta, spec, status = self.pod["metadata"], self.pod["spec"], self.pod.get("status") or {}
        if found := re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path):
            return str((meta.get(found.group(1)) or {}).get(found.group(2), ""))
        if path in ("metadata.labels", "metadata.annotations"):
            pairs = sorted((meta.get(path[9:]) or {}).items())
            return "\n".join(f"{k}={_quoted(str(v))}" for k, v in pairs)
        host = status.get("hostIP", "")
        known = {
            "metadata.name": meta["name"],
            "metadata.namespace": meta["namespace"],
            "metadata.uid": meta["uid"],
            "spec.nodeName": spec.get("nodeName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", ""),
            "status.hostIP": host,
            "status.hostIPs": host,
            "status.podIP": self.ip,
            "status.podIPs": ",".join(i.get("ip", "") for i in status.get("podIPs") or ()) or self.ip,
        }
        return str(known.get(path, ""))

    def resource(self, reference: Obj) -> str:
        """`limits.cpu` and its like, in units of the divisor; a limit that is not set is the node's."""
        wanted = reference.get("containerName") or self.name
        spec = next((c for c in self.pod["spec"]["containers"] if c["name"] == wanted), self.spec)
        kind, _, name = str(reference.get("resource", "")).partition(".")
        amount = ((spec.get("resources") or {}).get(kind) or {}).get(name)
        if amount is None and kind == "limits":
            node = self.lookup.get("nodes", "", self.pod["spec"].get("nodeName", "")) or {}
            amount = ((node.get("status") or {}).get("allocatable") or {}).get(name)
        if amount is None:
            return "0"
        divisor = str(reference.get("divisor") or "1")
        divisor = "1" if divisor == "0" else divisor
        if name == "cpu":
            return str(-(-quantity.milli(amount) // max(quantity.milli(divisor), 1)))
        return str(-(-quantity.value(amount) // max(quantity.value(divisor), 1)))

    # files

    def files(self, now: int) -> Files:
        """As they are at that time."""
        out = Files(self.layer)
        self.picture.lay(out)
        for name in ("null", "zero", "random", "urandom", "tty", "stdout", "stderr", "stdin"):
            out.device(f"/dev/{name}")
        out.put("/etc/hostname", f"{self.hostname}\n".encode())
        out.put("/etc/hosts", self._hosts().encode())
        out.put("/etc/resolv.conf", self._resolver().encode())
        out.put("/proc/1/cmdline", self.command.replace(" ", "\0").encode() + b"\0", mode=0o444)
        out.put("/proc/uptime", f"{max(now - self.started, 0) / 1e6:.2f} 0.00\n".encode(), mode=0o444)
        out.put("/proc/version", b"Linux version 6.8.0-playground\n", mode=0o444)
        program = behavior.of(self.pod, self.spec).program
        for offset, path, there in program.files:
            if (
                self.started + offset <= now
                and path.startswith("/")
                and there
                and program.has_file(path, now - self.started)
            ):
                out.put(path, b"", time=self.started + offset)
        volumes = {v["name"]: v for v in self.pod["spec"].get("volumes") or ()}
        for mount in sorted(self.spec.get("volumeMounts") or (), key=lambda m: len(m["mountPath"])):
            self._mount(out, mount, volumes.get(mount["name"]) or {})
        out.put("/dev/termination-log", b"")
        return out

    def _mount(self, out: Files, mount: Obj, volume: Obj) -> None:
        content = self._volume(volume)
        path = "/" + mount["mountPath"].strip("/")
        sub = (mount.get("subPath") or mount.get("subPathExpr") or "").strip("/")
        fixed = any(k in volume for k in ("configMap", "secret", "projected", "downwardAPI"))
        time = self.started
        if sub and sub in content:
            out.mount(path, read_only=bool(mount.get("readOnly") or fixed))
            out.put(path, content[sub], time=time)
            return
        key, base = self._disk(volume)
        layer = self.disks.layer(key) if key else None
        out.mount(
            path, read_only=bool(mount.get("readOnly") or fixed), layer=layer, base=f"{base}{sub}".rstrip("/") or "/"
        )
        prefix = f"{sub}/" if sub else ""
        for name, data in content.items():
            if name.startswith(prefix):
                out.put(f"{path}/{name[len(prefix) :]}", data, time=time)

    def _disk(self, volume: Obj) -> tuple[str, str]:
        """(what a volume that can be written is known by, where in it the mount begins); ("", "") for any other."""
        own = self.pod["metadata"]
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
        if "ephemeral" in volume:
            claim = f"{own['name']}-{volume['name']}"
        if claim:
            found = self._object("persistentvolumeclaims", claim) or {}
            name = (found.get("spec") or {}).get("volumeName") or f"{self.namespace}/{claim}"
            bound = self.lookup.get("persistentvolumes", "", name) or {}
            volume = bound.get("spec") or {}
            if "hostPath" not in volume:
                return f"volume/{name}", "/"
        if "hostPath" in volume:
            base = "/" + volume["hostPath"].get("path", "").strip("/")
            return f"node/{self.pod['spec'].get('nodeName', '')}", base.rstrip("/") + "/"
        if "emptyDir" in volume:
            return f"pod/{own['uid']}/{volume['name']}", "/"
        return "", ""

    def _volume(self, volume: Obj) -> dict[str, bytes]:
        if "configMap" in volume:
            return _picked(
                contents(self._object("configmaps", volume["configMap"].get("name", ""))), volume["configMap"]
            )
        if "secret" in volume:
            return _picked(contents(self._object("secrets", volume["secret"].get("secretName", ""))), volume["secret"])
        if "downwardAPI" in volume:
            return self._downward(volume["downwardAPI"])
        if "hostPath" in volume:
            base = volume["hostPath"].get("path", "").strip("/")
            prefix = f"{base}/" if base else ""
            files = pictures.node_files(str(self.pod["spec"].get("nodeName", "")))
            return {name[len(prefix) :]: data for name, data in files.items() if name.startswith(prefix)}
        out: dict[str, bytes] = {}
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "configMap" in source:
                data = contents(self._object("configmaps", source["configMap"].get("name", "")))
                out.update(_picked(data, source["configMap"]))
            elif "secret" in source:
                data = contents(self._object("secrets", source["secret"].get("name", "")))
                out.update(_picked(data, source["secret"]))
            elif "downwardAPI" in source:
                out.update(self._downward(source["downwardAPI"]))
            elif "serviceAccountToken" in source:
                wanted = source["serviceAccountToken"]
                out[wanted.get("path", "token")] = self.token(self.pod, wanted).encode()
        return out

    def _downward(self, source: Obj) -> dict[str, bytes]:
        out = {}
        for item in source.get("items") or ():
            if "fieldRef" in item:
                text = self.field(item["fieldRef"].get("fieldPath", ""))
            else:
                text = self.resource(item.get("resourceFieldRef") or {})
            out[item["path"]] = text.encode()
        return out

    def _hosts(self) -> str:
        lines = [
            "# Kubernetes-managed hosts file.",
            "127.0.0.1\tlocalhost",
            "::1\tlocalhost ip6-localhost ip6-loopback",
            "fe00::0\tip6-localnet",
            "fe00::0\tip6-mcastprefix",
            "fe00::1\tip6-allnodes",
            "fe00::2\tip6-allrouters",
        ]
        subdomain = self.pod["spec"].get("subdomain")
        full = f"{self.hostname}.{subdomain}.{self.namespace}.svc.cluster.local\t" if subdomain else ""
        lines.append(f"{self.ip}\t{full}{self.hostname}")
        aliases = self.pod["spec"].get("hostAliases") or ()
        if aliases:
            lines += ["", "# Entries added by HostAliases."]
            lines += ["\t".join([a.get("ip", ""), *(a.get("hostnames") or ())]) for a in aliases]
        return "\n".join(lines) + "\n"

    def _resolver(self) -> str:
        spec = self.pod["spec"]
        own = spec.get("dnsConfig") or {}
        searches, servers, options = list(own.get("searches") or ()), list(own.get("nameservers") or ()), []
        if spec.get("dnsPolicy", "ClusterFirst") in ("ClusterFirst", "ClusterFirstWithHostNet"):
            ns = self.namespace
            searches = [f"{ns}.svc.cluster.local", "svc.cluster.local", "cluster.local", *searches]
            servers, options = [self.dns_server, *servers], ["ndots:5"]
        options += [o["name"] + (f":{o['value']}" if o.get("value") else "") for o in own.get("options") or ()]
        lines = [f"search {' '.join(searches)}"] if searches else []
        lines += [f"nameserver {s}" for s in servers]
        if options:
            lines.append(f"options {' '.join(options)}")
        return "\n".join(lines) + "\n"

    @property
    def dns_server(self) -> str:
        service = self.lookup.get("services", "kube-system", "kube-dns")
        return str(service["spec"].get("clusterIP", "10.96.0.10")) if service is not None else "10.96.0.10"


def contents(obj: Obj | None) -> dict[str, bytes]:
    """What a ConfigMap or Secret holds."""
    if obj is None:
        return {}
    if obj.get("kind") == "Secret":
        return {k: _decoded(v) for k, v in (obj.get("data") or {}).items()}
    out = {k: str(v).encode() for k, v in (obj.get("data") or {}).items()}
    out.update({k: _decoded(v) for k, v in (obj.get("binaryData") or {}).items()})
    return out


def expand(text: str, known: dict[str, str]) -> str:
    """`$(NAME)` in a variable's value; `$$` is a dollar, and unknown names stay as they are."""

    def one(match: re.Match[str]) -> str:
        if match.group(1) == "$":
            return "$"
        return known.get(match.group(2), match.group(0))

    return _REFERENCE.sub(one, text)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text)
    except ValueError:
        return b""


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _picked(data: dict[str, bytes], source: Obj) -> dict[str, bytes]:
    items = source.get("items")
    if not items:
        return data
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}


def _service_variables(name: str, ip: str, ports: list[Obj]) -> Iterator[tuple[str, str]]:
    upper = name.upper().replace("-", "_")
    yield f"{upper}_SERVICE_HOST", ip
    yield f"{upper}_SERVICE_PORT", str(ports[0]["port"])
    for port in ports:
        if port.get("name"):
            yield f"{upper}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}", str(port["port"])
    for i, port in enumerate(ports):
        protocol = port.get("protocol", "TCP")
        url = f"{protocol.lower()}://{ip}:{port['port']}"
        prefix = f"{upper}_PORT_{port['port']}_{protocol}"
        if i == 0:
            yield f"{upper}_PORT", url
        yield prefix, url
        yield f"{prefix}_PROTO", protocol.lower()
        yield f"{prefix}_PORT", str(port["port"])
        yield f"{prefix}_ADDR", ip
