"""Who and where: ps, id, hostname, uname, date, sleep and their like."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from clusters.components.kubelet import behavior
from clusters.components.kubelet.console.process import Command, Process, Running
from clusters.components.kubelet.timing import duration
from clusters.kernel.clock import SECOND
from clusters.resources.metrics import load

_FOREVER = 365 * 86400 * SECOND


def hostname(p: Process) -> int:
    options = p.args[1:]
    container = p.system.container
    if options == ["-i"] or options == ["-I"]:
        p.print(container.ip)
    elif options in ([], ["-s"], ["-f"]):
        p.print(container.hostname)
    else:
        p.say("sethostname: Operation not permitted")
        return 1
    return 0


def whoami(p: Process) -> int:
    uid = p.system.container.user
    names = {0: "root", 65534: "nobody"}
    if uid not in names:
        p.say(f"unknown uid {uid}" if not p.system.container.picture.bash else f"cannot find name for user ID {uid}")
        return 1
    p.print(names[uid])
    return 0


def identity(p: Process) -> int:
    container = p.system.container
    uid, gid = container.user, container.group
    options = "".join(w[1:] for w in p.args[1:] if w.startswith("-"))
    names = {0: "root", 65534: "nobody"}
    if "u" in options or "g" in options or "G" in options:
        number = uid if "u" in options else gid
        p.print(names.get(number, str(number)) if "n" in options else str(number))
        return 0

    def named(number: int) -> str:
        return f"{number}({names[number]})" if number in names else str(number)

    extra = [gid, *((container.pod["spec"].get("securityContext") or {}).get("supplementalGroups") or ())]
    own = (container.pod["spec"].get("securityContext") or {}).get("fsGroup")
    if own is not None:
        extra.append(own)
    p.print(f"uid={named(uid)} gid={named(gid)} groups={','.join(named(int(g)) for g in dict.fromkeys(extra))}")
    return 0


def date(p: Process) -> int:
    form, moment = "%a %b %e %H:%M:%S UTC %Y", p.now
    rest = [w for w in p.args[1:] if w != "-u"]
    for word in rest:
        if word.startswith("+"):
            form = word[1:]
        elif word in ("-Iseconds", "-Is"):
            form = "%Y-%m-%dT%H:%M:%S+00:00"
        elif word == "-I":
            form = "%Y-%m-%d"
        else:
            p.say(f"invalid date '{word}'" if not word.startswith("-") else f"unrecognized option: {word}")
            return 1
    at = datetime.fromtimestamp(moment // SECOND, UTC)

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code == "N":
            return f"{moment % SECOND * 1000:09}"
        if code == "s":
            return str(moment // SECOND)
        if code == "%":
            return "%"
        return at.strftime(f"%{code}") if code in "aAbBcdDeFHIjklmMnpRSTtuUwyYZz" else match.group(0)

    p.print(re.sub(r"%(.)", one, form[:500]))
    return 0


def uname(p: Process) -> int:
    container = p.system.container
    node = container.lookup.get("nodes", "", container.pod["spec"].get("nodeName", "")) or {}
    info = (node.get("status") or {}).get("nodeInfo") or {}
    release = info.get("kernelVersion") or "6.8.0-playground"
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(info.get("architecture", "amd64"), "x86_64")
    options = "".join(w[1:] for w in p.args[1:]) or "s"
    pieces = {"s": "Linux", "n": container.hostname, "r": release, "v": "#1 SMP", "m": machine, "o": "Linux"}
    if "a" in options:
        options = "snrvmo"
    if not set(options) <= set(pieces):
        p.say(f"invalid option -- '{next(c for c in options if c not in pieces)}'")
        return 1
    p.print(" ".join(pieces[c] for c in "snrvmo" if c in options))
    return 0


def sleep(p: Process) -> Running:
    total = 0
    if len(p.args) < 2:
        p.say("missing operand")
        return 1
    for word in p.args[1:]:
        length = _FOREVER if word in ("infinity", "inf") else duration(word)
        if length is None:
            p.say(
                f"invalid number '{word}'" if not p.system.container.picture.bash else f"invalid time interval '{word}'"
            )
            return 1
        total += min(length, _FOREVER)
    until = p.now + total
    while p.now < until:
        yield until
    return 0


def ps(p: Process) -> int:
    container = p.system.container
    user = "root" if container.user == 0 else str(container.user)
    me = " ".join(p.args)
    if container.picture.bash and any("aux" in w or "ef" in w for w in p.args[1:]):
        p.print("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND")
        for pid, command in ((1, container.command), (31, me)):
            terminal = "pts/0" if pid > 1 and p.system.tty else "?"
            p.print(f"{user:8} {pid:7}  0.0  0.0   9512  5632 {terminal:8} Ss   00:00   0:00 {command}")
        return 0
    if container.picture.bash:
        p.print("    PID TTY          TIME CMD")
        p.print(f"     31 {'pts/0' if p.system.tty else '?':8} 00:00:00 ps")
        return 0
    p.print("PID   USER     TIME  COMMAND")
    for pid, command in ((1, container.command), (31, me)):
        p.print(f"{pid:5} {user:8}  0:00 {command}")
    return 0


def kill(p: Process) -> int:
    forced = any(w in ("-9", "-KILL", "-SIGKILL") for w in p.args[1:])
    targets = [w for w in p.args[1:] if not w.startswith("-")]
    if not targets:
        p.say("you need to specify whom to kill")
        return 1
    for word in targets:
        if word == "1":
            # A process 1 without a handler ignores signals from inside its own namespace, and SIGKILL always.
            known = behavior.of(p.system.container.pod, p.system.container.spec)
            if not known.program.shell and not forced:
                p.system.stopped = known.stop_code
        elif not word.isdigit():
            p.say(f"invalid number '{word}'")
            return 1
        else:
            p.say(f"can't kill pid {word}: No such process")
            return 1
    return 0


def uptime(p: Process) -> int:
    seconds = max(p.now - p.system.container.started, 0) // SECOND
    at = datetime.fromtimestamp(p.now // SECOND, UTC)
    p.print(
        f" {at:%H:%M:%S} up {seconds // 86400} days, {seconds // 3600 % 24:2}:{seconds // 60 % 60:02}, "
        " load average: 0.00, 0.00, 0.00"
    )
    return 0


def nproc(p: Process) -> int:
    container = p.system.container
    node = container.lookup.get("nodes", "", container.pod["spec"].get("nodeName", "")) or {}
    p.print(str(((node.get("status") or {}).get("capacity") or {}).get("cpu", "1")))
    return 0


def free(p: Process) -> int:
    held = load.of(p.system.container.pod, p.system.container.spec).memory
    total, used = 16 * 1024 * 1024, held // 1024
    p.print("              total        used        free      shared  buff/cache   available")
    p.print(f"Mem:    {total:11} {used:11} {total - used:11}           0           0 {total - used:11}")
    return 0


def which(p: Process) -> int:
    from clusters.components.kubelet.console import tools

    code = 0
    for name in p.args[1:]:
        found = tools.where(name, p.system)
        if found:
            p.print(found)
        else:
            code = 1
    return code


def tty(p: Process) -> int:
    p.print("/dev/pts/0" if p.system.tty else "not a tty")
    return 0 if p.system.tty else 1


def clear(p: Process) -> int:
    p.out(b"\x1b[H\x1b[2J")
    return 0


COMMANDS: dict[str, Command] = {
    "hostname": hostname, "whoami": whoami, "id": identity, "date": date, "uname": uname, "sleep": sleep, "ps": ps,
    "kill": kill, "uptime": uptime, "nproc": nproc, "free": free, "which": which, "tty": tty, "clear": clear,
}  # fmt: skip
