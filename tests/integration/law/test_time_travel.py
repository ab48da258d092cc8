"""What the rules of a day say of the records then in existence, and what was known by then."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from policy import load_policy
from tests.integration.law.city import AS_OF, CODES, FIRST_NIGHT, SECOND_NIGHT, grade, row, status, write

pytestmark = pytest.mark.slow


def statuses(folder: Path, as_of: date, work: Path) -> dict[str, str]:
    import duckdb

    from flows.stages.ingest import ingest
    from models import engine

    policy = load_policy()
    lake = folder / "out" / "lake"
    intake = ingest(None, lake, policy, today=FIRST_NIGHT.date(), now=FIRST_NIGHT, workers=1, environ={})
    engine.grade(intake, policy, as_of, work)
    rows = duckdb.sql(f"SELECT uscc, status FROM read_parquet('{work}/eligibility.parquet')").fetchall()
    found = dict(rows)
    return {name: found[code] for name, code in CODES.items() if code in found}


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (
            date(2024, 5, 19),  # before the penalty of 2024-05-20 and the listing of 2024-07-10
            {
                "general": "ELIGIBLE_CLEAN3Y", "repaired": "ELIGIBLE_CLEAN3Y", "listed": "ELIGIBLE_CLEAN3Y",
                "model": "ELIGIBLE_CLEAN3Y", "held": "ELIGIBLE_CLEAN3Y", "young": None,
            },
        ),
        (
            date(2026, 3, 31),  # repaired on 2025-06-01, but the old rules still count it on their last day
            {
                "repaired": "NOT_BAD_RECORD", "general": "NOT_BAD_RECORD", "listed": "NOT_ACTIVE_LIST",
                "model": "ELIGIBLE_MODEL", "held": "HOLD_REVIEW", "young": "INSUFFICIENT_HISTORY",
            },
        ),
    ],
    ids=["before-the-records", "before-the-change-of-law"],
)  # fmt: skip
def test_any_day_over_one_lake(
    graded_once: Path, tmp_path: Path, as_of: date, expected: dict[str, str | None]
) -> None:
    found = statuses(graded_once, as_of, tmp_path / "work")
    assert {name: found.get(name) for name in expected} == expected


def test_known_by_tells_yesterdays_answer_from_todays_correction(city: Path) -> None:
    (first,) = (city / "out" / "snapshots").iterdir()
    assert status(first, "general") == "NOT_BAD_RECORD"
    correction = row(
        "amendments", "general", doc_no="宣市监罚〔2024〕1号", action="撤销", effective_on="2026-06-15"
    )
    write(city / "landing", "amendments/correction", [correction])
    corrected = grade(city, SECOND_NIGHT).published
    assert corrected.path.name == f"as_of={AS_OF}.r2"
    assert status(corrected.path, "general") == "ELIGIBLE_CLEAN3Y"

    before = grade(city, SECOND_NIGHT, known_by=FIRST_NIGHT.date().isoformat(), does_publish=True)
    assert status(before.published.path, "general") == "NOT_BAD_RECORD"
    assert before.published.manifest["known_by"] == FIRST_NIGHT.date().isoformat()
    assert not before.move.is_moved
    for name in ("desk/eligibility", "desk/eligibility_blockers", "regulators/grades", "regulators/evidence"):
        then, again = ((path / f"{name}.parquet").read_bytes() for path in (first, before.published.path))
        assert then == again, name


def test_explain_takes_what_is_known_now(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two snapshots of a day, the one with --known-by answers another question."""
    import json
    import shutil

    from flows.cli import _run

    standing = city / "out" / "snapshots" / f"as_of={AS_OF}"
    other = standing.with_name(f"as_of={AS_OF}.r2")
    shutil.copytree(standing, other)
    for place in (other / "manifest.json", other / "desk" / "manifest.json"):
        described = json.loads(place.read_text(encoding="utf-8"))
        place.write_text(json.dumps({**described, "known_by": "2026-05-01"}), encoding="utf-8")
    for options in ([], ["--desk"]):
        assert _run(["explain", CODES["clean"], "--out", str(city / "out"), "--as-of", AS_OF, *options]) == 0
        assert capsys.readouterr().out.endswith(f"snapshot {standing}\n")
