"""What the lake keeps of a row that was not taken in, and that nothing clear leaves with it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from records.quarantine import shape_rows_quarantined
from records.readers.model import ShapeRow
from records.registry import FIELDS
from records.schema import KINDS, QUARANTINE
from records.typed import Typed, split
from tests.unit.values.rows import (
    GOOD,
    HASHER,
    LANDED_ON,
    SHA256,
    USCC,
    broken,
    changed,
    lookups,
    read,
    read_cells,
)

CITIZEN = "34052419800101001X"
LISTS = pa.list_(pa.string())


class Judged:
    """Verdicts taken as they are, for tests that need no suite."""

    def __init__(self, result: Typed, reject_all: bool = False) -> None:
        found = broken(result)
        critical = [[name for name in names if not name.startswith("warn:")] for names in found]
        self.rejected = np.array([bool(names) or reject_all for names in critical], np.bool_)
        self.rules = pa.array(critical, LISTS)
        self.flags = pa.array(
            [[n.removeprefix("warn:") for n in names if n.startswith("warn:")] for names in found], LISTS
        )


def quarantine(result: Typed, reject_all: bool = False) -> list[dict[str, Any]]:
    _, held = split(result, Judged(result, reject_all))
    assert held.schema.equals(QUARANTINE)
    rows: list[dict[str, Any]] = held.to_pylist()
    return rows


def held_row(kind: str, /, **cells: str | None) -> dict[str, Any]:
    rows = quarantine(read(kind, changed(kind, **cells)))
    assert len(rows) == 1
    return rows[0]


def test_rows_are_split_and_keep_their_numbers() -> None:
    rows = [
        changed("penalties"),
        changed("penalties", decided_on="x"),
        changed("penalties", valid_to="2000-01-01"),
    ]
    result = read("penalties", *rows)
    accepted, held = split(result, Judged(result))
    assert accepted["source_row"].to_pylist() == [1, 3]
    assert accepted["flags"].to_pylist() == [[], ["ends_before_start:valid_to"]]
    assert accepted.schema.equals(result.rows.schema)
    assert held["source_row"].to_pylist() == [2]
    assert held["rules"].to_pylist() == [["date_unreadable:decided_on"]]


def test_duplicates_are_in_neither_table() -> None:
    result = read(
        "penalties", changed("penalties"), changed("penalties", decided_on="x"), changed("penalties")
    )
    accepted, held = split(result, Judged(result), np.array([True, False, False]))
    assert (accepted.num_rows, held.num_rows) == (1, 0)


def test_a_judgement_of_other_rows_is_refused() -> None:
    result, other = (
        read("penalties", GOOD["penalties"]),
        read("penalties", GOOD["penalties"], GOOD["penalties"]),
    )
    with pytest.raises(ValueError, match="2 rows were judged"):
        split(result, Judged(other))


def test_what_could_be_read_of_a_penalty() -> None:
    row = held_row(
        "penalties", fine_fen="x", uscc="９1340000711771143j", reg_no="341800000000016", org_code="71177114-3"
    )
    expected = {
        "sha256": SHA256, "source_row": 1, "kind": "penalties", "rules": ["amount_unreadable:fine_fen"], "uscc": USCC,
        "uscc_seen": "９1340000711771143j", "name_seen": "宣城（测试）有限公司", "name_norm": "宣城(测试)有限公司",
        "name_header": "行政相对人名称", "reg_no": "341800000000016", "org_code": "711771143",
        "subject_kind": "法人及非法人组织",
        "is_natural_person": False, "authority": "宣城市市场监督管理局", "authority_key": "341800-scjg",
        "authority_division": "3418", "doc_no": "宣市监罚〔2024〕1号", "doc_norm": "宣市监罚(2024)1号",
        "event_on": date(2024, 1, 5), "has_date_failure": False, "is_row_shape": False, "cells": [],
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_what_could_be_read_of_other_kinds() -> None:
    row = held_row(
        "listings", uscc="x", removed_on="2024/06/05", removal_reason="期满", updated_on="2024-07-01"
    )
    expected: dict[str, Any] = {
        "list_type": "经营异常名录", "removed_on": date(2024, 6, 5), "removal_code": "期满",
        "updated_on": date(2024, 7, 1),
        "event_on": date(2024, 1, 5), "uscc": None, "uscc_seen": "x",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    row = held_row("amendments", uscc="x")
    assert (row["target_kind"], row["action"], row["event_on"]) == ("penalties", "信用修复", date(2024, 6, 5))
    assert (row["name_seen"], row["name_norm"], row["name_header"]) == (None, None, None)
    row = held_row("rulings", conclusion="怪论")
    assert (row["conclusion"], row["uscc"], row["doc_norm"]) == (None, USCC, "宣市监罚(2024)1号")
    row = held_row("entities", status="怪态")
    assert (row["uscc"], row["name_norm"], row["name_header"], row["event_on"]) == (
        USCC,
        "宣城(测试)有限公司",
        "名称",
        None,
    )
    assert (row["updated_on"], row["doc_norm"], row["is_natural_person"]) == (date(2024, 1, 1), "", False)
    assert held_row("honours", uscc="x")["event_on"] == date(2024, 1, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fills_the_schema(kind: str) -> None:
    rows = quarantine(read(kind, GOOD[kind]), reject_all=True)
    assert json.loads(rows[0]["raw"]) == {
        field.zh: shown(field.name, kind) for field in FIELDS[kind] if field.name in GOOD[kind]
    }


def shown(field: str, kind: str) -> str | None:
    cell = GOOD[kind][field]
    if field == "facts":
        return f"[{len(cell or '')} characters]"
    return "王**" if field == "legal_rep" else cell


@pytest.mark.parametrize(
    ("kind", "cells", "event_on", "has_failure"),
    [
        ("penalties", {"uscc": "x"}, date(2024, 1, 5), False),
        ("penalties", {"decided_on": "x"}, None, True),
        ("penalties", {"decided_on": "2030-01-01"}, date(2030, 1, 1), True),
        ("penalties", {"decided_on": "1900-01-01"}, date(1900, 1, 1), True),
        ("penalties", {"valid_to": "x"}, date(2024, 1, 5), True),
        ("penalties", {"updated_on": "x"}, date(2024, 1, 5), True),
        ("penalties", {"uscc": "x", "publicity_until": "x"}, date(2024, 1, 5), False),
        ("listings", {"removed_on": "2023-01-01"}, date(2024, 1, 5), True),
        ("listings", {"removed_on": "x"}, date(2024, 1, 5), True),
        ("entities", {"status": "x"}, None, False),
        ("amendments", {"effective_on": "2030-01-01"}, date(2030, 1, 1), True),
    ],
)
def test_days_as_read(kind: str, cells: dict[str, str], event_on: date | None, has_failure: bool) -> None:
    row = held_row(kind, **cells)
    assert (row["event_on"], row["has_date_failure"]) == (event_on, has_failure)


# -- privacy ---------------------------------------------------------------------------------------------------------


def test_natural_persons_are_masked_in_the_row_as_read() -> None:
    row = held_row(
        "penalties", subject_name="张小三", subject_kind="自然人", uscc=None, legal_rep="李四", subject_id=CITIZEN,
        legal_rep_id="340524800101001", facts=f"张小三（{CITIZEN}）", remark="张小三", decided_on="x",
        content="电话13812345678",
    )  # fmt: skip
    raw = json.loads(row["raw"])
    assert raw["行政相对人名称"] == "张**"
    assert raw["法定代表人"] == "李**"
    assert (raw["证件号码"], raw["法定代表人证件号码"]) == ("***", "***")
    assert (raw["违法事实"], raw["备注"]) == ("[23 characters]", "[3 characters]")
    assert raw["处罚内容"] == "电话[电话]"
    assert row["name_seen"] == "张小三"  # clear in the lake, masked where it leaves
    assert row["is_natural_person"] is True
    assert CITIZEN not in str(row)


@pytest.mark.parametrize("kind", KINDS)
def test_a_citizens_id_in_any_column_is_not_kept(kind: str) -> None:
    for field in FIELDS[kind]:
        for cell in (CITIZEN, f"身份证{CITIZEN}", CITIZEN.lower(), "\x01" + CITIZEN[:17] + "0"):
            rows = quarantine(read(kind, {**GOOD[kind], field.name: cell}), reject_all=True)
            assert CITIZEN[:17] not in str(rows).upper(), field.name


def test_shifted_columns_do_not_show_an_id() -> None:
    cells = dict(zip(GOOD["penalties"], [CITIZEN, *list(GOOD["penalties"].values())[:-1]], strict=True))
    rows = quarantine(read("penalties", cells), reject_all=True)
    assert CITIZEN not in str(rows)


def test_columns_that_are_not_known_are_left_out() -> None:
    titles = [*(field.zh for field in FIELDS["amendments"] if field.name in GOOD["amendments"]), "别的列"]
    result = read_cells("amendments", titles, [[*GOOD["amendments"].values(), "张三"]])
    rows = quarantine(result, reject_all=True)
    assert "别的列" not in rows[0]["raw"]


def test_a_citizens_id_that_a_spreadsheet_rounded() -> None:
    row = held_row("penalties", uscc="\x01341802199001009984")
    assert row["rules"] == ["code_as_number:uscc"]
    assert row["uscc_seen"] == "[证件号]" and "341802199001009984" not in str(row)


# -- rows of wrong shape ---------------------------------------------------------------------------------------------


def test_rows_of_wrong_shape() -> None:
    cells = [
        "宣城（测试） 有限公司",
        USCC.lower(),
        "",
        "长" * 41,
        "长" * 40,
        CITIZEN,
        "电话13812345678",
        "\x01123",
        "x" * 60 + CITIZEN,
    ]
    held = shape_rows_quarantined(
        "penalties",
        [ShapeRow(7, cells), ShapeRow(9, [])],
        lookups(),
        landed_on=LANDED_ON,
        ids=HASHER,
        sha256=SHA256,
    )
    assert held.schema.equals(QUARANTINE)
    row, empty = held.to_pylist()
    assert (row["kind"], row["source_row"], row["rules"], row["is_row_shape"]) == (
        "penalties",
        7,
        ["row_shape"],
        True,
    )
    assert json.loads(row["raw"]) == [
        cells[0], USCC.lower(), "", "[41 characters]", "长" * 40, "[证件号]", "电话[电话]", "123", "[78 characters]",
    ]  # fmt: skip
    assert {USCC, "宣城(测试)有限公司"} <= set(row["cells"])
    assert CITIZEN not in str(row)
    assert (row["uscc"], row["name_norm"], row["event_on"], row["uscc_seen"], row["doc_norm"]) == (
        None,
        None,
        None,
        None,
        "",
    )
    assert (empty["raw"], empty["cells"]) == ("[]", [])


def test_a_name_with_a_number_in_a_row_of_wrong_shape() -> None:
    names = ["平安饭店(13812345678)", "平安饭店(13987654321)"]
    held = shape_rows_quarantined(
        "penalties", [ShapeRow(1, names[:1])], lookups(), landed_on=LANDED_ON, ids=HASHER, sha256=SHA256
    )
    (row,) = held.to_pylist()
    assert json.loads(row["raw"]) == ["平安饭店([电话])"]
    # It holds who bears that name, and nobody else.
    read_names = [
        read("entities", changed("entities", name=name)).rows["name_norm"][0].as_py() for name in names
    ]
    assert row["cells"] == read_names[:1] != read_names[1:]


def test_a_persons_name_in_a_row_of_wrong_shape() -> None:
    cells = [
        " 张三丰",
        "欧阳修",
        "买买提·艾力",
        "王五",
        "罚款",
        "警告",
        "自然人",
        "张三丰饺子馆",
        "宣城市市场监督管理局",
        "存续",
    ]
    held = shape_rows_quarantined(
        "listings", [ShapeRow(1, cells)], lookups(), landed_on=LANDED_ON, ids=HASHER, sha256=SHA256
    )
    (row,) = held.to_pylist()
    assert json.loads(row["raw"]) == ["张**", "欧**", "买**", "王**", *cells[4:]]


def test_a_persons_name_elsewhere_in_its_row() -> None:
    told = {"legal_rep": "张三丰", "content": "对张三丰罚款", "basis": "李四 张三丰", "decided_on": "x"}
    row = held_row("penalties", subject_name="宣城张三丰餐饮有限公司", **told)
    assert "对张**罚款" in row["raw"] and "李四 张**" in row["raw"]
    # The name of an enterprise is public, whoever's name is in it.
    assert row["name_seen"] == "宣城张三丰餐饮有限公司" and row["name_seen"] in row["raw"]
    row = held_row(
        "penalties", subject_name="王小明", subject_kind="自然人", uscc=None, content="王小明", decided_on="x"
    )
    assert "王小明" not in row["raw"] and '"王**"' in row["raw"]


def test_no_rows_of_wrong_shape() -> None:
    held = shape_rows_quarantined("listings", [], lookups(), landed_on=LANDED_ON, ids=HASHER, sha256=SHA256)
    assert held.num_rows == 0 and held.schema.equals(QUARANTINE)
