"""Check digits: the vectors of regulation §6, python-stdnum, and the vectorised twins."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from records.identifiers import (
    ORG_ALPHABET,
    USCC_ALPHABET,
    birth_date,
    citizen_check,
    citizen_id_is_sound,
    citizen_id_unsound,
    looks_like_citizen_id,
    looks_like_rounded_citizen_id,
    luhn_is_sound,
    org_check,
    org_code_is_sound,
    org_code_unsound,
    reg15_check,
    reg_no_is_sound,
    reg_no_unsound,
    uscc_check,
    uscc_defect,
    uscc_defects,
)

VALID = [
    "914403001922038216", "91100000100003962T", "91340000711771143J", "91350900587527783P", "9144030071526726XG",
    "91440300192181490G", "91440300192317458F", "911100001000044477", "11341700003244772R", "113417030032499282",
    "11230500001755309F", "91341802MA2WE5W03B", "91341881MAXXXXX151", "91341882MA0000015A", "92341823MA0000023K",
    "93341824MA0000031R", "91341800MA000004XY", "91341802MA0000019T",
]  # fmt: skip
INVALID = {
    "91340000711771143K": "uscc_check",
    "91340000711771134J": "uscc_check",
    "9134000071177114OJ": "uscc_alphabet",
    "91340000711771143j": "uscc_alphabet",
    "9134000071177114": "uscc_length",
    "": "uscc_length",
    "91340000711771143Ｊ": "uscc_alphabet",
}
# Any text near a code: right alphabet, wrong alphabet, other lengths, other scripts.
NEAR_CODES = st.one_of(
    st.sampled_from(VALID + list(INVALID)),
    st.text(USCC_ALPHABET, min_size=17, max_size=17).map(lambda body: body + uscc_check(body)),
    st.text(USCC_ALPHABET + "IOSVZ中", min_size=15, max_size=20),
    st.text(max_size=20),
)


def column(values: list[str | None]) -> pa.StringArray:
    return pa.array(values, pa.string())


@pytest.mark.parametrize("code", VALID)
def test_valid_uscc(code: str) -> None:
    assert uscc_defect(code) is None
    assert uscc.is_valid(code)


@pytest.mark.parametrize(("code", "defect"), INVALID.items())
def test_invalid_uscc(code: str, defect: str) -> None:
    assert uscc_defect(code) == defect


@pytest.mark.parametrize("code", VALID[:8])
def test_organisation_code_inside_the_uscc(code: str) -> None:
    assert org_code_is_sound(code[8:17])


def test_organisation_code_of_the_regulation_that_fails_alone() -> None:
    assert uscc_defect("91341802MA0000019T") is None
    assert not org_code_is_sound("MA0000019")
    assert org_check("MA000001") == "5"


@pytest.mark.parametrize("code", VALID[:8])
def test_every_single_substitution_is_found(code: str) -> None:
    for place in range(18):
        for char in set(USCC_ALPHABET) - {code[place]}:
            assert uscc_defect(code[:place] + char + code[place + 1 :]) == "uscc_check"


@given(st.text(USCC_ALPHABET, min_size=18, max_size=18))
@example("91340000711771143J")
def test_stdnum_agrees_where_it_judges(code: str) -> None:
    # It wants digits in the first eight places; GB 32100 has letters there too (A, N, Y).
    if not code[:8].isdigit():
        return
    try:
        uscc.validate(code)
        valid = True
    except ValidationError:
        valid = False
    assert (uscc_defect(code) is None) == valid


@given(st.lists(st.none() | NEAR_CODES, max_size=8))
def test_uscc_columns_equal_single_codes(codes: list[str | None]) -> None:
    found = uscc_defects(column(codes))
    for row, code in enumerate(codes):
        expected = None if code is None else uscc_defect(code)
        assert [rule for rule, mask in found.items() if mask[row]] == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("body", "check"),
    [("0794", "5"), ("34180000000001", "6"), ("34182200000123", "0"), ("32010500000012", "4")],
)
def test_registration_number_check(body: str, check: str) -> None:
    assert reg15_check(body) == check


@pytest.mark.parametrize("number", ["440301103448669", "440301103097413", "330100400013364"])
def test_registration_numbers(number: str) -> None:
    assert reg_no_is_sound(number)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not reg_no_is_sound(wrong)
    assert reg_no_unsound(column([number, wrong, None])).tolist() == [False, True, False]


def test_older_registration_numbers_have_no_check_digit() -> None:
    assert reg_no_is_sound("3418001234567")
    assert not reg_no_unsound(column(["3418001234567", "皖宣工商1234567890"])).any()


@given(st.lists(st.text("0123456789A", min_size=14, max_size=16), max_size=6))
def test_registration_number_columns_equal_single_numbers(numbers: list[str]) -> None:
    assert reg_no_unsound(column(numbers)).tolist() == [not reg_no_is_sound(number) for number in numbers]


@given(st.lists(st.text(ORG_ALPHABET + "-", min_size=8, max_size=10), max_size=6))
def test_organisation_code_columns_equal_single_codes(codes: list[str]) -> None:
    sound = [code[:8] + org_check(code[:8]) for code in codes if "-" not in code[:8]]
    codes = codes + sound
    assert org_code_unsound(column(codes)).tolist() == [not org_code_is_sound(code) for code in codes]


@pytest.mark.parametrize(("code", "remainder"), [("11010519491231002X", 2), ("34052419800101001X", 2)])
def test_citizens_ids_of_the_regulation(code: str, remainder: int) -> None:
    assert citizen_check(code[:17]) == "10X98765432"[remainder]
    assert citizen_id_is_sound(code)


@given(st.text("0123456789", min_size=17, max_size=17))
def test_stdnum_agrees_on_the_check_of_citizens_ids(body: str) -> None:
    assert citizen_check(body) == ric.calc_check_digit(body + "0")


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("340524198002300014", False),  # no such day
        ("340524198001010014", True),  # wrong check digit: still a citizen's id that somebody mistyped
        ("34052419800101001", False),
        ("340524800101001", True),
        ("990524800101001", False),  # no such province
        ("34052419800101001A", False),
        ("３４０５２４19800101001X", False),  # width is folded before
    ],
)
def test_what_looks_like_a_citizens_id(text: str, looks: bool) -> None:
    assert looks_like_citizen_id(text) is looks


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("341802199001009984", True),  # 341802199001010012 as a double
        ("341802199012320000", True),  # 341802199012319998 as a double
        ("341802199001010012", False),  # carried nowhere
        ("341802199001320065", False),  # further than a double is wrong
        ("341802199013009984", False),  # no such month
        ("341802219001009984", False),  # no such year
        ("993418199001009984", False),  # no such province
        ("34180219900100998X", False),  # no number
        ("34180219900100998", False),
    ],
)
def test_what_looks_like_a_rounded_citizens_id(text: str, looks: bool) -> None:
    assert looks_like_rounded_citizen_id(text) is looks


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.sampled_from(["34", "11", "99", "91"]),
                st.dates().map(lambda d: d.strftime("%Y%m%d").rjust(8, "0")),
            ).map(lambda t: t[0] + "0524" + t[1] + "001"),
            st.text("0123456789", min_size=17, max_size=17),
        ).flatmap(lambda body: st.sampled_from("0123456789X").map(lambda check: body + check)),
        max_size=6,
    )
)
def test_citizen_id_columns_equal_single_ids(ids: list[str]) -> None:
    ids = [*ids, *(text[:17] + citizen_check(text[:17]) for text in ids)]
    assert citizen_id_unsound(column(ids)).tolist() == [not citizen_id_is_sound(text) for text in ids]


def test_citizen_id_of_the_29th_of_february() -> None:
    for year, is_day in (("2000", True), ("1900", False), ("2004", True), ("2003", False)):
        body = f"340524{year}0229001"
        text = body + citizen_check(body)
        assert (birth_date(text) is not None) is is_day
        assert citizen_id_unsound(column([text]))[0] == (not is_day)


def test_bank_cards() -> None:
    assert luhn_is_sound("6222021234567890128")
    assert not luhn_is_sound("6222021234567890129")
