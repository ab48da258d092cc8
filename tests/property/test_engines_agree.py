"""The set-based engine and the reference decide every history alike.

Histories are graded in one call of the engine. Where the two differ, the smallest such history is made smaller
still, one row at a time (each round again one call), and shown.

`CREDITGRADE_HISTORIES` says how many (default 500; `make histories` 20,000), `CREDITGRADE_HISTORIES_SEED` with
which seed (default: always the same).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from policy import Policy, load_policy
from tests.property.drawing import History
from tests.property.histories import history
from tests.property.rendering import Rendered, render, write_intake
from tests.reference import Answer, Facts
from tests.reference.engine import decide_entity
from tests.reference.numbers import remembered
from tests.reference.publicity import Clock, clocks_of

COUNT = int(os.environ.get("CREDITGRADE_HISTORIES", "500"))
SEED = int(os.environ.get("CREDITGRADE_HISTORIES_SEED", "1"))
# Before and after 2026-04-01; another seed takes other days: 29 February, the day of the change itself.
_DAYS = (
    (date(2026, 6, 30), date(2026, 3, 31)), (date(2028, 2, 29), date(2026, 4, 1)),
    (date(2027, 2, 28), date(2024, 2, 29)),
)  # fmt: skip
DAYS = _DAYS[(SEED - 1) % len(_DAYS)]
BATCH = 2500
TABLES = ("eligibility", "eligibility_blockers", "grades", "grade_reasons", "disclosure")
Decided = dict[str, dict[str, Any]]  # USCC -> what is said of it


@cache
def policy() -> Policy:
    return remembered(load_policy())


def made(as_of: date, count: int) -> list[History]:
    """So many histories; the n-th depends on the seed and n alone."""
    return [history(Random(f"{SEED}/{as_of}/{n}"), as_of) for n in range(count)]


# -- what each engine says -----------------------------------------------------------------------------------------


def told_by_reference(one: Rendered, as_of: date) -> tuple[Decided, dict[str, Counter[str]]]:
    """Answers and counts of one history."""
    facts = Facts(one.world, policy(), as_of)
    answers = {uscc: decide_entity(uscc, facts) for uscc in facts.directory.used}
    clocks = {uscc: {tuple(vars(clock).values()) for clock in clocks_of(uscc, facts)} for uscc in answers}
    counts = {kind: Counter(facts.conservation(kind)) for kind in facts.records}
    decided = {uscc: told(answer) for uscc, answer in answers.items() if answer is not None}
    return {uscc: {**one, "disclosure": clocks[uscc]} for uscc, one in decided.items()}, counts


def told(answer: Answer) -> dict[str, Any]:
    """An answer in the form that both engines share."""
    shown = {
        name: getattr(answer, name)
        for name in ("status", "eligible", "grounds", "clean_since", "eligible_on")
    }
    shown["blockers"] = {tuple(vars(blocker).values()) for blocker in answer.blockers}
    if answer.has_risk_row:
        shown["red_lines"] = sorted(answer.red_lines)
        shown["risk_class"] = answer.risk_class
        if answer.risk_class is not None:  # whether an entity without class has points is nobody's promise
            shown |= {"points": answer.points_h, "reasons": answer.reasons_h}
    return shown


def told_by_engine(
    rendered: Sequence[Rendered], as_of: date, folder: Path
) -> tuple[Decided, dict[str, Counter[str]]]:
    """Answers and counts of a whole batch, in one call."""
    import pyarrow.parquet as pq

    from models.engine import grade

    folder.mkdir(parents=True)
    intake = write_intake(rendered, folder)
    result = grade(intake, load_policy(), as_of, folder / "work")
    tables = {name: pq.read_table(result.tables[name]).to_pylist() for name in TABLES}
    decided: Decided = {}
    for row in tables["eligibility"]:
        names = ("status", "eligible", "grounds", "clean_since", "eligible_on")
        decided[row["uscc"]] = {**{name: row[name] for name in names}, "blockers": set(), "disclosure": set()}
    for row in tables["eligibility_blockers"]:
        line = tuple(row[name] for name in ("reason", "kind", "doc_no", "event_on", "blocks_until"))
        decided[row["uscc"]]["blockers"].add(line)
    for row in tables["disclosure"]:
        decided[row["uscc"]]["disclosure"].add(tuple(row[name] for name in Clock.__dataclass_fields__))
    for row in tables["grades"]:
        grades = decided[row["uscc"]]
        grades |= {"red_lines": sorted(row["red_lines"]), "risk_class": row["risk_class"]}
        if row["risk_class"] is not None:
            grades |= {"points": round(row["risk_points"] * 100), "reasons": {}}
    for row in tables["grade_reasons"]:
        if row["points"] and "reasons" in decided[row["uscc"]]:
            decided[row["uscc"]]["reasons"][row["indicator"]] = round(row["points"] * 100)
    return decided, {kind: Counter(dict(counts)) for kind, counts in result.conservation.items()}


# -- comparing -------------------------------------------------------------------------------------------------------


def difference(one: Rendered, as_of: date, engine: Decided) -> str | None:
    """What the two say differently of one history, None where they agree."""
    reference, _ = told_by_reference(one, as_of)
    mine = {uscc: engine[uscc] for uscc in one.codes.values() if uscc in engine}
    lines = []
    for token, uscc in one.codes.items():
        expected, got = reference.get(uscc), mine.get(uscc)
        if expected is None or got is None:
            if (expected is None) != (got is None):
                lines.append(f"{token}: row in reference {expected is not None}, in engine {got is not None}")
            continue
        for name in sorted(expected.keys() | got.keys()):
            if expected.get(name) != got.get(name):
                lines.append(f"{token} {name}: reference {expected.get(name)}, engine {got.get(name)}")
    return "\n".join(lines) or None


def smallest_difference(worst: History, as_of: date, folder: Path) -> tuple[History, str]:
    """Takes rows away as long as the two still differ; all candidates of a round are graded in one call."""
    best, message = worst, ""
    for round_ in range(len(worst.happenings) + 1):
        candidates = [best, *(best.without(n) for n in range(len(best.happenings)))]
        candidates = [
            c for c in candidates if any(h.kind == "entities" and h.is_accepted for h in c.happenings)
        ]
        rendered = render(candidates)
        engine, _ = told_by_engine(rendered, as_of, folder / str(round_))
        differing = [
            (candidate, found)
            for candidate, one in zip(candidates, rendered, strict=True)
            if (found := difference(one, as_of, engine))
        ]
        if not differing:
            return best, message or "the difference does not show when the history stands alone"
        smallest, message = min(differing, key=lambda pair: len(pair[0].happenings))
        if len(smallest.happenings) == len(best.happenings):
            return best, message
        best = smallest
    return best, message


def shown(one_history: History) -> str:
    """The rows of a history, one a line, without nulls."""
    return "\n".join(
        f"  {n}: {one.kind}{'' if one.is_accepted else ' QUARANTINED'} slot {one.slot}"
        f"{'' if one.ruled is None else f' rules row {one.ruled}'} "
        + ", ".join(f"{k}={v}" for k, v in one.fields.items() if v not in (None, [], False))
        for n, one in enumerate(one_history.happenings)
    )


@pytest.mark.timeout(0)
@pytest.mark.parametrize("as_of", DAYS, ids=str)
def test_engines_agree(as_of: date, tmp_path: Path) -> None:
    family = made(as_of, max(1, COUNT // len(DAYS)))
    differing: list[History] = []
    for start in range(0, len(family), BATCH):
        batch = family[start : start + BATCH]
        rendered = render(batch)
        engine, conservation = told_by_engine(rendered, as_of, tmp_path / f"batch-{start}")
        totals: dict[str, Counter[str]] = {}
        for made_one, one in zip(batch, rendered, strict=True):
            if difference(one, as_of, engine):
                differing.append(made_one)
            for kind, counts in told_by_reference(one, as_of)[1].items():
                totals.setdefault(kind, Counter()).update(counts)
        if not differing:
            assert {k: +v for k, v in totals.items() if +v} == {k: +v for k, v in conservation.items() if +v}
    if differing:
        worst = min(differing, key=lambda one: len(one.happenings))
        smallest, message = smallest_difference(worst, as_of, tmp_path / "smaller")
        pytest.fail(
            f"{len(differing)} of {len(family)} histories differ on {as_of}; the smallest:\n"
            f"{shown(smallest)}\n{message}",
            pytrace=False,
        )


def test_reference_finds_every_day_of_change() -> None:
    """In the reference, `eligible_on` from candidate days equals the one found day by day."""
    as_of = DAYS[0]
    for one in render(made(as_of, 25)):
        facts = Facts(one.world, policy(), as_of)
        for uscc in facts.directory.used:
            assert decide_entity(uscc, facts) == decide_entity(uscc, facts, every_day=True)
