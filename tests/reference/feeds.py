"""§4(f) and contract §2, Missing and late feeds: sources that are late or thin on as_of."""

from __future__ import annotations

from datetime import date, timedelta

from policy import Feed, Policy
from tests.reference.world import Row, World

EVENT = {"penalties": "decided_on", "listings": "listed_on"}


def stale_feeds(world: World, policy: Policy, as_of: date) -> list[Feed]:
    """Declared sources of penalties or listings that hold their divisions on as_of."""
    return [feed for feed in policy.feeds if feed.kind in EVENT and is_stale(feed, world, policy, as_of)]


def is_stale(feed: Feed, world: World, policy: Policy, as_of: date) -> bool:
    """Late: no event in the limit's working days up to and including as_of. Thin: fewer rows than the least."""
    field = EVENT[feed.kind]
    days = [row[field] for row in world.rows(feed.kind) if is_from(row, feed, policy) and row[field] <= as_of]
    if feed.limit_working_days is not None:
        first = policy.holidays.working_days_before(as_of, feed.limit_working_days)
        if not any(day >= first for day in days):
            return True
    if feed.min_rows_per_week is not None:
        week = timedelta(days=policy.value("feed_thin_window_days", as_of) - 1)
        return sum(day >= as_of - week for day in days) < feed.min_rows_per_week
    return False


def is_from(row: Row, feed: Feed, policy: Policy) -> bool:
    """Whether a row comes from the source: by authority, or by its folder under the kind's."""
    if feed.folder is not None:
        return bool("/".join(row["path"].split("/")[1:]).startswith(feed.folder + "/"))
    ids = {a.id for a in policy.authorities if feed.authority in (a.id, a.name, *(x.name for x in a.aliases))}
    return row["authority_key"] in ids
