"""Metamorphic laws (design.md) over everything that was received: change the deliveries, compare the answers.

A thousand entities in families that have everything at once (clashes, amendments, rulings, namesakes, dirty rows) are
graded as they are, and again with one thing done to each of them: a third gets an adverse row, a third a row that
failed, a third a repair. For one policy period, with records dated on or
before ``as_of`` and natural keys of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from policy import load_policy
from records.intake import Intake
from tests.property.drawing import Happening, History
from tests.property.histories import history
from tests.property.rendering import Rendered, render, write_intake
from tests.reference.dates import add_months

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

AS_OF = date(2026, 6, 30)
LATER = add_months(AS_OF, 7)
FAMILIES = 360
# Worse first. An entity may fall, not rise, where something adverse comes to it.
LADDER = (
    "NOT_STATUS", "NOT_ACTIVE_LIST", "NOT_BAD_RECORD", "HOLD_PROVISIONAL", "HOLD_REVIEW", "INSUFFICIENT_HISTORY",
    "ELIGIBLE_MODEL", "ELIGIBLE_CLEAN3Y",
)  # fmt: skip
# The authority and number of what is added: nobody else's, so that the natural keys are new.
NEW = {
    "authority": "新机关",
    "authority_key": "新机关",
    "authority_division": None,
    "doc_norm": "新",
    "doc_no": "新",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What is said of one entity."""

    status: str
    eligible: bool
    grounds: tuple[str, ...]
    risk_class: str | None
    points: int | None


def known_on(as_of: date) -> Callable[[Happening], bool]:
    """Whether nothing in a row is dated later: what time alone would otherwise bring to light."""
    days = ("decided_on", "listed_on", "removed_on", "inspected_on", "effective_on", "event_on", "updated_on",
            "established_on", "cancelled_on", "valid_from")  # fmt: skip
    return lambda one: all((one.fields.get(name) or date.min) <= as_of for name in days)


def families() -> list[History]:
    """The same families every time, with all that is dated on or before AS_OF."""
    made = []
    for number in range(FAMILIES):
        whole = history(Random(f"laws/{number}"), AS_OF)
        gone = [n for n, one in enumerate(whole.happenings) if not known_on(AS_OF)(one)]
        for place in reversed(gone):
            whole = whole.without(place)
        made.append(whole)
    return made


def with_row(number: int, family: History, make: Callable[[Random, str], Happening | None]) -> History:
    """The family with one more row about one of its entities."""
    random = Random(f"more/{number}")
    borne = sorted(
        {one.fields["uscc"] for one in family.happenings if one.kind == "entities" and one.is_accepted}
    )
    more = make(random, random.choice(borne)) if borne else None
    return History([*family.happenings, *([more] if more else [])])


def graded(intake: Intake, as_of: date, folder: Path) -> dict[str, Answer]:
    """Every entity's answer."""
    import pyarrow.parquet as pq

    from models.engine import grade

    tables = grade(intake, load_policy(), as_of, folder).tables
    grades = {row["uscc"]: row for row in pq.read_table(tables["grades"]).to_pylist()}
    answers = {}
    for row in pq.read_table(tables["eligibility"]).to_pylist():
        points = grades.get(row["uscc"], {}).get("risk_points")
        answers[row["uscc"]] = Answer(
            row["status"], row["eligible"], tuple(row["grounds"]), grades.get(row["uscc"], {}).get("risk_class"),
            None if points is None else round(points * 100),
        )  # fmt: skip
    return answers


def answered(rendered: list[Rendered], folder: Path, as_of: date = AS_OF) -> dict[str, Answer]:
    folder.mkdir(parents=True)
    return graded(write_intake(rendered, folder), as_of, folder / "work")


@pytest.fixture(scope="module")
def base() -> list[History]:
    return families()


@pytest.fixture(scope="module")
def before(base: list[History], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    answers = answered(render(base), tmp_path_factory.mktemp("laws") / "before")
    statuses = {answer.status for answer in answers.values()}
    assert statuses == set(LADDER), f"the families do not show {set(LADDER) - statuses}"
    return answers


Pairs = list[tuple[str, Answer, Answer]]


@pytest.fixture(scope="module")
def changed(
    base: list[History], before: dict[str, Answer], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Pairs]:
    """What was done -> (USCC, the answer before, the answer after) of everybody in those families."""
    done = (("adverse", adverse), ("defective", defective), ("repaired", None))
    changed_families = [
        repaired(n, one) if make is None else with_row(n, one, make)
        for n, one in enumerate(base)
        for make in (done[n % 3][1],)
    ]
    rendered = render(changed_families)
    after = answered(rendered, tmp_path_factory.mktemp("laws") / "after")
    assert after.keys() == before.keys()
    pairs: dict[str, Pairs] = {name: [] for name, _ in done}
    for n, one in enumerate(rendered):
        pairs[done[n % 3][0]] += [(u, before[u], after[u]) for u in one.codes.values() if u in before]
    return pairs


# -- adverse rows --------------------------------------------------------------------------------------------------


def adverse(random: Random, uscc: str) -> Happening:
    """A penalty, an entry, or a visit that found something."""
    on = AS_OF - timedelta(days=random.randint(0, 1500))
    subject: Row = {"uscc": uscc, "name_norm": None, "is_natural_person": False, **NEW}
    kind = random.choice(("penalties", "penalties", "listings", "inspections"))
    if kind == "penalties":
        kinds = random.choice(("警告", "罚款", "责令停产停业", "?公开道歉"))
        status = random.choice(("in_force", "in_force", "provisional"))
        row = {"kinds": kinds, "says_revoked": False, "doc_says_simple": False, "decided_on": on, "status_code": status,
               "subject_kind": "法人及非法人组织"}  # fmt: skip
    elif kind == "listings":
        ended = random.choice((None, AS_OF, on))
        row = {"list_type": random.choice(("经营异常名录", "严重违法失信名单", "失信被执行人")), "listed_on": on,
               "removed_on": ended, "removal_code": "期满" if ended else None}  # fmt: skip
    else:
        result = random.choice(("R2_NOT_PUBLISHED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R6_REFUSED"))
        row = {"task_no": "新", "item": "新", "result_code": result, "inspected_on": on}
    return Happening(kind, {"updated_on": None, **subject, **row}, 0)


def test_an_adverse_row_never_helps(changed: dict[str, Pairs]) -> None:
    """Adding an accepted adverse row never lowers points or improves a status."""
    assert any(was != now for _, was, now in changed["adverse"])
    for uscc, was, now in changed["adverse"]:
        assert LADDER.index(now.status) <= LADDER.index(was.status), (uscc, was, now)
        assert (now.risk_class or "") >= (was.risk_class or ""), (uscc, was, now)
        assert (now.points or 0) >= (was.points or 0), (uscc, was, now)


def defective(random: Random, uscc: str) -> Happening:
    """A row that failed."""
    kind = random.choice(("penalties", "listings", "amendments", "entities", "rulings"))
    rule = random.choice(("missing_mandatory:facts", "date_unreadable:x", "uscc_check:uscc", "row_shape"))
    fields: Row = {
        "uscc": uscc, "name_norm": None, "is_natural_person": False, "is_row_shape": False, "cells": [], **NEW,
        "rules": [rule], "has_date_failure": rule.startswith("date_"), "updated_on": None,
        "event_on": random.choice((None, AS_OF - timedelta(days=random.randint(0, 1500)))),
    }  # fmt: skip
    if rule == "row_shape":
        fields |= {
            "uscc": None,
            "is_row_shape": True,
            "cells": [uscc],
            "event_on": None,
            "doc_norm": "",
            "doc_no": None,
        }
    if kind == "listings":
        fields |= {"list_type": "严重违法失信名单"}
    elif kind == "amendments":
        fields |= {
            "action": random.choice((None, "撤销修复", "信用修复", "撤销")),
            "target_kind": "penalties",
        }
    elif kind == "rulings":
        fields |= {"conclusion": random.choice((None, "重新核查", "不成立"))}
    return Happening(kind, fields, 0, is_accepted=False)


def test_a_defect_never_frees(changed: dict[str, Pairs]) -> None:
    """Adding a quarantined row never makes anyone eligible, nor changes a class."""
    assert any(was.eligible and not now.eligible for _, was, now in changed["defective"])
    for uscc, was, now in changed["defective"]:
        assert LADDER.index(now.status) <= LADDER.index(was.status), (uscc, was, now)
        assert set(now.grounds) <= set(was.grounds), (uscc, was, now)
        assert (now.risk_class, now.points) == (was.risk_class, was.points), (uscc, was, now)


# -- what helps ------------------------------------------------------------------------------------------------------


def repaired(number: int, family: History) -> History:
    """The family with a 信用修复 of one of its records, found by its own subject."""
    random = Random(f"repair/{number}")
    records = [one for one in family.happenings
               if one.is_accepted and one.kind in ("penalties", "listings") and one.fields.get("doc_norm")]  # fmt: skip
    if not records:
        return family
    target = random.choice(records)
    same = ("uscc", "name_norm", "authority", "authority_key", "authority_division", "doc_norm", "doc_no")
    fields = {name: target.fields.get(name) for name in same} | {
        "target_kind": target.kind, "action": "信用修复", "effective_on": AS_OF, "amendment_no": "新",
        "updated_on": None, "is_natural_person": False,
    }  # fmt: skip
    return History([*family.happenings, Happening("amendments", fields, 0)])


def test_a_repair_never_hurts(changed: dict[str, Pairs]) -> None:
    assert any(now.eligible and not was.eligible for _, was, now in changed["repaired"])
    for uscc, was, now in changed["repaired"]:
        assert now.eligible >= was.eligible and set(now.grounds) >= set(was.grounds), (uscc, was, now)
        assert LADDER.index(now.status) >= LADDER.index(was.status), (uscc, was, now)
        assert (now.risk_class or "") <= (was.risk_class or ""), (uscc, was, now)
        assert (now.points or 0) <= (was.points or 0), (uscc, was, now)


def test_time_alone_never_hurts(base: list[History], before: dict[str, Answer], tmp_path: Path) -> None:
    """Who is eligible stays so, unless an honour ends: by the clean route for ever."""
    after = answered(render(base), tmp_path / "after", LATER)
    for uscc, was in before.items():
        now = after[uscc]
        if "CLEAN3Y" in was.grounds:
            assert "CLEAN3Y" in now.grounds, (uscc, was, now)
        assert LADDER.index(now.status) >= LADDER.index(was.status) or was.status == "ELIGIBLE_MODEL", (
            uscc,
            was,
            now,
        )


def test_order_never_matters(base: list[History], before: dict[str, Answer], tmp_path: Path) -> None:
    """The order in which files are listed, and rows are read, is nothing."""
    import pyarrow.parquet as pq

    folder = tmp_path / "after"
    folder.mkdir()
    intake = write_intake(render(base), folder)
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path)
        pq.write_table(table.take(list(range(table.num_rows))[::-1]), path)
    assert graded(Intake(intake.deliveries[::-1]), AS_OF, folder / "work") == before
