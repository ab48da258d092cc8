"""§6: visits and their worst item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.reference.facts import Facts
from tests.reference.keys import Record
from tests.reference.world import Row

WORST_FIRST = (
    "R6_REFUSED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R2_NOT_PUBLISHED", "R5_CORRECTED", "R8_PENDING", "R0_EXIT",
    "R1_OK", "R7_NO_ACTIVITY",
)  # fmt: skip


@dataclass(frozen=True)
class Visit:
    """A visit = task_no + subject + inspected_on; its result is the worst item.

    `rows` are all delivered rows of its items, superseded ones too: each of them names the visit.
    """

    uscc: str
    inspected_on: date
    result: str
    rows: tuple[Row, ...]


def visits_of(uscc: str, facts: Facts) -> list[Visit]:
    """Visits ≤ as_of to one entity, by task and day."""
    items: dict[tuple[str, date], list[Record]] = {}
    for record in facts.records["inspections"]:
        row = record.winner
        if record.linked == uscc and row["inspected_on"] <= facts.as_of:
            items.setdefault((row["task_no"], row["inspected_on"]), []).append(record)
    return [
        Visit(
            uscc,
            day,
            min((record.winner["result_code"] for record in records), key=WORST_FIRST.index),
            tuple(row for record in records for row in record.versions),
        )
        for (_, day), records in sorted(items.items())
    ]
