"""A landing folder of three entities, in canonical English columns, made to be spoiled."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

from records.identifiers import uscc_check


def code(number: int, kind: str = "91") -> str:
    body = f"{kind}341802MAX{number:06d}"
    return body + uscc_check(body)


ENTITIES = [
    ("uscc", "name", "entity_type", "status", "established_on", "division_code", "updated_on"),
    (code(1), "宣城市甲贸易有限公司", "企业", "存续", "2010-05-04", "341802", "2024-01-02"),
    (code(2), "宣城市乙食品有限公司", "企业", "在业", "2012-03-01", "341802", "2024-01-02"),
    (code(3, "92"), "宣州区丙小吃店", "个体工商户", "存续", "2015-07-09", "341802", "2024-01-02"),
]  # fmt: skip
PENALTY_COLUMNS = (
    "subject_name", "subject_kind", "uscc", "doc_no", "violation_type", "facts", "basis", "penalty_kinds", "content",
    "fine_fen", "decided_on", "authority",
)  # fmt: skip
LISTING_COLUMNS = ("uscc", "subject_name", "list_type", "doc_no", "authority", "listed_on", "removed_on")


def penalties(newest: date) -> list[tuple[str, ...]]:
    return [
        PENALTY_COLUMNS,
        ("宣城市乙食品有限公司", "法人及非法人组织", code(2), "宣市监罚字〔2026〕7号", "销售过期食品", "销售过期食品",
         "食品安全法第一百二十四条", "罚款", "罚款人民币五千元", "500000", newest.isoformat(), "宣城市市场监督管理局"),
    ]  # fmt: skip


def listings(newest: date) -> list[tuple[str, ...]]:
    return [
        LISTING_COLUMNS,
        (code(3, "92"), "宣州区丙小吃店", "经营异常名录", "宣市监异〔2026〕1号", "宣城市市场监督管理局",
         newest.isoformat(), ""),
    ]  # fmt: skip


def write(path: Path, rows: list[tuple[str, ...]], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def make(folder: Path, today: date) -> Path:
    """Sound files, fresh on ``today``."""
    newest = today - timedelta(days=2)
    write(folder / "entities" / "a.csv", ENTITIES)
    write(folder / "penalties" / "a.csv", penalties(newest))
    write(folder / "listings" / "a.csv", listings(newest))
    return folder


def no_doc_no(path: Path) -> None:
    """A file of penalties without a mandatory column."""
    write(path, [row[:3] + row[4:] for row in penalties(date.today())])
