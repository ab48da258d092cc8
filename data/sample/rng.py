"""Counter-based random numbers: a pure function of seed, stream name and key.

Nothing depends on the order in which records are made, so that a chunk of entities, the parent of one of
them or a single record can be made alone, and is the same whatever was made before. Only integer arithmetic
is used; the numbers are the same on every machine and with every version of numpy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Records of one entity and domain: 4,096 at most, so that a key stays unique.
SLOT_BITS = 12
_DOMAIN_SHIFT = np.uint64(56)
_UNIT = 1 << 32


def _mix(x: U64) -> U64:
    """The finaliser of splitmix64: a bijection of 64-bit numbers that spreads every bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def keys(domain: int, index: I64, slot: I64 | int = 0) -> U64:
    """One key for each record: `domain` separates the kinds, `slot` counts within an entity."""
    packed = (index.astype(np.uint64) << np.uint64(SLOT_BITS)) | np.asarray(slot, dtype=np.uint64)
    return _mix(packed | (np.uint64(domain) << _DOMAIN_SHIFT))


class Draws:
    """Random draws by name. Two names are independent streams over the same keys."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._bases: dict[str, np.uint64] = {}

    def _base(self, name: str) -> np.uint64:
        base = self._bases.get(name)
        if base is None:
            digest = hashlib.blake2b(f"{self._seed}:{name}".encode(), digest_size=8).digest()
            base = self._bases[name] = np.uint64(int.from_bytes(digest, "little"))
        return base

    def number(self, name: str, bound: int) -> int:
        """One number below `bound` for the whole sample, for instance an offset."""
        return int(self._base(name)) % bound

    def bits(self, name: str, key: U64) -> U64:
        """64 random bits per key."""
        return _mix(_mix(key ^ self._base(name)) + np.uint64(0x9E3779B97F4A7C15))

    def below(self, name: str, key: U64, bound: I64 | int) -> I64:
        """An integer from 0 to `bound` - 1 per key; a bound below 1 counts as 1. Bounds are less than 2**31."""
        limit = np.maximum(np.asarray(bound, dtype=np.int64), 1).astype(np.uint64)
        return (((self.bits(name, key) >> np.uint64(32)) * limit) >> np.uint64(32)).astype(np.int64)

    def between(self, name: str, key: U64, low: I64 | int, high: I64 | int) -> I64:
        """An integer from `low` to `high`, both included; `low` where `high` is smaller."""
        return np.asarray(low, dtype=np.int64) + self.below(name, key, np.asarray(high) - np.asarray(low) + 1)

    def chance(self, name: str, key: U64, rate: float | NDArray[np.float64]) -> Bools:
        """True with probability `rate` per key."""
        limit = (np.asarray(rate, dtype=np.float64) * _UNIT).astype(np.uint64)
        return np.asarray((self.bits(name, key) >> np.uint64(32)) < limit)

    def choose(self, name: str, key: U64, weights: Sequence[float]) -> I64:
        """The number of a weighted option per key."""
        parts = [round(weight * 1000) for weight in weights]
        ends = np.cumsum(np.asarray(parts, dtype=np.int64))
        return np.searchsorted(ends, self.below(name, key, int(ends[-1])), side="right").astype(np.int64)
