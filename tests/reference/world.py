"""Everything received: rows in the lake's shape, as plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

# A row of the lake's accepted or quarantine schema, with `path`, `landed_on` and `order` of its delivery.
Row = dict[str, Any]


def receipt_order(row: Row) -> tuple[date, str, int, int]:
    """Delivery order without `updated_on` (rules.md, head). Python compares text by code point."""
    return (row["landed_on"], row["path"], row["order"], row["source_row"])


def delivery_order(row: Row) -> tuple[date, tuple[date, str, int, int]]:
    """Delivery order: `updated_on` (null first), `landed_on`, path, order of receipt, row number."""
    return (row.get("updated_on") or date.min, receipt_order(row))


def comes_later(row: Row, other: Row) -> bool:
    """Whether `row` is later than `other` for settling (§4, "Settled by a row").

    Where one of the two has no readable `updated_on` the receipt alone decides.
    """
    if row.get("updated_on") is None or other.get("updated_on") is None:
        return receipt_order(row) > receipt_order(other)
    return delivery_order(row) > delivery_order(other)


def in_delivery_order(rows: Iterable[Row]) -> list[Row]:
    """`rows`, first delivered first."""
    return sorted(rows, key=delivery_order)


@dataclass(frozen=True)
class World:
    """All rows received up to the run.

    Attributes:
        accepted: kind -> accepted rows, in any order.
        quarantined: rows of the quarantine, in any order.
    """

    accepted: Mapping[str, list[Row]]
    quarantined: list[Row] = field(default_factory=list)

    def rows(self, kind: str) -> list[Row]:
        """Accepted rows of a kind, first delivered first."""
        return in_delivery_order(self.accepted.get(kind, []))

    def held_back(self, *kinds: str) -> list[Row]:
        """Quarantined rows of some kinds, first delivered first."""
        return in_delivery_order(row for row in self.quarantined if row["kind"] in kinds)
