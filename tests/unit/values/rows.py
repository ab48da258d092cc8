"""One good row of each kind, and a short way from cells to what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from policy import load_policy
from records.codes import Lookups
from records.headers import match
from records.masking import IdHasher
from records.readers.model import CellBatch, table_of_rows
from records.registry import FIELDS
from records.typed import Typed, typed

LANDED_ON = date(2026, 11, 23)
SHA256 = "ab" * 32
HASHER = IdHasher(b"0123456789abcdef0123456789abcdef")
USCC = "91340000711771143J"
INDIVIDUAL = "92341823MA0000023K"
Cells = Mapping[str, str | None]

GOOD: Mapping[str, dict[str, str | None]] = {
    "entities": {
        "uscc": USCC, "name": "宣城（测试）有限公司", "entity_type": "企业", "status": "存续（在营、开业、在册）",
        "established_on": "2015/06/01", "division_code": "341802", "updated_on": "2024-01-01",
    },
    "licences": {
        "subject_name": "宣城（测试）有限公司", "subject_kind": "法人及非法人组织", "uscc": USCC, "legal_rep": "王小明",
        "doc_name": "食品经营许可", "doc_no": "宣食许〔2024〕1号", "licence_class": "普通", "content": "食品销售",
        "decided_on": "2024/01/05", "valid_from": "2024/01/05", "valid_to": "2099/12/31",
        "authority": "宣城市市场监督管理局", "state": "1",
    },
    "penalties": {
        "subject_name": "宣城（测试）有限公司", "subject_kind": "法人及非法人组织", "uscc": USCC, "legal_rep": "王小明",
        "doc_no": "宣市监罚〔2024〕1号", "violation_type": "违反食品安全规定", "facts": "销售过期食品",
        "basis": "食品安全法",
        "penalty_kinds": "罚款", "content": "罚款2000元", "fine_fen": "0.2", "decided_on": "2024/01/05",
        "authority": "宣城市市场监督管理局",
    },
    "inspections": {
        "uscc": USCC, "subject_name": "宣城（测试）有限公司", "task_no": "340000201709041000", "item": "公示信息检查",
        "result": "未发现问题", "authority": "宣城市市场监督管理局", "inspected_on": "2024/01/05",
    },
    "listings": {
        "uscc": USCC, "subject_name": "宣城（测试）有限公司", "list_type": "企业经营异常名录",
        "doc_no": "宣异〔2024〕1号",
        "authority": "宣城市市场监督管理局", "listed_on": "2024/01/05",
    },
    "amendments": {
        "target_kind": "行政处罚", "authority": "宣城市市场监督管理局", "doc_no": "宣市监罚〔2024〕1号", "uscc": USCC,
        "action": "信用修复", "effective_on": "2024/06/05",
    },
    "honours": {
        "uscc": USCC, "subject_name": "宣城（测试）有限公司", "honour_type": "诚信典型", "issuer": "宣城市文明办",
        "valid_from": "2024/01/05", "valid_to": "长期",
    },
    "rulings": {
        "uscc": USCC, "kind": "行政处罚", "authority": "宣城市市场监督管理局", "doc_no": "宣市监罚〔2024〕1号",
        "conclusion": "不涉及该主体", "decided_on": "2024/06/05", "decided_by": "宣城市发改委", "basis": "核查记录1号",
    },
}  # fmt: skip


@cache
def lookups() -> Lookups:
    return Lookups(load_policy())


def read(kind: str, *rows: Cells, headers: Mapping[str, str] | None = None, **options: Any) -> Typed:
    """Rows of cells by field, under the Chinese headers (or those of `headers`), as `typed` reads them.

    A field that no row has is no column of the file.
    """
    names = [field for field in FIELDS[kind] if any(field.name in row for row in rows)]
    titles = [(headers or {}).get(field.name, field.zh) for field in names]
    return read_cells(kind, titles, [[row.get(field.name) for field in names] for row in rows], **options)


def read_cells(
    kind: str, titles: Sequence[str], cells: Sequence[Sequence[str | None]], **options: Any
) -> Typed:
    """Cells under given headers, as `typed` reads them."""
    found = match(kind, titles)
    assert not found.missing and not found.duplicates, (found.missing, found.duplicates)
    batch = CellBatch(table_of_rows(list(range(1, len(cells) + 1)), cells, len(titles)), [])
    return typed(
        kind,
        batch,
        found,
        titles,
        options.pop("lookups", None) or lookups(),
        landed_on=options.pop("landed_on", LANDED_ON),
        ids=HASHER,
        sha256=SHA256,
        **options,
    )


def changed(kind: str, /, **cells: str | None) -> dict[str, str | None]:
    """The good row of a kind with other cells."""
    return {**GOOD[kind], **cells}


def read_one(kind: str, /, **cells: str | None) -> tuple[dict[str, Any], list[str]]:
    """The values of the good row with other cells, and the verdict columns that it breaks."""
    result = read(kind, changed(kind, **cells))
    return result.rows.to_pylist()[0], broken(result)[0]


def broken(result: Typed) -> list[list[str]]:
    """Per row the verdict columns that it breaks."""
    columns = result.verdicts.to_pydict()
    return [[name for name, values in columns.items() if values[row]] for row in range(result.rows.num_rows)]
