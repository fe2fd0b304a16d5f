"""A container's files as a tree of paths: what image, kubelet and volumes put there, and a writable layer.

The lower part is made anew for each look (a ConfigMap may have changed); the layer above it holds what was
written in the container and is kept by whoever keeps the session's `Layer`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field

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


class Files:
    """Paths are absolute and normalised ("/" has no trailing slash)."""

    def __init__(self, layer: Layer) -> None:
        self._lower: dict[str, File] = {"/": File(None, 0o755)}
        self._layer = layer
        self._read_only: list[str] = []
        self._mounts: list[str] = []

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

    def mount(self, path: str, *, read_only: bool) -> None:
        """From here on another volume: what the image had there is hidden."""
        for known in [p for p in self._lower if p.startswith(path + "/")]:
            del self._lower[known]
        self.folder(path)
        self._mounts.append(path)
        if read_only:
            self._read_only.append(path)

    def _parents(self, path: str, time: int) -> None:
        parent = posixpath.dirname(path)
        while parent not in self._lower:
            self._lower[parent] = File(None, 0o755, time)
            parent = posixpath.dirname(parent)

    # reading

    def get(self, path: str) -> File | None:
        entries = self._layer.entries
        if path in entries:
            return entries[path]
        parent = path
        while parent != "/":
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
        entries = self._layer.entries
        for known in [p for p in entries if p.startswith(path + "/")]:
            del entries[known]
        if path in self._lower:
            self._room(path)
            entries[path] = None
        else:
            entries.pop(path, None)

    def _set(self, path: str, file: File) -> None:
        data = file.data or b""
        if len(data) > limits.FILE:
            raise FileProblem("File too large")
        self._room(path)
        old = self._layer.entries.get(path)
        if self._layer.size() - len(old.data or b"" if old is not None else b"") + len(data) > limits.LAYER:
            raise FileProblem("No space left on device")
        hidden = path in self._layer.entries and old is None
        if hidden and file.data is None:
            # A directory that was removed comes back empty.
            for known in [p for p in self._lower if p.startswith(path + "/")]:
                self._layer.entries.setdefault(known, None)
        self._layer.entries[path] = file

    def _room(self, path: str) -> None:
        if len(path) > 4096:
            raise FileProblem("File name too long")
        if path not in self._layer.entries and len(self._layer.entries) >= limits.FILES:
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
