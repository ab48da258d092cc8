"""Properties of the CSV reader: all its paths agree, with each other and with the standard library."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.headers import HeaderMatch
from records.readers import FileReading, limits, read_file
from records.readers.csv_exact import ExactParser
from records.readers.csv_quick import physical_lines, read_text
from records.readers.decode import LineCounter, utf8_blocks
from records.readers.source import ByteSource

HEADER = ["a", "b", "c"]
Outcome = tuple[dict[int, list[str]], list[tuple[int, list[str]]]]

pieces = st.sampled_from(
    ['"', '"', ",", ",", ",", "\n", "\n", "\r\n", "\r", "a", "b c", "中", " ", '""', '"x,y"', ",,", "1,2,3\n"]
)
bodies = st.lists(pieces, max_size=60).map("".join)


def known(kind: str, headers: object) -> HeaderMatch:
    return HeaderMatch("test", list(HEADER), [], [], (), {})


def outcome_of(reading: FileReading) -> Outcome:
    rows: dict[int, list[str]] = {}
    shapes: list[tuple[int, list[str]]] = []
    for batch in reading.batches():
        columns = [column.to_pylist() for column in batch.table.columns]
        rows.update({number: list(cells) for number, *cells in zip(*columns, strict=True)})
        shapes.extend((shape.source_row, shape.cells) for shape in batch.shape_rows)
    return rows, shapes


def exactly(body: str) -> tuple[Outcome, ExactParser]:
    parser = ExactParser("", ",", 3)
    parser.feed(physical_lines(body))
    parser.finish()
    return (dict(zip(parser.numbers, parser.rows, strict=True)),
            [(s.source_row, s.cells) for s in parser.shapes]), parser  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "a.csv"


@settings(max_examples=400)
@given(
    body=bodies, block=st.sampled_from([3, 8, 20, 2_000_000]), encoding=st.sampled_from(["utf-8", "gb18030"])
)
def test_every_path_gives_what_the_exact_parser_gives(
    file: Path, body: str, block: int, encoding: str
) -> None:
    file.write_bytes(("a,b,c\n" + body).encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "BLOCK_BYTES", block)
        patch.setattr(limits, "PIECE_BYTES", block)
        # Records are never shorter than the header here, whatever the first block shows.
        patch.setattr("records.readers.csv_reader._record_delimiters", lambda *_: 2)
        found = outcome_of(read_file(file, "penalties", name="a.csv", header_matcher=known))
    assert found == exactly(body)[0]


@settings(max_examples=300)
@given(body=bodies)
def test_quick_path_gives_what_the_exact_parser_gives(body: str) -> None:
    parser = ExactParser("", ",", 3)
    read_text(body, parser, ",")
    parser.finish()
    rows = dict(zip(parser.numbers, parser.rows, strict=True))
    wanted, exact = exactly(body)
    assert (rows, [(s.source_row, s.cells) for s in parser.shapes]) == wanted
    assert (parser.inner_breaks, parser.blank_lines) == (exact.inner_breaks, exact.blank_lines)


@settings(max_examples=300)
@given(body=bodies)
def test_every_physical_line_is_accounted_for(body: str) -> None:
    _, parser = exactly(body)
    counter = LineCounter()
    counter.feed(body)
    assert parser.next_row - 1 + parser.inner_breaks + parser.blank_lines == counter.lines


# Text without what our own rules add to the standard library's: long cells, cells that look like records.
cells = st.text(alphabet='ab中 ";\t', max_size=8) | st.sampled_from(["x\ny", "x\r\ny\r\nz", '"', '""', "a,b"])
tables = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=20)


@settings(max_examples=300)
@given(
    rows=tables,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_break=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    block=st.sampled_from([10, 2_000_000]),
)
def test_well_formed_files_read_as_they_were_written(
    file: Path, rows: list[list[str]], quoting: int, line_break: str, encoding: str, block: int
) -> None:
    out = io.StringIO(newline="")
    # The standard library's writer does not quote a LF where lines end in CR alone.
    quoting = csv.QUOTE_ALL if line_break == "\r" else quoting
    writer = csv.writer(out, lineterminator=line_break, quoting=quoting)
    writer.writerow(HEADER)
    writer.writerows(rows)
    file.write_bytes(out.getvalue().encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "BLOCK_BYTES", block)
        patch.setattr(limits, "PIECE_BYTES", block)
        patch.setattr("records.readers.csv_reader._record_delimiters", lambda *_: 1_000)
        read, shapes = outcome_of(read_file(file, "penalties", name="a.csv", header_matcher=known))
    expected = list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1:]
    assert expected == rows
    assert (list(read.values()), shapes) == (rows, [])


@settings(max_examples=200)
@given(text=st.text(alphabet="a中\r\n\n", max_size=40), size=st.integers(1, 7),
       encoding=st.sampled_from(["utf-8", "gb18030", "utf-16-le"]))  # fmt: skip
def test_blocks_end_at_line_breaks_and_lose_nothing(file: Path, text: str, size: int, encoding: str) -> None:
    file.write_bytes(text.encode(encoding))
    counter = LineCounter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "BLOCK_BYTES", size * 2)
        blocks = list(utf8_blocks(ByteSource(file, "a.csv", False), encoding, counter))
    assert b"".join(blocks) == text.encode()
    for block, after in pairwise(blocks):
        assert block.endswith((b"\n", b"\r"))
        assert not (block.endswith(b"\r") and after.startswith(b"\n"))
    assert counter.lines == len(text.encode().splitlines())
