"""No citizen's id, phone or card number is kept; codes and document numbers are."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from records.identifiers import citizen_check, uscc_check, uscc_defect
from records.masking import (
    CARD_MASK,
    ID_MASK,
    PHONE_MASK,
    IdHasher,
    mask_doc,
    mask_person,
    mask_text,
    masked,
    masked_docs,
    masked_persons,
)

HASHER = IdHasher(b"0123456789abcdef0123456789abcdef")
ON = date(2026, 11, 23)
CITIZEN = "34052419800101001X"
MASKED = {
    f"身份证{CITIZEN}。": f"身份证{ID_MASK}。",
    "340524198001010014": ID_MASK,  # wrong check digit
    "代码341802199001009984。": f"代码{ID_MASK}。",  # 341802199001010012 as a spreadsheet keeps it
    "３４０５２４１９８００１０１００１Ｘ": ID_MASK,
    "34052419800101001x": ID_MASK,
    "340524 19800101 001X": ID_MASK,
    "3405-2419-8001-0100-1X": ID_MASK,
    "3405\u200b2419800101001X": ID_MASK,
    "340524800101001": ID_MASK,
    f"{CITIZEN}{CITIZEN}": ID_MASK * 2,
    f"13812345678{CITIZEN}": PHONE_MASK + ID_MASK,
    f"0563-3022222 {CITIZEN}": f"{PHONE_MASK} {ID_MASK}",
    "电话13812345678，": f"电话{PHONE_MASK}，",
    "138-1234-5678": PHONE_MASK,
    "138 1234 5678": PHONE_MASK,
    "1381234　5678": "1381234　5678",  # not a grouping of phone numbers
    "+86 13812345678": f"+{PHONE_MASK}",
    "8613812345678": PHONE_MASK,
    "１３８１２３４５６７８": PHONE_MASK,
    "138１２３４５６７８": PHONE_MASK,
    "0563-3022222": PHONE_MASK,
    "（0563）3022222": PHONE_MASK,
    "卡号6222021234567890128": f"卡号{CARD_MASK}",
    "6222 0212 3456 7890 128": CARD_MASK,
    "卡6222021234567890129。": f"卡{CARD_MASK}。",  # wrong check digit
    "6222 0212 3456 7890 129": CARD_MASK,
    "2024-01-05 13812345678": f"2024-01-05 {PHONE_MASK}",
}
KEPT = [
    "91340000711771143J", "统一社会信用代码91340000711771143J，", "uscc9144030071526726XG", "911100001000044477",
    "2024-01-05 10:30:00", "2024年1月5日至2024年12月31日", "宣市监罚〔2024〕12345678号", "JY13418020012345",
    "34180220240105001", "12345678901", "3418022024010512348", "62220212345678901", "100,000.00", "",
    "341802202400009984", "34180219900100997",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MASKED.items())
def test_masked(text: str, expected: str) -> None:
    assert mask_text(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_kept(text: str) -> None:
    assert mask_text(text) == text


def test_ids_only_keeps_phone_and_card_numbers() -> None:
    text = "13812345678 6222021234567890128"
    assert mask_text(text, ids_only=True) == text
    assert mask_text(CITIZEN, ids_only=True) == ID_MASK


def test_15_digits_of_a_registration_number_are_no_id() -> None:
    assert mask_text("340524800101001", is_15_read=False) == "340524800101001"
    assert mask_text(CITIZEN, is_15_read=False) == ID_MASK


def test_a_code_that_is_both_is_masked_unless_it_begins_like_an_enterprise() -> None:
    both = {}
    for start in ("11", "91"):
        # All digits, a birth date in the middle, both check digits right.
        bodies = (
            f"{start}{region:04d}19800101{serial:03d}" for region in range(100) for serial in range(1000)
        )
        codes = (body + citizen_check(body) for body in bodies)
        both[start] = next(code for code in codes if uscc_defect(code) is None)
    assert mask_text(both["11"]) == ID_MASK
    assert mask_text(both["91"]) == both["91"]


# Texts in which ids, numbers and codes meet at random.
PIECES = st.one_of(
    st.sampled_from([*MASKED, *KEPT, CITIZEN, "，", " ", "-", "X", "0", "（", "\u200b", "　", "1", "。"]),
    st.text("0123456789 -xX０９年", max_size=20),
    st.text(max_size=5),
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


@given(TEXTS)
@example("1 1381234 5678")
@example("340524198001010014（0563）3022222")
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


@given(st.lists(st.none() | TEXTS, max_size=6))
@example(["（0563）3022222", "（0563） 3022222", "(0563）3022222", "138－1234－5678"])
@example(["a", "1234567890" + "\u200b" + "1", None, "１３８１２３４５６７８"])
def test_columns_equal_single_texts(texts: list[str | None]) -> None:
    expected = [None if text is None else mask_text(text) for text in texts]
    assert masked(pa.array(texts, pa.string())).to_pylist() == expected


@given(
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.sampled_from(["110105", "340524", "341802", "820000"]),
    st.integers(0, 999),
    st.text("甲（，。 ：A", max_size=3),
    st.text("乙），。 ：B", max_size=3),
)
def test_no_citizens_id_survives(born: date, region: str, serial: int, before: str, after: str) -> None:
    body = f"{region}{born:%Y%m%d}{serial:03d}"
    clear = body + citizen_check(body)
    assert clear not in mask_text(before + clear + after)
    assert mask_text(before + clear + after) == before + ID_MASK + after


@given(
    st.one_of(
        st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.sampled_from([date(1990, 1, 1), date(1990, 12, 31)])
    ),
    st.sampled_from(["110105", "341802", "659004", "820000"]),
    st.integers(0, 999),
)
@example(date(1990, 1, 1), "341802", 1)
@example(date(1990, 1, 31), "820000", 999)
def test_no_citizens_id_survives_a_spreadsheet(born: date, region: str, serial: int) -> None:
    body = f"{region}{born:%Y%m%d}{serial:03d}"
    rounded = str(int(float(body + citizen_check(body).replace("X", "0"))))
    assume(uscc_defect(rounded) is not None)
    assert mask_text(rounded) == mask_text(f"{rounded}.").removesuffix(".") == ID_MASK


@given(
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9),
    st.sampled_from(["91", "92", "93", "11"]),
)
def test_no_valid_uscc_with_a_letter_is_destroyed(organisation: str, start: str) -> None:
    body = f"{start}341802{organisation}"
    code = body + uscc_check(body)
    if not code[:17].isdigit():
        assert mask_text(f"代码{code}。") == f"代码{code}。"


def test_document_numbers_keep_their_identity() -> None:
    number = f"宣公（治）罚决字〔2024〕{CITIZEN}号"
    hidden = mask_doc(number, HASHER, ON)
    assert CITIZEN not in hidden
    assert hidden.startswith("宣公（治）罚决字〔2024〕ID") and hidden.endswith("号")
    other = f"宣公（治）罚决字〔2024〕{'34052419800101002' + citizen_check('34052419800101002')}号"
    assert mask_doc(other, HASHER, ON) != hidden
    assert mask_doc(hidden, HASHER, ON) == hidden


@pytest.mark.parametrize(
    "clear", ["340524198001010014", "340524800101001", "３４０５２４８００１０１００１", "34052419800101001x"]
)
def test_ids_in_document_numbers_have_a_token(clear: str) -> None:
    hidden = mask_doc(f"第{clear}号", HASHER, ON)
    assert hidden == f"第ID{HASHER.hash(clear)[:16]}号"
    assert masked_docs(pa.array([f"第{clear}号", None]), HASHER, ON).to_pylist() == [hidden, None]


@pytest.mark.parametrize(
    "number",
    [
        "宣市监罚〔2024〕12号", "34180220240105001" + citizen_check("34180220240105001"), "340000201709041000",
        "91340000711771143J", "13812345678", "341802240105001", "341802190105001", "990524800101001", "341802801301001",
        "3418028001010011", "340524189901010014", "341802201401010014",
    ],
)  # fmt: skip
def test_document_numbers_are_not_destroyed(number: str) -> None:
    assert mask_doc(number, HASHER, ON) == number
    assert masked_docs(pa.array([number, None]), HASHER, ON).to_pylist() == [number, None]


def test_names_of_persons() -> None:
    assert mask_person("王小明") == "王**"
    assert mask_person("  ") == ""
    assert masked_persons(pa.array(["王小明", "欧阳", None])).to_pylist() == ["王**", "欧**", None]


def test_the_hash_is_hmac_sha256() -> None:
    for key in (b"k" * 16, b"k" * 100):
        assert IdHasher(key).hash(CITIZEN) == hmac.new(key, CITIZEN.encode(), hashlib.sha256).hexdigest()


def test_the_hash_depends_on_the_key_and_not_on_spelling() -> None:
    assert HASHER.hash(CITIZEN) != IdHasher(b"another key, as long as needed").hash(CITIZEN)
    assert (
        HASHER.hash(" 340524 19800101001x ")
        == HASHER.hash(CITIZEN)
        == HASHER.hash("３４０５２４19800101001Ｘ")
    )
    assert HASHER.column(pa.array([CITIZEN, None])).to_pylist() == [HASHER.hash(CITIZEN), None]


def test_the_hasher_does_not_show_its_key() -> None:
    assert "k" not in repr(IdHasher(b"kkkk"))
