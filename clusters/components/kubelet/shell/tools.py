"""Commands that ask for another host: what they print and how they end, reached or not."""

from __future__ import annotations

import re
from collections.abc import Sequence

NETWORK = {"wget", "curl", "nc", "ncat", "nslookup", "dig", "host", "ping", "telnet", "pg_isready", "redis-cli",
           "mysqladmin", "getent"}  # fmt: skip
_URL = re.compile(r"(?:https?|tcp|ftp)://(?:[^/@\s]*@)?([^/\s?#]+)")
_WITH_VALUE = {
    "-O", "-o", "-T", "-t", "-w", "-H", "-X", "-d", "-u", "-m", "-p", "-U", "-h", "-W", "-c", "-A", "--max-time",
    "--timeout", "--header", "--data", "--user", "--output", "--request", "--connect-timeout", "--retry", "--tries",
}  # fmt: skip


def target(name: str, args: Sequence[str]) -> str:
    """The host (`host`, `host:port`, `?host` for its name alone) that a command asks for; "" for none."""
    for arg in args:
        found = _URL.search(arg)
        if found:
            return _with_port(found.group(1), arg)
    if name in ("pg_isready", "redis-cli", "mysqladmin"):
        port = _option(args, "-p")
        host = _option(args, "-h") or _option(args, "--host") or "localhost"
        return f"{host}:{port}" if port.isdigit() else host
    plain = _operands(args)
    if name in ("nslookup", "dig", "host", "ping"):
        return f"?{plain[0]}" if plain else ""
    if name == "getent":
        return f"?{plain[1]}" if len(plain) > 1 else ""
    if name in ("nc", "ncat", "telnet"):
        if len(plain) > 1 and plain[1].isdigit():
            return f"{plain[0]}:{plain[1]}"
        return plain[0] if plain else ""
    return plain[0].partition("/")[0] if plain else ""


def is_local(host: str) -> bool:
    """It asks for its own Pod."""
    bare = host.removeprefix("?")
    return bare.partition(":")[0] in ("localhost", "127.0.0.1", "0.0.0.0") or bare.startswith("[::1]")


def _with_port(host: str, url: str) -> str:
    if ":" in host:
        return host
    return f"{host}:443" if url.startswith("https") else host


def _option(args: Sequence[str], name: str) -> str:
    for i, arg in enumerate(args):
        if arg == name and i + 1 < len(args):
            return args[i + 1]
        if arg.startswith(name + "="):
            return arg.partition("=")[2]
        if arg.startswith(name) and not name.startswith("--") and len(arg) > len(name):
            return arg[len(name) :]
    return ""


def _operands(args: Sequence[str]) -> list[str]:
    out: list[str] = []
    skip = False
    for arg in args:
        if skip:
            skip = False
        elif arg in _WITH_VALUE:
            skip = True
        elif not arg.startswith("-"):
            out.append(arg)
    return out


def answer(name: str, args: Sequence[str], host: str, *, reached: bool) -> tuple[list[str], int]:
    """(lines, exit code)."""
    bare = host.removeprefix("?").partition(":")[0]
    if name == "wget":
        return _wget(args, bare) if reached else ([f"wget: bad address '{bare}'"], 1)
    if name == "curl":
        return _curl(args, host, bare, reached=reached)
    if name in ("nslookup", "dig", "host"):
        if reached:
            return ["Server:\t\t10.96.0.10", "Address:\t10.96.0.10:53", "", f"Name:\t{bare}"], 0
        return [f"** server can't find {bare}: NXDOMAIN"], 1
    if name == "ping":
        line = f"64 bytes from {bare}: seq=0 ttl=64 time=0.052 ms" if reached else f"ping: bad address '{bare}'"
        return [line], 0 if reached else 1
    if name == "pg_isready":
        port = host.partition(":")[2] or "5432"
        return [f"{bare}:{port} - {'accepting connections' if reached else 'no response'}"], 0 if reached else 2
    if name == "redis-cli":
        line = "PONG" if reached else f"Could not connect to Redis at {bare}:6379: Connection refused"
        return [line], 0 if reached else 1
    if name == "mysqladmin":
        return ["mysqld is alive" if reached else f"mysqladmin: connect to server at '{bare}' failed"], int(not reached)
    return [], 0 if reached else 1


def _wget(args: Sequence[str], host: str) -> tuple[list[str], int]:
    quiet = any(a.startswith("-q") or a == "--quiet" for a in args)
    lines = [] if quiet else [f"Connecting to {host}"]
    if "--server-response" in args or any(re.fullmatch(r"-[a-zA-Z]*S[a-zA-Z]*", a) for a in args):
        lines += ["  HTTP/1.1 200 OK"]
    if any(re.fullmatch(r"-[a-zA-Z]*O-?", a) for a in args):
        lines += ["ok"]
    return lines, 0


def _curl(args: Sequence[str], host: str, bare: str, *, reached: bool) -> tuple[list[str], int]:
    wanted = _option(args, "-w") or _option(args, "--write-out")
    lines: list[str] = []
    if reached:
        flags = "".join(a[1:] for a in args if re.fullmatch(r"-[a-zA-Z]+", a))
        if "i" in flags or "I" in flags:
            lines.append("HTTP/1.1 200 OK")
        elif "o" not in flags:
            lines.append("ok")
    elif not any(a in ("-s", "--silent") or re.fullmatch(r"-[a-zA-Z]*s[a-zA-Z]*", a) for a in args):
        port = host.partition(":")[2] or "80"
        lines.append(f"curl: (7) Failed to connect to {bare} port {port} after 1 ms: Could not connect to server")
    if wanted:
        lines.append(wanted.replace("%{http_code}", "200" if reached else "000").replace("\\n", ""))
    return lines, 0 if reached else 7
