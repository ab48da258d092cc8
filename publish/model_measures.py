"""The measured sections of a model card: how well it foresees, calibration, groups, stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.learning.rates import wilson
from publish.model_charts import auc_chart, reliability_chart
from publish.model_html import figure, grid, heading, paragraph, plain, subheading
from publish.model_tables import (
    METHODS,
    OWN,
    Shown,
    calibration_table,
    foresight_tables,
    intervals_note,
    number,
    share,
    size_of,
    stability_table,
)

if TYPE_CHECKING:
    from policy.learned import Scorecard

_TOO_FEW = "样本太少，无法判断。 Too few to judge."


def foresight(model: Scorecard) -> list[str]:
    """How the model foretold the validation's windows, beside every method that it is measured against."""
    own = str(model.candidate["id"])
    parts = [
        heading("检验 How well it foresees"),
        paragraph(
            "滚动起点检验：每个窗口由其首日之前已结束的窗口拟合的模型预测。候选设定按事先写明的规则在前面的窗口选出，"
            "留出窗口不参与选择。"
        ),
        paragraph(
            "Rolling origin: each window is foretold by a model fitted on windows that had ended before it began. The "
            "setting was chosen on the earlier windows by a rule fixed beforehand; the holdout chose nothing."
        ),
        *(paragraph(text) for text in intervals_note(model.metrics)),
    ]
    for part in ("holdout", "all"):
        parts.append(subheading(size_of(model.metrics, own, part)))
        for one in foresight_tables(model.metrics, own, part):
            # How to read a table stands under the first of its kind.
            parts += [subheading(one.title), *_table(one)[: None if part == "holdout" else 1]]
    values = [
        {"window": str(w["end"]), "method": METHODS.get(name, OWN), "auc": w["auc"]}
        for name, one in plain(model.metrics["all"]).items()
        for w in one["windows"]
        if w["auc"] is not None
    ]
    methods = [OWN, *METHODS.values()]
    if values:
        parts.append(
            figure(auc_chart(values, methods), "各窗口 AUC（0.5 为随机） AUC by window; 0.5 is chance")
        )
    return parts


def calibration(model: Scorecard) -> list[str]:
    """Whether as many events came as the points said: the reliability plot, on the holdout."""
    own = str(model.candidate["id"])
    parts = [heading("校准 Calibration")]
    table = calibration_table(model.metrics, own)
    if table is None:
        return [*parts, paragraph(_TOO_FEW)]
    tenths = [
        {"foretold": t["foretold"], "observed": t["observed"], "low": low, "high": high}
        for t in plain(plain(model.metrics["calibration"])["methods"])[own]["tenths"]
        for low, high in [wilson(int(t["events"]), int(t["rows"]))]
    ]
    return [
        *parts,
        *_table(table),
        figure(
            reliability_chart(tenths),
            "本模型：按预测分为十组；竖线为 95% 区间，虚线为完全校准。 This model: tenths by foretold rate, 95 % "
            "intervals; dashed: perfect.",
        ),
    ]


def groups(model: Scorecard) -> list[str]:
    """How the model treats groups of entities, or that they are too few to judge."""
    parts = [
        heading("分组 Groups"),
        paragraph(
            "检验窗口中各组的实际事件率、组内 AUC（只比较同一窗口的主体）、进入抽查预算的比例，均附 95% 区间。"
            "样本太少的组不作判断。"
            "区划只用于此表，不是特征。"
        ),
        paragraph(
            "Observed rate, AUC inside the group (among entities of one window) and share within the inspection "
            "budget, each with its 95 % interval, over the validation windows. Divisions are in this table only; they "
            "are no feature."
        ),
    ]
    for kind, found in plain(model.metrics["groups"]).items():
        rows = []
        for g in found:
            size = (str(g["group"]), f"{g['rows']:,}", f"{g['entities']:,}")
            if g["too_few"]:
                rows.append((*size, "样本太少 too few to judge", "", "", ""))
                continue
            rows.append(
                (
                    *size,
                    share(g["rate"], g["rate_interval"]),
                    number(g["auc"], g["auc_interval"]),
                    share(g["flagged"], g["flagged_interval"]),
                    f"{g['mean_points']:.0f}",
                )
            )
        parts += [
            subheading(kind),
            _wide(
                grid(
                    (
                        "组 group", "户次 rows", "主体 entities", "事件率 rate %", "AUC", "入预算 flagged %",
                        "平均分 mean",
                    ),
                    rows,
                    (1, 2, 3, 4, 5, 6),
                )
            ),
        ]  # fmt: skip
    return parts


def stability(model: Scorecard) -> list[str]:
    """How far points and classes moved before anybody relied on them."""
    own = str(model.candidate["id"])
    spread = plain(model.metrics["population"])
    last = plain(plain(model.metrics["stability"])[own])["steps"][-1]
    parts = [heading("稳定性 Stability"), *_table(stability_table(model.metrics, own))]
    return [
        *parts,
        subheading(f"本模型的等级变动 Moves between classes: {last['from']} → {last['to']}"),
        grid(
            ("从 from \\ 至 to", *"ABCD"),
            [(c, *(f"{n:,}" for n in row.values())) for c, row in plain(last["migration"]).items()],
            (1, 2, 3, 4),
        ),
        paragraph(
            f"训练日 {spread['rows']:,} 主体，{spread['distinct_points']:,} 个不同分值；中位 median "
            f"{spread['p50']:.2f}，"
            f"90% {spread['p90']:.2f}，99% {spread['p99']:.2f}，最高 most {spread['most']:.2f}。"
            if spread.get("rows")
            else "训练日无主体。 Nobody on the day of training."
        ),
    ]


def _table(one: Shown) -> list[str]:
    """A table, with how it is to be read; the model's own row is marked."""
    return [
        _wide(grid(one.head, one.rows, range(1, len(one.head)), marked=[True])),
        paragraph(one.zh),
        paragraph(one.en),
    ]


def _wide(table: str) -> str:
    return f'<div class="scroll">{table}</div>'
