"""apt-get and apk: there is no network to fetch from, but what people install to look around is given to them."""

from __future__ import annotations

from clusters.components.kubelet.console.files import FileProblem
from clusters.components.kubelet.console.process import Command, Process

_DNS = ("nslookup", "dig", "host")
_PACKAGES: dict[str, tuple[str, ...]] = {
    "curl": ("curl",), "wget": ("wget",), "procps": ("ps", "free", "uptime", "watch"), "iputils-ping": ("ping",),
    "iputils": ("ping",), "dnsutils": _DNS, "bind9-dnsutils": _DNS, "bind9-host": _DNS, "bind-tools": _DNS,
    "netcat-openbsd": ("nc",), "netcat-traditional": ("nc",), "netcat": ("nc",), "ncat": ("nc",), "bash": ("bash",),
    "busybox": ("busybox",), "redis-tools": ("redis-cli",), "ca-certificates": (), "coreutils": (), "git": (), "jq": (),
    "vim": (), "nano": (), "tree": (), "lsof": (), "htop": (), "iproute2": (), "net-tools": (), "telnet": (),
    "tcpdump": (), "stress": (), "postgresql-client": (), "mysql-client": (), "default-mysql-client": (),
    "mariadb-client": (), "python3": (), "less": (), "gnupg": (), "openssl": (), "sudo": (), "unzip": (), "file": (),
}  # fmt: skip
BIN = "/usr/bin"


def _install(p: Process, names: list[str]) -> bool:
    """False after complaining."""
    if p.system.container.user != 0:
        p.say("Permission denied, are you root?")
        return False
    for name in names:
        for tool in _PACKAGES[name]:
            try:
                p.files.write(f"{BIN}/{tool}", b"\x7fELF", p.now)
                p.files.chmod(f"{BIN}/{tool}", 0o755)
            except FileProblem as problem:
                p.say(f"{tool}: {problem}")
                return False
    return True


def apt(p: Process) -> int:
    words = [w for w in p.args[1:] if not w.startswith("-")]
    if words[:1] in (["update"], ["upgrade"], ["clean"], ["autoremove"]):
        if words[0] == "update":
            p.print("Hit:1 http://deb.debian.org/debian stable InRelease")
        p.print("Reading package lists... Done")
        return 0
    if words[:1] != ["install"]:
        p.print(f"E: Invalid operation {words[0]}" if words else "apt 2.6.1 (amd64)")
        return 100 if words else 0
    p.print("Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done")
    missing = [name for name in words[1:] if name not in _PACKAGES]
    if missing:
        for name in missing:
            p.err(f"E: Unable to locate package {name}\n".encode())
        return 100
    if not _install(p, words[1:]):
        return 100
    p.print("The following NEW packages will be installed:\n  " + " ".join(sorted(words[1:])))
    p.print(f"0 upgraded, {len(words) - 1} newly installed, 0 to remove and 0 not upgraded.")
    for name in sorted(words[1:]):
        p.print(f"Setting up {name} ...")
    return 0


def apk(p: Process) -> int:
    words = [w for w in p.args[1:] if not w.startswith("-")]
    if words[:1] in (["update"], ["upgrade"]):
        p.print("fetch https://dl-cdn.alpinelinux.org/alpine/v3.22/main/x86_64/APKINDEX.tar.gz\nOK: 25989 packages")
        return 0
    if words[:1] != ["add"]:
        p.print("apk-tools 2.14.9")
        return 1 if words else 0
    missing = [name for name in words[1:] if name not in _PACKAGES]
    if missing:
        p.err(b"ERROR: unable to select packages:\n")
        for name in missing:
            p.err(f"  {name} (no such package):\n    required by: world[{name}]\n".encode())
        return len(missing)
    if not _install(p, words[1:]):
        return 99
    for number, name in enumerate(words[1:], start=1):
        p.print(f"({number}/{len(words) - 1}) Installing {name}")
    p.print(f"Executing busybox trigger\nOK: {8 + len(words)} MiB in {15 + len(words)} packages")
    return 0


COMMANDS: dict[str, Command] = {"apt": apt, "apt-get": apt, "apk": apk}
FAMILIES = {"apt": ("debian", "ubuntu"), "apt-get": ("debian", "ubuntu"), "apk": ("alpine",)}
"""Which images have them."""
