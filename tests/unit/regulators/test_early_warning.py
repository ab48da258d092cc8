"""Early warning: each kind is raised at its threshold, and one below it is not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from models.early_warning import early_warnings
from policy import load_policy
from records.resolve.workspace import open_workspace

DAY = date(2026, 6, 30)
MONEY = pa.decimal128(18, 6)


def version(uscc: str, days_ago: int, **cells: Any) -> dict[str, Any]:
    row = {
        "uscc": uscc, "known_on": DAY - timedelta(days=days_ago), "name_norm": "甲", "entity_type": "企业",
        "division_code": "341802", "industry_code": "F5231", "registered_capital_wan": Decimal(100),
    }  # fmt: skip
    return {**row, **cells}


def raised(
    folder: Path, events: list[tuple[str, str, int]], versions: list[dict[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """(uscc, warning) → row, from events (uscc, stream, days ago) and registered rows."""
    ws = open_workspace(folder / "ws")
    try:
        codes = sorted({uscc for uscc, _, _ in events} | {one["uscc"] for one in versions})
        text = pa.string()
        ws.put_rows(
            "grades",
            [{"uscc": u, "name": u, "division_code": "341802", "risk_class": "A"} for u in codes],
            pa.schema([(c, text) for c in ("uscc", "name", "division_code", "risk_class")]),
        )
        ws.put_rows(
            "entity_versions",
            versions,
            pa.schema(
                [("uscc", text), ("known_on", pa.date32()), ("name_norm", text), ("entity_type", text),
                 ("division_code", text), ("industry_code", text), ("registered_capital_wan", MONEY)]
            ),
        )  # fmt: skip
        seen = ws.put_rows(
            "events",
            [{"uscc": u, "stream": s, "event_on": DAY - timedelta(days=n)} for u, s, n in events],
            pa.schema([("uscc", text), ("stream", text), ("event_on", pa.date32())]),
        )
        table = early_warnings(ws, seen, DAY, load_policy())
        rows: list[dict[str, Any]] = ws.fetch(table).to_pylist()
        assert isinstance(table, ibis.expr.types.Table)
        return {(row["uscc"], row["warning"]): row for row in rows}
    finally:
        ws.close()


def test_points_that_rise(tmp_path: Path) -> None:
    """300 points in 30 days; a record of day 30 is too old."""
    found = raised(
        tmp_path,
        [("one", "penalty_serious", 29), ("old", "penalty_serious", 30), ("low", "penalty_general", 1)],
        [],
    )
    assert set(found) == {("one", "POINTS_RISE")}
    row = found["one", "POINTS_RISE"]
    assert (row["value"], row["threshold"], row["what"]) == ("350", "300", "penalty_serious")


def test_several_new_records(tmp_path: Path) -> None:
    """Two adverse records, of which an entry that stands is one; what is no adverse record does not count."""
    found = raised(
        tmp_path,
        [
            ("two", "listing_active", 3), ("two", "penalty_minor", 1), ("one", "penalty_minor", 1),
            ("late", "penalty_minor", 1), ("late", "penalty_minor", 30), ("fine", "inspection_R1_OK", 1),
            ("fine", "inspection_R1_OK", 2),
        ],
        [],
    )  # fmt: skip
    assert set(found) == {("two", "NEW_RECORDS")}
    row = found["two", "NEW_RECORDS"]
    assert (row["value"], row["threshold"]) == ("2", "2")
    assert (row["first_on"], row["newest_on"]) == (DAY - timedelta(days=3), DAY - timedelta(days=1))
    assert row["what"] == "listing_active;penalty_minor"


def test_registration_that_changes_often(tmp_path: Path) -> None:
    """Three changes in 90 days, several columns of one row among them; the first row is no change."""
    often = [version("often", 200), version("often", 89, name_norm="乙", industry_code="F5299"),
             version("often", 5, name_norm="丙", industry_code="F5299")]  # fmt: skip
    twice = [version("twice", 200), version("twice", 91, name_norm="乙"), version("twice", 60, name_norm="丙"),
             version("twice", 5, name_norm="丁")]  # fmt: skip
    found = raised(tmp_path, [], [*often, *twice, version("new", 1, name_norm="戊")])
    assert set(found) == {("often", "REGISTRATION_CHANGES")}
    row = found["often", "REGISTRATION_CHANGES"]
    assert (row["value"], row["threshold"], row["what"]) == ("3", "3", "industry_code;name_norm")


def test_capital_that_falls(tmp_path: Path) -> None:
    """By half or more; one fen less is none, nor is a fall from nothing, one before the window, or a rise."""

    def pair(uscc: str, was: str | None, now: str | None, ago: int = 10) -> list[dict[str, Any]]:
        values = [None if text is None else Decimal(text) for text in (was, now)]
        return [
            version(uscc, 200, registered_capital_wan=values[0]),
            version(uscc, ago, registered_capital_wan=values[1]),
        ]

    found = raised(
        tmp_path,
        [],
        [
            *pair("half", "100", "50"), *pair("nearly", "100", "50.000001"), *pair("zero", "0", "0"),
            *pair("unknown", "100", None), *pair("old", "100", "1", ago=90), *pair("more", "100", "900"),
        ],
    )  # fmt: skip
    assert set(found) == {("half", "CAPITAL_DROP")}
    row = found["half", "CAPITAL_DROP"]
    assert (row["value"], row["threshold"], row["what"]) == ("100→50", "0.5", "registered_capital_wan")
