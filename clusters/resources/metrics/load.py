"""What a container takes of its node: from the Pod's annotations, from what it runs, from its image.

`behavior.playground.dev/WHAT` says it for all containers of a Pod, `behavior.playground.dev/CONTAINER.WHAT` for
one. WHAT is one of:

    cpu               what it takes all the time: `250m`
    cpu-per-request   ... and for each request a second: `5m`
    requests          requests a second that reach the Pod; on a Service: those that its ready Pods share
    memory            `64Mi`
    memory-leak       ... and each minute that much more: `10Mi`

A quantity that cannot be read counts as not given. A container whose command asks a host again and again
(`while sleep 0.01; do wget -q -O- http://web; done`) makes requests to that Service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from clusters.machinery import quantity
from clusters.machinery.images import base_name
from clusters.machinery.types import Obj

PREFIX = "behavior.playground.dev/"
REQUESTS = f"{PREFIX}requests"
MILLI = 1_000_000
"""Nanocores."""
MIB = 1 << 20
MOST_CPU, MOST_MEMORY, MOST_REQUESTS = 10**15, 1 << 50, 10**9
"""Whatever somebody writes: a million cores, a pebibyte, so many requests a second."""
_ASKING = 0.01
"""Seconds that one request takes the one who makes it."""


@dataclass(frozen=True, slots=True)
class Load:
    """CPU in nanocores, memory in bytes. `said`: somebody named the memory, so it is not only a habit of the image."""

    cpu: int = MILLI
    per_request: int = MILLI // 10
    memory: int = 12 * MIB
    leak: int = 0
    """Bytes a minute."""
    cpu_said: bool = False
    said: bool = False


_UNKNOWN = Load()
_SHELL = Load(cpu=MILLI // 2, per_request=0, memory=MIB)
_IMAGES: dict[str, Load] = {
    "nginx": Load(cpu=MILLI // 5, memory=9 * MIB),
    "httpd": Load(cpu=MILLI // 2, memory=18 * MIB),
    "redis": Load(cpu=3 * MILLI, memory=10 * MIB),
    "valkey": Load(cpu=3 * MILLI, memory=10 * MIB),
    "postgres": Load(cpu=3 * MILLI, memory=48 * MIB),
    "mysql": Load(cpu=5 * MILLI, memory=380 * MIB),
    "mariadb": Load(cpu=4 * MILLI, memory=120 * MIB),
    "mongo": Load(cpu=6 * MILLI, memory=160 * MIB),
    "coredns": Load(cpu=2 * MILLI, memory=16 * MIB),
    "metrics-server": Load(cpu=4 * MILLI, memory=22 * MIB),
    "pause": Load(cpu=0, per_request=0, memory=MIB),
    # One request computes a million square roots: a single asker keeps three of its usual requests' worth busy.
    "hpa-example": Load(cpu=MILLI, per_request=12_200_000, memory=11 * MIB),
    "busybox": _SHELL,
    "alpine": _SHELL,
    "bash": _SHELL,
}
_COUNT = re.compile(r"[0-9]{1,4}")
_SUFFIX = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "": 1}


def of(pod: Obj, container: Obj) -> Load:
    """The load of a container of that Pod, before limits."""
    found = _IMAGES.get(base_name(container.get("image", "")), _UNKNOWN)
    words = (*(container.get("command") or ()), *(container.get("args") or ()))
    if words:
        found = _commanded(words, found)
    annotations: Mapping[str, str] = pod["metadata"].get("annotations") or {}
    if not any(key.startswith(PREFIX) for key in annotations):
        return found

    def amount(what: str, unit: int) -> int | None:
        text = annotations.get(f"{PREFIX}{container['name']}.{what}", annotations.get(PREFIX + what))
        if text is None or not quantity.is_valid(text):
            return None
        given = quantity.of(text).scaled(-9) if unit == MILLI else quantity.value(text)
        return min(max(given, 0), MOST_CPU if unit == MILLI else MOST_MEMORY)

    cpu, per, memory, leak = (
        amount(what, unit)
        for what, unit in (("cpu", MILLI), ("cpu-per-request", MILLI), ("memory", 1), ("memory-leak", 1))
    )
    return Load(
        cpu=found.cpu if cpu is None else cpu,
        per_request=found.per_request if per is None else per,
        memory=found.memory if memory is None else memory,
        leak=found.leak if leak is None else leak,
        cpu_said=found.cpu_said or cpu is not None,
        said=found.said or memory is not None or bool(leak),
    )


def requests(obj: Obj) -> float:
    """Requests a second that a Service's or a Pod's annotation speaks of."""
    text = (obj["metadata"].get("annotations") or {}).get(REQUESTS)
    if text is None or not quantity.is_valid(text):
        return 0.0
    return min(max(quantity.milli(text), 0), MOST_REQUESTS * 1000) / 1000


def outgrows_at(load: Load, container: Obj) -> int | None:
    """Milliseconds after its start at which a container passes its memory limit; None: never."""
    limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    if limit is None or not load.said:
        return None
    room = quantity.value(limit) - load.memory
    if room < 0:
        return 0
    return room * 60_000 // load.leak if load.leak else None


# -- what commands do ---------------------------------------------------------------------------------------

_LOOP = re.compile(r"\b(?:while|until|for)\b")
_ASK = re.compile(r"\b(?:wget|curl)(?:\s+-\S*|\s+/\S+)*\s+([A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?)")
_URL = re.compile(r"https?://([A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?)")
_SLEEP = re.compile(r"\bsleep\s+(\d*\.?\d+)")
_TOOLS = ("hey", "ab", "wrk", "oha", "bombardier", "vegeta", "k6", "siege", "loadtest")
_TOOL_RATE = 200.0


@lru_cache(maxsize=4096)
def asks(words: tuple[str, ...]) -> tuple[str, float] | None:
    """(host, requests a second) of a command that asks a host for ever; None for any other."""
    text = " ".join(words)
    tool = words[0].rpartition("/")[2]
    if "wget" not in text and "curl" not in text and tool not in _TOOLS:
        return None
    url = _URL.search(text)
    if tool in _TOOLS:
        return (url.group(1).lower(), _TOOL_RATE) if url is not None else None
    if _LOOP.search(text) is None:
        return None
    found = url or _ASK.search(text)
    if found is None:
        return None
    sleeps = sum(float(each) for each in _SLEEP.findall(text))
    return str(found.group(1)).lower(), 1 / (sleeps + _ASKING)


def asked_by(container: Obj) -> tuple[str, float] | None:
    words = (*(container.get("command") or ()), *(container.get("args") or ()))
    return asks(words) if words else None


@lru_cache(maxsize=4096)
def _commanded(words: Sequence[str], base: Load) -> Load:
    """`stress --cpu 2 --vm 1 --vm-bytes 150M` and its kind, and loops that never sleep."""
    tool = words[0].rpartition("/")[2]
    options = dict(_options(words))
    cpus = options.get("cpu") or options.get("c") or options.get("cpus")
    workers = options.get("vm") or options.get("m")
    held = options.get("vm-bytes") or options.get("mem-total")
    if words[0].startswith("-") or tool in ("stress", "stress-ng"):
        if cpus and _COUNT.fullmatch(cpus):
            base = Load(int(cpus) * 1000 * MILLI, 0, base.memory, 0, True, base.said)
        if held:
            many = int(workers) if workers and _COUNT.fullmatch(workers) else 1
            size = _bytes(held)
            if size is not None:
                busy = base.cpu if "vm-hang" in options or not workers else many * 1000 * MILLI
                base = Load(max(base.cpu, busy), 0, size * many + MIB, 0, base.cpu_said, True)
        return base
    text = " ".join(words)
    if tool == "yes" or _SPIN.search(text) is not None:
        return Load(1000 * MILLI, 0, base.memory, 0, True, base.said)
    return base


_SPIN = re.compile(
    r"\bwhile\s+(?:true|:|\[ 1 \])\s*;\s*do\s+(?:true|:)\s*;\s*done|\byes\s*>\s*/dev/null|\bof=/dev/null"
    r"|\b(?:md5sum|sha256sum|sha1sum|cat)\s+/dev/(?:zero|urandom)"
)
"""What keeps one core busy for ever."""


def _options(words: Sequence[str]) -> list[tuple[str, str]]:
    """`--name value`, `--name=value`, `-name value`."""
    out: list[tuple[str, str]] = []
    for i, word in enumerate(words):
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        following = words[i + 1] if i + 1 < len(words) else ""
        out.append((name, value if equals else "" if following.startswith("-") else following))
    return out


def _bytes(text: str) -> int | None:
    found = re.fullmatch(r"([0-9]{1,12})([bBkKmMgG]?)i?[bB]?", text)
    return min(int(found.group(1)) * _SUFFIX[found.group(2).lower()], MOST_MEMORY) if found else None
