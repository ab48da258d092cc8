"""Realistic defects, each at a stated rate; a row bears one at most.

In the first chunk, which is the whole of a small sample, each defect comes up at least once where it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample.batch import Batch
from data.sample.headers import columns
from data.sample.identifiers import with_wrong_check
from data.sample.layout import WORKBOOKS, FileSpec
from data.sample.rng import I64, Bools, Draws

# Marks a cell that is to be a number in a workbook or JSON file.
NUMBER_MARK = "\x01"
NONE = 0
_EVERY = ("entities", "licences", "penalties", "inspections", "listings", "amendments", "honours")
_WITH_USCC = ("licences", "penalties", "inspections", "listings", "amendments", "honours")

Spoil = Callable[[str, int], str | None]


@dataclass(frozen=True)
class Defect:
    """One kind of defect.

    Attributes:
        name: as in the report; where rows are quarantined for it, the rule family of the contract.
        rate: share of the rows of a kind that bear it.
        fields: record kind -> fields of which one is spoiled, drawn by row.
        spoil: the spoiled cell from the sound one and a random number; None empties it.
        needs: tags of which the row must have one, besides a value in the cell.
        is_text: the spoiled cell cannot stand in a typed Parquet column.
    """

    name: str
    rate: float
    fields: Mapping[str, tuple[str, ...]]
    spoil: Spoil
    needs: tuple[str, ...] = ()
    is_text: bool = False
    formats: tuple[str, ...] = field(default=())


def _shorter(code: str, draw: int) -> str:
    at = 2 + draw % 14
    return code[:at] + code[at + 1 :]


def _wrong_letter(code: str, draw: int) -> str:
    return code[:16] + "OISZV"[draw % 5] + code[17:]


def _as_number(code: str, draw: int) -> str:
    """What a spreadsheet leaves of a code of digits: 15 significant ones, or E notation in a CSV file."""
    digits = "".join(str(ord(char) % 10) if char.isalpha() else char for char in code)
    return NUMBER_MARK + digits[:15] + "000"


_BAD_DATES = (
    "2023-02-30",
    "2024/13/05",
    "20240231",
    "待补",
    "二〇二四年五月",
    "2022年2月31日",
    "2023-00-12",
    "1",
)
_BAD_AMOUNTS = ("贰仟元整", "约5000元", "0.2万", "罚款2000", "详见决定书")
_UNKNOWN = ("待核实", "其他情形（见附件）", "未分类")
_ENUMS = {
    "entities": ("status",), "licences": ("subject_kind",), "penalties": ("subject_kind",), "inspections": ("result",),
    "listings": ("list_type",), "amendments": ("action",),
}  # fmt: skip


_DATES = {
    "entities": ("established_on",), "licences": ("decided_on",), "penalties": ("decided_on",),
    "inspections": ("inspected_on",), "listings": ("listed_on",), "amendments": ("effective_on",),
}  # fmt: skip
_MANDATORY = {
    "entities": ("division_code", "status"), "licences": ("content", "doc_name", "doc_no"),
    "penalties": ("basis", "violation_type", "content", "doc_no"), "inspections": ("item", "authority"),
    "listings": ("listed_on", "authority"), "amendments": ("effective_on",), "honours": ("issuer",),
}  # fmt: skip
_CODES = dict.fromkeys(_WITH_USCC, ("uscc",))

_FINE = {"penalties": ("fine_fen",)}
_CELL_FORMATS = ("csv", "xlsx", "xls", "json", "jsonl")


def _future(text: str, draw: int) -> str:
    return f"{2062 + draw % 13}/{1 + draw % 12:02}/{1 + draw % 28:02}"


def _before_listing(text: str, draw: int) -> str:
    return f"{2004 + draw % 3}/03/{1 + draw % 28:02}"


def _one_of(texts: tuple[str, ...]) -> Spoil:
    return lambda text, draw: texts[draw % len(texts)]


DEFECTS: tuple[Defect, ...] = (
    Defect("uscc_check", 0.0020, _CODES | {"entities": ("uscc",)}, with_wrong_check),
    Defect("uscc_length", 0.0005, _CODES, _shorter),
    Defect("uscc_alphabet", 0.0004, _CODES, _wrong_letter),
    Defect(
        "code_as_number",
        0.0008,
        dict.fromkeys(("licences", "penalties"), ("uscc",)),
        _as_number,
        formats=_CELL_FORMATS,
    ),
    Defect("missing_mandatory", 0.0015, _MANDATORY, lambda text, draw: None),
    Defect("date_unreadable", 0.0010, _DATES, _one_of(_BAD_DATES), is_text=True),
    Defect("date_range", 0.0006, _DATES, _future),
    Defect("date_order", 0.0020, {"listings": ("removed_on",)}, _before_listing),
    Defect("amount_unreadable", 0.0020, _FINE, _one_of(_BAD_AMOUNTS), needs=("has_fine",), is_text=True),
    Defect(
        "amount_negative", 0.0003, _FINE, lambda text, draw: f"-{text}", needs=("has_fine",), is_text=True
    ),
    Defect(
        "amount_precision", 0.0003, _FINE, lambda text, draw: "0.1234567", needs=("has_fine",), is_text=True
    ),
    Defect("enum_unknown", 0.0006, _ENUMS, _one_of(_UNKNOWN)),
    Defect("bare_number_result", 0.0020, {"inspections": ("result",)}, lambda text, draw: str(1 + draw % 9)),
    Defect(
        "subject_kind_conflict",
        0.0003,
        {"penalties": ("subject_kind",)},
        lambda text, draw: "自然人",
        needs=("is_firm",),
    ),
    Defect("exact_duplicate", 0.0030, dict.fromkeys((*_EVERY, "rulings"), ()), lambda text, draw: text),
)
"""The defects of single rows, in the order of their codes (1, 2, …)."""
DUPLICATE = 1 + next(number for number, defect in enumerate(DEFECTS) if defect.name == "exact_duplicate")
# The defects after which authority and number can still be read, so that a ruling or a better row finds the row.
RULED_UPON = (
    "uscc_check", "uscc_length", "uscc_alphabet", "date_unreadable", "date_range", "amount_unreadable", "date_order",
    "enum_unknown",
)  # fmt: skip


def can_bear(defect: Defect, batch: Batch, files: tuple[FileSpec, ...], file: I64, choice: I64) -> Bools:
    """The rows that can bear a defect: they have the cell, and their file has the column."""
    fields = defect.fields.get(batch.kind)
    rows = len(batch)
    if fields is None:
        return np.zeros(rows, dtype=np.bool_)
    mask = np.ones(rows, dtype=np.bool_)
    for number, name in enumerate(fields):
        shown = np.array([name in columns(spec.kind, spec.style) and _fits(defect, spec) for spec in files])
        here = choice % len(fields) == number
        mask &= ~here | (shown[file] & has_value(batch, name))
    if defect.name == "date_range" and batch.kind == "listings":
        # An entry removed before it was listed would break a second rule.
        mask &= ~batch.flag("is_removed")
    for need in defect.needs:
        mask &= batch.flag(need)
    return mask


def _fits(defect: Defect, spec: FileSpec) -> bool:
    if defect.is_text and spec.format == "parquet" and spec.is_typed:
        return False
    if defect.name == "amount_precision" and spec.style == "en":
        return False
    # A workbook keeps a long code as a number only where somebody typed it.
    return not defect.formats or spec.format in defect.formats


def has_value(batch: Batch, name: str) -> Bools:
    """Which rows have a value in a column."""
    column = batch.columns[name]
    if isinstance(column, np.ndarray):
        return np.asarray(column >= 0)
    return np.asarray(pc.is_valid(column))


def assign(draws: Draws, batch: Batch, files: tuple[FileSpec, ...], file: I64, shows_all: bool) -> I64:
    """The defect of each row: `NONE` or its place in `DEFECTS` plus one.

    Args:
        draws: random numbers.
        batch: the records.
        files: files of the kind; `file` is the place of each row's file among them.
        file: see `files`.
        shows_all: each defect is to come up at least once.
    """
    code = np.zeros(len(batch), dtype=np.int64)
    sound = np.ones(len(batch), dtype=np.bool_)
    # The newest events must be read, and a row is counted under one defect only.
    for tag in ("fresh", "ambiguous", "wrong_org_check"):
        sound &= ~batch.flag(tag)
    choice = draws.below("defect_field", batch.key, 1 << 20)
    place = draws.below("defect", batch.key, 1 << 31) / (1 << 31)
    start = 0.0
    for number, defect in enumerate(DEFECTS, start=1):
        able = can_bear(defect, batch, files, file, choice) if batch.kind in defect.fields else None
        chosen = (place >= start) & (place < start + defect.rate)
        start += defect.rate
        if able is not None:
            code = np.where(chosen & able & sound, number, code)
    if shows_all:
        _show_all(draws, batch, files, file, choice, code, sound)
    return code


def _show_all(
    draws: Draws, batch: Batch, files: tuple[FileSpec, ...], file: I64, choice: I64, code: I64, sound: Bools
) -> None:
    # Rows of entities first: a spoiled row of a citizen holds nobody.
    order = draws.bits("defect_order", batch.key) >> np.uint64(1)
    order += batch.flag("is_natural").astype(np.uint64) << np.uint64(63)
    for number, defect in enumerate(DEFECTS, start=1):
        if batch.kind not in defect.fields or (code == number).any():
            continue
        able = np.flatnonzero(can_bear(defect, batch, files, file, choice) & sound & (code == NONE))
        # Where there are few rows, most must stay sound.
        if len(able) and np.count_nonzero(code) * 4 < len(batch):
            code[able[np.argmin(order[able])]] = number


def spoil(
    draws: Draws, batch: Batch, code: I64, rendered: dict[str, pa.Array], spec: FileSpec
) -> dict[str, pa.Array]:
    """The cells of a file with the defects of its rows in them."""
    spoiled = dict(rendered)
    choice = draws.below("defect_field", batch.key, 1 << 20)
    for number, defect in enumerate(DEFECTS, start=1):
        rows = np.flatnonzero(code == number)
        fields = defect.fields.get(batch.kind, ())
        if not len(rows) or not fields:
            continue
        for place, name in enumerate(fields):
            here = rows[choice[rows] % len(fields) == place]
            if not len(here):
                continue
            cells = [
                defect.spoil(spoiled[name][row].as_py() or "", int(choice[row]) // 7) for row in here.tolist()
            ]
            mask = np.zeros(len(batch), dtype=np.bool_)
            mask[here] = True
            texts = pa.array([_written(cell, spec) for cell in cells], pa.string())
            spoiled[name] = pc.replace_with_mask(spoiled[name], pa.array(mask), texts)
    return spoiled


def _written(cell: str | None, spec: FileSpec) -> str | None:
    """A number that lost its digits, as the format writes it: a numeric cell, or E notation in text."""
    if cell is None or not cell.startswith(NUMBER_MARK) or spec.format in (*WORKBOOKS, "json", "jsonl"):
        return cell
    digits = cell.removeprefix(NUMBER_MARK)
    return f"{digits[0]}.{digits[1:6].rstrip('0') or '0'}E+{len(digits) - 1}"
