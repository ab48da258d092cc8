"""The audit trail: who asked, when, about whom, what was answered, from which snapshot; append-only, hash-chained.

An entry is on the disk before the answer leaves. Entries that arrive together are written together.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from desk.clock import now, stamp
from desk.databases import clear_errors, lock_of, migrate, open_engine, writing
from desk.schema import ENTRIES
from desk.tidying import Tidying
from desk.together import Together, Waiting

if TYPE_CHECKING:
    from concurrent.futures import Future

    from sqlalchemy import Connection, Engine

    from desk.places import Places

START = "0" * 64
# Crockford's base 32 without letters that are taken for another.
_TO_CODE = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
# Ten bytes are sixteen such letters, of which a code takes twelve.
_CODE_BYTES = 10
_FIELDS = (
    "seq", "at", "who", "role", "channel", "action", "subject", "item", "answer", "status", "as_of",
    "manifest_sha256", "code", "detail", "previous",
)  # fmt: skip
_TOGETHER_MAX = 1_000
_INSERTED_MAX = 1_000
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_HEAD = f"SELECT seq, hash, at FROM {ENTRIES.name} ORDER BY seq DESC LIMIT 1"
_COLUMNS = (*_FIELDS, "hash")


@dataclass(frozen=True)
class Who:
    """Who acts.

    Attributes:
        name: user, ``token:<id> <name>``, or ``os:<user>`` at the command line.
        role: role of the user; ``token`` or ``operator``.
        channel: ``web``, ``api`` or ``cli``.
    """

    name: str
    role: str
    channel: str


class Entry(NamedTuple):
    """One act, before it is written.

    Attributes:
        who: who acted.
        action: ``check``, ``search``, ``history``, ``list``, ``login`` …
        subject: USCC, or the masked text.
        item: licence item.
        answer: its code.
        status: of the entity.
        as_of: day of the list, ISO.
        manifest_sha256: of the desk's manifest that was answered from.
        detail: further facts, plain.
    """

    who: Who
    action: str
    subject: str = ""
    item: str = ""
    answer: str = ""
    status: str = ""
    as_of: str = ""
    manifest_sha256: str = ""
    detail: Mapping[str, Any] | None = None


class Written(NamedTuple):
    """Where an entry stands: number, instant, and the code under which the page finds it again."""

    seq: int
    at: str
    code: str


@dataclass(frozen=True)
class Head:
    """The newest link of the chain; None-like where nothing was written: ``entries`` 0 and `START`."""

    entries: int
    hash: str
    at: str

    def as_json(self) -> dict[str, Any]:
        """As the manifest holds it."""
        return asdict(self)


def new_codes(count: int) -> list[str]:
    """Verification codes: twelve characters in three groups, 60 bits by chance.

    >>> [len(code) for code in new_codes(2)]
    [14, 14]
    """
    # Asked for at once: each call lets other threads go first.
    text = base64.b32encode(os.urandom(_CODE_BYTES * count)).translate(_TO_CODE).decode("ascii")
    places = range(0, len(text), _CODE_BYTES * 8 // 5)
    return [f"{text[at : at + 4]}-{text[at + 4 : at + 8]}-{text[at + 8 : at + 12]}" for at in places]


def link(values: Mapping[str, Any]) -> str:
    """The hash of an entry: over all its fields, the hash of the one before among them."""
    return _hash([values[name] for name in _FIELDS])


def _hash(values: list[Any]) -> str:
    return hashlib.sha256(_ENCODER.encode(values).encode("utf-8")).hexdigest()


def _hash_new(seq: int, texts: list[str]) -> str:
    """As `_hash` of the number and the texts, in a third of its time: an encoder is not made for each entry."""
    return hashlib.sha256(f"[{seq},{','.join(map(encode_basestring, texts))}]".encode()).hexdigest()


class Audit:
    """The trail of one process; many threads and processes may write at once.

    One thread writes whatever has come together, in one transaction; `append` returns when it is committed.
    """

    def __init__(self, places: Places) -> None:
        places.make_folder()
        self.engine: Engine = open_engine(places.audit, is_durable=True)
        migrate(self.engine, "audit")
        self._together: Together[Sequence[Entry], list[Written]] = Together(
            "audit", self._commit, limit=_TOGETHER_MAX, weigh=len
        )
        self._tidying = Tidying(self.engine)

    def close(self) -> None:
        """Writes what waits and gives the connections back."""
        self._together.close()
        self._tidying.close()
        self.engine.dispose()

    def append(self, entry: Entry) -> Written:
        """Writes an entry; it is durable when this returns."""
        return self.extend([entry])[0]

    def extend(self, entries: Sequence[Entry]) -> list[Written]:
        """Writes entries in their order, in one transaction."""
        return self.begin(entries).result()

    def begin(self, entries: Sequence[Entry]) -> Future[list[Written]]:
        """Has entries written; the result is there when they are durable, and nothing may be answered before."""
        return self._together.begin(entries)

    def _commit(self, taken: Sequence[Waiting[Sequence[Entry], list[Written]]]) -> None:
        with writing(self.engine, lock_of("audit")) as connection:
            written = _chain(connection, [entry for entries, _ in taken for entry in entries])
        self._tidying.is_due = True
        at = 0
        for entries, done in taken:
            done.set_result(written[at : at + len(entries)])
            at += len(entries)

    def head(self) -> Head:
        """The newest link."""
        with clear_errors(self.engine), self.engine.connect() as connection:
            return _head(connection)

    def by_code(self, code: str) -> dict[str, Any] | None:
        """The entry under a verification code."""
        query = select(ENTRIES).where(ENTRIES.c.code == code)
        with clear_errors(self.engine), self.engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return dict(row) if row is not None else None

    def entries(
        self, *, before: int | None = None, limit: int = 100, subject: str = "", who: str = ""
    ) -> list[dict[str, Any]]:
        """Entries, the newest first.

        Args:
            before: only those with a smaller number.
            limit: rows at most.
            subject: only this USCC.
            who: only this user or token.
        """
        query = select(ENTRIES).order_by(ENTRIES.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(ENTRIES.c.seq < before)
        if subject:
            query = query.where(ENTRIES.c.subject == subject)
        if who:
            query = query.where(ENTRIES.c.who == who)
        with clear_errors(self.engine), self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def all(self) -> Iterator[dict[str, Any]]:
        """Every entry in order, in bounded memory."""
        query = select(ENTRIES).order_by(ENTRIES.c.seq)
        with (
            clear_errors(self.engine),
            self.engine.connect() as connection,
            connection.execute(query, execution_options={"yield_per": 5_000}) as found,
        ):
            for row in found.mappings():
                yield dict(row)


def read_head(places: Places) -> Head:
    """The newest link of a trail that need not be open here; nothing is made or migrated.

    Raises:
        UsageError: ``database_unreachable``.
    """
    from sqlalchemy import inspect

    engine = open_engine(places.audit)
    try:
        with clear_errors(engine), engine.connect() as connection:
            has_table = inspect(connection).has_table(ENTRIES.name)
            return _head(connection) if has_table else Head(0, START, "")
    finally:
        engine.dispose()


def _chain(connection: Connection, entries: Sequence[Entry]) -> list[Written]:
    head = _head(connection)
    previous, seq = head.hash, head.entries
    at = stamp(now())
    # Clocks step back at times; the trail's order is that of its numbers.
    at = max(at, head.at)
    rows, written = [], []
    for entry, code in zip(entries, new_codes(len(entries)), strict=True):
        who, action, subject, item, answer, status, as_of, manifest_sha256, detail = entry
        seq += 1
        told = json.dumps(detail, ensure_ascii=False, sort_keys=True) if detail else "{}"
        # In the order of _FIELDS.
        texts = [
            at, who.name, who.role, who.channel, action, subject, item, answer, status, as_of,
            manifest_sha256, code, told, previous,
        ]  # fmt: skip
        previous = _hash_new(seq, texts)
        rows.append((seq, *texts, previous))
        written.append(Written(seq, at, code))
    _insert(connection, rows)
    return written


def _insert(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """By the driver's own statement: this stands in the way of every answer."""
    into = f"INSERT INTO {ENTRIES.name} ({', '.join(_COLUMNS)}) VALUES "
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"{into}({', '.join(['%s'] * len(_COLUMNS))})", list(rows))
        return
    # One statement for many rows: with one a row the thread would wait after each for those that look up.
    marks = f"({', '.join('?' * len(_COLUMNS))})"
    for at in range(0, len(rows), _INSERTED_MAX):
        some = rows[at : at + _INSERTED_MAX]
        connection.exec_driver_sql(into + ", ".join([marks] * len(some)), tuple(chain.from_iterable(some)))


def _head(connection: Connection) -> Head:
    row = connection.exec_driver_sql(_HEAD).first()
    return Head(0, START, "") if row is None else Head(int(row[0]), str(row[1]), str(row[2]))
