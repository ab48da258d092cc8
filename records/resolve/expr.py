"""Small Ibis helpers that mean the same on every engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

OPEN_END = date(9999, 12, 31)


def add_months(day: ir.DateValue, months: int | ir.IntegerValue) -> ir.DateValue:
    """`add_months(d, n)` of the rules: same day n months later, clamped to the month's last day.

    The cast to timestamp and back is needed: DuckDB's date + interval is a timestamp while Ibis believes
    it is a date and would drop a bare cast.
    """
    interval = ibis.interval(months=months) if isinstance(months, int) else months.as_interval("M")
    return (day.cast("timestamp") + interval).cast("date")


def add_days(day: ir.DateValue, days: int) -> ir.DateValue:
    """The day `days` later, as a date."""
    return (day.cast("timestamp") + ibis.interval(days=days)).cast("date")


def day(value: date) -> ir.DateValue:
    """A date literal."""
    return ibis.literal(value, type="date")


def no_day() -> ir.DateValue:
    """A null date."""
    return ibis.null("date")


def no_text() -> ir.StringValue:
    """A null text."""
    return ibis.null("string")


def union_all(tables: Iterable[ir.Table]) -> ir.Table:
    """Union without deduplication, columns in the order of the first table."""
    items = list(tables)
    columns = items[0].columns
    # What has them in order already is left as it is: each column selected is planned.
    ordered = [t if t.columns == columns else t.select(*columns) for t in items]
    return reduce(lambda a, b: a.union(b), ordered)


def is_true(value: ir.BooleanValue) -> ir.BooleanValue:
    """Null counts as false."""
    return value.fill_null(False)
