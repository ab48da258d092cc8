"""A run of entities for which all records are made together, and what their records have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample import identifiers as ids
from data.sample.batch import Column, Serials
from data.sample.names import Names, persons
from data.sample.offices import Offices
from data.sample.rng import I64, U64, Bools, keys
from data.sample.text import NO_DAY, constant, integers, join, take, where, words
from data.sample.world import INDIVIDUAL, SECOND_TWIN, TWIN, Entities, World

# Ten years of history, thinner in the past (regulation §11), by full years before the newest day possible.
HISTORY_WEIGHTS = (19, 16, 14, 12, 10, 9, 7, 6, 4, 3)
# How a record of an enterprise or shop names its subject.
USCC, REG_NO, ORG_CODE, NAME_ONLY = range(4)
_NAMED_BY_WEIGHTS = (92.5, 4, 0.5, 3)
# Records of the shops of one name that bear nothing else; the defect `ambiguous_name`.
AMBIGUOUS_NAME_SHARE = 0.5
# Subjects that are no entity of the sample (registered elsewhere): their records end up in `unmatched`.
OUTSIDE_SUBJECT_RATE = 0.006
_KIND_WORDS = words(["法人及非法人组织", "个体工商户", "自然人", "企业法人", "个体户", "个人"])
_KIND_ALIAS_RATE = 0.05
# The thirteen columns that licences and penalties share.
_SUBJECT_COLUMNS = (
    "subject_name", "subject_kind", "uscc", "reg_no", "org_code", "tax_no", "institution_no", "society_no",
    "legal_rep", "legal_rep_id_type", "legal_rep_id", "subject_id_type", "subject_id",
)  # fmt: skip


@dataclass(frozen=True)
class Chunk:
    """Entities `low` to `high` of a world, with their names and identifiers.

    Attributes:
        is_first: the chunk that shows every format, every code and every defect.
        offices: the authorities of the city.
        serials: running document numbers, shared by all chunks of a sample.
    """

    world: World
    names: Names
    low: int
    high: int
    is_first: bool
    offices: Offices
    serials: Serials

    @cached_property
    def entities(self) -> Entities:
        """All entities of the chunk."""
        return self.world.entities(np.arange(self.low, self.high, dtype=np.int64))

    @cached_property
    def uscc(self) -> pa.Array:
        """USCC by position in the chunk; likewise the columns below."""
        return self.world.usccs(self.entities)

    @cached_property
    def reg_no(self) -> pa.Array:
        """注册号, null for most."""
        return self.world.registration_numbers(self.entities)

    @cached_property
    def org_code(self) -> pa.Array:
        """组织机构代码."""
        return self.world.org_codes(self.entities)

    @cached_property
    def name(self) -> pa.Array:
        """Name in the register today."""
        return self.names.current(self.entities)

    @cached_property
    def former_name(self) -> pa.Array:
        """Name before the change, or today's."""
        return self.names.former(self.entities)

    @cached_property
    def legal_rep(self) -> pa.Array:
        """法定代表人 or owner."""
        return persons(self.world, self.entities.key, "legal_rep")

    @cached_property
    def last_day(self) -> I64:
        """Last day on which something can happen to an entity."""
        return np.where(self.entities.ended == NO_DAY, self.world.today, self.entities.ended)

    def acting(self, department: I64, row: I64, key: U64) -> I64:
        """Division of the office of a department that acts on the entities at these positions."""
        return self.offices.acting(department, self.entities.division[row], key)

    def keys(self, domain: int, row: I64, slot: I64) -> U64:
        """Keys of records: `row` is a position in the chunk, `slot` counts the records of an entity."""
        return keys(domain, row + self.low, slot)

    def history(self, stream: str, key: U64, earliest: I64, latest: I64) -> I64:
        """A day of the last ten years between the two, thinner in the past."""
        draws = self.world.draws
        age = draws.choose(stream, key, HISTORY_WEIGHTS) * 365 + draws.below(stream + ".day", key, 365)
        anywhere = draws.between(stream + ".early", key, earliest, latest)
        return np.minimum(np.where(latest - age < earliest, anywhere, latest - age), latest)

    def fresh(self, day: I64, row: I64, ages: tuple[int, ...]) -> tuple[I64, Bools]:
        """Makes the first possible rows of the sample as old as `ages` days, for the freshness gate.

        Returns:
            The days, and the rows that must bear no defect.
        """
        is_fresh = np.zeros(len(row), dtype=np.bool_)
        if self.is_first:
            alive = (self.entities.ended[row] == NO_DAY) & (
                self.entities.established[row] < self.world.today - 60
            )
            chosen = np.flatnonzero(alive)[: len(ages)]
            day = day.copy()
            day[chosen] = self.world.today - np.array(ages[: len(chosen)])
            is_fresh[chosen] = True
        return day, is_fresh

    def names_on(self, row: I64, day: I64, key: U64) -> pa.Array:
        """The name of the subject as a record of `day` writes it."""
        entities, draws = self.entities, self.world.draws
        renamed = entities.renamed[row]
        is_former = (renamed > 0) & ((day < renamed) | draws.chance("old_name", key, 0.08))
        name = where(is_former, self.former_name.take(pa.array(row)), self.name.take(pa.array(row)))
        # Full and half-width brackets differ between sources for the same firm (regulation §4.6).
        half = pc.replace_substring(pc.replace_substring(name, "（", "("), "）", ")")
        return where(draws.chance("half_width", key, 0.3), half, name)

    def identified(self, row: I64, day: I64, key: U64) -> tuple[dict[str, Column], Bools]:
        """The columns by which a record names its subject, and which rows bear an ambiguous name only."""
        draws, at = self.world.draws, pa.array(row)
        by = draws.choose("named_by", key, _NAMED_BY_WEIGHTS)
        is_twin = np.isin(self.entities.role[row], (TWIN, SECOND_TWIN))
        is_ambiguous = is_twin & draws.chance("ambiguous", key, AMBIGUOUS_NAME_SHARE)
        has_reg_no = np.asarray(pc.is_valid(self.reg_no.take(at)))
        by = np.where((by == REG_NO) & ~has_reg_no, USCC, by)
        by = np.where(is_ambiguous, NAME_ONLY, np.where(is_twin, USCC, by))
        is_outside = draws.chance("outside", key, OUTSIDE_SUBJECT_RATE) & (
            self.entities.kind[row] != INDIVIDUAL
        )
        elsewhere = self.world.outside_usccs("91", "340200", 100_000 + (row + self.low) % 5_000_000)
        uscc = where(is_outside, elsewhere, self.uscc.take(at))
        name = self.names_on(row, day, key)
        moved = join(
            "芜湖", pc.replace_substring_regex(name, "^(宣城市宣州区|宣城市|安徽|.{2}县|.{2}市)", "")
        )
        has_number = (by == REG_NO) | draws.chance("reg_no_too", key, 0.2)
        return {
            "subject_name": where(is_outside, moved, name),
            "uscc": where(is_outside | (by == USCC), uscc, None),
            "reg_no": where(has_number & ~is_outside & ~is_ambiguous, self.reg_no.take(at), None),
            "org_code": where(~is_outside & (by == ORG_CODE), self.org_code.take(at), None),
        }, is_ambiguous & (by == NAME_ONLY) & ~is_outside

    def subjects(self, row: I64, day: I64, key: U64) -> tuple[dict[str, Column], Bools]:
        """The thirteen subject columns that licences and penalties share, and the ambiguous rows."""
        rows, draws, at = len(row), self.world.draws, pa.array(row)
        columns, is_ambiguous = self.identified(row, day, key)
        is_alias = draws.chance("kind_alias", key, _KIND_ALIAS_RATE)
        is_shop = self.entities.kind[row] == INDIVIDUAL
        birth, serial = self._birth(self.entities.key[row], "rep")
        has_id = draws.chance("has_rep_id", key, 0.4)
        nothing = constant(None, rows)
        return dict.fromkeys(_SUBJECT_COLUMNS, nothing) | columns | {
            "subject_kind": take(_KIND_WORDS, is_shop + 3 * is_alias),
            "legal_rep": self.legal_rep.take(at),
            "legal_rep_id_type": where(has_id, "身份证", None),
            "legal_rep_id": where(has_id, ids.citizen_ids(birth, serial), None),
        }, is_ambiguous  # fmt: skip

    def _birth(self, key: U64, stream: str) -> tuple[I64, I64]:
        draws = self.world.draws
        year = draws.between(stream + ".year", key, 1958, 2003)
        month, day = draws.between(stream + ".month", key, 1, 12), draws.between(stream + ".day", key, 1, 28)
        return year * 10_000 + month * 100 + day, draws.below(stream + ".serial", key, 1_000)

    def natural_persons(self, key: U64) -> dict[str, Column]:
        """The subject columns of citizens."""
        rows = len(key)
        birth, serial = self._birth(key, "citizen")
        nothing = constant(None, rows)
        is_alias = self.world.draws.chance("kind_alias", key, _KIND_ALIAS_RATE)
        return dict.fromkeys(_SUBJECT_COLUMNS, nothing) | {
            "subject_name": persons(self.world, key, "citizen"),
            "subject_kind": take(_KIND_WORDS, 2 + 3 * is_alias),
            "subject_id_type": constant("身份证", rows),
            "subject_id": ids.citizen_ids(birth, serial),
        }

    def document_numbers(self, prefix: pa.Array, group: I64, day: I64) -> pa.Array:
        """Numbers such as 宣市监罚字〔2024〕12号; `group` tells the registers of documents apart."""
        year = (day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970).astype(np.int64)
        serial = self.serials.next(group * 10_000 + year, day)
        return join(prefix, "〔", integers(year), "〕", integers(serial), "号")
