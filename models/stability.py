"""Population stability: how far a distribution has moved from the one that a model was made on."""

from __future__ import annotations

import math
from collections.abc import Sequence

_LEAST = 1e-4


def psi(expected: Sequence[float], found: Sequence[float]) -> float:
    """Population stability index of two lists of shares; an empty share is taken as one in ten thousand.

    >>> psi([0.5, 0.5], [0.5, 0.5])
    0.0
    """
    pairs = [(max(e, _LEAST), max(f, _LEAST)) for e, f in zip(expected, found, strict=True)]
    return math.fsum((f - e) * math.log(f / e) for e, f in pairs)
