"""Names of container images, as a container runtime reads them.

Models: distribution/reference; containerd (CRI).
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256

_REFERENCE = re.compile(
    r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?"
)


def is_reference(image: str) -> bool:
    """Whether a runtime could parse the name at all (else InvalidImageName)."""
    return _REFERENCE.fullmatch(image) is not None


@lru_cache(maxsize=4096)
def full_name(image: str) -> str:
    """`nginx` as a node's runtime knows it: `docker.io/library/nginx:latest`."""
    name, at, digest = image.partition("@")
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{name}"
    if at:
        return f"{name}@{digest}"
    last = name.rpartition("/")[2]
    return name if ":" in last else f"{name}:latest"


@lru_cache(maxsize=4096)
def digest_name(image: str) -> str:
    """The `imageID`: repository and digest."""
    full = full_name(image)
    name, at, _ = full.partition("@")
    if at:
        return full
    return f"{name.rpartition(':')[0]}@sha256:{sha256(full.encode()).hexdigest()}"


def base_name(image: str) -> str:
    """`nginx` of `docker.io/library/nginx:1.27@sha256:...`: what the catalogue goes by."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]
