"""The options of a run, as typed and as understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.acceptances import Acceptance
from flows.request import Plan, Request, understand
from records.errors import UsageError

NOW = datetime(2026, 6, 29, 18, 30, tzinfo=UTC)  # half past two of the next day in Shanghai
REQUEST = Request(Path("landing"), Path("out"))


def plan(**changes: Any) -> Plan:
    return understand(replace(REQUEST, **changes), NOW)


def test_the_defaults() -> None:
    made = plan()
    assert made.today == made.as_of == date(2026, 6, 30)
    assert made.lake == Path("out/lake")
    assert (made.known_by, made.acceptances, made.warnings) == (None, (), ())


def test_a_future_day_is_a_warning() -> None:
    assert plan(as_of="2026-07-01").warnings == ("2026-07-01 lies in the future: today is 2026-06-30",)
    assert plan(as_of="1900-01-01").warnings == ()


def test_acceptances_carry_reason_end_and_day() -> None:
    made = plan(
        accept_stale=("行政处罚",), accept_refused=("licences/./a.csv",), reason="why", until="2026-07-31"
    )
    end, today = date(2026, 7, 31), date(2026, 6, 30)
    assert made.acceptances == (
        Acceptance("stale", "penalties", "why", end, today),
        Acceptance("refused", "licences/a.csv", "why", end, today),
    )


def test_a_reason_shows_no_number_of_a_person() -> None:
    made = plan(
        accept_stale=("listings",),
        accept_refused=("licences/a.csv",),
        reason="问13812345678 341802199001010013",
    )
    assert [item.reason for item in made.acceptances] == ["问[电话] [证件号]"] * 2


def test_an_end_without_a_reason_keeps_nothing_and_says_so() -> None:
    made = plan(accept_stale=("penalties",), until="2026-07-31")
    assert not made.acceptances[0].is_kept
    assert made.warnings == (
        "--until 2026-07-31 without --reason: what is accepted is accepted for this run alone",
    )
    assert plan(accept_stale=("penalties",), reason="why").warnings == ()


@pytest.mark.parametrize(
    "text", ["2026-02-30", "20260630", "yesterday", "2026-6-1", "２０２６-06-30", " ", ""]
)
@pytest.mark.parametrize("option", ["as_of", "known_by", "until"])
def test_what_is_no_date(option: str, text: str) -> None:
    with pytest.raises(UsageError, match="is no date") as caught:
        plan(**{option: text, "accept_stale": ("penalties",)})
    assert (caught.value.exit_code, caught.value.rule) == (2, "bad_date")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"engine": "pandas"}, "--engine 'pandas' is unknown: duckdb or spark"),
        ({"runner": "cron"}, "--runner 'cron' is unknown"),
        ({"accept_stale": ("fines",)}, "'fines' is no kind"),
        ({"reason": "why"}, "--reason and --until belong to"),
        ({"until": "2026-06-29", "accept_stale": ("penalties",)}, "--until 2026-06-29 is over"),
        ({"on_finish": "mail 'unclosed"}, "--on-finish"),
        ({"on_finish": "  "}, "--on-finish names no command"),
    ],
)
def test_what_is_no_option(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        plan(**changes)
