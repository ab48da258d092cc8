"""Rulings (复核结论): what they find, which one counts, and the records that 属实有效 makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.reference.directory import Directory
from tests.reference.force import names_act
from tests.reference.keys import Record
from tests.reference.world import Row, delivery_order

NOT_CONCERNED, TRUE, UNFOUNDED, AGAIN = "不涉及该主体", "属实有效", "不成立", "重新核查"


def ruling_order(ruling: Row) -> tuple[Any, ...]:
    """By `decided_on`, then delivery order."""
    return (ruling["decided_on"], delivery_order(ruling))


@dataclass(frozen=True)
class Matter:
    """Something that a ruling may be about: a held row, a visit, or a superseded version of a penalty.

    Attributes:
        kind: record kind.
        rows: the rows by which it may be named; the first one speaks for it.
        only_for: the entities whose matter it is, None for a held row (any entity may be named for it).
    """

    kind: str
    rows: tuple[Row, ...]
    only_for: frozenset[str] | None = None


def is_about(ruling: Row, matter: Matter) -> bool:
    """By authority and number, or by the delivery's sha256 and row."""
    if ruling["kind"] != matter.kind or (
        matter.only_for is not None and ruling["uscc"] not in matter.only_for
    ):
        return False
    return any(
        names_act(ruling, row)
        or (
            bool(ruling["source_sha256"])
            and ruling["source_sha256"] == row["sha256"]
            and ruling["ruled_row"] == row["source_row"]
        )
        for row in matter.rows
    )


def last_ruling(rulings: Iterable[Row], matter: Matter, uscc: str) -> Row | None:
    """The ruling that counts for a matter and an entity."""
    about = [ruling for ruling in rulings if ruling["uscc"] == uscc and is_about(ruling, matter)]
    return max(about, key=ruling_order, default=None)


def in_force(rulings: Sequence[Record], as_of: date) -> list[Row]:
    """Rulings decided on or before as_of."""
    return [record.winner for record in rulings if record.winner["decided_on"] <= as_of]


def version_matters(
    penalties: Iterable[Record], reached_from: Callable[[str], frozenset[str]]
) -> list[Matter]:
    """Superseded versions of penalties, which the winner may silence (§1 version_conflict)."""
    return [
        Matter("penalties", (row,), only_for=reached_from(record.linked))
        for record in penalties
        if record.linked
        for row in record.superseded
    ]


def visit_matters(
    inspections: Iterable[Record], reached_from: Callable[[str], frozenset[str]]
) -> list[Matter]:
    """Every linked visit, named by any of its rows."""
    visits: dict[tuple[Any, ...], list[Row]] = {}
    for record in inspections:
        if record.linked:
            visit = (record.linked, record.winner["task_no"], record.winner["inspected_on"])
            visits.setdefault(visit, []).extend(record.versions)
    return [
        Matter("inspections", tuple(rows), only_for=reached_from(visit[0])) for visit, rows in visits.items()
    ]


def penalties_made_true(
    rulings: Sequence[Row], matters: Sequence[Matter], directory: Directory
) -> list[Record]:
    """属实有效: a penalty of that entity with the ruling's authority, number, kinds and `event_on` (§4)."""
    made = []
    for ruling in rulings:
        counts = any(
            matter.kind == "penalties" and last_ruling(rulings, matter, ruling["uscc"]) is ruling
            for matter in matters
        )
        if counts and ruling["kind"] == "penalties" and ruling["conclusion"] == TRUE:
            row = {
                **ruling,
                "name_norm": min(directory.names(ruling["uscc"]), default=None),
                "subject_kind": None, "is_natural_person": False, "fine_fen": None, "confiscated_fen": None,
                "says_revoked": False, "procedure_code": None, "doc_says_simple": False, "status_code": "in_force",
                "decided_on": ruling["event_on"],
            }  # fmt: skip
            made.append(Record("penalties", ruling["uscc"], ruling["uscc"], (row,)))
    return made


def entry_made_true(ruling: Row, held: Row) -> Row | None:
    """属实有效: an entry of the row's list from `event_on`, active unless the row's `removed_on` was read (§4).

    None where the list or the day is not known: the row stays held.
    """
    stated = None if "date_range" in held.get("rules", ()) else held.get("event_on") or held.get("listed_on")
    listed_on = ruling["event_on"] or stated
    if not held["list_type"] or listed_on is None:
        return None
    return {
        **held,
        "listed_on": listed_on,
        "authority": ruling["authority"] or held["authority"],
        "doc_no": ruling["doc_no"] or held["doc_no"],
    }


def entries_made_true(rulings: Sequence[Row], matters: Sequence[Matter]) -> list[tuple[str, Row]]:
    """(entity, entry) for each listing that a ruling made true."""
    made = []
    for matter in matters:
        for uscc in {ruling["uscc"] for ruling in rulings}:
            ruling = last_ruling(rulings, matter, uscc)
            if matter.kind == "listings" and ruling is not None and ruling["conclusion"] == TRUE:
                entry = entry_made_true(ruling, matter.rows[0])
                if entry is not None:
                    made.append((uscc, entry))
    return made
