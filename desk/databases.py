"""Opening a database of the desk: SQLite in WAL mode, or PostgreSQL through psycopg; migrated before use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from records.errors import CreditgradeError, UsageError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

Part = Literal["eligibility", "access", "audit"]
# How long a writer waits for another one before it says so.
BUSY_SECONDS = 60
_TRY_AGAIN_SECONDS = 0.0005
_POOL = 8
# `desk.tidying` moves what was written long before; where it cannot keep up, a commit does.
_UNTIDY_PAGES = 20_000
# The newest migration of each part; a test compares it with the files, so that no look-up need import alembic.
HEADS: dict[Part, str] = {"eligibility": "e001", "access": "a001", "audit": "t001"}
_NOT_WHOLE = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB
_CORRUPTED = ("XX001", "XX002")
_WRONG_TABLES = ("42P01", "42703")
_TABLE_TWICE = "42P07"
_MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(url: str, *, is_durable: bool = False, poolclass: Any = None) -> Engine:
    """An engine; nothing is connected yet.

    Args:
        url: as `Places` gives it.
        is_durable: a commit returns after the bytes are on the disk, even where the power fails next (SQLite).
        poolclass: SQLAlchemy's, where the default does not fit.
    """
    from sqlalchemy import create_engine, event

    if not url.startswith("sqlite"):
        options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
        if poolclass is None:
            options |= {"pool_size": _POOL, "max_overflow": 3 * _POOL}
        else:
            options["poolclass"] = poolclass
        return create_engine(url, **options)
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
        **(
            {"pool_size": _POOL, "max_overflow": 5 * _POOL} if poolclass is None else {"poolclass": poolclass}
        ),
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        _keep_a_log(cursor)
        cursor.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
        if is_durable:
            cursor.execute(f"PRAGMA wal_autocheckpoint = {_UNTIDY_PAGES}")
        cursor.execute("PRAGMA cache_size = -32000")
        cursor.execute("PRAGMA mmap_size = 268435456")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("is_writer"):
            _begin_to_write(connection)
        elif not options.get("is_reader"):
            connection.exec_driver_sql("BEGIN")

    return engine


def _keep_a_log(cursor: Any) -> None:
    """WAL mode; SQLite's own wait does not count where two switch a new database at once."""
    import sqlite3

    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_TRY_AGAIN_SECONDS)


def _begin_to_write(connection: Connection) -> None:
    """SQLite's own wait sleeps longer each time, up to a tenth of a second: much, where a turn takes milliseconds."""
    import sqlite3

    # The driver itself: this stands in the way of every answer.
    driver: Any = connection.connection.driver_connection
    until = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            time.sleep(_TRY_AGAIN_SECONDS)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, for an error as others are told
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement stands by itself; there is nothing to begin or to end.

    Raises:
        UsageError: ``database_unreachable``.
    """
    # Setting and resetting SQLite's level of isolation takes longer than a look-up.
    options: Any = (
        {"is_reader": True} if engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
    )
    with clear_errors(engine), engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def writing(engine: Engine, lock: int | None = None) -> Iterator[Connection]:
    """One transaction of a writer; where `lock` is given, one writer of that number at a time.

    Raises:
        CreditgradeError: ``database_busy`` where another writer did not end in time; ``database_damaged``.
        UsageError: ``database_unreachable``.
    """
    with (
        clear_errors(engine),
        engine.connect().execution_options(is_writer=True) as connection,
        connection.begin(),
    ):
        if lock is not None and connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")
        yield connection


@contextmanager
def clear_errors(engine: Engine) -> Iterator[None]:
    """Turns what a driver says into one line without any value of a row or secret of the URL.

    Raises:
        CreditgradeError: ``database_busy``, ``disk_full``, ``database_damaged``.
        UsageError: ``database_unreachable``.
    """
    from sqlalchemy.exc import DatabaseError, OperationalError

    try:
        yield
    except DatabaseError as error:
        where = engine.url.render_as_string(hide_password=True)
        if (damage := _damage(error.orig)) is not None:
            raise CreditgradeError(f"{where} is damaged: {damage}", rule="database_damaged") from error
        if not isinstance(error, OperationalError):
            raise
        told = str(error.orig).splitlines()[0] if error.orig else type(error).__name__
        if "locked" in told or "lock timeout" in told:
            raise CreditgradeError(
                f"{where} is busy: another writer did not end", rule="database_busy"
            ) from error
        if "disk is full" in told or "No space left" in told:
            raise CreditgradeError(f"no space left to write {where}", rule="disk_full") from error
        raise UsageError(f"{where} cannot be used: {told}", rule="database_unreachable") from error


def _damage(error: BaseException | None) -> str | None:
    """What is wrong with the database itself; None where nothing is."""
    state = getattr(error, "sqlstate", None)  # of PostgreSQL
    code = getattr(error, "sqlite_errorcode", None)
    told = str(error)
    if code is not None and code & 0xFF in _NOT_WHOLE:
        return "it is no whole SQLite file"
    if state in _CORRUPTED:
        return "PostgreSQL finds its files corrupted"
    if told.startswith("Could not decode to UTF-8"):  # goes on with the value
        return "a text in it is none"
    if state in _WRONG_TABLES or told.startswith(("no such table", "no such column")):
        return "a table or column is missing"
    if state == _TABLE_TWICE or (told.startswith("table ") and told.endswith(" already exists")):
        return "it has tables, but no version of them"
    return None


def migrate(engine: Engine, part: Part) -> None:
    """Brings the tables of a part to the newest version; several processes may do so at once.

    Raises:
        CreditgradeError: ``database_newer`` where a later version of the application made it.
    """
    with clear_errors(engine), engine.connect() as connection:
        if _version(connection, part) == HEADS[part]:
            return
    from alembic import command
    from alembic.util.exc import CommandError

    config = migrations(part)
    with writing(engine, lock=_LOCKS[part]) as connection:
        config.attributes["connection"] = connection
        config.attributes["version_table"] = version_table(part)
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise CreditgradeError(
                "the desk's database was made by a later version of creditgrade", rule="database_newer"
            ) from error


def migrations(part: Part) -> Config:
    """Where alembic finds the migrations of a part."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(_MIGRATIONS / "versions" / part).replace("%", "%%"))
    return config


_LOCKS: dict[Part, int] = {"eligibility": 7_310_001, "access": 7_310_002, "audit": 7_310_003}


def lock_of(part: Part) -> int:
    """The number under which writers of a part wait for each other on PostgreSQL."""
    return _LOCKS[part] + 100


def version_table(part: Part) -> str:
    """Holds the version of a part's tables."""
    return f"desk_version_{part}"


def _version(connection: Connection, part: Part) -> str | None:
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table(version_table(part)):
        return None
    return connection.execute(text(f"SELECT version_num FROM {version_table(part)}")).scalar()
