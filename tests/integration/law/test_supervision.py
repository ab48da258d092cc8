"""What supervisors get of a graded night: changes, discipline, frame, warnings, upload files, and a plan."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from flows.supervise import plan_command
from publish.verify import verify
from records.errors import PromiseBroken, UsageError
from records.official import PENALTY_COLUMNS
from records.registry import FIELDS
from tests.integration.law.city import CODES, NAMES, SECOND_NIGHT, first_delivery, grade, row, write

NOW = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


def rows(snapshot: Path, name: str) -> list[dict[str, Any]]:
    found = duckdb.sql(f"SELECT * FROM read_parquet('{snapshot}/{name}.parquet', hive_partitioning = false)")
    return [dict(zip(found.columns, values, strict=True)) for values in found.fetchall()]


@pytest.fixture(scope="module")
def second_night(graded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The city a night later: the general penalty is repaired, another firm is fined and left a list."""
    folder = tmp_path_factory.mktemp("second") / "city"
    shutil.copytree(graded_once, folder)
    landing = folder / "landing"
    write(
        landing,
        "amendments/b",
        [row("amendments", "general", doc_no="宣市监罚〔2024〕1号", effective_on="2026-07-01")],
    )
    write(
        landing,
        "penalties/b",
        [
            row("penalties", "young", doc_no="宣市监罚〔2026〕9号", decided_on="2026-06-30",
                penalty_kinds="责令停产停业",
                legal_rep="欧阳小明", facts="欧阳小明经营的门店", content="责令停产停业"),
            row("penalties", "shop", doc_no="宣市监罚〔2026〕10号", decided_on="2026-06-30", subject_kind="自然人",
                subject_name="李小红", penalty_kinds="罚款", fine_fen="900000"),
        ],
    )  # fmt: skip
    left = row("listings", "listed", doc_no="宣列〔2024〕1号", removed_on="2026-06-30", removal_reason="履行")
    write(landing, "listings/b", [left])
    write(
        landing,
        "rulings/b",
        [row("rulings", "held", authority="宣城市市场监督管理局", doc_no="宣市监罚〔2025〕3号",
             conclusion="不涉及该主体", decided_on="2026-07-01")],
    )  # fmt: skip
    grade(folder, now=SECOND_NIGHT, as_of="2026-07-01", does_publish=True)
    return folder / "out"


def test_the_snapshot_is_good(second_night: Path) -> None:
    assert verify(second_night / "snapshots/as_of=2026-07-01") == []


def test_changes_name_amendment_ruling_record_and_list(second_night: Path) -> None:
    snapshot = second_night / "snapshots/as_of=2026-07-01"
    found = {r["uscc"]: r for r in rows(snapshot, "regulators/changes")}
    assert "AMENDMENT" in found[CODES["general"]]["causes"]
    assert found[CODES["held"]]["causes"] == ["RULING"]
    young = found[CODES["young"]]
    assert "RECORD" in young["causes"]
    assert any("宣市监罚〔2026〕9号" in text for text in young["cause_records"])
    assert found[CODES["listed"]]["lists_left"] == ["经营异常名录"]
    told = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))["changes"]
    assert told["previous"]["as_of"] == "2026-06-30"


def test_an_entry_that_ended_stays_with_its_measures_until_lifted(second_night: Path) -> None:
    before = rows(second_night / "snapshots/as_of=2026-06-30", "regulators/joint_punishment")
    after = rows(second_night / "snapshots/as_of=2026-07-01", "regulators/joint_punishment")
    assert {(r["uscc"], r["is_active"], r["until_on"]) for r in before} == {(CODES["listed"], True, None)}
    assert {(r["is_active"], r["until_on"], r["ended_as"]) for r in after} == {
        (False, date(2026, 6, 30), "REPAIRED")
    }
    assert {r["measure"] for r in before} == {"consideration", "benefits", "no_simple_deregistration"}
    assert {r["department"] for r in before if r["measure"] == "no_simple_deregistration"} == {
        "宣城市市场监督管理局"
    }


def test_the_frame_holds_every_classed_entity_with_a_chance(second_night: Path) -> None:
    snapshot = second_night / "snapshots/as_of=2026-07-01"
    frame = {r["uscc"]: r for r in rows(snapshot, "regulators/sampling_plan")}
    classed = {r["uscc"] for r in rows(snapshot, "regulators/grades") if r["risk_class"]}
    assert frame.keys() == classed
    assert all(r["inclusion_probability"] > 0 for r in frame.values())


def test_a_joint_visit_counts_for_each_authority(tmp_path: Path) -> None:
    """The market's cap applies beside labour's, whose id is the smaller one."""
    market, labour = "宣城市宣州区市场监督管理局", "宣城市宣州区人力资源和社会保障局"

    def visit(whose: str, on: str, *authorities: str) -> list[dict[str, Any]]:
        return [
            row("inspections", whose, task_no=f"联{on}", item=f"事项{n}", authority=one, inspected_on=on)
            for n, one in enumerate(authorities)
        ]

    first_delivery(tmp_path / "landing")
    write(
        tmp_path / "landing",
        "inspections/all",
        [
            *visit("clean", "2026-01-15", market, labour, market),
            *visit("clean", "2026-02-15", labour, market),
            *visit("young", "2025-12-31", market, labour),
            *visit("young", "2026-01-01", market, labour),
            *visit("young", "2026-06-30", labour),
            *visit("young", "2026-07-01", market),
        ],
    )
    snapshot = grade(tmp_path, does_publish=True).published.path
    frame = {r["uscc"]: r for r in rows(snapshot, "regulators/sampling_plan")}
    clean, young = frame[CODES["clean"]], frame[CODES["young"]]
    assert clean["visits_this_year"] == ["341802-rsj=2", "341802-scjg=2"]
    assert (clean["coverage"], clean["coverage_reason"]) == ("excluded", "VISITS_THIS_YEAR")
    assert young["visits_this_year"] == ["341802-rsj=2", "341802-scjg=1"]
    assert (young["coverage"], young["coverage_reason"]) == ("excluded", "VISITED_RECENTLY")
    assert young["last_inspected_on"] == date(2026, 6, 30)


def test_upload_files_hold_what_is_public_and_name_no_person(second_night: Path) -> None:
    snapshot = second_night / "snapshots/as_of=2026-07-01"
    found = {r["CF_WSH"]: r for r in rows(snapshot, "regulators/disclosure_penalties")}
    shown = {
        (r["doc_no"], r["publish_until"])
        for r in rows(snapshot, "desk/disclosure")
        if r["kind"] == "penalties" and r["channel"] == "creditchina" and r["is_published"]
    }
    assert {(number, r["CF_GSJZQ"]) for number, r in found.items()} == {
        (number, until and f"{until:%Y/%m/%d}") for number, until in shown
    }
    one = found["宣市监罚〔2026〕9号"]
    assert (one["CF_XDR_MC"], one["CF_FRDB"], one["CF_SY"]) == (NAMES["young"], "欧**", "违反登记管理")
    assert one["CF_JDRQ"] == "2026/06/30"
    text = (snapshot / "regulators/disclosure_penalties.csv").read_text(encoding="utf-8-sig")
    assert "李小红" not in text and "欧阳小明" not in text
    # Every header is one that our own reader knows.
    known = {header for one in FIELDS["penalties"] for header in one.headers}
    assert set(PENALTY_COLUMNS) <= known


def test_a_warning_names_what_carries_many_points(second_night: Path) -> None:
    found = rows(second_night / "snapshots/as_of=2026-07-01", "regulators/early_warnings")
    assert [(r["uscc"], r["warning"], r["value"], r["what"]) for r in found] == [
        (CODES["young"], "POINTS_RISE", "350", "penalty_serious")
    ]


def test_filing_counts_working_days(second_night: Path) -> None:
    found = rows(second_night / "snapshots/as_of=2026-07-01", "regulators/filing_timeliness")
    assert sum(r["decisions"] for r in found) == sum(r["filed_in_time"] + r["filed_late"] for r in found) > 0


def _swap(place: Path, uscc: str) -> None:
    """Turns what the draw said of one entity into its opposite."""
    table = duckdb.sql(
        f"SELECT * REPLACE (CASE WHEN uscc = '{uscc}' THEN NOT is_drawn ELSE is_drawn END AS is_drawn) FROM '{place}'"
    ).to_arrow_table()
    pq.write_table(table, place)


class TestPlan:
    def draw(self, out: Path, seed: str | None, **options: Any) -> list[str]:
        asked = {"commits": False, "reveals": False, "checks": False, **options}
        return plan_command(out, "2026-07-01", seed, asked.pop("roster", None), None, now=NOW, **asked)

    def test_from_commitment_to_proof(self, second_night: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        shutil.copytree(second_night, out)
        before = {p: p.read_bytes() for p in (out / "snapshots").rglob("*") if p.is_file()}
        seed = "宣城 2026 第三季度 4711"
        with pytest.raises(UsageError, match="fewer than 12 characters"):
            self.draw(out, "4711", commits=True)
        self.draw(out, seed, commits=True)
        with pytest.raises(UsageError, match="not chosen twice"):
            self.draw(out, "another seed altogether")
        roster = tmp_path / "roster.csv"
        roster.write_bytes(
            "执法证号,姓名,所属机关,回避主体\n1,赵一,宣城市宣州区市场监督管理局,\n2,钱二,宣城市宣州区市场监督管理局,\n".encode(
                "gb18030"
            )
        )
        self.draw(out, seed, roster=roster)
        (folder,) = (out / "plans/as_of=2026-07-01").iterdir()
        about = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        assert about["was_committed_before"] is True
        assert seed not in "".join(p.read_text(encoding="utf-8") for p in folder.glob("*.[jm]*"))
        going = rows(folder, "sampling_plan")
        assert {r["uscc"] for r in going} >= {
            r["uscc"]
            for r in rows(out / "snapshots/as_of=2026-07-01", "regulators/grades")
            if r["risk_class"] == "D"
        }
        assert "unchanged" in self.draw(out, seed, roster=roster)[0]
        with pytest.raises(UsageError, match="no plan of 2026-07-01 is revealed"):
            self.draw(out, None, checks=True)
        with pytest.raises(UsageError, match="was drawn from this seed"):
            self.draw(out, "another seed altogether", reveals=True)
        self.draw(out, seed, reveals=True)
        assert "agree (who goes: with --roster)" in self.draw(out, None, checks=True)[0]
        assert "agree, " in self.draw(out, None, checks=True, roster=roster)[0]
        (tmp_path / "other.csv").write_text("执法证号,姓名,所属机关\n3,孙三,宣城市宣州区市场监督管理局\n")
        with pytest.raises(UsageError, match="another --roster"):
            self.draw(out, None, checks=True, roster=tmp_path / "other.csv")
        self.spoil_visits(out, folder, roster)
        for spoilt in rows(folder, "sampling_draw")[:1]:
            _swap(folder / "sampling_draw.parquet", str(spoilt["uscc"]))
        with pytest.raises(PromiseBroken, match="not what frame and seed give"):
            self.draw(out, None, checks=True)
        assert {p: p.read_bytes() for p in (out / "snapshots").rglob("*") if p.is_file()} == before

    def spoil_visits(self, out: Path, folder: Path, roster: Path) -> None:
        """Who is left out of the visits, another file beside them and another inspector are found."""
        place, csv = folder / "sampling_plan.parquet", folder / "sampling_plan.csv"
        good, text = place.read_bytes(), csv.read_bytes()
        pq.write_table(pq.ParquetFile(place).read().slice(1), place)
        with pytest.raises(PromiseBroken, match="not what frame and seed give"):
            self.draw(out, None, checks=True)
        place.write_bytes(good)
        csv.write_bytes(text + b"x")
        with pytest.raises(PromiseBroken, match=r"not the file that plan\.json names"):
            self.draw(out, None, checks=True)
        csv.write_bytes(text)
        table = duckdb.sql(
            f"SELECT * REPLACE (list_reverse(inspectors) AS inspectors) FROM "
            f"read_parquet('{place}', hive_partitioning = false) ORDER BY uscc"
        ).to_arrow_table()
        pq.write_table(table, place)
        with pytest.raises(PromiseBroken, match="not what frame and seed give"):
            self.draw(out, None, checks=True, roster=roster)
        place.write_bytes(good)

    def test_a_plan_is_revealed_and_checked_after_a_revision(
        self, second_night: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "out"
        shutil.copytree(second_night / "snapshots", out / "snapshots")
        seed = "a seed that is long enough"
        self.draw(out, seed)
        shutil.copytree(out / "snapshots/as_of=2026-07-01", out / "snapshots/as_of=2026-07-01.r2")
        (told,) = self.draw(out, seed, reveals=True)
        assert "plans/as_of=2026-07-01/" in told
        assert "agree" in self.draw(out, None, checks=True)[0]
        shutil.rmtree(out / "snapshots/as_of=2026-07-01")
        with pytest.raises(UsageError, match="is not there"):
            self.draw(out, seed, checks=True)

    def test_another_policy_than_the_frame_s_draws_nothing(
        self, second_night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from policy import Policy

        out = tmp_path / "out"
        shutil.copytree(second_night / "snapshots", out / "snapshots")
        value = Policy.value
        monkeypatch.setattr(
            Policy,
            "value",
            lambda self, id_, on: 0 if id_ == "sampling_min_per_division" else value(self, id_, on),
        )
        with pytest.raises(UsageError, match="draws otherwise than the frame says"):
            self.draw(out, "a seed that is long enough")

    def test_a_division_in_no_table_is_visited_by_the_city(self, tmp_path: Path) -> None:
        first_delivery(tmp_path / "landing")
        moved = row("entities", "clean", division_code="宣州区", updated_on="2026-06-30")
        write(tmp_path / "landing", "entities/b", [moved])
        grade(tmp_path, as_of="2026-07-01", now=SECOND_NIGHT, does_publish=True)
        self.draw(tmp_path / "out", "a seed that is long enough")
        (folder,) = (tmp_path / "out/plans/as_of=2026-07-01").iterdir()
        by_code = {r["uscc"]: r for r in rows(folder, "sampling_plan")}
        assert by_code[CODES["clean"]]["authorities"] == ["宣城市市场监督管理局"]

    def test_equal_seeds_give_equal_bytes(self, second_night: Path, tmp_path: Path) -> None:
        made = []
        for name in ("a", "b"):
            shutil.copytree(second_night / "snapshots", tmp_path / name / "snapshots")
            self.draw(tmp_path / name, "one seed for both of them")
            (folder,) = (tmp_path / name / "plans/as_of=2026-07-01").iterdir()
            made.append(
                {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".parquet", ".csv")}
            )
        assert made[0] == made[1] and len(made[0]) == 4
