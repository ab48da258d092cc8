"""Rows put in order in memory: the order that Python finds, and the bytes that the database's order gives."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from publish import writer
from publish.ordering import fits, order_by
from publish.tables import DISCLOSURE_LICENCES, GRADE_REASONS, GRADES, QUARANTINE, TABLES, TableSpec
from publish.writer import write_table
from tests.integration.publish.graded import Graded

_ROWS = 20_000
_ALPHABETS = ("ab", "a\0", "宣城市a", "0123456789")


def text(rng: random.Random) -> str:
    length = rng.randrange(rng.choice((2, 9, 30)))
    return rng.choice(("", "91341802MA")) + "".join(rng.choice(rng.choice(_ALPHABETS)) for _ in range(length))


def column(rng: random.Random, rows: int) -> pa.ChunkedArray:
    texts = [text(rng) for _ in range(rng.choice((1, 3, 40)))]
    make, kind = rng.choice(
        [
            (lambda: rng.choice(texts), pa.string()),
            (lambda: rng.choice(texts), pa.dictionary(pa.int32(), pa.string())),
            (lambda: rng.randrange(-3, 3), pa.int64()),
            (lambda: rng.randrange(20_000), pa.date32()),
            (lambda: rng.random() < 0.5, pa.bool_()),
            (lambda: rng.randrange(-9, 9) / 4, pa.float64()),
        ]
    )
    empty = rng.choice((0, 0.2))
    values = [None if rng.random() < empty else make() for _ in range(rows)]
    return pa.chunked_array([pa.array(values[:2], kind), pa.array(values[2:], kind)]).unify_dictionaries()


def comparable(value: Any) -> tuple[bool, Any]:
    if isinstance(value, str):
        value = value.encode()
    return value is not None, value or 0 if not isinstance(value, bytes) else value


@pytest.mark.parametrize("seed", range(8))
def test_the_order_is_that_of_the_values(seed: int) -> None:
    """Nulls first, text by its bytes, which is by code point."""
    rng = random.Random(seed)
    for _ in range(100):
        rows = rng.randrange(40)
        columns = [column(rng, rows + 3).slice(rng.randrange(3), rows) for _ in range(rng.randrange(1, 4))]
        keys = [
            tuple(map(comparable, row)) for row in zip(*(part.to_pylist() for part in columns), strict=True)
        ]
        places = order_by(columns).tolist()
        assert sorted(places) == list(range(rows))
        assert [keys[place] for place in places] == sorted(keys)


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
    is_in_memory = fits([source], spec.schema, spec.key or spec.schema.names, 1 << 20)
    assert is_in_memory or spec is QUARANTINE  # by whose list of rules the database sorts
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
    assert fits([source], spec.schema, spec.key or spec.schema.names, 1 << 30)
    in_memory = hashes(spec, source, tmp_path / "one")
    monkeypatch.setattr(writer, "_IN_MEMORY", 0)
    assert hashes(spec, source, tmp_path / "other") == in_memory


def test_what_is_too_large_in_parts_or_of_another_type_is_left_to_the_database(graded: Graded) -> None:
    source = graded.result().tables["grades"]
    assert not fits([source], GRADES.schema, ["uscc"], 100)
    assert not fits([source, source], GRADES.schema, ["uscc"], 1 << 20)
    names = [field.with_type(pa.binary()) if field.name == "name" else field for field in GRADES.schema]
    assert not fits([source], pa.schema(names), ["uscc"], 1 << 20)
    assert not fits([source], GRADES.schema.append(pa.field("more", pa.string())), ["uscc"], 1 << 20)
