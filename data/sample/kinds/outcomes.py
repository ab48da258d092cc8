"""What a penalty decision orders: kinds of penalty (of the 2021 law and older ones) and the text of the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from data.sample.batch import each_in_turn
from data.sample.rng import I64, U64, Bools, Draws
from data.sample.text import day_number, join, take, where, words

# 行政处罚法 (2021) in force: since then 暂扣 and 吊销 are kinds of their own.
NEW_LAW_ON = day_number(date(2021, 7, 15))
_FINE, _GAIN = "{f}", "{g}"


@dataclass(frozen=True)
class Outcome:
    """One combination of kinds; `{f}` and `{g}` stand for the fine and the confiscated gains in yuan."""

    kinds: str
    content: str
    old_kinds: str = ""
    is_serious: bool = False
    counts: bool = True
    names_licence: bool = False


OUTCOMES = (
    Outcome("警告", "给予警告。", counts=False),
    Outcome("罚款", "处罚款人民币{f}元。"),
    Outcome("警告;罚款", "1.给予警告；2.处罚款{f}元。"),
    Outcome("没收违法所得;罚款", "1.没收违法所得{g}元；2.处罚款{f}元，上缴国库。"),
    Outcome("没收非法财物;罚款", "1.没收违法经营的商品；2.处罚款{f}元。"),
    Outcome("责令停产停业;罚款", "1.责令停产停业；2.处罚款{f}元。", is_serious=True),
    Outcome("吊销许可证件", "吊销许可证。", "暂扣或者吊销许可证", is_serious=True, names_licence=True),
    Outcome("不予行政处罚", "违法行为轻微并及时改正，不予行政处罚。", counts=False),
    Outcome("通报批评", "给予通报批评。", "警告", counts=False),
    Outcome("责令改正", "责令立即改正违法行为。", "其他-责令改正", counts=False),
    Outcome(
        "暂扣许可证件;罚款",
        "1.暂扣许可证三个月；2.处罚款{f}元。",
        "暂扣或者吊销许可证;罚款",
        names_licence=True,
    ),
    Outcome("吊销营业执照", "吊销营业执照。", "暂扣或者吊销执照", is_serious=True, names_licence=True),
    Outcome("责令关闭", "责令关闭。", is_serious=True),
    Outcome("限制从业;罚款", "1.五年内不得从事食品生产经营活动；2.处罚款{f}元。", "罚款", is_serious=True),
    Outcome("降低资质等级;罚款", "1.降低资质等级；2.处罚款{f}元。", is_serious=True),
    Outcome("限制开展生产经营活动", "限制开展生产经营活动六个月。", "责令停产停业", is_serious=True),
    Outcome("首违不罚", "首次违法且危害后果轻微，不予处罚。", "其他-不予处罚", counts=False),
    Outcome("罚款;其他-补种树木", "1.处罚款{f}元；2.责令补种树木。"),
)
(
    _W,
    _F,
    _WF,
    _GF,
    _PF,
    _STOP,
    _REVOKE,
    _NONE,
    _CRITIC,
    _ORDER,
    _SUSPEND,
    _LICENCE,
    _CLOSE,
    _BAR,
    _LOWER,
    _LIMIT,
    _FIRST,
    _OTHER,
) = range(18)

HAS_FINE = np.array([_FINE in outcome.content for outcome in OUTCOMES])
HAS_GAIN = np.array([_GAIN in outcome.content for outcome in OUTCOMES])
IS_SERIOUS = np.array([outcome.is_serious for outcome in OUTCOMES])
COUNTS = np.array([outcome.counts for outcome in OUTCOMES])
NAMES_LICENCE = np.array([outcome.names_licence for outcome in OUTCOMES])
CAN_BE_SIMPLE = np.isin(np.arange(len(OUTCOMES)), (_W, _F, _WF))
# In the first rows of every sample, so that each tier is there.
_SHOWN = (_F, _W, _GF, _STOP, _ORDER, _REVOKE, _CRITIC, _WF, _NONE, _SUSPEND)

# Profiles of violations (column `profile` of violations.csv): outcome -> weight, ordinary procedure.
_ORDINARY: dict[str, dict[int, float]] = {
    "market": {_F: 40, _GF: 22, _PF: 14, _WF: 8, _W: 5, _NONE: 5, _FIRST: 3, _ORDER: 2, _STOP: 0.6, _REVOKE: 0.4},
    "minor": {_W: 35, _F: 25, _WF: 15, _ORDER: 10, _NONE: 8, _CRITIC: 4, _FIRST: 3},
    "serious": {_F: 45, _GF: 25, _PF: 12, _STOP: 8, _REVOKE: 4, _BAR: 2, _SUSPEND: 2, _CLOSE: 2},
    "revoke": {_LICENCE: 70, _F: 20, _ORDER: 10},
    "env": {_F: 82, _STOP: 4, _LIMIT: 3, _ORDER: 6, _OTHER: 5},
    "safety": {_F: 55, _WF: 15, _ORDER: 15, _STOP: 6, _W: 6, _SUSPEND: 3},
    "build": {_F: 75, _GF: 8, _LOWER: 2, _SUSPEND: 3, _CRITIC: 6, _ORDER: 6},
    "tax": {_F: 60, _GF: 40},
    "person": {_F: 80, _W: 12, _WF: 6, _PF: 2},
}  # fmt: skip
_SIMPLE: dict[int, float] = {_F: 62, _W: 28, _WF: 10}
PROFILES = tuple(_ORDINARY)
MOSTLY_SIMPLE = (PROFILES.index("minor"),)
HIGH_FINES = ("env", "build", "tax")
# The separators with which kinds are joined; `;` is the standard's.
_SEPARATORS = ((";", 82), ("；", 6), ("、", 6), ("，", 3), ("|", 2), (" ", 1))


def draw(draws: Draws, key: U64, profile: I64, is_simple: Bools, shows_all: bool) -> I64:
    """The outcome of each decision."""
    outcome = np.array(list(_SIMPLE))[draws.choose("outcome_simple", key, list(_SIMPLE.values()))]
    for number, weights in enumerate(_ORDINARY.values()):
        ordinary = np.array(list(weights))[draws.choose("outcome", key, list(weights.values()))]
        outcome = np.where(~is_simple & (profile == number), ordinary, outcome)
    return each_in_turn(outcome, _SHOWN, shows_all)


def kinds(draws: Draws, key: U64, outcome: I64, day: I64) -> pa.Array:
    """The cell of kinds, by the code list in force on the day of the decision."""
    texts: list[str] = []
    for mark, _ in _SEPARATORS:
        for entry in OUTCOMES:
            texts += [text.replace(";", mark) for text in (entry.kinds, entry.old_kinds or entry.kinds)]
    separator = draws.choose("separator", key, [weight for _, weight in _SEPARATORS])
    return take(words(texts), (separator * len(OUTCOMES) + outcome) * 2 + (day < NEW_LAW_ON))


def content(outcome: I64, fine: pa.Array, gain: pa.Array) -> pa.Array:
    """The text of the decision (处罚内容) with its amounts in yuan."""
    before, between, after = [], [], []
    for entry in OUTCOMES:
        # The gains stand before the fine wherever both are named.
        first, _, rest = entry.content.partition(_GAIN)
        head, _, tail = (rest or first).partition(_FINE)
        before.append(first if rest else "")
        between.append(head)
        after.append(tail)
    gains, amount = where(HAS_GAIN[outcome], gain, ""), where(HAS_FINE[outcome], fine, "")
    return join(
        take(words(before), outcome),
        gains,
        take(words(between), outcome),
        amount,
        take(words(after), outcome),
    )
