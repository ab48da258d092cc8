"""Pieces of a page as HTML: everything quoted is escaped, nothing is loaded from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

STYLE = """
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


def heading(text: str) -> str:
    """A section's heading."""
    return f"<h2>{escape(text)}</h2>"


def subheading(text: str) -> str:
    """A heading inside a section."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str) -> str:
    """One paragraph."""
    return f"<p>{escape(text)}</p>"


def bullets(lines: Iterable[str]) -> str:
    """A list without order."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def figure(svg: str, caption: str) -> str:
    """A drawing (SVG, taken as it is) over its caption."""
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def grid(
    head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = (), marked: Sequence[bool] = ()
) -> str:
    """A table.

    Args:
        right: columns of numbers. marked: rows to be marked, as long as the flags go.
    """

    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in right else ''}>{escape(cell)}</{tag}>" for i, cell in enumerate(row)
        )

    lines = [
        f"<tr{' class=own' if i < len(marked) and marked[i] else ''}>{cells(row, 'td')}</tr>"
        for i, row in enumerate(rows)
    ]
    return f"<table><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def plain(value: Any) -> dict[str, Any]:
    """What a model's JSON holds under a name, with no figure in it that stands beside the methods."""
    return {k: v for k, v in value.items() if k != "single_best_features"} if isinstance(value, dict) else {}


def rate(events: Any, rows: Any) -> str:
    """Events among rows as a percentage; a dash for none."""
    return f"{int(events) / int(rows):.1%}" if int(rows) else "—"
