"""What ingest hands to the engine: every delivery of the lake and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from records.lake.packs import Pack, fewest

# The column whose newest day is a delivery's `newest_event`.
EVENT_DATE = {
    "entities": "updated_on", "licences": "decided_on", "penalties": "decided_on", "inspections": "inspected_on",
    "listings": "listed_on", "amendments": "effective_on", "honours": "valid_from", "rulings": "decided_on",
}  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """One receipt of one file (contract §2, "The lake is the record of what was received").

    Attributes:
        kind: record kind, English name.
        path: path under the landing folder, ``/`` between its parts.
        sha256: of the delivered bytes.
        landed_on: day of receipt, Asia/Shanghai.
        order: n-th receipt of that path, from 1.
        file_ord: rank from 1 in delivery order (landed_on, path by code point, order) among the deliveries
            whose rows take part; 0 for one that is a duplicate, withdrawn or refused.
        is_duplicate: its bytes equal an earlier delivery's; all its rows are counted as duplicates.
        is_withdrawn: taken out on the record.
        refused_rule: rule that refused the file, or None.
        record: what reading it gave: rows_read, accepted, quarantined, duplicates, encoding, layout,
            newest_event, … ; empty where the delivery was withdrawn.
        accepted: Parquet file of accepted rows (``records.schema.ACCEPTED``), None where there are none.
            Two deliveries of the same bytes (A, B, A on one path) may name the same file.
        quarantine: Parquet file of quarantined rows (``records.schema.QUARANTINE``), None where there are none.
    """

    kind: str
    path: str
    sha256: str
    landed_on: date
    order: int
    file_ord: int
    is_duplicate: bool
    is_withdrawn: bool
    refused_rule: str | None
    record: Mapping[str, Any]
    accepted: Path | None
    quarantine: Path | None

    @property
    def takes_part(self) -> bool:
        """Whether its rows are in the tables (neither duplicate, withdrawn nor refused)."""
        return self.file_ord > 0


@dataclass(frozen=True)
class Intake:
    """Everything received up to a day, in delivery order, with what the manifest must say about it.

    Attributes:
        deliveries: in delivery order.
        warnings: one line each, for the manifest.
        accepted_gaps: gaps that a person accepted: ``{"type", "kind", "path", "sha256", "rule", "reason", "until"}``.
        repairs: one line each about what was found damaged and made again, and about a landing folder in which
            nothing lies. They concern the machine, no answer: the manifest of the same inputs stays the same.
        packs: files that hold the rows of many small tables once more.
    """

    deliveries: tuple[Delivery, ...]
    warnings: tuple[str, ...] = ()
    accepted_gaps: tuple[dict[str, Any], ...] = ()
    repairs: tuple[str, ...] = ()
    packs: tuple[Pack, ...] = ()

    def taking_part(self, kind: str | None = None) -> tuple[Delivery, ...]:
        """Deliveries whose rows are in the tables, of one kind or of all."""
        return tuple(d for d in self.deliveries if d.takes_part and kind in (None, d.kind))

    def accepted(self, kind: str) -> list[Path]:
        """Parquet files (``ACCEPTED[kind]``) with the accepted rows of a kind; to be joined by ``sha256``.

        They may hold rows of deliveries that do not take part (`records.lake.packs.fewest`).
        """
        return fewest({d.accepted for d in self.taking_part(kind) if d.accepted}, self.packs)

    def quarantine(self, kind: str) -> list[Path]:
        """The same for its quarantined rows (``QUARANTINE``)."""
        return fewest({d.quarantine for d in self.taking_part(kind) if d.quarantine}, self.packs)
