"""What is seen of a declared source: late, thin, large, and of one that repeats all it has, what it left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.feeds import FeedLook, look_at_feeds
from policy import Feed, load_policy
from records.intake import Delivery, Intake
from records.resolve.load import ROWS_PER_FILE
from records.resolve.workspace import DuckDBWorkspace

AS_OF = date(2026, 6, 30)


def delivery(number: int, path: str, landed_on: date) -> Delivery:
    return Delivery(
        "penalties", path, f"{number:064d}", landed_on, 1, number, False, False, None, {}, Path(path), None
    )


INTAKE = Intake(
    (
        delivery(1, "penalties/langxi/full-1.csv", date(2026, 6, 1)),
        delivery(2, "penalties/langxi/full-2.csv", date(2026, 6, 29)),
        delivery(3, "penalties/other/a.csv", date(2026, 6, 30)),
    )
)
# file, row, day, whether the row is the last of its key
ROWS = [
    (1, 1, date(2026, 6, 1), False),  # repeated by the second file
    (1, 2, date(2026, 6, 2), True),  # not repeated: vanished
    (2, 1, date(2026, 6, 1), True),
    (2, 2, date(2026, 6, 24), True),
    (2, 3, date(2026, 7, 2), True),  # after as_of
    (3, 1, date(2026, 6, 30), True),
]


Look = Callable[..., FeedLook]


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Look]:
    """Looks at one source; the rows stand in a workspace, as in a run."""
    ws = DuckDBWorkspace(tmp_path / "work")
    yield partial(look_in, ws, tmp_path / "rows.parquet")
    ws.close()


def look_in(ws: DuckDBWorkspace, place: Path, **declared: Any) -> FeedLook:
    feed = Feed(id="langxi", kind="penalties", divisions=("341821",), **{"folder": "langxi", **declared})
    policy: Any = SimpleNamespace(feeds=[feed], holidays=load_policy().holidays, value=lambda *_: 7)
    table = pa.table(
        {
            "rid": pa.array([file * ROWS_PER_FILE + row for file, row, _, _ in ROWS], pa.int64()),
            "decided_on": pa.array([day for *_, day, _ in ROWS], pa.date32()),
            "is_winner": [winner for *_, winner in ROWS],
            "authority_key": ["langxi-scjg"] * len(ROWS),
        }
    )
    pq.write_table(table, place)
    rows = {"penalties": ws.read([place])}
    (found,) = look_at_feeds(ws, rows, INTAKE, AS_OF, policy)
    return found


@pytest.mark.parametrize(
    ("declared", "problem", "told"),
    [
        ({"limit_working_days": 5}, None, ""),  # 二十四日是第五个工作日
        (
            {"limit_working_days": 4},
            "late",
            "late: no event since 2026-06-25, newest 2026-06-24; divisions 341821",
        ),
        ({"min_rows_per_week": 1}, None, ""),
        ({"min_rows_per_week": 2}, "thin", "thin: 1 rows in 7 days, at least 2; divisions 341821 are held"),
        ({"limit_working_days": 4, "min_rows_per_week": 2}, "late", "late"),
        ({"folder": "nobody", "limit_working_days": 4}, "late", "newest none"),
    ],
)
def test_late_and_thin(look: Look, declared: dict[str, Any], problem: str | None, told: str) -> None:
    found = look(**declared)
    assert (found.problem, found.does_hold) == (problem, problem is not None)
    assert told in "".join(found.warnings()) and bool(told) == bool(found.warnings())


def test_one_that_sends_too_much_holds_nobody(look: Look) -> None:
    found = look(folder="other", max_rows_per_week=1)
    assert (found.rows, found.is_unusually_large) == (1, False)
    found = look(folder=None, authority="langxi-scjg", max_rows_per_week=1)
    assert (found.rows, found.is_unusually_large, found.does_hold) == (2, True, False)
    assert found.described("郎溪县市场监督管理局")["problem"] == "large"


def test_what_a_full_source_no_longer_repeats(look: Look) -> None:
    assert look().vanished == 0
    found = look(mode="full")
    assert found.vanished == 1
    assert "no longer repeats 1 records of earlier deliveries; they still count" in found.warnings()[0]
    assert look(mode="full", folder="nobody").vanished == 0
