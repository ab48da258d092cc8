"""The queue of held rows: what is held, why, since when, and the ruling that would settle each (rules §4)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from publish.places import MANIFEST
from records.errors import CreditgradeError, UsageError

HOLDS = "regulators/holds.parquet"
# Canonical column of a ruling → its Chinese header (contract §2), in the order of the workbook.
RULING = {
    "uscc": "统一社会信用代码", "kind": "记录类别", "authority": "作出机关", "doc_no": "决定文书号",
    "event_on": "决定日期", "penalty_kinds": "处罚类别", "conclusion": "复核结论", "decided_on": "复核日期",
    "decided_by": "复核单位", "basis": "复核依据", "source_sha256": "来源文件", "source_row": "来源行",
}  # fmt: skip
_KINDS = {
    "entities": "市场主体", "licences": "行政许可", "penalties": "行政处罚", "inspections": "抽查检查",
    "listings": "名录名单", "amendments": "修复变更", "honours": "守信激励", "rulings": "复核结论",
}  # fmt: skip
NOT_THIS_ONE, UPHELD, UNFOUNDED, AGAIN = "不涉及该主体", "属实有效", "不成立", "重新核查"


@dataclass(frozen=True)
class HeldRow:
    """One entity held by one delivered row, visit or late source.

    Attributes:
        why: the rules that the row failed, or why it found no entity.
        landed_on: day of receipt; None for a late source.
        waits_days: days from the receipt to the day asked about.
        conclusions: those that a ruling may give; without 属实有效 where that would settle nothing, or would make
            a record of an entity that is held only through another.
    """

    uscc: str
    name: str
    division_code: str
    kind: str
    authority: str | None
    doc_no: str | None
    event_on: date | None
    hold_rule: str
    via: str
    source_file: str | None
    source_sha256: str | None
    source_row: int | None
    why: tuple[str, ...]
    landed_on: date | None
    waits_days: int | None
    conclusions: tuple[str, ...]

    @property
    def can_be_ruled(self) -> bool:
        """Whether a ruling can settle it: a late source waits for deliveries."""
        return self.source_sha256 is not None

    def ruling(self) -> dict[str, str | None]:
        """The row of rulings that settles it, once conclusion, day, office and basis are filled in."""
        return {
            "uscc": self.uscc,
            "kind": _KINDS[self.kind],
            "authority": self.authority,
            "doc_no": self.doc_no,
            "event_on": self._event_day(),
            "penalty_kinds": None,
            "conclusion": None,
            "decided_on": None,
            "decided_by": None,
            "basis": None,
            "source_sha256": self.source_sha256,
            "source_row": None if self.source_row is None else str(self.source_row),
        }

    def _event_day(self) -> str | None:
        # Only of these does a ruling make a record; and of a day outside the range the person says which was meant.
        is_wanted = self.kind in ("penalties", "listings") and not any(
            "date_range" in rule for rule in self.why
        )
        return self.event_on.isoformat() if is_wanted and self.event_on is not None else None


def held_rows(
    snapshot: Path, *, division: str | None = None, authority: str | None = None, uscc: str | None = None
) -> list[HeldRow]:
    """The queue of a snapshot, the longest waiting first.

    Args:
        snapshot: its folder.
        division: only entities whose division code begins with it.
        authority: only rows of an authority whose name contains it.
        uscc: only this entity.

    Raises:
        UsageError: ``no_holds`` where an earlier version made the snapshot.
        CreditgradeError: ``snapshot_damaged``.
    """
    import duckdb

    if not (snapshot / HOLDS).exists():
        raise UsageError(
            f"{snapshot} has no queue of held rows: an earlier version made it; run it again", rule="no_holds"
        )
    landed = _landed(snapshot)
    with duckdb.connect() as con:
        for name in ("holds", "quarantine", "unmatched"):
            place = str(snapshot / "regulators" / f"{name}.parquet").replace("'", "''")
            con.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{place}', hive_partitioning = false)"
            )
        result = con.execute(
            _QUERY, {"division": division or "", "authority": authority or "", "uscc": uscc or ""}
        )
        names = [column[0] for column in result.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    made = [_held(row, landed) for row in rows]
    return sorted(
        made, key=lambda row: (-(row.waits_days or 0), row.uscc, row.hold_rule, row.source_row or 0)
    )


_QUERY = """
SELECT h.*, coalesce(q.rules, CASE WHEN u.reason IS NULL THEN [] ELSE [u.reason] END) AS why
FROM holds h
LEFT JOIN (SELECT DISTINCT ON (kind, source_file, source_sha256, source_row) * FROM quarantine) q
  USING (kind, source_file, source_sha256, source_row)
LEFT JOIN (SELECT DISTINCT ON (kind, source_file, source_sha256, source_row) * FROM unmatched) u
  USING (kind, source_file, source_sha256, source_row)
WHERE starts_with(coalesce(h.division_code, ''), $division)
  AND ($authority = '' OR contains(coalesce(h.authority, ''), $authority))
  AND ($uscc = '' OR h.uscc = $uscc)
"""


def _landed(snapshot: Path) -> dict[tuple[str, str], date]:
    try:
        inputs = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))["inputs"]
        days = [((item["path"], item["sha256"]), date.fromisoformat(item["landed_on"])) for item in inputs]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CreditgradeError(
            "cannot be read", rule="snapshot_damaged", file=str(snapshot / MANIFEST)
        ) from error
    found: dict[tuple[str, str], date] = {}
    for key, day in days:
        found[key] = min(day, found.get(key, day))
    return found


def _held(row: Mapping[str, Any], landed: Mapping[tuple[str, str], date]) -> HeldRow:
    day = landed.get((row["source_file"], row["source_sha256"]))
    is_own = row["via"] == row["uscc"]
    upheld = (UPHELD,) if row["can_be_upheld"] and is_own else ()
    return HeldRow(
        uscc=row["uscc"],
        name=row["name"] or "",
        division_code=row["division_code"] or "",
        kind=row["kind"],
        authority=row["authority"],
        doc_no=row["doc_no"],
        event_on=row["event_on"],
        hold_rule=row["hold_rule"],
        via=row["via"],
        source_file=row["source_file"],
        source_sha256=row["source_sha256"],
        source_row=row["source_row"],
        why=tuple(row["why"] or ()),
        landed_on=day,
        waits_days=None if day is None else max(0, (row["as_of"] - day).days),
        conclusions=(NOT_THIS_ONE, *upheld, UNFOUNDED, AGAIN),
    )


def by_authority(rows: Sequence[HeldRow]) -> list[tuple[str, int, int, date | None]]:
    """(authority, held rows, entities, oldest receipt), the most rows first."""
    groups: dict[str, list[HeldRow]] = {}
    for row in rows:
        groups.setdefault(row.authority or "", []).append(row)
    made = [
        (
            name,
            len(group),
            len({row.uscc for row in group}),
            min((row.landed_on for row in group if row.landed_on), default=None),
        )
        for name, group in groups.items()
    ]
    return sorted(made, key=lambda one: (-one[1], one[0]))
