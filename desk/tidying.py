"""Moving what was written from SQLite's log into its database, so that no commit stops to do it."""

from __future__ import annotations

import mmap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from desk.databases import reading
from records.errors import CreditgradeError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_EVERY_SECONDS = 5.0
# Some 4 ms of a disk's time.
_PIECE_BYTES = 1 << 20


class Tidying:
    """A thread of its own for a SQLite database; on PostgreSQL there is nothing to do.

    Attributes:
        is_due: whether something was written since the last time.
    """

    def __init__(self, engine: Engine) -> None:
        self.is_due = False
        self._engine = engine
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        if engine.dialect.name == "sqlite":
            self._thread = threading.Thread(target=self._run, name="tidying", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends it; the last connection to a database leaves no log behind."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            if not self.is_due:
                continue
            self.is_due = False
            try:
                with reading(self._engine) as connection:
                    # Passive: it waits for nobody, and nobody waits for it.
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
            except CreditgradeError:
                self.is_due = True  # a full disk, say: the next commit tells it to those who wait for it


def leave_untidy(connection: Connection) -> None:
    """Has the commits of a connection leave SQLite's log as it is, for `tidy`."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 0")


def tidy(engine: Engine) -> None:
    """Brings a long log of SQLite to the disk, then into its database, both piece by piece.

    All at once, who commits to another file of that disk waits for it: a fifth of a second for 60 MB. SQLite itself can
    only sync a file as a whole, so it does not here; until the database is on the disk, too, the log is kept from being
    begun anew, as whoever reads it keeps it. (Were this killed in between, the system would still write the pages out.)

    Raises:
        CreditgradeError: ``disk_full``; what was committed stands, in the log.
    """
    if engine.dialect.name != "sqlite":
        return
    log = Path(f"{engine.url.database}-wal")  # the connections that the engine keeps keep it
    if not log.exists() or not log.stat().st_size:
        return
    to_the_disk(str(log))
    with reading(engine) as holding, reading(engine) as connection:
        holding.exec_driver_sql("BEGIN")
        holding.exec_driver_sql("SELECT count(*) FROM sqlite_schema").all()
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        to_the_disk(str(engine.url.database))
        connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
        holding.exec_driver_sql("ROLLBACK")


def to_the_disk(path: str) -> None:
    """Has a file written out, so many bytes at a time; what is on the disk already costs next to nothing."""
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
        for at in range(0, len(pages), _PIECE_BYTES):
            pages.flush(at, min(_PIECE_BYTES, len(pages) - at))
