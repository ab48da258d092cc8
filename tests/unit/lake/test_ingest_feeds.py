"""Missing and late feeds, and the acceptances that let a run go on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.acceptances import Acceptance, append_acceptances, load_acceptances, valid_on
from flows.stages.ingest_feeds import check_feeds
from records.errors import CreditgradeError, UsageError
from records.intake import Delivery, Intake

TODAY = date(2026, 5, 20)


class Limits:
    """Stands in for the policy: the two limits and nothing else."""

    def value(self, parameter: str, on: date) -> Any:
        return {"freshness_days_penalties": 20, "freshness_days_listings": 60}[parameter]


def delivery(kind: str, newest: date | None, accepted: Path | None = None, **changes: Any) -> Delivery:
    record = {"newest_event": newest.isoformat() if newest else None}
    values = {"file_ord": 1, "is_duplicate": False, "is_withdrawn": False, "refused_rule": None, **changes}
    return Delivery(
        kind, f"{kind}/a.csv", "A", TODAY, 1, record=record, accepted=accepted, quarantine=None, **values
    )


def check(
    penalties: Delivery | None, listings: Delivery | None, as_of: date = TODAY, accept: Any = ()
) -> Any:
    intake = Intake(tuple(d for d in (penalties, listings) if d is not None))
    errors, warnings, gaps = check_feeds(intake, Limits(), as_of, TODAY, accept)  # type: ignore[arg-type]
    return [error.rule for error in errors], warnings, gaps


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_fresh_feeds_pass_on_the_last_day_of_the_limit() -> None:
    assert check(delivery("penalties", days_ago(20)), delivery("listings", days_ago(60))) == ([], [], [])


def test_late_feeds_stop_a_run_of_its_own_day() -> None:
    errors, warnings, gaps = check(delivery("penalties", days_ago(21)), delivery("listings", days_ago(61)))
    assert (errors, warnings, gaps) == (["feed_late", "feed_late"], [], [])


def test_late_feeds_warn_for_another_day() -> None:
    as_of = TODAY - timedelta(days=1)
    errors, warnings, _ = check(
        delivery("penalties", days_ago(22)), delivery("listings", days_ago(10)), as_of
    )
    assert errors == []
    assert warnings == [
        "newest event of penalties is of 2026-04-28, 21 days before 2026-05-19 (limit 20) [feed_late]"
    ]


@pytest.mark.parametrize("as_of", [TODAY, date(2014, 8, 31)])
@pytest.mark.parametrize("changes", [None, {"is_withdrawn": True, "file_ord": 0}])
def test_a_feed_never_received_stops_any_run(as_of: date, changes: dict[str, Any] | None) -> None:
    listings = delivery("listings", as_of, **changes) if changes else None
    errors, _, _ = check(delivery("penalties", as_of), listings, as_of)
    assert errors == ["feed_missing"]


def test_a_feed_without_events_is_late() -> None:
    assert check(delivery("penalties", None), delivery("listings", TODAY))[0] == ["feed_late"]


def test_events_after_the_day_asked_about_do_not_make_a_feed_fresh(tmp_path: Path) -> None:
    as_of = days_ago(100)
    pq.write_table(pa.table({"decided_on": [TODAY, days_ago(130), None]}), tmp_path / "a.parquet")
    errors, warnings, _ = check(
        delivery("penalties", TODAY, tmp_path / "a.parquet"), delivery("listings", as_of), as_of
    )
    assert errors == []
    assert warnings == [
        f"newest event of penalties is of {days_ago(130)}, 30 days before {as_of} (limit 20) [feed_late]"
    ]


def test_an_accepted_gap_is_on_the_record() -> None:
    accept = [Acceptance.stale("行政处罚", "system moves", date(2026, 6, 1)), "listings", "honours"]
    errors, warnings, gaps = check(delivery("penalties", days_ago(30)), None, accept=accept)
    assert errors == []
    assert gaps == [
        {"type": "stale", "kind": "penalties", "path": None, "sha256": None, "rule": "feed_late",
         "reason": "system moves", "until": "2026-06-01"},
        {"type": "stale", "kind": "listings", "path": None, "sha256": None, "rule": "feed_missing",
         "reason": None, "until": None},
    ]  # fmt: skip
    assert warnings[0].endswith("accepted: system moves")
    assert warnings[2] == "honours: accepted as stale, but the age of its feed is not limited"


def test_an_acceptance_without_need_is_said() -> None:
    _, warnings, gaps = check(delivery("penalties", TODAY), delivery("listings", TODAY), accept=["penalties"])
    assert gaps == []
    assert warnings == ["penalties: accepted as stale, but its feed is not"]


def test_an_unknown_kind_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="unknown_kind"):
        check(None, None, accept=["fines"])


def test_acceptances_are_kept_with_a_reason_and_an_end_and_apply_until_then(tmp_path: Path) -> None:
    path = tmp_path / "acceptances.jsonl"
    kept = Acceptance.refused("./penalties/a.csv", "asked for", date(2026, 6, 1), TODAY)
    append_acceptances(
        path, [kept, Acceptance.stale("listings", "why"), Acceptance.stale("listings", None, TODAY), kept]
    )
    append_acceptances(path, [kept])
    assert load_acceptances(path) == [kept]
    assert kept.target == "penalties/a.csv"
    assert valid_on([kept], date(2026, 6, 1)) == {("refused", "penalties/a.csv"): kept}
    assert valid_on([kept], date(2026, 6, 2)) == {}
    assert valid_on([kept], days_ago(1)) == {}
    later = Acceptance.refused("penalties/a.csv", "again", date(2026, 7, 1), TODAY)
    append_acceptances(path, [later])
    assert valid_on(load_acceptances(path), TODAY) == {("refused", "penalties/a.csv"): later}


@pytest.mark.parametrize(
    "line", ["{}", '{"kind":"odd","target":"x","reason":"r","until":null,"given_on":null}']
)
def test_damaged_acceptances_are_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text(line + "\n")
    with pytest.raises(CreditgradeError, match="record_damaged"):
        load_acceptances(tmp_path / "a.jsonl")
