"""Targets that read one text: headers, dates, amounts, identifiers, masking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa

from records.headers import match
from records.identifiers import USCC_ALPHABET, citizen_check, uscc_check, uscc_defect
from records.masking import ID_MASK, mask_text
from records.registry import FIELDS
from records.text import folded
from records.values.cells import Cells
from records.values.codes import is_e_notation, number_column, uscc_column
from records.values.dates import read_day
from records.values.money import FEN_PER_WAN, amount_of
from tests.fuzz.choices import Choices

KINDS = tuple(FIELDS)
# Texts of one input at most.
ROUNDS = 24
BRACKETS = {"(": "(（[【〔", ")": ")）]】〕"}
ODD = (
    "", " ", "\t", "\u3000", "\u200b", "\ufeff", "\x00", "\n", "a", "Z", "0", "9", "９", "①", "Ⅳ", "年",
    "月", "日", "T", ":", "-", "－", "/", ".", "。", ",", "，", "+", "e", "E", "万", "元", "(", "（",
    "]", "\"", "'", "=", "_", "X", "x", "İ", "ß", "ﬁ", "😀", "\u202e", "١", "罚", "长期", "2099",
    "NULL",
)  # fmt: skip
AMOUNT_RULES = ("amount_unreadable", "amount_negative", "amount_precision")


def wide(text: str) -> str:
    """ASCII in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def headers(choices: Choices) -> None:
    """A known spelling stays known in another case, width and bracket style; nothing raises."""
    kind = choices.pick(KINDS)
    asked: list[str] = []
    known: list[str | None] = []
    for _ in range(1 + choices.below(12)):
        if choices.one_in(3):
            asked.append(choices.text(ODD, 12))
            known.append(None)
            continue
        field = choices.pick(FIELDS[kind])
        header = choices.pick((field.name, field.zh, *field.headers))
        header = "".join(choices.pick(BRACKETS.get(char, char)) for char in header)
        for change in (str.upper, str.lower, wide, lambda h: h.replace("_", ""), lambda h: f" {h}\u3000"):
            header = change(header) if choices.one_in(4) else header
        asked.append(header)
        known.append(field.name)
    found = match(kind, asked)
    assert len(found.fields) == len(asked)
    for name, got in zip(known, found.fields, strict=True):
        assert name is None or (got is not None and got.removesuffix("_1").removesuffix("_2") == name), asked
    assert not set(found.missing) & set(found.sources)


def read_alike(texts: list[str]) -> list[str]:
    """The texts as columns of cells are folded: all at once, which is also much faster than one by one."""
    values: list[str] = folded(pa.array(texts, pa.string())).to_pylist()
    return values


def dates(choices: Choices) -> None:
    """A day in any form of the contract is read as that day; anything else is read as nothing, without an error."""
    sound: list[tuple[str, date]] = []
    odd: list[str] = []
    while len(sound) < ROUNDS and (not sound or not choices.is_empty):
        day = date(1900, 3, 1) + timedelta(days=choices.below(80_000))
        y, m, d = day.year, day.month, day.day
        sep = choices.pick("/-.")
        forms = (
            f"{y}{sep}{m}{sep}{d}",
            f"{y}{sep}{m:02}{sep}{d:02}",
            f"{y}年{m}月{d}日",
            f"{y}{m:02}{d:02}",
            f"{day}",
        )
        form = choices.pick(forms) + choices.pick(("", "", " 00:00:00", " 23:59:59", " 9:05"))
        form = wide(form) if choices.one_in(4) else form
        serial = (day - date(1899, 12, 30)).days
        sound += [(form, day), (str(serial), day)] if serial >= 10_000 else [(form, day)]
        text, place = choices.text(ODD, 16), choices.below(len(form) + 1)
        odd += [text, form[:place] + text + form[place:], form[place:] + text]
    for (form, day), cell in zip(sound, read_alike([form for form, _ in sound]), strict=True):
        assert read_day(cell) == day, form
    for cell in read_alike(odd):
        found = read_day(cell)
        assert found is None or isinstance(found, date)


def amounts(choices: Choices) -> None:
    """An amount of whole fen comes out to the fen; any other text is an amount or one of three defects."""
    sound: list[tuple[str, int]] = []
    odd: list[str] = []
    while len(sound) < ROUNDS and (not sound or not choices.is_empty):
        fen = choices.below(1 << 31) * choices.pick((1, 100, 10_000, 1_000_000))
        wan = Decimal(fen) / 1_000_000
        form = choices.pick((f"{wan:f}", f"{wan:,f}", f"{wan:.6f}", f" {wan:,f} "))
        sound.append((wide(form) if choices.one_in(4) else form, fen))
        text, place = choices.text(ODD, 16), choices.below(len(form) + 1)
        odd += [text, form[:place] + text + form[place:]]
    for (form, fen), cell in zip(sound, read_alike([form for form, _ in sound]), strict=True):
        assert amount(cell, False) == (fen, None), form
    for cell in read_alike(odd):
        for is_numeric in (False, True):
            value, defect = amount(cell, is_numeric)
            assert (value is None) == (defect in AMOUNT_RULES) and (value is None or 0 <= value < 10**18), (
                cell
            )


def amount(cell: str, is_numeric: bool) -> tuple[int | None, str | None]:
    return amount_of(
        cell, is_numeric=is_numeric, fen_per_unit=FEN_PER_WAN, decimals=6, tolerance=Decimal("1E-9")
    )


def identifiers(choices: Choices) -> None:
    """A sound code is read, one wrong character is seen, in any form; the column is read as the single code."""
    codes: list[str] = []
    cells: list[str] = []
    while len(codes) < ROUNDS and (not codes or not choices.is_empty):
        body = choices.pick(("91", "92", "93", "52", "11")) + "341802"
        body += "".join(choices.pick(USCC_ALPHABET) for _ in range(17 - len(body)))
        code = body + uscc_check(body)
        place, char = choices.below(18), choices.pick(USCC_ALPHABET)
        wrong = code[:place] + char + code[place + 1 :]
        shown = choices.pick((code, code.lower(), wide(code), f" {code}\u3000"))
        codes.append(code)
        cells += [shown, wrong, choices.text(ODD, 18), code + choices.text(ODD, 2)]
        assert uscc_defect(code) is None and (wrong == code or uscc_defect(wrong) == "uscc_check"), wrong
    column = uscc_column(Cells(pa.array(cells, pa.string()), None)).values.to_pylist()
    assert column[::4] == codes
    for cell, found in zip(read_alike(cells), column, strict=True):
        upper = cell.upper()
        assert found == (upper if not is_e_notation(cell) and uscc_defect(upper) is None else None), cell
    for is_numeric in (False, True):
        mask = np.full(len(cells), is_numeric)
        values, broken = number_column(Cells(pa.array(cells, pa.string()), mask), 15)
        assert not (np.asarray(values.is_valid()) & broken).any()


def masking(choices: Choices) -> None:
    """A citizen's id is found in any text around it that is not of digits; a masked text stays as it is."""
    born = date(1940, 1, 1) + timedelta(days=choices.below(25_000))
    body = f"341802{born:%Y%m%d}{choices.below(1000):03}"
    number = body + citizen_check(body)
    around = [
        piece for piece in ODD if not any((c.isalnum() and ord(c) < 0x3000) or c.isdecimal() for c in piece)
    ]
    before, after = choices.text(around, 8), choices.text([p for p in around if p not in "-－ "], 8)
    shown = wide(number) if choices.one_in(3) else number
    text = f"{before}张{shown}，{after}"
    masked = mask_text(text)
    assert shown not in masked and ID_MASK in masked, text
    assert mask_text(masked) == masked, text
    other = choices.text(ODD, 24)
    assert mask_text(mask_text(other)) == mask_text(other), other


TARGETS: dict[str, Callable[[Choices], None]] = {
    "headers": headers, "dates": dates, "amounts": amounts, "identifiers": identifiers, "masking": masking,
}  # fmt: skip
