"""Whether the audit trail is whole: every link, and the heads that manifests have witnessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk.as_json import safe_cell
from desk.audit import START, link
from desk.schema import ENTRIES
from desk.witness import Witness, where, witness_in
from publish.places import MANIFEST, SNAPSHOTS

if TYPE_CHECKING:
    from desk.audit import Audit

COLUMNS = tuple(column.name for column in ENTRIES.columns)
_TOLD_MAX = 20


def check(audit: Audit, witnesses: Iterable[Witness] = ()) -> list[str]:
    """What is wrong with the trail; an empty list where nothing is.

    Finds a changed, removed, inserted or moved entry by the chain, and a cut tail by the witnesses.
    """
    wanted: dict[int, list[Witness]] = {}
    for witness in witnesses:
        wanted.setdefault(witness.entries, []).append(witness)
    previous, number = START, 0
    problems: list[str] = []
    for row in audit.all():
        number += 1
        if row["seq"] != number:
            problems.append(f"entry {number} is missing: entry {row['seq']} stands in its place")
            number = int(row["seq"])
        if row["previous"] != previous:
            problems.append(f"entry {number} does not follow the one before it")
        if not _is_linked(row):
            problems.append(f"entry {number} was changed")
        for witness in wanted.pop(number, ()):
            if witness.hash != row["hash"]:
                problems.append(f"entry {number} is not the one that {witness.where} witnessed")
        previous = row["hash"]
        if len(problems) >= _TOLD_MAX:
            return [*problems, "and perhaps more"]
    for entries, some in sorted(wanted.items()):
        if entries > number:
            problems.append(
                f"the trail ends at entry {number}: {some[0].where} witnessed {entries}; its tail was cut"
            )
    return problems


def _is_linked(row: Mapping[str, Any]) -> bool:
    try:
        return bool(link(row) == row["hash"])
    except TypeError:  # of a damaged file: bytes where a text was
        return False


def witnesses_in(out: Path) -> tuple[list[Witness], list[str]]:
    """The heads in the manifests of an output folder, and the manifests that could not be read."""
    found: list[Witness] = []
    unread: list[str] = []
    folder = out / SNAPSHOTS
    for place in sorted(folder.glob(f"as_of=*/{MANIFEST}")) if folder.is_dir() else ():
        try:
            if (witness := witness_in(place)) is not None:
                found.append(witness)
        except ValueError:
            unread.append(where(place))
    return found, unread


def csv_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The trail as CSV, a row at a time; no cell can be run by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    text.write("\ufeff")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([safe_cell(str(row[name])) for name in COLUMNS])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()
