"""The spec cases as Markdown: what a lawyer reads of tests/spec/cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from policy.reading import read_yaml

FOLDER = Path(__file__).parent.parent / "tests" / "spec" / "cases"
_EXPECTED = {
    "status": "状态", "grounds": "依据", "eligible_on": "预计符合日", "clean_since": "无不良记录起始日",
    "blockers": "影响事项", "red_lines": "红线", "class_floor": "等级至少", "risk_class": "等级", "points": "分值",
    "unmatched": "未关联", "quarantined": "隔离", "absent": "无记录", "in_grades": "列入分类",
    "gsxt": "公示系统", "creditchina": "信用中国",
}  # fmt: skip
_BLOCKER = {
    "reason": "", "kind": "类别", "doc": "文号", "event_on": "日期", "blocks_until": "影响至",
}  # fmt: skip
_CLOCK = {
    "kind": "类别", "doc": "文号", "decided_on": "决定日", "publish_from": "公示自", "publish_until": "公示至",
    "earliest_repair_on": "最早可申请修复", "rule": "依",
}  # fmt: skip


def chapters() -> Iterator[str]:
    """One chapter a file, in their order."""
    total = 0
    for path in sorted(FOLDER.glob("*.yaml")):
        content = read_yaml(path)
        lines = sum(len(case.get("table") or [1]) for case in content)
        total += lines
        yield f"### {path.stem[:2]} {path.stem[3:].replace('_', ' ').capitalize()}\n\n{_comment(path)}\n"
        for place, case in enumerate(content, start=1):
            yield _case(f"{path.stem[:2]}-{place:02d}", case)
    yield f"案例共 {total} 例。\n"


def _comment(path: Path) -> str:
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return "".join(lines)


def _case(number: str, case: Mapping[str, Any]) -> str:
    lines = [f"**{number} {case['title']}**（{case['basis']}）", ""]
    if case.get("note"):
        lines.append(f"- 说明：{case['note']}")
    if "as_of" in case:
        lines.append(f"- 评定日：{case['as_of']}")
    if case.get("policy"):
        lines.append(f"- 规则改为：{_words(case['policy'])}")
    for alias, rows in (case.get("entities") or {}).items():
        for row in rows if isinstance(rows, list) else [rows]:
            lines.append(f"- 主体“{alias}”：{'仅有代码，无登记' if row is None else _words(row) or '缺省'}")
    for record in case.get("records") or []:
        ((kind, fields),) = record.items()
        lines.append(f"- {kind}：{_words(fields or {}) or '缺省'}")
    if case.get("expect"):
        lines.append(f"- 结果：{_expected(case['expect'])}")
    if case.get("table"):
        lines += ["", *_table(case["table"])]
    return "\n".join([*lines, ""])


def _table(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    names = list(dict.fromkeys(key for row in rows for key in row if key != "expect"))
    head = [{"as_of": "评定日"}.get(name, name) for name in names]
    yield "| " + " | ".join([*head, "结果"]) + " |"
    yield "|" + " --- |" * (len(head) + 1)
    for row in rows:
        cells = [_words(row.get(name, "")) for name in names]
        cells.append(_expected(row["expect"]) if row.get("expect") else "同上")
        yield "| " + " | ".join(cell.replace("|", "\\|") or " " for cell in cells) + " |"


def _expected(expect: Mapping[str, Any]) -> str:
    parts = []
    for key, value in expect.items():
        if key == "blockers":
            shown = "；".join(_blocker(line) for line in value) or "无"
        elif key in ("gsxt", "creditchina"):
            lines = value if isinstance(value, list) else [value]
            shown = "；".join(_clock(line) for line in lines) or "无此项"
        elif key not in _EXPECTED and isinstance(value, Mapping):
            parts.append(f"“{key}”{_expected(value)}")
            continue
        elif key == "status":
            shown = f"`{value}`"
        else:
            shown = _words(value) if value != [] else "无"
        parts.append(f"{_EXPECTED.get(key, key)} {shown}")
    return "，".join(parts)


def _blocker(line: Mapping[str, Any]) -> str:
    parts = []
    for key, value in line.items():
        words = "未定" if value is None else str(value)
        parts.append(f"{_BLOCKER.get(key, key)} {words}".strip())
    return " ".join(parts)


def _clock(line: Mapping[str, Any]) -> str:
    parts = []
    for key, value in line.items():
        if key == "is_published":
            parts.append("在公示" if value else "不在公示")
            continue
        words = "无" if value is None else f"`{value}`" if key == "rule" else str(value)
        parts.append(f"{_CLOCK[key]} {words}")
    return "、".join(parts)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "，".join(f"{key} {_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "、".join(_words(part) for part in value)
    if value is None:
        return "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
