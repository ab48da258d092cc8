"""Entries on lists (名录名单): 经营异常名录, 严重违法失信名单, 失信被执行人 and others, with removals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample.batch import Batch, as_days, at_least, each_in_turn
from data.sample.chunk import Chunk
from data.sample.rng import I64, U64
from data.sample.text import NO_DAY, cumulative_count, take, where, words
from data.sample.world import INDIVIDUAL, REVOKED

DOMAIN = 50
# Entries of an entity in ten years; revoked entities nearly always have one.
_COUNT_WEIGHTS = (84, 12, 3, 1)
_REVOKED_RATE = 0.8
# Removed entries by list: what shares of the old ones, and after how many days.
_REMOVAL_RATE = {"kept": 0.72, "repair": 0.5, "term": 0.6, "unknown": 0.4}
_REMOVAL_DAYS = {"kept": (5, 700), "repair": (370, 900), "term": (1_096, 1_125), "unknown": (200, 700)}
_LISTED_IN_ERROR_RATE = 0.02
# A reason for removal without a day: the entry stays active, flagged.
_REASON_ONLY_RATE = 0.004
# 异常名录 entries made by the system in bulk bear no number.
_NO_DOC_RATE = 0.06
_FRESH_AGES = (2, 9, 20)
_PREFIXES = {
    "scjg": "{s}市监异列字", "fy": "（{s}）皖18执", "sw": "{s}税失信", "rsj": "{s}人社监列", "hg": "宣关信",
}  # fmt: skip
_ERROR_WORDS = words(["列入错误", "经核实列入错误", "撤销列入决定"])


def make(chunk: Chunk) -> Batch:
    """All list entries of a chunk, as first delivered."""
    world, entities, draws = chunk.world, chunk.entities, chunk.world.draws
    counts = draws.choose("listings", entities.key, _COUNT_WEIGHTS)
    is_revoked = (entities.status == REVOKED) & draws.chance("listed_first", entities.key, _REVOKED_RATE)
    has_some = (counts > 0) | is_revoked
    if chunk.is_first:
        has_some = at_least(has_some, entities.established < world.today - 400, entities.key, 24)
    counts = np.where(has_some, np.maximum(counts, 1), 0)
    row = np.repeat(np.arange(len(entities)), counts)
    key = chunk.keys(DOMAIN, row, cumulative_count(counts))
    table = world.reference.listings
    choice = _lists(chunk, row, key)
    day = chunk.history("listed_day", key, entities.established[row] + 30, chunk.last_day[row])
    day, is_fresh = chunk.fresh(day, row, _FRESH_AGES)
    group = np.array([list(_REMOVAL_RATE).index(entry["removal_code"]) for entry in table])[choice]
    low, high = (np.array([bounds[n] for bounds in _REMOVAL_DAYS.values()])[group] for n in (0, 1))
    removed = day + draws.between("removed_after", key, low, high)
    is_removed = draws.chance("removed", key, np.array(list(_REMOVAL_RATE.values()))[group]) & (
        removed <= world.today
    )
    is_error = is_removed & draws.chance("in_error", key, _LISTED_IN_ERROR_RATE)
    reason = take(words([entry["removal_reason"] for entry in table]), choice)
    reason = where(is_error, take(_ERROR_WORDS, draws.below("error_word", key, len(_ERROR_WORDS))), reason)
    says_reason = is_removed | draws.chance("reason_only", key, _REASON_ONLY_RATE)
    department = world.reference.departments_of(table)[choice]
    division = chunk.acting(department, row, key)
    subjects, is_ambiguous = chunk.identified(row, day, key)
    has_doc = ~draws.chance(
        "no_doc", key, np.where(department == world.reference.department("scjg"), _NO_DOC_RATE, 0.0)
    )
    columns = {
        "uscc": subjects["uscc"],
        "subject_name": subjects["subject_name"],
        "subject_kind": where(entities.kind[row] == INDIVIDUAL, "个体工商户", "法人及非法人组织"),
        "list_type": take(words([entry["list_type"] for entry in table]), choice),
        "reason_code": take(words([entry["reason_code"] or None for entry in table]), choice),
        "reason": take(words([entry["reason"] for entry in table]), choice),
        "doc_no": where(has_doc, _document_numbers(chunk, department, division, day), None),
        "authority": chunk.offices.columns(department, division, day)["authority"],
        "listed_on": as_days(day),
        "removed_on": as_days(np.where(is_removed, removed, NO_DAY)),
        "removal_reason": where(says_reason, reason, None),
        "updated_on": as_days(np.where(is_removed, removed, day)),
    }
    tags = {
        "ambiguous": is_ambiguous, "fresh": is_fresh, "row": row, "is_natural": np.zeros(len(row), dtype=np.bool_),
        "has_uscc": np.asarray(pc.is_valid(subjects["uscc"])), "is_removed": is_removed, "has_doc": has_doc,
        "is_court": department == world.reference.department("fy"),
    }  # fmt: skip
    return Batch("listings", key, day, columns, tags)


def _lists(chunk: Chunk, row: I64, key: U64) -> I64:
    """The list of each entry: shops are marked 经营异常状态, enterprises stand on any of the others."""
    table, draws = chunk.world.reference.listings, chunk.world.draws
    shares = [float(entry["share"]) for entry in table]
    for_shops = [number for number, entry in enumerate(table) if "个体工商户" in entry["reason"]]
    courts = chunk.world.reference.department("fy")
    of_court = chunk.world.reference.departments_of(table) == courts
    shop_shares = [
        share if number in for_shops or of_court[number] else 0 for number, share in enumerate(shares)
    ]
    other_shares = [0 if number in for_shops else share for number, share in enumerate(shares)]
    is_shop = chunk.entities.kind[row] == INDIVIDUAL
    choice = np.where(
        is_shop, draws.choose("list_s", key, shop_shares), draws.choose("list_c", key, other_shares)
    )
    return each_in_turn(choice, range(len(table)), chunk.is_first)


def _document_numbers(chunk: Chunk, department: I64, division: I64, day: I64) -> pa.Array:
    reference = chunk.world.reference
    prefixes = [
        _PREFIXES.get(entry["id"], entry["doc_ordinary"].removesuffix("罚") + "失信").format(s=place["short"])
        for entry in reference.departments
        for place in reference.divisions
    ]
    group = chunk.offices.number(department, division)
    return chunk.document_numbers(take(words(prefixes), group), 2_000_000 + group, day)
