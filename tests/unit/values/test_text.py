"""Normal forms: the short cuts of the vectorised path change nothing."""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import text

TEXTS = st.lists(st.none() | st.text(max_size=30), max_size=8)
# Texts of the characters that the short cuts decide by.
ODD = st.lists(
    st.text("中a Ａ　\u00a0\u200b\ufeff（）〔】「\u3012\u302a\u302c\u0301é１-\u2003\x85", max_size=8),
    max_size=8,
)


def column(values: list[str | None]) -> pa.StringArray:
    return pa.array(values, pa.string())


def plain_nfkc(values: list[str | None]) -> list[str | None]:
    return pc.utf8_normalize(column(values), form="NFKC").to_pylist()


def test_nfkc_of_every_character() -> None:
    characters = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]
    assert text.nfkc(column(characters)).to_pylist() == plain_nfkc(characters)


def test_nfkc_of_characters_that_are_left_alone_never_composes() -> None:
    marks = ["\u0301", "\u302a", "\u302c", "\u3099", "\u20d2"]
    pairs = [a + b for a in ["中", "、", "\u3029", "\u4dff", "\u9fff", "a"] for b in [*marks, "中", "、"]]
    assert text.nfkc(column(pairs)).to_pylist() == plain_nfkc(pairs)


@given(TEXTS | ODD)
def test_nfkc(values: list[str | None]) -> None:
    assert text.nfkc(column(values)).to_pylist() == plain_nfkc(values)


def test_every_white_character_is_trimmed_and_taken_out() -> None:
    for point in text.WHITE_POINTS:
        char = chr(point)
        assert text.trimmed(column([f"{char}甲{char}乙{char}"])).to_pylist() == [f"甲{char}乙"]
        assert text.without_white(column([f"{char}甲{char}乙{char}"])).to_pylist() == ["甲乙"]


@given(TEXTS | ODD, st.booleans())
def test_trimmed(values: list[str | None], is_long: bool) -> None:
    if is_long:  # long values are trimmed by another path
        values = [v if v is None else v + "中" * 200 + v for v in values]
    expected = [v if v is None else v.strip(text.WHITE) for v in values]
    assert text.trimmed(column(values)).to_pylist() == expected


@given(TEXTS | ODD)
def test_without_white(values: list[str | None]) -> None:
    expected = [v if v is None else "".join(c for c in v if c not in text.WHITE) for v in values]
    assert text.without_white(column(values)).to_pylist() == expected


@pytest.mark.parametrize(
    ("name", "norm"),
    [
        ("宣城（测试）有限公司", "宣城(测试)有限公司"),
        (" 宣城(测试) 有限　公司\u200b", "宣城(测试)有限公司"),
        ("宣城【测试】有限公司", "宣城(测试)有限公司"),
        ("宣城［测试］﹝甲﹞公司", "宣城(测试)(甲)公司"),
        ("Ａｂｃ食品", "ABC食品"),
        ("《abc》", "(ABC)"),
        ("é店", "É店"),
        (" \u3000", None),
        ("", None),
    ],
)
def test_name_norm(name: str, norm: str | None) -> None:
    assert text.name_norm(name) == norm


def test_doc_norm_folds_brackets_width_and_white_space_but_not_case() -> None:
    spellings = [
        "宣市监罚〔2024〕12号",
        "宣市监罚【2024】12号",
        "宣市监罚[2024]12号",
        "宣市监罚（２０２４） 12 号",
        "宣市监罚［2024］12号",
    ]
    assert set(text.docs_norm(column(spellings)).to_pylist()) == {"宣市监罚(2024)12号"}
    assert text.doc_norm("a1") != text.doc_norm("A1")
    assert text.docs_norm(column([None, " ", "　"])).to_pylist() == ["", "", ""]


@given(TEXTS)
def test_columns_equal_single_texts(values: list[str | None]) -> None:
    names = text.names_norm(column(values)).to_pylist()
    docs = text.docs_norm(column(values)).to_pylist()
    for value, name, doc in zip(values, names, docs, strict=True):
        assert name == (None if value is None else text.name_norm(value))
        assert doc == ("" if value is None else text.doc_norm(value))
        assert value is None or text.folded(column([value])).to_pylist() == [text.fold(value)]


def test_slices_of_a_column_are_read_by_their_own_values() -> None:
    values = ["（甲）", " 乙", None, "〔丙〕x"]
    part = column(["…", *values, "…"]).slice(1, 4)
    assert text.names_norm(part).to_pylist() == ["(甲)", "乙", None, "(丙)X"]
