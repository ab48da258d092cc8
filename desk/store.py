"""Reading the eligibility store: a list, an entity on it, names, history. Nothing heavy is imported here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, literal, select, tuple_

from desk.answers import Candidate, Edition, Entity, Reason
from desk.databases import open_engine, reading
from desk.places import file_of
from desk.reading import name_key
from desk.schema import ANSWERS, LOADS
from records.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from desk.places import Places

CANDIDATES_MAX = 20
SEEN_AFTER_SECONDS = 0.5
_IN_MAX = 500
# Many codes in one value, in each driver's own words: this is most of what a file of questions costs.
_MANY = {"sqlite": ("IN (SELECT value FROM json_each(?))", "?"), "postgresql": ("= ANY(%s)", "%s")}
_STANDS = and_(ANSWERS.c.from_seq <= bindparam("seq"), ANSWERS.c.to_seq > bindparam("seq"))
_COLUMNS = [
    ANSWERS.c.uscc, ANSWERS.c.name, ANSWERS.c.division_code, ANSWERS.c.status, ANSWERS.c.grounds,
    ANSWERS.c.clean_since, ANSWERS.c.eligible_on, ANSWERS.c.blockers,
]  # fmt: skip
_BY_USCC = select(*_COLUMNS).where(ANSWERS.c.uscc == bindparam("uscc"), _STANDS)
_BY_NAMES = select(ANSWERS.c.name_key, *_COLUMNS).where(
    ANSWERS.c.name_key.in_(bindparam("keys", expanding=True)), _STANDS
)
_SHORT = [ANSWERS.c.uscc, ANSWERS.c.name, ANSWERS.c.division_code]
_BY_PREFIX = (
    select(*_SHORT)
    .where(ANSWERS.c.uscc >= bindparam("low"), ANSWERS.c.uscc < bindparam("high"), _STANDS)
    .order_by(ANSWERS.c.uscc)
    .limit(bindparam("limit"))
)
_BY_NAME = (
    select(*_SHORT)
    .where(ANSWERS.c.name_key == bindparam("key"), _STANDS)
    .order_by(ANSWERS.c.uscc)
    .limit(bindparam("limit"))
)
_BY_PART = (
    select(*_SHORT)
    .where(ANSWERS.c.name_key.like(bindparam("pattern"), escape="\\"), _STANDS)
    .limit(bindparam("limit"))
)
_NEWEST_SEQ = select(LOADS.c.seq, LOADS.c.manifest_sha256).order_by(LOADS.c.seq.desc()).limit(1)


@dataclass(frozen=True)
class Period:
    """What was said of an entity from one list until another.

    Attributes:
        entity: as it was said.
        first: the list that said it first.
        until: the list that says it no longer; None where it still holds.
    """

    entity: Entity
    first: Edition
    until: Edition | None


class Store:
    """The eligibility store, for reading; one for a process, used by many threads."""

    def __init__(self, places: Places) -> None:
        """Opens the store.

        Raises:
            UsageError: ``desk_empty`` where there is no file of it: looking makes none.
        """
        if (file := file_of(places.eligibility)) is not None and not file.exists():
            raise _empty()
        self.engine: Engine = open_engine(places.eligibility)
        self._editions: tuple[Edition, ...] = ()
        self._looked_at = 0.0

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    def editions(self) -> tuple[Edition, ...]:
        """Every load, oldest first.

        Raises:
            UsageError: ``desk_empty`` where no snapshot was ever loaded; ``database_unreachable``.
        """
        with reading(self.engine) as connection:
            if not connection.dialect.has_table(connection, LOADS.name):
                raise _empty()
            newest = connection.execute(_NEWEST_SEQ).first()
            if newest is None:
                raise _empty()
            if not self._editions or self._editions[-1].seq != newest.seq:
                rows = connection.execute(select(LOADS).order_by(LOADS.c.seq)).mappings()
                self._editions = tuple(_edition(row) for row in rows)
        return self._editions

    def edition(self, on: date | None = None, known_on: date | None = None) -> Edition:
        """The list that stood on a day, as the desk knew it on another.

        Args:
            on: day D; None for the newest list.
            known_on: day K; None for all that is known now.

        Raises:
            UsageError: ``desk_empty``; ``no_list`` where none stood or was known then.
        """
        if on is None and known_on is None:
            return self._current()
        for edition in reversed(self.editions()):
            if (on is None or edition.as_of <= on) and (known_on is None or edition.loaded_on <= known_on):
                return edition
        day = f" on {on}" if on else ""
        known = f", as known on {known_on}" if known_on else ""
        raise UsageError(f"no list stood{day}{known}", rule="no_list")

    def _current(self) -> Edition:
        """The newest load; a new one is seen within `SEEN_AFTER_SECONDS`, so that not every look-up asks for it."""
        now = time.monotonic()
        if not self._editions or now - self._looked_at > SEEN_AFTER_SECONDS:
            self.editions()
            self._looked_at = now
        return self._editions[-1]

    def entity(self, uscc: str, edition: Edition) -> Entity | None:
        """One entity on a list."""
        with reading(self.engine) as connection:
            row = connection.execute(_BY_USCC, {"uscc": uscc, "seq": edition.seq}).first()
        return None if row is None else _entity(*row)

    def entities(self, codes: Iterable[str], edition: Edition) -> dict[str, Entity]:
        """Several entities on a list, by USCC."""
        # In order: what stands side by side in the table is read together.
        wanted = sorted(set(codes))
        with reading(self.engine) as connection:
            are_among, mark = _MANY[connection.dialect.name]
            columns = ", ".join(column.name for column in _COLUMNS)
            query = (
                f"SELECT {columns} FROM {ANSWERS.name}"
                f" WHERE uscc {are_among} AND from_seq <= {mark} AND to_seq > {mark}"
            )
            some: Any = json.dumps(wanted) if mark == "?" else wanted
            found = connection.exec_driver_sql(query, (some, edition.seq, edition.seq))
            rows: Any = found.cursor.fetchall()  # plain tuples: a file of questions is many rows
            found.close()
        return {row[0]: _entity(*row) for row in rows}

    def named(self, keys: Iterable[str], edition: Edition) -> dict[str, list[Entity]]:
        """The entities that bear a name exactly, by the name's key (`desk.reading.name_key`), in order of USCC."""
        found: dict[str, list[Entity]] = {}
        wanted = list(dict.fromkeys(keys))
        with reading(self.engine) as connection:
            for at in range(0, len(wanted), _IN_MAX):
                some = {"keys": wanted[at : at + _IN_MAX], "seq": edition.seq}
                for key, *row in connection.execute(_BY_NAMES, some):
                    found.setdefault(key, []).append(_entity(*row))
        return {key: sorted(group, key=lambda one: one.uscc) for key, group in found.items()}

    def search(self, text: str, edition: Edition, limit: int = CANDIDATES_MAX) -> list[Candidate]:
        """Entities whose code begins with a text, or whose name holds it, at most `limit`."""
        key = name_key(text)
        if not key:
            return []
        values: dict[str, Any] = {"seq": edition.seq, "limit": limit}
        found: dict[str, Candidate] = {}
        with reading(self.engine) as connection:
            if key.isascii() and key.isalnum():
                low_high = {"low": key, "high": key + "\x7f"}
                for row in connection.execute(_BY_PREFIX, values | low_high):
                    found[row.uscc] = Candidate(*row)
            # Those that bear the whole name: of many that hold it, only some are read.
            for row in connection.execute(_BY_NAME, values | {"key": key}):
                found.setdefault(row.uscc, Candidate(*row))
            if len(found) < limit:
                pattern = "%" + key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
                for row in connection.execute(_BY_PART, values | {"pattern": pattern}):
                    found.setdefault(row.uscc, Candidate(*row))
        # A name that begins with the text first, then the shorter.
        ranked = sorted(
            found.values(),
            key=lambda one: (
                not one.uscc.startswith(key), not name_key(one.name).startswith(key), len(one.name), one.uscc,
            ),
        )  # fmt: skip
        return ranked[:limit]

    def page(
        self, edition: Edition, division: str, status: Sequence[str], after: str, limit: int
    ) -> list[Entity]:
        """Entities of a division in order of division and USCC, after a place in it.

        Args:
            edition: the list.
            division: beginning of the division code; empty for all.
            status: status codes; empty for all.
            after: ``<division_code>.<uscc>`` of the last row of the page before; empty for the first.
            limit: rows at most.
        """
        query = select(*_COLUMNS).where(_STANDS)
        if division:
            query = query.where(ANSWERS.c.division_code < division + "\x7f")
        if status:
            query = query.where(ANSWERS.c.status.in_(status))
        at, _, code = after.partition(".")
        # One place to begin at: of two conditions, SQLite takes the other and reads up to the page.
        begin = map(literal, max((division, ""), (at, code)))
        query = query.where(tuple_(ANSWERS.c.division_code, ANSWERS.c.uscc) > tuple_(*begin))
        query = query.order_by(ANSWERS.c.division_code, ANSWERS.c.uscc).limit(limit)
        with reading(self.engine) as connection:
            return [_entity(*row) for row in connection.execute(query, {"seq": edition.seq})]

    def history(self, uscc: str) -> list[Period]:
        """Everything that was ever said of an entity, oldest first."""
        editions = {edition.seq: edition for edition in self.editions()}
        query = (
            select(ANSWERS.c.from_seq, ANSWERS.c.to_seq, *_COLUMNS)
            .where(ANSWERS.c.uscc == uscc)
            .order_by(ANSWERS.c.from_seq)
        )
        with reading(self.engine) as connection:
            rows = connection.execute(query).all()
        return [
            Period(_entity(*row), editions[first], editions.get(until))
            for first, until, *row in rows
            if first in editions
        ]


def _empty() -> UsageError:
    return UsageError("no snapshot was ever loaded: creditgrade desk load --out OUT", rule="desk_empty")


def _edition(row: Any) -> Edition:
    return Edition(
        seq=row["seq"],
        as_of=date.fromisoformat(row["as_of"]),
        loaded_on=date.fromisoformat(row["loaded_on"]),
        loaded_at=row["loaded_at"],
        snapshot=row["snapshot"],
        manifest_sha256=row["manifest_sha256"],
        policy_version=row["policy_version"],
        gaps=tuple(json.loads(row["gaps"])),
        citations=json.loads(row["citations"]),
    )


def _entity(
    uscc: str, name: str, division_code: str, status: str, grounds: str, clean_since: str | None,
    eligible_on: str | None, blockers: str,
) -> Entity:  # fmt: skip
    return Entity(
        uscc, name, division_code, status, tuple(grounds.split(";")) if grounds else (), _day(clean_since),
        _day(eligible_on), _reasons(blockers),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _reasons(text: str) -> tuple[Reason, ...]:
    if text == "[]":
        return ()
    found = json.loads(text)
    if len(found) > 1:
        found.sort(key=_in_time)
    return tuple(
        [
            Reason(
                one["reason"], one["kind"], one["authority"], one["doc_no"], _day(one["event_on"]),
                _day(one["blocks_until"]), one["rule"], one["is_of_another"],
            )
            for one in found
        ]
    )  # fmt: skip


def _in_time(one: dict[str, Any]) -> tuple[str, ...]:
    """By code and kind, then the earlier first."""
    return tuple(one[key] or "" for key in ("reason", "kind", "event_on", "authority", "doc_no", "rule"))


@lru_cache(maxsize=1 << 14)
def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
