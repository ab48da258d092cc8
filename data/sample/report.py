"""What a sample holds: counts per kind, file and defect."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass
class FileReport:
    """One file: rows are data records as a reader counts them, duplicates and spoiled ones among them."""

    path: str
    kind: str
    format: str
    style: str
    encoding: str | None
    rows: int = 0
    bytes: int = 0


@dataclass
class SampleReport:
    """The whole sample.

    Attributes:
        target: the landing folder.
        entities, seed, as_of: what it was made from.
        files: every data file, in path order.
        rows: rows by kind.
        defects: rows by kind and defect; the names of row defects are the rule families of the contract.
    """

    target: Path
    entities: int
    seed: int
    as_of: date
    files: list[FileReport] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    defects: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, kind: str, defect: str, rows: int) -> None:
        """Add rows that bear a defect."""
        if rows:
            self.defects.setdefault(kind, Counter())[defect] += rows

    @property
    def total_rows(self) -> int:
        """Rows of all kinds."""
        return sum(self.rows.values())

    @property
    def total_bytes(self) -> int:
        """Size of all data files."""
        return sum(file.bytes for file in self.files)
