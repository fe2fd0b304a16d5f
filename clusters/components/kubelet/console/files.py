"""A container's files as a tree of paths: what image, kubelet and volumes put there, and a writable layer.

The lower part is made anew for each look (a ConfigMap may have changed); the layer above it holds what was
written in the container and is kept by whoever keeps the session's `Layer`.
"""

from __future__ import annotations

import posixpath
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from clusters.components.kubelet.script import limits


class FileProblem(Exception):
    """In the words of strerror."""


@dataclass(slots=True)
class File:
    """`data` None is a directory."""

    data: bytes | None
    mode: int = 0o644
    time: int = 0
    link: str = ""
    device: bool = False


@dataclass(slots=True)
class Layer:
    """What was written on top; a None hides what is below."""

    entries: dict[str, File | None] = field(default_factory=dict)

    def size(self) -> int:
        return sum(len(f.data or b"") for f in self.entries.values() if f is not None)


class Disks:
    """The layers of one cluster by what they belong to: a container, or a volume that several of them mount. Only so
    many are kept."""

    def __init__(self, kept: int = 400) -> None:
        self._kept = kept
        self._layers: OrderedDict[str, Layer] = OrderedDict()
        self._lock = threading.Lock()

    def layer(self, key: str) -> Layer:
        with self._lock:
            layer = self._layers.setdefault(key, Layer())
            self._layers.move_to_end(key)
            while len(self._layers) > self._kept:
                self._layers.popitem(last=False)
        return layer


class Mount(NamedTuple):
    """A volume with a layer of its own: what is at `path` is at `base` in it."""

    path: str
    base: str
    layer: Layer

    def inner(self, path: str) -> str:
        return (self.base.rstrip("/") + path[len(self.path) :]) or "/"


class Files:
    """Paths are absolute and normalised ("/" has no trailing slash)."""

    def __init__(self, layer: Layer) -> None:
        self._lower: dict[str, File] = {"/": File(None, 0o755)}
        self._layer = layer
        self._read_only: list[str] = []
        self._mounts: list[str] = []
        self._volumes: list[Mount] = []

    # building

    def put(self, path: str, data: bytes, *, mode: int = 0o644, time: int = 0, link: str = "") -> None:
        self._parents(path, time)
        self._lower[path] = File(data, mode, time, link)

    def folder(self, path: str, time: int = 0) -> None:
        if path not in self._lower:
            self._parents(path, time)
            self._lower[path] = File(None, 0o755, time)

    def device(self, path: str) -> None:
        self._parents(path, 0)
        self._lower[path] = File(b"", 0o666, 0, device=True)

    def mount(self, path: str, *, read_only: bool, layer: Layer | None = None, base: str = "/") -> None:
        """From here on another volume, with its own layer if it can be written: what the image had there is hidden."""
        for known in [p for p in self._lower if p.startswith(path + "/")]:
            del self._lower[known]
        self.folder(path)
        self._mounts.append(path)
        if layer is not None:
            self._volumes.append(Mount(path, base, layer))
        if read_only:
            self._read_only.append(path)

    def _parents(self, path: str, time: int) -> None:
        parent = posixpath.dirname(path)
        while parent not in self._lower:
            self._lower[parent] = File(None, 0o755, time)
            parent = posixpath.dirname(parent)

    # reading

    def _place(self, path: str) -> tuple[dict[str, File | None], str, str]:
        """(entries of the layer that holds the path, its name there, the name of the layer's root)."""
        found: Mount | None = None
        for volume in self._volumes:
            if path.startswith(volume.path + "/") and (found is None or len(volume.path) > len(found.path)):
                found = volume
        if found is None or any(
            len(m) > len(found.path) and (path == m or path.startswith(m + "/")) for m in self._mounts
        ):
            return self._layer.entries, path, "/"
        return found.layer.entries, found.inner(path), found.base

    def get(self, path: str) -> File | None:
        entries, inner, root = self._place(path)
        if inner in entries:
            return entries[inner]
        parent = inner
        while parent not in ("/", root):
            parent = posixpath.dirname(parent)
            if parent in entries and entries[parent] is None:
                return None
        return self._lower.get(path)

    def is_folder(self, path: str) -> bool:
        found = self.get(path)
        return found is not None and found.data is None

    def read(self, path: str) -> bytes:
        """Raises FileProblem."""
        found = self.get(path)
        if found is None:
            raise FileProblem("Not a directory" if self._under_file(path) else "No such file or directory")
        if found.data is None:
            raise FileProblem("Is a directory")
        return found.data

    def names(self, path: str) -> list[str]:
        """What a directory holds, sorted. Raises FileProblem."""
        found = self.get(path)
        if found is None:
            raise FileProblem("No such file or directory")
        if found.data is not None:
            raise FileProblem("Not a directory")
        prefix = path.rstrip("/") + "/"
        below = {p[len(prefix) :].partition("/")[0] for p in self._paths() if p.startswith(prefix) and p != "/"}
        return sorted(name for name in below if name and self.get(prefix + name) is not None)

    def _paths(self) -> Iterable[str]:
        yield from self._lower
        yield from self._layer.entries
        for path, base, layer in self._volumes:
            prefix = base.rstrip("/") + "/"
            yield from (f"{path}/{inner[len(prefix) :]}" for inner in list(layer.entries) if inner.startswith(prefix))

    def _under_file(self, path: str) -> bool:
        while path != "/":
            path = posixpath.dirname(path)
            found = self.get(path)
            if found is not None:
                return found.data is not None
        return False

    # writing

    def write(self, path: str, data: bytes, time: int, *, append: bool = False) -> None:
        """Raises FileProblem."""
        found = self.get(path)
        if found is not None and found.device:
            return
        if found is not None and found.data is None:
            raise FileProblem("Is a directory")
        self._check_writable(path)
        if append and found is not None and found.data is not None:
            data = found.data + data
        self._set(path, File(data, found.mode if found is not None else 0o644, time))

    def make_folder(self, path: str, time: int) -> None:
        if self.get(path) is not None:
            raise FileProblem("File exists")
        self._check_writable(path)
        self._set(path, File(None, 0o755, time))

    def chmod(self, path: str, mode: int) -> None:
        found = self.get(path)
        if found is None:
            raise FileProblem("No such file or directory")
        self._check_writable(path)
        self._set(path, File(found.data, mode, found.time))

    def remove(self, path: str) -> None:
        """With what is below it."""
        if self.get(path) is None:
            raise FileProblem("No such file or directory")
        if path in self._mounts or path == "/" or path in ("/dev", "/proc", "/sys"):
            raise FileProblem("Resource busy")
        self._check_writable(path)
        entries, inner, _ = self._place(path)
        for known in [p for p in entries if p.startswith(inner + "/")]:
            del entries[known]
        if path in self._lower:
            self._room(entries, inner)
            entries[inner] = None
        else:
            entries.pop(inner, None)

    def _set(self, path: str, file: File) -> None:
        data = file.data or b""
        if len(data) > limits.FILE:
            raise FileProblem("File too large")
        entries, inner, _ = self._place(path)
        self._room(entries, inner)
        old = entries.get(inner)
        used = sum(len(f.data or b"") for f in entries.values() if f is not None)
        if used - len(old.data or b"" if old is not None else b"") + len(data) > limits.LAYER:
            raise FileProblem("No space left on device")
        hidden = inner in entries and old is None
        if hidden and file.data is None and inner == path:
            # A directory that was removed comes back empty.
            for known in [p for p in self._lower if p.startswith(path + "/")]:
                entries.setdefault(known, None)
        entries[inner] = file

    def _room(self, entries: dict[str, File | None], inner: str) -> None:
        if len(inner) > 4096:
            raise FileProblem("File name too long")
        if inner not in entries and len(entries) >= limits.FILES:
            raise FileProblem("No space left on device")

    def _check_writable(self, path: str) -> None:
        if any(path == root or path.startswith(root.rstrip("/") + "/") for root in self._read_only):
            if not any(len(m) > len(r) and path.startswith(m + "/") and m not in self._read_only
                       for m in self._mounts for r in self._read_only):  # fmt: skip
                raise FileProblem("Read-only file system")
        if path.startswith(("/proc/", "/sys/")):
            raise FileProblem("Permission denied")
        parent = self.get(posixpath.dirname(path))
        if parent is None:
            raise FileProblem("No such file or directory")
        if parent.data is not None:
            raise FileProblem("Not a directory")


def resolve(cwd: str, path: str) -> str:
    """An absolute, normalised path."""
    joined = posixpath.normpath(posixpath.join(cwd, path))
    return "/" + joined.lstrip("/")
