"""The status as a story: the rules of §5 in their order, the records that answered, and what comes next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from publish.story.asked import Law, Row, record_of, words_of
from publish.story.days import OPEN_END, day_after
from publish.story.model import Change, Citation, Eligibility, Finding, Question, Record, Text
from publish.story.words import PARAMETERS, QUESTIONS, rule_id, rule_words, settled_by
from publish.words import STATUSES

if TYPE_CHECKING:
    from publish.lookup import Found

_RECORD_CODES = ("NOT_BAD_RECORD", "HOLD_PROVISIONAL")
# What an honour sets aside (rules §5): the questions after it but one.
_SET_ASIDE = ("NOT_BAD_RECORD", "HOLD_PROVISIONAL", "INSUFFICIENT_HISTORY")


def tell_eligibility(found: Found, law: Law) -> Eligibility | None:
    """The status of one entity; None where the snapshot does not know it.

    Args:
        found: its rows; evidence and held rows only where regulators ask.
        law: of the day.
    """
    answer = found.eligibility
    if answer is None:
        return None
    code = str(answer["status"])
    grounds = tuple(answer["grounds"] or ())
    questions = tuple(_question(asked, code, grounds, found, law) for asked in QUESTIONS)
    zh, en = STATUSES.get(code, (code, code))
    return Eligibility(
        status=code,
        says=Text(zh, en),
        eligible=bool(answer["eligible"]),
        grounds=grounds,
        clean_since=answer["clean_since"],
        eligible_on=answer["eligible_on"],
        questions=questions,
        changes=_changes(answer, found, law),
    )


def _question(asked: str, status: str, grounds: tuple[str, ...], found: Found, law: Law) -> Question:
    records = tuple(_blocker(row, found) for row in found.blockers if row["reason"] == asked)
    finding: Finding = "applies" if records else "passed"
    if asked == status:
        finding = "decides"
    elif asked.startswith("ELIGIBLE_"):
        finding = "applies" if _ground(asked) in grounds else "passed"
    elif asked in _SET_ASIDE and status == "ELIGIBLE_MODEL":
        finding = "overruled"
    if asked == "ELIGIBLE_MODEL":
        records = tuple(_honour(row) for row in found.evidence if row["kind"] == "honours")
    elif asked in _RECORD_CODES and finding == "overruled":
        records = _counting_anyway(asked, found, law)
    elif asked == "NOT_BAD_RECORD":
        records += _not_counting(found, law)
    elif asked == "NOT_ACTIVE_LIST" and not records:
        records = _ended(found)
    return Question(
        asked, QUESTIONS[asked], finding, records, _citations(asked, records, grounds, found, law)
    )


def _ground(asked: str) -> str:
    return asked.removeprefix("ELIGIBLE_")


def _citations(
    asked: str, records: tuple[Record, ...], grounds: tuple[str, ...], found: Found, law: Law
) -> tuple[Citation, ...]:
    ids = [id_ for id_ in PARAMETERS[asked] if id_ not in ("lists", "honours")]
    if asked == "ELIGIBLE_MODEL":
        given = sorted({f"honours.{row['what']}" for row in found.evidence if row["kind"] == "honours"})
        # The desk's files do not say which honour opened the route: any of them may have.
        ids += given or (["honours"] if _ground(asked) in grounds else [])
    if asked == "NOT_ACTIVE_LIST":
        ids += sorted({f"lists.{row['what']}" for row in found.evidence if row["is_active"]})
    rules = {rule_id(record.rule) for record in records}
    if asked == "HOLD_REVIEW" and "inspection_hold" in rules:
        ids.append("inspection_hold_months")
    if any(rule.startswith("branch_serious") for rule in rules):
        ids.append("branch_blocking_tiers")
    if any(record.rule == "evidence_minor" for record in records):
        ids.append("simple_fine_limit_legal_yuan")
    ids += sorted(
        {
            f"lists.{row['what']}"
            for row in found.evidence
            if asked == "NOT_BAD_RECORD" and row["kind"] == "listings" and not row["is_active"]
        }
    )
    return law.cite(*ids)


def _blocker(row: Row, found: Found) -> Record:
    held = next((one for one in found.holds if _is_same(row, one)), None)
    via = None if held is None or held["via"] == held["uscc"] else held["via"]
    source = None
    if held is not None and held["source_file"] is not None:
        source = f"{held['source_file']}:{held['source_row']}"
    return Record(
        row["kind"], row["authority"], row["doc_no"], row["event_on"], row["rule"], rule_words(row["rule"]),
        row["blocks_until"], row["blocks_until"] is None, via, source,
    )  # fmt: skip


def _is_same(blocker: Row, held: Row) -> bool:
    keys = ("kind", "authority", "doc_no")
    return rule_id(blocker["rule"]) == held["hold_rule"] and all(blocker[key] == held[key] for key in keys)


def _honour(row: Row) -> Record:
    until = row["ended_on"]
    is_open = until is None or until >= OPEN_END
    says = Text(f"{row['what']}，有效", f"{row['what']}, valid")
    return record_of(row, "honour", says, None if is_open else until, is_open=is_open)


def _counting_anyway(asked: str, found: Found, law: Law) -> tuple[Record, ...]:
    is_provisional = asked == "HOLD_PROVISIONAL"
    return tuple(
        record_of(
            row, "evidence_counts", words_of(row), law.months_end(row["event_on"], "clean_window_months")
        )
        for row in found.evidence
        if row["counts"] and bool(row["is_provisional"]) == is_provisional
    )


def _not_counting(found: Found, law: Law) -> tuple[Record, ...]:
    """Records that were looked at and do not count, each with its reason (regulators only)."""
    made = []
    for row in found.evidence:
        if row["kind"] in ("penalties", "listings") and not row["counts"] and not row["is_active"]:
            why, last = law.freed(row)
            what = words_of(row)
            rule = "evidence_minor" if row["what"] == "minor" else "evidence_freed"
            made.append(record_of(row, rule, Text(f"{what.zh}：{why.zh}", f"{what.en}: {why.en}"), last))
    return tuple(made)


def _ended(found: Found) -> tuple[Record, ...]:
    return tuple(
        record_of(row, "list_ended", Text(f"{row['what']}，{row['ended_on']} 已移出",
                                          f"{row['what']}, removed on {row['ended_on']}"))
        for row in found.evidence
        if row["kind"] == "listings" and row["ended_on"] is not None
    )  # fmt: skip


# -- what comes next ---------------------------------------------------------------------------------------------


def _changes(answer: dict[str, Any], found: Found, law: Law) -> tuple[Change, ...]:
    changes = [_end_of(row) for row in found.blockers if row["blocks_until"] is not None]
    changes += [_waits_for(row) for row in found.blockers if row["blocks_until"] is None]
    if any(row["reason"] in _RECORD_CODES for row in found.blockers):
        changes += _by_decision(law)
    status = str(answer["status"])
    if status == "ELIGIBLE_MODEL":
        changes += _honours_end(found) or [Change(None, Text("荣誉到期之日止", "until the honour ends"))]
    if answer["eligible"]:
        changes.append(Change(None, _LOST_BY))
    elif answer["eligible_on"] is not None:
        changes.append(Change(answer["eligible_on"], _FORESEEN))
    else:
        changes.append(Change(None, _NOT_FORESEEN))
    changes = list(dict.fromkeys(changes))
    return tuple(sorted(changes, key=lambda change: (change.on is None, change.on or date.max)))


_FORESEEN = Text("如无新的记录，自该日起符合", "eligible from that day, if no new record comes")
_NOT_FORESEEN = Text(
    "依现有记录不能预计何时符合", "from these records no day can be foreseen on which it becomes eligible"
)
_LOST_BY = Text(
    "新的计入处罚、列入限制性名单、待复核事项或者数据来源逾期，会使其不再符合",
    "a new record that counts, a blocking list entry, something to be settled, or a late source would end it",
)


def _end_of(row: Row) -> Change:
    what = rule_words(row["rule"])
    named = row["doc_no"] or row["authority"] or ""
    zh, en = (
        " ".join(part for part in parts if part)
        for parts in ((what.zh, named, "不再影响"), (what.en, named, "no longer blocks"))
    )
    return Change(day_after(row["blocks_until"]), Text(zh, en))


def _waits_for(row: Row) -> Change:
    what = rule_words(row["rule"])
    named = " ".join(str(part) for part in (row["doc_no"] or row["authority"],) if part)
    if row["reason"] == "HOLD_REVIEW":
        by = settled_by(row["rule"])
        return Change(None, Text(f"{what.zh} {named}：待{by.zh}", f"{what.en} {named}: until {by.en}"))
    if row["reason"] == "NOT_ACTIVE_LIST":
        return Change(
            None,
            Text(
                f"{named} 移出名单或者列入决定被撤销",
                f"{named}: until it is removed, or the listing is annulled",
            ),
        )
    return Change(None, Text(f"{what.zh}变更", f"{what.en} changes"))


def _by_decision(law: Law) -> list[Change]:
    made = [
        Change(
            None,
            Text(
                "处罚被撤销、确认违法或者确认无效的，不再计入",
                "a penalty that is annulled (撤销, 确认违法, 确认无效) never counted",
            ),
        )
    ]
    if law.value("repaired_records_count") is False:
        made.append(
            Change(
                None,
                Text(
                    "经信用修复的，自修复之日起不再计入",
                    "a record that is repaired (信用修复) no longer counts from that day",
                ),
            )
        )
    return made


def _honours_end(found: Found) -> list[Change]:
    ends = [
        row["ended_on"]
        for row in found.evidence
        if row["kind"] == "honours" and row["ended_on"] is not None and row["ended_on"] < OPEN_END
    ]
    return [Change(day_after(max(ends)), Text("荣誉到期", "the honour has ended"))] if ends else []
