"""Late and thin sources hold the divisions that they serve (rules §4 (f), contract §2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import ibis

from features.holds import HOLD
from records.resolve.expr import day, no_day, no_text, union_all
from records.resolve.load import file_ord

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Feed, Policy
    from records.intake import Intake
    from records.resolve.workspace import Workspace

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
    return rows.filter(file_ord(rows).isin(files or [-1]))


@dataclass(frozen=True)
class FeedLook:
    """What was found of a declared source on a day.

    Attributes:
        feed: as declared.
        problem: ``late``: no event since ``since``; ``thin``: fewer rows than the least; None where neither.
        since: first of the limit's working days up to and including the day; None without a limit.
        newest: newest event up to the day; None where it never had one.
        rows: events in the window of `feed_thin_window_days` up to the day.
        window_days: that window.
        vanished: of a source that repeats all it has: keys that its newest delivery no longer holds; they count on.
    """

    feed: Feed
    problem: Literal["late", "thin"] | None
    since: date | None
    newest: date | None
    rows: int
    window_days: int
    vanished: int = 0

    @property
    def is_unusually_large(self) -> bool:
        """Whether it sent more rows than the most."""
        return self.feed.max_rows_per_week is not None and self.rows > self.feed.max_rows_per_week

    @property
    def does_hold(self) -> bool:
        """Whether its divisions are held: only these kinds can hide a bad record."""
        return self.problem is not None and self.feed.kind in HOLDING_KINDS

    def warnings(self) -> list[str]:
        """A line for each thing wrong."""
        name = f"feed {self.feed.id} ({self.feed.kind}) is"
        held = f"; divisions {', '.join(self.feed.divisions)} are held" if self.does_hold else ""
        lines = []
        if self.problem == "late":
            lines.append(f"{name} late: no event since {self.since}, newest {self.newest or 'none'}{held}")
        if self.problem == "thin":
            lines.append(
                f"{name} thin: {self.rows} rows in {self.window_days} days, at least "
                f"{self.feed.min_rows_per_week}{held}"
            )
        if self.is_unusually_large:
            lines.append(
                f"{name} unusually large: {self.rows} rows in {self.window_days} days, "
                f"at most {self.feed.max_rows_per_week}"
            )
        if self.vanished:
            lines.append(
                f"feed {self.feed.id} ({self.feed.kind}) no longer repeats {self.vanished} records of earlier "
                "deliveries; they still count"
            )
        return lines

    def described(self, source: str) -> dict[str, Any]:
        """For the manifest's ``summary.feeds``.

        Args:
            source: name of the authority, or the sub-folder.
        """
        return {
            "id": self.feed.id,
            "kind": self.feed.kind,
            "source": source,
            "divisions": list(self.feed.divisions),
            "problem": self.problem or ("large" if self.is_unusually_large else None),
            "holds": self.does_hold,
            "limit_working_days": self.feed.limit_working_days,
            "since": self.since.isoformat() if self.since else None,
            "newest_event": self.newest.isoformat() if self.newest else None,
            "rows": self.rows,
            "window_days": self.window_days,
            "least": self.feed.min_rows_per_week,
            "most": self.feed.max_rows_per_week,
            "vanished": self.vanished,
        }


def look_at_feeds(
    ws: Workspace, rows: dict[str, ir.Table], intake: Intake, as_of: date, policy: Policy
) -> list[FeedLook]:
    """Every declared source on a day, in the order of the policy.

    Args:
        rows: accepted rows per kind with ``authority_key`` and ``rid``.
    """
    window = int(policy.value("feed_thin_window_days", as_of))
    found = []
    for feed in policy.feeds:
        own = _rows_of(feed, rows[feed.kind], intake)
        known = own.filter(own[_DAY[feed.kind]] <= day(as_of))
        column = known[_DAY[feed.kind]]
        counted = ws.fetch(
            known.agg(newest=column.max(), rows=(column > day(as_of - timedelta(days=window))).sum())
        ).to_pylist()[0]
        newest, count = counted["newest"], int(counted["rows"] or 0)
        since = None
        problem: Literal["late", "thin"] | None = None
        if feed.limit_working_days is not None:
            since = policy.holidays.working_days_before(as_of, feed.limit_working_days)
            if newest is None or newest < since:
                problem = "late"
        if problem is None and feed.min_rows_per_week is not None and count < feed.min_rows_per_week:
            problem = "thin"
        vanished = _vanished(ws, own, intake) if feed.mode == "full" else 0
        found.append(FeedLook(feed, problem, since, newest, count, window, vanished))
    return found


def _vanished(ws: Workspace, own: ir.Table, intake: Intake) -> int:
    """Keys whose last row came on an earlier day than the newest rows of the source."""
    landed = {d.file_ord: d.landed_on for d in intake.taking_part()}
    own = own.mutate(file=file_ord(own))
    files = [row["file"] for row in ws.fetch(own.select("file").distinct()).to_pylist()]
    if not files:
        return 0
    newest = max(landed[file] for file in files)
    is_new = own.file.isin([file for file in files if landed[file] == newest])
    if "is_winner" in own.columns:
        gone = own.filter(own.is_winner & ~is_new)
    else:  # entities: a new row of the same entity has another day, and with it another key
        gone = (
            own.filter(~is_new).select("uscc").distinct().anti_join(own.filter(is_new).select("uscc"), "uscc")
        )
    return ws.count({"gone": gone})["gone"]


def source_names(policy: Policy) -> dict[str, str]:
    """Source id → name of its authority, or its sub-folder."""
    names = {authority.id: authority.name for authority in policy.authorities}
    return {
        feed.id: names.get(feed.authority or "", feed.folder or feed.authority or "") for feed in policy.feeds
    }


def feed_holds(looks: list[FeedLook], entities: ir.Table, as_of: date, policy: Policy) -> list[ir.Table]:
    """Holds (f) in HOLD columns; taken as not late on any later day."""
    names = source_names(policy)
    parts = []
    for look in looks:
        if not look.does_hold:
            continue
        feed = look.feed
        served = entities.division_code.startswith(feed.divisions[0])
        for prefix in feed.divisions[1:]:
            served = served | entities.division_code.startswith(prefix)
        parts.append(
            entities.filter(served.fill_null(False))
            .select(
                "uscc",
                event_id=ibis.literal(f"feed:{feed.id}"),
                via="uscc",
                through=ibis.literal(""),
                kind=ibis.literal(feed.kind),
                authority=ibis.literal(names[feed.id]),
                doc_no=no_text(),
                event_on=no_day(),
                window_from=no_day(),
                repaired_on=no_day(),
                hold_rule=ibis.literal(f"feed_stale_{look.problem}"),
                linked_by=no_text(),
                can_be_upheld=ibis.literal(False),
                needs_day=ibis.literal(False),
                is_row_settled=ibis.literal(False),
                fixed_until=day(as_of),
                record_key=no_text(),
            )
            .select(*HOLD)
        )
    return [union_all(parts)] if parts else []
