"""What well-known images contain, as far as a shell in them can see: family, files, environment, ports.

An image that is not here looks like a small Debian with the usual tools.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from clusters.components.kubelet.console.files import Files

_FOLDERS = ("bin", "dev", "etc", "home", "lib", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp",
            "usr/bin", "usr/lib", "usr/local/bin", "usr/sbin", "var/log", "var/run", "var/tmp", "var/lib")  # fmt: skip

NGINX_PAGE = b"""<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
"""
HTTPD_PAGE = b"<html><body><h1>It works!</h1></body></html>\n"

_PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
)
_RELEASES = {
    "alpine": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME="Alpine Linux v3.22"\n',
    "debian": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    "ubuntu": 'PRETTY_NAME="Ubuntu 24.04 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\n',
}


@dataclass(frozen=True, slots=True)
class Picture:
    """`family` decides prompt and error texts: busybox, alpine, debian, ubuntu, none (no shell at all).
    `lacks` are tools that the image is known not to have."""

    family: str = "debian"
    ports: tuple[int, ...] = ()
    """On which its server listens, whatever the Pod declares."""
    server: str = ""
    """How it answers HTTP: nginx, httpd, hello, echo, plain; "" for what does not speak HTTP."""
    command: str = "/entrypoint"
    env: dict[str, str] = field(default_factory=dict)
    root: str = ""
    """What its web server shows."""
    page: bytes = b""
    lacks: frozenset[str] = frozenset()
    user: int = 0

    @property
    def bash(self) -> bool:
        return self.family in ("debian", "ubuntu")

    def lay(self, files: Files) -> None:
        """Put the image's own files down."""
        for name in _FOLDERS:
            files.folder(f"/{name}")
        if self.family == "none":
            return
        files.put("/etc/passwd", _PASSWD.encode())
        files.put("/etc/group", b"root:x:0:\ndaemon:x:1:\nnobody:x:65534:\n")
        if self.family in _RELEASES:
            files.put("/etc/os-release", _RELEASES[self.family].encode())
        for tool in ("sh", "ls", "cat", "echo", "sleep", *(("bash",) if self.bash else ("busybox",))):
            files.put(f"/bin/{tool}", b"\x7fELF", mode=0o755)
        if self.page:
            files.put(f"{self.root}/index.html", self.page)
        if self.server == "nginx":
            files.put("/etc/nginx/nginx.conf", b"worker_processes  auto;\nevents { worker_connections  1024; }\n"
                      b"http { include /etc/nginx/conf.d/*.conf; }\n")  # fmt: skip
            files.put("/etc/nginx/conf.d/default.conf", b"server {\n    listen       80;\n    server_name  localhost;\n"
                      b"    location / {\n        root   /usr/share/nginx/html;\n"
                      b"        index  index.html;\n    }\n}\n")  # fmt: skip


_SLIM = frozenset(("curl", "wget", "nslookup", "ping", "ps", "nc", "vi", "dig"))
_NO_PS = frozenset(("wget", "nslookup", "ping", "ps", "nc", "dig"))

_PICTURES: dict[str, Picture] = {
    "nginx": Picture(ports=(80,), server="nginx", command="nginx: master process nginx -g daemon off;",
                     env={"NGINX_VERSION": "1.29.3"}, root="/usr/share/nginx/html", page=NGINX_PAGE, lacks=_NO_PS),
    "httpd": Picture(ports=(80,), server="httpd", command="httpd -DFOREGROUND",
                     env={"HTTPD_PREFIX": "/usr/local/apache2"}, root="/usr/local/apache2/htdocs", page=HTTPD_PAGE,
                     lacks=_SLIM),
    "redis": Picture(ports=(6379,), command="redis-server *:6379", lacks=_SLIM),
    "valkey": Picture(ports=(6379,), command="valkey-server *:6379", lacks=_SLIM),
    "postgres": Picture(ports=(5432,), command="postgres", env={"PGDATA": "/var/lib/postgresql/data"}, lacks=_SLIM),
    "mysql": Picture(ports=(3306,), command="mysqld", lacks=_SLIM),
    "mariadb": Picture(ports=(3306,), command="mariadbd", lacks=_SLIM),
    "mongo": Picture(family="ubuntu", ports=(27017,), command="mongod --bind_ip_all", lacks=_SLIM),
    "busybox": Picture(family="busybox", command="sh", lacks=frozenset(("curl", "bash", "dig"))),
    "alpine": Picture(family="alpine", command="/bin/sh", lacks=frozenset(("curl", "bash", "dig"))),
    "curl": Picture(family="alpine", command="curl", lacks=frozenset(("bash", "dig")), user=100),
    "busyboxplus": Picture(family="busybox", command="sh", lacks=frozenset(("bash",))),
    "netshoot": Picture(family="alpine", command="bash"),
    "dnsutils": Picture(command="/bin/sh"),
    "jessie-dnsutils": Picture(command="/bin/sh"),
    "kubernetes-bootcamp": Picture(ports=(8080,), server="bootcamp", command="node server.js"),
    "echo-server": Picture(family="none", ports=(8080,), server="echo", command="/bin/echo-server"),
    "hello-kubernetes": Picture(family="alpine", ports=(8080,), server="hello", command="npm start"),
    "debian": Picture(command="bash", lacks=_SLIM),
    "ubuntu": Picture(family="ubuntu", command="/bin/bash", lacks=_SLIM),
    "bash": Picture(family="alpine", command="bash"),
    "pause": Picture(family="none", command="/pause", user=65535),
    "distroless": Picture(family="none"),
    "hello-app": Picture(family="alpine", ports=(8080,), server="hello", command="./hello-app"),
    "node-hello": Picture(ports=(8080,), server="hello", command="node server.js"),
    "http-echo": Picture(family="none", ports=(5678,), server="text", command="/http-echo"),
    "whoami": Picture(family="none", ports=(80,), server="echo", command="/whoami"),
    "echoserver": Picture(ports=(8080,), server="echo", command="nginx: master process", lacks=_NO_PS),
    "agnhost": Picture(family="alpine", ports=(), server="agnhost", command="/agnhost"),
    "traefik": Picture(family="alpine", ports=(80, 8080), server="missing", command="traefik traefik"),
}  # fmt: skip
_UNKNOWN = Picture(server="plain")


def of(image: str) -> Picture:
    """By the image's kind (`images.kind`)."""
    return _PICTURES.get(image, _UNKNOWN)


def node_files(node: str) -> dict[str, bytes]:
    """What a debugger finds on a machine, without the first slash."""
    return {
        "etc/hostname": f"{node}\n".encode(),
        "etc/os-release": _RELEASES["debian"].encode(),
        "etc/kubernetes/kubelet.conf": b"apiVersion: v1\nkind: Config\n",
        "etc/cni/net.d/10-playground.conflist": b'{"cniVersion": "1.0.0", "name": "playground", "plugins": []}\n',
        "var/lib/kubelet/config.yaml": b"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
        "var/log/kubelet.log": b"",
        "usr/bin/kubelet": b"\x7fELF",
        "usr/bin/containerd": b"\x7fELF",
    }
