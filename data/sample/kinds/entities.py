"""Market entities: one row for each version of an entity (名称变更, 合并, 注销)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from data.sample.batch import Batch, as_days
from data.sample.chunk import Chunk
from data.sample.reference import former_until
from data.sample.rng import I64
from data.sample.text import NO_DAY, constant, cumulative_count, integers, take, where, words
from data.sample.world import COMPANY, INDIVIDUAL, OTHER

DOMAIN = 10
# The words for types and statuses that registers use; the first is the commonest.
_TYPE_WORDS = (
    ("个体工商户", "个体工商户", "个体（内地）", "个体"),
    ("企业", "有限责任公司（自然人投资或控股）", "有限责任公司（自然人独资）", "有限责任公司（法人独资）"),
    ("分支机构", "分公司", "有限责任公司分公司", "内资分公司"),
    ("农民专业合作社", "农民专业合作社", "专业合作社", "合作社"),
    # The last one is in no table of the policy: the type is then taken from the USCC.
    ("其他", "其他", "其他主体", "民办非企业单位"),
)  # fmt: skip
_TYPE_WEIGHTS = (60, 20, 15, 5)
_STATUS_WORDS = (
    ("存续", "在业", "开业", "存续（在营、开业、在册）"),
    ("注销", "已注销", "注销", "注销企业"),
    ("吊销", "吊销，未注销", "已吊销", "吊销，未注销"),
    ("歇业", "歇业", "已歇业", "歇业"),
    ("迁出", "已迁出", "迁往市外", "迁出"),
    ("清算", "清算中", "正在清算", "清算"),
    ("撤销", "已撤销", "撤销登记", "撤销"),
)
_STATUS_WEIGHTS = (55, 15, 10, 20)
_CAPITAL_WAN = (3, 5, 10, 10, 20, 30, 50, 50, 50, 100, 100, 100, 100, 200, 200, 200, 300, 500, 500, 500, 500, 800, 1000,
                1000, 1000, 1000, 2000, 2000, 3000, 5000, 10000, 50000)  # fmt: skip
# Entities that have an older row from before they ended; the others were first delivered afterwards.
_OLD_ROW_RATE = 0.6
# A change of capital only.
_CAPITAL_CHANGE_RATE = 0.05
_SECTIONS = {
    "0": "A",
    "1": "C",
    "2": "C",
    "3": "C",
    "4": "E",
    "5": "F",
    "6": "I",
    "7": "L",
    "8": "O",
    "9": "R",
}


def make(chunk: Chunk) -> Batch:
    """All versions of the entities of a chunk, oldest first."""
    world, entities, draws = chunk.world, chunk.entities, chunk.world.draws
    is_renamed = entities.renamed > 0
    has_ended = entities.ended != NO_DAY
    is_merged = (entities.merged > 0) & ~has_ended
    has_old_row = has_ended & draws.chance("old_row", entities.key, _OLD_ROW_RATE)
    grows = draws.chance("capital_change", entities.key, _CAPITAL_CHANGE_RATE) & ~has_ended & ~is_merged
    # Versions in time: as founded, renamed, and as it is now.
    has_first = is_renamed | has_old_row | is_merged | grows
    counts = 1 + has_first.astype(np.int64) + (is_renamed & (has_ended | is_merged | grows)).astype(np.int64)
    row = np.repeat(np.arange(len(entities)), counts)
    version = cumulative_count(counts)
    is_last = version == counts[row] - 1
    key = chunk.keys(DOMAIN, row, version)
    founded, ended, renamed = entities.established[row], entities.ended[row], entities.renamed[row]
    grown = draws.between(
        "grown_on", entities.key, np.maximum(entities.established, entities.renamed) + 10, world.today
    )[row]
    now = np.where(
        has_ended[row],
        ended,
        np.where(is_merged[row], entities.merged[row], np.where(grows[row], grown, renamed)),
    )
    has_change = (has_ended | is_merged | grows | is_renamed)[row]
    changed = np.where(is_last & has_change, now, np.where(version == 0, founded, renamed))
    # The lag is the entity's own, so that versions stay in their order.
    updated = np.minimum(changed + draws.below("lag", entities.key, 8)[row], world.today)
    status = np.where(is_last & has_ended[row], entities.status[row], 0)
    at = pa.array(row)
    is_former = (renamed > 0) & (changed < renamed)
    capital = np.array(_CAPITAL_WAN)[draws.below("capital", entities.key, len(_CAPITAL_WAN))][row]
    capital = np.where(grows[row] & is_last, capital * 2, capital)
    has_capital = entities.kind[row] == COMPANY
    columns = {
        "uscc": chunk.uscc.take(at),
        "name": where(is_former, chunk.former_name.take(at), chunk.name.take(at)),
        "entity_type": _word(chunk, _TYPE_WORDS, entities.kind[row], "type_word", row, _TYPE_WEIGHTS),
        "status": _word(chunk, _STATUS_WORDS, status, "status_word", row, _STATUS_WEIGHTS),
        "established_on": as_days(founded),
        # A register shows today's division on the latest row, whenever that was written.
        "division_code": _division(chunk, row, np.where(is_last, world.today, changed)),
        "industry_code": _industry(chunk, row),
        "key_area": _key_area(chunk, row),
        "registered_capital_wan": where(has_capital, integers(capital), None),
        "reg_no": chunk.reg_no.take(at),
        "parent_uscc": world.parent_usccs(entities).take(at),
        "predecessor_uscc": where(is_last & is_merged[row], world.predecessor_usccs(entities).take(at), None),
        "cancelled_on": as_days(np.where(is_last & (entities.status[row] == 1), ended, NO_DAY)),
        "updated_on": as_days(updated),
    }
    tags = {
        "wrong_org_check": world.has_wrong_org_check(entities)[row], "is_natural": np.zeros(len(row), dtype=np.bool_),
    }  # fmt: skip
    return Batch("entities", key, changed, columns, tags)


def _word(
    chunk: Chunk,
    table: tuple[tuple[str, ...], ...],
    code: I64,
    stream: str,
    row: I64,
    weights: tuple[float, ...],
) -> pa.Array:
    """One of the spellings of a code; an entity keeps its spelling, so that no change is feigned."""
    choice = chunk.world.draws.choose(stream, chunk.entities.key, weights)[row]
    if chunk.is_first:
        choice = np.where(row < 32, row % 4, choice)
    flat = words([word for group in table for word in group])
    return take(flat, code * len(table[0]) + choice)


def _division(chunk: Chunk, row: I64, day: I64) -> pa.Array:
    table = chunk.world.reference.divisions
    former = np.array([former_until(place) for place in table])
    codes = words(
        [place["code"] for place in table] + [place["former_code"] or place["code"] for place in table]
    )
    division = chunk.entities.division[row]
    return take(codes, division + len(table) * (day <= former[division]))


def _industry(chunk: Chunk, row: I64) -> pa.Array:
    trades = chunk.world.reference.trades
    plain = words([trade.industry_code for trade in trades])
    lettered = words([_SECTIONS[trade.industry_code[0]] + trade.industry_code for trade in trades])
    trade, draws = chunk.entities.trade[row], chunk.world.draws
    code = where(
        draws.chance("lettered", chunk.entities.key, 0.2)[row], take(lettered, trade), take(plain, trade)
    )
    return where(draws.chance("no_industry", chunk.entities.key, 0.03)[row], None, code)


def _key_area(chunk: Chunk, row: I64) -> pa.Array:
    areas = words([trade.key_area or None for trade in chunk.world.reference.trades])
    kind = chunk.entities.kind[row]
    is_marked = chunk.world.draws.chance("key_area", chunk.entities.key, 0.5)[row] & (kind != OTHER)
    marked = where(is_marked, take(areas, chunk.entities.trade[row]), None)
    # Some registers write 无 where there is nothing to say.
    says_none = chunk.world.draws.chance("says_none", chunk.entities.key, 0.1)[row] & (kind != INDIVIDUAL)
    return where(says_none & ~is_marked, constant("无", len(row)), marked)
