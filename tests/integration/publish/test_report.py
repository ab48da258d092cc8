"""Report, workbooks, data package: what a supervisor opens, and what may never stand in it."""

from __future__ import annotations

import csv
import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from publish.fields import undescribed
from publish.integrity import answer, read_applicants, write_answers
from publish.report.books import write_books
from publish.report.figures import _reasons, read_manifest
from publish.report.package import datapackage
from publish.report.page import as_pdf
from publish.report.write import write_reports
from publish.snapshot import Published, publish
from publish.tables import TABLES
from publish.workbook import Column, workbook
from records.errors import CreditgradeError, InputRefused, UsageError
from tests.integration.publish.graded import A, B, C, Graded

NOW = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)


def sheets(place: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(str(place))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_the_report_is_one_file_that_loads_nothing_and_says_the_counts(published: Published) -> None:
    html = (published.path / "regulators/report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=|@import|url\(|<script|https?://""", html)
    assert "企业信用风险分类监管日报" in html
    assert "参加分类的企业（含分支机构、农民专业合作社）2户" in html
    assert "本期为首个快照" in html
    assert "宣州区 341802" in html
    # Half of the first label of the histogram stands left of the axis.
    assert 'viewBox="-6 0' in html


def test_main_reasons_leave_out_attributes_and_what_the_scale_cut_off() -> None:
    with duckdb.connect() as con:
        con.execute(
            """CREATE TABLE grade_reasons AS FROM (VALUES ('HONOURS', '监管', -30.0), ('CLIP', '监管', 25.0),
            ('INDUSTRY', '基础属性', 5.0), ('PENALTY_MINOR', '监管', 20.0)) t(indicator, category, points)"""
        )
        found = _reasons(lambda query: con.execute(query).fetchall(), {"indicators": {}})
    assert found == [("PENALTY_MINOR", "监管", 1, 20.0)]


def test_a_name_cannot_break_the_report(graded: Graded, out: Path) -> None:
    from tests.integration.publish.test_changes import DAY_BEFORE, on

    on(graded, DAY_BEFORE)
    publish(graded.result(), graded.edition(as_of=DAY_BEFORE), out)
    on(graded, date(2026, 6, 30))
    graded.rows["grades"][2].update(risk_class="B", name="<script>alert(1)</script>")
    graded.rows["eligibility"][1]["name"] = "<script>alert(1)</script>"
    graded.summary["classes"] = {"B": 2, "not_classed": 1}
    made = publish(graded.result(), graded.edition(), out)
    html = (made.path / "regulators/report.html").read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "Migration since 2026-06-29" in html


def test_a_watched_model_has_its_section(graded: Graded, out: Path) -> None:
    graded.summary["drift"] = {
        "model": "m-2026", "entities": 2, "psi_points": 0.031, "psi_features": {"AGE": 0.02, "X_36M": 0.31},
        "calibration": {"as_of": "2026-05-31", "foretold": 41.6, "observed": 57},
    }  # fmt: skip
    made = publish(graded.result(), graded.edition(), out)
    html = (made.path / "regulators/report.html").read_text(encoding="utf-8")
    section = html.partition("<h2>模型监测")[2].partition("</section>")[0]
    assert "m-2026" in section
    assert "预计42户，实际57户" in section
    assert section.index("X_36M") < section.index("成立年限")
    assert "0.310" in section


def test_no_model_no_section(published: Published) -> None:
    assert "模型监测" not in (published.path / "regulators/report.html").read_text(encoding="utf-8")


def test_the_pdf_has_pages_and_fetches_nothing(published: Published, tmp_path: Path) -> None:
    html = (published.path / "regulators/report.html").read_text(encoding="utf-8")
    assert as_pdf(html, tmp_path / "r.pdf") >= 2
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_without_pango_the_pdf_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    load = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'pango-1.0-0'")
        return load(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match="apt-get install libpango"):
        as_pdf("<p>", tmp_path / "r.pdf")


@pytest.fixture
def books(published: Published, tmp_path: Path) -> dict[str, dict[str, list[list[Any]]]]:
    manifest = read_manifest(published.path)
    made = write_books(published.path, manifest, "0" * 64, tmp_path)
    return {place.stem: sheets(place) for place, _ in made}


def test_a_division_that_the_last_entity_left_has_a_workbook(
    graded: Graded, out: Path, tmp_path: Path
) -> None:
    from tests.integration.publish.test_changes import DAY_BEFORE, on

    on(graded, DAY_BEFORE)
    for name in ("grades", "eligibility"):
        next(row for row in graded.rows[name] if row["uscc"] == A)["division_code"] = "341881"
    publish(graded.result(), graded.edition(as_of=DAY_BEFORE), out)
    on(graded, date(2026, 6, 30))
    for name in list(graded.rows):
        graded.rows[name] = [row for row in graded.rows[name] if row.get("uscc") != A]
    graded.summary["classes"] = {"B": 1, "not_classed": 1}
    graded.summary["statuses"] = {"ELIGIBLE_CLEAN3Y": 1, "NOT_BAD_RECORD": 1}
    made = publish(graded.result(), graded.edition(), out)
    written = write_books(made.path, read_manifest(made.path), "0" * 64, tmp_path)
    assert {place.stem: rows for place, rows in written} == {"city": 2, "341802": 2, "341881": 0}
    _, (code, _, change, *_) = sheets(tmp_path / "341881.xlsx")["较上期变化"]
    assert (code, change) == (A, "减少")


def test_workbooks_of_city_and_division_have_the_same_form(books: dict[str, Any]) -> None:
    assert set(books) == {"city", "341802"}
    names = ["封面", "分类结果", "较上期变化", "待复核事项", "联合惩戒", "风险预警", "字段说明"]
    assert list(books["city"]) == list(books["341802"]) == names
    head, *rows = books["city"]["分类结果"]
    assert head[:3] == ["统一社会信用代码", "主体名称", "主体类型"]
    assert [row[0] for row in rows] == sorted([A, B, C])
    by_code = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert by_code[B]["风险等级"] == "B"
    assert by_code[B]["风险分"] == 230.55
    assert by_code[B]["直接判定情形"] == "近期有一般处罚；近期有较重处罚"
    assert by_code[B]["主要原因"].startswith("PENALTY_GENERAL 200.00；成立年限 30.55")
    assert by_code[A]["预计适用日"] == date(2026, 6, 30)
    cover = {row[0]: row[1] for row in books["city"]["封面"] if row[0]}
    assert cover["截至日期 as of"] == "2026-06-30"
    assert cover["清单摘要 manifest sha256"] == "0" * 64


def test_the_field_guide_tells_every_column(books: dict[str, Any]) -> None:
    told: dict[str, list[str]] = {}
    for sheet, column, meant in books["city"]["字段说明"][1:]:
        assert meant
        told.setdefault(sheet, []).append(column)
    assert told == {name: rows[0] for name, rows in books["city"].items() if name not in ("封面", "字段说明")}


def test_what_raised_a_warning_stands_in_words(graded: Graded, out: Path, tmp_path: Path) -> None:
    from models.early_warning import COLUMNS
    from policy.points import EVENT_STREAMS
    from publish.report.words import RAISED_BY

    assert set(EVENT_STREAMS) <= RAISED_BY.keys()
    day = date(2026, 6, 30)
    warned = [A, "NEW_RECORDS", "某", "341802", "A", "2", "2", day, day, "listing_active;penalty_minor", day]
    graded.rows["early_warnings"] = [dict(zip(COLUMNS, warned, strict=True))]
    made = publish(graded.result(), graded.edition(), out)
    ((place, _), *_) = write_books(made.path, read_manifest(made.path), "0" * 64, tmp_path)
    assert sheets(place)["风险预警"][1][-1] == "列入名单；轻微行政处罚"


def test_a_large_city_is_written_by_two_processes(
    published: Published, books: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publish.report.books.WORTH_A_PROCESS", 1)
    (tmp_path / "two").mkdir()
    made = write_books(published.path, read_manifest(published.path), "0" * 64, tmp_path / "two")
    assert [place.stem for place, _ in made] == ["city", "341802"]
    assert {place.stem: sheets(place) for place, _ in made} == books


@pytest.mark.parametrize("code", ["../../evil", "34'1802", "city", "区" * 200])
def test_a_code_of_a_division_chooses_no_path_and_no_rows(
    graded: Graded, out: Path, tmp_path: Path, code: str
) -> None:
    for name in ("grades", "eligibility"):
        next(row for row in graded.rows[name] if row["uscc"] == A)["division_code"] = code
    made = publish(graded.result(), graded.edition(), out)
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    books = write_books(made.path, read_manifest(made.path), "0" * 64, folder)
    assert sorted(tmp_path.rglob("*.xlsx")) == sorted(place for place, _ in books)
    assert dict(books)[folder / "city.xlsx"] == 3
    (odd,) = (place for place, _ in books if place.stem.startswith("other-"))
    found = sheets(odd)
    assert [row[0] for row in found["分类结果"][1:]] == [A]
    assert {row[0]: row[1] for row in found["封面"]}["范围 scope"] == code


def test_a_workbook_runs_nothing_keeps_codes_and_goes_on_in_the_next_sheet(tmp_path: Path) -> None:
    place = tmp_path / "t.xlsx"
    rows = [("=1+1", "0012", None), ("http://a.b", "1E5", date(2026, 1, 2)), ("@x", "x" * 40_000, None)]
    with workbook(place, sheet_rows=3) as book:
        assert book.table("表", (Column("甲"), Column("乙"), Column("日", "day")), rows) == 3
        assert book.table("空", (Column("甲"),), []) == 0
    found = sheets(place)
    assert list(found) == ["表", "表（续1）", "空"]
    assert found["表"][1][:2] == ["=1+1", "0012"]
    assert found["表"][2] == ["http://a.b", "1E5", date(2026, 1, 2)]
    assert len(found["表（续1）"][1][1]) == 32_767
    assert found["空"] == [["甲"]]
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    # The format counts days from 1900: an earlier one stays readable as text.
    old = tmp_path / "old.xlsx"
    with workbook(old) as book:
        book.table(
            "表", (Column("日", "day"),), [(date(206, 6, 29),), (date(1899, 12, 31),), (date(1900, 1, 1),)]
        )
    assert [row[0] for row in sheets(old)["表"][1:3]] == ["0206-06-29", "1899-12-31"]
    import zipfile

    with zipfile.ZipFile(place) as parts:
        text = "".join(parts.read(n).decode() for n in parts.namelist() if n.startswith("xl/worksheets/"))
    assert "<f>" not in text
    assert "hyperlink" not in text
    assert text.count('paperSize="9"') == 3
    assert 'state="frozen"' in text
    assert "<autoFilter" in text


def test_every_column_of_every_table_has_its_meaning() -> None:
    assert undescribed() == []


def test_the_data_package_describes_every_csv(published: Published) -> None:
    package = datapackage(published.manifest, "snap")
    found = {resource["path"]: resource for resource in package["resources"]}
    assert set(found) == {f"snap/{spec.csv}" for spec in TABLES}
    for spec in TABLES:
        resource = found[f"snap/{spec.csv}"]
        with open(published.path / spec.csv, encoding="utf-8-sig", newline="") as file:
            head = next(csv.reader(file))
        assert [field["name"] for field in resource["schema"]["fields"]] == head
        assert all(field["title"] and field["description"] for field in resource["schema"]["fields"])
        assert re.fullmatch(r"[a-z0-9-]+", resource["name"])
    json.dumps(package)


def test_reports_stand_beside_the_snapshot_for_their_owner_alone(published: Published, out: Path) -> None:
    before = {path: path.read_bytes() for path in published.path.rglob("*") if path.is_file()}
    made = write_reports(published.path, out, now=NOW, with_pdf=False)
    again = write_reports(published.path, out, now=NOW, with_pdf=False)
    assert made.path == again.path == out / "reports" / "as_of=2026-06-30"
    assert stat.S_IMODE((out / "reports").stat().st_mode) == 0o700
    names = {place.name for place in made.path.iterdir()}
    assert names == {"city.xlsx", "341802.xlsx", "datapackage.json", "dictionary.html", "report.json"}
    assert {path: path.read_bytes() for path in published.path.rglob("*") if path.is_file()} == before


def test_who_writes_the_same_reports_waits(published: Published, out: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = [pool.submit(write_reports, published.path, out, now=NOW, with_pdf=False) for _ in range(3)]
    for one in made:
        assert {o["path"] for o in one.result().about["outputs"]} >= {"city.xlsx", "341802.xlsx"}
    assert [place.name for place in (out / "reports").iterdir()] == [published.path.name]


@pytest.mark.parametrize("content", [b"PAR1", None])
def test_a_damaged_table_is_named(published: Published, out: Path, content: bytes | None) -> None:
    place = published.path / "regulators/grades.parquet"
    place.unlink()
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(CreditgradeError, match="cannot be read") as damaged:
        write_reports(published.path, out, now=NOW, with_pdf=False)
    assert (damaged.value.rule, damaged.value.file) == ("snapshot_damaged", str(place))


def test_a_snapshot_of_an_earlier_version_says_so(published: Published, out: Path) -> None:
    manifest = json.loads((published.path / "manifest.json").read_text(encoding="utf-8"))
    del manifest["divisions"]
    (published.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(UsageError, match="earlier version"):
        write_reports(published.path, out, now=NOW, with_pdf=False)
    assert list((out / "reports").iterdir()) == []


FACTORS = {
    "ELIGIBLE_MODEL": Decimal("1.20"), "ELIGIBLE_CLEAN3Y": Decimal("1.00"), "NOT_BAD_RECORD": Decimal("0.60"),
    "HOLD_REVIEW": None,
}  # fmt: skip


class TestIntegrity:
    def test_factors_of_applicants_without_any_class(self, published: Published, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(
            f"企业名称,统一社会信用代码\n甲,{A.lower()}\n=乙,{B}\n丙,9134\n".encode("gb18030")
        )
        answers = answer(published.path, read_applicants(tmp_path / "a.csv"), FACTORS)
        assert [(a.uscc, a.factor, a.status) for a in answers] == [
            (A, Decimal("1.00"), "ELIGIBLE_CLEAN3Y"), (B, Decimal("0.60"), "NOT_BAD_RECORD"), ("9134", None, None),
        ]  # fmt: skip
        assert "不一致" in answers[0].why
        write_answers(answers, tmp_path / "b.csv", date(2026, 6, 30))
        text = (tmp_path / "b.csv").read_text(encoding="utf-8-sig")
        assert ",'=乙," in text
        assert not re.search(r"风险|分类|class|points|230\.55", text)
        write_answers(answers, tmp_path / "b.xlsx", date(2026, 6, 30))
        assert sheets(tmp_path / "b.xlsx")["诚信系数"][1][3] == 1.0

    def test_an_honour_raises_the_factor_and_a_hold_waits(self, graded: Graded, out: Path) -> None:
        graded.rows["eligibility"][1]["grounds"] = ["CLEAN3Y", "MODEL"]
        graded.rows["eligibility"][0].update(status="HOLD_REVIEW")
        graded.rows["eligibility_blockers"] = []
        graded.summary["statuses"] = {"ELIGIBLE_CLEAN3Y": 2, "HOLD_REVIEW": 1}
        made = publish(graded.result(), graded.edition(), out)
        answers = answer(made.path, [(A, ""), (B, "")], FACTORS)
        assert [a.factor for a in answers] == [Decimal("1.20"), None]

    def test_a_list_without_codes_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("名称\n甲\n", encoding="utf-8")
        with pytest.raises(InputRefused, match="统一社会信用代码"):
            read_applicants(tmp_path / "a.csv")
