"""The model card 模型卡: what a supervisor must know of a scorecard before relying on it, Chinese beside English."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from publish.model_html import STYLE, bullets, grid, heading, paragraph, plain, rate, subheading
from publish.model_measures import calibration, foresight, groups, stability
from publish.model_points import examples, points_table

if TYPE_CHECKING:
    from policy.learned import Act, Scorecard

_UNMEASURED = (
    "检验数据由其他版本的程序计量，见模型 JSON 的 metrics。 Its figures were measured by another version of the "
    "program and stand in its JSON under metrics."
)


def card_html(model: Scorecard, acts: Sequence[Act]) -> str:
    """The card as one HTML page; nothing is loaded from outside, everything quoted is escaped.

    Args:
        acts: the decisions about this model, oldest first.
    """
    is_measured = "resamples" in model.metrics
    parts = [
        f"<h1>评分卡模型卡 Model card<br><small>{escape(model.id)}</small></h1>",
        '<p class="warn">内部参考：等级与分值仅供监管部门使用，不得公开，不得用于审批。 '
        "Internal: class and points are for supervisors only; never public, never at the approval desk.</p>",
        *_purpose(model),
        *_data(model),
        *(foresight(model) + calibration(model) if is_measured else [paragraph(_UNMEASURED)]),
        *points_table(model),
        *examples(model),
        *(groups(model) + stability(model) if is_measured else []),
        *_limits(model),
        *_approval(acts),
        *_origin(model),
    ]
    return (
        '<!doctype html>\n<html lang="zh">\n<head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>评分卡模型卡 Model card {escape(model.id)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _purpose(model: Scorecard) -> list[str]:
    return [
        heading("用途 What it is for"),
        paragraph(f"预测：{model.event.label}。用于排定抽查次序，并（在政策规定时）给出风险分类。"),
        paragraph(
            f"It foresees {model.event.label_en}. It orders inspections and, where the policy says so, "
            f"gives the class."
        ),
        subheading("不适用 What it is not for"),
        bullets(
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
        (str(w["start"]), str(w["end"]), f"{w['rows']:,}", f"{w['events']:,}", rate(w["events"], w["rows"]))
        for w in model.windows
    ]
    return [
        heading("数据、样本与标签 Data, cohort and label"),
        paragraph(
            "样本：每个窗口首日应予分类的市场主体（企业、分支机构、农民专业合作社；存续、歇业、吊销）。"
            "特征只用该日之前已决定的记录，"
            "标签只用窗口末日已知的记录。"
        ),
        paragraph(
            "Cohort: entities that get a class on a window's first day. Features use only what had been "
            "decided by that "
            "day, labels only what was known on the window's last day."
        ),
        paragraph(
            f"标签 label: {model.event.label} ({model.event.label_en}), {model.event.horizon_months} 个月 "
            f"months. {at}"
        ),
        grid(
            ("首日 first day", "末日 last day", "主体 entities", "事件 events", "比例 rate"), rows, (2, 3, 4)
        ),
    ]


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
    warnings = plain(model.metrics).get("warnings", [])
    lines += [f"数据 records: {line}." for line in warnings]
    return [heading("局限 Limits"), bullets(lines)]


def _approval(acts: Sequence[Act]) -> list[str]:
    if not acts:
        return [heading("批准 Approval"), paragraph("尚无人批准使用。 Nobody has approved its use.")]
    words = {"promote": "启用 promoted", "challenge": "列为挑战者 challenger", "retire": "停用 retired"}
    rows = [(act.at, words[act.action], act.by, act.reason) for act in acts]
    return [heading("批准 Approval"), grid(("时间 at", "决定 decision", "何人 by", "理由 reason"), rows)]


def _origin(model: Scorecard) -> list[str]:
    ranked = plain(model.selection).get("ranked", [])
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
        heading("来源 Origin"),
        grid(("", ""), facts),
        subheading("候选设定 Candidates"),
        paragraph(str(plain(model.selection).get("rule", ""))),
        grid(("候选 candidate", "平均 AUC mean", "指标数 features"), rows, (1, 2)),
    ]
