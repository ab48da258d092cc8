"""What changes the force of a penalty or list entry: repair, revocation, change, review and its end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.sample.batch import Batch, as_days, at_least, concat
from data.sample.chunk import Chunk
from data.sample.kinds.versions import DAY, Versions
from data.sample.rng import I64, U64, Bools
from data.sample.text import integers, join, take, where, words

# Shares of the penalties that can bear it.
REPAIR_RATE, REPAIR_SERIOUS_RATE = 0.25, 0.08
REPAIR_WITHDRAWN_RATE = 0.02
ANNULLED_RATE = 0.012
REVIEW_RATE = 0.025
REVIEW_ENDED_RATE = 0.65
LISTING_REPAIR_RATE, LISTING_ANNULLED_RATE, LISTING_REVIEW_RATE = 0.02, 0.004, 0.004
# How an amendment names its subject: by USCC, by name, not at all (by the number of the document alone).
_NAMED_BY_WEIGHTS = (86, 6, 8)

ACTIONS = ("信用修复", "撤销修复", "撤销", "确认违法", "确认无效", "变更", "复议诉讼受理", "复议诉讼终结")
REPAIR, REPAIR_WITHDRAWN, ANNULLED, UNLAWFUL, VOID, CHANGED, REVIEW, REVIEW_ENDED = range(8)
_ALIASES = {"准予信用修复": REPAIR, "行政复议受理": REVIEW, "复议终结": REVIEW_ENDED, "变更处罚决定": CHANGED}
_ALIAS_RATE = 0.12
_TARGETS = {"penalties": "行政处罚", "listings": "名录名单"}
_DAYS = {REPAIR: (95, 500), ANNULLED: (20, 250), UNLAWFUL: (60, 300), VOID: (60, 300), REVIEW: (5, 60)}
_NUMBERS = ("宣信修", "宣信修撤", "宣府复撤", "皖18行终", "皖18行终", "宣市监变", "宣府复受", "宣府复终")


def make(chunk: Chunk, batch: Batch, sound: Bools, versions: Versions) -> Batch:
    """The amendments of a batch of penalties or listings.

    Args:
        chunk: the chunk that the records belong to.
        batch: the records amended.
        sound: those that were accepted as delivered; the others are hardly ever amended before they are put in order.
        versions: later rows, some of which follow from a 变更.
    """
    is_penalty = batch.kind == "penalties"
    can = sound & ~batch.flag("is_natural") & np.asarray(pc.is_valid(batch.text("doc_no")))
    rates: dict[int, float | NDArray[np.float64]]
    if is_penalty:
        counts = batch.flag("counts")
        repair = np.where(batch.tags["is_serious"], REPAIR_SERIOUS_RATE, np.where(counts, REPAIR_RATE, 0.03))
        rates = {REPAIR: repair, ANNULLED: ANNULLED_RATE, REVIEW: REVIEW_RATE}
    else:
        can &= ~batch.flag("is_removed")
        rates = {REPAIR: LISTING_REPAIR_RATE, ANNULLED: LISTING_ANNULLED_RATE, REVIEW: LISTING_REVIEW_RATE}
    changed = np.zeros(len(batch), dtype=np.bool_)
    changed[versions.of[versions.change == DAY]] = is_penalty
    parts: list[Batch] = []
    free = can & ~changed
    for action, rate in rates.items():
        rows, day = _targets(chunk, batch, action, rate, free)
        free[rows] = False
        if action == ANNULLED:
            which = chunk.world.draws.choose("annulled_how", batch.key[rows], (6, 2, 2))
            if chunk.is_first:
                which[:3] = np.arange(3)[: len(which)]
            parts.append(_rows(chunk, batch, rows, ANNULLED + which, day))
        else:
            parts.append(_rows(chunk, batch, rows, np.full(len(rows), action), day))
            parts.append(_endings(chunk, batch, rows, action, day))
    rows = np.flatnonzero(changed)
    day = np.minimum(batch.days("updated_on")[rows] + 2, chunk.world.today)
    parts.append(_rows(chunk, batch, rows, np.full(len(rows), CHANGED), day))
    return concat(parts)


def _targets(
    chunk: Chunk, batch: Batch, action: int, rate: float | NDArray[np.float64], free: Bools
) -> tuple[I64, I64]:
    """Rows with an amendment of one kind, and its day."""
    draws = chunk.world.draws
    name = f"amend.{batch.kind}.{action}"
    day = batch.day + draws.between(name + ".day", batch.key, *_DAYS[action])
    possible = free & (day <= chunk.world.today)
    chosen = draws.chance(name, batch.key, rate) & possible
    if chunk.is_first:
        least = (
            3 if action == ANNULLED and batch.kind == "penalties" else 2 if batch.kind == "penalties" else 1
        )
        chosen = at_least(chosen, possible, draws.bits(name + ".order", batch.key), least)
    rows = np.flatnonzero(chosen)
    return rows, day[rows]


def _endings(chunk: Chunk, batch: Batch, rows: I64, action: int, day: I64) -> Batch:
    """What followed: a repair withdrawn, a review ended."""
    draws, key = chunk.world.draws, batch.key[rows]
    name, rate, after = {
        REPAIR: ("withdrawn", REPAIR_WITHDRAWN_RATE, REPAIR_WITHDRAWN),
        REVIEW: ("ended", REVIEW_ENDED_RATE, REVIEW_ENDED),
    }[action]
    ends = day + draws.between(name + ".day", key, 40, 190)
    possible = ends <= chunk.world.today
    chosen = draws.chance(name, key, rate) & possible
    if chunk.is_first and batch.kind == "penalties":
        chosen = at_least(chosen, possible, draws.bits(name, key), 1)
    return _rows(chunk, batch, rows[chosen], np.full(int(chosen.sum()), after), ends[chosen])


def _rows(chunk: Chunk, batch: Batch, rows: I64, action: I64, day: I64) -> Batch:
    draws = chunk.world.draws
    target = batch.take(rows)
    # A key of its own for each event of a record.
    key: U64 = draws.bits("amendment", target.key) + action.astype(np.uint64)
    by = draws.choose("amend_by", key, _NAMED_BY_WEIGHTS)
    uscc = chunk.uscc.take(pa.array(target.row))
    # A record that bears its subject's name only is named so in what follows from it.
    has_uscc = target.flag("has_uscc")
    alias_words = list(_ALIASES)
    spelled = take(words(ACTIONS), action)
    is_alias = draws.chance("action_alias", key, _ALIAS_RATE)
    for word in alias_words:
        spelled = where(is_alias & (action == _ALIASES[word]), word, spelled)
    year = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    serial = chunk.serials.next((4_000_000 + action) * 10_000 + year, day)
    has_number = ~draws.chance("no_amendment_no", key, 0.1)
    number = join(take(words(_NUMBERS), action), "〔", integers(year), "〕", integers(serial), "号")
    columns = {
        "target_kind": words([_TARGETS[batch.kind]]).take(pa.array(np.zeros(len(rows), dtype=np.int64))),
        "authority": target.text("authority"),
        "doc_no": target.text("doc_no"),
        "uscc": where((by == 0) & has_uscc, uscc, None),
        "subject_name": where(by < 2, target.text("subject_name"), None),
        "action": spelled,
        "effective_on": as_days(day),
        "amendment_no": where(has_number, number, None),
        "updated_on": as_days(np.minimum(day + 3, chunk.world.today)),
    }
    tags = {
        "is_natural": np.zeros(len(rows), dtype=np.bool_), "ambiguous": np.zeros(len(rows), dtype=np.bool_),
        "row": target.row,
    }  # fmt: skip
    return Batch("amendments", key, day, columns, tags)
