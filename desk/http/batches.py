"""Files uploaded on the page: answered in the background, with progress, kept for a day for their owner."""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from desk.bulk import answer_lines, look_up_all, read_questions
from desk.clock import now, stamp
from desk.databases import clear_errors, writing
from desk.schema import BATCHES
from records.errors import CreditgradeError

if TYPE_CHECKING:
    from desk.audit import Who
    from desk.http.settings import Desk

KEPT_FOR = timedelta(days=1)
# The largest file takes minutes: one that has not ended by then was lost with its server.
LOST_AFTER = timedelta(hours=1)
RUNNING, DONE, FAILED = "running", "done", "failed"
_SHORT = [BATCHES.c[name] for name in ("id", "owner", "created_at", "total", "done", "state", "problem")]


def count_rows(file: IO[bytes], name: str) -> int:
    """Rows of an upload; the file is at its beginning afterwards.

    Raises:
        InputRefused: it cannot be read.
    """
    count = sum(1 for _ in read_questions(file, name))
    file.seek(0)
    return count


def start(desk: Desk, who: Who, file: IO[bytes], name: str, total: int) -> str:
    """Begins to answer a file; returns the batch's id at once."""
    id_ = secrets.token_urlsafe(12)
    with writing(desk.access) as connection:
        connection.execute(delete(BATCHES).where(BATCHES.c.created_at < stamp(now() - KEPT_FOR)))
        connection.execute(
            insert(BATCHES).values(
                id=id_, owner=who.name, created_at=stamp(now()), total=total, done=0, state=RUNNING, problem=None,
                result=None,
            )
        )  # fmt: skip
    own = tempfile.TemporaryFile()  # noqa: SIM115 (the thread closes it)
    while piece := file.read(1 << 20):
        own.write(piece)
    own.seek(0)
    threading.Thread(
        target=_answer, args=(desk, who, own, name, id_), name=f"batch {id_}", daemon=True
    ).start()
    return id_


def batch(desk: Desk, id_: str, owner: str) -> Mapping[str, Any] | None:
    """How far a batch is; None where it is not the owner's."""
    query = select(*_SHORT).where(BATCHES.c.id == id_, BATCHES.c.owner == owner)
    with clear_errors(desk.access), desk.access.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    if row["state"] == RUNNING and row["created_at"] < stamp(now() - LOST_AFTER):
        return {**row, "state": FAILED, "problem": "the server stopped; upload the file again"}
    return dict(row)


def result(desk: Desk, id_: str, owner: str) -> bytes | None:
    """The answers, where they are ready."""
    query = select(BATCHES.c.result).where(
        BATCHES.c.id == id_, BATCHES.c.owner == owner, BATCHES.c.state == DONE
    )
    with clear_errors(desk.access), desk.access.connect() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else bytes(found)


def _answer(desk: Desk, who: Who, file: IO[bytes], name: str, id_: str) -> None:
    mine = BATCHES.c.id == id_
    values: dict[str, Any] = {"state": FAILED, "problem": "the server stopped"}
    try:
        with file, tempfile.TemporaryFile() as made:
            done = 0
            looked_up = look_up_all(desk.store, who, read_questions(file, name))
            for rows, text in answer_lines(desk.audit, looked_up):
                made.write(text.encode("utf-8"))
                done += rows
                with writing(desk.access) as connection:
                    connection.execute(update(BATCHES).where(mine).values(done=done))
            made.seek(0)
            values = {"state": DONE, "result": made.read()}
    except CreditgradeError as error:
        values = {"state": FAILED, "problem": str(error)}
    finally:
        with writing(desk.access) as connection:
            connection.execute(update(BATCHES).where(mine).values(values))
