"""Sorted Parquet and CSV with the same rows: order, types, nulls, bytes, and cells that no spreadsheet runs."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from publish import writer
from publish.tables import GRADE_REASONS, GRADES, QUARANTINE, TABLES, TableSpec
from publish.writer import csv_cells, write_table
from records.errors import PromiseBroken
from tests.integration.publish.graded import A, B, Graded, grade


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    for folder in ("regulators", "desk"):
        (tmp_path / "snapshot" / folder).mkdir(parents=True)
    return tmp_path / "snapshot"


def write(spec: TableSpec, graded: Graded, snapshot: Path) -> tuple[pa.Table, list[list[str]]]:
    write_table(spec, graded.result().tables[spec.name], snapshot, snapshot / "scratch")
    with open(snapshot / spec.csv, encoding="utf-8-sig", newline="") as file:
        return pq.read_table(snapshot / spec.parquet), list(csv.reader(file))


@pytest.mark.parametrize("spec", TABLES, ids=lambda spec: spec.name)
def test_schema_order_and_csv_agree(spec: TableSpec, graded: Graded, snapshot: Path) -> None:
    table, cells = write(spec, graded, snapshot)
    assert table.schema.names == spec.schema.names
    assert table.schema.types == spec.schema.types
    keys = [
        tuple((value is not None, value if value is not None else "") for value in row.values())
        for row in table.to_pylist()
    ]
    assert keys == sorted(keys)
    assert cells[0] == spec.schema.names
    assert len(cells) - 1 == table.num_rows == len(graded.rows.get(spec.name, []))
    assert [row[0] for row in cells[1:]] == table.column(0).to_pylist()


def test_list_columns_are_never_null(graded: Graded, snapshot: Path) -> None:
    graded.rows["grades"][0]["red_lines"] = None
    table, _ = write(GRADES, graded, snapshot)
    assert [value.as_py() for value in table["red_lines"]] == [[], ["GENERAL_12M", "SERIOUS_12M"], []]


def test_nulls_first_and_text_by_code_point(graded: Graded, snapshot: Path) -> None:
    values = ["b", None, "B", "é", "中", "", "Ａ", "a"]
    graded.rows["grade_reasons"] = [
        {"uscc": A, "indicator": "X", "category": None, "value": value, "points": 0.0} for value in values
    ]
    table, _ = write(GRADE_REASONS, graded, snapshot)
    assert table["value"].to_pylist() == [None, "", "B", "a", "b", "é", "中", "Ａ"]


def test_bytes_do_not_depend_on_the_order_of_the_source(
    graded: Graded, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "ROW_GROUP", 64)
    monkeypatch.setattr(writer, "_CHUNK", 256)
    rows = [
        {
            "uscc": f"{n % 300:018d}",
            "indicator": f"I{n % 7}",
            "category": "动态",
            "value": str(n),
            "points": n / 100,
        }
        for n in range(5_000)
    ]
    seen = set()
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        graded.rows["grade_reasons"] = rows
        outputs = write_table(
            GRADE_REASONS, graded.result().tables["grade_reasons"], snapshot, snapshot / "scratch"
        )
        seen.add(tuple(output.sha256 for output in outputs))
    assert len(seen) == 1
    assert pq.ParquetFile(snapshot / GRADE_REASONS.parquet).num_row_groups == 79


def test_formulas_are_neutralised_in_csv_only(graded: Graded, snapshot: Path) -> None:
    table, cells = write(QUARANTINE, graded, snapshot)
    assert table["name_seen"].to_pylist() == ["", "=王**"]
    assert [row[6] for row in cells[1:]] == ["", "'=王**"]
    assert [row[4] for row in cells[1:]] == ["row_shape", "uscc_check:uscc;date_unreadable:decided_on"]
    assert cells[2][7] == '{"CF_NR": "12",\n"a": 1}'


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_every_way_to_begin_a_formula(start: str) -> None:
    cells = csv_cells(pa.chunked_array([[f"{start}1+1", f"x{start}", None, ""]]))
    assert cells.to_pylist() == [f"'{start}1+1", f"x{start}", None, ""]


def test_a_formula_is_found_in_a_part_of_a_column() -> None:
    column = pa.array(["=0", "", None, "（1", "＝1", "", "a", "@1"])
    assert csv_cells(column.slice(1, 3)).to_pylist() == ["", None, "（1"]
    assert csv_cells(column.slice(4, 2)).to_pylist() == ["'＝1", ""]
    assert csv_cells(column.slice(5)).to_pylist() == ["", "a", "'@1"]
    parts = pa.chunked_array([column.slice(5, 1), column.slice(8), column.slice(7)])
    assert csv_cells(parts).to_pylist() == ["", "'@1"]
    nothing = pa.nulls(3, pa.string())
    assert csv_cells(nothing).equals(nothing)


def test_csv_begins_with_a_byte_order_mark_and_writes_iso_days(graded: Graded, snapshot: Path) -> None:
    write(GRADES, graded, snapshot)
    raw = (snapshot / GRADES.csv).read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"uscc"')
    assert b",2026-06-30\n" in raw
    assert b"230.55," in raw


def test_missing_column_is_refused(graded: Graded, snapshot: Path) -> None:
    source = graded.result().tables["grades"]
    pq.write_table(pq.read_table(source).drop_columns(["method", "name"]), source)
    with pytest.raises(PromiseBroken, match="grades lacks the columns name, method") as caught:
        write_table(GRADES, source, snapshot, snapshot / "scratch")
    assert caught.value.exit_code == 4


def test_null_where_none_may_be_is_refused(graded: Graded, snapshot: Path) -> None:
    graded.rows["grades"].append({**grade(B), "uscc": None})
    with pytest.raises(PromiseBroken, match="grades: uscc is empty in 1 rows"):
        write_table(GRADES, graded.result().tables["grades"], snapshot, snapshot / "scratch")


def test_value_of_another_type_is_refused_without_quoting_it(graded: Graded, snapshot: Path) -> None:
    source = graded.result().tables["grades"]
    table = pq.read_table(source)
    column = table.schema.get_field_index("as_of")
    pq.write_table(table.set_column(column, "as_of", pa.array(["秘密"] * 3)), source)
    with pytest.raises(PromiseBroken) as caught:
        write_table(GRADES, source, snapshot, snapshot / "scratch")
    assert "秘密" not in str(caught.value)


def test_empty_table(graded: Graded, snapshot: Path) -> None:
    graded.rows["unmatched"] = []
    table, cells = write(TABLES[-1], graded, snapshot)
    assert table.num_rows == 0
    assert len(cells) == 1
