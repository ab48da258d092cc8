"""Code columns equal their single readings; cells lose their marks and nothing else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.arrays import Distinct, as_array, nulled, on_rows, rows_where
from records.values.cells import NULL_TOKENS, Cells, clean
from records.values.codes import (
    citizen_column,
    is_e_notation,
    number_column,
    read_number_code,
    read_uscc,
    uscc_column,
)
from tests.unit.values.rows import changed, read, read_cells

CODES = st.one_of(
    st.sampled_from([
        "91340000711771143J", "９１３４００００７１１７７１１４３ｊ", "91340000711771143K", "9.134E+17",
        "9.134e17", "1E5", "913400007117711430",
        "341800000000016", "3418-0001", "71177114-3", "+5", "-5", "5.0", "1.5", "12345678901234567890", "宣工商1号",
    ]),
    st.text("0123456789EeJ.+- ", max_size=19),
)  # fmt: skip


def columns(cells: list[tuple[str, bool]]) -> Cells:
    return Cells(
        pa.array([text for text, _ in cells], pa.string()), np.array([n for _, n in cells], np.bool_)
    )


@given(st.lists(st.tuples(CODES, st.booleans()), max_size=6))
def test_uscc_columns_equal_single_readings(cells: list[tuple[str, bool]]) -> None:
    column = uscc_column(columns(cells))
    for row, (text, is_numeric) in enumerate(cells):
        value, rule = read_uscc(text, is_numeric=is_numeric)
        assert column.values[row].as_py() == value
        assert [name for name, mask in column.broken.items() if mask[row]] == ([rule] if rule else [])


@given(st.lists(st.tuples(CODES, st.booleans()), max_size=6))
def test_number_columns_equal_single_readings(cells: list[tuple[str, bool]]) -> None:
    values, broken = number_column(columns(cells), 15)
    for row, (text, is_numeric) in enumerate(cells):
        value, rule = read_number_code(text, is_numeric=is_numeric)
        assert (values[row].as_py(), bool(broken[row])) == (value, rule is not None)


@pytest.mark.parametrize("text", ["9.134E+17", "9.134e+17", "9E+17", "9.1E17", "1E-5"])
def test_e_notation(text: str) -> None:
    assert is_e_notation(text)


def test_a_code_of_digits_and_one_letter_e_is_no_number() -> None:
    assert not is_e_notation("91110000E00003962")
    assert not is_e_notation("91110000100003962T")


def test_citizens_ids_are_judged_by_their_check() -> None:
    cells = Cells(as_array(pa.array(["34052419800101001X", "340524198001010019", "E123", None])))
    values, as_number, unsound = citizen_column(cells)
    assert values.to_pylist() == ["34052419800101001X", "340524198001010019", "E123", None]
    assert not as_number.any()
    assert unsound.tolist() == [False, True, False, False]


@given(
    st.lists(
        st.none()
        | st.sampled_from([*NULL_TOKENS, "－", "ｎｕｌｌ", "n/a", " 无 ", "无名", "NULLX", "--", "", " "]),
        max_size=8,
    )
)
def test_empty_cells_and_null_tokens(texts: list[str | None]) -> None:
    cells = clean(pa.array(texts, pa.string()))
    kept = {"无名", "NULLX", "--"}
    assert cells.text.to_pylist() == [text if text in kept else None for text in texts]
    assert cells.numeric is None


def test_numbers_are_told_from_texts() -> None:
    cells = clean(
        pa.array(
            ["\x01341800", "341800", "\x0112.0", "\x011.50", "\x011e+16", None, "a\x01b", "\x01-3.0"],
            pa.string(),
        )
    )
    assert cells.text.to_pylist() == ["341800", "341800", "12", "1.50", "1e+16", None, "a\x01b", "-3"]
    assert cells.is_numeric.tolist() == [True, False, True, True, True, False, False, True]


def test_kinds_of_two_columns_are_joined_and_authorities_taken_in_order() -> None:
    titles = ["行政相对人名称", "行政相对人类别", "penDecNo", "illegActType", "mainIllegFact",
              "penBasis_CN", "penType", "penTypeCn",
              "penContent", "penDecIssDate", "judAuth", "penAuth_CN"]  # fmt: skip
    cells = [
        "甲",
        "法人",
        "1号",
        "类型",
        "事实",
        "依据",
        "02",
        "罚款",
        "内容",
        "2024-01-05",
        "341800",
        "宣城市公安局",
    ]
    row = read_cells("penalties", titles, [cells]).rows.to_pylist()[0]
    assert (row["kinds"], row["authority_key"]) == ("罚款", "341800-gaj")
    cells[7] = cells[11] = None
    row = read_cells("penalties", titles, [cells]).rows.to_pylist()[0]
    assert (row["kinds"], row["authority"]) == ("?02", "341800")


# -- columns as bytes ------------------------------------------------------------------------------------------------


def test_distinct_values_come_back_to_their_rows() -> None:
    distinct = Distinct(as_array(pa.array(["a", None, "b", "a"])))
    assert distinct.spread([1, 2], pa.int64()).to_pylist() == [1, None, 2, 1]
    assert distinct.spread_mask([True, False]).tolist() == [True, False, False, True]
    assert distinct.codes().tolist() == [0, -1, 1, 0]


@given(st.lists(st.none() | st.text("ab中", max_size=4), max_size=10), st.integers(0, 3), st.integers(0, 3))
def test_rows_that_hold_a_byte(texts: list[str | None], before: int, after: int) -> None:
    whole = pa.array([*["b"] * before, *texts, *["b"] * after], pa.string())
    array = whole.slice(before, len(texts))
    rows = rows_where(array, lambda block: block == ord("b"))
    assert rows.tolist() == [n for n, text in enumerate(texts) if text and "b" in text]
    doubled = on_rows(array, rows, lambda some: pa.array([t * 2 for t in some.to_pylist()], pa.string()))
    assert doubled.to_pylist() == [text * 2 if text and "b" in text else text for text in texts]


def test_chunked_and_large_columns_are_taken() -> None:
    assert as_array(pa.chunked_array([], pa.string())).to_pylist() == []
    assert as_array(pa.chunked_array([["a"], ["b"]])).to_pylist() == ["a", "b"]
    assert as_array(pa.array(["a"], pa.large_string())).type == pa.string()
    assert nulled(pa.array(["a", "b"]), np.array([True, False])).to_pylist() == [None, "b"]


def test_long_columns_are_read_in_blocks() -> None:
    # More bytes than one block, with what is looked for on both sides of its end.
    filler = "中" * 43_690
    rows = [filler + "身份证", "34052419800101001X", filler, "电话13812345678", "（甲）", " 乙 "] * 3
    result = read("penalties", *(changed("penalties", remark=text) for text in rows))
    expected = [filler + "身份证", "[证件号]", filler, "电话[电话]", "（甲）", "乙"] * 3
    assert result.rows["remark"].to_pylist() == expected
