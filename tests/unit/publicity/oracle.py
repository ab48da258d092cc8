"""The clocks once more, one decision at a time in plain Python, written from the regulation reference §2.2, §3.6, §12.

It knows nothing of the policy's table: its numbers are the reference's own.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, NamedTuple

from tests.unit.publicity.world import Penalty

DAY = timedelta(days=1)
OPEN = date(9999, 12, 31)
NEW_LAW = date(2026, 4, 1)
HEAVY = {
    "降低资质等级",
    "吊销许可证件",
    "吊销营业执照",
    "限制开展生产经营活动",
    "责令停产停业",
    "责令关闭",
    "限制从业",
}
NOTHING = {"不予处罚", "责令改正"}


class Clock(NamedTuple):
    """What a channel shows: days as in the table."""

    is_published: bool
    publish_from: date | None
    earliest_repair_on: date | None
    publish_until: date | None


def add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def group_of(p: Penalty) -> str:
    """The heaviest kind decides; an order to correct is no penalty."""
    kinds = set(p.kinds.split(";")) if p.kinds else {"?"}
    kinds = (kinds - NOTHING) or kinds
    fine = p.fine_fen or 0
    if kinds & HEAVY or (any("吊销" in kind for kind in kinds) and p.says_revoked):
        return "heavy"
    if kinds <= NOTHING:
        return "nothing"
    within = fine <= 300_000
    if kinds <= {"警告", "通报批评", "罚款"} and p.procedure == "简易" and within:
        return "simple"
    if (
        kinds <= {"警告", "罚款"}
        and p.procedure is None
        and p.doc_says_simple
        and fine > 0
        and within
        and "罚款" in kinds
    ):
        return "simple"
    if kinds == {"警告"}:
        return "warning"
    if kinds <= {"警告", "通报批评"}:
        return "criticism"
    if kinds <= {"警告", "通报批评", "罚款"} and 0 < fine < 10_000_000:
        return "low_fine"
    return "other"


def periods(channel: str, group: str, day: date) -> tuple[int | None, int] | None:
    """Shortest (None: never early) and longest period in months; None where nothing is shown."""
    unseen = ("nothing", "simple", "warning", "criticism")
    if channel == "gsxt":
        if day < date(2014, 10, 1) or group in ("nothing", "simple"):
            return None
        if day < date(2021, 9, 1):
            return None, 60
        if group == "warning":
            return None
        return {"criticism": (None, 3), "low_fine": (None, 3), "other": (6, 36), "heavy": (None, 36)}[group]
    if day < date(2019, 7, 1) or group in unseen:
        return None
    if day < date(2023, 5, 1):
        return (6, 36) if group == "heavy" else (3, 12)
    if day < NEW_LAW:
        return 3, 36
    return (12, 36) if group == "heavy" else (3, 12)


def is_longer(p: Penalty, key_area: str | None, channel: str, day: date) -> bool:
    """Food, drugs, special equipment; on 信用中国 under 令58 also work safety and fire."""
    text = p.violation_type + (key_area or "")
    special = any(word in text for word in ("食品", "药品", "特种设备"))
    if channel == "gsxt":
        return special and day >= date(2021, 9, 1)
    return date(2023, 5, 1) <= day < NEW_LAW and (special or "消防" in text or "安全生产" in text)


def clock(p: Penalty, channel: str, as_of: date, key_area: str | None = None) -> Clock:
    """The clock of a decision in a channel."""
    day, group = p.event_on or p.decided_on, group_of(p)
    found = periods(channel, group, day)
    if found is None:
        return Clock(False, None, None, None)
    least, most = found
    end = add_months(day, most)
    if (
        channel == "gsxt"
        and group == "heavy"
        and day >= date(2021, 9, 1)
        and "限制" in p.kinds
        and p.valid_to
    ):
        end = max(end, p.valid_to)
    if channel == "creditchina" and day < NEW_LAW:
        newer = periods(channel, group, NEW_LAW)
        assert newer is not None
        end = min(end, max(NEW_LAW, add_months(day, newer[1])))
    if least is not None and is_longer(p, key_area, channel, day):
        least = 12
    earliest = None if least is None else add_months(day, least) + DAY
    if earliest is not None and earliest > end:
        earliest = None
    last = end
    if p.repaired_on and not (channel == "gsxt" and group == "heavy"):
        last = min(end, p.repaired_on - DAY)
    return Clock(last >= as_of, day, earliest, None if last == OPEN else last)


def row(
    p: Penalty, number: int, name: str, channel: str, as_of: date, key_area: str | None
) -> dict[str, Any]:
    """The row of the table, but for the rule's id."""
    seen = clock(p, channel, as_of, key_area)
    return {
        "uscc": p.linked, "name": name, "kind": "penalties", "authority": p.authority, "doc_no": p.number(number),
        "decided_on": p.event_on or p.decided_on, "channel": channel, **seen._asdict(), "as_of": as_of,
    }  # fmt: skip
