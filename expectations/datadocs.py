"""Data Docs: what each suite found, as static pages of counts.

The library's own pages quote values and load scripts from elsewhere. These quote none, load nothing and
need no program to read; they stand apart from the snapshot in a folder that only its owner may enter.
"""

from __future__ import annotations

import html
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from expectations.meanings import ROW_SHAPE_MEANING, describe
from expectations.validation import Validation
from records.rules import ROW_SHAPE, rules
from records.schema import KINDS, KINDS_ZH

_STYLE = """\
body { font-family: "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", sans-serif; margin: 2rem auto;
  max-width: 70rem; padding: 0 1rem; color: #1a1a1a; background: #fff; line-height: 1.5; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
th { background: #f2f2f2; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.failed td { background: #fdecea; } tr.warned td { background: #fff8e1; }
code { font-size: .85em; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #181818; } th { background: #2a2a2a; } th, td { border-color: #444; }
  tr.failed td { background: #4a1f1b; } tr.warned td { background: #443a14; } a { color: #8ab4f8; }
}
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was found in one or several files of a kind, as the lake's records keep it.

    Attributes:
        kind: record kind.
        rows: rows read, those of wrong shape among them.
        rejected: rows quarantined.
        failed: rule id -> rows that break it; `row_shape` too.
    """

    kind: str
    rows: int
    rejected: int
    failed: Mapping[str, int] = field(default_factory=dict)


def write_datadocs(found: Iterable[Validation | Counts], folder: Path) -> Path:
    """Write the pages: an index and one page for each kind, over all that was found of it.

    Args:
        found: judgements, or their counts; several of one kind are added up.
        folder: made with mode 700; pages of an earlier run in it are replaced.

    Returns:
        the index page.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    totals = _totals(found)
    pages = {f"{kind}.html": _kind_page(totals[kind]) for kind in KINDS if kind in totals}
    pages["index.html"] = _index_page(totals)
    for stale in folder.glob("*.html"):
        if stale.name not in pages:
            stale.unlink()
    for name, text in pages.items():
        _write(folder / name, text)
    return folder / "index.html"


def _write(path: Path, text: str) -> None:
    """A whole page or the one before it."""
    part = path.with_name(f".{path.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def _counted(validation: Validation) -> Counts:
    failed = {outcome.id: outcome.failed for outcome in validation.outcomes}
    return Counts(validation.kind, validation.rows, int(validation.rejected.sum()), failed)


def _totals(found: Iterable[Validation | Counts]) -> dict[str, Counts]:
    totals: dict[str, Counts] = {}
    for one in found:
        counts = _counted(one) if isinstance(one, Validation) else one
        before = totals.get(counts.kind, Counts(counts.kind, 0, 0))
        totals[counts.kind] = Counts(
            counts.kind,
            before.rows + counts.rows,
            before.rejected + counts.rejected,
            Counter(before.failed) + Counter(counts.failed),
        )
    return totals


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3f} %" if whole else "–"


def _index_page(totals: Mapping[str, Counts]) -> str:
    lines = []
    for kind in KINDS:
        if kind not in totals:
            continue
        rows, rejected = totals[kind].rows, totals[kind].rejected
        flagged = sum(
            totals[kind].failed.get(rule.id, 0) for rule in rules(kind) if rule.severity == "warning"
        )
        lines.append(
            f'<tr class="{"failed" if rejected else ""}"><td><a href="{kind}.html">{KINDS_ZH[kind]} {kind}</a></td>'
            f'<td class="number">{rows:,}</td><td class="number">{rejected:,}</td>'
            f'<td class="number">{_share(rejected, rows)}</td><td class="number">{flagged:,}</td></tr>'
        )
    body = (
        "<h1>数据校验结果 / Validity of the data</h1>\n"
        "<p>只列数量，不含数据内容。 / Counts only, no value is quoted.</p>\n"
        '<table>\n<tr><th>类别 / kind</th><th class="number">行数 / rows</th><th class="number">隔离 / quarantined</th>'
        '<th class="number">比例 / share</th><th class="number">提示 / warnings</th></tr>\n'
        + "\n".join(lines)
        + "\n</table>"
    )
    return _PAGE.format(style=_STYLE, title="数据校验结果", body=body)


def _kind_page(counts: Counts) -> str:
    kind, rows = counts.kind, counts.rows
    parts = [
        f"<h1>{KINDS_ZH[kind]} / {kind}</h1>",
        '<p><a href="index.html">返回 / back</a></p>',
        f"<p>行数 / rows: {rows:,}; 隔离 / quarantined: {counts.rejected:,} ({_share(counts.rejected, rows)})</p>",
    ]
    if not rows:
        parts.append("<p>没有数据行。 / There are no rows.</p>")
    meanings: dict[str, list[tuple[str, str]]] = {"critical": [(ROW_SHAPE, ROW_SHAPE_MEANING)], "warning": []}
    for rule in rules(kind):
        meanings[rule.severity].append((rule.id, describe(kind, rule)))
    for severity, title in (
        ("critical", "隔离规则 / Rules that quarantine"),
        ("warning", "提示规则 / Rules that warn"),
    ):
        style = "failed" if severity == "critical" else "warned"
        lines = [
            _rule_line(id_, text, rows, counts.failed.get(id_, 0), style) for id_, text in meanings[severity]
        ]
        parts.append(
            f"<h2>{title}</h2>\n<table>\n<tr><th>规则 / rule</th><th>要求 / expectation</th>"
            '<th class="number">不符 / failed</th><th class="number">比例 / share</th></tr>\n'
            + "\n".join(lines)
            + "\n</table>"
        )
    return _PAGE.format(style=_STYLE, title=f"{KINDS_ZH[kind]} {kind}", body="\n".join(parts))


def _rule_line(id_: str, text: str, rows: int, failed: int, style: str) -> str:
    return (
        f'<tr class="{style if failed else ""}"><td><code>{html.escape(id_)}</code></td><td>{html.escape(text)}</td>'
        f'<td class="number">{failed:,}</td><td class="number">{_share(failed, rows)}</td></tr>'
    )
