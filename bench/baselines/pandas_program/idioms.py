"""What many queries say: days so many months later, null as no, and joins in which null equals nothing."""

from __future__ import annotations

import pandas as pd

Frame = pd.DataFrame


def later(days: pd.Series, months: int) -> pd.Series:
    """The same day so many months later, the month's last where there is none."""
    return days + pd.DateOffset(months=months)


def yes(value: pd.Series) -> pd.Series:
    """Null is no."""
    return value.fillna(False).astype(bool)


def inner(left: Frame, right: Frame, left_on: list[str], right_on: list[str] | None = None) -> Frame:
    """An equal join in which null equals nothing; right's names get `_r` where both have them."""
    right_on = right_on or left_on
    return left.dropna(subset=left_on).merge(
        right.dropna(subset=right_on), left_on=left_on, right_on=right_on, suffixes=("", "_r")
    )


def outer(left: Frame, right: Frame, on: list[str]) -> Frame:
    """A left join in which null equals nothing."""
    return left.merge(right.dropna(subset=on), on=on, how="left", suffixes=("", "_r"))


def among(frame: Frame, keys: Frame, on: list[str]) -> pd.Series:
    """Whether each row's key is one of some keys."""
    if len(on) == 1:
        return frame[on[0]].isin(keys[on[0]].dropna())
    marked = frame[on].merge(keys[on].drop_duplicates().assign(_in=True), on=on, how="left")
    return pd.Series(marked["_in"].notna().to_numpy(), index=frame.index)
