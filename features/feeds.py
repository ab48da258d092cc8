"""Late and thin sources hold the divisions that they serve (rules §4 (f), contract §2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis

from features.holds import HOLD
from records.resolve.expr import day, no_day, no_text, union_all
from records.resolve.load import ROWS_PER_FILE

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Feed, Policy
    from records.intake import Intake

# Only these sources can hide a bad record.
HOLDING_KINDS = ("penalties", "listings")
_DAY = {
    "entities": "updated_on", "licences": "decided_on", "penalties": "decided_on", "inspections": "inspected_on",
    "listings": "listed_on", "amendments": "effective_on", "honours": "valid_from", "rulings": "decided_on",
}  # fmt: skip


def _rows_of(feed: Feed, rows: ir.Table, intake: Intake) -> ir.Table:
    if feed.folder is None:
        return rows.filter(rows.authority_key == feed.authority)
    files = [
        d.file_ord
        for d in intake.taking_part(feed.kind)
        if d.path.partition("/")[2].startswith(f"{feed.folder}/")
    ]
    return rows.filter((rows.rid // ibis.literal(ROWS_PER_FILE, "int64")).isin(files or [-1]))


def late_feeds(
    rows: dict[str, ir.Table], intake: Intake, as_of: date, policy: Policy
) -> tuple[list[tuple[Feed, str]], list[str]]:
    """Sources that are late or thin on a day.

    Args:
        rows: accepted rows per kind with ``authority_key`` and ``rid``.

    Returns:
        (source, ``late`` or ``thin``) of penalties and listings, and warnings about every source.
    """
    held: list[tuple[Feed, str]] = []
    warnings: list[str] = []
    window = int(policy.value("feed_thin_window_days", as_of))
    for feed in policy.feeds:
        own = _rows_of(feed, rows[feed.kind], intake)
        column = own[_DAY[feed.kind]]
        problem = None
        if feed.limit_working_days is not None:
            since = policy.holidays.working_days_before(as_of, feed.limit_working_days)
            if int(own.filter(column.between(since, as_of)).count().execute()) == 0:
                problem = "late"
                warnings.append(f"feed {feed.id} ({feed.kind}) is late: no event since {since}")
        week = int(own.filter(column.between(as_of - timedelta(days=window - 1), as_of)).count().execute())
        if problem is None and feed.min_rows_per_week is not None and week < feed.min_rows_per_week:
            problem = "thin"
            warnings.append(
                f"feed {feed.id} ({feed.kind}) is thin: {week} rows in {window} days, at least {feed.min_rows_per_week}"
            )
        if feed.max_rows_per_week is not None and week > feed.max_rows_per_week:
            warnings.append(
                f"feed {feed.id} ({feed.kind}) is unusually large: {week} rows in {window} days, "
                f"at most {feed.max_rows_per_week}"
            )
        if problem is not None and feed.kind in HOLDING_KINDS:
            held.append((feed, problem))
    return held, warnings


def feed_holds(
    late: list[tuple[Feed, str]], entities: ir.Table, as_of: date, policy: Policy
) -> list[ir.Table]:
    """Holds (f) in HOLD columns; taken as not late on any later day."""
    names = {authority.id: authority.name for authority in policy.authorities}
    parts = []
    for feed, problem in late:
        served = entities.division_code.startswith(feed.divisions[0])
        for prefix in feed.divisions[1:]:
            served = served | entities.division_code.startswith(prefix)
        parts.append(
            entities.filter(served.fill_null(False))
            .select(
                "uscc",
                event_id=ibis.literal(f"feed:{feed.id}"),
                via="uscc",
                kind=ibis.literal(feed.kind),
                authority=ibis.literal(names.get(feed.authority or "", feed.folder or feed.authority)),
                doc_no=no_text(),
                event_on=no_day(),
                window_from=no_day(),
                repaired_on=no_day(),
                hold_rule=ibis.literal(f"feed_stale_{problem}"),
                linked_by=no_text(),
                can_be_upheld=ibis.literal(False),
                fixed_until=day(as_of),
            )
            .select(*HOLD)
        )
    return [union_all(parts)] if parts else []
