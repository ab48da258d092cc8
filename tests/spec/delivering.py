"""Spec cases as deliveries: one landing folder for all, or the rows of one case for the reference engine."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

from policy import Policy
from tests.reference import Row, World
from tests.reference.reading import read_row, shape_row
from tests.spec.loader import Case, CaseError, Delivered
from tests.spec.vocabulary import FIELDS

LANDED_ON = date(2026, 11, 1)  # day of receipt; no case depends on a later one


def lay_out(cases: Iterable[Case]) -> dict[str, list[tuple[Case, Delivered]]]:
    """Path under the landing folder -> its rows, in order."""
    files: dict[str, list[tuple[Case, Delivered]]] = {}
    for case in cases:
        for row in case.rows:
            files.setdefault(row.path, []).append((case, row))
    # Files of rulings come last: they name the bytes of others.
    return dict(sorted(files.items(), key=lambda item: (item[0].startswith("rulings/"), item[0])))


def filled_files(
    cases: Iterable[Case], digest_of: Callable[[str, list[Delivered]], str]
) -> Iterator[tuple[str, str, list[tuple[Case, Delivered]]]]:
    """(path, sha256, rows) of each file, with the rulings' references to other rows filled in."""
    marks: dict[tuple[int, str], tuple[str, int]] = {}
    for path, rows in lay_out(cases).items():
        filled = []
        for case, row in rows:
            if row.names_mark is not None:
                if (case.number, row.names_mark) not in marks:
                    raise CaseError(f"{case.id}: no earlier row is marked {row.names_mark}")
                sha256, source_row = marks[case.number, row.names_mark]
                cells = {**row.cells, "source_sha256": sha256, "source_row": str(source_row)}
                row = Delivered(row.kind, row.batch, cells, row.extra_cells, row.mark, None)
            filled.append((case, row))
        sha256 = digest_of(path, [row for _, row in filled])
        for source_row, (case, row) in enumerate(filled, start=1):
            if row.mark is not None:
                marks[case.number, row.mark] = (sha256, source_row)
        yield path, sha256, filled


def write_landing(cases: Iterable[Case], landing: Path) -> dict[tuple[str, int], Case]:
    """Writes all rows as one landing folder; returns (path, source_row) -> case."""
    owners: dict[tuple[str, int], Case] = {}

    def write(path: str, rows: list[Delivered]) -> str:
        content = _csv(rows) if path.endswith(".csv") else _jsonl(rows)
        target = landing / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    for path, _, rows in filled_files(cases, write):
        owners |= {(path, source_row): case for source_row, (case, _) in enumerate(rows, start=1)}
    return owners


def _jsonl(rows: list[Delivered]) -> bytes:
    return "".join(json.dumps(row.cells, ensure_ascii=False) + "\n" for row in rows).encode()


def _csv(rows: list[Delivered]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = list(FIELDS[rows[0].kind])
    writer.writerow(columns)
    for row in rows:
        writer.writerow([row.cells[column] for column in columns] + list(row.extra_cells))
    return out.getvalue().encode()


def reference_world(case: Case, policy: Policy) -> World:
    """The rows of one case as the reference engine takes them."""
    accepted: dict[str, list[Row]] = {}
    quarantined: list[Row] = []
    for path, sha256, rows in filled_files([case], lambda path, _: path):
        seen = set()
        for source_row, (_, row) in enumerate(rows, start=1):
            origin = {
                "path": path,
                "sha256": sha256,
                "source_row": source_row,
                "landed_on": LANDED_ON,
                "order": 1,
            }
            same = json.dumps(row.cells, sort_keys=True)
            if same in seen and not row.extra_cells:
                continue  # equal in every cell to an earlier row of the file
            seen.add(same)
            if row.extra_cells:
                cells = [str(v) for v in row.cells.values() if v is not None] + list(row.extra_cells)
                quarantined.append(shape_row(row.kind, cells, origin))
                continue
            read, is_accepted = read_row(row.kind, row.cells, origin, policy)
            (accepted.setdefault(row.kind, []) if is_accepted else quarantined).append(read)
    return World(accepted, quarantined)
