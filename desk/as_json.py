"""An answer as plain data, for the API; and as one row, for files."""

from __future__ import annotations

from datetime import date
from typing import Any

from desk.answers import Answer, Candidate, Edition, Entity, Reason
from desk.store import Period
from desk.words import MEANINGS, PROBLEMS, WORDS
from publish.story.words import PARAMETERS, list_of, rule_words
from publish.words import STATUSES

CSV_COLUMNS = (
    "asked", "item", "answer", "answer_zh", "uscc", "name", "status", "eligible_on", "as_of", "age_days", "is_stale",
    "has_gap", "reasons", "verification_code",
)  # fmt: skip
# A cell that begins with one of these could be run as a formula by a spreadsheet; the full-width forms too.
_FORMULA_START = frozenset("=+-@\t\r\n＝＋－＠")


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer with everything that explains it."""
    return {
        "answer": answer.code,
        "answer_zh": WORDS[answer.code].zh,
        "answer_en": WORDS[answer.code].en,
        "meaning_zh": MEANINGS[answer.code].zh,
        "asked": answer.asked,
        "item": answer.item or None,
        "on": answer.on.isoformat(),
        "problem": answer.problem or None,
        "excluded_by": answer.excluded_by,
        "is_stale": answer.is_stale,
        "entity": _entity_of(answer),
        "candidates": [candidate_json(one) for one in answer.candidates],
        "has_more_candidates": answer.has_more_candidates,
        "data": edition_json(answer.edition, answer.on) if answer.edition else None,
        "verification_code": answer.verification_code,
        "answered_at": answer.answered_at,
    }


def _entity_of(answer: Answer) -> dict[str, Any] | None:
    if answer.entity is None or answer.edition is None:
        return None
    found = entity_json(answer.entity, answer.edition)
    # A list that is too old foresees nothing.
    return {**found, "eligible_on": None} if answer.is_stale else found


def entity_json(entity: Entity, edition: Edition) -> dict[str, Any]:
    """An entity as a list says it; an eligible one is so on the day of the list."""
    is_eligible = entity.status.startswith("ELIGIBLE_")
    return {
        "uscc": entity.uscc,
        "name": entity.name,
        "division_code": entity.division_code,
        "status": entity.status,
        "status_zh": STATUSES.get(entity.status, (entity.status, ""))[0],
        "grounds": list(entity.grounds),
        "clean_since": _iso(entity.clean_since),
        "eligible_on": _iso(edition.as_of if is_eligible else entity.eligible_on),
        "reasons": [reason_json(reason, edition) for reason in entity.reasons],
    }


def reason_json(reason: Reason, edition: Edition) -> dict[str, Any]:
    """A reason with its law."""
    words = rule_words(reason.rule)
    return {
        "code": reason.code,
        "kind": reason.kind,
        "authority": reason.authority,
        "doc_no": reason.doc_no,
        "event_on": _iso(reason.event_on),
        "blocks_until": _iso(reason.blocks_until),
        "rule": reason.rule,
        "says_zh": words.zh,
        "says_en": words.en,
        "is_of_another": reason.is_of_another,
        "citations": citations_of(reason, edition),
    }


def citations_of(reason: Reason, edition: Edition) -> list[dict[str, Any]]:
    """The parameters that a reason rests on, as the policy of the list quotes them."""
    ids = [id_ for id_ in PARAMETERS.get(reason.code, ()) if id_ in edition.citations]
    if (list_name := list_of(reason.rule)) is not None:
        ids.append(f"lists.{list_name}")
    if reason.rule.startswith("branch"):
        ids.append("branch_blocking_tiers")
    if reason.rule.startswith("inspection_hold"):
        ids = ["inspection_hold_months"]
    found = []
    for id_ in ids:
        cited = edition.citations.get(id_)
        if cited is not None:
            keys = ("label", "source", "article", "confidence")
            found.append({"id": id_, **{key: cited[key] for key in keys}})
    return found


def candidate_json(one: Candidate) -> dict[str, Any]:
    """One of several."""
    return {"uscc": one.uscc, "name": one.name, "division_code": one.division_code}


def edition_json(edition: Edition, on: date) -> dict[str, Any]:
    """The list that answered: its day, its age, its gaps."""
    return {
        "as_of": edition.as_of.isoformat(),
        "age_days": edition.age_days(on),
        "max_age_days": edition.max_age_days,
        "is_stale": edition.is_stale(on),
        "loaded_on": edition.loaded_on.isoformat(),
        "snapshot": edition.snapshot,
        "manifest_sha256": edition.manifest_sha256,
        "policy_version": edition.policy_version,
        "accepted_gaps": [dict(gap) for gap in edition.gaps],
    }


def period_json(period: Period) -> dict[str, Any]:
    """What was said from one list until another."""
    return {
        "from_as_of": period.first.as_of.isoformat(),
        "from_loaded_on": period.first.loaded_on.isoformat(),
        "until_as_of": period.until.as_of.isoformat() if period.until else None,
        "until_loaded_on": period.until.loaded_on.isoformat() if period.until else None,
        **entity_json(period.entity, period.first),
    }


def answer_row(answer: Answer) -> list[str]:
    """An answer as the cells of `CSV_COLUMNS`, none of which a spreadsheet would run."""
    entity, edition = answer.entity, answer.edition
    eligible_on = None
    if entity and edition and not answer.is_stale:
        is_eligible = entity.status.startswith("ELIGIBLE_")
        eligible_on = edition.as_of if is_eligible else entity.eligible_on
    reasons = "; ".join(
        [
            " ".join(filter(None, (rule_words(r.rule).zh, r.authority, r.doc_no, _iso(r.event_on))))
            for r in answer.reasons
        ]
    )
    if answer.problem in PROBLEMS:
        reasons = PROBLEMS[answer.problem].zh
    # Only what others wrote can be a formula; the rest is made of our own codes, days and numbers.
    return [
        safe_cell(answer.asked), safe_cell(answer.item), answer.code, WORDS[answer.code].zh,
        entity.uscc if entity else "", safe_cell(entity.name) if entity else "",
        entity.status if entity else "", _iso(eligible_on) or "", edition.as_of.isoformat() if edition else "",
        str(edition.age_days(answer.on)) if edition else "", "true" if answer.is_stale else "false",
        "true" if edition and edition.gaps else "false", safe_cell(reasons), answer.verification_code,
    ]  # fmt: skip


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet runs as a formula.

    >>> safe_cell("=1+1"), safe_cell("宣城建设")
    ("'=1+1", '宣城建设')
    """
    return f"'{text}" if text[:1] in _FORMULA_START else text


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
