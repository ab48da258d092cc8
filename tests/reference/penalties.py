"""§1–§3 for penalties: which count on a day, and superseded versions that a later one must not silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from policy import Policy
from tests.reference.dates import within_months
from tests.reference.directory import INDIVIDUAL_BUSINESS, is_natural
from tests.reference.force import Force
from tests.reference.keys import Record
from tests.reference.tiers import RANK, SERIOUS, tier_of
from tests.reference.world import Row


@dataclass(frozen=True)
class Penalty:
    """One version of a penalty, judged with all amendments of its key ≤ as_of.

    Attributes:
        row: content.
        decided_on: its own day, or that of the first row of the key after a 变更 (O-15).
        tier: serious, general or minor, by the parameters of `decided_on`.
        is_in_force: not annulled by an amendment or by its own `decision_status`.
        is_provisional: under review (O-16).
        repaired_on: day of the repair that stands.
    """

    row: Row
    decided_on: date
    tier: str
    is_in_force: bool
    is_provisional: bool
    repaired_on: date | None

    @property
    def is_serious(self) -> bool:
        """Whether its tier is serious."""
        return self.tier == SERIOUS


def judge_version(row: Row, record: Record, force: Force, policy: Policy) -> Penalty:
    """A version's content with the amendments of its key."""
    decided_on = record.versions[0]["decided_on"] if force.is_changed else row["decided_on"]
    status = row["status_code"]
    return Penalty(
        row=row,
        decided_on=decided_on,
        tier=tier_of(row, policy, decided_on),
        is_in_force=not force.is_annulled and status != "annulled",
        is_provisional=force.is_under_review or (status == "provisional" and not force.is_review_ended),
        repaired_on=force.repaired_on,
    )


def is_bad_record(penalty: Penalty, policy: Policy, as_of: date, day: date) -> bool:
    """Counts on `day`, or would but for the window of 36 months (§3; §5 clean_since)."""
    if not penalty.is_in_force or penalty.decided_on > as_of:
        return False
    if penalty.tier not in policy.value("blocking_tiers", day):
        return False
    return penalty.repaired_on is None or policy.value("repaired_records_count", day)


def counts(penalty: Penalty, policy: Policy, as_of: date, day: date) -> bool:
    """§3: in force, general or serious, inside the window, and no repaired record that no longer counts."""
    months = policy.value("clean_window_months", day)
    return is_bad_record(penalty, policy, as_of, day) and within_months(penalty.decided_on, day, months)


def reaches(row: Row, uscc: str) -> bool:
    """A penalty on a natural person never counts against an enterprise (O-23): only a 个体工商户 bears it."""
    return not is_natural(row) or uscc.startswith(INDIVIDUAL_BUSINESS)


def silenced_versions(record: Record, force: Force, policy: Policy, as_of: date, day: date) -> list[Penalty]:
    """§1 version_conflict: superseded versions that would count on `day` while the winner lowers the block.

    Not where a 变更, 撤销, 确认违法 or 确认无效 names the key or the winner's own status annuls it.
    """
    if force.is_changed or force.is_annulled or record.winner["status_code"] == "annulled":
        return []
    winner = judge_version(record.winner, record, force, policy)
    silenced = []
    for row in record.superseded:
        version = judge_version(row, record, force, policy)
        if counts(version, policy, as_of, day) and (
            not counts(winner, policy, as_of, day)
            or RANK[winner.tier] < RANK[version.tier]
            or winner.decided_on < version.decided_on
        ):
            silenced.append(version)
    return silenced
