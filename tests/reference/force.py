"""§1: amendments, what they find, and the force that they leave to a penalty or list entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tests.reference.directory import Directory
from tests.reference.keys import Record
from tests.reference.world import Row

REPAIR, UNREPAIR, CHANGE = "信用修复", "撤销修复", "变更"
ANNULMENTS = ("撤销", "确认违法", "确认无效")
REVIEW_BEGINS, REVIEW_ENDS = "复议诉讼受理", "复议诉讼终结"
ACTIONS = (REPAIR, UNREPAIR, *ANNULMENTS, CHANGE, REVIEW_BEGINS, REVIEW_ENDS)  # order of the contract


def amendment_order(row: Row) -> tuple[date, int, str, int]:
    """Date order; ties: `amendment_no`, null first; then the order of actions in the contract."""
    number = row["amendment_no"]
    return (row["effective_on"], 0 if number is None else 1, number or "", ACTIONS.index(row["action"]))


@dataclass(frozen=True)
class Force:
    """What the amendments ≤ as_of of one key say, in date order.

    Attributes:
        is_annulled: 撤销, 确认违法 or 确认无效: it never counted (O-14).
        is_changed: a 变更 names the key (O-15).
        is_under_review: 复议诉讼受理 with no later 终结 (O-16).
        is_review_ended: some 终结.
        repaired_on: day of the 信用修复 that stands, None where there is none or a 撤销修复 took it away.
        unrepaired_on: day of the last 撤销修复.
    """

    is_annulled: bool = False
    is_changed: bool = False
    is_under_review: bool = False
    is_review_ended: bool = False
    repaired_on: date | None = None
    unrepaired_on: date | None = None


def force_of(amendments: Sequence[Row], as_of: date) -> Force:
    """Reads the amendments of a key with `effective_on` ≤ as_of."""
    annulled = changed = under_review = ended = False
    repaired_on = unrepaired_on = None
    for row in sorted((a for a in amendments if a["effective_on"] <= as_of), key=amendment_order):
        action = row["action"]
        if action in ANNULMENTS:
            annulled = True
        elif action == CHANGE:
            changed = True
        elif action == REVIEW_BEGINS:
            under_review = True
        elif action == REVIEW_ENDS:
            under_review, ended = False, True
        elif action == REPAIR:
            repaired_on = repaired_on or row["effective_on"]
        elif action == UNREPAIR:
            repaired_on, unrepaired_on = None, row["effective_on"]
    return Force(annulled, changed, under_review, ended, repaired_on, unrepaired_on)


def targets_of(amendment: Row, records: Sequence[Record], directory: Directory) -> list[Record]:
    """The records that an amendment finds: target_kind, authority, number and subject (§1).

    A record without a number is found by none: it is corrected only by a later row.
    """
    same_act = [
        record
        for record in records
        if record.kind == amendment["target_kind"]
        and any(names_act(amendment, row) for row in record.versions)
    ]
    if has_subject(amendment):
        return [record for record in same_act if same_subject(amendment, record, directory)]
    return same_act if len({record.subject for record in same_act}) == 1 else []


def names_act(row: Row, other: Row) -> bool:
    """The same authority and the same number, which is not empty."""
    return (
        bool(row["doc_norm"] and row["authority_key"])
        and is_of_authority(row, other)
        and (row["doc_norm"] == other.get("doc_norm"))
    )


def is_of_authority(row: Row, other: Row) -> bool:
    """By the entry of the policy's table, or by the name alone where the row does not tell the other's day."""
    return other["authority_key"] in (row["authority_key"], row.get("authority_norm"))


def has_subject(amendment: Row) -> bool:
    """Whether the amendment names a subject by USCC or name."""
    return bool(amendment["uscc"] or amendment["name_norm"])


def same_subject(amendment: Row, record: Record, directory: Directory) -> bool:
    """The USCC equals the target's `subject`; without a USCC the name is the row's or one of the linked entity.

    A USCC that differs never falls back to the name.
    """
    if amendment["uscc"]:
        return bool(amendment["uscc"] == record.subject)
    names = {row["name_norm"] for row in record.versions}
    if record.linked:
        names |= directory.names(record.linked)
    return amendment["name_norm"] in names
