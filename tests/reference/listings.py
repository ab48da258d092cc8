"""§1 and §3 for entries on lists: active, ended, repaired, never counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from policy import Policy
from tests.reference.dates import add_months
from tests.reference.force import Force
from tests.reference.world import Row

ENTERED_BY_MISTAKE = "错误列入"
REPAIRS = ("修复", "履行")


@dataclass(frozen=True)
class Entry:
    """An entry with the amendments of its key ≤ as_of.

    Attributes:
        row: the winning row (or the row that a ruling made true).
        doc_no: raw document number of the entry; the winning row may have none where it closes.
        list_type: canonical list.
        listed_on: first day.
        removed_on: last end known on as_of (removals dated later do not exist), None while active.
        row_removed_on: the row's own removal ≤ as_of.
        never_counted: 错误列入, or annulled by an amendment.
        is_provisional: under review.
        repaired_by_amendment: a 信用修复 stands.
        unrepaired_on: day of the last 撤销修复.
    """

    row: Row
    doc_no: str | None
    list_type: str
    listed_on: date
    removed_on: date | None
    row_removed_on: date | None
    never_counted: bool
    is_provisional: bool
    repaired_by_amendment: bool
    unrepaired_on: date | None


def judge_entry(row: Row, doc_no: str | None, force: Force, as_of: date) -> Entry:
    """What stands of an entry on as_of.

    A 信用修复 removes it on its day if it was not removed before; after a 撤销修复 only the row's own removal ends
    it. A reason without `removed_on` ends nothing.
    """
    own = row["removed_on"] if row["removed_on"] and row["removed_on"] <= as_of else None
    ends = [day for day in (own, force.repaired_on) if day is not None]
    return Entry(
        row=row,
        doc_no=doc_no,
        list_type=row["list_type"],
        listed_on=row["listed_on"],
        removed_on=min(ends) if ends else None,
        row_removed_on=own,
        never_counted=force.is_annulled or (own is not None and row["removal_code"] == ENTERED_BY_MISTAKE),
        is_provisional=force.is_under_review,
        repaired_by_amendment=force.repaired_on is not None,
        unrepaired_on=force.unrepaired_on,
    )


def is_blocking_list(entry: Entry, policy: Policy, day: date) -> bool:
    """Whether the policy says that the list blocks."""
    return bool(policy.list_value(entry.list_type, "is_blocking", day))


def is_active(entry: Entry, as_of: date) -> bool:
    """§3: `listed_on` ≤ as_of and not removed."""
    return not entry.never_counted and entry.listed_on <= as_of and entry.removed_on is None


def is_repaired(entry: Entry, policy: Policy, day: date) -> bool:
    """§3: repaired by an amendment, or removed by 修复 or 履行, or (异常名录) for any reason but 错误列入.

    A 撤销修复 on or after the day of the row's own removal takes that away too; a later removal is judged by itself.
    """
    if entry.repaired_by_amendment:
        return True
    if entry.row_removed_on is None:
        return False
    if entry.unrepaired_on is not None and entry.row_removed_on <= entry.unrepaired_on:
        return False
    any_removal = policy.list_value(entry.list_type, "any_removal_is_repair", day)
    return bool(any_removal) or entry.row["removal_code"] in REPAIRS


def is_bad_entry(entry: Entry, policy: Policy, as_of: date, day: date) -> bool:
    """An ended entry that counts on `day`, or would but for the window."""
    if entry.never_counted or entry.listed_on > as_of or entry.removed_on is None:
        return False
    if not is_blocking_list(entry, policy, day):
        return False
    return not is_repaired(entry, policy, day) or bool(policy.value("repaired_records_count", day))


def entry_last_day(entry: Entry, policy: Policy, day: date) -> date:
    """Last day on which an ended entry counts: 36 months from `listed_on`, or longer after its end by the list."""
    last = add_months(entry.listed_on, policy.value("clean_window_months", day))
    after = policy.list_value(entry.list_type, "after_list_months", day)
    if after > 0 and entry.removed_on is not None:
        last = max(last, add_months(entry.removed_on, after))
    return last


def entry_counts(entry: Entry, policy: Policy, as_of: date, day: date) -> bool:
    """§3: an ended entry counts like a general-tier penalty from `listed_on`."""
    return is_bad_entry(entry, policy, as_of, day) and entry.listed_on <= day <= entry_last_day(
        entry, policy, day
    )


def blocks_by_being_active(entry: Entry, policy: Policy, as_of: date, day: date) -> bool:
    """§3: an active entry on a blocking list always blocks (O-02)."""
    return is_active(entry, as_of) and is_blocking_list(entry, policy, day)
