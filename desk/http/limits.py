"""How often one may ask: buckets that fill with time, one per caller, in the memory of one process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

# Sign-ins, and refused credentials, per address.
SIGN_INS_PER_MINUTE = 10
REFUSED_PER_MINUTE = 30
_FORGET_ABOVE = 10_000


@dataclass
class Bucket:
    """Fills with `per_second` up to `size`; each act takes one."""

    size: float
    per_second: float
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.at = self.size, time.monotonic()

    def take(self, count: int) -> float:
        """Takes; returns 0, or the seconds after which there would be enough."""
        now = time.monotonic()
        self.left = min(self.size, self.left + (now - self.at) * self.per_second)
        self.at = now
        # Many at once may overdraw a full bucket: the next then waits the longer.
        if self.left >= min(count, self.size):
            self.left -= count
            return 0.0
        return (min(count, self.size) - self.left) / self.per_second


class Limits:
    """The buckets of a process."""

    def __init__(self, per_minute: int, token_per_second: int) -> None:
        self._sizes = {
            "user": (float(per_minute), per_minute / 60),
            "token": (2.0 * token_per_second, float(token_per_second)),
            "sign_in": (float(SIGN_INS_PER_MINUTE), SIGN_INS_PER_MINUTE / 60),
            "refused": (float(REFUSED_PER_MINUTE), REFUSED_PER_MINUTE / 60),
        }
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, what: str, who: str, count: int = 1) -> float:
        """0 where `who` may act now, else the seconds to wait."""
        with self._lock:
            if len(self._buckets) > _FORGET_ABOVE:
                self._buckets = {key: b for key, b in self._buckets.items() if b.left < b.size}
                if len(self._buckets) > _FORGET_ABOVE:
                    self._buckets.clear()
            bucket = self._buckets.setdefault((what, who), Bucket(*self._sizes[what]))
            return bucket.take(count)
