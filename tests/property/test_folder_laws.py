"""Metamorphic laws (design.md) over whole landing folders: one more file comes, then time passes.

A made-up city is graded; a day's file more is delivered, with an adverse row, a row that fails, or a repair for each
family of entities (a firm, its branches, its successors); it is graded again, and once more months later. The policy
is that of one period, every record is dated on or before the first day, and what is added has keys of its own.

`CREDITGRADE_FOLDERS` says how many cities (default 1), `CREDITGRADE_FOLDERS_SEED` from which seed on.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flows.request import Request
from flows.run import run
from tests.integration.cli.conftest import Told
from tests.property.test_laws import LADDER
from tests.reference.dates import add_months

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

COUNT = int(os.environ.get("CREDITGRADE_FOLDERS", "1"))
SEED = int(os.environ.get("CREDITGRADE_FOLDERS_SEED", "1"))
AS_OF = date(2026, 6, 30)
LATER = add_months(AS_OF, 7)
ENTITIES = 150
State = tuple[str | None, int | None, tuple[str, ...], str]  # class, points in hundredths, red lines, status
PENALTY = (
    "subject_name", "subject_kind", "uscc", "doc_no", "violation_type", "facts", "basis", "penalty_kinds", "content",
    "decided_on", "authority",
)  # fmt: skip
AMENDMENT = (
    "target_kind", "authority", "doc_no", "uscc", "subject_name", "action", "effective_on", "amendment_no",
)  # fmt: skip


@dataclass(frozen=True)
class Night:
    """One snapshot: what it says of every entity, the rows of its changes, and who is eligible for what."""

    states: dict[str, State]
    changes: list[dict[str, Any]]
    grounds: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class City:
    """The nights, and what was done to which entities."""

    before: Night
    after: Night
    later: Night
    done: dict[str, list[str]]


def night(landing: Path, out: Path, as_of: date) -> Night:
    """A whole run, read from its files."""
    import pyarrow.parquet as pq

    now = datetime(as_of.year, as_of.month, as_of.day, 1, tzinfo=UTC)
    gaps: dict[str, Any] = {}
    if as_of > AS_OF:  # nothing more was delivered, which a person has to accept
        until = (as_of + timedelta(days=1)).isoformat()
        gaps = {"accept_stale": ("penalties", "listings"), "reason": "a test", "until": until}
    request = Request(landing, out, as_of=as_of.isoformat(), does_publish=True, **gaps)
    snapshot = run(request, now=now, environ={}, show=Told()).published.path

    def rows(table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(snapshot / f"{table}.parquet").to_pylist()
        return found

    grades = {row["uscc"]: row for row in rows("regulators/grades")}
    states, grounds = {}, {}
    for row in rows("desk/eligibility"):
        grade = grades.get(row["uscc"], {})
        points = grade.get("risk_points")
        states[row["uscc"]] = (
            grade.get("risk_class"), None if points is None else round(points * 100),
            tuple(grade.get("red_lines", ())), row["status"],
        )  # fmt: skip
        grounds[row["uscc"]] = tuple(row["grounds"])
    return Night(states, rows("regulators/changes"), grounds)


def lake_rows(out: Path, kind: str, columns: list[str]) -> list[dict[str, Any]]:
    """What was accepted of a kind."""
    import pyarrow.parquet as pq

    found: list[dict[str, Any]] = []
    for path in sorted((out / "lake" / kind).glob("*.parquet")):
        if not path.name.endswith(".quarantine.parquet"):
            found += pq.read_table(path, columns=columns).to_pylist()
    return found


def families(out: Path) -> dict[str, str]:
    """USCC -> a name of its family: whoever is tied by a parent or a predecessor, in any version of a row."""
    head: dict[str, str] = {}

    def find(uscc: str) -> str:
        while head.setdefault(uscc, uscc) != uscc:
            uscc = head[uscc]
        return uscc

    for row in lake_rows(out, "entities", ["uscc", "parent_uscc", "predecessor_uscc"]):
        for other in (row["parent_uscc"], row["predecessor_uscc"]):
            if other:
                head[find(row["uscc"])] = find(other)
        find(row["uscc"])
    return {uscc: find(uscc) for uscc in head}


def penalty(uscc: str, decided_on: str) -> dict[str, str]:
    kind = "个体工商户" if uscc.startswith("92") else "法人及非法人组织"
    return {
        "subject_name": f"某主体{uscc[-4:]}", "subject_kind": kind, "uscc": uscc, "doc_no": f"新〔2026〕{uscc}号",
        "violation_type": "无证经营", "facts": "无证经营", "basis": "某条例", "penalty_kinds": "罚款",
        "content": "罚款", "decided_on": decided_on, "authority": "某新设机关",
    }  # fmt: skip


def deliver(landing: Path, out: Path, random: Random) -> dict[str, list[str]]:
    """One more file of penalties and one of amendments; says what was done to whom."""
    family = families(out)
    repairable: dict[str, dict[str, Any]] = {}
    for row in lake_rows(
        out, "penalties", ["uscc", "subject_name", "authority", "doc_no", "is_natural_person"]
    ):
        if row["uscc"] in family and row["doc_no"] and not row["is_natural_person"]:
            repairable[row["uscc"]] = row
    choices = {
        name: random.choice(("adverse", "defective", "repaired")) for name in sorted(set(family.values()))
    }
    done: dict[str, list[str]] = {"adverse": [], "defective": [], "repaired": []}
    penalties, amendments = [], []
    for uscc in sorted(family):
        what = choices[family[uscc]]
        done[what].append(uscc)
        if what == "adverse":
            decided_on = AS_OF - timedelta(days=random.randint(0, 1500))
            penalties.append(penalty(uscc, decided_on.isoformat()))
        elif what == "defective":
            penalties.append(penalty(uscc, random.choice(("2026-13-45", ""))))
        elif uscc in repairable:
            target = repairable[uscc]
            amendments.append(
                {
                    "target_kind": "行政处罚",
                    "authority": target["authority"],
                    "doc_no": target["doc_no"],
                    "uscc": uscc,
                    "subject_name": target["subject_name"],
                    "action": "信用修复",
                    "effective_on": AS_OF.isoformat(),
                    "amendment_no": "新修复",
                }
            )
    for kind, columns, rows in (("penalties", PENALTY, penalties), ("amendments", AMENDMENT, amendments)):
        assert rows, kind
        with open(landing / kind / "one-more.csv", "x", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    return done


@pytest.fixture(scope="module", params=range(SEED, SEED + COUNT))
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> City:
    from data.sample import generate

    folder = tmp_path_factory.mktemp("city")
    landing, out = folder / "landing", folder / "out"
    generate(landing, ENTITIES, request.param, AS_OF)
    before = night(landing, out, AS_OF)
    for kind in ("penalties", "amendments"):
        (landing / kind).mkdir(exist_ok=True)
    done = deliver(landing, out, Random(request.param))
    after = night(landing, out, AS_OF)
    assert after.states.keys() == before.states.keys()
    return City(before, after, night(landing, out, LATER), done)


def _points(state: State) -> int:
    return state[1] or 0


def _rank(state: State) -> int:
    return LADDER.index(state[3])


def test_an_adverse_row_never_helps(city: City) -> None:
    pairs = [
        (u, city.before.states[u], city.after.states[u])
        for u in city.done["adverse"]
        if u in city.after.states
    ]
    assert any(_rank(now) < _rank(was) for _, was, now in pairs)
    for uscc, was, now in pairs:
        assert _rank(now) <= _rank(was), (uscc, was, now)
        assert _points(now) >= _points(was), (uscc, was, now)
        assert (now[0] or "") >= (was[0] or ""), (uscc, was, now)


def test_a_defect_never_frees(city: City) -> None:
    pairs = [
        (u, city.before.states[u], city.after.states[u])
        for u in city.done["defective"]
        if u in city.after.states
    ]
    assert any(was[3] != now[3] == "HOLD_REVIEW" for _, was, now in pairs)
    for uscc, was, now in pairs:
        assert _rank(now) <= _rank(was), (uscc, was, now)
        assert set(city.after.grounds[uscc]) <= set(city.before.grounds[uscc]), (uscc, was, now)
        assert now[:3] == was[:3], (uscc, was, now)


def test_a_repair_never_hurts(city: City) -> None:
    pairs = [
        (u, city.before.states[u], city.after.states[u])
        for u in city.done["repaired"]
        if u in city.after.states
    ]
    assert any(_rank(now) > _rank(was) for _, was, now in pairs)
    for uscc, was, now in pairs:
        assert _rank(now) >= _rank(was), (uscc, was, now)
        assert set(city.after.grounds[uscc]) >= set(city.before.grounds[uscc]), (uscc, was, now)
        assert _points(now) <= _points(was), (uscc, was, now)


def test_time_alone_never_hurts(city: City) -> None:
    """Whoever is eligible by the clean route stays so; by an honour, until it ends."""
    assert any("CLEAN3Y" in grounds for grounds in city.after.grounds.values())
    for uscc, was in city.after.states.items():
        now = city.later.states[uscc]
        if "CLEAN3Y" in city.after.grounds[uscc]:
            assert "CLEAN3Y" in city.later.grounds[uscc], (uscc, was, now)
        assert _rank(now) >= _rank(was) or was[3] == "ELIGIBLE_MODEL", (uscc, was, now)


def test_previous_and_changes_make_the_new(city: City) -> None:
    for old, new in ((city.before, city.after), (city.after, city.later)):
        made = dict(old.states)
        assert {row["change"] for row in new.changes} <= {"ADD", "MOD", "DEL"} and new.changes
        for row in new.changes:
            assert (row["uscc"] in made) == (row["change"] != "ADD")
            if row["change"] == "DEL":
                del made[row["uscc"]]
                continue
            points = row["new_points"]
            made[row["uscc"]] = (
                row["new_class"], None if points is None else round(points * 100), tuple(row["new_red_lines"]),
                row["new_status"],
            )  # fmt: skip
        assert made == new.states
