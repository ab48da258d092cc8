"""Parquet: every type as text, numbers marked, instants in Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

Fixture = Callable[..., Any]


def write(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    parquet.write_table(table, out, **options)
    return out.getvalue()


def columns(**values: Any) -> bytes:
    return write(pa.table(values))


@pytest.mark.parametrize("name", ["a.parquet", "a.PARQUET", "a.parquet.gz"])
def test_strings_pass_through(read: Fixture, name: str) -> None:
    found = read(
        columns(a=["宣城", " x ", None], b=pa.array(["u", "v", "u"]).dictionary_encode()), name, narrow=True
    )
    assert found.reading.layout == "parquet/test"
    assert found.cells == [["宣城", "u"], [" x ", "v"], [None, "u"]]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([913418020000000012, -1, None], pa.int64()), ["\x01913418020000000012", "\x01-1", None]),
        (pa.array([255], pa.uint8()), ["\x01255"]),
        (pa.array([0.2, 9.1341802e17, 1e-7, float("nan"), None]),
         ["\x010.2", "\x01913418020000000000", "\x010.0000001", None, None]),
        (pa.array([Decimal("0.200000"), None], pa.decimal128(18, 6)), ["\x010.200000", None]),
        (pa.array([Decimal("12E3")], pa.decimal256(40, 0)), ["\x0112000"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([dt.date(2024, 2, 29), dt.date(1, 1, 1)]), ["2024-02-29", "0001-01-01"]),
        (pa.array([dt.datetime(2024, 1, 2), dt.datetime(2024, 1, 2, 3, 4, 5, 999_999)]),
         ["2024-01-02", "2024-01-02 03:04:05"]),
        (pa.array([1_704_153_599_999_999_999], pa.timestamp("ns")), ["2024-01-01 23:59:59"]),
        # An instant: 2023-12-31 16:00 UTC is the first of January in Shanghai.
        (pa.array([1_704_038_400], pa.timestamp("s", "UTC")), ["2024-01-01"]),
        (pa.array([1_704_038_399_000], pa.timestamp("ms", "America/New_York")), ["2023-12-31 23:59:59"]),
        (pa.array([dt.time(9, 30)]), ["09:30:00"]),
        (pa.array(["x"], pa.large_string()), ["x"]),
        (pa.array([b"\xe5\xae\xa3"], pa.binary()), ["宣"]),
        (pa.array([[1, None], None], pa.list_(pa.int64())), ["[1, null]", None]),
        (pa.array([{"k": "值"}]), ['{"k": "值"}']),
        (pa.nulls(2), [None, None]),
    ],
)  # fmt: skip
def test_types(read: Fixture, values: pa.Array, texts: list[str | None]) -> None:
    assert [row[0] for row in read(columns(a=values, b=values), "a.parquet", narrow=True).cells] == texts


def test_batches_and_row_groups(read: Fixture) -> None:
    table = pa.table({"a": [str(i) for i in range(25_000)]})
    found = read(write(table, row_group_size=999), "a.parquet", narrow=True, batch_rows=10_000)
    assert found.batch_sizes == [10_000, 10_000, 5_000]
    assert found.cells[-1] == ["24999"]


def test_no_rows(read: Fixture) -> None:
    assert read(columns(a=pa.array([], pa.string())), "a.parquet", narrow=True).reading.warnings == [
        "no data rows"
    ]


def test_refusals(refusal: Fixture) -> None:
    good = columns(a=["x"] * 1000)
    assert refusal(good[:-5], "a.parquet", narrow=True).rule == "file_unreadable"
    assert refusal(b"PAR1" + b"x" * 50, "a.parquet", narrow=True).rule == "file_unreadable"
    assert refusal(b"a,b\n1,2\n", "a.parquet", narrow=True).rule == "file_not_what_name_says"
    assert refusal(good, "a.csv", narrow=True).rule == "file_not_what_name_says"
    assert refusal(good, "a.json", narrow=True).rule == "file_not_what_name_says"
    assert refusal(columns(a=pa.array([b"\xff"])), "a.parquet", narrow=True).rule == "file_undecodable"
    assert refusal(good, "a.parquet", "penalties").rule == "missing_mandatory_column"


def test_damage_inside_the_data(refusal: Fixture) -> None:
    good = write(
        pa.table({"a": [f"text {i}" for i in range(5000)]}), compression="zstd", use_dictionary=False
    )
    error = refusal(good[:500] + b"\xff" * 200 + good[700:], "a.parquet", narrow=True)
    assert error.rule == "file_unreadable"


def test_two_columns_of_one_name(refusal: Fixture) -> None:
    names = ["企业名称", "抽查任务编号", "抽查事项", "抽查结果", "抽查机关", "抽查完成日期", "企业名称"]
    table = pa.Table.from_arrays([pa.array(["x"])] * 7, names=names)
    assert refusal(write(table), "a.parquet").rule == "duplicate_column"


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.list_(pa.string())], ids=str)
@pytest.mark.parametrize("use_dictionary", [False, True])
def test_text_that_is_not_utf8(refusal: Fixture, kind: pa.DataType, use_dictionary: bool) -> None:
    values: list[Any] = [["QQQQ"], ["y"]] if pa.types.is_list(kind) else ["QQQQ", "y"]
    table = pa.table({"a": pa.array(values, kind)})
    raw = write(table, compression="none", use_dictionary=use_dictionary, write_statistics=False)
    assert raw.count(b"QQQQ") == 1
    assert refusal(raw.replace(b"QQQQ", b"Q\xb3QQ"), "a.parquet", narrow=True).rule == "file_undecodable"


def test_a_column_name_that_is_not_utf8(refusal: Fixture) -> None:
    raw = write(pa.table({"QQQQ": ["x"]}), store_schema=False)
    error = refusal(raw.replace(b"QQQQ", b"Q\xb3QQ"), "a.parquet", narrow=True)
    assert error.rule in ("file_undecodable", "file_unreadable")
