"""How many of each stratum are drawn."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from models.grades import CLASSES
from models.sampling import stratum_draws

RATES = {"A": Fraction(1, 100), "B": Fraction(3, 100), "C": Fraction(1, 10), "D": Fraction(3, 10)}
_sizes = st.dictionaries(
    st.tuples(st.sampled_from(["341802", "341821", ""]), st.sampled_from(CLASSES)), st.integers(1, 5000)
)


@given(_sizes, st.integers(0, 12))
def test_rates_are_floors_no_chance_is_zero_and_every_division_gets_its_least(
    sizes: dict[tuple[str, str], int], least: int
) -> None:
    draws = stratum_draws(sizes, RATES, least)
    assert draws.keys() == sizes.keys()
    for key, n in draws.items():
        assert 1 <= n <= sizes[key]
        assert n >= sizes[key] * RATES[key[1]]
    for division in {d for d, _ in sizes}:
        mine = {key: n for key, n in draws.items() if key[0] == division}
        assert sum(mine.values()) >= min(least, sum(sizes[key] for key in mine))
        if any(n > sizes[key] * RATES[key[1]] + 1 for key, n in mine.items()):
            # Only the least of a division raises a stratum, and no further than to it.
            assert sum(mine.values()) == min(least, sum(sizes[key] for key in mine))


def test_riskier_strata_are_raised_first() -> None:
    sizes = {("341802", "A"): 50, ("341802", "D"): 4}
    assert stratum_draws(sizes, RATES, 5) == {("341802", "A"): 1, ("341802", "D"): 4}
    assert stratum_draws(sizes, RATES, 7) == {("341802", "A"): 3, ("341802", "D"): 4}
