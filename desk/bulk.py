"""Many questions at once: CSV in, CSV out, in bounded memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain, islice
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, NamedTuple

from desk.as_json import CSV_COLUMNS, answer_row
from desk.asking import Question, look_up
from desk.audit import Entry
from desk.reading import name_key, read_applicant
from records.errors import InputRefused

if TYPE_CHECKING:
    from concurrent.futures import Future

    from desk.audit import Audit, Who, Written
    from desk.store import Store

TOGETHER = 2_000
ROWS_MAX = 1_000_000
CELL_MAX = 5_000
BOM = "\ufeff"
_END = "\r\n"
_CODE_HEADERS = ("USCC", "统一社会信用代码", "信用代码", "APPLICANT", "申请人", "主体", "ASKED")
_NAME_HEADERS = ("NAME", "名称", "主体名称", "企业名称", "SUBJECT_NAME")
_ITEM_HEADERS = ("ITEM", "许可事项", "事项", "事项名称")
_SEPARATORS = (",", ";", "\t")
_BLANK = " \t\r\n\u3000,;"
_HEADER_MAX = 1 << 16


def _open_text(file: IO[bytes], name: str) -> io.TextIOWrapper:
    """The text of an upload: UTF-8 with or without a byte-order mark, else GB18030.

    Raises:
        InputRefused: ``not_csv``.
    """
    file.seek(0)
    start = file.read(1 << 16)
    file.seek(0)
    encoding = "gb18030"
    try:
        # A character may be cut at the end of what was looked at.
        start[: max(len(start) - 3, 0) if len(start) == 1 << 16 else None].decode("utf-8")
        encoding = "utf-8-sig"
    except UnicodeDecodeError as error:
        if len(start) == 1 << 16 and error.start >= len(start) - 6:
            encoding = "utf-8-sig"
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InputRefused("is a workbook: save it as CSV", rule="not_csv", file=name)
    return io.TextIOWrapper(file, encoding=encoding, newline="")


def read_questions(file: IO[bytes], name: str) -> Iterator[Question]:
    """Questions of a CSV file from its beginning, one a row; blank rows are left out. The file stays open.

    A header names the columns (``uscc`` 统一社会信用代码, ``name`` 名称, ``item`` 许可事项) and shows what separates
    them: a comma, a semicolon or a tab. Without one the first column must begin with a USCC, and a comma separates it
    from the item.

    Raises:
        InputRefused: ``not_csv``, ``no_header``, ``row_shape``, ``undecodable``, ``too_many_rows``.
    """
    text = _open_text(file, name)
    try:
        yield from _questions(text, name)
    finally:
        text.detach()


def _questions(lines: Iterable[str], name: str) -> Iterator[Question]:
    decoded = _decoded(lines, name)
    first = _first_row(decoded)
    rows = csv.reader(chain(first, decoded), delimiter=_separator(first), strict=True)
    places: tuple[int, int, int] | None = None
    number = width = 0
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if places is None:
                places = _places(cells, name)
                if places[0] != _NO_HEADER:
                    width = len(cells)
                    continue
                places, width = (0, -1, 1), 2
            number += 1
            if number > ROWS_MAX:
                raise InputRefused(f"has more than {ROWS_MAX:,} rows", rule="too_many_rows", file=name)
            if max(map(len, cells)) > CELL_MAX:
                raise InputRefused(
                    "a cell is too long: an open quote?", rule="row_shape", file=name, row=number
                )
            if any(cell.strip() for cell in cells[width:]):
                # A separator without quotes cuts an item, and its end might name what is excluded.
                raise InputRefused(
                    "has more cells than columns: a separator without quotes?",
                    rule="row_shape",
                    file=name,
                    row=number,
                )
            code, text, item = [cells[at].strip() if 0 <= at < len(cells) else "" for at in places]
            yield Question(code or text, item)
    except csv.Error as error:
        raise InputRefused(f"cannot be read as CSV ({error})", rule="row_shape", file=name) from error
    if places is None:
        raise InputRefused("holds no row", rule="no_header", file=name)


_NO_HEADER = -2


def _first_row(lines: Iterator[str]) -> list[str]:
    """The lines of the first row that is not blank: more than one where a quoted cell holds a line's end."""
    taken = [next((line for line in lines if line.strip(_BLANK)), "")]
    quotes, size = taken[0].count('"'), len(taken[0])
    while quotes % 2 and size < _HEADER_MAX and (line := next(lines, "")):
        taken.append(line)
        quotes, size = quotes + line.count('"'), size + len(line)
    return taken


def _separator(first: list[str]) -> str:
    """What separates the columns of a header: that by which most are known, the earlier of two alike."""
    known = dict.fromkeys(_SEPARATORS, 0)
    for separator in _SEPARATORS:
        try:
            cells = next(csv.reader([line[:_HEADER_MAX] for line in first], delimiter=separator), [])
        except csv.Error:  # it is told where the file is read
            continue
        code, text, item = _columns(cells)
        if code >= 0 or text >= 0:
            known[separator] = sum(place >= 0 for place in (code, text, item))
    return max(_SEPARATORS, key=known.__getitem__)


def _columns(cells: list[str]) -> tuple[int, int, int]:
    keys = [name_key(cell) for cell in cells]

    def at(known: tuple[str, ...]) -> int:
        return next((place for place, key in enumerate(keys) if key in known), -1)

    return at(_CODE_HEADERS), at(_NAME_HEADERS), at(_ITEM_HEADERS)


def _places(cells: list[str], name: str) -> tuple[int, int, int]:
    code, text, item = _columns(cells)
    if code >= 0 or text >= 0:
        return code, text, item
    if read_applicant(cells[0]).form == "uscc":
        return _NO_HEADER, -1, -1
    raise InputRefused(
        "has no column uscc 统一社会信用代码 or name 名称 in its first row", rule="no_header", file=name
    )


def _decoded(lines: Iterable[str], name: str) -> Iterator[str]:
    try:
        for line in lines:
            yield line.replace("\0", "")
    except UnicodeDecodeError as error:
        raise InputRefused("is neither UTF-8 nor GB18030", rule="undecodable", file=name) from error


class Looked(NamedTuple):
    """Some questions, answered, and not to be told before they stand in the audit trail.

    Attributes:
        entries: for the trail.
        lines: of the CSV file, up to the verification code, which is its last column.
    """

    entries: list[Entry]
    lines: list[str]


def look_up_some(
    store: Store, who: Who, questions: Sequence[Question], on: date | None, known_on: date | None
) -> Looked:
    """Looks up questions together."""
    answers, entries = look_up(store, [who] * len(questions), questions, on=on, known_on=known_on)
    lines: list[str] = []
    # The writer hands over each line by itself.
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator=",")
    writer.writerows([answer_row(answer)[:-1] for answer in answers])
    return Looked(entries, lines)


def look_up_all(
    store: Store, who: Who, questions: Iterable[Question], *, on: date | None = None, known_on: date | None = None
) -> Iterator[Looked]:  # fmt: skip
    """Looks up any number of questions, some at a time, each some when it is wanted."""
    return (look_up_some(store, who, some, on, known_on) for some in in_turns(questions))


def in_turns(questions: Iterable[Question]) -> Iterator[list[Question]]:
    """As many as are looked up together."""
    waiting = iter(questions)
    while some := list(islice(waiting, TOGETHER)):
        yield some


def answer_lines(audit: Audit, looked_up: Iterable[Looked]) -> Iterator[tuple[int, str]]:
    """Answers as pieces of a CSV file, in the order of the questions: rows in the piece, and its text."""
    yield 0, BOM + ",".join(CSV_COLUMNS) + _END
    before: tuple[list[str], Future[list[Written]]] | None = None
    # While some are written into the audit trail, the next are looked up.
    for looked in looked_up:
        written = audit.begin(looked.entries)
        if before is not None:
            yield _piece(*before)
        before = looked.lines, written
    if before is not None:
        yield _piece(*before)


def _piece(lines: list[str], written: Future[list[Written]]) -> tuple[int, str]:
    stand = written.result()
    return len(lines), "".join(
        [f"{line}{entry.code}{_END}" for line, entry in zip(lines, stand, strict=True)]
    )
