"""The definition of our CSV: one physical line after the other (contract §2, CSV).

A quoted cell may hold line breaks, but a stray quote must not swallow records. A record whose quoted
cells run over several lines is believed only if nothing about it looks like two records; else each of its
physical lines becomes a row of its own that fails `row_shape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from records.readers.limits import MAX_RECORD_CHARS, QUOTED_CELL_MAX_LINES
from records.readers.model import ShapeRow, refused


def without_break(line: str) -> str:
    """A physical line without its line break, of which it has one at most."""
    if line.endswith("\n"):
        return line[:-2] if line.endswith("\r\n") else line[:-1]
    return line[:-1] if line.endswith("\r") else line


class ExactParser:
    """Reads physical lines into records; its state goes over from block to block.

    Attributes:
        numbers, rows: the records read since `take()`, with the number of each.
        shapes: the rows that fail `row_shape` since `take()`.
        next_row: number of the next data record, 1-based.
        inner_breaks: line breaks inside records that were believed.
        blank_lines: lines without any content, which are not rows.
    """

    def __init__(
        self, name: str, delimiter: str, width: int, *, record_delimiters: int | None = None,
        max_lines: int = QUOTED_CELL_MAX_LINES,
    ) -> None:  # fmt: skip
        """A parser for records of `width` cells.

        Args:
            name: path under the landing folder, for messages.
            delimiter: one character.
            width: cells of the header.
            record_delimiters: delimiters of a full record of this file; `width - 1` unless given.
            max_lines: lines that a quoted cell may have.
        """
        self._name = name
        self._delimiter = delimiter
        self._width = width
        self._full = max(1, width - 1 if record_delimiters is None else record_delimiters)
        self._max_lines = max_lines
        self.numbers: list[int] = []
        self.rows: list[list[str]] = []
        self.shapes: list[ShapeRow] = []
        self.next_row = 1
        self.inner_breaks = 0
        self.blank_lines = 0
        # The record under way: its physical lines, the cells that are closed, the parts of the open cell.
        self._lines: list[str] = []
        self._chars = 0
        self._cells: list[str] = []
        self._open: list[str] | None = None
        self._cell_lines = 0
        self._is_bad = False

    @property
    def is_open(self) -> bool:
        """Whether a quoted cell goes on in the next line."""
        return self._open is not None

    def take(self) -> tuple[list[int], list[list[str]], list[ShapeRow]]:
        """What was read since the last call."""
        taken = (self.numbers, self.rows, self.shapes)
        self.numbers, self.rows, self.shapes = [], [], []
        return taken

    def snapshot(self) -> dict[str, Any]:
        """The whole state, for `restore`."""
        return {key: list(value) if isinstance(value, list) else value for key, value in vars(self).items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a state from `snapshot`."""
        vars(self).update(state)

    def accept(self, cells: list[str], lines: Sequence[str]) -> None:
        """Take in a record that another parser has read strictly.

        Strictly means: every quoted cell closed, every closing quote followed by a delimiter or line end.

        Args:
            cells: its cells.
            lines: its physical lines, each with its line break.
        """
        if len(lines) > 1:
            if self._is_suspicious(cells, lines):
                self.feed(lines)
                return
            self.inner_breaks += len(lines) - 1
        elif not cells or (len(cells) == 1 and not lines[0].strip()):
            self.blank_lines += 1
            return
        self._emit(cells)

    def _is_suspicious(self, cells: list[str], lines: Sequence[str]) -> bool:
        if len(lines) > self._max_lines or sum(map(len, lines)) > MAX_RECORD_CHARS:
            return True
        mark = self._delimiter
        if lines[0].count(mark) >= self._full and lines[-1].count(mark) >= self._full:
            return True
        return any(cell.count(mark) >= self._full for cell in cells)

    def feed(self, lines: Iterable[str]) -> None:
        """Read physical lines, each with its line break.

        Raises:
            InputRefused: `limit_exceeded`, for one record of more than `MAX_RECORD_CHARS`.
        """
        for line in lines:
            content = without_break(line)
            if self._open is None:
                if '"' not in content:
                    cells = content.split(self._delimiter)
                    if len(cells) == 1 and not content.strip():
                        self.blank_lines += 1
                    else:
                        self._emit(cells)
                    continue
                self._start()
            self._read(content, line[len(content) :])

    def finish(self) -> None:
        """End of the file: a cell that was never closed makes its lines shape rows."""
        if self._open is not None:
            self._condemn()
            self._open = None

    def _start(self) -> None:
        self._lines, self._cells, self._chars, self._is_bad = [], [], 0, False

    def _read(self, content: str, line_break: str) -> None:
        if self._is_bad:
            self._shape(content)
        else:
            self._lines.append(content)
            self._chars += len(content)
            if self._chars > MAX_RECORD_CHARS:
                message = f"a record of more than {MAX_RECORD_CHARS:,} characters"
                raise refused(self._name, "limit_exceeded", message)
        position = 0
        is_resumed = self._open is not None
        while True:
            if is_resumed or content.startswith('"', position):
                end = self._quoted(content, line_break, position, is_resumed)
                is_resumed = False
                if end < 0:
                    return
            else:
                end = content.find(self._delimiter, position)
                end = len(content) if end < 0 else end
                self._cells.append(content[position:end])
            if end == len(content):
                break
            position = end + 1
        self._close(content)

    def _quoted(self, content: str, line_break: str, position: int, is_resumed: bool) -> int:
        """Read a quoted cell, or go on with one; the place of the delimiter after it, or -1: still open."""
        if is_resumed:
            parts = self._open or []
            self._cell_lines += 1
            if self._cell_lines > self._max_lines:
                self._condemn()
        else:
            parts, self._cell_lines = [], 1
            position += 1
        start = position
        while True:
            quote = content.find('"', position)
            if quote < 0:
                self._open = parts
                if not self._is_bad:
                    parts.append(content[position:] + line_break)
                    self._suspect(content[start:])
                return -1
            if content.startswith('"', quote + 1):
                parts.append(content[position : quote + 1])
                position = quote + 2
                continue
            break
        parts.append(content[position:quote])
        self._open = None
        end = content.find(self._delimiter, quote + 1)
        end = len(content) if end < 0 else end
        if self._cell_lines > 1:
            self._suspect(content[start:quote])
            if end != quote + 1:
                self._condemn()
        parts.append(content[quote + 1 : end])
        self._cells.append("".join(parts))
        return end

    def _suspect(self, inside: str) -> None:
        """Condemn the record if a line of its cell holds as many delimiters as a record."""
        if inside.count(self._delimiter) >= self._full:
            self._condemn()

    def _condemn(self) -> None:
        """Make every physical line of the record a shape row, those still to come too."""
        if not self._is_bad:
            self._is_bad = True
            for line in self._lines:
                self._shape(line)
            self._lines, self._cells = [], []
            if self._open is not None:
                self._open = []

    def _close(self, last: str) -> None:
        """End of a record."""
        if self._is_bad:
            self._cells = []
            return
        if len(self._lines) > 1:
            both = (self._lines[0], last)
            if all(line.count(self._delimiter) >= self._full for line in both):
                self._condemn()
                return
            self.inner_breaks += len(self._lines) - 1
        self._emit(self._cells)

    def _emit(self, cells: list[str]) -> None:
        surplus = len(cells) - self._width
        if surplus < 0:
            cells.extend([""] * -surplus)
        elif surplus > 0:
            if any(cell.strip() for cell in cells[self._width :]):
                self.shapes.append(ShapeRow(self.next_row, cells))
                self.next_row += 1
                return
            del cells[self._width :]
        self.numbers.append(self.next_row)
        self.rows.append(cells)
        self.next_row += 1

    def _shape(self, line: str) -> None:
        cells = [cell.strip().strip('"') for cell in line.split(self._delimiter)]
        self.shapes.append(ShapeRow(self.next_row, cells))
        self.next_row += 1
