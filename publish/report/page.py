"""The report as one HTML page that loads nothing, and the same as PDF."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from publish.places import REPORT
from publish.report.figures import BIN, CLASSES, Figures, figures
from publish.report.words import CAUSES, SECTIONS, WARNINGS, record_words
from publish.words import KINDS
from publish.writer import Output
from records.errors import UsageError

HEADING = "企业信用风险分类监管日报"
CLASS_WORDS = {"A": "风险低", "B": "风险一般", "C": "风险较高", "D": "风险高"}
_TEMPLATE = "report.html.j2"
# Indicators of a watched model that moved most.
_WATCHED = 10


def write_report(snapshot: Path, out: Path, manifest: dict[str, Any]) -> Output:
    """Writes ``regulators/report.html`` into a snapshot that is not named yet.

    Args:
        snapshot: its folder, with all tables.
        out: where earlier snapshots stand.
        manifest: as far as it is known.
    """
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute("SET memory_limit = '1GB'")
        raw = as_html(figures(snapshot, manifest, out, con)).encode("utf-8")
    (snapshot / REPORT).write_bytes(raw)
    return Output(REPORT, 0, len(raw), hashlib.sha256(raw).hexdigest(), reproducible=False)


def as_html(f: Figures) -> str:
    """The page: one file that loads nothing.

    Args:
        f: its numbers; names, cut points and limits are those that the manifest cites.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    divisions, cited = f.manifest["divisions"], f.manifest["citations"]
    cuts = {c: int(least) for c, least in cited["class_cut_points"]["value"].items()}
    limit = int(cited["filing_limit_working_days"]["value"])
    total = sum(f.classes.values())
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(_TEMPLATE).render(
        f=f,
        m=f.manifest,
        heading=HEADING,
        classes=CLASSES,
        class_words=CLASS_WORDS,
        total=total,
        held=f.statuses.get("HOLD_REVIEW", 0) + f.statuses.get("HOLD_PROVISIONAL", 0),
        alerts=alert_lines(f.manifest, divisions),
        warning_words=WARNINGS,
        watch=_watch(f.manifest),
        kinds=KINDS,
        limit=limit,
        say=_sentences(f, total, divisions, limit),
        n=number,
        pct=lambda part, whole: f"{100 * part / whole:.1f}%" if whole else "—",
        share=lambda part, whole: round(100 * part / whole, 1) if whole else 0,
        points=lambda value: "—" if value is None else f"{value:.0f}",
        cause=partial(_cause, f.manifest["indicators"]),
        same=lambda name: name,
        division_name=lambda code: f"{divisions.get(code, '未注明')} {code}".strip(),
        section_name=lambda letter: f"{letter} {SECTIONS.get(letter, '')}".strip(),
        source_name=_source_name,
        stacked=lambda rows, name: Markup(_stacked(rows, name)),
        histogram=Markup(_histogram(f.histogram, cuts)),
        spark=lambda values: Markup(_spark(values)),
    )


def as_pdf(html: str, place: Path) -> int:
    """The page on A4, with the fonts of the machine; nothing is fetched.

    Returns:
        its pages.

    Raises:
        UsageError: ``pango_missing``.
    """
    try:
        import weasyprint
    except OSError as error:  # it looks for the system's library when it is imported
        raise UsageError(
            "the PDF needs Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0; or --no-pdf",
            rule="pango_missing",
        ) from error

    def refuse(url: str, *_: Any, **__: Any) -> dict[str, Any]:
        raise ValueError(f"the report loads nothing, and not {url.split(':')[0]}")

    document = weasyprint.HTML(string=html, url_fetcher=refuse).render()
    document.write_pdf(str(place))
    return len(document.pages)


def alert_lines(manifest: Mapping[str, Any], divisions: Mapping[str, str]) -> list[str]:
    """The alerts of the manifest in words."""
    lines = []
    for alert in manifest["changes"]["alerts"]:
        if alert["alert"] == "class_jump":
            first = "、".join(f"{one['uscc']}（{one['old']}→{one['new']}）" for one in alert["first"][:5])
            more = " 等" if alert["entities"] > 5 else ""
            lines.append(f"等级跳变两级以上 {alert['entities']:,} 户（class jumps）：{first}{more}")
        else:
            name = divisions.get(alert["division_code"], alert["division_code"])
            lines.append(
                f"{name}等级集中恶化（surge）：{alert['entities']:,} 户等级上升，占参加分类 {alert['classed']:,} 户的"
                f" {100 * alert['entities'] / alert['classed']:.1f}%"
            )
    lines += [f"比较基准：{note}" for note in manifest["changes"]["passed_over"]]
    return lines


def _watch(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the watch of the promoted model found (``summary.drift``); None where no model is watched."""
    found = manifest["summary"].get("drift")
    if found is None:
        return None
    titles = manifest["indicators"]
    moved = sorted(found["psi_features"].items(), key=lambda one: (-one[1], one[0]))
    points = found["psi_points"]
    say = f"参与监测{found['entities']:,}户；风险分稳定性指数（PSI）" + (
        "—" if points is None else f"{points:.3f}"
    )
    seen = found["calibration"]
    if seen is None:
        say += "；尚无到期的结果可供校准。No outcomes have matured yet."
    else:
        say += f"；截至{seen['as_of']}到期的结果，预计{seen['foretold']:.0f}户，实际{seen['observed']:,}户。"
    return {
        "model": found["model"],
        "say": say,
        "features": [(titles.get(id_, {}).get("title", id_), value) for id_, value in moved[:_WATCHED]],
        "warnings": [line for line in manifest["warnings"] if line.startswith("drift:")],
    }


def number(value: int) -> str:
    """With separators of thousands.

    >>> number(1234567)
    '1,234,567'
    """
    return f"{value:,}"


def _sentences(f: Figures, total: int, divisions: Mapping[str, str], limit: int) -> dict[str, str]:
    changes = f.manifest["changes"]
    counts = changes["counts"]
    risky = f.classes["C"] + f.classes["D"]
    share = f"{100 * risky / total:.1f}%" if total else "—"
    overview = (
        f"截至{f.manifest['as_of']}，参加分类的企业（含分支机构、农民专业合作社）{total:,}户，其中C、D类{risky:,}户，占{share}；"
        f"列示不分类的个体工商户等{f.not_classed:,}户。便利措施适用{f.funnel[-1][1]:,}户，"
        f"待复核{f.statuses.get('HOLD_REVIEW', 0) + f.statuses.get('HOLD_PROVISIONAL', 0):,}户。"
    )
    if changes["previous"] is None:
        told = "本期为首个快照，全部主体记为新增。The first snapshot: everything is new."
    else:
        causes = "；".join(f"{CAUSES.get(c, c)}{n:,}户" for c, n in changes["causes"].items())
        told = (
            f"与{changes['previous']['as_of']}相比，新增{counts['ADD']:,}户，变化{counts['MOD']:,}户，减少{counts['DEL']:,}户。"
            + (f"原因：{causes}（一户可有多个原因）。" if causes else "")
            + ("下表为等级变动者，风险上升在前。" if f.moved else "")
        )
    worst = max(
        (
            (sum(row[c] for c in "CD") / sum(row.values()), code)
            for code, row in f.by_division.items()
            if sum(row.values())
        ),
        default=(0.0, ""),
    )
    division = (
        f"C、D类占比最高的是{divisions.get(worst[1], worst[1] or '未注明')}（{100 * worst[0]:.1f}%）。"
        if total
        else ""
    )
    bad = [s for s in f.sources if s["quarantined"]]
    sources = (
        f"{len(f.sources)}个来源中{len(bad)}个有未通过校验的数据，最差的是{_source_name(bad[0]['source'])}"
        f"（{100 * bad[0]['share']:.2f}%）。" if bad else "各来源数据全部通过校验。"
    )  # fmt: skip
    decided = sum(k for _, _, k, _ in f.filing)
    filing = (
        f"决定之日起{limit}个工作日内报送为按时；以数据更新日期计，没有更新日期的以收到日期计。"
        if decided
        else "近期无决定。"
    )
    return {"overview": overview, "changes": told, "division": division, "sources": sources, "filing": filing}


def _cause(indicators: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    words = "、".join(CAUSES.get(cause, cause) for cause in row["causes"])
    records = row["cause_records"]
    shown = "；".join(record_words(text, indicators) for text in records[:2])
    return f"{words}：{shown}" + (" 等" if len(records) > 2 else "") if records else words


def _source_name(source: str) -> str:
    kind, _, rest = source.partition("/")
    return f"{KINDS.get(kind, kind)}{f'（{rest}）' if rest else ''}"


def _stacked(rows: Mapping[str, Mapping[str, int]], name: Callable[[str], str]) -> str:
    """A table with one stacked bar a row, as wide as the row's share of the longest."""
    most = max((sum(row.values()) for row in rows.values()), default=0)
    lines = ['<table><tr><th></th><th style="width:46%"></th><th class="n">户数</th>']
    lines += [f'<th class="n">{c}</th>' for c in CLASSES] + ['<th class="n">C+D</th></tr>']
    for key, row in rows.items():
        size = sum(row.values())
        bars = "".join(
            f'<i class="{c}" style="width:{100 * row[c] / most:.2f}%"></i>'
            for c in CLASSES
            if row[c] and most
        )
        risky = f"{100 * (row['C'] + row['D']) / size:.1f}%" if size else "—"
        cells = "".join(f'<td class="n">{row[c]:,}</td>' for c in CLASSES)
        lines.append(
            f'<tr><td class="nb">{escape(name(key))}</td><td><div class="bar">{bars}</div></td>'
            f'<td class="n">{size:,}</td>{cells}<td class="n">{risky}</td></tr>'
        )
    return "\n".join([*lines, "</table>"])


_COLOURS = {"A": "#3b8f5a", "B": "#e2b93b", "C": "#e0812f", "D": "#c03535"}


def _histogram(bins: Mapping[int, int], cuts: Mapping[str, int]) -> str:
    """Bars of equal width; their height is the square root of the count, so that few can be seen beside many."""
    width, height, gap = 960, 190, 4
    each = width / len(bins)
    most = max(bins.values(), default=0) or 1
    parts = [
        f'<svg viewBox="-6 0 {width + 6} {height + 48}" width="100%" role="img" aria-label="风险分分布">'
    ]
    for place, (start, count) in enumerate(sorted(bins.items())):
        tall = (count / most) ** 0.5 * (height - 18)
        colour = _COLOURS[max((c for c, least in cuts.items() if start >= least), default="A")]
        x = place * each
        parts.append(
            f'<rect x="{x + gap / 2:.1f}" y="{height - tall:.1f}" width="{each - gap:.1f}"'
            f' height="{tall:.1f}" fill="{colour}"/>'
        )
        if count:
            parts.append(_label(x + each / 2, height - tall - 4, f"{count:,}"))
        if start % (2 * BIN) == 0:
            parts.append(_label(x, height + 15, str(start)))
    parts.append(
        f'<line x1="0" y1="{height}" x2="{width}" y2="{height}" stroke="#14315c" stroke-width="1.5"/>'
    )
    ends = [*list(cuts.values())[1:], 1000]
    for (c, least), end in zip(cuts.items(), ends, strict=True):
        parts.append(_label((least + end) / 2 / 1000 * width, height + 36, f"{c}类 {least}–{end}"))
    note = "高度按户数的平方根绘制，数字为户数。Heights are square roots of the counts."
    return "".join([*parts, "</svg>", f'<p class="say">{note}</p>'])


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" text-anchor="middle" fill="#3a4656">{text}</text>'


def _spark(values: Sequence[float]) -> str:
    """A line of the last snapshots, oldest first; a point where there is one only."""
    width, height = 90, 20
    most = max(values, default=0.0) or 1.0
    step = (width - 8) / max(len(values) - 1, 1)
    points = [(4 + i * step, height - 4 - (height - 8) * v / most) for i, v in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="趋势">'
        f'<polyline points="{line}" fill="none" stroke="#3f6fb0" stroke-width="1.5"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="#14315c"/></svg>'
    )
