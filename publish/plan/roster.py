"""The roster of inspectors (执法检查人员名录库): a CSV file or workbook of the office."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from records.errors import InputRefused

HEADERS = {
    "number": ("执法证号", "inspector_no"),
    "name": ("姓名", "name"),
    "authority": ("所属机关", "authority"),
    "conflicts": ("回避主体", "conflict_usccs"),
    "most": ("最多户数", "max_visits"),
}
_NEEDED = ("number", "name", "authority")


@dataclass(frozen=True)
class Inspector:
    """One inspector.

    Attributes:
        number: 执法证号, unique.
        name: for the plan, which regulators alone read.
        authority: name of the authority that sends him.
        conflicts: USCCs that he must not visit (回避).
        most: visits that he may have in a plan; None for any number.
    """

    number: str
    name: str
    authority: str
    conflicts: frozenset[str] = frozenset()
    most: int | None = None

    def can_visit(self, uscc: str, authority: str, load: int) -> bool:
        """Whether he may be sent by an authority to an entity, with so many visits already."""
        return (
            self.authority == authority
            and uscc not in self.conflicts
            and (self.most is None or load < self.most)
        )


def read_roster(place: Path) -> list[Inspector]:
    """The inspectors of a file, sorted by number.

    Args:
        place: ``.csv`` (UTF-8 or GB18030) or ``.xlsx``; headers 执法证号, 姓名, 所属机关, and where there are such
            回避主体 (USCCs, by ``;``) and 最多户数.

    Raises:
        InputRefused: ``roster_unreadable``, ``roster_columns``, ``roster_row``; names the file and row, no person.
    """
    rows = read_cells(place, "roster_unreadable")
    if not rows:
        raise InputRefused("holds no row", rule="roster_unreadable", file=place.name)
    head = [str(cell or "").strip() for cell in rows[0]]
    where = {key: next((head.index(h) for h in names if h in head), None) for key, names in HEADERS.items()}
    if lost := [HEADERS[key][0] for key in _NEEDED if where[key] is None]:
        raise InputRefused(f"lacks the columns {', '.join(lost)}", rule="roster_columns", file=place.name)
    found: dict[str, Inspector] = {}
    for line, row in enumerate(rows[1:], start=1):
        cells = {key: _cell(row, at) for key, at in where.items()}
        if not any(cells.values()):
            continue
        if not all(cells[key] for key in _NEEDED) or cells["number"] in found:
            what = "repeats a 执法证号" if cells["number"] in found else "lacks 执法证号, 姓名 or 所属机关"
            raise InputRefused(what, rule="roster_row", file=place.name, row=line)
        if cells["most"] and not cells["most"].isdecimal():
            raise InputRefused("最多户数 is no whole number", rule="roster_row", file=place.name, row=line)
        conflicts = cells["conflicts"].replace("；", ";").replace("、", ";").replace(",", ";").split(";")
        found[cells["number"]] = Inspector(
            cells["number"], cells["name"], cells["authority"],
            frozenset(code.strip().upper() for code in conflicts if code.strip()),
            int(cells["most"]) if cells["most"] else None,
        )  # fmt: skip
    return [found[number] for number in sorted(found)]


def _cell(row: Sequence[Any], at: int | None) -> str:
    if at is None or at >= len(row) or row[at] is None:
        return ""
    value = row[at]
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def read_cells(place: Path, rule: str) -> list[Sequence[Any]]:
    """The cells of a small file of an office: CSV (UTF-8 or GB18030) or the first sheet of a workbook.

    Raises:
        InputRefused: with ``rule``.
    """
    try:
        if place.suffix.lower() == ".xlsx":
            from python_calamine import CalamineError, CalamineWorkbook

            try:
                rows: Iterable[Sequence[Any]] = (
                    CalamineWorkbook.from_path(str(place)).get_sheet_by_index(0).to_python()
                )
            except CalamineError as error:
                raise InputRefused("cannot be read as a workbook", rule=rule, file=place.name) from error
            return list(rows)
        raw = place.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("gb18030")
        return list(csv.reader(io.StringIO(text)))
    except FileNotFoundError as error:
        raise InputRefused("does not exist", rule=rule, file=str(place)) from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputRefused("cannot be read", rule=rule, file=place.name) from error
