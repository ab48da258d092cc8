"""The look-up for fiscal funds and investment support (诚信系数): a factor for each applicant, and no class.

Only the desk's files are opened, so that no class can be told (promise 5).
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from publish.plan.roster import read_cells
from publish.words import GROUNDS, STATUSES
from publish.workbook import Column, workbook
from records.errors import InputRefused

_CODE = ("统一社会信用代码", "uscc", "USCC")
_NAME = ("名称", "主体名称", "企业名称", "申请人", "name")
HEADERS = ("统一社会信用代码", "申请人（所报）", "主体名称", "诚信系数", "状态", "说明", "截至日期")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Integrity:
    """The answer for one applicant.

    Attributes:
        uscc, asked_name: as asked.
        name: of the entity; None where the snapshot does not know it.
        status: its code; factor: None where a person must look, or it is unknown.
        why: in words.
    """

    uscc: str
    asked_name: str
    name: str | None
    status: str | None
    factor: Decimal | None
    why: str


def read_applicants(place: Path) -> list[tuple[str, str]]:
    """(USCC, name as written) of each row, in the order of the file.

    Raises:
        InputRefused: ``applicants_unreadable``, ``applicants_columns``, ``applicants_row``.
    """
    rows = read_cells(place, "applicants_unreadable")
    head = [str(cell or "").strip() for cell in rows[0]] if rows else []
    at = next((head.index(h) for h in _CODE if h in head), None)
    if at is None:
        raise InputRefused(f"lacks the column {_CODE[0]}", rule="applicants_columns", file=place.name)
    named = next((head.index(h) for h in _NAME if h in head), None)
    found = []
    for line, row in enumerate(rows[1:], start=1):
        code = "".join(unicodedata.normalize("NFKC", str(row[at] if at < len(row) else "")).split()).upper()
        name = str(row[named]).strip() if named is not None and named < len(row) and row[named] else ""
        if not code and not name:
            continue
        if not code:
            raise InputRefused("has no 统一社会信用代码", rule="applicants_row", file=place.name, row=line)
        found.append((code, name))
    return found


def answer(
    snapshot: Path, asked: Sequence[tuple[str, str]], factors: Mapping[str, Decimal | None]
) -> list[Integrity]:
    """The factor of each applicant: that of its status, or of an honour where one is open besides.

    Args:
        snapshot: its folder; only ``desk/eligibility.parquet`` is opened.
        asked: (USCC, name).
        factors: `integrity_factors` of the policy.
    """
    import duckdb

    place = str(snapshot / "desk/eligibility.parquet")
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT uscc, name, status, grounds FROM read_parquet(?, hive_partitioning = false)"
            " WHERE uscc IN (SELECT unnest(?::VARCHAR[]))",
            [place, sorted({code for code, _ in asked})],
        ).fetchall()
    known = {uscc: (name, status, grounds) for uscc, name, status, grounds in rows}
    return [_one(code, name, known.get(code), factors) for code, name in asked]


def _one(
    code: str,
    asked_name: str,
    found: tuple[str | None, str, list[str]] | None,
    factors: Mapping[str, Decimal | None],
) -> Integrity:
    if found is None:
        return Integrity(code, asked_name, None, None, None, "登记数据中没有该代码，请核对 unknown code")
    name, status, grounds = found
    codes = [status, *(f"ELIGIBLE_{ground}" for ground in grounds)]
    values = [value for value in (factors.get(c) for c in codes) if value is not None]
    # What is held waits for a person, whatever else is open.
    factor = max(values) if values and factors.get(status) is not None else None
    why = STATUSES[status][0]
    if grounds:
        why += "（" + "、".join(GROUNDS.get(g, g) for g in grounds) + "）"
    if asked_name and name and _folded(asked_name) != _folded(name):
        why += "；所报名称与登记名称不一致"
    return Integrity(code, asked_name, name, status, factor, why)


def write_answers(answers: Sequence[Integrity], place: Path, as_of: date) -> None:
    """Writes the answers, CSV (UTF-8 with BOM) or workbook, in the order asked."""
    if place.suffix.lower() == ".xlsx":
        columns = (
            Column(HEADERS[0], width=22), Column(HEADERS[1], width=32), Column(HEADERS[2], width=32),
            Column(HEADERS[3], "number", 10), Column(HEADERS[4], width=22), Column(HEADERS[5], width=48),
            Column(HEADERS[6], "day", 12),
        )  # fmt: skip
        with workbook(place) as book:
            book.table(
                "诚信系数",
                columns,
                ((a.uscc, a.asked_name, a.name, a.factor, a.status, a.why, as_of) for a in answers),
            )
        return
    with open(place, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADERS)
        for a in answers:
            factor = "" if a.factor is None else str(a.factor)
            cells = (a.uscc, a.asked_name, a.name or "", factor, a.status or "", a.why, as_of.isoformat())
            writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    place.chmod(0o600)


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).upper()
    return "".join(text.split()).replace("(", "（").replace(")", "）")
