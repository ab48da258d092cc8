"""``received.jsonl``: which bytes arrived under which path, on which day, as the how-many-th of that path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from records.errors import CreditgradeError
from records.lake.lines import append_lines, read_lines, sealed, unsealed
from records.schema import KINDS


@dataclass(frozen=True)
class Receipt:
    """One line of the journal.

    Attributes:
        path: path under the landing folder, ``/`` between its parts.
        kind: record kind, English name.
        sha256: of the delivered bytes.
        bytes: their number.
        landed_on: day of receipt, Asia/Shanghai.
        order: n-th receipt of that path, from 1.
        received_at: instant of receipt, ISO 8601 with its offset.
    """

    path: str
    kind: str
    sha256: str
    bytes: int
    landed_on: date
    order: int
    received_at: str

    @property
    def delivery_order(self) -> tuple[date, str, int]:
        """The order of ``rules.md``; Python compares text by code point."""
        return (self.landed_on, self.path, self.order)


def read_receipts(path: Path) -> list[Receipt]:
    """The journal in the order in which it was written.

    Raises:
        CreditgradeError: ``record_damaged``.
    """
    return [_receipt(line, path, number) for number, line in enumerate(read_lines(path), start=1)]


def append_receipts(path: Path, receipts: Sequence[Receipt]) -> None:
    """Appends receipts and fsyncs. Their bytes must have been stored before."""
    rows = ({**asdict(receipt), "landed_on": receipt.landed_on.isoformat()} for receipt in receipts)
    append_lines(path, (sealed(row, "landed_on") for row in rows))


def _receipt(line: dict[str, Any], path: Path, number: int) -> Receipt:
    line = unsealed(line, "landed_on", f"{path}: line {number}")
    try:
        receipt = Receipt(**{**line, "landed_on": date.fromisoformat(line["landed_on"])})
    except (KeyError, TypeError, ValueError) as error:
        raise CreditgradeError(f"{path}: line {number} is no receipt", rule="record_damaged") from error
    if receipt.kind not in KINDS:
        raise CreditgradeError(f"{path}: line {number} has an unknown kind", rule="record_damaged")
    return receipt
