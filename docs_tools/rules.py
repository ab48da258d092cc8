"""docs/rules.md: every parameter of the policy with its citation, and every spec case with what it expects.

python -m docs_tools.rules          # writes docs/rules.md
python -m docs_tools.rules --check  # exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docs_tools.cases import chapters
from policy import Indicator, Policy, load_policy
from policy.dated import Cited

ROOT = Path(__file__).parent.parent
PLACE = ROOT / "docs" / "rules.md"
_INTRO = """# Rules 规则

本文件由 `make docs` 从 `policy/*.yaml` 和 `tests/spec/cases/*.yaml` 生成，请勿手工修改；内容过期时测试失败。

规则是带日期的数据：每个数值都写明生效期间、来源、条款、依据可信度和复核日期。改动规则只改 `policy/`，不改程序；
改动之前可用 `creditgrade policy diff A B --out DIR` 查看哪些主体的状态或者等级会因此改变。

依据可信度（confidence）：`V` 已核对原文，`V2` 引自可靠转述，`M` 凭记忆待核，`A` 本系统缺省规则。
"""
_TITLES = {
    "rules_eligibility.yaml": (
        "Force, tiers, window, holds and status",
        "效力、层级、回溯期、待定和状态（规则 §1–§5）",
    ),
    "rules_risk.yaml": ("Risk class", "信用风险等级（规则 §7，仅供监管内部参考）"),
    "rules_intake.yaml": ("What is read and what is refused", "数据接收（接口约定 §2）"),
    "rules_operations.yaml": ("What an installation keeps", "运行保存期限"),
    "desk.yaml": ("The approval desk's question", "审批窗口查询"),
    "rules_supervision.yaml": ("What supervisors act on", "抽查计划、提醒预警、联合惩戒和诚信系数"),
}
_GROUPS = {
    "active": "存续", "dormant": "歇业", "revoked": "吊销", "cancelled": "注销", "rescinded": "撤销",
    "liquidation": "清算", "moved_out": "迁出",
}  # fmt: skip
_WEIGHTS = {
    "serious": "较重", "general": "一般", "minor": "轻微", "no_penalty": "不予处罚",
    "merged_revocation": "旧合并种类（写明吊销的为较重）",
}  # fmt: skip


def render(policy: Policy) -> str:
    """The whole document."""
    parts = [
        _INTRO,
        f"规则版本 policy version: `{policy.version}`\n",
        "## Parameters 参数\n",
        *_parameters(policy),
        "## Items excluded from fast-track 事项排除清单\n",
        *_excluded(policy),
        "## Kinds of penalty 处罚种类\n",
        *_kinds(policy),
        "## Lists 名录名单\n",
        *_lists(policy),
        "## Honours 守信激励荣誉\n",
        *_honours(policy),
        "## Registration status 登记状态\n",
        *_statuses(policy),
        "## Publicity 公示期\n",
        *_publicity(policy),
        "## Measures of joint discipline 失信惩戒措施\n",
        *_measures(policy),
        "## Inspection tasks 抽查任务\n",
        *_tasks(policy),
        "## Expert points 专家评分\n",
        *_points(policy),
        "## Cases 案例\n",
        "每个案例都在数据引擎和参考引擎上逐一验证（`tests/spec`）。字段缺省值见 `tests/spec/vocabulary.py`。\n",
        *chapters(),
    ]
    return "\n".join(parts).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; cells may hold anything."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split()) or " "


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "；".join(f"{key}: {_words(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return "，".join(
            _words(part) if not isinstance(part, list) else f"({_words(part)})" for part in value
        )
    if isinstance(value, bool):
        return "是 true" if value else "否 false"
    return "无 null" if value is None else str(value)


def _days(cited: Cited) -> str:
    if cited.valid_from is None and cited.valid_to is None:
        return "一直 always"
    return f"{cited.valid_from or '…'} – {cited.valid_to or '…'}"


def _citation(cited: Cited) -> tuple[str, str, str]:
    return f"{cited.source}；{cited.article}", cited.confidence, str(cited.reviewed_on)


_CITED = ("来源和条款 source, article", "可信度", "复核日")


def _parameters(policy: Policy) -> Iterator[str]:
    for file, (english, chinese) in _TITLES.items():
        yield f"### {english}\n\n{chinese}，`policy/{file}`。\n"
        rows = []
        for id_, param in policy.params.items():
            if policy.series[id_].file == file:
                for cited, value in policy.series[id_].entries:
                    rows.append(
                        (f"`{id_}`", param.label, _words(value), param.unit, _days(cited), *_citation(cited),
                         str(param.review_by))
                    )  # fmt: skip
        yield table(("参数 id", "含义", "值", "单位", "期间", *_CITED, "复核期限"), rows)


def _excluded(policy: Policy) -> Iterator[str]:
    rows = [
        (group.label, "、".join(group.words), "、".join(group.codes) or "—", _days(group), *_citation(group))
        for group in policy.excluded_items
    ]
    yield "许可事项名称含下列词语或者代码相同的，不适用便利措施（O-39），`policy/desk.yaml`。\n"
    yield table(("领域", "词语", "代码", "期间", *_CITED), rows)


def _kinds(policy: Policy) -> Iterator[str]:
    rows = [(kind.name, _WEIGHTS[kind.weight], "、".join(kind.aliases)) for kind in policy.penalty_kinds]
    yield table(("种类", "层级", "别名"), rows)
    contains = "；".join(
        f"含“{rule.contains}”" + (f"且不含“{rule.unless}”" if rule.unless else "")
        for rule in policy.unknown_kind_serious
    )
    yield f"表外种类{contains}的，为较重；其余表外种类为一般，并作标记。\n"


def _lists(policy: Policy) -> Iterator[str]:
    rows = [
        (one.name, _words(values.is_blocking), str(values.after_list_months), _words(values.any_removal_is_repair),
         values.red_line or "—", _days(values), *_citation(values))
        for one in policy.lists for values in one.values
    ]  # fmt: skip
    head = ("名单", "限制性", "移出后月数", "任何移出即修复", "红线", "期间", *_CITED)
    yield table(head, rows)


def _honours(policy: Policy) -> Iterator[str]:
    rows = [
        (one.name, one.issuer, f"{values.default_term_months} 个月", _days(values), *_citation(values))
        for one in policy.honours for values in one.values
    ]  # fmt: skip
    yield table(("荣誉", "授予单位", "未载明期限时", "期间", *_CITED), rows)


def _statuses(policy: Policy) -> Iterator[str]:
    rows = [
        (status, _GROUPS[group], "、".join(policy.codes["entity_status"][status][1:]))
        for status, group in policy.status_groups.items()
    ]
    yield table(("登记状态", "归类", "别名"), rows)


def _publicity(policy: Policy) -> Iterator[str]:
    rows = []
    for rule in policy.publicity.rules:
        least = "—" if rule.min_months is None else f"{rule.min_months} 个月"
        most = "—" if rule.max_months is None else f"{rule.max_months} 个月"
        shown = "公示" if rule.is_published else "不公示"
        rows.append(
            (f"`{rule.id}`", rule.label, rule.channel, shown, least, most, _days(rule), *_citation(rule))
        )
    yield table(("规则 id", "含义", "渠道", "是否公示", "最短", "最长", "期间", *_CITED), rows)


def _measures(policy: Policy) -> Iterator[str]:
    about = policy.measures.about
    yield f"{about.source}；{about.article}（可信度 {about.confidence}）。\n"
    brought = {
        name: [one.name for one in policy.lists if name in {m.name for m in one.measures}]
        for name in policy.measures.by_name
    }
    rows = []
    for measure in policy.measures.by_name.values():
        number = str(getattr(measure, "number", "专门规定"))
        kind = str(getattr(measure, "kind", "—"))
        departments = "、".join(policy.authority_name(id_) for id_ in measure.departments)
        lists = "、".join(brought[measure.name])
        rows.append((number, f"`{measure.code}`", measure.name, kind, departments, lists))
    yield table(("序号", "代码", "措施", "类", "实施部门", "适用名单"), rows)
    rows = [
        (
            term.list,
            f"{term.months} 个月" if term.months else "至移出",
            f"{term.source}；{term.article}",
            term.confidence,
        )
        for term in policy.measures.terms
    ]
    yield table(("名单", "列入期限", "来源和条款 source, article", "可信度"), rows)


def _tasks(policy: Policy) -> Iterator[str]:
    rows = [
        (
            f"`{task.id}`", task.title, policy.authority_name(policy.authority_in("341800", task.unit)),
            "、".join(task.industries) or "全部行业", "、".join(task.items), "、".join(task.key_items),
            task.rate_factor,
        )
        for task in policy.tasks
    ]  # fmt: skip
    yield table(("任务", "名称", "机关（市级）", "行业", "事项", "重点事项", "比例系数"), rows)


def _points(policy: Policy) -> Iterator[str]:
    for points in policy.points_tables:
        yield f"{points.label}，{_days(points)}；{points.source}；{points.article}（可信度 {points.confidence}）。\n"
        rows = [
            (f"`{one.id}`", one.category, one.title, _scale(one), one.cap or "—", one.reason)
            for one in points.indicators
        ]
        yield table(("指标", "类别", "名称", "分值", "封顶", "理由"), rows)


def _scale(one: Indicator) -> str:
    parts: list[str] = []
    if one.event_points is not None:
        parts.append(f"每条 {one.event_points}" + ("，随时间衰减" if one.decay else ""))
    for band in one.bands or ():
        low = "" if band.ge is None else f"≥{band.ge}"
        high = "" if band.lt is None else f"<{band.lt}"
        parts.append(f"{' '.join(part for part in (low, high) if part)}: {band.points}")
    parts += [f"{key}: {points}" for key, points in (one.map or {}).items()]
    for name, words in (("default", "其他"), ("missing", "缺失")):
        value = getattr(one, name)
        if value and value != "0.00":
            parts.append(f"{words}: {value}")
    return "；".join(parts)


def main(arguments: Sequence[str]) -> int:
    """Writes the document, or with ``--check`` says whether it is up to date."""
    made = render(load_policy())
    if "--check" in arguments:
        is_same = PLACE.is_file() and PLACE.read_text(encoding="utf-8") == made
        print(f"docs/rules.md is {'up to date' if is_same else 'out of date: make docs'}")
        return 0 if is_same else 1
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text(made, encoding="utf-8")
    print(f"docs/rules.md: {made.count(chr(10))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
