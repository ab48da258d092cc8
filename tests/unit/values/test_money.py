"""Amounts: exact or refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.values.money import read_amount
from tests.unit.values.rows import broken, changed, read

READ = {
    "0.2": 200_000, "2": 2_000_000, "0": 0, "-0": 0, "0.000001": 1, "１２.５": 12_500_000, " 1,234.5 ": 1_234_500_000,
    "1，234": 1_234_000_000, "12,345,678": 12_345_678_000_000, ".5": 500_000, "5.": 5_000_000, "+1": 1_000_000,
    "0.30000000000000004": 300_000, "0.2999999999": 300_000, "1e-05": 10, "5E-06": 5, "0.1234560000": 123_456,
    "999999999999.999999": 999_999_999_999_999_999, "007": 7_000_000,
}  # fmt: skip
REFUSED = {
    "amount_unreadable": [
        "两万", "0.2万元", "¥2", "2元", "1,23", "1,2345", "0,200", "12,34,567", "1.2.3", "1 234", "--1",
        "1e5", "1E+10", "nan", "inf",
        "∞", ".", ",", "1000000000000", "9" * 70, "(5)", "５万", "0x10", "1_000",
        "10²", "1⁰0", "10₂", "①", "⒈", "⑴", "½", "Ⅷ", "𝟏𝟎", "٣", "１０²",
    ],
    "amount_negative": ["-1", "-0.000001", "-1,234.5", "－５"],
    "amount_precision": ["0.0000001", "0.0000005", "0.1234567", "1.00000001"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "fen"), READ.items())
def test_read(text: str, fen: int) -> None:
    assert read_amount(text) == (fen, None)


@pytest.mark.parametrize(
    ("defect", "text"), [(rule, text) for rule, texts in REFUSED.items() for text in texts]
)
def test_refused(defect: str, text: str) -> None:
    assert read_amount(text) == (None, defect)


def test_numbers_of_a_workbook_are_exact_in_e_notation() -> None:
    assert read_amount("1e5", is_numeric=True) == (100_000_000_000, None)
    assert read_amount("1.5e-05", is_numeric=True) == (15, None)
    assert read_amount("1e300", is_numeric=True) == (None, "amount_unreadable")
    assert read_amount("nan", is_numeric=True) == (None, "amount_unreadable")


def test_the_tolerance_is_a_billionth_of_10_000_yuan() -> None:
    assert read_amount("0.000001001") == (1, None)
    assert read_amount("0.0000010011") == (None, "amount_precision")


def test_fen_are_whole() -> None:
    assert read_amount("200000", fen_per_unit=1) == (200_000, None)
    assert read_amount("200000.5", fen_per_unit=1) == (None, "amount_precision")


@given(st.integers(0, 10**17))
@example(10**17)
def test_no_fen_is_lost(fen: int) -> None:
    text = str(Decimal(fen) / 1_000_000)
    assert read_amount(f"{Decimal(fen) / 1_000_000:f}") == (fen, None), text


@given(st.integers(0, 10**9))
def test_floats_of_programs_are_read_as_meant(fen: int) -> None:
    assert read_amount(repr(fen / 1_000_000)) == (fen, None)


NEAR = st.one_of(
    st.sampled_from([*READ, *(t for texts in REFUSED.values() for t in texts)]),
    st.text("0123456789.,-eE+ 万", max_size=12),
)


@given(st.lists(st.none() | NEAR | NEAR.map("\x01".__add__), min_size=1, max_size=6))
@example(["\x011e-05", "1e5", None])
def test_columns_equal_single_amounts(texts: list[str | None]) -> None:
    result = read("penalties", *(changed("penalties", fine_fen=text) for text in texts))
    for row, text in enumerate(texts):
        bare = (text or "").removeprefix("\x01")
        is_empty = bare.strip() in ("", "-", "/")
        fen, defect = (None, None) if is_empty else read_amount(bare, is_numeric=bare != text)
        assert result.rows["fine_fen"][row].as_py() == fen
        found = [name for name in broken(result)[row] if name.startswith("amount_")]
        assert found == ([f"{defect}:fine_fen"] if defect else [])


def test_the_canonical_header_is_in_fen() -> None:
    result = read("penalties", changed("penalties", fine_fen="200000"), headers={"fine_fen": "fine_fen"})
    assert result.rows["fine_fen"].to_pylist() == [200_000]
    assert broken(result) == [[]]
    wan = read("penalties", changed("penalties", fine_fen="0.2"))
    assert wan.rows["fine_fen"].to_pylist() == [200_000]


def test_capital_is_kept_in_10_000_yuan() -> None:
    result = read("entities", changed("entities", registered_capital_wan="1,000.5"), changed("entities"))
    assert result.rows["registered_capital_wan"].to_pylist() == [Decimal("1000.500000"), None]
    assert broken(read("entities", changed("entities", registered_capital_wan="百万"))) == [
        ["amount_unreadable:registered_capital_wan"]
    ]
