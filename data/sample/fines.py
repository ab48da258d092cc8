"""Amounts of fines: heavy-tailed, many of them 3,000 yuan or less (regulation §11).

Tables of quantiles instead of a formula: fines are round numbers, and floating-point powers and logarithms
need not be the same on every machine.
"""

from __future__ import annotations

import numpy as np

from data.sample.rng import I64, U64, Draws

FEN_PER_YUAN = 100
# (yuan, how many of a hundred decisions), ordinary procedure of enterprises and shops.
_ORDINARY = ((200, 3), (500, 6), (800, 2), (1000, 9), (1500, 3), (2000, 10), (3000, 12), (4000, 3), (5000, 14),
             (8000, 4), (10_000, 11), (15_000, 3), (20_000, 6), (30_000, 4), (50_000, 5), (80_000, 1), (100_000, 2),
             (200_000, 1), (500_000, 1))  # fmt: skip
_SIMPLE = (
    (50, 8),
    (100, 20),
    (200, 22),
    (300, 6),
    (500, 16),
    (800, 2),
    (1000, 14),
    (1500, 2),
    (2000, 6),
    (3000, 4),
)
_SIMPLE_PERSON = ((20, 15), (50, 30), (100, 25), (150, 5), (200, 25))
_PERSON = ((200, 20), (500, 25), (1000, 30), (2000, 15), (5000, 8), (10_000, 2))
# Beyond the table's end: one in a hundred of the greatest fines is multiplied.
_TAIL = (2, 3, 5, 10)
_TAIL_RATE = 0.012
# Fines counted by the value of goods are not round.
_ODD_RATE = 0.12


def _table(rows: tuple[tuple[int, int], ...]) -> I64:
    return np.repeat([yuan for yuan, _ in rows], [share for _, share in rows]).astype(np.int64)


def _draw(draws: Draws, name: str, key: U64, rows: tuple[tuple[int, int], ...]) -> I64:
    table = _table(rows)
    return table[draws.below(name, key, len(table))]


def simple(draws: Draws, key: U64, is_person: np.ndarray) -> I64:
    """Fines of the simple procedure in fen, within its limits (行政处罚法第五十一条)."""
    yuan = np.where(
        is_person, _draw(draws, "fine_sp", key, _SIMPLE_PERSON), _draw(draws, "fine_s", key, _SIMPLE)
    )
    return yuan * FEN_PER_YUAN


def ordinary(draws: Draws, key: U64, is_person: np.ndarray, factor: I64) -> I64:
    """Fines of the ordinary procedure in fen; `factor` makes those of some fields higher."""
    yuan = np.where(
        is_person, _draw(draws, "fine_p", key, _PERSON), _draw(draws, "fine_o", key, _ORDINARY) * factor
    )
    is_tail = draws.chance("fine_tail", key, _TAIL_RATE) & ~is_person
    yuan = np.where(is_tail, yuan * np.array(_TAIL)[draws.below("fine_times", key, len(_TAIL))], yuan)
    odd = yuan * FEN_PER_YUAN + draws.below("fine_odd", key, 50_000)
    return np.where(draws.chance("fine_is_odd", key, _ODD_RATE), odd, yuan * FEN_PER_YUAN)


def confiscated(draws: Draws, key: U64) -> I64:
    """Confiscated gains in fen: 12.50 to some thousands of yuan, never round."""
    scale = np.array([1_000, 10_000, 50_000, 200_000, 1_000_000])[
        draws.choose("gain_scale", key, (30, 30, 25, 12, 3))
    ]
    return 1_250 + draws.below("gain", key, scale)
