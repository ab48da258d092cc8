"""Columns of text on a screen, where a Chinese character is as wide as two Latin ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Text filled up with spaces to a width on the screen."""
    space = " " * (width - display_width(text))
    return space + text if right else text + space


def display_width(text: str) -> int:
    """Columns on a screen.

    >>> display_width("A级")
    3
    """
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def columns(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of a table with a head, its columns as wide as their widest cell.

    Args:
        head: titles.
        rows: cells.
        right: places of columns that are set to the right.
    """
    cells = [tuple(head), *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(display_width(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        parts = [pad(cell, widths[i], right=i in right) for i, cell in enumerate(row)]
        lines.append("  ".join(parts).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines
