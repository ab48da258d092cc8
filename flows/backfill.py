"""``creditgrade backfill FROM TO``: grades nights that did not run; ``latest.json`` stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from flows.days import ZONE, read_day
from flows.nightly.night import days
from flows.pipeline import Answered
from flows.request import Request
from flows.run import Show, run
from publish.revisions import revisions
from records.errors import PromiseBroken, UsageError


@dataclass(frozen=True)
class Night:
    """One day of a backfill.

    Attributes:
        day: the day asked about.
        answered: what the run left; None where a snapshot stood or the run was refused.
        problem: why it was not published; None where it was, or needed not be.
    """

    day: date
    answered: Answered | None = None
    problem: PromiseBroken | None = None

    def line(self) -> str:
        """What became of the day."""
        if self.problem is not None:
            return f"{self.day}: not published: {self.problem}"
        if self.answered is None:
            return f"{self.day}: has a snapshot, left as it is"
        published = self.answered.published
        return f"{self.day}: {published.path.name} {'published' if published.is_new else 'stands already'}"


def backfill(
    request: Request,
    first: str,
    last: str,
    *,
    again: bool,
    now: datetime,
    environ: Mapping[str, str],
    show: Show,
    told: Callable[[str], None],
) -> list[Night]:
    """Grades the days from ``first`` to ``last`` that have no snapshot, oldest first, with what is known today.

    A day that would break a promise is told and left out; the others go on. Any other failure ends the work.

    Args:
        request: options of each run; its ``as_of`` is set here.
        first, last: days as YYYY-MM-DD, both included, before today.
        again: also days that have a snapshot; equal inputs add nothing.
        now: the instant.
        environ: groups that may read the folders.
        show: tells a person what a run does.
        told: given a line for each day.

    Raises:
        UsageError: ``bad_date``, ``bad_option``.
        PromiseBroken: the first of the days that were not published, after all have been tried.
        CreditgradeError: of a run.
    """
    begin, end = read_day("FROM", first), read_day("TO", last)
    today = now.astimezone(ZONE).date()
    if begin > end:
        raise UsageError(f"FROM {begin} lies after TO {end}", rule="bad_option")
    if end >= today:
        raise UsageError(
            f"TO {end} is not before today ({today}): `creditgrade run` grades today", rule="bad_option"
        )
    have = set() if again else {revision.as_of for revision in revisions(request.out)}
    nights: list[Night] = []
    for day in days(begin, end):
        night = Night(day)
        if day not in have:
            asked = replace(request, as_of=day.isoformat(), does_publish=False)
            try:
                night = Night(day, run(asked, now=now, environ=environ, show=show))
            except PromiseBroken as error:
                night = Night(day, problem=error)
        nights.append(night)
        told(night.line())
    broken = [night for night in nights if night.problem is not None]
    if broken:
        raise PromiseBroken(
            f"{len(broken)} of {len(nights)} days were not published, first {broken[0].day}: {broken[0].problem}",
            rule="backfill_gaps",
        )
    return nights
