"""The table of points in a model card, and examples of what it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from publish.model_charts import points_chart
from publish.model_html import figure, grid, heading, paragraph, rate, subheading

if TYPE_CHECKING:
    from policy.learned import LearnedBin, LearnedIndicator, Scorecard

_EXAMPLE_REASONS = 6


def points_table(model: Scorecard) -> list[str]:
    """Every row of the table, the indicator with the widest span first."""
    ordered = sorted(model.indicators, key=lambda i: (-(_most(i) - _least(i)), i.id))
    rows = [("BASE", "起点分 starting points", "", f"{model.base_points_h / 100:.2f}", "", "")]
    for one in ordered:
        for place, found in enumerate(list(one.all_bins)):
            rows.append(
                (
                    one.id if place == 0 else "",
                    f"{one.title} {one.title_en}" if place == 0 else "",
                    _place(one, found),
                    f"{found.points_h / 100:+.2f}",
                    f"{found.rows:,}",
                    rate(found.events, found.rows),
                )
            )
    spans = [{"title": i.title, "least": _least(i) / 100, "most": _most(i) / 100} for i in ordered]
    cuts = " · ".join(f"{c} ≥ {model.cut_points_h[c] / 100:.2f}" for c in "ABCD")
    rule = {
        "cut_points": "政策固定分界 fixed by the policy",
        "target_shares": "训练日按政策比例定出，之后不变 set once from the policy's shares on the day of training",
    }[model.cut_rule]
    return [
        heading("分值表 Table of points"),
        paragraph(
            f"分界 cut points: {cuts}（{rule}）。分值 0–1000，越高风险越大，逐行相加即为总分。 Rows add up exactly."
        ),
        figure(points_chart(spans), "各指标最低至最高分值 Least to most points of each indicator"),
        '<div class="scroll">'
        + grid(
            ("指标 indicator", "名称 title", "取值 value", "分值 points", "训练样本 rows", "事件率 rate"),
            rows,
            (3, 4, 5),
        )
        + "</div>",
    ]


def examples(model: Scorecard) -> list[str]:
    """Three entities made from the table, so that no real one is shown."""
    kinds: tuple[tuple[str, Callable[[list[LearnedBin]], LearnedBin]], ...] = (
        ("常见取值 the commonest values", lambda bins: max(bins, key=lambda b: (b.share, -b.points_h))),
        ("各项最低 the fewest points", lambda bins: min(bins, key=lambda b: b.points_h)),
        ("各项最高 the most points", lambda bins: max(bins, key=lambda b: b.points_h)),
    )
    parts = [
        heading("原因示例 Examples of reasons"),
        paragraph("由分值表构成的示例，不是真实主体。 Made from the table; no real entity."),
    ]
    for title, pick in kinds:
        picked = [(one, pick([b for b in list(one.all_bins) if b.rows])) for one in model.indicators]
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
        parts += [subheading(title), grid(("原因 reason", "取值 value", "分值 points"), rows, (2,))]
    return parts


def _least(one: LearnedIndicator) -> int:
    return min(b.points_h for b in list(one.all_bins) if b.rows)


def _most(one: LearnedIndicator) -> int:
    return max(b.points_h for b in list(one.all_bins) if b.rows)


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
