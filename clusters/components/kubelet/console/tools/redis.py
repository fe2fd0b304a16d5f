"""redis-cli: the commands with which people try a Redis out. What is stored lies in the server's `/data`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import orjson

from clusters.components.kubelet.console.container import Container
from clusters.components.kubelet.console.files import FileProblem
from clusters.components.kubelet.console.network import Refused, Unreachable
from clusters.components.kubelet.console.process import Command, Process, Running

STORE = "/data/dump.rdb"
_PORT = 6379
_KEYS, _ITEMS = 1000, 1000


class _Problem(Exception):
    """An error reply."""


class _Server:
    def __init__(self, container: Container, now: int) -> None:
        self.container = container
        self.now = now
        self.files = container.files(now)
        try:
            self.data: dict[str, Any] = orjson.loads(self.files.read(STORE))
        except (FileProblem, orjson.JSONDecodeError):
            self.data = {}

    def save(self) -> None:
        """Raises FileProblem."""
        if not self.files.is_folder("/data"):
            self.files.make_folder("/data", self.now)
        self.files.write(STORE, orjson.dumps(self.data), self.now)

    def setting(self, name: str) -> str:
        """From the configuration file that it was started with."""
        found = re.search(r"\S+\.conf", self.container.command)
        text = b""
        if found is not None:
            try:
                text = self.files.read(found.group())
            except FileProblem:
                text = b""
        line = re.search(rf"^{re.escape(name)}\s+(\S+)", text.decode(errors="replace"), re.MULTILINE)
        if line is None:
            return {"maxmemory": "0", "maxmemory-policy": "noeviction", "appendonly": "no"}.get(name, "")
        size = re.fullmatch(r"(\d{1,12})([kmg]b?)", line.group(1).lower())
        if size is None:
            return line.group(1)
        unit = 1024 if size.group(2).endswith("b") else 1000
        return str(int(size.group(1)) * unit ** ("kmg".index(size.group(2)[0]) + 1))


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise _Problem("ERR value is not an integer or out of range")
    return int(text)


def _list(server: _Server, key: str) -> list[str]:
    found = server.data.get(key, [])
    if not isinstance(found, list):
        raise _Problem("WRONGTYPE Operation against a key holding the wrong kind of value")
    return found


def _put(server: _Server, key: str, value: Any) -> None:
    if key not in server.data and len(server.data) >= _KEYS:
        raise _Problem("OOM command not allowed when used memory > 'maxmemory'.")
    server.data[key] = value
    server.save()


def _push(server: _Server, args: list[str], *, left: bool) -> int:
    values = _list(server, args[0])
    for value in args[1:]:
        values = [value, *values] if left else [*values, value]
    _put(server, args[0], values[:_ITEMS])
    return len(values)


def _add(server: _Server, key: str, amount: int) -> int:
    number = _whole(str(server.data.get(key, "0"))) + amount
    _put(server, key, str(number))
    return number


def _delete(server: _Server, args: list[str]) -> int:
    gone = [key for key in args if server.data.pop(key, None) is not None]
    server.save()
    return len(gone)


def _flush(server: _Server) -> str:
    server.data.clear()
    server.save()
    return "OK"


def _set(server: _Server, args: list[str]) -> str:
    _put(server, args[0], args[1])
    return "OK"


def _slice(values: list[str], first: int, last: int) -> list[str]:
    end = last + 1 if last >= 0 else len(values) + last + 1
    return values[max(first if first >= 0 else len(values) + first, 0) : end]


def _config(server: _Server, args: list[str]) -> list[str]:
    return [args[1], server.setting(args[1])]


Reply = Any
_COMMANDS: dict[str, tuple[int, Callable[[_Server, list[str]], Reply]]] = {
    "PING": (0, lambda s, a: a[0] if a else "PONG"),
    "ECHO": (1, lambda s, a: [a[0]][0]),
    "SET": (2, _set),
    "GET": (1, lambda s, a: s.data.get(a[0])),
    "DEL": (1, _delete),
    "EXISTS": (1, lambda s, a: sum(key in s.data for key in a)),
    "INCR": (1, lambda s, a: _add(s, a[0], 1)),
    "DECR": (1, lambda s, a: _add(s, a[0], -1)),
    "INCRBY": (2, lambda s, a: _add(s, a[0], _whole(a[1]))),
    "KEYS": (1, lambda s, a: sorted(key for key in s.data if fnmatchcase(key, a[0]))),
    "LPUSH": (2, lambda s, a: _push(s, a, left=True)),
    "RPUSH": (2, lambda s, a: _push(s, a, left=False)),
    "LLEN": (1, lambda s, a: len(_list(s, a[0]))),
    "LRANGE": (3, lambda s, a: _slice(_list(s, a[0]), _whole(a[1]), _whole(a[2]))),
    "DBSIZE": (0, lambda s, a: len(s.data)),
    "FLUSHALL": (0, lambda s, a: _flush(s)),
    "CONFIG": (2, _config),
    "SELECT": (1, lambda s, a: "OK"),
    "AUTH": (1, lambda s, a: "OK"),
}
_PLAIN = ("SET", "PING", "FLUSHALL", "SELECT", "AUTH")
"""Their replies are words, not values."""


def _answer(server: _Server, words: list[str], *, quoted: bool) -> str:
    name, args = words[0].upper(), words[1:]
    known = _COMMANDS.get(name)
    try:
        if known is None:
            listed = "".join(f"'{a}' " for a in args)
            raise _Problem(f"ERR unknown command '{words[0]}', with args beginning with: {listed}")
        if len(args) < known[0]:
            raise _Problem(f"ERR wrong number of arguments for '{name.lower()}' command")
        reply = known[1](server, args)
    except (_Problem, FileProblem) as problem:
        return f"(error) {problem}" if quoted else str(problem)
    return _shown(reply, quoted=quoted, plain=name in _PLAIN)


def _shown(reply: Reply, *, quoted: bool, plain: bool) -> str:
    if reply is None:
        return "(nil)" if quoted else ""
    if isinstance(reply, int):
        return f"(integer) {reply}" if quoted else str(reply)
    if isinstance(reply, list):
        if not quoted:
            return "\n".join(reply)
        return "\n".join(f'{i}) "{each}"' for i, each in enumerate(reply, start=1)) or "(empty array)"
    return f'"{reply}"' if quoted and not plain else str(reply)


def redis_cli(p: Process) -> Running:
    host, port, rest = "127.0.0.1", _PORT, p.args[1:]
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("-h", "-p", "-a", "-n", "-u") and rest:
            value = rest.pop(0)
            host = value if option == "-h" else host
            port = int(value) if option == "-p" and value.isdigit() else port
    refused = f"Could not connect to Redis at {host}:{port}"
    source = p.system.container
    found = p.system.network.resolve(host, source.namespace) if not host[:1].isdigit() else None
    address = found.addresses[0] if found is not None and found.addresses else host
    if not address[:1].isdigit() and address != "localhost":
        p.print(f"{refused}: Name or service not known")
        return 1
    try:
        target = p.system.network.connect("127.0.0.1" if address == "localhost" else address, port, source)
    except (Refused, Unreachable):
        p.print(f"{refused}: Connection refused")
        return 1
    quoted = p.system.tty
    if rest:
        p.print(_answer(_Server(target.container, p.now), rest, quoted=quoted))
        return 0
    while True:
        if quoted:
            p.out(f"{host}:{port}> ".encode())
        line = yield from p.stdin.line()
        if line is None:
            return 0
        try:
            words = shlex.split(line.decode(errors="replace"))
        except ValueError:
            p.print("Invalid argument(s)")
            continue
        if words and words[0].lower() in ("exit", "quit"):
            return 0
        if words:
            p.print(_answer(_Server(target.container, p.now), words, quoted=quoted))


COMMANDS: dict[str, Command] = {"redis-cli": redis_cli}
