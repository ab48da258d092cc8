"""``desk load``: a snapshot into the store, by its delta, in one transaction; refused or harmless where it must be."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update

from desk.clock import day_of, stamp
from desk.databases import lock_of, migrate, open_engine, writing
from desk.delta import Delta, Row
from desk.files import DeskSnapshot, read_snapshot
from desk.schema import ANSWERS, LOADS, OPEN
from desk.standing import standing
from desk.tidying import leave_untidy, tidy
from records.errors import InputRefused

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from desk.places import Places

_COLUMNS = ("uscc", "from_seq", "to_seq", *Row._fields[1:])


@dataclass(frozen=True)
class Loaded:
    """What a load did.

    Attributes:
        snapshot: its name.
        is_new: False where the store held it already.
        entities: in the snapshot.
        added: entities that the store did not hold.
        changed: entities of which something is said anew.
        removed: entities that the snapshot no longer names.
    """

    snapshot: str
    is_new: bool
    entities: int
    added: int = 0
    changed: int = 0
    removed: int = 0


def load(folder: Path, places: Places, now: datetime) -> Loaded:
    """Loads a snapshot.

    A kill at any instant leaves the store as it was; a second load at the same time waits, then finds nothing to do.

    Args:
        folder: of the snapshot; only ``desk/`` in it is needed.
        places: the databases; made and migrated where needed.
        now: the instant of the load; its day is what "as we knew it on" goes by.

    Raises:
        InputRefused: ``snapshot_damaged``, ``snapshot_older``, ``snapshot_future``, ``known_by``.
        UsageError: ``snapshot_missing``, ``database_unreachable`` and others of a wrong set-up.
        CreditgradeError: ``database_busy``.
    """
    snapshot = read_snapshot(folder)
    if snapshot.as_of > day_of(now):
        raise InputRefused(
            f"lies in the future: today is {day_of(now)}", rule="snapshot_future", file=snapshot.name
        )
    places.make_folder()
    engine = open_engine(places.eligibility)
    try:
        migrate(engine, "eligibility")
        with engine.connect() as connection:
            if _stands(connection, snapshot):
                return Loaded(snapshot.name, False, snapshot.rows)
        with (
            tempfile.TemporaryDirectory() as scratch,
            Delta(snapshot, Path(scratch)) as delta,
            writing(engine, lock_of("eligibility")) as connection,
        ):
            if _stands(connection, snapshot):
                return Loaded(snapshot.name, False, snapshot.rows)
            leave_untidy(connection)
            done = _put(connection, snapshot, delta, now)
        tidy(engine)
        return done
    finally:
        engine.dispose()


def _stands(connection: Connection, snapshot: DeskSnapshot) -> bool:
    """Whether the store holds this snapshot as its newest; refuses one that would take it back."""
    newest = connection.execute(select(LOADS).order_by(LOADS.c.seq.desc()).limit(1)).mappings().first()
    if newest is None:
        return False
    if newest["manifest_sha256"] == snapshot.manifest_sha256:
        return True
    standing = (str(newest["as_of"]), _revision(str(newest["snapshot"])))
    if (snapshot.as_of.isoformat(), snapshot.revision) < standing:
        raise InputRefused(
            f"is older than {newest['snapshot']}, which the desk answers from", rule="snapshot_older",
            file=snapshot.name,
        )  # fmt: skip
    if (snapshot.as_of.isoformat(), snapshot.revision) == standing:
        raise InputRefused(
            f"has another manifest than the {snapshot.name} that was loaded before", rule="snapshot_differs",
            file=snapshot.name,
        )  # fmt: skip
    return False


def _revision(name: str) -> int:
    return int(name.rpartition(".r")[2]) if ".r" in name else 1


def _put(connection: Connection, snapshot: DeskSnapshot, delta: Delta, now: datetime) -> Loaded:
    seq = int(connection.execute(select(func.coalesce(func.max(LOADS.c.seq), 0))).scalar_one()) + 1
    if seq > 1:
        for rows in standing(connection):
            delta.add_standing(rows)
    added, changed, removed = delta.compare()
    end = (
        update(ANSWERS)
        .where(ANSWERS.c.uscc == bindparam("code"), ANSWERS.c.to_seq == OPEN)
        .values(to_seq=seq)
    )
    for codes in delta.ended():
        connection.execute(end, [{"code": code} for code in codes])
    for rows in delta.begun():
        _insert(connection, [(row.uscc, seq, OPEN, *row[1:]) for row in rows])
    described = snapshot.manifest
    connection.execute(
        insert(LOADS).values(
            seq=seq,
            as_of=snapshot.as_of.isoformat(),
            loaded_on=day_of(now).isoformat(),
            loaded_at=stamp(now),
            snapshot=snapshot.name,
            manifest_sha256=snapshot.manifest_sha256,
            policy_version=str(described["policy_version"]),
            code_version=str(described["code_version"]),
            gaps=json.dumps(described["accepted_gaps"], ensure_ascii=False),
            citations=json.dumps(described["citations"], ensure_ascii=False),
            entities=snapshot.rows,
            added=added,
            changed=changed,
            removed=removed,
        )
    )
    return Loaded(snapshot.name, True, snapshot.rows, added, changed, removed)


def _insert(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """By the driver's own fastest way: a first load is millions of rows."""
    columns = ", ".join(_COLUMNS)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {ANSWERS.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(_COLUMNS))
    connection.exec_driver_sql(f"INSERT INTO {ANSWERS.name} ({columns}) VALUES ({marks})", rows)
