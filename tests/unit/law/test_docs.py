"""docs/rules.md is what the policy and the spec cases say."""

from __future__ import annotations

from docs_tools.rules import PLACE, render, table
from policy import load_policy


def test_it_is_up_to_date() -> None:
    assert PLACE.read_text(encoding="utf-8") == render(load_policy()), "out of date: make docs"


def test_the_dictionary_is_up_to_date() -> None:
    from docs_tools import dictionary

    made = dictionary.dictionary()
    assert dictionary.PLACE.read_text(encoding="utf-8") == made, "out of date: make docs"


def test_every_parameter_and_case_stands_in_it() -> None:
    policy = load_policy()
    text = PLACE.read_text(encoding="utf-8")
    assert not [id_ for id_ in policy.params if f"`{id_}`" not in text]
    assert not [one.name for one in policy.lists if f"| {one.name} |" not in text]
    from tests.spec.loader import load_cases

    titles = {case.id.partition(" ")[2] for case in load_cases()}
    assert len(titles) > 150
    assert not [title for title in titles if title not in text]


def test_a_cell_cannot_break_its_table() -> None:
    assert table(("a",), [("x|y\nz",)]) == "| a |\n| --- |\n| x\\|y z |\n"
