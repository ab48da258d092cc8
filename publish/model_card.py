"""The model card 模型卡: what a supervisor must know of a scorecard before relying on it, Chinese beside English."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from models.learning.rates import wilson
from publish.model_charts import auc_chart, points_chart, reliability_chart

if TYPE_CHECKING:
    from policy.learned import Act, LearnedBin, LearnedIndicator, Scorecard

METHODS = {
    "expert": "专家评分表 expert table",
    "last_event": "最近违规者优先 last violation first",
    "single_best": "单一最佳指标 single best feature",
    "boosting": "梯度提升（不可加） gradient boosting",
}
_STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:64rem;
padding:0 1rem;color:#1a1a1a;background:#fff}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem;
border-bottom:2px solid #0b5394}h3{font-size:1rem}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{border-bottom:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
tr.own{background:#e8f0fa;font-weight:600}.few{color:#595959}figure{margin:1rem 0;
overflow-x:auto}figure svg{max-width:100%;height:auto}figcaption{color:#444;font-size:.9rem}.warn{background:#fff3d6;
padding:.6rem 1rem}.scroll{overflow-x:auto}code{font-size:.85rem;overflow-wrap:anywhere}
@media print{body{margin:0}h2{break-after:avoid}}
"""
_EXAMPLE_REASONS = 6


def card_html(model: Scorecard, acts: Sequence[Act]) -> str:
    """The card as one HTML page; nothing is loaded from outside, everything quoted is escaped.

    Args:
        acts: the decisions about this model, oldest first.
    """
    parts = [
        f"<h1>评分卡模型卡 Model card<br><small>{_t(model.id)}</small></h1>",
        '<p class="warn">内部参考：等级与分值仅供监管部门使用，不得公开，不得用于审批。 '
        "Internal: class and points are for supervisors only; never public, never at the approval desk.</p>",
        *_purpose(model),
        *_data(model),
        *_metrics(model),
        *_calibration(model),
        *_table(model),
        *_examples(model),
        *_groups(model),
        *_stability(model),
        *_limits(model),
        *_approval(acts),
        *_origin(model),
    ]
    return (
        '<!doctype html>\n<html lang="zh">\n<head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>评分卡模型卡 Model card {_t(model.id)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _purpose(model: Scorecard) -> list[str]:
    return [
        _h("用途 What it is for"),
        _p(f"预测：{model.event.label}。用于排定抽查次序，并（在政策规定时）给出风险分类。"),
        _p(
            f"It foresees {model.event.label_en}. It orders inspections and, where the policy says so, "
            f"gives the class."
        ),
        _h3("不适用 What it is not for"),
        _ul(
            [
                "不得作为处罚、许可、公示、信用修复的依据。 No ground for a penalty, a licence, publicity "
                "or a repair.",
                "不得用于快速通道资格：资格只看法定事实。 Not for fast-track eligibility, which looks at "
                "facts alone.",
                "不得对自然人评分。 Not for natural persons.",
                "分低不等于免查：任何等级都在抽查范围内。 Low points exempt nobody from sampling.",
                "分值不说明原因：它是统计关联。 Points are association, not cause.",
            ]
        ),
    ]


def _data(model: Scorecard) -> list[str]:
    at = {
        "next_visit": "窗口内首次检查；未被检查的主体不在样本内。 At the first visit in the window; others "
        "are not in it.",
        "window": "窗口内任何时候；在册应分类主体全部在样本内。 At any time in the window; all classed entities.",
    }[model.event.at]
    rows = [
        (str(w["start"]), str(w["end"]), f"{w['rows']:,}", f"{w['events']:,}", _rate(w["events"], w["rows"]))
        for w in model.windows
    ]
    return [
        _h("数据、样本与标签 Data, cohort and label"),
        _p(
            "样本：每个窗口首日应予分类的市场主体（企业、分支机构、农民专业合作社；存续、歇业、吊销）。"
            "特征只用该日之前已决定的记录，"
            "标签只用窗口末日已知的记录。"
        ),
        _p(
            "Cohort: entities that get a class on a window's first day. Features use only what had been "
            "decided by that "
            "day, labels only what was known on the window's last day."
        ),
        _p(
            f"标签 label: {model.event.label} ({model.event.label_en}), {model.event.horizon_months} 个月 "
            f"months. {at}"
        ),
        _grid(
            ("首日 first day", "末日 last day", "主体 entities", "事件 events", "比例 rate"), rows, (2, 3, 4)
        ),
    ]


def _metrics(model: Scorecard) -> list[str]:
    own = str(model.candidate["id"])
    parts = [_h("检验 How well it foresees")]
    parts += [
        _p(
            "滚动起点检验：每个窗口由其首日之前已结束的窗口拟合的模型预测；区间为按主体自助抽样的 95% 区间；"
            "并列以区间或期望表示。"
            "候选设定按事先写明的规则在前面的窗口选出，留出窗口不参与选择。"
        ),
        _p(
            "Rolling origin: each window is foretold by a model fitted on windows that had ended before it "
            "began. Intervals "
            "are 95 %, by bootstrap over entities; ties are given as ranges or in expectation. The setting "
            "was chosen on the "
            "earlier windows by a rule fixed beforehand; the holdout chose nothing."
        ),
    ]
    for part, title in (("holdout", "留出窗口 Holdout"), ("all", "全部检验窗口 All validation windows")):
        found = _dict(model.metrics.get(part))
        if own not in found:
            continue
        rows = [
            _metric_row(name, _dict(one), name == own)
            for name, one in sorted(
                found.items(),
                key=lambda item: (item[0] != own, list(METHODS).index(item[0]) if item[0] in METHODS else 0),
            )
        ]
        size = _dict(found[own])
        parts += [
            _h3(f"{title}: {size['rows']:,} 主体 entities, {size['events']:,} 事件 events"),
            _grid(
                (
                    "方法 method", "AUC [95 %]", "查准 precision", "查全 recall", "提前天数 days earlier",
                    "更晚发现 found later", "前半发现 first half",
                ),
                [row for _, row in rows],
                (1, 2, 3, 4, 5, 6),
                marked=[is_own for is_own, _ in rows],
            ),
        ]  # fmt: skip
    whole = _dict(model.metrics.get("all"))
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
            _figure(auc_chart(values, methods), "各窗口 AUC（0.5 为随机） AUC by window; 0.5 is chance")
        )
    budget = _dict(_dict(whole.get(own)).get("windows", [{}])[0]).get("budget") if own in whole else None
    if isinstance(budget, dict):
        parts.append(
            _p(
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


def _calibration(model: Scorecard) -> list[str]:
    found = _dict(model.metrics.get("calibration"))
    parts = [_h("校准 Calibration")]
    tenths = [
        {"foretold": t["foretold"], "observed": t["observed"], "low": low, "high": high}
        for t in found.get("tenths", [])
        for low, high in [wilson(int(t["events"]), int(t["rows"]))]
    ]
    if not tenths:
        return [*parts, _p("样本太少，无法判断。 Too few to judge.")]
    parts += [
        _figure(
            reliability_chart(tenths),
            "按预测分为十组；竖线为 95% 区间，虚线为完全校准。 Tenths by foretold rate, 95 % intervals; "
            "dashed: perfect.",
        ),
        _p(
            f"留出窗口：预测 foretold {found['foretold']:.1%}，实际 observed {found['observed']:.1%}。"
            f"校准由较早窗口拟合，"
            "在较晚窗口检验。 Fitted on earlier windows, judged on the later."
        ),
    ]
    return parts


def _table(model: Scorecard) -> list[str]:
    ordered = sorted(model.indicators, key=lambda i: (-(_most(i) - _least(i)), i.id))
    rows = [("BASE", "起点分 starting points", "", f"{model.base_points_h / 100:.2f}", "", "")]
    for one in ordered:
        for place, found in enumerate(_all_bins(one)):
            rows.append(
                (
                    one.id if place == 0 else "",
                    f"{one.title} {one.title_en}" if place == 0 else "",
                    _place(one, found),
                    f"{found.points_h / 100:+.2f}",
                    f"{found.rows:,}",
                    _rate(found.events, found.rows),
                )
            )
    spans = [{"title": i.title, "least": _least(i) / 100, "most": _most(i) / 100} for i in ordered]
    cuts = " · ".join(f"{c} ≥ {model.cut_points_h[c] / 100:.2f}" for c in "ABCD")
    rule = {
        "cut_points": "政策固定分界 fixed by the policy",
        "target_shares": "训练日按政策比例定出，之后不变 set once from the policy's shares on the day of training",
    }[model.cut_rule]
    return [
        _h("分值表 Table of points"),
        _p(
            f"分界 cut points: {cuts}（{rule}）。分值 0–1000，越高风险越大，逐行相加即为总分。 Rows add up exactly."
        ),
        _figure(points_chart(spans), "各指标最低至最高分值 Least to most points of each indicator"),
        '<div class="scroll">'
        + _grid(
            ("指标 indicator", "名称 title", "取值 value", "分值 points", "训练样本 rows", "事件率 rate"),
            rows,
            (3, 4, 5),
        )
        + "</div>",
    ]


def _examples(model: Scorecard) -> list[str]:
    """Three entities made from the table, so that no real one is shown."""
    kinds: tuple[tuple[str, Callable[[list[LearnedBin]], LearnedBin]], ...] = (
        ("常见取值 the commonest values", lambda bins: max(bins, key=lambda b: (b.share, -b.points_h))),
        ("各项最低 the fewest points", lambda bins: min(bins, key=lambda b: b.points_h)),
        ("各项最高 the most points", lambda bins: max(bins, key=lambda b: b.points_h)),
    )
    parts = [
        _h("原因示例 Examples of reasons"),
        _p("由分值表构成的示例，不是真实主体。 Made from the table; no real entity."),
    ]
    for title, pick in kinds:
        picked = [(one, pick([b for b in _all_bins(one) if b.rows])) for one in model.indicators]
        total = model.base_points_h + sum(b.points_h for _, b in picked)
        shown = sorted(picked, key=lambda item: (-abs(item[1].points_h), item[0].id))
        rest = sum(b.points_h for _, b in shown[_EXAMPLE_REASONS:])
        clipped = min(max(total, 0), 100_000)
        rows = [("BASE", "", f"{model.base_points_h / 100:+.2f}")]
        rows += [
            (one.title, _place(one, b), f"{b.points_h / 100:+.2f}") for one, b in shown[:_EXAMPLE_REASONS]
        ]
        if len(shown) > _EXAMPLE_REASONS:
            rows.append((f"其他 {len(shown) - _EXAMPLE_REASONS} 项 others", "", f"{rest / 100:+.2f}"))
        if clipped != total:
            rows.append(("CLIP", "", f"{(clipped - total) / 100:+.2f}"))
        letter = max(c for c in "ABCD" if clipped >= model.cut_points_h[c])
        rows.append(("合计 total", letter, f"{clipped / 100:.2f}"))
        parts += [_h3(title), _grid(("原因 reason", "取值 value", "分值 points"), rows, (2,))]
    return parts


def _groups(model: Scorecard) -> list[str]:
    parts = [
        _h("分组 Groups"),
        _p(
            "检验窗口中各组的实际事件率（95% 区间）、组内 AUC、进入抽查预算的比例。样本太少的组不作判断。"
            "区划只用于此表，不是特征。"
        ),
        _p(
            "Observed rate (95 % interval), AUC inside the group and share within the inspection budget, "
            "over the validation "
            "windows. Divisions are in this table only; they are no feature."
        ),
    ]
    for kind, groups in _dict(model.metrics.get("groups")).items():
        rows = []
        for g in groups:
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
            _h3(kind),
            _grid(
                ("组 group", "主体 n", "事件率 rate", "AUC", "入预算 flagged", "平均分 mean"),
                rows,
                (1, 2, 3, 4, 5),
            ),
        ]
    return parts


def _stability(model: Scorecard) -> list[str]:
    found = _dict(model.metrics.get("stability"))
    spread = _dict(model.metrics.get("population"))
    same = found.get("same_class")
    parts = [
        _h("稳定性 Stability"),
        _p(
            f"末窗口首日至训练日：分值 PSI {found['psi_points']:.3f}"
            + (
                f"，同级 same class {same:.1%}（{found['entities']:,} 主体 entities）。"
                if same is not None
                else "。"
            )
            + " PSI of the points and share that kept its class, from the last window's first day to the "
            "day of training."
        ),
        _grid(
            ("从 from \\ 至 to", *"ABCD"),
            [(c, *(f"{n:,}" for n in row.values())) for c, row in _dict(found.get("migration")).items()],
            (1, 2, 3, 4),
        ),
        _p(
            f"训练日 {spread['rows']:,} 主体，{spread['distinct_points']:,} 个不同分值；中位 median "
            f"{spread['p50']:.2f}，"
            f"90% {spread['p90']:.2f}，99% {spread['p99']:.2f}，最高 most {spread['most']:.2f}。"
            if spread.get("rows")
            else "训练日无主体。 Nobody on the day of training."
        ),
    ]
    return parts


def _limits(model: Scorecard) -> list[str]:
    lines = [
        "检查员、检查机关、区划和地址不作特征：它们说明谁去查，不说明主体。 Inspector, office, division and "
        "address are no "
        "features: they tell who came, not what the entity is.",
        "以往记录仍可能带有以往检查宽严的痕迹。 Past records may still carry how strict past inspections were.",
        "只学到被查到的问题；少查的主体记录少。 It learns what was found; who is visited seldom has few records.",
    ]
    if model.event.at == "next_visit":
        lines.append(
            "标签只在被检查的主体上有定义，对其他主体是外推。 The label exists for visited entities only; "
            "for others the "
            "points are an extrapolation."
        )
    lines.append(
        "检查类记录按比例看待：一次无问题的检查会降低比例；处罚和名录记录只会加分。 Shares fall with a "
        "clean visit; penalties "
        "and list entries can only raise points."
    )
    dropped = model.candidate.get("dropped")
    if isinstance(dropped, list) and dropped:
        lines.append(f"未进入模型的指标 left out by the fit: {', '.join(str(d) for d in dropped)}.")
    return [_h("局限 Limits"), _ul(lines)]


def _approval(acts: Sequence[Act]) -> list[str]:
    if not acts:
        return [_h("批准 Approval"), _p("尚无人批准使用。 Nobody has approved its use.")]
    words = {"promote": "启用 promoted", "challenge": "列为挑战者 challenger", "retire": "停用 retired"}
    rows = [(act.at, words[act.action], act.by, act.reason) for act in acts]
    return [_h("批准 Approval"), _grid(("时间 at", "决定 decision", "何人 by", "理由 reason"), rows)]


def _origin(model: Scorecard) -> list[str]:
    ranked = _dict(model.selection).get("ranked", [])
    rows = [
        (str(r["candidate"]), f"{r['mean_auc']:.4f}", f"{r['features']:.1f}")
        for r in (ranked if isinstance(ranked, list) else [])
        if isinstance(r, dict)
    ]
    facts = (
        ("训练截至 trained as of", str(model.trained_as_of)),
        ("训练人 trained by", model.created_by),
        ("政策 policy", model.policy_version),
        ("代码 code", model.code_version),
        ("数据 deliveries", f"{len(model.inputs)}: " + ", ".join(s[:12] for s in model.inputs[:20])),
        ("模型 SHA-256", model.sha256),
    )
    return [
        _h("来源 Origin"),
        _grid(("", ""), facts),
        _h3("候选设定 Candidates"),
        _p(str(_dict(model.selection).get("rule", ""))),
        _grid(("候选 candidate", "平均 AUC mean", "指标数 features"), rows, (1, 2)),
    ]


def _all_bins(one: LearnedIndicator) -> list[LearnedBin]:
    return list(one.all_bins)


def _least(one: LearnedIndicator) -> int:
    return min(b.points_h for b in _all_bins(one) if b.rows)


def _most(one: LearnedIndicator) -> int:
    return max(b.points_h for b in _all_bins(one) if b.rows)


def _place(one: LearnedIndicator, found: LearnedBin) -> str:
    if found is one.missing:
        return "无记录 none"
    if found is one.other:
        return "其他 other"
    if found.level is not None:
        return found.level
    if found.ge is None and found.lt is None:
        return "任何 any"
    if found.ge is None:
        return f"< {found.lt:,}"
    if found.lt is None:
        return f"≥ {found.ge:,}"
    return f"{found.ge:,}" if found.lt == found.ge + 1 else f"{found.ge:,} – {found.lt - 1:,}"


def _dict(value: Any) -> dict[str, Any]:
    return {k: v for k, v in value.items() if k != "single_best_features"} if isinstance(value, dict) else {}


def _range(values: Sequence[float]) -> str:
    low, middle, high = values
    return f"{middle:.1%}" if round(low, 4) == round(high, 4) else f"{low:.1%}/{middle:.1%}/{high:.1%}"


def _rate(events: Any, rows: Any) -> str:
    return f"{int(events) / int(rows):.1%}" if int(rows) else "—"


def _t(text: str) -> str:
    return escape(text)


def _h(text: str) -> str:
    return f"<h2>{_t(text)}</h2>"


def _h3(text: str) -> str:
    return f"<h3>{_t(text)}</h3>"


def _p(text: str) -> str:
    return f"<p>{_t(text)}</p>"


def _ul(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_t(line)}</li>" for line in lines) + "</ul>"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{_t(caption)}</figcaption></figure>"


def _grid(
    head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = (), marked: Sequence[bool] = ()
) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in right else ''}>{_t(cell)}</{tag}>" for i, cell in enumerate(row)
        )

    lines = [
        f"<tr{' class=own' if i < len(marked) and marked[i] else ''}>{cells(row, 'td')}</tr>"
        for i, row in enumerate(rows)
    ]
    return f"<table><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
