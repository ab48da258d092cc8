"""Names of entities and persons as a Chinese prefecture city writes them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample.identifiers import FIRST_OUTSIDE
from data.sample.rng import I64, U64, keys
from data.sample.text import constant, join, take, where, words
from data.sample.world import (
    BRANCH,
    COMPANY,
    COOPERATIVE,
    INDIVIDUAL,
    OTHER,
    PARENT,
    SECOND_TWIN,
    Entities,
    World,
)

# Shops without a name of their own; the policy's table of placeholders knows the word.
PLACEHOLDER, PLACEHOLDER_RATE = "无字号", 0.003
_TWO_CHARACTERS = 1 << 16
_THREE_CHARACTERS = 1 << 24
_FORMER = 1 << 23
_COMPANY_FORMS = ("有限公司", "有限责任公司", "股份有限公司", "厂", "中心（普通合伙）", "（安徽）有限公司")
_COMPANY_FORM_WEIGHTS = (80, 8, 2, 5, 2, 3)


def persons(world: World, key: U64, stream: str) -> pa.Array:
    """Names of persons: a family name and one or two characters."""
    reference, draws = world.reference, world.draws
    given = words(reference.given)
    first = take(given, draws.below(stream + ".first", key, len(reference.given)))
    second = take(given, draws.below(stream + ".second", key, len(reference.given)))
    # Family names thin out along the list, as they do in life.
    rank = draws.below(stream + ".rank", key, len(reference.surnames))
    surname = take(words(reference.surnames), draws.below(stream + ".family", key, rank + 1))
    return join(surname, first, where(draws.chance(stream + ".two", key, 0.72), second, ""))


class Names:
    """Names by entity; those of companies are unique, those of shops nearly so."""

    def __init__(self, world: World) -> None:
        self._world = world
        reference = world.reference
        chars = reference.trade_chars
        self._chars = words(chars)
        self._pairs = words([a + b for a in chars for b in chars])
        self._words = words([word for trade in reference.trades for word in trade.words])
        counts = np.array([len(trade.words) for trade in reference.trades])
        self._word_counts, self._word_starts = counts, np.cumsum(counts) - counts
        towns = [row["towns"].split() for row in reference.divisions]
        self._towns = words([town for group in towns for town in group])
        self._town_counts = np.array([len(group) for group in towns])
        self._town_starts = np.cumsum(self._town_counts) - self._town_counts
        self._places = words([row["place"] for row in reference.divisions])
        self._short_places = words([row["name"] for row in reference.divisions])

    def current(self, entities: Entities) -> pa.Array:
        """The name in the register today."""
        return self._named(entities, entities.index)

    def former(self, entities: Entities) -> pa.Array:
        """The name before the change; the same as today's where there was none."""
        other = self._named(entities, (entities.index + _FORMER) % _THREE_CHARACTERS)
        return where(entities.renamed > 0, other, self.current(entities))

    def at(self, entities: Entities, day: I64, late: U64) -> pa.Array:
        """The name that a record of `day` bears; some authorities go on with the former one."""
        is_former = (entities.renamed > 0) & (day < entities.renamed)
        is_former |= (entities.renamed > 0) & self._world.draws.chance("old_name", late, 0.08)
        if not is_former.any():
            return self.current(entities)
        return where(is_former, self.former(entities), self.current(entities))

    def _named(self, entities: Entities, number: I64) -> pa.Array:
        world = self._world
        # Two shops of one name: the second takes everything from the first.
        index = np.where(entities.role == SECOND_TWIN, entities.index - 1, entities.index)
        number = np.where(entities.role == SECOND_TWIN, number - 1, number)
        origin = world.entities(index)
        key = keys(1, number)
        draws = world.draws
        word = self._words.take(
            pa.array(
                self._word_starts[origin.trade] + draws.below("word", key, self._word_counts[origin.trade])
            )
        )
        place = take(self._places, origin.division)
        mark = self._mark(number)
        name = self._shop(origin, key, word)
        company = self._company(key, place, mark, word)
        name = where(np.isin(entities.kind, (COMPANY, BRANCH)), company, name)
        name = where(entities.kind == COOPERATIVE, join(place, mark, word, "专业合作社"), name)
        name = where(entities.kind == OTHER, join(place, mark, word), name)
        is_branch = entities.kind == BRANCH
        if is_branch.any():
            rows = np.flatnonzero(is_branch)
            branches = world.entities(entities.index[rows])
            branch = join(
                self._parents(world.parent_index(branches)),
                take(self._short_places, branches.division),
                "分公司",
            )
            name = pc.replace_with_mask(name, pa.array(is_branch), branch)
        return name

    def _parents(self, index: I64) -> pa.Array:
        is_outside = index >= FIRST_OUTSIDE
        inside = self._named(
            self._world.entities(np.where(is_outside, PARENT, index)), np.where(is_outside, PARENT, index)
        )
        key = keys(2, index)
        word = take(self._words, self._world.draws.below("outside_word", key, len(self._words)))
        number = _TWO_CHARACTERS + self._world.draws.below("outside_mark", key, _FORMER)
        return where(is_outside, join("安徽", self._mark(number), word, "有限公司"), inside)

    def _mark(self, number: I64) -> pa.Array:
        """Trade marks (字号): a bijection of two characters for the first 65,536, then of three."""
        draws = self._world.draws
        two = (number * 40_503 + draws.number("mark2", _TWO_CHARACTERS)) % _TWO_CHARACTERS
        three = (number * 10_368_889 + draws.number("mark3", _THREE_CHARACTERS)) % _THREE_CHARACTERS
        is_long = number >= _TWO_CHARACTERS
        low = np.where(is_long, three % _TWO_CHARACTERS, two)
        third = where(is_long, take(self._chars, three // _TWO_CHARACTERS), "")
        return join(take(self._pairs, low), third)

    def _company(self, key: U64, place: pa.Array, mark: pa.Array, word: pa.Array) -> pa.Array:
        draws = self._world.draws
        form = draws.choose("form", key, _COMPANY_FORM_WEIGHTS)
        start = where(form == 5, "", where(draws.chance("provincial", key, 0.3), "安徽", place))
        middle = join(start, mark, where(form == 5, "（宣城）", ""), word)
        forms = [*_COMPANY_FORMS[:5], "有限公司"]
        return join(middle, take(words(forms), form))

    def _shop(self, origin: Entities, key: U64, word: pa.Array) -> pa.Array:
        world, draws = self._world, self._world.draws
        counts = self._town_counts[origin.division]
        town = take(self._towns, self._town_starts[origin.division] + draws.below("town", key, counts))
        owner = persons(world, key, "owner")
        family = join(
            take(words(world.reference.surnames), draws.below("family", key, len(world.reference.surnames))),
            "记",
        )
        mark = take(self._pairs, draws.below("shop_mark", key, _TWO_CHARACTERS))
        style = draws.choose("shop_style", key, (35, 30, 35))
        sign = where(style == 0, family, where(style == 1, mark, owner))
        place = take(self._places, origin.division)
        name = join(place, where(draws.chance("town?", key, 0.75), town, ""), sign, word)
        is_nameless = draws.chance("nameless", key, PLACEHOLDER_RATE) & (origin.kind == INDIVIDUAL)
        return where(is_nameless, constant(PLACEHOLDER, len(key)), name)
