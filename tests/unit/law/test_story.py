"""The parts of an explanation that need no snapshot."""

from __future__ import annotations

from datetime import date

import pytest

from policy import citations, load_policy
from policy.compare import differences
from publish.lookup import Found
from publish.story.days import add_months, day_after
from publish.story.telling import tell
from publish.story.text import as_text
from publish.story.words import QUESTIONS, RULES, rule_words, settled_by
from publish.words import STATUSES

ROW = {"uscc": "91341802MAX0000011", "name": "甲", "status": "NOT_BAD_RECORD", "eligible": False, "grounds": [],
       "clean_since": None, "eligible_on": None}  # fmt: skip
BLOCKER = {"uscc": ROW["uscc"], "reason": "NOT_BAD_RECORD", "kind": "penalties", "authority": "乙", "doc_no": "1号",
           "event_on": date(2026, 1, 5), "blocks_until": date(9999, 12, 31), "rule": "general_penalty"}  # fmt: skip


def test_days() -> None:
    assert add_months(date(2024, 2, 29), 36) == date(2027, 2, 28)
    assert add_months(date(2021, 2, 28), 36) == date(2024, 2, 28)
    assert add_months(date(9999, 1, 1), 36) == date(9999, 12, 31)
    assert day_after(date(9999, 12, 31)) == date(9999, 12, 31)


def test_every_status_is_asked() -> None:
    assert set(QUESTIONS) == set(STATUSES)


@pytest.mark.parametrize("rule", [*RULES, "hold_quarantined_penalties", "hold_unmatched_listings"])
@pytest.mark.parametrize(
    "end", ["", "_of_predecessor", "_of_branch", "_under_review", "_of_predecessor_under_review"]
)
def test_every_rule_has_words(rule: str, end: str) -> None:
    words = rule_words(f"{rule}{end} (linked_by_name)")
    assert rule not in words.zh
    assert "按名称" in words.zh
    assert settled_by(rule).zh


def test_the_open_end_and_control_characters() -> None:
    row = {**ROW, "name": "\x1b[2J红色\x07"}
    story = tell(Found(None, [], row, [dict(BLOCKER)]), {"as_of": "2026-06-30", "policy_version": "p"})
    lines = as_text(story)
    assert lines[0].endswith("·[2J红色·")
    assert story.eligibility is not None
    assert story.eligibility.questions[3].finding == "decides"


def test_citations_are_plain_and_the_desk_s_know_no_class() -> None:
    import json

    policy = load_policy()
    found = citations(policy, date(2026, 6, 30))
    json.dumps(found)
    assert set(policy.params) <= set(found)
    for_desk = {id_ for id_, cited in found.items() if cited["for_desk"]}
    assert {"clean_window_months", "lists.经营异常名录", "honours.诚信典型"} <= for_desk
    assert not for_desk & {"class_cut_points", "points", "red_line_classes", "red_line_lists", "points_decay"}
    assert not any("red_line" in json.dumps(found[id_]) for id_ in for_desk)


def test_equal_policies_do_not_differ() -> None:
    assert differences(load_policy(), load_policy()) == []
