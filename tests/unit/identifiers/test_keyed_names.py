"""Names with numbers: told apart as they were delivered, and no number is kept."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.keyed_names import key_name, names_keyed
from records.masking import IdHasher, rows_to_read
from records.text import name_norm, names_norm
from tests.unit.identifiers.test_masking import CITIZEN, HASHER, KEPT, MASKED

PHONE, CARD, LANDLINE = "13812345678", "6222021234567890128", "0563-3022222"


def keyed(*names: str | None, hasher: IdHasher = HASHER) -> list[str | None]:
    array = pa.array(names, pa.string())
    return names_keyed(array, hasher, rows_to_read(array)).to_pylist()


@pytest.mark.parametrize("number", [PHONE, CARD, LANDLINE, CITIZEN, "340524800101001", "341802199001009984"])
def test_a_number_stands_as_a_token_of_its_hmac(number: str) -> None:
    token = f"ID{HASHER.hash(number)[:16].upper()}"
    assert keyed(f"大众 饭店（{number}）") == [f"大众饭店({token})"]
    assert keyed(number, hasher=IdHasher(b"another key, as long as needed")) != [token]


def test_other_numbers_are_other_names() -> None:
    names = [f"大众饭店({number})" for number in (PHONE, "13700000000", CARD, "6222021234567890129", CITIZEN)]
    assert len(set(keyed(*names, "大众饭店", "大众饭店([电话])"))) == len(names) + 2


@pytest.mark.parametrize(
    "spelling",
    [
        "平安饭店（１３８１２３４５６７８）", "平安饭店〔138 1234 5678〕", " 平安饭店(1381234　5678)",
        "平安\u200b饭店(138\u200b12345678)",
    ],
)  # fmt: skip
def test_another_spelling_is_the_same_name(spelling: str) -> None:
    assert name_norm(spelling) == f"平安饭店({PHONE})"
    assert keyed(spelling) == keyed(f"平安饭店({PHONE})")


@given(
    st.lists(
        st.none() | st.sampled_from(KEPT) | st.text("宣城饭店（）〔 ａb０12-　", max_size=12), max_size=6
    )
)
@example(["宣城１２３饭店", None, "", "91340000711771143J"])
def test_names_without_numbers_have_the_bytes_that_they_had(names: list[str | None]) -> None:
    assert keyed(*names) == names_norm(pa.array(names, pa.string())).to_pylist()


@given(st.lists(st.sampled_from([*MASKED, "甲", "（", "）", " ", "，"]), max_size=6).map("，".join))
@example(f"12 {PHONE}")
@example(f"{CITIZEN}{PHONE} {LANDLINE}")
def test_no_number_is_left(name: str) -> None:
    (norm,) = keyed(name)
    assert not [number for number in (PHONE, CARD, LANDLINE, CITIZEN) if number in (norm or "")]


def test_what_stands_for_a_number_is_not_looked_at_again() -> None:
    assert key_name(f"{CITIZEN}{PHONE}", HASHER).count("ID") == 2


def test_rows_that_hold_no_number_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr("records.keyed_names.key_name", fail)
    assert keyed("宣城市第12饭店", None) == ["宣城市第12饭店", None]
