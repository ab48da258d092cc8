"""The invented city: what each entity is, as a pure function of its number.

Positions within each hundred of entities are set aside, so that every sample, however small, has mergers,
parents with branches, and two shops of one name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.sample import identifiers as ids
from data.sample.reference import FORMS, Reference, former_until
from data.sample.rng import I64, U64, Bools, Draws, keys
from data.sample.text import NO_DAY, day_number, from_bytes, where

# Entity types, and the first two characters of their USCC (GB 32100: registering department, kind).
INDIVIDUAL, COMPANY, BRANCH, COOPERATIVE, OTHER = range(5)
_USCC_KINDS = ["92", "91", "91", "93", "52"]
# regulation §11: 333,000 entities, of which 80,000 to 110,000 enterprises; the places below add to it.
_TYPE_WEIGHTS = (69, 23, 3, 3, 2)

ACTIVE, CANCELLED, REVOKED, DORMANT, MOVED, LIQUIDATION, RESCINDED = range(7)
_STATUS_WEIGHTS = (85, 10, 1.6, 1.3, 0.8, 0.8, 0.5)

# Places within each hundred.
HUNDRED = 100
PREDECESSOR, SUCCESSOR, PARENT, A_BRANCH, A_COOPERATIVE, AN_OTHER, TWIN, SECOND_TWIN, WRONG_ORG_CHECK = range(
    5, 14
)
_FORCED_TYPE = {SUCCESSOR: COMPANY, PARENT: COMPANY, A_BRANCH: BRANCH, A_COOPERATIVE: COOPERATIVE, AN_OTHER: OTHER,
                TWIN: INDIVIDUAL, SECOND_TWIN: INDIVIDUAL}  # fmt: skip
_ALWAYS_ACTIVE = (SUCCESSOR, PARENT, A_BRANCH, TWIN, SECOND_TWIN)
# A USCC whose inner organisation code fails its check is accepted with a warning (contract §2).
ORG_CHECK_RATE = 0.0005

# Entities by full years of age: most are young.
_AGE_WEIGHTS = (
    13,
    12,
    11,
    10,
    9,
    8,
    6,
    5,
    4.5,
    4,
    3.5,
    3,
    2.5,
    2,
    1.5,
    1.2,
    1,
    0.8,
    0.6,
    0.5,
    0.4,
    0.3,
    0.2,
    0.2,
)
_YEAR = 365
_OUTSIDE_PARENT_RATE = 0.2
_RENAMED_RATE = (0.02, 0.07, 0.02, 0.04, 0.03)
# 三证合一: since then entities have no 注册号 of their own, though some systems still fill it.
_ONE_CODE_SINCE = day_number(date(2015, 10, 1))
_LATE_REG_NO_RATE = 0.25
_OLD_PREFIX_UNTIL = day_number(date(2001, 1, 1))


@dataclass(frozen=True)
class Entities:
    """Attributes of some entities, one element each; days are numbers, `NO_DAY` where there is none."""

    index: I64
    key: U64
    kind: I64
    division: I64
    trade: I64
    status: I64
    established: I64
    ended: I64
    renamed: I64
    merged: I64

    def __len__(self) -> int:
        return len(self.index)

    @property
    def role(self) -> I64:
        """Place within the hundred."""
        return self.index % HUNDRED


class World:
    """All entities of a sample; any of them can be asked for at any time."""

    def __init__(
        self, seed: int, entities: int, as_of: date, reference: Reference, citizen_penalties: float
    ) -> None:
        self.size = entities
        self.citizen_penalties = citizen_penalties
        self.as_of = as_of
        self.today = day_number(as_of)
        self.reference = reference
        self.draws = Draws(seed)
        self._org_factor = 2 * self.draws.number("org", 9_000_000) + 1_000_003
        self._org_factor += self._org_factor % 31 == 0
        self._trades = [
            np.array([n for n, trade in enumerate(reference.trades) if trade.form == form]) for form in FORMS
        ]
        self._trade_weights = [[reference.trades[n].weight for n in group] for group in self._trades]

    def entities(self, index: I64) -> Entities:
        """The entities of these numbers."""
        key = keys(0, index)
        role = index % HUNDRED
        kind = self._kind(index, key, role)
        established = self.today - self._age(index, key, role, kind)
        status = self.draws.choose("status", key, _STATUS_WEIGHTS)
        status = np.where(np.isin(role, _ALWAYS_ACTIVE), ACTIVE, status)
        status = np.where(self._is_predecessor(index), CANCELLED, status)
        life = self.today - established
        ended = np.where(
            status == ACTIVE, NO_DAY, established + self.draws.between("ended", key, life // 3, life - 1)
        )
        merged = self._merged(index)
        ended = np.where(self._is_predecessor(index), merged, ended)
        last = np.where(ended == NO_DAY, self.today, ended)
        is_renamed = self.draws.chance("renamed", key, np.array(_RENAMED_RATE)[kind]) & (
            last - established > _YEAR
        )
        is_renamed &= ~np.isin(role, (TWIN, SECOND_TWIN))
        renamed = np.where(
            is_renamed, self.draws.between("renamed_on", key, established + 120, last - 30), NO_DAY
        )
        return Entities(
            index,
            key,
            kind,
            self._division(index),
            self._trade(key, kind),
            status,
            established,
            ended,
            renamed,
            merged,
        )

    def _kind(self, index: I64, key: U64, role: I64) -> I64:
        kind = self.draws.choose("type", key, _TYPE_WEIGHTS)
        for place, forced in _FORCED_TYPE.items():
            kind = np.where(role == place, forced, kind)
        # Every third merger is a 个体工商户 that became a company (个转企).
        is_shop = (index // HUNDRED) % 3 == 1
        return np.where(self._is_predecessor(index), np.where(is_shop, INDIVIDUAL, COMPANY), kind)

    def _is_predecessor(self, index: I64) -> Bools:
        return np.asarray((index % HUNDRED == PREDECESSOR) & (index + 1 < self.size))

    def _age(self, index: I64, key: U64, role: I64, kind: I64) -> I64:
        """Days since establishment."""
        years = self.draws.choose("age", key, _AGE_WEIGHTS)
        age = years * _YEAR + self.draws.between("age_days", key, 20, _YEAR)
        age = np.where(kind == BRANCH, self.draws.between("branch_age", key, 60, 8 * _YEAR), age)
        age = np.where(role == PARENT, self.draws.between("parent_age", key, 8 * _YEAR, 20 * _YEAR), age)
        age = np.where(role == SUCCESSOR, self._successor_age(index), age)
        older = self.draws.between("predecessor_age", key, 2 * _YEAR, 8 * _YEAR)
        return np.where(self._is_predecessor(index), self._successor_age(index + 1) + older, age)

    def _successor_age(self, index: I64) -> I64:
        return self.draws.between("successor_age", keys(0, index), 2 * _YEAR, 8 * _YEAR)

    def _merged(self, index: I64) -> I64:
        """The day of the merger, for a predecessor and its successor."""
        second = np.where(index % HUNDRED == PREDECESSOR, index + 1, index)
        age = self._successor_age(second)
        is_shop = (second // HUNDRED) % 3 == 1
        day = self.today - np.where(is_shop, age, self.draws.between("merged", keys(0, second), 60, age))
        return np.where(self._is_predecessor(index) | self._is_predecessor(index - 1), day, NO_DAY)

    def _division(self, index: I64) -> I64:
        weights = [float(row["weight"]) for row in self.reference.divisions]
        base = np.where(index % HUNDRED == SECOND_TWIN, index - 1, index)
        division = self.draws.choose("division", keys(0, base), weights)
        # Of two shops of one name, every other pair stands in two divisions.
        moves = (index % HUNDRED == SECOND_TWIN) & ((index // HUNDRED) % 2 == 1)
        return np.where(moves, (division + 1) % len(weights), division)

    def _trade(self, key: U64, kind: I64) -> I64:
        trade = np.zeros(len(key), dtype=np.int64)
        for number, kinds in enumerate(((INDIVIDUAL,), (COMPANY, BRANCH), (COOPERATIVE,), (OTHER,))):
            drawn = self._trades[number][self.draws.choose("trade", key, self._trade_weights[number])]
            trade = np.where(np.isin(kind, kinds), drawn, trade)
        return trade

    # Identifiers.

    def organisation_codes(self, numbers: I64, broken: Bools) -> NDArray[np.uint8]:
        """Organisation codes by entity number, or by a number from `FIRST_OUTSIDE` for units outside."""
        scattered = (
            numbers * self._org_factor + self.draws.number("org_start", ids.ORG_NUMBERS)
        ) % ids.ORG_NUMBERS
        return ids.organisation_codes(scattered, broken)

    def has_wrong_org_check(self, entities: Entities) -> Bools:
        """Entities whose USCC is valid while the organisation code in it is not."""
        is_wrong = self.draws.chance("org_check", entities.key, ORG_CHECK_RATE)
        is_wrong |= entities.index == WRONG_ORG_CHECK
        return is_wrong

    def usccs(self, entities: Entities) -> pa.Array:
        """统一社会信用代码 of each entity."""
        kinds = ids.ascii_rows(_USCC_KINDS, entities.kind)
        org = self.organisation_codes(entities.index, self.has_wrong_org_check(entities))
        return ids.usccs(kinds, self._code_divisions(entities), org)

    def outside_usccs(self, first_two: str, division: str, numbers: I64) -> pa.Array:
        """Valid codes of units that are no entity of the sample, from numbers of their own."""
        place = np.zeros(len(numbers), dtype=np.int64)
        org = self.organisation_codes(ids.FIRST_OUTSIDE + numbers, np.zeros(len(numbers), dtype=np.bool_))
        return ids.usccs(ids.ascii_rows([first_two], place), ids.ascii_rows([division], place), org)

    def org_codes(self, entities: Entities) -> pa.Array:
        """组织机构代码, written as nine characters."""
        return from_bytes(self.organisation_codes(entities.index, self.has_wrong_org_check(entities)))

    def registration_numbers(self, entities: Entities) -> pa.Array:
        """注册号; null for most entities since 三证合一."""
        serial = np.where(entities.kind == INDIVIDUAL, 60_000_000, 0)
        serial += (entities.index * 7_654_321 + self.draws.number("reg", 10**7)) % 10**7
        numbers = ids.registration_numbers(self._code_divisions(entities), serial)
        late = self.draws.chance("late_reg_no", entities.key, _LATE_REG_NO_RATE)
        return where((entities.established < _ONE_CODE_SINCE) | late, numbers, None)

    def _code_divisions(self, entities: Entities) -> NDArray[np.uint8]:
        """Division digits in codes: those of the day of registration, which need not be today's."""
        table = self.reference.divisions
        former = np.array([former_until(row) for row in table])
        codes = (
            [row["code"] for row in table] + [row["former_code"] or row["code"] for row in table] + ["341700"]
        )
        place = entities.division + len(table) * (entities.established <= former[entities.division])
        place = np.where(entities.established < _OLD_PREFIX_UNTIL, 2 * len(table), place)
        return ids.ascii_rows(codes, place)

    # Relations.

    def parent_index(self, entities: Entities) -> I64:
        """Number of a branch's parent; outside ones count from `FIRST_OUTSIDE`."""
        parents = max(1, (self.size - PARENT + HUNDRED - 1) // HUNDRED)
        inside = PARENT + HUNDRED * self.draws.below("parent", entities.key, parents)
        outside = self.draws.chance("outside_parent", entities.key, _OUTSIDE_PARENT_RATE) & (
            entities.role != A_BRANCH
        )
        return np.where(outside, ids.FIRST_OUTSIDE + entities.index % 5_000_000, inside)

    def parent_usccs(self, entities: Entities) -> pa.Array:
        """隶属企业 of branches; null for the others."""
        index = self.parent_index(entities)
        is_outside = index >= ids.FIRST_OUTSIDE
        inside = self.usccs(self.entities(np.where(is_outside, PARENT, index)))
        outside = self.outside_usccs("91", "340100", np.where(is_outside, index - ids.FIRST_OUTSIDE, 0))
        return where(entities.kind == BRANCH, where(is_outside, outside, inside), None)

    def predecessor_usccs(self, entities: Entities) -> pa.Array:
        """前身 of successors; null for the others."""
        is_successor = self._is_predecessor(entities.index - 1)
        return where(
            is_successor, self.usccs(self.entities(np.where(is_successor, entities.index - 1, 0))), None
        )
