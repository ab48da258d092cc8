"""Objections (异议): filed at the counter, worked off by a supervisor, ending in a ruling or a rejection."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, insert, select, update

from desk.clock import day_of, now, stamp
from desk.databases import clear_errors, writing
from desk.reading import visible
from desk.schema import OBJECTIONS
from records.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from desk.answers import Edition, Entity
    from policy import Calendar

TEXT_MAX = 2_000
LISTED_MAX = 500
OPEN, UPHELD, REJECTED = "open", "upheld", "rejected"


@dataclass(frozen=True)
class Objection:
    """One objection.

    Attributes:
        id: e.g. ``YY20260630-4F2A9C``.
        record: the reason objected to (`desk.answers.Reason` as text values); empty for the answer as a whole.
        due_on: last day on which it is in time.
        state: ``open``, ``upheld``, ``rejected``.
        outcome: what was said when it was settled.
        ruling: the landing row that was written, where it was ruled upon.
    """

    id: str
    uscc: str
    entity_name: str
    reason: str
    record: Mapping[str, Any]
    filed_by: str
    filed_at: str
    due_on: date
    state: str
    settled_by: str | None
    settled_at: str | None
    outcome: str | None
    ruling: Mapping[str, Any] | None

    def is_late(self, today: date) -> bool:
        """Whether it is open past its day."""
        return self.state == OPEN and today > self.due_on


def file_objection(
    engine: Engine, calendar: Calendar, edition: Edition, entity: Entity, *, record: Mapping[str, Any], reason: str,
    by: str,
) -> Objection:  # fmt: skip
    """Files an objection; its deadline is counted in working days by the policy.

    Raises:
        UsageError: ``no_reason``, ``too_long``.
    """
    text = _free_text(reason, "an objection needs its reason")
    filed = now()
    days = int(edition.citations["objection_working_days"]["value"])
    due_on = calendar.add_working_days(day_of(filed), days)
    made = f"YY{day_of(filed):%Y%m%d}-{secrets.token_hex(3).upper()}"
    with writing(engine) as connection:
        connection.execute(
            insert(OBJECTIONS).values(
                id=made, uscc=entity.uscc, entity_name=entity.name, reason=text,
                record=json.dumps(dict(record), ensure_ascii=False), filed_by=by, filed_at=stamp(filed),
                due_on=due_on.isoformat(), state=OPEN,
            )
        )  # fmt: skip
    found = objection(engine, made)
    if found is None:
        raise UsageError("the objection was not kept", rule="database_unreachable")
    return found


def objections(
    engine: Engine, *, state: str = "", filed_by: str = "", limit: int = LISTED_MAX
) -> list[Objection]:
    """Objections: open ones first, by deadline; then those settled, the newest first."""
    query = select(OBJECTIONS).limit(limit)
    if state:
        query = query.where(OBJECTIONS.c.state == state)
    if filed_by:
        query = query.where(OBJECTIONS.c.filed_by == filed_by)
    is_open = OBJECTIONS.c.state == OPEN
    query = query.order_by(
        ~is_open, case((is_open, OBJECTIONS.c.due_on)), OBJECTIONS.c.settled_at.desc(), OBJECTIONS.c.filed_at
    )
    with clear_errors(engine), engine.connect() as connection:
        return [_objection(row) for row in connection.execute(query).mappings()]


def count_open(engine: Engine, today: date, *, filed_by: str = "") -> tuple[int, int]:
    """(open, of them late)."""
    late = func.count(case((OBJECTIONS.c.due_on < today.isoformat(), 1)))
    query = select(func.count(), late).where(OBJECTIONS.c.state == OPEN)
    if filed_by:
        query = query.where(OBJECTIONS.c.filed_by == filed_by)
    with clear_errors(engine), engine.connect() as connection:
        row = connection.execute(query).one()
    return row[0], row[1]


def objection(engine: Engine, id_: str) -> Objection | None:
    """One objection."""
    query = select(OBJECTIONS).where(OBJECTIONS.c.id == id_)
    with clear_errors(engine), engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else _objection(row)


def settle(
    engine: Engine, id_: str, state: str, *, by: str, outcome: str, ruling: Mapping[str, str] | None = None
) -> Objection:
    """Settles an open objection, once.

    Raises:
        UsageError: ``no_reason``, ``too_long``, ``not_open``.
    """
    text = _free_text(outcome, "the decision needs its reasons")
    with writing(engine) as connection:
        done = connection.execute(
            update(OBJECTIONS)
            .where(OBJECTIONS.c.id == id_, OBJECTIONS.c.state == OPEN)
            .values(
                state=state, settled_by=by, settled_at=stamp(now()), outcome=text,
                ruling=None if ruling is None else json.dumps(dict(ruling), ensure_ascii=False),
            )
        )  # fmt: skip
        if not done.rowcount:
            raise UsageError("the objection does not exist or is settled already", rule="not_open")
    found = objection(engine, id_)
    if found is None:
        raise UsageError("the objection does not exist", rule="not_open")
    return found


def _free_text(typed: str, if_empty: str) -> str:
    """What a person wrote, with citizens' ids, phone and bank-card numbers masked: it is kept."""
    from records.masking import mask_text  # heavy, and no look-up comes here

    text = "\n".join(visible(line) for line in typed.strip().splitlines())
    if not text:
        raise UsageError(if_empty, rule="no_reason")
    if len(text) > TEXT_MAX:
        raise UsageError(f"a text may have {TEXT_MAX} characters", rule="too_long")
    return mask_text(text)


def _objection(row: Any) -> Objection:
    return Objection(
        row["id"], row["uscc"], row["entity_name"], row["reason"], json.loads(row["record"]), row["filed_by"],
        row["filed_at"], date.fromisoformat(row["due_on"]), row["state"], row["settled_by"], row["settled_at"],
        row["outcome"], None if row["ruling"] is None else json.loads(row["ruling"]),
    )  # fmt: skip
