"""What stands in the store, for comparing: USCC and digest of each entity, in columns, past SQLAlchemy's rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from desk.schema import ANSWERS, OPEN

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

_QUERY = f"SELECT uscc, digest FROM {ANSWERS.name} WHERE to_seq = {OPEN}"
_ROWS = 100_000
_BYTES = 8 << 20


def standing(connection: Connection) -> Iterator[pa.Table]:
    """The rows that stand in pieces, columns ``uscc`` and ``digest``; some at a time, however many there are."""
    driver: Any = connection.connection.driver_connection
    return _of_postgres(driver) if connection.dialect.name == "postgresql" else _of_sqlite(driver)


def _of_sqlite(driver: Any) -> Iterator[pa.Table]:
    # The lines are put together in the database: as many tuples in Python would take longer than all the rest.
    query = (
        "SELECT group_concat(uscc || char(9) || digest, char(10)), max(uscc)"
        f" FROM ({_QUERY} AND uscc > ? ORDER BY uscc LIMIT {_ROWS})"
    )
    lines, after = driver.execute(query, ("",)).fetchone()
    while lines is not None:
        yield _table(lines.encode("ascii"))
        lines, after = driver.execute(query, (after,)).fetchone()


def _of_postgres(driver: Any) -> Iterator[pa.Table]:
    with driver.cursor() as cursor, cursor.copy(f"COPY ({_QUERY}) TO STDOUT") as copy:
        lines = bytearray()
        for piece in copy:
            lines += piece
            if len(lines) >= _BYTES:
                end = lines.rfind(b"\n") + 1
                yield _table(lines[:end])
                lines = lines[end:]
        if lines:
            yield _table(lines)


def _table(lines: bytes | bytearray) -> pa.Table:
    """Whole lines, two cells each: neither a code nor a digest holds a tab, a quote or a backslash."""
    import pyarrow as pa
    from pyarrow import csv

    return csv.read_csv(
        pa.py_buffer(lines),
        read_options=csv.ReadOptions(column_names=["uscc", "digest"]),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=csv.ConvertOptions(column_types={"uscc": pa.string(), "digest": pa.string()}),
    )
