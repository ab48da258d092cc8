"""Stray quotes: they may quarantine rows, never swallow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from records.readers import csv_reader, limits
from records.readers.csv_exact import ExactParser

Fixture = Callable[..., Any]
WIDTH = 5


@pytest.fixture(params=[None, 40, 400], ids=["one block", "blocks of 40", "blocks of 400"], autouse=True)
def block_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case is read whole and in blocks that cut it in the middle."""
    if request.param:
        monkeypatch.setattr(limits, "BLOCK_BYTES", request.param)
        monkeypatch.setattr(limits, "PIECE_BYTES", request.param)


def table(count: int = 100) -> list[str]:
    """A header and `count` plain records."""
    return ["a,b,c,d,e", *(f"{i},name {i},x,y,2024-01-{i % 28 + 1:02d}" for i in range(1, count + 1))]


def text(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def test_quoted_cells_of_one_line(read: Fixture) -> None:
    lines = table(3)
    lines[2] = '2,"a, ""b"" c","",y,"z"'
    found = read(text(lines), narrow=True)
    assert found.rows[2] == ["2", 'a, "b" c', "", "y", "z"]
    assert found.shapes == []


def test_a_cell_may_hold_line_breaks(read: Fixture) -> None:
    lines = table(50)
    lines[10] = '10,"first\r\nsecond, with a comma\n\nfourth",x,y,z'
    found = read(text(lines), narrow=True)
    assert found.rows[10] == ["10", "first\r\nsecond, with a comma\n\nfourth", "x", "y", "z"]
    assert (len(found.rows), found.shapes) == (50, [])


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_twenty_lines_are_a_cell_and_twenty_one_are_not(read: Fixture, place: str) -> None:
    for count, is_cell in ((20, True), (21, False), (25, False)):
        lines = table(60)
        cell = '"' + "\n".join(f"line {i}" for i in range(count)) + '"'
        cells = {"first": [cell, "n", "x", "y", "z"], "middle": ["30", "n", cell, "y", "z"],
                 "last": ["30", "n", "x", "y", cell]}[place]  # fmt: skip
        lines[30] = ",".join(cells)
        found = read(text(lines), narrow=True)
        if is_cell:
            assert cell[1:-1] in found.rows[30]
            assert (len(found.rows), found.shapes) == (60, [])
        else:
            assert [shape.source_row for shape in found.shapes] == list(range(30, 30 + count))
            assert len(found.rows) == 59
            # The rows behind it are read, with numbers that count every quarantined line.
            assert found.rows[30 + count][0] == "31"


def test_lines_of_the_cell_limit_come_from_the_policy(read: Fixture) -> None:
    lines = table(5)
    lines[3] = '3,"1\n2\n3",x,y,z'
    assert read(text(lines), narrow=True, quoted_cell_max_lines=3).shapes == []
    assert len(read(text(lines), narrow=True, quoted_cell_max_lines=2).shapes) == 3


@pytest.mark.parametrize("column", range(WIDTH))
def test_one_stray_quote_quarantines_every_line_from_it_on(read: Fixture, column: int) -> None:
    lines = table(100)
    cells = lines[40].split(",")
    cells[column] = '"' + cells[column]
    lines[40] = ",".join(cells)
    found = read(text(lines), narrow=True)
    assert sorted(found.rows) == list(range(1, 40))
    assert [shape.source_row for shape in found.shapes] == list(range(40, 101))
    # Each line is a row of its own, with the cells that hold a name or a code.
    assert found.shapes[0].cells == table(100)[40].split(",")
    assert found.shapes[1].cells == table(100)[41].split(",")


@pytest.mark.parametrize("distance", [1, 2, 5, 19, 20, 40])
@pytest.mark.parametrize("columns", [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2), (1, 3)])
def test_two_stray_quotes_swallow_nothing(read: Fixture, distance: int, columns: tuple[int, int]) -> None:
    lines = table(100)
    for row, column in zip((30, 30 + distance), columns, strict=True):
        cells = lines[row].split(",")
        cells[column] = '"' + cells[column]
        lines[row] = ",".join(cells)
    found = read(text(lines), narrow=True)
    assert found.numbers == list(range(1, 101))
    bad = {shape.source_row for shape in found.shapes}
    assert set(range(30, 30 + distance)) <= bad
    # Everything before is untouched; no record that was read holds a line break.
    assert sorted(found.rows)[:29] == list(range(1, 30))
    assert not any("\n" in cell for row in found.rows.values() for cell in row)
    # Whatever was not quarantined is the line that stands there.
    for number, cells in found.rows.items():
        assert cells == table(100)[number].split(",")


@pytest.mark.parametrize("distance", [1, 2, 3])
@pytest.mark.parametrize(("opens", "closes"), [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0), (4, 4)])
def test_two_stray_quotes_that_look_like_one_cell(
    read: Fixture, distance: int, opens: int, closes: int
) -> None:
    # The second one ends a cell, so the two make a well-formed quoted cell of two lines or more.
    lines = table(40)
    first, last = lines[20].split(","), lines[20 + distance].split(",")
    first[opens] = '"' + first[opens]
    last[closes] += '"'
    lines[20], lines[20 + distance] = ",".join(first), ",".join(last)
    found = read(text(lines), narrow=True)
    assert [shape.source_row for shape in found.shapes] == list(range(20, 21 + distance))
    assert [shape.cells for shape in found.shapes] == [
        line.split(",") for line in table(40)[20 : 21 + distance]
    ]
    assert len(found.rows) == 40 - distance - 1


def test_the_quick_path_condemns_them_too(read: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "mixed_table", lambda *_: None)
    lines = table(40)
    for first, last in (('20,"name 20,x,y,z', '21,name 21",x,y,z'), ('20,n,x,"y,z', '21,n",x,y,z')):
        lines[20], lines[21] = first, last
        found = read(text(lines), narrow=True)
        assert [shape.source_row for shape in found.shapes] == [20, 21]


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ('10,"name, 10",x,y,"z10""', [10, 11]),  # the last cell stays open
        ('10,"name, 10",x,y",z10', []),  # a quote inside a cell is text
        ('10,"name, 10",x,"y,z10', [10, 11]),
    ],
)
def test_stray_quote_among_quoted_cells(read: Fixture, line: str, bad: list[int]) -> None:
    lines = [table(0)[0], *(f'{i},"name, {i}",x,y,"z{i}"' for i in range(1, 31))]
    lines[10] = line
    found = read(text(lines), narrow=True)
    assert [shape.source_row for shape in found.shapes] == bad
    assert found.numbers == list(range(1, 31))
    for number in set(range(1, 31)) - {10, *bad}:
        assert found.rows[number] == [str(number), f"name, {number}", "x", "y", f"z{number}"]


def test_quote_in_the_last_cell_takes_the_next_line(read: Fixture) -> None:
    lines = table(20)
    lines[10] += ',"'
    lines[11] = '"' + lines[11]
    lines[5] = '5,n,x,y,"open'
    lines[6] = '6,n,x,y,closed"'
    found = read(text(lines), narrow=True)
    assert {5, 6} <= {shape.source_row for shape in found.shapes}
    assert found.numbers[-1] >= 20


def test_closing_quote_must_be_followed_by_a_delimiter(read: Fixture) -> None:
    lines = table(20)
    lines[10] = '10,n,"two\nlines" more,y,z'
    found = read(text(lines), narrow=True)
    assert [shape.source_row for shape in found.shapes] == [10, 11]
    assert found.shapes[1].cells == ['lines" more', "y", "z"]
    assert found.rows[12][0] == "11"


def test_text_after_a_closing_quote_in_one_line_is_kept(read: Fixture) -> None:
    lines = table(5)
    lines[2] = '2,"he said "hello" twice",a"b,y,z'
    assert read(text(lines), narrow=True).rows[2] == ["2", 'he said hello" twice"', 'a"b', "y", "z"]


def test_never_closed_at_the_end(read: Fixture) -> None:
    lines = table(20)
    lines[20] = '20,n,x,y,"open'
    for content in (text(lines), text(lines).rstrip(b"\n")):
        found = read(content, narrow=True)
        assert [shape.source_row for shape in found.shapes] == [20]
        assert len(found.rows) == 19


def test_never_closed_over_the_last_lines(read: Fixture) -> None:
    lines = [*table(20), 'x,"open', "", "end"]
    found = read(text(lines), narrow=True)
    assert [shape.cells for shape in found.shapes] == [["x", "open"], [""], ["end"]]


def test_line_with_as_many_delimiters_as_a_record(read: Fixture) -> None:
    lines = table(20)
    lines[10] = '10,"text\na,b,c,d,e\nmore",x,y,z'
    assert [s.source_row for s in read(text(lines), narrow=True).shapes] == [10, 11, 12]
    lines[10] = '10,"text\na,b,c,d\nmore",x,y,z'
    assert read(text(lines), narrow=True).shapes == []


def test_rows_shorter_than_the_header_are_guarded_by_their_own_width(
    read: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The width of records is taken from the first block, which holds some lines in earnest.
    monkeypatch.setattr(limits, "BLOCK_BYTES", 100_000)
    # The header has five columns more than the rows: a swallowed line never has the header's delimiters.
    lines = ["a,b,c,d,e,f,g,h,i,j", *table(60)[1:]]
    lines[30] = '30,"name 30,x,y,z'
    lines[32] = '32,name 32",x,y,z'
    found = read(text(lines), narrow=True)
    assert {30, 31, 32} <= {shape.source_row for shape in found.shapes}


def test_lines_inside_cells_say_nothing_about_the_width_of_records(read: Fixture) -> None:
    record = '"{i}","first\n1, second\nthird\nfourth","x","y","z"'
    lines = ["a,b,c,d,e", *(record.replace("{i}", str(i)) for i in range(50))]
    found = read(text(lines), narrow=True)
    assert (len(found.rows), found.shapes) == (50, [])


def test_surplus_cells_of_a_record_with_a_break_are_one_row(read: Fixture) -> None:
    lines = table(5)
    lines[3] = '3,"a\nb",x,y,z,surplus'
    # With the surplus its first line holds fewer delimiters than a record, its last one too.
    found = read(text(lines), narrow=True)
    assert [(s.source_row, s.cells) for s in found.shapes] == [(3, ["3", "a\nb", "x", "y", "z", "surplus"])]


def test_bare_quote_line(read: Fixture) -> None:
    found = read(b'a,b,c\n""\n"  "\n1,2,3\n', narrow=True)
    assert found.cells == [["", "", ""], ["  ", "", ""], ["1", "2", "3"]]


def test_second_count_refuses_a_reader_that_loses_a_line(
    refusal: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ExactParser.accept

    def lossy(self: ExactParser, cells: list[str], lines: list[str]) -> None:
        if cells[0] != "7":
            original(self, cells, lines)

    monkeypatch.setattr(csv_reader, "mixed_table", lambda *_: None)
    monkeypatch.setattr(ExactParser, "accept", lossy)
    error = refusal(text(table(20)), narrow=True)
    assert error.rule == "file_row_count_mismatch"
    assert "21 lines" in str(error)
    assert "19 rows" in str(error)
