"""The queue of held rows as a workbook that a supervisor fills in, and that is a landing file of rulings when saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publish.held import RULING, HeldRow
from publish.story.words import rule_words

if TYPE_CHECKING:
    from datetime import date

SHEET, NOTES = "复核结论", "说明"
# Columns that help to decide; no field of rulings bears such a name, so they are kept out when it is read.
_HELP = {
    "name": "主体名称（参考）", "reason": "待复核原因（参考）", "division": "行政区划（参考）",
    "via": "经由主体（参考）", "file": "报送文件（参考）", "landed": "收到日期（参考）", "waits": "等待天数（参考）",
}  # fmt: skip
COLUMNS = {
    "uscc": 22, "name": 30, "reason": 36, "kind": 12, "authority": 28, "doc_no": 26, "event_on": 13,
    "penalty_kinds": 18, "conclusion": 16, "decided_on": 13, "decided_by": 20, "basis": 30, "source_sha256": 18,
    "source_row": 8, "division": 12, "via": 22, "file": 30, "landed": 13, "waits": 10,
}  # fmt: skip
_TO_FILL = ("event_on", "penalty_kinds", "conclusion", "decided_on", "decided_by", "basis")
HEADER_ROW = 3
_ADVICE = (
    "请填写黄色各列后另存，放入 landing/rulings（复核结论）文件夹。尚未作出结论的行请删除整行，不要留空。",
    "Fill in the yellow columns, save, and put the file into landing/rulings. Delete the rows without a conclusion.",
)
_EXPLAINED = (
    ("不涉及该主体", "该记录与本主体无关：只解除本主体的待定"),
    ("属实有效", "记录属实：处罚须填决定日期和处罚类别，名录名单须填决定日期（列入日期）；据此计入"),
    ("不成立", "该记录不成立：同时解除经由本主体而待定的隶属企业和后续主体"),
    ("重新核查", "恢复待定，等待更正数据"),
    ("复核日期", "作出复核结论的日期；自该日起生效"),
    ("经由主体（参考）", "因分支机构或者前身主体的记录而待定的，如记录属实，请对该主体作出结论"),
    ("来源文件、来源行", "指明原始记录，请勿修改"),
)


def write_workbook(rows: Sequence[HeldRow], place: Path, as_of: str, kinds: Sequence[str]) -> int:
    """Writes the workbook.

    Args:
        rows: the queue; those that no ruling can settle are left out.
        place: the file, which must not exist.
        as_of: day of the snapshot, for the title.
        kinds: names of penalty kinds that may be chosen.

    Returns:
        rows written.
    """
    import xlsxwriter

    settled = [row for row in rows if row.can_be_ruled]
    # Nothing that was delivered may be run as a formula or become a link.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(place), options) as book:
        styles = _styles(book)
        sheet, notes = book.add_worksheet(SHEET), book.add_worksheet(NOTES)
        for number, line in enumerate((f"待复核事项，截至 {as_of}", *_ADVICE)):
            sheet.write_string(number, 0, line, styles["bold" if number == 0 else "plain"])
        _table(sheet, settled, styles, len(kinds))
        _notes(notes, kinds, styles)
    place.chmod(0o600)
    return len(settled)


def _styles(book: Any) -> dict[str, Any]:
    yellow = "#FFF2CC"
    return {
        "plain": book.add_format(),
        "bold": book.add_format({"bold": True, "font_size": 13}),
        "head": book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1, "text_wrap": True}),
        "text": book.add_format({"num_format": "@"}),
        "fill": book.add_format({"num_format": "@", "bg_color": yellow, "border": 1}),
        "day": book.add_format({"num_format": "yyyy-mm-dd", "bg_color": yellow, "border": 1}),
    }


def _table(sheet: Any, rows: Sequence[HeldRow], styles: Mapping[str, Any], kinds: int) -> None:
    headers = {**RULING, **_HELP}
    for column, (name, width) in enumerate(COLUMNS.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(HEADER_ROW, column, headers[name], styles["head"])
    place = {name: column for column, name in enumerate(COLUMNS)}
    for number, row in enumerate(rows, start=HEADER_ROW + 1):
        cells = {**row.ruling(), **_help(row)}
        for name, column in place.items():
            style = styles["text"]
            if name in _TO_FILL:
                style = styles["day" if name == "decided_on" else "fill"]
            value = cells[name]
            if value:
                sheet.write_string(number, column, value, style)
            else:
                sheet.write_blank(number, column, None, style)
        choose = {"validate": "list", "source": list(row.conclusions), "error_title": "复核结论"}
        sheet.data_validation(number, place["conclusion"], number, place["conclusion"], choose)
    if rows:
        last = HEADER_ROW + len(rows)
        days = {"validate": "date", "criteria": ">=", "value": _first_day(), "error_title": "复核日期"}
        sheet.data_validation(HEADER_ROW + 1, place["decided_on"], last, place["decided_on"], days)
        listed = {"validate": "list", "source": f"={NOTES}!$D$2:$D${kinds + 1}", "error_type": "warning"}
        sheet.data_validation(HEADER_ROW + 1, place["penalty_kinds"], last, place["penalty_kinds"], listed)
        sheet.autofilter(HEADER_ROW, 0, last, len(COLUMNS) - 1)
    sheet.freeze_panes(HEADER_ROW + 1, 2)


def _help(row: HeldRow) -> dict[str, str]:
    reason = rule_words(row.hold_rule).zh
    if row.why:
        reason += f"（{', '.join(row.why)}）"
    return {
        "name": row.name,
        "reason": reason,
        "division": row.division_code,
        "via": row.via if row.via != row.uscc else "",
        "file": f"{row.source_file}:{row.source_row}",
        "landed": row.landed_on.isoformat() if row.landed_on else "",
        "waits": "" if row.waits_days is None else str(row.waits_days),
    }


def _notes(sheet: Any, kinds: Sequence[str], styles: Mapping[str, Any]) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    sheet.set_column(3, 3, 24)
    sheet.write_string(0, 0, "填写说明", styles["bold"])
    sheet.write_string(0, 3, "处罚类别", styles["head"])
    for number, (name, words) in enumerate(_EXPLAINED, start=1):
        sheet.write_string(number, 0, name, styles["plain"])
        sheet.write_string(number, 1, words, styles["plain"])
    for number, kind in enumerate(kinds, start=1):
        sheet.write_string(number, 3, kind, styles["plain"])


def _first_day() -> date:
    from datetime import date

    return date(1949, 10, 1)
