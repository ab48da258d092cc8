"""Missing and late feeds: without fresh penalties and listings nobody can be called clean (contract §2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from flows.acceptances import Acceptance
from records.errors import PromiseBroken
from records.intake import EVENT_DATE, Delivery, Intake

if TYPE_CHECKING:
    from policy import Policy

# Kinds without which an answer would be favourable by default; the parameter limits their age in days.
FRESHNESS = {"penalties": "freshness_days_penalties", "listings": "freshness_days_listings"}


def check_feeds(
    intake: Intake, policy: Policy, as_of: date, today: date, accept_stale: Collection[str | Acceptance]
) -> tuple[list[PromiseBroken], list[str], list[dict[str, Any]]]:
    """Whether penalties and listings were ever received, and are fresh enough for a run of its own day.

    Args:
        intake: what was received.
        policy: holds the limits, read on ``as_of``.
        as_of: the day asked about.
        today: day of the run, Asia/Shanghai; for another ``as_of`` a late feed only warns.
        accept_stale: kinds whose missing or late feed a person accepted.

    Returns:
        errors that stop publication (``feed_missing``, ``feed_late``), warnings, accepted gaps.
    """
    accepted = {item.target: item for item in (_acceptance(item) for item in accept_stale)}
    errors: list[PromiseBroken] = []
    warnings: list[str] = []
    gaps: list[dict[str, Any]] = []
    for kind, parameter in FRESHNESS.items():
        rule, message = _defect(intake, kind, int(policy.value(parameter, as_of)), as_of)
        acceptance = accepted.pop(kind, None)
        if rule is None:
            if acceptance is not None:
                warnings.append(f"{kind}: accepted as stale, but its feed is not")
        elif acceptance is not None:
            gaps.append(_gap(kind, rule, acceptance))
            warnings.append(f"{message} [{rule}]; accepted: {acceptance.reason or 'no reason given'}")
        elif rule == "feed_missing" or as_of == today:
            way_on = f"`creditgrade run … --accept-stale {kind} --reason TEXT --until DATE`"
            errors.append(PromiseBroken(f"{message}; to go on without: {way_on}", rule=rule))
        else:
            warnings.append(f"{message} [{rule}]")
    warnings += [
        f"{kind}: accepted as stale, but the age of its feed is not limited" for kind in sorted(accepted)
    ]
    return errors, warnings, gaps


def newest_event(deliveries: Iterable[Delivery], until: date) -> date | None:
    """The newest event date among accepted rows that is not after a day."""
    days = (_newest(delivery, until) for delivery in deliveries)
    return max((day for day in days if day is not None), default=None)


def _defect(intake: Intake, kind: str, limit_days: int, as_of: date) -> tuple[str | None, str]:
    if not any(d.kind == kind and not d.is_withdrawn for d in intake.deliveries):
        return "feed_missing", f"no file of {kind} was ever received"
    newest = newest_event(intake.taking_part(kind), as_of)
    if newest is None:
        return "feed_late", f"{kind} hold no event up to {as_of}"
    age = (as_of - newest).days
    if age > limit_days:
        return (
            "feed_late",
            f"newest event of {kind} is of {newest}, {age} days before {as_of} (limit {limit_days})",
        )
    return None, ""


def _newest(delivery: Delivery, until: date) -> date | None:
    if not delivery.record.get("newest_event"):
        return None
    newest = date.fromisoformat(delivery.record["newest_event"])
    if newest <= until or delivery.accepted is None:
        return newest if newest <= until else None
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    column = EVENT_DATE[delivery.kind]
    days = pq.read_table(delivery.accepted, columns=[column]).column(column)
    day: date | None = pc.max(days.filter(pc.less_equal(days, until))).as_py()
    return day


def _acceptance(item: str | Acceptance) -> Acceptance:
    return item if isinstance(item, Acceptance) else Acceptance.stale(item)


def _gap(kind: str, rule: str, acceptance: Acceptance) -> dict[str, Any]:
    return {
        "type": "stale",
        "kind": kind,
        "path": None,
        "sha256": None,
        "rule": rule,
        "reason": acceptance.reason,
        "until": acceptance.until.isoformat() if acceptance.until else None,
    }
