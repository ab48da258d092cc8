"""Small tables put together, so that a lake of many small deliveries is read as a few files.

An engine pays for each file and column, not for each row: a table of ten rows takes as long as one of a thousand. The
tables of ``lake/<kind>/`` stay; a pack, ``lake/<kind>/packs/<sha256 of the pack>.parquet``, holds the rows of many of
them once more and their names in its footer. It can be made again at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from records.lake.disk import TEMP_PREFIX, clear_disk_errors, publish_file
from records.lake.layout import PACKS

if TYPE_CHECKING:
    import pyarrow as pa

# What is larger is read quickly as it is.
SMALL_BYTES = 1 << 20
# So many small ones make a pack; that many packs which are still small make a larger one.
AT_ONCE = 64
SUPERSEDED_SECONDS = 24 * 3600
# A row group of a pack has at least so many rows, but for the last.
_GROUP_ROWS = 50_000
_NAMES = b"creditgrade.tables"


@dataclass(frozen=True)
class Pack:
    """A file with the rows of many tables of one kind and schema.

    Attributes:
        path: Parquet; named by the sha256 of its bytes.
        members: the tables whose rows it holds.
    """

    path: Path
    members: frozenset[Path]


def packs_in(folder: Path) -> tuple[list[Pack], list[str]]:
    """The packs of a kind. One that is not as it was written is removed: its tables are still there.

    Args:
        folder: of the kind; the lake is locked.

    Returns:
        the packs, and a line about each that was removed.
    """
    import pyarrow.parquet as pq

    packs, removed = [], []
    for path in sorted((folder / PACKS).glob("*.parquet")):
        with open(path, "rb") as file:
            is_sound = hashlib.file_digest(file, "sha256").hexdigest() == path.stem
        if not is_sound:
            path.unlink()
            removed.append(
                f"{path}: was not as it was written; removed, its tables are there. "
                "Did the power fail, or does the disk?"
            )
            continue
        names = json.loads(pq.read_schema(path).metadata[_NAMES])
        packs.append(Pack(path, frozenset(folder / name for name in names)))
    return packs, removed


def fewest(tables: Collection[Path], packs: Iterable[Pack]) -> list[Path]:
    """The files to read for some tables: packs where there are any, and the other tables themselves.

    A pack may hold rows of other deliveries too (withdrawn ones, later ones): whoever reads joins by ``sha256``. It is
    left aside where that would not tell rows apart, another reader having read the same bytes.

    Args:
        tables: of one kind and schema.
        packs: of any.
    """
    left = set(tables)
    bytes_read = {_bytes_of(table) for table in tables}
    chosen = []
    for pack in sorted(packs, key=lambda pack: (-len(pack.members), pack.path)):
        if not left.isdisjoint(pack.members) and not any(
            _bytes_of(member) in bytes_read for member in pack.members - left
        ):
            chosen.append(pack.path)
            left -= pack.members
    return sorted([*chosen, *left])


def pack_small(tables: Collection[Path], packs: Collection[Pack]) -> list[Pack]:
    """Makes a pack of the small tables and small packs, where there are enough of them.

    Args:
        tables: of one kind and schema; the lake is locked.
        packs: of any.

    Returns:
        the packs that there are now. Those that a new one holds stay for now: see `drop_superseded`.

    Raises:
        CreditgradeError: ``disk_full``.
    """
    by_path = {pack.path: pack for pack in packs}
    small = [path for path in fewest(tables, packs) if path.stat().st_size < SMALL_BYTES]
    if len(small) < AT_ONCE:
        return list(packs)
    members = frozenset[Path]().union(*(by_path[p].members if p in by_path else {p} for p in small))
    made = Pack(_write(small, sorted(member.name for member in members)), members)
    return [made, *(pack for pack in packs if pack.path != made.path)]


def drop_superseded(packs: Collection[Pack]) -> list[Pack]:
    """Removes packs whose tables have stood in a larger one for a day; the others.

    Not sooner: a run grades without the lock of the lake, and another one may have made the larger pack meanwhile.
    """
    until = time.time() - SUPERSEDED_SECONDS
    old = [pack.members for pack in packs if pack.path.stat().st_mtime < until]
    kept = []
    for pack in packs:
        if any(pack.members < members for members in old):
            pack.path.unlink()
        else:
            kept.append(pack)
    return kept


def _write(paths: Collection[Path], names: Collection[str]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = sorted(paths)[0]
    folder = first.parent if first.parent.name == PACKS else first.parent / PACKS
    with clear_disk_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMP_PREFIX, dir=folder)
        os.close(handle)
        try:
            schema = pq.read_schema(first).remove_metadata()
            with pq.ParquetWriter(name, schema.with_metadata({_NAMES: json.dumps(list(names))})) as writer:
                held: list[pa.Table] = []
                rows = 0
                for path in sorted(paths):
                    held.append(pq.ParquetFile(path).read(use_threads=False).replace_schema_metadata())
                    rows += held[-1].num_rows
                    if rows >= _GROUP_ROWS:
                        writer.write_table(pa.concat_tables(held))
                        held, rows = [], 0
                if held:
                    writer.write_table(pa.concat_tables(held))
            with open(name, "rb") as file:
                path = folder / f"{hashlib.file_digest(file, 'sha256').hexdigest()}.parquet"
            publish_file(Path(name), path, is_durable=False)
        finally:
            Path(name).unlink(missing_ok=True)
    return path


def _bytes_of(table: Path) -> tuple[Path, str]:
    """Kind and delivered bytes that a table was read from."""
    return table.parent, table.name.partition("-")[0]
