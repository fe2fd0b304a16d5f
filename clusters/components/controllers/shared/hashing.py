"""Template hashes: a short, safe, deterministic name part for "what this pod template says".

Models: kube-controller-manager, ComputeHash (32 bits of the template and the collision count, printed in
decimal and written in the alphabet of generated names). The bits come from another hash function than the
original's, whose input is Go's own printing of the structure.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

from clusters.kernel.rng import SAFE_ALPHABET


def safe_encode(text: str) -> str:
    """Kubernetes' rand.SafeEncodeString: each byte as a letter of the safe alphabet."""
    return "".join(SAFE_ALPHABET[ord(c) % len(SAFE_ALPHABET)] for c in text)


def template_hash(template: Any, collision_count: int | None) -> str:
    """`5d9c7b8f6d`-like, for a pod template (or any JSON)."""
    data = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    if collision_count:
        data += f"#{collision_count}".encode()
    number = int.from_bytes(blake2b(data, digest_size=4).digest(), "big")
    return safe_encode(str(number))
