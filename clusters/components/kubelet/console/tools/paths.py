"""Files and directories: ls, pwd, mkdir, rm, touch, cp, mv, chmod, stat, find, df and their like."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from clusters.components.kubelet.console.files import File, FileProblem
from clusters.components.kubelet.console.process import Command, Process, Running
from clusters.kernel.clock import SECOND

_FOUND = 5000


def pwd(p: Process) -> int:
    p.print(p.cwd)
    return 0


def _mode(file: File) -> str:
    kind = "d" if file.data is None else ("c" if file.device else "-")
    return kind + "".join("rwx"[2 - i % 3] if file.mode >> i & 1 else "-" for i in range(8, -1, -1))


def _long(name: str, file: File) -> str:
    moment = datetime.fromtimestamp(file.time // SECOND, UTC)
    size = 4096 if file.data is None else len(file.data)
    stamp = f"{moment:%b} {moment.day:2} {moment:%H:%M}"
    return f"{_mode(file)} {2 if file.data is None else 1:4} root     root     {size:9} {stamp} {name}"


def ls(p: Process) -> int:
    parsed = p.options("laA1hRrtSdFins", "")
    if parsed is None:
        return 1
    options, names = parsed
    code = 0
    names = names or ["."]
    single: list[tuple[str, File]] = []
    folders: list[tuple[str, str]] = []
    for name in names:
        path = p.path(name)
        file = p.files.get(path)
        if file is None:
            p.say(f"{name}: No such file or directory" if not p.system.container.picture.bash
                  else f"cannot access '{name}': No such file or directory")  # fmt: skip
            code = 1 if not p.system.container.picture.bash else 2
        elif file.data is None and "d" not in options:
            folders.append((name, path))
        else:
            single.append((name, file))
    _listed(p, single, options)
    for index, (name, path) in enumerate(folders):
        if len(names) > 1:
            p.out((("\n" if index or single else "") + f"{name}:\n").encode())
        entries = [(n, p.files.get(posixpath.join(path, n))) for n in p.files.names(path)]
        shown = [(n, f) for n, f in entries if f is not None and ("a" in options or "A" in options or n[0] != ".")]
        if "a" in options:
            here = p.files.get(path) or File(None)
            shown = [(".", here), ("..", here), *shown]
        if "l" in options:
            p.print(f"total {sum(-(-len(f.data or b'x' * 4096) // 1024) for _, f in shown)}")
        _listed(p, shown, options)
    return code


def _listed(p: Process, entries: list[tuple[str, File]], options: dict[str, str]) -> None:
    if "t" in options:
        entries.sort(key=lambda e: -e[1].time)
    if "S" in options:
        entries.sort(key=lambda e: -len(e[1].data or b""))
    if "r" in options:
        entries.reverse()
    names = [n + ("/" if "F" in options and f.data is None else "") for n, f in entries]
    if "l" in options:
        for name, (_, file) in zip(names, entries):
            p.print(_long(name, file))
    elif p.system.tty and "1" not in options and names:
        width = max(map(len, names)) + 2
        columns = max(p.system.width // width, 1)
        rows = -(-len(names) // columns)
        for row in range(rows):
            p.print("".join(n.ljust(width) for n in names[row::rows]).rstrip())
    else:
        for name in names:
            p.print(name)


def _each(p: Process, known: str, act: str) -> int:
    parsed = p.options(known)
    if parsed is None:
        return 1
    options, names = parsed
    if not names:
        p.say("missing operand")
        return 1
    code = 0
    for name in names:
        path = p.path(name)
        try:
            _ACTIONS[act](p, path, options)
        except FileProblem as problem:
            if act == "rm" and "f" in options and "No such" in str(problem):
                continue
            verb = {"mkdir": "can't create directory", "rm": "can't remove", "rmdir": ""}.get(act, "")
            p.say(f"{verb} '{name}': {problem}" if verb else f"{name}: {problem}")
            code = 1
    return code


def _mkdir(p: Process, path: str, options: dict[str, str]) -> None:
    if "p" in options:
        made = ""
        for piece in path.strip("/").split("/"):
            made += f"/{piece}"
            if p.files.get(made) is None:
                p.files.make_folder(made, p.now)
        return
    p.files.make_folder(path, p.now)


def _rm(p: Process, path: str, options: dict[str, str]) -> None:
    if p.files.is_folder(path) and not ({"r", "R"} & set(options)):
        raise FileProblem("Is a directory")
    p.files.remove(path)


def _rmdir(p: Process, path: str, options: dict[str, str]) -> None:
    if p.files.names(path):
        raise FileProblem("Directory not empty")
    p.files.remove(path)


def _touch(p: Process, path: str, options: dict[str, str]) -> None:
    found = p.files.get(path)
    if found is None or found.data is not None:
        p.files.write(path, found.data if found is not None and found.data else b"", p.now)


_ACTIONS = {"mkdir": _mkdir, "rm": _rm, "rmdir": _rmdir, "touch": _touch}


def mkdir(p: Process) -> int:
    return _each(p, "pv", "mkdir")


def rm(p: Process) -> int:
    return _each(p, "rRfvi", "rm")


def rmdir(p: Process) -> int:
    return _each(p, "p", "rmdir")


def touch(p: Process) -> int:
    return _each(p, "cam", "touch")


def copy(p: Process) -> int:
    """cp and mv, of files."""
    parsed = p.options("rRpafviT")
    if parsed is None:
        return 1
    _, names = parsed
    if len(names) < 2:
        p.say("missing file operand")
        return 1
    *sources, target = names
    code = 0
    for name in sources:
        path, to = p.path(name), p.path(target)
        try:
            data = p.files.read(path)
            if p.files.is_folder(to):
                to = posixpath.join(to, posixpath.basename(path))
            p.files.write(to, data, p.now)
            if p.name == "mv" and to != path:
                p.files.remove(path)
        except FileProblem as problem:
            p.say(f"can't {'stat' if 'No such' in str(problem) else 'copy'} '{name}': {problem}")
            code = 1
    return code


def chmod(p: Process) -> int:
    parsed = [w for w in p.args[1:] if w != "-R"]
    if len(parsed) < 2:
        p.say("missing operand")
        return 1
    mode, *names = parsed
    code = 0
    for name in names:
        path = p.path(name)
        found = p.files.get(path)
        if mode.isdigit() and len(mode) <= 4 and all(c in "01234567" for c in mode):
            wanted = int(mode, 8)
        elif mode.endswith("x") and mode[0] in "ugoa+-":
            old = found.mode if found is not None else 0
            wanted = old & ~0o111 if "-" in mode else old | 0o111
        else:
            p.say(f"invalid mode '{mode}'")
            return 1
        try:
            p.files.chmod(path, wanted)
        except FileProblem as problem:
            p.say(f"{name}: {problem}")
            code = 1
    return code


def chown(p: Process) -> int:
    """Owners are not kept."""
    names = [w for w in p.args[1:] if not w.startswith("-")][1:]
    missing = [name for name in names if p.files.get(p.path(name)) is None]
    for name in missing:
        p.say(f"{name}: No such file or directory")
    return 1 if missing or not names else 0


def link(p: Process) -> int:
    """A link is a copy here."""
    names = [w for w in p.args[1:] if not w.startswith("-")]
    if len(names) != 2:
        p.say("missing file operand")
        return 1
    target = p.path(names[1])
    if p.files.is_folder(target):
        target = f"{target.rstrip('/')}/{names[0].rstrip('/').rpartition('/')[2]}"
    try:
        p.files.write(target, p.files.read(p.path(names[0])), p.now)
    except FileProblem as problem:
        p.say(f"{names[1]}: {problem}")
        return 1
    return 0


def mktemp(p: Process) -> int:
    folder = "-d" in p.args[1:]
    for number in range(1000):
        path = f"/tmp/tmp.{p.now % 1_000_000_007:010d}{number or ''}"
        if p.files.get(path) is None:
            break
    try:
        if folder:
            p.files.make_folder(path, p.now)
        else:
            p.files.write(path, b"", p.now)
    except FileProblem as problem:
        p.say(str(problem))
        return 1
    p.print(path)
    return 0


def stat(p: Process) -> int:
    code = 0
    for name in p.args[1:]:
        file = p.files.get(p.path(name))
        if file is None:
            p.say(f"can't stat '{name}': No such file or directory")
            code = 1
            continue
        kind = "directory" if file.data is None else "regular file"
        p.print(f"  File: {name}\n  Size: {len(file.data or b'')}\t{kind}\nAccess: ({file.mode:04o}/{_mode(file)})")
    return code


def find(p: Process) -> Running:
    roots = []
    rest = p.args[1:]
    while rest and not rest[0].startswith(("-", "!", "(")):
        roots.append(rest.pop(0))
    wanted = {"-name": "", "-type": "", "-maxdepth": "99", "-path": ""}
    while rest:
        option = rest.pop(0)
        if option == "-print":
            continue
        if option not in wanted or not rest:
            p.say(f"unrecognized: {option}")
            return 1
        wanted[option] = rest.pop(0)
    depth = int(wanted["-maxdepth"]) if wanted["-maxdepth"].isdigit() else 99
    code, seen = 0, 0
    for root in roots or ["."]:
        if p.files.get(p.path(root)) is None:
            p.say(f"{root}: No such file or directory")
            code = 1
            continue
        waiting = [(root, 0)]
        while waiting and seen < _FOUND:
            shown, level = waiting.pop()
            seen += 1
            path = p.path(shown)
            file = p.files.get(path)
            if file is None:
                continue
            fits = not wanted["-name"] or fnmatchcase(posixpath.basename(path), wanted["-name"])
            fits = fits and (not wanted["-path"] or fnmatchcase(shown, wanted["-path"]))
            if fits and wanted["-type"] in ("", "d" if file.data is None else "f"):
                p.print(shown)
            if file.data is None and level < depth:
                waiting += [(posixpath.join(shown, n), level + 1) for n in reversed(p.files.names(path))]
            if seen % 100 == 0:
                yield -2
    return code


def base(p: Process) -> int:
    if len(p.args) < 2:
        p.say("missing operand")
        return 1
    text = p.args[1].rstrip("/") or "/"
    if p.name == "dirname":
        p.print(posixpath.dirname(text) or ".")
    else:
        name = posixpath.basename(text) or "/"
        p.print(name.removesuffix(p.args[2]) if len(p.args) > 2 else name)
    return 0


def readlink(p: Process) -> int:
    for name in [w for w in p.args[1:] if not w.startswith("-")]:
        p.print(p.path(name))
    return 0


def df(p: Process) -> int:
    p.print("Filesystem           1K-blocks      Used Available Use% Mounted on")
    p.print("overlay               41152812  12345844  26684240  32% /")
    p.print("tmpfs                    65536         0     65536   0% /dev")
    for mount in p.system.container.spec.get("volumeMounts") or ():
        p.print(f"tmpfs                  8116152        12   8116140   0% {mount['mountPath']}")
    return 0


def mount(p: Process) -> int:
    p.print("overlay on / type overlay (rw,relatime)")
    p.print("proc on /proc type proc (rw,nosuid,nodev,noexec,relatime)")
    for each in p.system.container.spec.get("volumeMounts") or ():
        p.print(f"tmpfs on {each['mountPath']} type tmpfs ({'ro' if each.get('readOnly') else 'rw'},relatime)")
    return 0


COMMANDS: dict[str, Command] = {
    "pwd": pwd, "ls": ls, "mkdir": mkdir, "rm": rm, "rmdir": rmdir, "touch": touch, "cp": copy, "mv": copy,
    "chmod": chmod, "stat": stat, "find": find, "basename": base, "dirname": base, "readlink": readlink,
    "chown": chown, "chgrp": chown, "ln": link, "mktemp": mktemp, "realpath": readlink, "df": df, "mount": mount,
}  # fmt: skip
