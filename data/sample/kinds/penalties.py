"""Penalty decisions on entities and on citizens (行政处罚, 30 fields and the two of older systems)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample import fines
from data.sample.batch import Batch, Column, as_days, at_least, concat
from data.sample.chunk import Chunk
from data.sample.kinds import outcomes
from data.sample.reference import CHOICES
from data.sample.rng import I64, U64, Bools
from data.sample.text import (
    NO_AMOUNT,
    NO_DAY,
    OPEN,
    cumulative_count,
    days,
    integers,
    join,
    take,
    where,
    words,
    yuan,
)
from data.sample.world import INDIVIDUAL, PREDECESSOR, SECOND_TWIN, TWIN

DOMAIN, CITIZEN_DOMAIN = 20, 21
# Penalties in ten years of a shop and of any other entity: most have none, a few have many.
COUNT_WEIGHTS = (82, 10, 3.8, 1.8, 1, 0.6, 0.4, 0.25, 0.15)
FIRM_COUNT_WEIGHTS = (70, 16, 6, 3, 2, 1.2, 0.8, 0.6, 0.4)
_COUNTS = (0, 1, 2, 3, 4, 5, 7, 10, 14)
# Citizens fined as the owner of a 个体工商户, with its USCC.
CITIZEN_WITH_USCC_RATE = 0.03
SIMPLE_RATE = 0.38
# A second paragraph in the facts: a line break inside a cell.
LINE_BREAK_RATE = 0.01
_FRESH_AGES = (1, 3, 6, 9)
_ROLES_WITH_PENALTIES = (PREDECESSOR, TWIN, SECOND_TWIN)
_STATUS_WORDS = words(["正常", "复议诉讼中", "撤销", "已修复", "有效", "0"])
_STATUS_WEIGHTS = (70, 1, 0.6, 0.8, 20, 7.6)


def make(chunk: Chunk) -> Batch:
    """All penalty decisions of a chunk, as first delivered."""
    return concat([_of_entities(chunk), _of_citizens(chunk)])


@dataclass(frozen=True)
class _Cases:
    """Who is punished, when and for what: the position of the entity, key, day and number of the violation."""

    row: I64
    key: U64
    day: I64
    violation: I64
    subjects: dict[str, Column]
    is_person: Bools
    is_shop: Bools
    is_ambiguous: Bools
    is_fresh: Bools


def _of_entities(chunk: Chunk) -> Batch:
    entities, draws = chunk.entities, chunk.world.draws
    of_shops = draws.choose("penalties_s", entities.key, COUNT_WEIGHTS)
    of_firms = draws.choose("penalties_f", entities.key, FIRM_COUNT_WEIGHTS)
    counts = np.array(_COUNTS)[np.where(entities.kind == INDIVIDUAL, of_shops, of_firms)]
    is_marked = np.isin(entities.role, _ROLES_WITH_PENALTIES) | (
        (entities.index < 100) & (entities.role >= 70)
    )
    counts = np.where(is_marked, np.maximum(counts, 1 + entities.index % 2), counts)
    row = np.repeat(np.arange(len(entities)), counts)
    key = chunk.keys(DOMAIN, row, cumulative_count(counts))
    day = chunk.history("penalty_day", key, entities.established[row] + 15, chunk.last_day[row])
    day, is_fresh = chunk.fresh(day, row, _FRESH_AGES)
    subjects, is_ambiguous = chunk.subjects(row, day, key)
    table = chunk.world.reference.choices(chunk.world.reference.violations)
    violation = table[entities.trade[row], draws.below("violation", key, CHOICES)]
    is_shop = entities.kind[row] == INDIVIDUAL
    nobody = np.zeros(len(row), dtype=np.bool_)
    return _decisions(
        chunk, _Cases(row, key, day, violation, subjects, nobody, is_shop, is_ambiguous, is_fresh)
    )


def _of_citizens(chunk: Chunk) -> Batch:
    entities, draws = chunk.entities, chunk.world.draws
    all_rows = np.arange(len(entities))
    everyone = chunk.keys(CITIZEN_DOMAIN, all_rows, np.zeros_like(all_rows))
    whole, part = divmod(chunk.world.citizen_penalties, 1)
    one_more = at_least(draws.chance("citizen", everyone, part), all_rows >= 0, everyone, 3)
    counts = int(whole) + one_more
    row = np.repeat(all_rows, counts)
    key = chunk.keys(CITIZEN_DOMAIN, row, cumulative_count(counts))
    first, last = (np.full(len(row), chunk.world.today - days_ago) for days_ago in (3650, 1))
    day = chunk.history("citizen_day", key, first, last)
    subjects = chunk.natural_persons(key)
    is_owner = draws.chance("owner", key, CITIZEN_WITH_USCC_RATE) & (entities.kind[row] == INDIVIDUAL)
    subjects["uscc"] = where(
        is_owner & (entities.established[row] < day), chunk.uscc.take(pa.array(row)), None
    )
    options = chunk.world.reference.tagged(chunk.world.reference.violations, "person")
    violation = options[draws.below("violation", key, len(options))]
    nobody = np.zeros(len(row), dtype=np.bool_)
    return _decisions(chunk, _Cases(row, key, day, violation, subjects, ~nobody, nobody, nobody, nobody))


def _decisions(chunk: Chunk, cases: _Cases) -> Batch:
    """The columns that do not depend on who is punished."""
    world, draws, reference = chunk.world, chunk.world.draws, chunk.world.reference
    row, key, day, violation, is_person = cases.row, cases.key, cases.day, cases.violation, cases.is_person
    table = reference.violations
    department = reference.departments_of(table)[violation]
    division = chunk.acting(department, row, key)
    profile = np.array([outcomes.PROFILES.index(entry["profile"]) for entry in table])[violation]
    is_minor = np.isin(profile, outcomes.MOSTLY_SIMPLE)
    is_simple = draws.chance(
        "simple", key, np.where(is_minor, 0.75, np.where(is_person, 0.7, SIMPLE_RATE - 0.2))
    )
    outcome = outcomes.draw(draws, key, profile, is_simple, chunk.is_first and not bool(is_person.any()))
    is_simple &= outcomes.CAN_BE_SIMPLE[outcome]
    factor = np.array([entry["profile"] in outcomes.HIGH_FINES for entry in table])[violation] * 3 + 1
    fine = np.where(
        is_simple, fines.simple(draws, key, is_person), fines.ordinary(draws, key, is_person, factor)
    )
    fine = np.where(outcomes.HAS_FINE[outcome], fine, NO_AMOUNT)
    gain = np.where(outcomes.HAS_GAIN[outcome], fines.confiscated(draws, key), NO_AMOUNT)
    violations = {
        name: take(words([entry[name] for entry in table]), violation)
        for name in ("violation", "facts", "basis")
    }
    numbers = _document_numbers(chunk, department, division, day, is_simple)
    authority = chunk.offices.columns(department, division, day)
    certificate = where(
        outcomes.NAMES_LICENCE[outcome],
        join("许可证 皖", integers(draws.below("cert", key, 10**8), width=8)),
        None,
    )
    months = np.where(outcomes.IS_SERIOUS[outcome], 36, np.where(is_simple, 3, 12))
    columns: dict[str, Column] = {
        **cases.subjects,
        "doc_no": numbers,
        "violation_type": violations["violation"],
        "facts": _facts(chunk, key, day, violations["facts"]),
        "basis": violations["basis"],
        "penalty_kinds": outcomes.kinds(draws, key, outcome, day),
        "content": outcomes.content(outcome, yuan(fine), yuan(gain)),
        "fine_fen": fine,
        "confiscated_fen": gain,
        "revoked_licence": certificate,
        "decided_on": as_days(day),
        "valid_to": as_days(np.where(draws.chance("open_validity", key, 0.6), OPEN, day + 365)),
        "publicity_until": as_days(np.where(is_person, NO_DAY, day + months * 365 // 12)),
        **authority,
        "source_unit": authority["authority"],
        "source_unit_uscc": authority["authority_uscc"],
        "remark": where(draws.chance("remark", key, 0.05), "数据由业务系统自动推送", None),
        "procedure": where(
            draws.chance("states_procedure", key, 0.8), where(is_simple, "简易程序", "普通程序"), None
        ),
        "decision_status": take(_STATUS_WORDS, draws.choose("status_word", key, _STATUS_WEIGHTS)),
        "updated_on": as_days(np.minimum(day + draws.between("reported", key, 0, 7), world.today)),
    }
    has_uscc = np.asarray(pc.is_valid(columns["uscc"]))
    tags = {
        "row": row,
        "ambiguous": cases.is_ambiguous,
        "fresh": cases.is_fresh,
        "is_natural": is_person,
        "is_firm": ~is_person & ~cases.is_shop & has_uscc,
        "is_market": (department == reference.department("scjg")) & ~is_person,
        "has_fine": fine > 0,
        "has_uscc": has_uscc,
        "is_serious": outcomes.IS_SERIOUS[outcome],
        # Weighs at least as a general one (rules §2).
        "counts": outcomes.COUNTS[outcome] & ~is_simple & ~is_person,
    }
    return Batch("penalties", key, day, columns, tags)


def _document_numbers(chunk: Chunk, department: I64, division: I64, day: I64, is_simple: Bools) -> pa.Array:
    """Each authority keeps a register of its own for ordinary, simple and former decisions."""
    is_former = day <= chunk.offices.department_until[department]
    form = np.where(is_simple, 1, np.where(is_former, 2, 0))
    group = chunk.offices.number(department, division) * 3 + form
    prefixes = chunk.offices.prefixes("doc_ordinary", "doc_simple", "doc_former")
    return chunk.document_numbers(take(prefixes, group), group, day)


def _facts(chunk: Chunk, key: U64, day: I64, what: pa.Array) -> pa.Array:
    draws = chunk.world.draws
    seen = days(as_days(day - draws.between("found", key, 3, 60)), "zh")
    value = integers(draws.between("goods", key, 20, 9_000))
    more = take(
        words(["", "\n另查明，当事人系首次违法并主动配合调查。"]),
        draws.chance("second_paragraph", key, LINE_BREAK_RATE).astype(np.int64),
    )
    end = take(
        words(["。", "，货值金额", "，违法行为已改正。"]), draws.choose("facts_end", key, (45, 35, 20))
    )
    has_value = np.asarray(pc.equal(end, "，货值金额"))
    return join(seen, "，执法人员检查发现当事人", what, end, where(has_value, join(value, "元。"), ""), more)
