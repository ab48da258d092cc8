"""Intervals of rates."""

from __future__ import annotations

import math


def wilson(events: int, rows: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson 1927).

    >>> [round(x, 3) for x in wilson(5, 50)]
    [0.043, 0.214]
    """
    if not rows:
        return 0.0, 1.0
    z, rate = 1.959964, events / rows
    middle = rate + z * z / (2 * rows)
    half = z * math.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows))
    return (middle - half) / (1 + z * z / rows), (middle + half) / (1 + z * z / rows)
