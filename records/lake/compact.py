"""What is in a lake, and making it smaller without losing anything that was received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from records.lake.journal import read_receipts
from records.lake.layout import PACKS, Lake
from records.lake.packs import packs_in
from records.lake.store import stored_sha256
from records.lake.withdraw import read_withdrawals
from records.schema import KINDS


@dataclass(frozen=True)
class KindStatus:
    """The deliveries of one kind.

    Attributes:
        deliveries: lines of the journal.
        bytes: as delivered.
        newest: day of the last receipt; None where nothing came.
    """

    deliveries: int
    bytes: int
    newest: date | None


@dataclass(frozen=True)
class LakeStatus:
    """What a look at a lake finds.

    Attributes:
        kinds: by English name.
        withdrawn: number of withdrawals.
        received_bytes: compressed bytes in ``received/``.
        table_bytes: of all that was read from them, packs among it.
        missing: deliveries whose bytes are not there.
        damaged: deliveries whose bytes are not those received (only where they were read).
        unrecorded: bytes in ``received/`` that no line of the journal names: of a run that was killed.
    """

    kinds: dict[str, KindStatus]
    withdrawn: int
    received_bytes: int
    table_bytes: int
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    unrecorded: int = 0


@dataclass(frozen=True)
class Compacted:
    """What went: tables that another reader, or another key, made, and that no run asks for any more."""

    files: int = 0
    bytes: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)


def lake_status(lake: Lake, *, reads_all: bool = False) -> LakeStatus:
    """Looks at a lake without changing it; no lock is needed.

    Args:
        lake: the lake.
        reads_all: also decompress and hash all that was received.

    Raises:
        CreditgradeError: ``record_damaged``.
    """
    receipts = read_receipts(lake.journal)
    kinds = {}
    for kind in KINDS:
        own = [receipt for receipt in receipts if receipt.kind == kind]
        newest = max((receipt.landed_on for receipt in own), default=None)
        kinds[kind] = KindStatus(len(own), sum(receipt.bytes for receipt in own), newest)
    named = {receipt.sha256: receipt.path for receipt in receipts}
    stored = {path.name.removesuffix(".zst"): path.stat().st_size for path in lake.received.glob("*.zst")}
    missing = tuple(f"{path} ({sha256[:12]})" for sha256, path in named.items() if sha256 not in stored)
    damaged = []
    if reads_all:
        damaged = [
            f"{path} ({sha256[:12]})"
            for sha256, path in named.items()
            if sha256 in stored and stored_sha256(lake, sha256) != sha256
        ]
    return LakeStatus(
        kinds,
        len(read_withdrawals(lake.withdrawn)),
        sum(stored.values()),
        sum(path.stat().st_size for path in (*_tables(lake), *lake.root.glob(f"*/{PACKS}/*.parquet"))),
        missing,
        tuple(damaged),
        len(stored.keys() - named.keys()),
    )


def compact(lake: Lake, stems: Collection[str], *, dry_run: bool = False) -> Compacted:
    """Removes what can be made again and is not asked for: tables of other readers. ``received/`` is not touched.

    Args:
        lake: a locked lake.
        stems: common beginnings of the file names that the present reader asks for.
        dry_run: only count.
    """
    files = size = 0
    by_kind: Counter[str] = Counter()
    # The record goes first: a table without one is read again, a record without its table would be believed.
    for path in sorted(_tables(lake), key=lambda path: (path.suffix != ".json", path)):
        if path.name.split(".", 1)[0] not in stems:
            files += 1
            size += path.stat().st_size
            by_kind[path.parent.name] += 1
            if not dry_run:
                path.unlink()
    for kind in KINDS:
        for pack in packs_in(lake.folder(kind))[0]:
            if not any(member.name.split(".", 1)[0] in stems for member in pack.members):
                files += 1
                size += pack.path.stat().st_size
                by_kind[kind] += 1
                if not dry_run:
                    pack.path.unlink()
    return Compacted(files, size, dict(by_kind))


def _tables(lake: Lake) -> Iterator[Path]:
    for kind in KINDS:
        folder = lake.folder(kind)
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if path.suffix in (".parquet", ".json"))
