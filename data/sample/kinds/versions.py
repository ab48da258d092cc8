"""Later deliveries of records that were delivered before: corrections, removals, and better rows for spoiled ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.sample.batch import Batch, as_days, at_least
from data.sample.chunk import Chunk
from data.sample.defects import DUPLICATE, NONE
from data.sample.rng import I64, Bools
from data.sample.text import NO_AMOUNT, NO_DAY, constant, join, where

# Sound rows of which a later delivery changes the content (superseded versions).
SUPERSEDED_RATE = {"penalties": 0.012, "licences": 0.005}
# What the later version of a penalty changes: the text, the day (with a 变更), or the sanction without one.
TEXT, DAY, SANCTION = range(3)
_CHANGE_WEIGHTS = (60, 22, 18)
# Removals come as a row of their own, after the entry was delivered without; a few of those bear no number.
REMOVAL_AS_ROW_RATE, REMOVAL_WITHOUT_NUMBER_RATE = 0.35, 0.08
# Spoiled rows that the source has since sent again in order.
SETTLED_RATE = 0.45
_SETTLES = ("penalties", "listings", "licences")


@dataclass(frozen=True)
class Versions:
    """The later rows, and what they are to the first ones.

    Attributes:
        batch: the later rows.
        of: position of the first row of each.
        change: what a later row of a penalty changes; -1 where it is only in order now.
        first: the first rows, of which some were delivered with less than they hold (open list entries).
    """

    batch: Batch
    of: I64
    change: I64
    first: Batch


def make(chunk: Chunk, batch: Batch, defect: I64) -> Versions:
    """The later versions of a batch of penalties, licences or listings.

    Args:
        chunk: the chunk that the records belong to.
        batch: records as they should be.
        defect: the defect of each, by which some were spoiled when first delivered.
    """
    draws, key, today = chunk.world.draws, batch.key, chunk.world.today
    reported = batch.days("updated_on")
    can = (defect == NONE) & ~batch.flag("is_natural") & (reported < today - 20)
    if batch.kind == "listings":
        chosen = draws.chance("removal_row", key, REMOVAL_AS_ROW_RATE) & batch.flag("is_removed")
        chosen &= (defect == NONE) & ~batch.flag("ambiguous")
        change = np.full(len(batch), TEXT)
    else:
        chosen = draws.chance("superseded", key, SUPERSEDED_RATE[batch.kind]) & can
        change = draws.choose("change", key, _CHANGE_WEIGHTS)
        if batch.kind == "penalties":
            can &= batch.flag("counts") & (batch.day > today - 900)
        if chunk.is_first:
            chosen, change = _one_of_each(chunk, chosen, change, can & (batch.day < today - 60), key)
    is_settled = draws.chance("settled", key, SETTLED_RATE) & (defect != NONE) & (batch.kind in _SETTLES)
    is_settled &= (reported < today - 3) & (defect != DUPLICATE)
    if chunk.is_first:
        # A small sample has few spoiled rows: every other one stays open, for rulings and for the hold.
        is_settled &= np.cumsum(is_settled) % 2 == 0
    of = np.flatnonzero(chosen | is_settled)
    later = batch.take(of)
    what = np.where(is_settled[of], -1, change[of])
    if batch.kind == "listings":
        later, first = _removals(chunk, later, batch, chosen, what >= 0)
    else:
        later, first = _changed(chunk, later, what), batch
    return Versions(later, of, what, first)


def _one_of_each(chunk: Chunk, chosen: Bools, change: I64, can: Bools, key: np.ndarray) -> tuple[Bools, I64]:
    """Each kind of change once at least, where there are rows for it."""
    order = chunk.world.draws.bits("version_order", key)
    for code in (TEXT, DAY, SANCTION):
        more = at_least(chosen & (change == code), can & ~chosen, order, 1) & ~chosen
        change = np.where(more, code, change)
        chosen = chosen | more
    return chosen, change


def _changed(chunk: Chunk, later: Batch, what: I64) -> Batch:
    draws, today = chunk.world.draws, chunk.world.today
    reported = later.days("updated_on")
    resent = np.minimum(reported + draws.between("resent", later.key, 3, 240), today - 1)
    later = later.replace(
        updated_on=as_days(np.where(resent > reported, resent, today)),
        remark=where(what == TEXT, "更正", later.text("remark")),
    )
    if later.kind == "licences":
        return later.replace(
            content=where(what >= 0, join(later.text("content"), "（变更）"), later.text("content"))
        )
    moved = later.days("decided_on") - draws.between("moved", later.key, 5, 40)
    is_lowered = what == SANCTION
    nothing = np.full(len(later), NO_AMOUNT, dtype=np.int64)
    return later.replace(
        decided_on=as_days(np.where(what == DAY, moved, later.days("decided_on"))),
        facts=where(what == TEXT, join(later.text("facts"), "（更正）"), later.text("facts")),
        penalty_kinds=where(is_lowered, "警告", later.text("penalty_kinds")),
        content=where(is_lowered, "给予警告。", later.text("content")),
        fine_fen=np.where(is_lowered, nothing, later.days("fine_fen")),
        confiscated_fen=np.where(is_lowered, nothing, later.days("confiscated_fen")),
    )


def _removals(chunk: Chunk, later: Batch, batch: Batch, chosen: Bools, closes: Bools) -> tuple[Batch, Batch]:
    """The rows that close an entry, and the entries as they were delivered before, open."""
    draws, today = chunk.world.draws, chunk.world.today
    bare = closes & draws.chance("bare_removal", later.key, REMOVAL_WITHOUT_NUMBER_RATE)
    later = later.replace(
        doc_no=where(bare, None, later.text("doc_no")),
        updated_on=as_days(np.minimum(later.days("updated_on") + 1, today)),
    )
    open_rows = where(chosen, constant(None, len(batch)), batch.text("removal_reason"))
    first = batch.replace(
        removed_on=as_days(np.where(chosen, NO_DAY, batch.days("removed_on"))),
        removal_reason=open_rows,
        updated_on=as_days(np.where(chosen, batch.day, batch.days("updated_on"))),
    )
    return later, first
