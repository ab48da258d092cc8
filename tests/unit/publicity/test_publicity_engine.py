"""The table in its place: graded from accepted rows, with amendments, versions and links, and published."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.engine import TABLES, EngineResult, grade
from policy import Policy
from publish.tables import CLASS_WORDS, DISCLOSURE
from publish.verify_tables import check_table
from publish.writer import write_table
from records.intake import Delivery, Intake
from records.schema import ACCEPTED
from tests.unit.publicity.world import AUTHORITY, FIRM, SERIOUS_LIST, SHOP

D = date.fromisoformat
AS_OF = D("2026-11-23")
YOUNG = "91341802MA2YOUNG07"
GONE = "91341802MA2GONE001"


def entity(uscc: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "uscc": uscc, "name": name, "name_norm": name, "entity_type": "企业", "status": "存续",
        "established_on": D("2010-01-01"), "division_code": "341802", **more,
    }  # fmt: skip


def subject(doc_no: str, **more: Any) -> dict[str, Any]:
    return {
        "uscc": FIRM, "subject_name": "行上的名称", "name_norm": "行上的名称", "subject_kind": "法人及非法人组织",
        "is_natural_person": False, "authority": AUTHORITY, "authority_key": "341800-scjg", "doc_no": doc_no,
        "doc_norm": doc_no, **more,
    }  # fmt: skip


def penalty(doc_no: str, **more: Any) -> dict[str, Any]:
    own = {"kinds": "没收违法所得", "decided_on": D("2026-05-10"), "says_revoked": False, "doc_says_simple": False,
           "status_code": "in_force", "violation_type": "虚假宣传"}  # fmt: skip
    return {**subject(doc_no), **own, **more}


def amendment(doc_no: str, action: str, on: str, **more: Any) -> dict[str, Any]:
    own = {
        "target_kind": "penalties",
        "action": action,
        "effective_on": D(on),
        "row_key": f"{doc_no}{action}{on}",
    }
    return {**subject(doc_no), **own, **more}


ROWS = {
    "entities": [
        entity(FIRM, "宣城市甲有限公司", key_area="食品生产"),
        entity(SHOP, "乙商店", entity_type="个体工商户"),
        entity(YOUNG, "明年有限公司", established_on=D("2027-01-01"), predecessor_uscc=GONE),
    ],
    "penalties": [
        penalty("普通"),
        penalty("先轻后重", kinds="警告"),
        penalty("先轻后重", kinds="吊销许可证件"),
        penalty("自身撤销", status_code="annulled"),
        penalty("撤销"),
        penalty("修复"),
        penalty("撤销修复"),
        penalty("将来修复"),
        penalty("变更", decided_on=D("2025-05-01")),
        penalty("变更", decided_on=D("2026-06-01")),
        penalty("限制", kinds="限制从业", valid_to=D("2032-01-01")),
        penalty("消防", uscc=SHOP, violation_type="消防设施损坏", decided_on=D("2025-01-10")),
        penalty("自然人", uscc=SHOP, subject_kind="自然人", is_natural_person=True, subject_name="王小明"),
        penalty("未成立", uscc=YOUNG),
        penalty("前身无行", uscc=GONE),
        penalty("无人", uscc=None, name_norm="谁也不是"),
        penalty("将来", decided_on=D("2026-11-24")),
    ],
    "amendments": [
        amendment("撤销", "撤销", "2026-06-01"),
        amendment("修复", "信用修复", "2026-10-01"),
        amendment("撤销修复", "信用修复", "2026-10-01"),
        amendment("撤销修复", "撤销修复", "2026-10-20"),
        amendment("将来修复", "信用修复", "2026-11-24"),
        amendment("变更", "变更", "2026-06-02"),
    ],
    "listings": [
        {**subject("列严"), "list_type": SERIOUS_LIST, "listed_on": D("2025-01-31")},
        {**subject("移出"), "list_type": SERIOUS_LIST, "listed_on": D("2025-01-31"), "removed_on": D("2026-03-01"),
         "removal_code": "修复"},
        {**subject("错列"), "list_type": SERIOUS_LIST, "listed_on": D("2025-01-31"), "removed_on": D("2026-03-01"),
         "removal_code": "错误列入"},
        {**subject("异常"), "list_type": "经营异常名录", "listed_on": D("2025-01-31")},
        {**subject("人", uscc=SHOP, subject_kind="自然人", is_natural_person=True), "list_type": SERIOUS_LIST,
         "listed_on": D("2025-01-31")},
    ],
}  # fmt: skip


def received(folder: Path) -> Intake:
    found = []
    for order, (kind, rows) in enumerate(ROWS.items(), 1):
        full = [{"sha256": kind, "source_row": n, "flags": [], **row} for n, row in enumerate(rows, 1)]
        pq.write_table(pa.Table.from_pylist(full, ACCEPTED[kind]), folder / f"{kind}.parquet")
        found.append(
            Delivery(
                kind,
                f"{kind}/f.csv",
                kind,
                AS_OF,
                1,
                order,
                False,
                False,
                None,
                {},
                folder / f"{kind}.parquet",
                None,
            )
        )
    return Intake(tuple(found))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, shipped: Policy) -> EngineResult:
    folder = tmp_path_factory.mktemp("city")
    return grade(received(folder), shipped, AS_OF, folder / "work")


def test_each_record_in_each_channel(graded: EngineResult) -> None:
    rows = pq.read_table(graded.tables["disclosure"]).to_pylist()
    shown = {(r["doc_no"], r["channel"]): (r["is_published"], r["publish_until"], r["rule"]) for r in rows}
    other, general = "gsxt_2021_other", "creditchina_2026_general"
    plain = {"gsxt": (True, D("2029-05-10"), other), "creditchina": (True, D("2027-05-10"), general)}
    assert shown == {
        **{(doc, channel): plain[channel] for doc in ("普通", "撤销修复", "将来修复") for channel in plain},
        ("先轻后重", "gsxt"): (True, D("2029-05-10"), "gsxt_2021_heavy"),
        ("先轻后重", "creditchina"): (True, D("2029-05-10"), "creditchina_2026_serious"),
        ("修复", "gsxt"): (False, D("2026-09-30"), other),
        ("修复", "creditchina"): (False, D("2026-09-30"), general),
        ("变更", "gsxt"): (True, D("2028-05-01"), other),
        ("变更", "creditchina"): (False, D("2026-05-01"), "creditchina_2026_transition"),
        ("限制", "gsxt"): (True, D("2032-01-01"), "gsxt_2021_heavy"),
        ("限制", "creditchina"): (True, D("2029-05-10"), "creditchina_2026_serious"),
        ("消防", "gsxt"): (True, D("2028-01-10"), other),
        ("消防", "creditchina"): (False, D("2026-04-01"), "creditchina_2026_transition"),
        ("列严", "gsxt"): (True, D("2028-01-31"), "gsxt_2021_serious_list"),
        ("移出", "gsxt"): (False, D("2026-02-28"), "gsxt_2021_serious_list"),
    }
    earliest = {(r["doc_no"], r["channel"]): r["earliest_repair_on"] for r in rows}
    # The firm's key area is food; the shop's violation is of fire, which is no area of gsxt.
    assert earliest["普通", "gsxt"] == D("2027-05-11")
    assert earliest["消防", "gsxt"] == D("2025-07-11")
    assert earliest["消防", "creditchina"] == D("2026-01-11")
    assert {(r["uscc"], r["name"]) for r in rows} == {(FIRM, "宣城市甲有限公司"), (SHOP, "乙商店")}


def test_it_is_published_at_the_desk(graded: EngineResult, tmp_path: Path) -> None:
    assert set(TABLES) == set(graded.tables)
    assert DISCLOSURE.folder == "desk" and not CLASS_WORDS & set(DISCLOSURE.schema.names)
    snapshot = tmp_path / "snapshot"
    (snapshot / "desk").mkdir(parents=True)
    outputs = write_table(DISCLOSURE, graded.tables["disclosure"], snapshot, tmp_path / "scratch")
    assert list(check_table(snapshot, DISCLOSURE, {output.path: output.rows for output in outputs})) == []
    text = (snapshot / DISCLOSURE.csv).read_text(encoding="utf-8-sig")
    assert "王" not in text and "行上的名称" not in text
