"""Conclusions of a person (复核结论) about rows that were held; a row is named by authority and document number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample.batch import Batch, as_days, at_least, each_in_turn
from data.sample.chunk import Chunk
from data.sample.defects import DEFECTS, RULED_UPON
from data.sample.kinds.versions import SANCTION, Versions
from data.sample.rng import I64, Bools
from data.sample.text import NO_DAY, constant, take, where, words

# Held rows on which somebody has ruled; the others still wait.
RULED_RATE = 0.3
_LEAST = 4
CONCLUSIONS = ("属实有效", "不涉及该主体", "不成立", "重新核查")
_CONCLUSION_WEIGHTS = (50, 25, 15, 10)
_UNITS = words(["宣城市公共信用信息中心", "宣城市市场监督管理局信用监督管理科", "宣城市数据资源管理局"])
_BASIS = words([
    "经调阅决定书原件核对，当事人与该主体一致", "经与作出机关核对，当事人为同名的其他主体",
    "经核实，该决定已由作出机关撤回，不成立",
    "当事人提出新证据，需重新核查",
])  # fmt: skip
_KIND_WORDS = {"penalties": "行政处罚", "listings": "名录名单"}


def make(chunk: Chunk, batch: Batch, defect: I64, versions: Versions) -> Batch | None:
    """Rulings on the spoiled rows of a batch of penalties or listings that no better row has settled.

    Returns:
        None where there are none.
    """
    draws = chunk.world.draws
    codes = [number for number, entry in enumerate(DEFECTS, start=1) if entry.name in RULED_UPON]
    has_doc = np.asarray(pc.is_valid(batch.text("doc_no")))
    held: Bools = np.isin(defect, codes) & has_doc & (batch.day < chunk.world.today - 40)
    held &= ~batch.flag("is_natural")
    held[versions.of[versions.change == -1]] = False
    held[versions.of[versions.change == SANCTION]] = batch.kind == "penalties"
    chosen = draws.chance("ruled", batch.key, RULED_RATE) & held
    if chunk.is_first:
        chosen = at_least(chosen, held, draws.bits("ruled", batch.key), _LEAST)
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return None
    return _rows(chunk, batch.take(rows))


def _rows(chunk: Chunk, target: Batch) -> Batch:
    draws, today = chunk.world.draws, chunk.world.today
    key = draws.bits("ruling", target.key)
    conclusion = draws.choose("conclusion", key, _CONCLUSION_WEIGHTS)
    conclusion = each_in_turn(conclusion, range(len(CONCLUSIONS)), chunk.is_first)
    is_true = conclusion == 0
    is_penalty = target.kind == "penalties"
    day = np.minimum(target.days("updated_on") + draws.between("ruled_on", key, 10, 200), today)
    rows = len(target)
    row = target.row
    nothing = constant(None, rows)
    columns = {
        "uscc": chunk.uscc.take(pa.array(row)),
        "kind": constant(_KIND_WORDS[target.kind], rows),
        "authority": target.text("authority"),
        "doc_no": target.text("doc_no"),
        "source_sha256": nothing,
        "source_row": nothing,
        "conclusion": take(words(CONCLUSIONS), conclusion),
        "event_on": as_days(np.where(is_true, target.day, NO_DAY)),
        "penalty_kinds": where(is_true, target.text("penalty_kinds"), None) if is_penalty else nothing,
        "decided_on": as_days(day),
        "decided_by": take(_UNITS, draws.below("unit", key, len(_UNITS))),
        "basis": take(_BASIS, conclusion),
        "updated_on": as_days(day),
    }
    return Batch("rulings", key, day, columns, {"row": row, "is_natural": np.zeros(rows, dtype=np.bool_)})
