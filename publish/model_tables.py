"""What was measured of a scorecard beside every method that it is compared with, as tables for page and screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

METHODS = {
    "expert": "专家评分表 expert table",
    "last_event": "最近违规者优先 last violation first",
    "single_best": "单一最佳指标 single best feature",
    "boosting": "梯度提升（不可加） gradient boosting",
}
OWN = "本模型 this model"
PARTS = {"holdout": "留出窗口 Holdout", "all": "全部检验窗口 All validation windows"}
NONE = "—"
_METHOD, _AHEAD = "方法 method", "本模型领先 ahead"
_FLAT = "（无预测力 flat）"

Limits = Sequence[float] | None


class Shown(NamedTuple):
    """A table, the scorecard's own row first, and how to read it in Chinese and in English."""

    title: str
    zh: str
    en: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def intervals_note(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """What the brackets are, in Chinese and in English."""
    draws = metrics["resamples"]
    return (
        f"方括号为 95% 区间：按主体自助抽样 {draws} 次，各方法、各指标用同一组抽样，故“领先”的区间是配对的。"
        "领先：本模型比该方法好多少。",
        f"Brackets: 95 % intervals from {draws} resamples of the entities, the same ones for every method and measure, "
        "so that those of “ahead” are paired. Ahead: by how much this model is better than the method.",
    )


def size_of(metrics: Mapping[str, Any], chosen: str, part: str) -> str:
    """Title of a part of the validation, with its size."""
    one = metrics[part][chosen]
    return (
        f"{PARTS[part]}: {len(one['windows'])} 窗口 windows, {one['rows']:,} 户次 rows, "
        f"{one['events']:,} 事件 events"
    )


def foresight_tables(metrics: Mapping[str, Any], chosen: str, part: str) -> list[Shown]:
    """Order, budget and days in a part of the validation.

    Args:
        chosen: the candidate, under which the model's own figures stand. part: one of `PARTS`.
    """
    found = metrics[part]
    lines = _methods(found, chosen)
    first = found[chosen]
    budget = f"{float(first['windows'][0]['budget']['share']):.0%}"
    tables = [
        Shown(
            "排序 Order",
            "AUC：随机取有事件与无事件的主体各一，前者分数更高的机会；0.5 为随机。",
            "AUC: the chance that an entity with the event stands above one without; 0.5 is no order at all.",
            (_METHOD, "AUC", _AHEAD),
            [(name, number(one["auc"], one["auc_interval"]), _ahead(one, "auc", 3)) for name, one in lines],
        ),
        Shown(
            f"抽查 {budget} Inspecting {budget}",
            "查准：被抽查者中有事件的比例；查全：有事件者中被抽查的比例；并列：同分者谁先被抽查不定，为最少至最多。",
            "Precision: share of the inspected that have the event; recall: share of those with the event that are "
            "inspected; tied: least to most, as those of equal points come last or first.",
            (_METHOD, "查准 precision %", "并列 tied", "查全 recall %", "并列 tied", f"{_AHEAD} (recall)"),
            [
                (
                    name,
                    *_with_ties(one, "precision"),
                    *_with_ties(one, "recall"),
                    _ahead(one, "recall", 1, 100),
                )
                for name, one in lines
            ],
        ),
    ]
    if "days" in first:
        actual = share(first["days"]["first_half_actual"], None)
        tables.append(
            Shown(
                "提前天数 Days earlier",
                "同样的检查若按分数先后进行：事件平均早发现几天；更晚：反而更晚发现的比例；前半：在前一半检查中发现的比例"
                f"（实际 {actual}）。同分者取各种次序的期望。",
                "Had the same visits been made in the order of risk: by how many days events are found earlier; the "
                "share found later; the share found in the first half of the visits (as they were made: "
                f"{actual}). In expectation over every order of the tied.",
                (_METHOD, "提前 days earlier", "更晚 later %", "前半 first half %", _AHEAD),
                [
                    (
                        name,
                        signed(one["days"]["mean"], one["days"]["mean_interval"], 1),
                        *(
                            share(one["days"][k], one["days"][f"{k}_interval"])
                            for k in ("share_later", "first_half")
                        ),
                        _ahead({"ahead": one["ahead"]["days"]}, "mean", 1) if "ahead" in one else "",
                    )
                    for name, one in lines
                ],
            )
        )
    return tables


def calibration_table(metrics: Mapping[str, Any], chosen: str) -> Shown | None:
    """Calibration of every method on the holdout; None where it holds too little to judge."""
    found = metrics["calibration"]
    if found["too_few"]:
        return None
    return Shown(
        "校准 Calibration",
        "各方法的分数均由较早窗口换算为概率，在留出窗口上检验。差：实际减预测；Brier：误差平方的平均，越小越好；"
        "无预测力：在较早窗口上分数越高事件并不越多，故所有主体概率相同。",
        "Each method's score becomes a chance on the earlier windows and is judged on the holdout. Gap: observed less "
        "foretold, in percentage points; Brier: mean square of the error, the smaller the better; flat: on the earlier "
        "windows a higher score did not go with more events, so that all have the same chance.",
        (_METHOD, "预测 foretold %", "实际 observed %", "差 gap", "Brier", _AHEAD),
        [
            (
                name + (_FLAT if one["is_flat"] else ""),
                share(one["foretold"], None),
                share(one["observed"], None),
                signed(one["gap"], one["gap_interval"], 1, 100),
                number(one["brier"], one["brier_interval"], 4),
                _ahead(one, "brier", 4),
            )
            for name, one in _methods(found["methods"], chosen)
        ],
    )


def stability_table(metrics: Mapping[str, Any], chosen: str) -> Shown:
    """How far scores and classes moved from one day to the next, for every method."""
    found = metrics["stability"]
    days = [found[chosen]["steps"][0]["from"], *(step["to"] for step in found[chosen]["steps"])]
    return Shown(
        "稳定性 Stability",
        f"逐期比较 {days[0]} 至 {days[-1]}（{len(days)} 日，末期自 {days[-2]} 起）。PSI：分数分布的变化，"
        "小于 0.10 为小，大于 0.25 为大；同级：等级未变的比例；跳级：变动超过一级的主体数。各方法按相同比例分级。",
        f"From day to day, {days[0]} to {days[-1]} ({len(days)} days; the last step begins {days[-2]}). PSI: how far "
        "the distribution moved, below 0.10 little, above 0.25 much; same class: share that kept it; jumped: entities "
        "that moved by more than one class. Every method is cut into the same shares.",
        (_METHOD, "PSI 最大 most", "PSI 末期 last step", "同级 same class %", "跳级 jumped", "主体 entities"),
        [
            (
                name,
                number(one["psi"], None),
                number(step["psi"], step["psi_interval"]),
                share(step["same_class"], step["same_class_interval"]),
                f"{step['jumped']:,}",
                f"{step['entities']:,}",
            )
            for name, one in _methods(found, chosen)
            for step in one["steps"][-1:]
        ],
    )


def number(value: float | None, limits: Limits, digits: int = 3) -> str:
    """A figure with its interval; a dash where there was nothing to judge."""
    return _shown(value, limits, f".{digits}f", 1)


def signed(value: float | None, limits: Limits, digits: int, times: int = 1) -> str:
    """A difference with its interval, with its sign."""
    return _shown(value, limits, f"+.{digits}f", times)


def share(value: float | None, limits: Limits) -> str:
    """A share in percent with its interval."""
    return _shown(value, limits, ".1f", 100)


def _shown(value: float | None, limits: Limits, form: str, times: int) -> str:
    if value is None:
        return NONE
    within = "" if limits is None else f" [{limits[0] * times:{form}}, {limits[1] * times:{form}}]"
    return f"{value * times:{form}}{within}"


def _methods(found: Mapping[str, Any], chosen: str) -> list[tuple[str, Any]]:
    return [(OWN, found[chosen]), *((name, found[method]) for method, name in METHODS.items())]


def _ahead(one: Mapping[str, Any], name: str, digits: int, times: int = 1) -> str:
    """How far the model is ahead of the method; nothing in its own row."""
    if "ahead" not in one:
        return ""
    return signed(one["ahead"][name], one["ahead"][f"{name}_interval"], digits, times)


def _with_ties(one: Mapping[str, Any], name: str) -> tuple[str, str]:
    """The expected share with its interval, and the range over the orders of the tied where it shows."""
    low, middle, high = one[name]
    is_split = middle is not None and share(low, None) != share(high, None)
    return share(
        middle, one[f"{name}_interval"]
    ), f"{share(low, None)} – {share(high, None)}" if is_split else ""
