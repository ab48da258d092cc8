"""The measured sections of a model card: how well it foresees, calibration, groups, stability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.learning.rates import wilson
from publish.model_charts import auc_chart, reliability_chart
from publish.model_html import figure, grid, heading, paragraph, plain, subheading

if TYPE_CHECKING:
    from policy.learned import Scorecard

METHODS = {
    "expert": "专家评分表 expert table",
    "last_event": "最近违规者优先 last violation first",
    "single_best": "单一最佳指标 single best feature",
    "boosting": "梯度提升（不可加） gradient boosting",
}


def foresight(model: Scorecard) -> list[str]:
    """How the model foretold the validation's windows, beside every method that it is measured against."""
    own = str(model.candidate["id"])
    parts = [heading("检验 How well it foresees")]
    parts += [
        paragraph(
            "滚动起点检验：每个窗口由其首日之前已结束的窗口拟合的模型预测；区间为按主体自助抽样的 95% 区间；"
            "并列以区间或期望表示。"
            "候选设定按事先写明的规则在前面的窗口选出，留出窗口不参与选择。"
        ),
        paragraph(
            "Rolling origin: each window is foretold by a model fitted on windows that had ended before it "
            "began. Intervals "
            "are 95 %, by bootstrap over entities; ties are given as ranges or in expectation. The setting "
            "was chosen on the "
            "earlier windows by a rule fixed beforehand; the holdout chose nothing."
        ),
    ]
    for part, title in (("holdout", "留出窗口 Holdout"), ("all", "全部检验窗口 All validation windows")):
        found = plain(model.metrics.get(part))
        if own not in found:
            continue
        rows = [
            _metric_row(name, plain(one), name == own)
            for name, one in sorted(
                found.items(),
                key=lambda item: (item[0] != own, list(METHODS).index(item[0]) if item[0] in METHODS else 0),
            )
        ]
        size = plain(found[own])
        parts += [
            subheading(f"{title}: {size['rows']:,} 主体 entities, {size['events']:,} 事件 events"),
            grid(
                (
                    "方法 method", "AUC [95 %]", "查准 precision", "查全 recall", "提前天数 days earlier",
                    "更晚发现 found later", "前半发现 first half",
                ),
                [row for _, row in rows],
                (1, 2, 3, 4, 5, 6),
                marked=[is_own for is_own, _ in rows],
            ),
        ]  # fmt: skip
    whole = plain(model.metrics.get("all"))
    values = [
        {"window": str(w["end"]), "method": METHODS.get(name, "本模型 this model"), "auc": w["auc"]}
        for name, one in whole.items()
        if isinstance(one, dict)
        for w in one["windows"]
        if w["auc"] == w["auc"]
    ]
    methods = ["本模型 this model", *METHODS.values()]
    if values:
        parts.append(
            figure(auc_chart(values, methods), "各窗口 AUC（0.5 为随机） AUC by window; 0.5 is chance")
        )
    budget = plain(plain(whole.get(own)).get("windows", [{}])[0]).get("budget") if own in whole else None
    if isinstance(budget, dict):
        parts.append(
            paragraph(
                f"查准、查全按抽查比例 {float(budget['share']):.0%} 计，并列时写 最少/期望/最多。 Precision "
                f"and recall at "
                f"{float(budget['share']):.0%} inspected; ties as least/expected/most."
            )
        )
    return parts


def _metric_row(name: str, one: dict[str, Any], is_own: bool) -> tuple[bool, tuple[str, ...]]:
    low, high = one["auc_interval"]
    days = one.get("days") or {}
    return is_own, (
        "本模型 this model" if is_own else METHODS.get(name, name),
        f"{one['auc']:.3f} [{low:.3f}, {high:.3f}]",
        _range(one["precision"]),
        _range(one["recall"]),
        f"{days['mean']:+.1f}" if days else "—",
        f"{days['share_later']:.0%}" if days else "—",
        f"{days['first_half']:.0%}" if days else "—",
    )


def calibration(model: Scorecard) -> list[str]:
    """Whether as many events came as the points said: the reliability plot, on the holdout."""
    found = plain(model.metrics.get("calibration"))
    parts = [heading("校准 Calibration")]
    tenths = [
        {"foretold": t["foretold"], "observed": t["observed"], "low": low, "high": high}
        for t in found.get("tenths", [])
        for low, high in [wilson(int(t["events"]), int(t["rows"]))]
    ]
    if not tenths:
        return [*parts, paragraph("样本太少，无法判断。 Too few to judge.")]
    parts += [
        figure(
            reliability_chart(tenths),
            "按预测分为十组；竖线为 95% 区间，虚线为完全校准。 Tenths by foretold rate, 95 % intervals; "
            "dashed: perfect.",
        ),
        paragraph(
            f"留出窗口：预测 foretold {found['foretold']:.1%}，实际 observed {found['observed']:.1%}。"
            f"校准由较早窗口拟合，"
            "在较晚窗口检验。 Fitted on earlier windows, judged on the later."
        ),
    ]
    return parts


def groups(model: Scorecard) -> list[str]:
    """How the model treats groups of entities, or that they are too few to judge."""
    parts = [
        heading("分组 Groups"),
        paragraph(
            "检验窗口中各组的实际事件率（95% 区间）、组内 AUC、进入抽查预算的比例。样本太少的组不作判断。"
            "区划只用于此表，不是特征。"
        ),
        paragraph(
            "Observed rate (95 % interval), AUC inside the group and share within the inspection budget, "
            "over the validation "
            "windows. Divisions are in this table only; they are no feature."
        ),
    ]
    for kind, found in plain(model.metrics.get("groups")).items():
        rows = []
        for g in found:
            if g["too_few"]:
                rows.append((str(g["group"]), f"{g['rows']:,}", "样本太少 too few to judge", "", "", ""))
                continue
            low, high = g["interval"]
            rows.append(
                (
                    str(g["group"]), f"{g['rows']:,}", f"{g['rate']:.1%} [{low:.1%}, {high:.1%}]",
                    f"{g['auc']:.3f}", f"{g['flagged']:.0%}", f"{g['mean_points']:.0f}",
                )
            )  # fmt: skip
        parts += [
            subheading(kind),
            grid(
                ("组 group", "主体 n", "事件率 rate", "AUC", "入预算 flagged", "平均分 mean"),
                rows,
                (1, 2, 3, 4, 5),
            ),
        ]
    return parts


def stability(model: Scorecard) -> list[str]:
    """How far points and classes moved before anybody relied on them."""
    found = plain(model.metrics.get("stability"))
    spread = plain(model.metrics.get("population"))
    same = found.get("same_class")
    parts = [
        heading("稳定性 Stability"),
        paragraph(
            f"末窗口首日至训练日：分值 PSI {found['psi_points']:.3f}"
            + (
                f"，同级 same class {same:.1%}（{found['entities']:,} 主体 entities）。"
                if same is not None
                else "。"
            )
            + " PSI of the points and share that kept its class, from the last window's first day to the "
            "day of training."
        ),
        grid(
            ("从 from \\ 至 to", *"ABCD"),
            [(c, *(f"{n:,}" for n in row.values())) for c, row in plain(found.get("migration")).items()],
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
    return parts


def _range(values: Sequence[float]) -> str:
    low, middle, high = values
    return f"{middle:.1%}" if round(low, 4) == round(high, 4) else f"{low:.1%}/{middle:.1%}/{high:.1%}"
