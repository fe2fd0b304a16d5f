"""Programs in a container's `$PATH`: which there are, where they lie, how one is run."""

from __future__ import annotations

from collections.abc import Generator

from clusters.components.kubelet.console.files import resolve
from clusters.components.kubelet.console.pictures import Picture
from clusters.components.kubelet.console.process import Command, Process, Running, System
from clusters.components.kubelet.console.tools import archive, basic, net, packages, paths, redis, shells, system, text
from clusters.components.kubelet.script import limits

TOOLS: dict[str, Command] = {
    **basic.COMMANDS,
    **paths.COMMANDS,
    **text.COMMANDS,
    **system.COMMANDS,
    **net.COMMANDS,
    **shells.COMMANDS,
    **archive.COMMANDS,
    **packages.COMMANDS,
    **redis.COMMANDS,
}
_BINS = ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
_ALPINE_ONLY = frozenset(("busybox",))


_SERVERS = {"redis-cli": ("redis", "valkey")}
"""Tools that come with one server only."""


def known(name: str, around: System) -> Command | None:
    """The tool of that name, if the image has it, or if it was installed."""
    tool, picture = TOOLS.get(name), around.container.picture
    if tool is None or picture.family == "none":
        return None
    return tool if _has(picture, name) or around.files.get(f"{packages.BIN}/{name}") is not None else None


def _has(picture: Picture, name: str) -> bool:
    if name in picture.lacks:
        return False
    if name == "bash":
        return picture.bash or picture.command.startswith("bash")
    if name in _ALPINE_ONLY:
        return picture.family in ("busybox", "alpine")
    if name in _SERVERS:
        return picture.command.startswith(_SERVERS[name])
    return picture.family in packages.FAMILIES.get(name, (picture.family,))


def where(name: str, around: System) -> str:
    """Its full path, "" if it is not there."""
    if known(name, around) is None:
        return ""
    return f"/bin/{name}" if around.container.picture.family in ("busybox", "alpine") else f"/usr/bin/{name}"


def find(word: str, around: System, cwd: str) -> Command | str:
    """The program that a command word means, or why there is none."""
    if "/" not in word:
        return known(word, around) or "not found"
    path = resolve(cwd, word)
    folder, _, name = path.rpartition("/")
    if folder in _BINS and (tool := known(name, around)) is not None:
        return tool
    file = around.files.get(path)
    if file is None:
        return "not found"
    if file.data is None or not file.mode & 0o111:
        return "Permission denied"
    return shells.script


def run(tool: Command, process: Process) -> Running:
    """To its end; the exit code."""
    if process.depth > limits.DEPTH:
        process.say("nested too deeply")
        return 126
    result = tool(process)
    if isinstance(result, Generator):
        result = yield from result
    return result
