"""Changes between two snapshots: previous + changes = new, causes, alerts, and which snapshot is the previous one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.engine import EngineResult
from publish.changes import add_changes, previous_of
from publish.snapshot import Published, publish
from publish.verify import verify
from tests.integration.publish.graded import AS_OF, A, B, C, Graded, answer, grade, plan

DAY_BEFORE = date(2026, 6, 29)
USCCS = [A, B, C]
_STATE = """
SELECT e.uscc, g.risk_class, g.risk_points, coalesce(g.red_lines, []), e.status
FROM '{0}' e LEFT JOIN '{1}' g USING (uscc)
"""


def read(path: Path) -> list[dict[str, Any]]:
    found = duckdb.sql(f"SELECT * FROM read_parquet('{path}', hive_partitioning = false) ORDER BY uscc")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def on(graded: Graded, day: date) -> None:
    for rows in graded.rows.values():
        for row in rows:
            if "as_of" in row:
                row["as_of"] = day


@pytest.fixture
def night_before(graded: Graded, out: Path) -> Published:
    on(graded, DAY_BEFORE)
    made = publish(graded.result(), graded.edition(as_of=DAY_BEFORE), out)
    on(graded, date(2026, 6, 30))
    return made


def changes(published: Published) -> dict[str, dict[str, Any]]:
    assert verify(published.path) == []
    return {row["uscc"]: row for row in read(published.path / "regulators/changes.parquet")}


def test_the_first_snapshot_adds_everything(published: Published) -> None:
    rows = changes(published)
    assert {u: (r["change"], r["causes"]) for u, r in rows.items()} == {u: ("ADD", ["FIRST"]) for u in USCCS}
    told = published.manifest["changes"]
    assert (told["previous"], told["counts"], told["alerts"]) == (None, {"ADD": 3, "MOD": 0, "DEL": 0}, [])


def test_a_night_without_news_changes_nothing(graded: Graded, night_before: Published, out: Path) -> None:
    made = publish(graded.result(), graded.edition(), out)
    assert changes(made) == {}
    assert made.manifest["changes"]["previous"]["snapshot"] == "as_of=2026-06-29"


def test_what_changed_and_why(graded: Graded, night_before: Published, out: Path) -> None:
    graded.rows["grades"][2].update(risk_class="C", points_class="C", risk_points=20.1 + 600 - 7.6)
    graded.rows["grade_reasons"].append(
        {"uscc": A, "indicator": "PENALTY_SERIOUS", "category": "监管", "value": "1", "points": 600.0}
    )
    graded.rows["evidence"] = [evidence(A)]
    graded.summary["classes"] = {"B": 1, "C": 1, "not_classed": 1}
    made = publish(graded.result(), graded.edition(), out)
    (row,) = changes(made).values()
    assert (row["uscc"], row["change"], row["old_class"], row["new_class"], row["class_step"]) == (
        A, "MOD", "A", "C", 2,
    )  # fmt: skip
    assert row["causes"] == ["RECORD"]
    assert row["cause_records"] == ["RECORD penalties 宣城市公安局 宣公罚〔2026〕9号 2026-06-30"]
    assert made.manifest["changes"]["alerts"] == [
        {"alert": "class_jump", "entities": 1, "first": [{"uscc": A, "old": "A", "new": "C"}]}
    ]


def evidence(uscc: str, **cells: Any) -> dict[str, Any]:
    row = {
        "uscc": uscc, "kind": "penalties", "authority": "宣城市公安局", "doc_no": "宣公罚〔2026〕9号",
        "event_on": date(2026, 6, 30), "what": "serious", "held_as": "own", "via": uscc, "is_provisional": False,
        "is_active": False, "counts": True, "linked_by": "uscc",
    }  # fmt: skip
    return {**row, **cells}


def causes_of(graded: Graded, out: Path, **edition: Any) -> list[str]:
    """Causes of a change of A's points alone."""
    graded.rows["grades"][2]["risk_points"] = 13.5
    graded.rows["grade_reasons"][1]["points"] = 21.1
    return list(changes(publish(graded.result(), graded.edition(**edition), out))[A]["causes"])


def test_time_policy_model_and_code_are_causes(graded: Graded, night_before: Published, out: Path) -> None:
    assert causes_of(graded, out) == ["TIME"]


def test_another_policy_is_a_cause(graded: Graded, night_before: Published, out: Path) -> None:
    for row in graded.rows["grades"]:
        row["policy_version"] = "p+2"
    assert causes_of(graded, out, policy_version="p+2") == ["POLICY"]


def test_another_model_is_a_cause(graded: Graded, night_before: Published, out: Path) -> None:
    for row in graded.rows["grades"]:
        row["model_version"] = "m-2026"
    assert causes_of(graded, out, model_version="m-2026") == ["MODEL"]


def stale(uscc: str) -> dict[str, Any]:
    return {
        "uscc": uscc, "name": "x", "division_code": "341802", "kind": "penalties", "authority": "宣城市公安局",
        "hold_rule": "feed_stale_late", "via": uscc, "can_be_upheld": False, "as_of": date(2026, 6, 30),
    }  # fmt: skip


@pytest.mark.parametrize("is_back", [False, True])
def test_a_source_that_is_late_or_back_is_a_cause(graded: Graded, out: Path, is_back: bool) -> None:
    nights = ([stale(A)], []) if is_back else ([], [stale(A)])
    for day, held in zip((DAY_BEFORE, date(2026, 6, 30)), nights, strict=True):
        graded.rows["holds"] = held
        status = "HOLD_REVIEW" if held else "ELIGIBLE_CLEAN3Y"
        is_eligible = not held
        graded.rows["eligibility"][1].update(
            status=status, eligible=is_eligible, grounds=["CLEAN3Y"] if is_eligible else [],
            eligible_on=day if is_eligible else None,
        )  # fmt: skip
        graded.summary["statuses"] = {"NOT_BAD_RECORD": 1, "ELIGIBLE_CLEAN3Y": 1 + is_eligible} | (
            {"HOLD_REVIEW": 1} if held else {}
        )
        graded.rows["eligibility_blockers"] = graded.rows["eligibility_blockers"][:1] + [
            {"uscc": A, "reason": "HOLD_REVIEW", "kind": "penalties", "rule": one["hold_rule"]} for one in held
        ]  # fmt: skip
        on(graded, day)
        made = publish(graded.result(), graded.edition(as_of=day), out)
    (row,) = changes(made).values()
    assert (row["uscc"], row["causes"]) == (A, ["FEED"])
    assert row["cause_records"][0].startswith("FEED penalties 宣城市公安局")


@pytest.mark.parametrize(("worse", "is_told"), [(5, True), (4, False)])
def test_a_division_that_gets_worse_at_once_is_an_alert(
    graded: Graded, out: Path, worse: int, is_told: bool
) -> None:
    """``surge_alert_entities`` is 5, ``surge_alert_share`` 2 %: of 250 classed, five are just enough."""
    codes = [f"91341802MAX{number:07d}" for number in range(250)]
    for day in (DAY_BEFORE, date(2026, 6, 30)):
        is_after = day != DAY_BEFORE
        b = worse * is_after
        strata = [("B", b, codes[:b]), ("A", 250 - b, codes[b:])]
        graded.rows = {
            "grades": [
                grade(u, risk_class="B", points_class="B", risk_points=200.0)
                if is_after and i < worse
                else grade(u)
                for i, u in enumerate(codes)
            ],
            "eligibility": [answer(u) for u in codes],
            "grade_reasons": [
                {"uscc": u, "indicator": "AGE", "category": "基础属性", "value": "1", "points": 200.0}
                for u in codes[:worse] if is_after
            ],
            "sampling_plan": [
                plan(u, risk_class=c, stratum=f"341802-{c}", rate=1.0, stratum_size=n, stratum_draws=n)
                for c, n, some in strata
                for u in some
            ],
            "quarantine": graded.rows["quarantine"],
            "unmatched": graded.rows["unmatched"],
        }  # fmt: skip
        graded.summary["classes"] = {c: n for c, n, _ in strata if n}
        graded.summary["statuses"] = {"ELIGIBLE_CLEAN3Y": 250}
        on(graded, day)
        for row in graded.rows["eligibility"]:
            row["eligible_on"] = day
        made = publish(graded.result(), graded.edition(as_of=day), out)
    alert = {"alert": "division_surge", "division_code": "341802", "entities": 5, "classed": 250}
    assert made.manifest["changes"]["alerts"] == ([alert] if is_told else [])
    page = (made.path / "regulators/report.html").read_text(encoding="utf-8")
    alerts = page.partition("<h2>提醒")[2].partition("</section>")[0]
    assert ("宣州区等级集中恶化（surge）：5 户等级上升" in alerts) == is_told


def test_a_revision_is_compared_with_what_it_supersedes(
    graded: Graded, published: Published, out: Path
) -> None:
    causes = causes_of(graded, out, code_version="9+code")
    assert causes == ["CODE"]
    found, passed = previous_of(out, date(2026, 7, 3))
    assert found is not None and found.revision.name == "as_of=2026-06-30.r2" and passed == []


def faded(day: date) -> dict[str, list[dict[str, Any]]]:
    """What time alone takes from A: an entry that ended, an old penalty, an old hold."""
    return {
        "joint_punishment": [
            {"uscc": A, "list_type": "失信被执行人", "doc_no": "列1号", "authority": "某院", "held_as": "own", "via": A,
             "from_on": date(2025, 1, 10), "until_on": date(2026, 3, 1), "is_active": False,
             "is_provisional": False, "measure": "market_access", "department": "某局", "as_of": day}
        ],
        "evidence": [evidence(A, event_on=date(2020, 1, 1))],
        "holds": [{**stale(A), "hold_rule": "hold_quarantined_penalties", "event_on": date(2020, 1, 1), "as_of": day}],
    }  # fmt: skip


@pytest.mark.parametrize(("before", "cause"), [(DAY_BEFORE, "TIME"), (AS_OF, "RECORD")])
def test_time_is_no_cause_between_revisions_of_one_day(
    graded: Graded, out: Path, before: date, cause: str
) -> None:
    graded.rows.update(faded(before))
    on(graded, before)
    publish(graded.result(), graded.edition(as_of=before), out)
    graded.rows.update({name: [] for name in faded(before)})
    on(graded, AS_OF)
    graded.rows["grades"][2]["risk_points"] = 13.5
    graded.rows["grade_reasons"][1]["points"] = 21.1
    (row,) = changes(publish(graded.result(), graded.edition(code_version="9+code"), out)).values()
    assert (row["uscc"], row["causes"]) == (A, [cause])
    assert row["cause_records"] == [
        f"{cause} listings 某院 列1号 2025-01-10",
        f"{cause} penalties 宣城市公安局  2020-01-01",
        f"{cause} penalties 宣城市公安局 宣公罚〔2026〕9号 2020-01-01",
    ]


def test_amendments_and_rulings_are_causes(graded: Graded, night_before: Published, out: Path) -> None:
    """Judged by the engine's ``touched``, which no snapshot holds."""
    graded.rows["evidence"] = [evidence(A, event_on=date(2025, 1, 1))]
    graded.rows["holds"] = [
        {"uscc": B, "name": "x", "division_code": "341802", "kind": "penalties", "event_on": date(2026, 1, 1),
         "hold_rule": "hold_quarantined_penalties", "via": B, "can_be_upheld": True, "as_of": date(2026, 6, 30)}
    ]  # fmt: skip
    before = publish(graded.result(), graded.edition(), out)
    graded.rows["evidence"] = [evidence(A, event_on=date(2025, 1, 1), repaired_on=date(2026, 6, 30))]
    graded.rows["holds"] = []
    graded.rows["grades"][2]["risk_points"] = 13.5
    graded.rows["grades"][1]["risk_points"] = 231.55
    result = graded.result()
    result.tables["touched"] = graded.folder / "touched.parquet"
    duckdb.sql(
        f"""COPY (SELECT * FROM (VALUES
        ('{A}', 'AMENDMENT', 'penalties', '宣城市公安局', '宣公罚〔2026〕9号', '信用修复', DATE '2026-06-30'),
        ('{B}', 'RULING', 'penalties', NULL, NULL, '不成立', DATE '2026-06-30')
        ) t(via, how, kind, authority, doc_no, what, "on")) TO '{result.tables["touched"]}'"""
    )
    tables, told = add_changes(result, graded.edition(), out)
    rows = {row["uscc"]: row for row in read(tables["changes"])}
    assert {u: r["causes"] for u, r in rows.items()} == {A: ["AMENDMENT"], B: ["RULING"]}
    assert told["previous"]["snapshot"] == before.path.name


def test_a_damaged_snapshot_is_passed_over_aloud(graded: Graded, night_before: Published, out: Path) -> None:
    (night_before.path / "regulators/holds.parquet").unlink()
    told = publish(graded.result(), graded.edition(), out).manifest["changes"]
    assert told["previous"] is None
    assert told["passed_over"] == [
        "as_of=2026-06-29 cannot be compared with: it is damaged, pruned or of an earlier version"
    ]


def test_the_same_inputs_after_a_backfill_add_no_revision(
    graded: Graded, published: Published, out: Path
) -> None:
    """What stands between the days is no input: only ``changes`` would differ (promise 2)."""
    on(graded, DAY_BEFORE)
    publish(graded.result(), graded.edition(as_of=DAY_BEFORE), out)
    on(graded, date(2026, 6, 30))
    again = publish(graded.result(), graded.edition(code_version="another"), out)
    assert not again.is_new
    assert again.path == published.path


_row = st.fixed_dictionaries(
    {
        "risk_class": st.sampled_from(["A", "B", "C", "D", None]),
        "risk_points": st.sampled_from([0.0, 12.5, None]),
        "red_lines": st.sampled_from([[], ["GENERAL_12M"], ["GENERAL_12M", "SERIOUS_12M"]]),
        "status": st.sampled_from(["NOT_STATUS", "HOLD_REVIEW"]),
        "is_graded": st.booleans(),
    }
)
_city = st.dictionaries(st.sampled_from(USCCS), _row)


def as_rows(city: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {
        "eligibility": [answer(u, status=r["status"], eligible=False, grounds=[]) for u, r in city.items()],
        "grades": [
            grade(u, **{k: r[k] for k in ("risk_class", "risk_points", "red_lines")})
            for u, r in city.items()
            if r["is_graded"]
        ],
        "sampling_plan": [plan(u) for u in city],
    }


def state(rows: dict[str, list[dict[str, Any]]]) -> dict[str, tuple[Any, ...]]:
    graded = {row["uscc"]: row for row in rows["grades"]}
    found = {}
    for row in rows["eligibility"]:
        g = graded.get(row["uscc"], {})
        found[row["uscc"]] = (
            g.get("risk_class"),
            g.get("risk_points"),
            g.get("red_lines", []),
            row["status"],
        )
    return found


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_city, _city)
def test_previous_and_changes_make_the_new(
    tmp_path_factory: pytest.TempPathFactory, old: dict[str, Any], new: dict[str, Any]
) -> None:
    from models.changes import COMPARED, Between, compare
    from records.resolve.workspace import open_workspace

    folder = tmp_path_factory.mktemp("pair")
    results: list[EngineResult] = []
    for number, city in enumerate((old, new)):
        results.append(Graded(folder / str(number), rows=as_rows(city)).result())
    ws = open_workspace(folder / "ws")
    try:
        before, after = ({name: ws.read([result.tables[name]]) for name in COMPARED} for result in results)
        between = Between(DAY_BEFORE, date(2026, 6, 30), False, False, False, 60, 36)
        compare(ws, before, after, None, date(2026, 6, 30), between)
        rows = read(*ws.export("changes"))
    finally:
        ws.close()
    made = dict(state(as_rows(old)))
    for row in rows:
        assert (row["uscc"] in made) == (row["change"] != "ADD")
        assert row["causes"]
        if row["change"] == "DEL":
            del made[row["uscc"]]
        else:
            now = tuple(row[f"new_{name}"] for name in ("class", "points", "red_lines", "status"))
            assert made.get(row["uscc"]) != now
            made[row["uscc"]] = now
    assert made == state(as_rows(new))
