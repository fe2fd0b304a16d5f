"""tar: what `kubectl cp` speaks. Archives are made and read in memory, within the limits of a container's files."""

from __future__ import annotations

import io
import posixpath
import tarfile
import zlib
from collections.abc import Iterator

from clusters.components.kubelet.console.files import File, FileProblem
from clusters.components.kubelet.console.process import Command, Process, Running
from clusters.components.kubelet.script import limits
from clusters.kernel.clock import SECOND

_FLAGS = "cxtvmpkohOz"
_LONG = {"--create": "c", "--extract": "x", "--get": "x", "--list": "t", "--verbose": "v", "--file": "f",
         "--directory": "C", "--touch": "m", "--gzip": "z", "--to-stdout": "O"}  # fmt: skip


def tar(p: Process) -> Running:
    parsed = _options(p)
    if parsed is None:
        return 2
    options, names = parsed
    modes = [mode for mode in "cxt" if mode in options]
    if len(modes) != 1:
        p.say("You must specify one of the '-Acdtrux', '--delete' or '--test-label' options")
        return 2
    folder = p.path(options.get("C", "."))
    if not p.files.is_folder(folder):
        p.say(f"{options['C']}: Cannot open: No such file or directory")
        return 2
    archive = options.get("f", "-")
    if modes == ["c"]:
        return _create(p, archive, folder, names, options)
    data = (yield from p.stdin.rest()) if archive == "-" else p.read_file(archive)
    if data is None:
        return 2
    return _read(p, data, folder, names, options)


def _options(p: Process) -> tuple[dict[str, str], list[str]] | None:
    """The first word may hold its letters without a dash. None after complaining."""
    found: dict[str, str] = {}
    names: list[str] = []
    rest = p.args[1:]
    if rest and not rest[0].startswith("-"):
        rest[0] = f"-{rest[0]}"
    while rest:
        word = rest.pop(0)
        if word == "--":
            names += rest
            break
        if word.startswith("--"):
            name, given, value = word.partition("=")
            letters = _LONG.get(name, "")
            if given:
                rest.insert(0, value)
        elif word.startswith("-") and word != "-":
            letters = word[1:]
        else:
            names.append(word)
            continue
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in "fC":
                value = letters or (rest.pop(0) if rest else "")
                letters = ""
                found[letter] = value
            elif letter in _FLAGS:
                found[letter] = ""
            else:
                p.say(f"invalid option -- '{letter}'")
                return None
    return found, names


# making


def _create(p: Process, archive: str, folder: str, names: list[str], options: dict[str, str]) -> int:
    if not names:
        p.say("Cowardly refusing to create an empty archive")
        return 2
    code, out = 0, io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz" if "z" in options else "w", format=tarfile.GNU_FORMAT) as made:
        for name in names:
            path = posixpath.normpath(posixpath.join(folder, name))
            if p.files.get(path) is None:
                p.say(f"{name}: Cannot stat: No such file or directory")
                code = 2
                continue
            if name.startswith("/"):
                p.say("Removing leading `/' from member names")
            for inner, file in _below(p, path):
                shown = name.rstrip("/") + inner[len(path) :] if path != "/" else inner
                info = tarfile.TarInfo(shown.lstrip("/") or ".")
                info.mode, info.mtime = file.mode, file.time // SECOND
                data = b"" if file.data is None or file.device else file.data
                info.type = tarfile.DIRTYPE if file.data is None else tarfile.REGTYPE
                info.size = len(data)
                made.addfile(info, io.BytesIO(data))
                if "v" in options:
                    p.err(f"{shown}\n".encode())
                if out.tell() > limits.LAYER:
                    p.say("archive too large")
                    return 2
    if code:
        p.say("Exiting with failure status due to previous errors")
    if archive == "-":
        p.out(out.getvalue())
        return code
    try:
        p.files.write(p.path(archive), out.getvalue(), p.now)
    except FileProblem as problem:
        p.say(f"{archive}: Cannot open: {problem}")
        return 2
    return code


def _below(p: Process, path: str) -> Iterator[tuple[str, File]]:
    """The path itself and all that is in it."""
    file = p.files.get(path)
    if file is None:
        return
    yield path, file
    if file.data is None:
        for name in p.files.names(path):
            yield from _below(p, f"{path.rstrip('/')}/{name}")


# reading


def _read(p: Process, data: bytes, folder: str, names: list[str], options: dict[str, str]) -> int:
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(data)), mode="r:") as archive:
            return _go_through(p, archive, folder, names, options)
    except (tarfile.TarError, zlib.error):
        p.say("This does not look like a tar archive")
        p.say("Exiting with failure status due to previous errors")
        return 2


def _go_through(p: Process, archive: tarfile.TarFile, folder: str, names: list[str], options: dict[str, str]) -> int:
    code, left = 0, limits.LAYER
    for count, member in enumerate(_members(archive)):
        if count >= 4 * limits.FILES:
            p.say("too many members")
            return 2
        if names and not any(member.name == n or member.name.startswith(f"{n}/") for n in names):
            continue
        left -= max(member.size, 0)
        if left < 0:
            p.say(f"{member.name}: Cannot write: No space left on device")
            return 2
        if "t" in options:
            p.print(member.name + ("/" if member.isdir() else ""))
            continue
        if "v" in options:
            p.print(member.name)
        code = max(code, _extract(p, archive, member, folder, options))
    if code:
        p.say("Exiting with failure status due to previous errors")
    return code


def _unpacked(data: bytes) -> bytes:
    """Of what is compressed, not more than a container could hold. Raises zlib.error."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    return zlib.decompressobj(wbits=31).decompress(data, 2 * limits.LAYER)


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """A damaged archive ends where the damage begins."""
    try:
        while (member := archive.next()) is not None:
            yield member
    except (tarfile.TarError, EOFError, OSError, ValueError):
        return


def _extract(
    p: Process, archive: tarfile.TarFile, member: tarfile.TarInfo, folder: str, options: dict[str, str]
) -> int:
    name = posixpath.normpath(member.name.lstrip("/") or ".")
    if name.startswith(".."):
        p.say(f"{member.name}: Member name contains '..'")
        return 2
    path = posixpath.normpath(posixpath.join(folder, name))
    time = p.now if "m" in options else int(member.mtime) * SECOND
    try:
        if member.isdir():
            _folders(p, path, time)
            return 0
        if not member.isfile():
            return 0
        source = archive.extractfile(member)
        data = source.read() if source is not None else b""
        if "O" in options:
            p.out(data)
            return 0
        _folders(p, posixpath.dirname(path), time)
        p.files.write(path, data, time)
        p.files.chmod(path, member.mode & 0o777)
    except FileProblem as problem:
        p.say(f"{member.name}: Cannot open: {problem}")
        return 2
    except (tarfile.TarError, EOFError, OSError):
        p.say("Unexpected EOF in archive")
        return 2
    return 0


def _folders(p: Process, path: str, time: int) -> None:
    """The directory and those above it. Raises FileProblem."""
    if path == "/" or p.files.is_folder(path):
        return
    _folders(p, posixpath.dirname(path), time)
    p.files.make_folder(path, time)


COMMANDS: dict[str, Command] = {"tar": tar}
