"""Targets that read one file: whatever its bytes are, it is refused by a known rule or every row is accounted for."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from records.errors import InputRefused
from records.headers import match
from records.readers import limits, read_file
from tests.fuzz.choices import Choices
from tests.fuzz.texts import ODD

RULES = {
    "file_unknown_format", "file_not_what_name_says", "file_undecodable", "file_unreadable", "missing_mandatory_column",
    "duplicate_column", "limit_exceeded", "file_row_count_mismatch",
}  # fmt: skip
HEADER = ("uscc", "subject_name", "task_no", "item", "result", "authority", "inspected_on")
CELLS = (
    *ODD, "宣城市甲公司", '"', '""', '"a', 'b"', 'x"y', "a\nb", "a\r\nb", "a\rb", "a,b", "a;b", "\n" * 25, ",,,,,,,,",
    "\u2028", "\x85", "\x0c", "\x1c", "2024-01-02", "91340000711771143J", "[", "{", "<",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be")
BOMS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
BATCH_ROWS = 3
SMALL_BLOCK = 64


def outcome(content: bytes, name: str, batch_rows: int, block: int | None = None) -> tuple[Any, ...]:
    """What reading gives: the rule that refuses, or rows and shape rows. Their numbers have no gap."""
    whole = limits.BLOCK_BYTES
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            limits.BLOCK_BYTES = block or whole
            reading = read_file(path, "inspections", name=name, header_matcher=match, batch_rows=batch_rows)
            cells: dict[int, list[str | None]] = {}
            shapes: dict[int, list[str]] = {}
            for batch in reading.batches():
                numbers = batch.table.column("source_row").to_pylist()
                columns = [column.to_pylist() for column in batch.table.columns[1:]]
                cells.update(zip(numbers, map(list, zip(*columns, strict=True)), strict=True))
                shapes.update({row.source_row: row.cells for row in batch.shape_rows})
            assert sorted([*cells, *shapes]) == list(range(1, reading.rows_read + 1))
            return "read", cells, shapes
        except InputRefused as error:
            if error.rule not in RULES or error.file != name:
                raise AssertionError("refused by no rule of the readers") from error
            return "refused", error.rule
        finally:
            limits.BLOCK_BYTES = whole


def assert_blocks_do_not_matter(content: bytes, name: str) -> None:
    """Blocks and batches of any size give the same.

    Which of two faults is met first may depend on them; and whether bytes that are no UTF-8 are a fault or
    GB18030 is judged by the block that they stand in.
    """
    whole, small = outcome(content, name, 50_000), outcome(content, name, BATCH_ROWS, SMALL_BLOCK)
    faults = {found[1] for found in (whole, small) if found[0] == "refused"}
    assert whole == small or whole[0] == small[0] == "refused" or faults == {"file_undecodable"}, content


def mutated(content: bytes, choices: Choices) -> bytes:
    """Bytes changed, taken out, doubled, cut off or put in, at a few places."""
    data = bytearray(content)
    while choices.one_in(2):
        at = choices.below(len(data) + 1)
        change = choices.below(5)
        if change == 0:
            data[at : at + 1] = bytes([choices.below(256)])
        elif change == 1:
            del data[at : at + choices.below(40)]
        elif change == 2:
            data[at:at] = data[at : at + choices.below(200)]
        elif change == 3:
            del data[at:]
        else:
            data[at:at] = choices.rest()[:8]
    return bytes(data)


def packed(content: bytes, name: str, choices: Choices) -> tuple[bytes, str]:
    """The same as a gzip, sometimes; cut or changed, sometimes."""
    if choices.one_in(5):
        content, name = gzip.compress(content, 1, mtime=0), f"{name}.gz"
        if choices.one_in(3):
            content = mutated(content, choices)
    return content, name


def csv_file(choices: Choices) -> None:
    """Blocks and batches of any size give the same; a file written soundly comes back cell by cell."""
    delimiter, line_break = choices.pick(",;\t"), choices.pick(("\n", "\r\n", "\r"))
    rows = [[choices.text(CELLS, 2) for _ in HEADER] for _ in range(choices.below(7))]
    text = io.StringIO()
    if choices.one_in(2):
        csv.writer(text, delimiter=delimiter, lineterminator=line_break).writerows([HEADER, *rows])
    else:
        text.write(line_break.join(delimiter.join(row) for row in [list(HEADER), *rows]))
    encoding = choices.pick(ENCODINGS)
    content = BOMS.get(encoding, b"") + text.getvalue().encode(encoding, "replace")
    if choices.one_in(2):
        content = mutated(content, choices)
    content, name = packed(content, "inspections/a.csv", choices)
    assert_blocks_do_not_matter(content, name)


def json_file(choices: Choices) -> None:
    """Blocks of any size give the same; a sound file gives its records."""
    records: list[Any] = []
    for _ in range(choices.below(6)):
        record: dict[str, Any] = {}
        for key in HEADER:
            value: Any = choices.pick(
                (choices.text(CELLS, 2), None, True, 5, -0.5, 10**30, 1e-7, [1], {"a": [None]})
            )
            if not choices.one_in(8):
                record[key] = value
        if choices.one_in(4):
            record["details"] = [{choices.pick(HEADER): "x"} for _ in range(choices.below(3))]
        records.append(record if not choices.one_in(30) else choices.pick(([], 5, "x", None)))
    is_array, has_escapes = choices.one_in(2), choices.one_in(2)
    lines = [json.dumps(record, ensure_ascii=has_escapes) for record in records]
    text = "[" + ",\n".join(lines) + "]" if is_array else "\n".join(lines)
    encoding = choices.pick(ENCODINGS)
    content = BOMS.get(encoding, b"") + text.encode(encoding, "replace")
    if choices.one_in(2):
        content = mutated(content, choices)
    content, name = packed(content, choices.pick(("inspections/a.json", "inspections/a.jsonl")), choices)
    assert_blocks_do_not_matter(content, name)


@cache
def workbooks() -> tuple[tuple[str, bytes], ...]:
    """A sound .xlsx, .xls and .parquet, to be spoiled."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import xlsxwriter
    import xlwt

    rows = [HEADER, *([f"{name}{number}" for name in HEADER] for number in range(5))]
    xlsx, xls, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(xlsx) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    old = xlwt.Workbook()
    page = old.add_sheet("a")
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            page.write(number, place, cell)
    old.save(xls)
    columns = {name: list(cells) for name, cells in zip(HEADER, zip(*rows[1:], strict=True), strict=True)}
    pq.write_table(pa.table(columns), parquet)
    return ("a.xlsx", xlsx.getvalue()), ("a.xls", xls.getvalue()), ("a.parquet", parquet.getvalue())


def spoiled_file(choices: Choices) -> None:
    """A binary file with changed bytes is refused or read to its end."""
    name, content = choices.pick(workbooks())
    outcome(mutated(content, choices), f"inspections/{name}", 50_000)


def any_bytes(choices: Choices) -> None:
    """Bytes of no grammar under any name."""
    name = choices.pick(
        ("a.csv", "a.json", "a.jsonl", "a.xlsx", "a.xls", "a.parquet", "a.csv.gz", "a.txt", "a")
    )
    head = choices.pick(
        (
            b"",
            b"PK\x03\x04",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            b"PAR1",
            b"\x1f\x8b\x08",
            b"\xff\xfe",
            b"[{",
            b"{",
        )
    )
    outcome(head + choices.rest(), f"inspections/{name}", 50_000)


TARGETS: dict[str, Callable[[Choices], None]] = {
    "csv": csv_file, "json": json_file, "spoiled": spoiled_file, "bytes": any_bytes,
}  # fmt: skip
