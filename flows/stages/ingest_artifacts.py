"""What reading a delivery leaves in the lake: accepted rows, quarantined rows and, last, a JSON record.

``lake/<kind>/<sha256>-<reader>.parquet``, ``….quarantine.parquet``, ``….json``: present means done. The record holds
the hashes of its tables and of itself, checked in every run: what a power cut or a bad disk changed is read again from
the delivered bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.stages.ingest_judge import Judged
from records.errors import CreditgradeError
from records.intake import EVENT_DATE
from records.lake import Lake, Receipt
from records.lake.disk import TEMP_PREFIX, clear_disk_errors, publish_file, sha256_of, write_json
from records.schema import ACCEPTED, QUARANTINE

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_HASHING_THREADS = 2
# A thread's turn costs more than a small file.
_HASHED_TOGETHER = 64
# JSON Lines and JSON are read by one reader; of every other format the name decides how bytes are read.
_SAME_FORMAT = {"jsonl": "json"}


@dataclass(frozen=True)
class Artifact:
    """The files that hold what one reader read from the bytes of one or more deliveries of a kind.

    Attributes:
        kind: record kind.
        sha256: of the delivered bytes.
        format: as the name says: ``csv``, ``csv.gz``, ``xlsx``, …
        name: path under the landing folder of the first such delivery, for messages.
        landed_on: day on which the bytes first entered the lake.
        bytes: their number.
        source: id of the declared source with its own numbers for inspection results, if it is one.
        stem: the files' common beginning.
    """

    kind: str
    sha256: str
    format: str
    name: str
    landed_on: date
    bytes: int
    source: str | None
    stem: Path

    @property
    def accepted(self) -> Path:
        """Parquet file of accepted rows; absent where the file was refused."""
        return self.stem.with_name(self.stem.name + ".parquet")

    @property
    def quarantine(self) -> Path:
        """Parquet file of quarantined rows; absent where there are none."""
        return self.stem.with_name(self.stem.name + ".quarantine.parquet")

    @property
    def record(self) -> Path:
        """The JSON record, written last."""
        return self.stem.with_name(self.stem.name + ".json")

    def load(self) -> dict[str, Any] | None:
        """The record, or None where the bytes are still to be read.

        Raises:
            CreditgradeError: ``record_damaged``.
        """
        try:
            record = json.loads(self.record.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise CreditgradeError(f"{self.record} is damaged", rule="record_damaged") from error
        if not isinstance(record, dict) or record.pop("check", None) != _check(record):
            raise CreditgradeError(f"{self.record} is not as it was written", rule="record_damaged")
        return record

    def load_sound(self) -> dict[str, Any] | None:
        """The record, or None where it, or a table that it names, is not as it was written, or is not there."""
        try:
            record = self.load()
        except CreditgradeError:
            return None
        is_sound = record is not None and all(
            path.is_file() and sha256_of(path) == record["tables"].get(path.name.partition(".")[2])
            for path, count in ((self.accepted, "accepted"), (self.quarantine, "quarantined"))
            if record[count]
        )
        return record if is_sound else None


def artifacts_of(
    lake: Lake, receipts: Sequence[Receipt], reader: str, source_of: Callable[[Receipt], str | None]
) -> dict[Receipt, Artifact]:
    """The artifact of each receipt; receipts of the same bytes that are read in the same way share one.

    Args:
        lake: the lake.
        receipts: the whole journal: the first receipt of the bytes gives the day by which they are judged.
        reader: digest over all that decides how a file is read, but for what its path says.
        source_of: id of the declared source with its own numbers for inspection results, if it is one.
    """
    known: dict[tuple[str, str, str], Artifact] = {}
    first_day: dict[tuple[str, str], date] = {}
    found: dict[Receipt, Artifact] = {}
    for receipt in receipts:
        file_format, source = format_of(receipt.path), source_of(receipt)
        name = hashlib.sha256(json.dumps([reader, file_format, source]).encode()).hexdigest()[:16]
        day = first_day.setdefault((receipt.kind, receipt.sha256), receipt.landed_on)
        key = (receipt.kind, receipt.sha256, name)
        if key not in known:
            stem = lake.folder(receipt.kind) / f"{receipt.sha256}-{name}"
            known[key] = Artifact(
                receipt.kind, receipt.sha256, file_format, receipt.path, day, receipt.bytes, source, stem
            )
        found[receipt] = known[key]
    return found


def format_of(path: str) -> str:
    """What the name of a file says of its format.

    >>> format_of("penalties/a.b/2026.01.CSV.gz"), format_of("listings/x.jsonl"), format_of("listings/x")
    ('csv.gz', 'json', '')
    """
    parts = path.rsplit("/", 1)[-1].lower().split(".")[1:]
    packed = parts[-1:] == ["gz"]
    extension = "".join(parts[:-1][-1:] if packed else parts[-1:])
    return _SAME_FORMAT.get(extension, extension) + (".gz" if packed else "")


@dataclass
class ArtifactWriter:
    """Writes the artifact of one file part by part; nothing is seen under its name before it is whole."""

    artifact: Artifact
    accepted: int = 0
    quarantined: int = 0
    newest_event: date | None = None
    rules: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    _open: dict[Path, tuple[Path, pq.ParquetWriter]] = field(default_factory=dict)
    _tables: dict[str, str] = field(default_factory=dict)

    def add(self, judged: Judged) -> None:
        """Appends the rows of a part, each table as one row group."""
        import pyarrow.compute as pc

        accepted, quarantine = judged.accepted, judged.quarantine
        self._append(self.artifact.accepted, accepted, ACCEPTED[self.artifact.kind])
        self._append(self.artifact.quarantine, quarantine, QUARANTINE)
        self.accepted += accepted.num_rows
        self.quarantined += quarantine.num_rows
        self.rules.update(judged.rules)
        self.flags.update(judged.flags)
        newest = pc.max(accepted.column(EVENT_DATE[self.artifact.kind])).as_py()
        self.newest_event = max((day for day in (self.newest_event, newest) if day), default=None)

    def finish(self, record: Mapping[str, Any]) -> None:
        """Gives the tables their names, then writes the record.

        Args:
            record: what the reader told: rows_read, duplicates, encoding, layout, columns, warnings, …
        """
        with clear_disk_errors(self.artifact.accepted):
            self._writer(self.artifact.accepted, ACCEPTED[self.artifact.kind])
        for path, (temporary, writer) in self._open.items():
            with clear_disk_errors(path):
                writer.close()
                self._tables[path.name.partition(".")[2]] = sha256_of(temporary)
                publish_file(temporary, path, is_durable=False)
        self._open.clear()
        self._write(
            {
                **record,
                "accepted": self.accepted,
                "quarantined": self.quarantined,
                "newest_event": self.newest_event.isoformat() if self.newest_event else None,
                "rules": dict(self.rules),
                "flags": dict(self.flags),
                "refused_rule": None,
            }
        )

    def refuse(self, rule: str, message: str) -> None:
        """Records that the file is refused; rows that were read of it before are given up."""
        self.abandon()
        none = {"rows_read": 0, "accepted": 0, "quarantined": 0, "duplicates": 0}
        told: dict[str, Any] = {"encoding": None, "layout": None, "newest_event": None, "warnings": []}
        self._write({**none, **told, "refused_rule": rule, "refused_message": message})

    def abandon(self) -> None:
        """Removes what was written."""
        for temporary, writer in self._open.values():
            with suppress(OSError):  # a full disk, most likely; the file is thrown away
                writer.close()
            temporary.unlink(missing_ok=True)
        self._open.clear()

    def _append(self, path: Path, rows: pa.Table, schema: pa.Schema) -> None:
        if rows.num_rows:
            with clear_disk_errors(path):
                self._writer(path, schema).write_table(rows.combine_chunks(), row_group_size=rows.num_rows)

    def _writer(self, path: Path, schema: pa.Schema) -> pq.ParquetWriter:
        if path not in self._open:
            import pyarrow.parquet as pq

            handle, name = tempfile.mkstemp(prefix=TEMP_PREFIX, dir=path.parent)
            os.close(handle)
            self._open[path] = (Path(name), pq.ParquetWriter(name, schema))
        return self._open[path][1]

    def _write(self, content: Mapping[str, Any]) -> None:
        artifact = self.artifact
        named = {
            "kind": artifact.kind,
            "sha256": artifact.sha256,
            "judged_on": artifact.landed_on.isoformat(),
        }
        whole = {**named, **content, "tables": self._tables}
        write_json(artifact.record, {**whole, "check": _check(whole)}, is_durable=False)


def drop_damaged(artifacts: Collection[Artifact]) -> tuple[dict[Artifact, dict[str, Any]], list[str]]:
    """Removes the records of what is not as it was written, so that it is read again.

    Args:
        artifacts: of the run; the lake is locked.

    Returns:
        the records of the others, and a line for each that is gone, for the person who looks after the disk.
    """
    there = sorted({one for one in artifacts if one.record.exists()}, key=lambda one: str(one.stem))
    with ThreadPoolExecutor(_HASHING_THREADS) as pool:
        found = pool.map(
            lambda some: [(one, one.load_sound()) for one in some],
            (there[first : first + _HASHED_TOGETHER] for first in range(0, len(there), _HASHED_TOGETHER)),
        )
        records = dict(chain.from_iterable(found))
    damaged = [one for one, record in records.items() if record is None]
    for one in damaged:
        one.record.unlink()
    return {one: record for one, record in records.items() if record is not None}, [
        f"{one.stem}: was not as it was written; it is read again from what was received. "
        "Did the power fail, or does the disk?"
        for one in damaged
    ]


def _check(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]
