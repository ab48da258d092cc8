"""Decisions and list entries made by hand, and the table of their clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.publicity import disclosure
from policy import Policy
from records.intake import Delivery, Intake
from records.resolve.load import ROWS_PER_FILE, store_deliveries
from records.resolve.workspace import open_workspace
from records.schema import ACCEPTED

FIRM = "91341802MA2WE5W03B"
SHOP = "92341802MA2TEST0XK"
AUTHORITY = "宣城市市场监督管理局"
SERIOUS_LIST = "严重违法失信名单"
ENTITIES = (
    {"uscc": FIRM, "name": "宣城市甲有限公司", "key_area": None},
    {"uscc": SHOP, "name": "乙食品店", "key_area": None},
)


@dataclass(frozen=True)
class Penalty:
    """A winning penalty as the engine leaves it: force known, kinds canonical."""

    decided_on: date
    kinds: str = "没收违法所得"
    fine_fen: int | None = None
    linked: str | None = FIRM
    doc_no: str | None = None
    authority: str = AUTHORITY
    subject_kind: str = "法人及非法人组织"
    procedure: str | None = None
    doc_says_simple: bool = False
    says_revoked: bool = False
    violation_type: str = "虚假宣传"
    valid_to: date | None = None
    repaired_on: date | None = None
    is_annulled: bool = False
    is_winner: bool = True
    event_on: date | None = None  # where a 变更 gave it the day of the first version

    def number(self, row: int) -> str:
        """Its own number, or one for its place."""
        return f"宣市监罚〔{self.decided_on.year}〕{row}号" if self.doc_no is None else self.doc_no


@dataclass(frozen=True)
class Entry:
    """A winning list entry."""

    listed_on: date
    removed_on: date | None = None
    list_type: str = SERIOUS_LIST
    linked: str = FIRM
    doc_no: str | None = None
    subject_kind: str | None = None
    is_annulled: bool = False
    is_from_row: bool = True


_VERSIONS = pa.schema(
    [
        *[(name, pa.string()) for name in ("linked", "authority", "doc_no", "subject_kind", "kinds", "procedure")],
        *[(name, pa.string()) for name in ("procedure_code", "tier_flag")],
        *[(name, pa.bool_()) for name in ("is_winner", "is_annulled", "is_natural_person", "says_revoked")],
        *[(name, pa.date32()) for name in ("decided_on", "event_on", "repaired_on")],
        *[(name, pa.int64()) for name in ("fine_fen", "confiscated_fen", "rid")],
        ("doc_says_simple", pa.bool_()), ("tier", pa.int32()),
    ]
)  # fmt: skip
_ENTRIES = pa.schema(
    [
        *[(name, pa.string()) for name in ("linked", "kind", "authority", "doc_no", "list_type")],
        *[(name, pa.bool_()) for name in ("is_annulled", "is_from_row")],
        *[(name, pa.date32()) for name in ("event_on", "removed_on", "repaired_on")],
        ("rid", pa.int64()),
    ]
)
_LINKED = pa.schema([("rid", pa.int64()), ("is_natural_person", pa.bool_()), ("subject_kind", pa.string())])
_FEATURES = pa.schema([(name, pa.string()) for name in ("uscc", "name", "key_area")])


def clocks(
    folder: Path,
    policy: Policy,
    as_of: date,
    penalties: list[Penalty],
    entries: list[Entry] | None = None,
    entities: Any = ENTITIES,
) -> list[dict[str, Any]]:
    """The rows of ``disclosure``."""
    folder.mkdir(parents=True, exist_ok=True)
    accepted = [
        {"sha256": "f", "source_row": n, "violation_type": p.violation_type, "valid_to": p.valid_to,
         "kinds": p.kinds, "is_natural_person": p.subject_kind == "自然人", "subject_kind": p.subject_kind}
        for n, p in enumerate(penalties, 1)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(accepted, ACCEPTED["penalties"]), folder / "accepted.parquet")
    delivery = Delivery(
        "penalties",
        "penalties/f.csv",
        "f",
        as_of,
        1,
        1,
        False,
        False,
        None,
        {},
        folder / "accepted.parquet",
        None,
    )
    intake = Intake((delivery,))
    ws = open_workspace(folder)
    try:
        store_deliveries(ws, intake)
        ws.put_rows("penalty_versions", [_version(n, p) for n, p in enumerate(penalties, 1)], _VERSIONS)
        listed = list(enumerate(entries or [], 1))
        ws.put_rows("listing_records", [_entry(n, e) for n, e in listed], _ENTRIES)
        ws.put_rows(
            "linked_listings",
            [
                {"rid": n, "is_natural_person": e.subject_kind == "自然人", "subject_kind": e.subject_kind}
                for n, e in listed
            ],
            _LINKED,
        )
        features = ws.put_rows("features", entities, _FEATURES)
        return ws.fetch(disclosure(ws, intake, features, as_of, policy)).to_pylist()
    finally:
        ws.close()


def _version(row: int, p: Penalty) -> dict[str, Any]:
    return {
        "linked": p.linked, "authority": p.authority, "doc_no": p.number(row), "subject_kind": p.subject_kind,
        "kinds": p.kinds, "procedure": p.procedure,
        "procedure_code": {"简易": "simple", "普通": "ordinary", None: None}[p.procedure],
        "rid": ROWS_PER_FILE + row, "tier": 9, "is_winner": p.is_winner, "is_annulled": p.is_annulled,
        "is_natural_person": p.subject_kind == "自然人", "says_revoked": p.says_revoked,
        "doc_says_simple": p.doc_says_simple, "decided_on": p.decided_on, "event_on": p.event_on or p.decided_on,
        "repaired_on": p.repaired_on, "fine_fen": p.fine_fen,
    }  # fmt: skip


def _entry(row: int, e: Entry) -> dict[str, Any]:
    return {
        "linked": e.linked, "kind": "listings", "authority": AUTHORITY, "doc_no": e.doc_no, "list_type": e.list_type,
        "is_annulled": e.is_annulled, "is_from_row": e.is_from_row, "event_on": e.listed_on,
        "removed_on": e.removed_on, "rid": row,
    }  # fmt: skip
