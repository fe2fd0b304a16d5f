"""curl, wget, nslookup, ping, nc, getent: against the simulated network, never another one."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from clusters.components.kubelet.console import servers
from clusters.components.kubelet.console.network import Refused, Target, Unreachable
from clusters.components.kubelet.console.process import Command, Process, Running
from clusters.components.kubelet.timing import duration
from clusters.kernel.clock import MILLISECOND, SECOND

_REDIRECTS = 10
_CONNECT_SECONDS = 130


@dataclass(slots=True)
class _Failure(Exception):
    code: int
    text: str


@dataclass(slots=True)
class _Url:
    host: str
    port: int
    target: str
    secure: bool


def _url(text: str) -> _Url:
    """Raises _Failure."""
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _Failure(3, "URL using bad/illegal format or missing URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _Failure(1, f'Protocol "{parts.scheme}" not supported')
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Url(parts.hostname, port or (443 if secure else 80), target, secure)


def _addresses(p: Process, host: str) -> tuple[str, ...]:
    if host == "localhost":
        return ("127.0.0.1",)
    container = p.system.container
    if host == container.hostname:
        return (container.ip,)
    if re.fullmatch(r"[\d.]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*", host):
        return (host,)
    found = p.system.network.resolve(host, container.namespace)
    return found.addresses if found is not None else ()


def _open(p: Process, host: str, port: int, seconds: int) -> Generator[int, None, tuple[Target, str]]:
    """Connect, in virtual time. Raises _Failure."""
    addresses = _addresses(p, host)
    yield p.now + 2 * MILLISECOND
    if not addresses:
        raise _Failure(6, f"Could not resolve host: {host}")
    try:
        return p.system.network.connect(addresses[0], port, p.system.container), addresses[0]
    except Refused:
        raise _Failure(7, f"Failed to connect to {host} port {port} after 0 ms: Could not connect to server") from None
    except Unreachable:
        until = p.now + seconds * SECOND
        while p.now < until:
            yield until
        ms = seconds * 1000
        raise _Failure(28, f"Failed to connect to {host} port {port} after {ms} ms: Timeout was reached") from None


def _ask(p: Process, url: _Url, request: servers.HttpRequest, seconds: int) -> Generator[int, None, servers.HttpAnswer]:
    """Raises _Failure."""
    target, _ = yield from _open(p, url.host, url.port, seconds)
    if url.secure:
        raise _Failure(35, "TLS connect error: error:0A00010B:SSL routines::wrong version number")
    found = servers.answer(target.container, target.port, request, p.now)
    yield p.now + 3 * MILLISECOND
    if found is None:
        raise _Failure(52, "Empty reply from server")
    return found


@dataclass(slots=True)
class _Curl:
    """Its options, as far as they mean something here."""

    urls: list[str] = field(default_factory=list)
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    output: str = ""
    silent: bool = False
    errors: bool = False
    fail: bool = False
    head: bool = False
    include: bool = False
    verbose: bool = False
    form: str = ""
    seconds: int = _CONNECT_SECONDS


_CURL_VALUES = {"-X": "method", "--request": "method", "-o": "output", "--output": "output", "-w": "form",
                "--write-out": "form", "-H": "header", "--header": "header", "-d": "data", "--data": "data",
                "--data-raw": "data", "-m": "time", "--max-time": "time", "--connect-timeout": "time", "-A": "agent",
                "--user-agent": "agent", "--retry": "", "-u": "", "--user": "", "--cacert": "",
                "--url": "url"}  # fmt: skip
_CURL_FLAGS = {"s": "silent", "S": "errors", "f": "fail", "I": "head", "i": "include", "v": "verbose", "k": "", "L": "",
               "g": "", "4": "", "6": "", "N": ""}  # fmt: skip
_CURL_LONG = {"--silent": "s", "--show-error": "S", "--fail": "f", "--head": "I", "--include": "i", "--verbose": "v",
              "--insecure": "k", "--location": "L", "--no-progress-meter": "s", "--http1.1": "k", "--compressed": "k",
              "--fail-with-body": "f"}  # fmt: skip


def _curl_options(args: list[str]) -> _Curl:
    """Raises _Failure."""
    out = _Curl()
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word in _CURL_LONG:
            word = f"-{_CURL_LONG[word]}"
        if not word.startswith("-") or word == "-":
            out.urls.append(word)
            continue
        if word in _CURL_VALUES or (len(word) > 2 and word[:2] in _CURL_VALUES and not word.startswith("--")):
            name, value = (word, "") if word in _CURL_VALUES else (word[:2], word[2:])
            if not value:
                if not rest:
                    raise _Failure(2, f"option {word}: requires parameter")
                value = rest.pop(0)
            _curl_value(out, _CURL_VALUES[name], value)
            continue
        for letter in word[1:] if not word.startswith("--") else [word]:
            if letter not in _CURL_FLAGS:
                # `-so FILE`: the last letter takes a value.
                if f"-{letter}" in _CURL_VALUES and word.endswith(letter) and rest:
                    _curl_value(out, _CURL_VALUES[f"-{letter}"], rest.pop(0))
                    break
                raise _Failure(2, f"option {word}: is unknown")
            if _CURL_FLAGS[letter]:
                setattr(out, _CURL_FLAGS[letter], True)
    return out


def _curl_value(out: _Curl, name: str, value: str) -> None:
    if name == "header":
        key, _, text = value.partition(":")
        out.headers[key.strip().lower()] = text.strip()
    elif name == "agent":
        out.headers["user-agent"] = value
    elif name == "data":
        out.body += (b"&" if out.body else b"") + value.encode()
    elif name == "time":
        length = duration(value)
        out.seconds = max(length // SECOND, 1) if length is not None else out.seconds
    elif name == "url":
        out.urls.append(value)
    elif name:
        setattr(out, name, value)


def curl(p: Process) -> Running:
    try:
        options = _curl_options(p.args[1:])
    except _Failure as failure:
        p.say(failure.text)
        return failure.code
    if not options.urls:
        p.err(b"curl: (2) no URL specified\n")
        return 2
    code = 0
    for text in options.urls[:20]:
        try:
            yield from _curl_one(p, options, text)
        except _Failure as failure:
            code = failure.code
            if not options.silent or options.errors:
                p.err(f"curl: ({failure.code}) {failure.text}\n".encode())
            if options.form:
                p.out(_written(options.form, 0, 0).encode())
    return code


def _curl_one(p: Process, options: _Curl, text: str) -> Generator[int, None, None]:
    url = _url(text)
    method = options.method or ("HEAD" if options.head else "POST" if options.body else "GET")
    headers = {
        "host": f"{url.host}:{url.port}" if url.port != 80 else url.host,
        "user-agent": "curl/8.14.1",
        "accept": "*/*",
    }
    headers.update(options.headers)
    request = servers.HttpRequest(method, url.target, headers, options.body)
    found = yield from _ask(p, url, request, options.seconds)
    if options.verbose:
        p.err(f"> {method} {url.target} HTTP/1.1\n".encode())
        p.err("".join(f"> {k.title()}: {v}\n" for k, v in headers.items()).encode() + b">\n")
    if options.fail and found.status >= 400:
        raise _Failure(22, f"The requested URL returned error: {found.status}")
    wire = found.encode(p.now)
    head, _, body = wire.partition(b"\r\n\r\n")
    if options.verbose:
        p.err(b"".join(b"< " + line + b"\n" for line in head.split(b"\r\n")) + b"<\n")
    data = (head + b"\r\n\r\n" if options.head or options.include else b"") + (b"" if method == "HEAD" else body)
    if options.output and options.output != "-":
        from clusters.components.kubelet.console.files import FileProblem

        if options.output != "/dev/null":
            try:
                p.files.write(p.path(options.output), data, p.now)
            except FileProblem as problem:
                raise _Failure(23, f"client returned ERROR on write, {problem}") from None
    else:
        p.out(data)
    if options.form:
        p.out(_written(options.form, found.status, len(body)).encode())


def _written(form: str, status: int, size: int) -> str:
    text = form.replace("%{http_code}", f"{status:03}").replace("%{response_code}", f"{status:03}")
    text = text.replace("%{size_download}", str(size)).replace("%{time_total}", "0.003")
    return text.replace("\\n", "\n").replace("\\t", "\t")


def wget(p: Process) -> Running:
    rest, urls, output, quiet, spider, seconds, shown = p.args[1:], [], "", False, False, 900, False
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            urls.append(word)
        elif word.startswith(("--timeout=", "-T")) or word in ("-t", "--tries"):
            text = word.partition("=")[2] or word[2:] or (rest.pop(0) if rest else "")
            if word.startswith(("--timeout", "-T")) and text.isdigit():
                seconds = max(int(text[:6]), 1)
        elif word in ("--spider",):
            spider = True
        elif word in ("--server-response", "-S"):
            shown = True
        elif word.startswith("-") and not word.startswith("--"):
            letters = word[1:]
            quiet = quiet or "q" in letters.split("O")[0]
            if "O" in letters:
                output = letters.partition("O")[2] or (rest.pop(0) if rest else "-")
    if not urls:
        p.say("missing URL")
        return 1
    try:
        url = _url(urls[0])
    except _Failure:
        p.say(f"not an http or ftp url: {urls[0]}")
        return 1
    try:
        if not quiet:
            addresses = _addresses(p, url.host)
            if addresses:
                p.err(f"Connecting to {url.host}:{url.port} ({addresses[0]}:{url.port})\n".encode())
        request = servers.HttpRequest(
            "GET", url.target, {"host": url.host, "user-agent": "Wget", "connection": "close"}
        )
        found = yield from _ask(p, url, request, seconds)
    except _Failure as failure:
        words = {
            6: f"bad address '{url.host}'",
            7: f"can't connect to remote host: Connection refused",  # noqa: F541
            28: "can't connect to remote host: Operation timed out" if seconds > 300 else "download timed out",
            52: "error getting response",
        }
        p.say(words.get(failure.code, "server returned error"))
        return 1
    if shown:
        p.err(b"".join(b"  " + x + b"\n" for x in found.encode(p.now).partition(b"\r\n\r\n")[0].split(b"\r\n")))
    if found.status >= 400:
        p.say(f"server returned error: HTTP/1.1 {found.status} {servers.REASONS.get(found.status, '')}")
        return 1
    if spider:
        if not quiet:
            p.err(b"remote file exists\n")
        return 0
    name = output or url.target.partition("?")[0].rpartition("/")[2] or "index.html"
    if name == "-":
        p.out(found.body)
        return 0
    from clusters.components.kubelet.console.files import FileProblem

    try:
        if name != "/dev/null":
            p.files.write(p.path(name), found.body, p.now)
    except FileProblem as problem:
        p.say(f"can't open '{name}': {problem}")
        return 1
    if not quiet:
        p.err(f"saving to '{name}'\n'{name}' saved\n".encode())
    return 0


def nslookup(p: Process) -> Running:
    names = [w for w in p.args[1:] if not w.startswith("-")]
    if not names:
        p.say("usage: nslookup HOST [DNS_SERVER]")
        return 1
    container = p.system.container
    name = names[0]
    server = names[1] if len(names) > 1 else container.dns_server
    yield p.now + 2 * MILLISECOND
    p.print(f"Server:\t\t{server}\nAddress:\t{server}:53\n" if not container.picture.bash
            else f"Server:\t\t{server}\nAddress:\t{server}#53\n")  # fmt: skip
    if name == "localhost":
        p.print("Name:\tlocalhost\nAddress: 127.0.0.1\n")
        return 0
    found = p.system.network.resolve(name, container.namespace)
    if found is None:
        p.print(f"** server can't find {name}: NXDOMAIN\n")
        return 1
    if found.alias:
        p.print(f"{found.name}\tcanonical name = {found.alias}\n")
        return 0
    for address in found.addresses:
        p.print(f"Name:\t{found.name}\nAddress: {address}")
    p.print("")
    return 0


def dig(p: Process) -> Running:
    names = [w for w in p.args[1:] if not w.startswith(("-", "+", "@")) and w not in ("A", "AAAA", "ANY")]
    yield p.now + 2 * MILLISECOND
    found = p.system.network.resolve(names[0], p.system.container.namespace) if names else None
    # dig does not use the search list: only the full name counts.
    if found is not None and found.name == names[0].rstrip("."):
        for address in found.addresses:
            p.print(address if "+short" in p.args else f"{found.name}.\t30\tIN\tA\t{address}")
    return 0


def getent(p: Process) -> Running:
    if len(p.args) < 3 or p.args[1] not in ("hosts", "ahosts"):
        p.say("usage: getent hosts NAME")
        return 1
    yield p.now + 2 * MILLISECOND
    addresses = _addresses(p, p.args[2])
    for address in addresses:
        p.print(f"{address:15} {p.args[2]}")
    return 0 if addresses else 2


def ping(p: Process) -> Running:
    rest, count, hosts = p.args[1:], 1 << 30, []
    while rest:
        word = rest.pop(0)
        if word in ("-c", "-w", "-W", "-i", "-s") and rest:
            value = rest.pop(0)
            if word == "-c" and value.isdigit():
                count = int(value[:6])
        elif not word.startswith("-"):
            hosts.append(word)
    addresses = _addresses(p, hosts[0]) if hosts else ()
    if not addresses:
        p.say(f"bad address '{hosts[0]}'" if hosts else "usage: ping [-c COUNT] HOST")
        return 1
    address = addresses[0]
    pods = p.system.container.lookup.list("pods", None)
    there = address.startswith("127.") or any((q.get("status") or {}).get("podIP") == address for q in pods)
    p.print(f"PING {hosts[0]} ({address}): 56 data bytes")
    sent = 0
    while sent < count:
        if there:
            p.print(f"64 bytes from {address}: seq={sent} ttl=64 time=0.1{sent % 10} ms")
        sent += 1
        if sent < count or not there:
            yield p.now + SECOND
    got = sent if there else 0
    p.print(f"\n--- {hosts[0]} ping statistics ---")
    p.print(f"{sent} packets transmitted, {got} packets received, {0 if there else 100}% packet loss")
    return 0 if there else 1


def nc(p: Process) -> Running:
    words, flags, seconds, rest = [], "", 10, p.args[1:]
    while rest:
        word = rest.pop(0)
        if word == "-w" and rest:
            value = rest.pop(0)
            seconds = int(value[:5]) if value.isdigit() else seconds
        elif word.startswith("-"):
            flags += word[1:]
        else:
            words.append(word)
    if len(words) < 2 or not words[1].isdigit():
        p.say("usage: nc [-zv] [-w SEC] HOST PORT")
        return 1
    host, port = words[0], int(words[1][:6])
    try:
        target, address = yield from _open(p, host, port, seconds)
    except _Failure as failure:
        if failure.code == 6:
            p.say(f"bad address '{host}'")
        elif "v" in flags or not flags:
            why = "Connection refused" if failure.code == 7 else "Connection timed out"
            p.say(f"{host} ({'; '.join(_addresses(p, host))}:{port}): {why}")
        return 1
    if "v" in flags:
        p.err(f"{host} ({address}:{port}) open\n".encode())
    if "z" in flags:
        return 0
    connection = servers.Connection(target.container, target.port)
    while not connection.closed and (line := (yield from p.stdin.line())) is not None:
        p.out(connection.feed(line, p.now))
    return 0


COMMANDS: dict[str, Command] = {
    "curl": curl, "wget": wget, "nslookup": nslookup, "dig": dig, "getent": getent, "ping": ping, "nc": nc,
}  # fmt: skip
