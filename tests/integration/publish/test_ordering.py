"""Rows put in order in memory give the bytes of those that the database put in order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from publish import writer
from publish.ordering import fits
from publish.tables import DISCLOSURE_LICENCES, GRADE_REASONS, GRADES, TABLES, TableSpec
from publish.writer import write_table
from tests.integration.publish.graded import Graded

_ROWS = 20_000


def folders(place: Path) -> Path:
    for name in ("regulators", "desk"):
        (place / name).mkdir(parents=True)
    return place


def hashes(spec: TableSpec, source: Path, place: Path) -> list[str]:
    return [output.sha256 for output in write_table(spec, source, folders(place), place / "scratch")]


@pytest.mark.parametrize("spec", TABLES, ids=lambda spec: spec.name)
def test_the_bytes_are_those_of_the_database(
    spec: TableSpec, graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = graded.result().tables[spec.name]
    assert fits([source], spec.schema, 1 << 20)
    in_memory = hashes(spec, source, tmp_path / "one")
    monkeypatch.setattr(writer, "_IN_MEMORY", -1)
    assert hashes(spec, source, tmp_path / "other") == in_memory


@pytest.mark.parametrize("spec", [GRADES, GRADE_REASONS, DISCLOSURE_LICENCES], ids=lambda spec: spec.name)
def test_so_they_are_where_groups_of_rows_have_dictionaries_of_their_own(
    spec: TableSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an engine leaves a table: text that is plain, repeated, empty, null, of many bytes."""
    rng = random.Random(7)
    names = [None, "", "宣城市某某有限公司", "宣城市某某有限公司二", "=1", "（某", "a" * 40]
    of_type = {
        pa.float64(): lambda row: row % 17 / 4,
        pa.date32(): lambda row: row % 90,
        pa.int64(): lambda row: row,
    }
    columns = {}
    for field in spec.schema:
        if field.name in spec.key:
            values: list[Any] = [f"{row * 7919 % _ROWS:018d}" for row in range(_ROWS)]
        elif pa.types.is_list(field.type):
            values = [rng.choice([None, [], ["b"], ["a", "b"]]) for _ in range(_ROWS)]
        elif pa.types.is_string(field.type):
            pool = [*names] if field.nullable else [f"{n:018d}" for n in range(900)]
            values = [rng.choice(pool) for _ in range(_ROWS)]
        else:
            values = [of_type[field.type](rng.randrange(9_999)) for _ in range(_ROWS)]
        columns[field.name] = pa.array(values, field.type)
    source = tmp_path / "source.parquet"
    with duckdb.connect() as con:
        con.register("rows", pa.table(columns))
        con.execute(f"COPY rows TO '{source}' (FORMAT parquet, ROW_GROUP_SIZE 4096)")
    assert fits([source], spec.schema, 1 << 30)
    in_memory = hashes(spec, source, tmp_path / "one")
    monkeypatch.setattr(writer, "_IN_MEMORY", 0)
    assert hashes(spec, source, tmp_path / "other") == in_memory


def test_what_is_too_large_in_parts_or_of_another_type_is_left_to_the_database(graded: Graded) -> None:
    source = graded.result().tables["grades"]
    assert not fits([source], GRADES.schema, 100)
    assert not fits([source, source], GRADES.schema, 1 << 20)
    names = [field.with_type(pa.binary()) if field.name == "name" else field for field in GRADES.schema]
    assert not fits([source], pa.schema(names), 1 << 20)
    assert not fits([source], GRADES.schema.append(pa.field("more", pa.string())), 1 << 20)
