"""Late, thin and large sources: their order, and the line that a person reads."""

from __future__ import annotations

from typing import Any

from publish.feeds import feed_line, troubled_feeds


def feed(id_: str, problem: str | None, holds: bool = False) -> dict[str, Any]:
    return {
        "id": id_, "kind": "penalties", "source": "郎溪县市场监督管理局", "divisions": ["341821"], "problem": problem,
        "holds": holds, "limit_working_days": 10, "since": "2026-06-16", "newest_event": None, "rows": 1,
        "window_days": 7, "least": 2, "most": 9, "vanished": 0,
    }  # fmt: skip


def test_late_sources_come_first_and_those_that_hold_before_others() -> None:
    feeds = [
        feed("a", "large"), feed("b", None), feed("c", "thin", True), feed("d", "late"), feed("e", "late", True),
    ]  # fmt: skip
    assert [one["id"] for one in troubled_feeds({"summary": {"feeds": feeds}})] == ["e", "d", "c", "a"]
    assert troubled_feeds({"summary": {}}) == []


def test_the_line_says_what_is_held() -> None:
    told = feed_line(feed("langxi", "late", True))
    assert told == (
        "langxi 郎溪县市场监督管理局 (penalties): late 逾期未报: nothing since 2026-06-16, newest none; "
        "divisions 341821 are held 待核"
    )
    assert "1 rows in 7 days, at least 2" in feed_line(feed("x", "thin"))
    assert "at most 9" in feed_line(feed("x", "large"))
