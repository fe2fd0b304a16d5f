"""Chance as a pure function: every "random" choice is a hash of (seed, what it is for).

No generator has state, so the order in which components ask cannot change what they get, and a worker that
reloads a cluster after a crash repeats the same choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

# Kubernetes' alphabet for generated names: no vowels (no words), no 0/1/3 (no confusion).
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Rng:
    """Seeded chance. `parts` name the decision, e.g. `rng.uniform(0.8, 1.2, uid, "pull", attempt)`."""

    __slots__ = ("_key", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._key = seed.to_bytes(16, "big", signed=True)

    def bits(self, *parts: object) -> int:
        """128 uniform bits for the decision named by `parts`."""
        text = "\x1f".join(map(str, parts)).encode()
        return int.from_bytes(blake2b(text, digest_size=16, key=self._key).digest(), "big")

    def fraction(self, *parts: object) -> float:
        """Uniform in [0, 1)."""
        return (self.bits(*parts) >> 75) / (1 << 53)

    def uniform(self, low: float, high: float, *parts: object) -> float:
        return low + (high - low) * self.fraction(*parts)

    def below(self, bound: int, *parts: object) -> int:
        """Uniform in range(bound)."""
        return self.bits(*parts) % bound

    def choice(self, items: Sequence[T], *parts: object) -> T:
        return items[self.bits(*parts) % len(items)]

    def suffix(self, length: int, *parts: object) -> str:
        """A Kubernetes name suffix, e.g. `x7k2p`."""
        bits, out = self.bits("suffix", *parts), []
        for _ in range(length):
            bits, digit = divmod(bits, len(SAFE_ALPHABET))
            out.append(SAFE_ALPHABET[digit])
        return "".join(out)

    def uuid(self, *parts: object) -> str:
        """An RFC 4122 version 4 shaped id."""
        bits = self.bits("uuid", *parts)
        bits = (bits & ~(0xF << 76)) | (4 << 76)
        bits = (bits & ~(0x3 << 62)) | (2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
