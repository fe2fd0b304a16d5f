"""Container images as a node knows them: sizes, how long a pull takes; their names are `machinery.images`.

Everything is a pure function of the image's name (and, for the time, of node and seed), so that a kubelet that
starts anew agrees with itself.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from clusters.components.kubelet.timing import on_grid
from clusters.kernel.clock import MILLISECOND, SECOND
from clusters.kernel.rng import Rng
from clusters.machinery.images import base_name, digest_name, full_name, is_reference

__all__ = [
    "base_name",
    "check_time",
    "digest_name",
    "full_name",
    "go_duration",
    "is_reference",
    "kind",
    "pull_time",
    "size",
]

_SIZES_MIB = {
    "busybox": 2.2, "alpine": 3.6, "nginx": 72.3, "redis": 41.5, "postgres": 158.0, "mysql": 245.0, "mongo": 290.0,
    "httpd": 60.2, "python": 380.0, "node": 400.0, "golang": 310.0, "ubuntu": 29.8, "debian": 48.5, "pause": 0.3,
}  # fmt: skip


_VARIANTS = ("-slim", "-unprivileged", "-alpine", "-server")


@lru_cache(maxsize=4096)
def kind(image: str) -> str:
    """The base name without what only tells one build of a program from another: `nginx` of `nginx-slim`."""
    name = base_name(image)
    for variant in _VARIANTS:
        name = name.removesuffix(variant)
    return name


@lru_cache(maxsize=4096)
def size(image: str) -> int:
    """Bytes."""
    known = _SIZES_MIB.get(base_name(image))
    if known is not None:
        return int(known * 1024 * 1024)
    return 8 * 1024 * 1024 + int.from_bytes(sha256(full_name(image).encode()).digest()[:4], "big") % (180 << 20)


def pull_time(rng: Rng, node: str, image: str) -> int:
    """Microseconds to pull the image to that node for the first time: half a second to two and a half."""
    return on_grid(int(rng.uniform(0.5, 2.5, "pull", node, full_name(image)) * SECOND))


def check_time(rng: Rng, node: str, image: str) -> int:
    """Microseconds to ask the registry about an image that is there already (`imagePullPolicy: Always`)."""
    return int(rng.uniform(0.15, 0.5, "check", node, full_name(image)) * 1000) * MILLISECOND


def go_duration(micros: int) -> str:
    """`1.234s`, `312ms` as Go prints a duration rounded to milliseconds."""
    if micros < SECOND:
        return f"{micros // MILLISECOND}ms"
    text = f"{micros / SECOND:.3f}".rstrip("0").rstrip(".")
    return f"{text}s"
