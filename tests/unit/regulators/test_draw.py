"""The draw of the inspection plan: chances over many seeds, joint visits, conflicts, what is never left out."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from policy.supervision import Task
from publish.plan.draw import Rules, chances, visits
from publish.plan.roster import Inspector, read_roster
from records.errors import InputRefused

AS_OF = "2026-06-30"
MARKET, FIRE = "宣州区市场监督管理局", "宣州区消防救援大队"
GENERAL = Task(
    id="general", title="通用", title_en="general", unit="scjg", industries=(), rate_factor="1",
    items=("公示信息", "许可经营"), key_items=("许可经营",),
)  # fmt: skip
HOTELS = Task(
    id="fire", title="消防", title_en="fire", unit="xfj", industries=("61",), rate_factor="2", items=("疏散通道",),
    key_items=("疏散通道",),
)  # fmt: skip
RULES = Rules(
    tasks=(GENERAL, HOTELS),
    rates={"A": Fraction(1, 100), "B": Fraction(3, 100), "C": Fraction(1, 10), "D": Fraction(3, 10)},
    cap=2,
    per_visit=2,
    least=0,
    authority_of=lambda _, unit: {"scjg": "m", "xfj": "f"}[unit],
    names={"m": MARKET, "f": FIRE},
)


def entity(number: int, risk_class: str, **cells: Any) -> dict[str, Any]:
    row = {
        "uscc": f"913418020000{number:06d}", "division_code": "341802", "industry_code": "F52",
        "risk_class": risk_class,
        "coverage": "draw", "key_items_in_full": risk_class == "D", "visits_this_year": [],
    }  # fmt: skip
    return {**row, **cells}


FRAME = [
    entity(number, risk_class, industry_code="H6110" if number % 4 == 0 else "F52")
    for number, risk_class in enumerate("A" * 200 + "B" * 100 + "C" * 60 + "D" * 20)
]
FRAME += [
    entity(900, "A", coverage="full", key_items_in_full=True), entity(901, "C", coverage="excluded"),
    entity(902, "D", coverage="excluded"), entity(903, "A", industry_code="H61", visits_this_year=["f=2", "m=1"]),
]  # fmt: skip
ROSTER = [Inspector(f"皖{n}", "某", MARKET) for n in range(4)]


def test_rates_and_probabilities_hold_over_many_seeds() -> None:
    rounds = 400
    drawn: Counter[tuple[str, str]] = Counter()
    for number in range(rounds):
        found = chances(FRAME, RULES, f"seed {number}", AS_OF)
        per_task = Counter((c.task, c.stratum) for c in found if c.is_drawn)
        for c in found:
            # Fixed size in every stratum, the rate rounded up; so nobody's chance is zero.
            assert per_task[c.task, c.stratum] == c.stratum_draws >= 1
            drawn[c.task, c.uscc] += c.is_drawn
    classes = {row["uscc"]: row["risk_class"] for row in FRAME}
    for c in found:
        p = c.inclusion_probability
        factor = 2 if c.task == "fire" else 1
        assert c.stratum_draws >= RULES.rates[classes[c.uscc]] * factor * c.stratum_size
        # Five standard deviations, and each of 600 estimates lies inside.
        assert abs(drawn[c.task, c.uscc] / rounds - p) <= 5 * (p * (1 - p) / rounds) ** 0.5 + 1e-9
    # Weighted back, the sample gives the size of the population on the nose (a sample of fixed size).
    general = [c for c in found if c.task == "general"]
    assert sum(1 / c.inclusion_probability for c in general if c.is_drawn) == pytest.approx(len(general))


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    one, again, other = (chances(FRAME, RULES, seed, AS_OF) for seed in ("one", "one", "other"))
    assert one == again
    assert one == chances(list(reversed(FRAME)), RULES, "one", AS_OF)
    assert [c.is_drawn for c in one] != [c.is_drawn for c in other]


def test_what_is_never_left_out_and_what_always_is() -> None:
    drawn = chances(FRAME, RULES, "seed", AS_OF)
    going = {v.uscc: v for v in visits(FRAME, drawn, RULES, [], "seed", AS_OF)}
    key_area, excluded, excluded_d, seen_twice = (row["uscc"] for row in FRAME[-4:])
    assert going[key_area].selected_by == ("KEY_AREA",)
    assert going[key_area].items == GENERAL.items
    assert excluded not in going
    # Key items of D in full, whatever the draw says.
    assert going[excluded_d].selected_by == ("KEY_ITEMS",)
    assert going[excluded_d].items == ("许可经营",)
    assert {row["uscc"] for row in FRAME if row["risk_class"] == "D"} <= going.keys()
    # The fire brigade was there twice this year: its task leaves the entity out, the general one does not.
    assert {c.task for c in drawn if c.uscc == seen_twice} == {"general"}


def test_what_several_tasks_draw_is_one_joint_visit() -> None:
    going = visits(FRAME, chances(FRAME, RULES, "seed", AS_OF), RULES, [], "seed", AS_OF)
    assert len({v.uscc for v in going}) == len(going)
    joint = [v for v in going if len(v.tasks) > 1]
    assert joint
    for visit in joint:
        assert visit.authorities == (MARKET, FIRE)
        assert len(set(visit.items)) == len(visit.items)


def test_inspectors_go_in_pairs_without_conflict_and_within_their_load() -> None:
    drawn = chances(FRAME, RULES, "seed", AS_OF)
    first = visits(FRAME, drawn, RULES, ROSTER, "seed", AS_OF)
    market = [v for v in first if MARKET in v.authorities]
    assert all(sum(text.startswith(MARKET) for text in v.inspectors) == 2 for v in market)
    assert all(FIRE in v.missing for v in first if FIRE in v.authorities)
    target = next(v for v in market if any("皖0" in text for text in v.inspectors))
    limited = [
        Inspector("皖0", "某", MARKET, frozenset({target.uscc})),
        Inspector("皖1", "某", MARKET, most=3),
        *ROSTER[2:],
    ]
    second = visits(FRAME, drawn, RULES, limited, "seed", AS_OF)
    assert not any("皖0" in text for v in second if v.uscc == target.uscc for text in v.inspectors)
    assert sum("皖1 " in text for v in second for text in v.inspectors) == 3


def test_a_load_that_is_no_number_names_file_and_row(tmp_path: Path) -> None:
    place = tmp_path / "名录库.csv"
    place.write_text("执法证号,姓名,所属机关,最多户数\n1,甲,某局,３\n2,乙,某局,²\n", encoding="utf-8")
    with pytest.raises(InputRefused, match="最多户数 is no whole number") as refused:
        read_roster(place)
    assert (refused.value.rule, refused.value.row) == ("roster_row", 2)
