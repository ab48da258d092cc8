"""What many queries say: days so many months later, and null as no."""

from __future__ import annotations

import polars as pl
from polars import col

Frame = pl.DataFrame


def later(days: str | pl.Expr, months: int) -> pl.Expr:
    """The same day so many months later, the month's last where there is none."""
    return (col(days) if isinstance(days, str) else days).dt.offset_by(f"{months}mo")


def yes(value: pl.Expr) -> pl.Expr:
    """Null is no."""
    return value.fill_null(False)
