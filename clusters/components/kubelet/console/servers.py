"""How simulated containers answer HTTP.

An image with a known server answers as that does, from the container's own files; any other with its Pod's name.
The annotation `behavior.playground.dev/http` (`503`, `200 some text`; `CONTAINER.http` for one container) says
what to answer instead.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from email.utils import formatdate

import orjson

from clusters.components.kubelet.behavior import PREFIX
from clusters.components.kubelet.console.container import Container
from clusters.components.kubelet.console.files import FileProblem
from clusters.kernel.clock import SECOND

MAX_HEAD = 16 * 1024
MAX_BODY = 1024 * 1024
REASONS = {200: "OK", 204: "No Content", 301: "Moved Permanently", 302: "Found", 400: "Bad Request",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 413: "Request Entity Too Large",
           429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
           503: "Service Unavailable", 504: "Gateway Timeout"}  # fmt: skip
_TYPES = {".html": "text/html", ".htm": "text/html", ".css": "text/css", ".js": "application/javascript",
          ".json": "application/json", ".txt": "text/plain", ".xml": "text/xml", ".svg": "image/svg+xml"}  # fmt: skip


@dataclass(slots=True)
class HttpRequest:
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""


@dataclass(slots=True)
class HttpAnswer:
    status: int
    body: bytes
    media: str = "text/plain; charset=utf-8"
    server: str = ""

    def encode(self, now: int, *, head: bool = False, close: bool = False) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}"]
        if self.server:
            lines.append(f"Server: {self.server}")
        lines += [
            f"Date: {formatdate(now // SECOND, usegmt=True)}",
            f"Content-Type: {self.media}",
            f"Content-Length: {len(self.body)}",
            f"Connection: {'close' if close else 'keep-alive'}",
        ]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + (b"" if head else self.body)


def answer(container: Container, port: int, request: HttpRequest, now: int) -> HttpAnswer | None:
    """None: what listens there does not speak HTTP."""
    annotations = container.pod["metadata"].get("annotations") or {}
    said = annotations.get(f"{PREFIX}{container.name}.http", annotations.get(f"{PREFIX}http"))
    if said is not None:
        code, _, text = said.strip().partition(" ")
        if code.isdigit() and 200 <= int(code) <= 599:
            return HttpAnswer(int(code), f"{text or REASONS.get(int(code), '')}\n".encode())
    picture = container.picture
    if not picture.server:
        return None
    path = request.target.partition("?")[0]
    if picture.server in ("nginx", "httpd"):
        return _static(container, path, now)
    if picture.server == "hello":
        return HttpAnswer(
            200, f"Hello, world!\nVersion: {_version(container)}\nHostname: {container.hostname}\n".encode()
        )
    if picture.server == "bootcamp":
        tag = str(container.spec.get("image", "")).rpartition(":v")[2]
        version = tag if tag.isdigit() else "1"
        text = f"Hello Kubernetes bootcamp! | Running on: {container.hostname} | v={version}\n"
        return HttpAnswer(200, text.encode())
    if picture.server == "text":
        return HttpAnswer(200, f"{_option(container, '-text')}\n".encode())
    if picture.server == "echo":
        return HttpAnswer(200, _echoed(container, request).encode())
    if picture.server == "missing":
        return HttpAnswer(404, b"404 page not found\n")
    if picture.server == "agnhost" and path in ("/hostname", "/hostName"):
        return HttpAnswer(200, container.hostname.encode())
    if path in ("/healthz", "/readyz", "/livez", "/health"):
        return HttpAnswer(200, b"ok")
    body = {"pod": container.pod["metadata"]["name"], "container": container.name, "port": port, "path": path}
    return HttpAnswer(200, orjson.dumps(body) + b"\n", "application/json")


def _static(container: Container, path: str, now: int) -> HttpAnswer:
    picture = container.picture
    name = (
        "nginx/" + picture.env.get("NGINX_VERSION", "1.29.3") if picture.server == "nginx" else "Apache/2.4.65 (Unix)"
    )
    safe = posixpath.normpath("/" + path.lstrip("/"))
    files = container.files(now)
    where = picture.root + ("" if safe == "/" else safe)
    if files.is_folder(where):
        where += "/index.html"
    try:
        body = files.read(where)
    except FileProblem:
        denied = safe == "/"
        code = 403 if denied else 404
        if picture.server == "nginx":
            line = f"{code} {REASONS[code]}"
            text = (
                f"<html>\r\n<head><title>{line}</title></head>\r\n<body>\r\n<center><h1>{line}</h1></center>\r\n"
                f"<hr><center>{name}</center>\r\n</body>\r\n</html>\r\n"
            )
        else:
            text = f"<!DOCTYPE HTML>\n<html><head>\n<title>{code} {REASONS[code]}</title>\n</head></html>\n"
        return HttpAnswer(code, text.encode(), "text/html", name)
    return HttpAnswer(200, body, _TYPES.get(posixpath.splitext(where)[1], "application/octet-stream"), name)


def _version(container: Container) -> str:
    """Of an image whose tag says it: `hello-app:2.0`."""
    tag = str(container.spec.get("image", "")).rpartition(":")[2]
    return f"{tag}.0" if tag.replace(".", "", 1).isdigit() else "1.0.0"


def _option(container: Container, name: str) -> str:
    args = [str(a) for a in container.spec.get("args") or ()]
    for i, arg in enumerate(args):
        bare = arg.replace("--", "-", 1)
        if bare.startswith(f"{name}="):
            return bare[len(name) + 1 :]
        if bare == name and i + 1 < len(args):
            return args[i + 1]
    return "hello-world"


def _echoed(container: Container, request: HttpRequest) -> str:
    lines = [f"Hostname: {container.hostname}", f"IP: {container.ip}", f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{k.title()}: {v}" for k, v in request.headers.items()]
    return "\n".join(lines) + "\n" + (f"\n{request.body.decode(errors='replace')}\n" if request.body else "")


class Connection:
    """One TCP connection to a container: bytes in, bytes out."""

    def __init__(self, container: Container, port: int) -> None:
        self._container = container
        self._port = port
        self._buffer = bytearray()
        self.closed = False

    def feed(self, data: bytes, now: int) -> bytes:
        """What comes back. Sets `closed` when the container hangs up."""
        self._buffer += data
        out = bytearray()
        while not self.closed:
            request = self._next()
            if request is None:
                break
            if isinstance(request, int):
                out += HttpAnswer(request, f"{REASONS[request]}\n".encode()).encode(now, close=True)
                self.closed = True
                break
            found = answer(self._container, self._port, request, now)
            if found is None:
                self.closed = True
                break
            close = request.headers.get("connection", "").lower() == "close"
            out += found.encode(now, head=request.method == "HEAD", close=close)
            self.closed = close
        return bytes(out)

    def _next(self) -> HttpRequest | int | None:
        """A request, the status of a refusal, or None: more bytes are needed."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return 400 if len(self._buffer) > MAX_HEAD else None
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return 400
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers:
            return 501
        if not length.isdigit():
            return 400
        if int(length) > MAX_BODY:
            return 413
        if len(self._buffer) < end + 4 + int(length):
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + int(length)])
        del self._buffer[: end + 4 + int(length)]
        return HttpRequest(words[0], words[1], headers, body)
