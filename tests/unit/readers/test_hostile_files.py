"""Files made to exhaust or mislead a reader: refused with a limit that is stated, in little time and memory."""

from __future__ import annotations

import gzip
import io
import os
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt

from records.errors import InputRefused
from records.headers import match
from records.readers import read_file, xls_scan
from records.readers.native import held_stderr

HEADER = ("uscc", "subject_name", "task_no", "item", "result", "authority", "inspected_on")
LINE = ",".join(HEADER).encode() + b"\n"
MIB = 1 << 20


def refusal(path: Path) -> InputRefused:
    began, name = time.process_time(), f"inspections/{path.name}"
    tracemalloc.start()
    try:
        with pytest.raises(InputRefused) as caught:
            for _ in read_file(path, "inspections", name=name, header_matcher=match).batches():
                pass
        assert tracemalloc.get_traced_memory()[1] < 400 * MIB
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 20
    return caught.value


@pytest.mark.parametrize("head", [b"", LINE, b"\xef\xbb\xbf" + LINE, LINE + b'"'])
def test_a_line_of_2_gb(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(2 << 30)  # holes: nothing is written
    error = refusal(path)
    assert (error.rule, "16,777,216 bytes" in str(error)) == ("limit_exceeded", True)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_json_value_without_end(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(b'[{"a": "' if name == "a.json" else b'{"a": "')
        file.truncate(64 * MIB)
    assert "16,777,216" in str(refusal(path))


def wide_csv(path: Path, columns: list[str]) -> None:
    path.write_text(",".join(columns) + "\n", encoding="utf-8")


def wide_json(path: Path, columns: list[str]) -> None:
    path.write_text("{" + ", ".join(f'"{name}": 1' for name in columns) + "}", encoding="utf-8")


def wide_parquet(path: Path, columns: list[str]) -> None:
    pq.write_table(pa.table({name: ["1"] for name in columns}), path)


def wide_xlsx(path: Path, columns: list[str]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet().write_row(0, 0, columns)


@pytest.mark.parametrize("write", [wide_csv, wide_json, wide_parquet, wide_xlsx])
def test_10_000_columns(tmp_path: Path, write: Callable[[Path, list[str]], None]) -> None:
    path = tmp_path / f"a.{write.__name__.removeprefix('wide_')}"
    write(path, [*HEADER, *(f"x{number}" for number in range(10_000))])
    error = refusal(path)
    assert (error.rule, "2,000" in str(error)) == ("limit_exceeded", True)


def test_a_gzip_bomb(tmp_path: Path) -> None:
    # One member of 4 MiB, many times: each gzip file may be followed by another.
    member = gzip.compress(b"\n" * (4 * MIB), 9, mtime=0)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(LINE, mtime=0) + member * 80)
    assert len(member) * 400 < 4 * MIB
    error = refusal(path)
    assert (error.rule, "400 times" in str(error)) == ("limit_exceeded", True)


@pytest.fixture
def sound(tmp_path: Path) -> zipfile.ZipFile:
    with xlsxwriter.Workbook(str(tmp_path / "sound.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, HEADER)
    return zipfile.ZipFile(tmp_path / "sound.xlsx")


def with_part(sound: zipfile.ZipFile, path: Path, part: str, edit: Callable[[bytes], bytes]) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name in sound.namelist():
            content = sound.read(name)
            book.writestr(name, edit(content) if name == part else content)
    path.write_bytes(out.getvalue())
    return path


ENTITIES = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10))
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">' + ENTITIES + b"]>"
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [DOCTYPE, OUTSIDE], ids=["expands", "reads a file"])
@pytest.mark.parametrize(
    ("part", "text"), [("xl/sharedStrings.xml", b"uscc"), ("xl/workbook.xml", b"Sheet1")]
)
def test_entities_of_xml(
    sound: zipfile.ZipFile, tmp_path: Path, doctype: bytes, part: str, text: bytes
) -> None:
    def edit(content: bytes) -> bytes:
        return doctype + content.partition(b"?>")[2].replace(text, b"&e9;", 1)

    assert refusal(with_part(sound, tmp_path / "a.xlsx", part, edit)).rule == "file_unreadable"


def test_a_zip_bomb(sound: zipfile.ZipFile, tmp_path: Path) -> None:
    path = with_part(sound, tmp_path / "a.xlsx", "", bytes)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book, book.open("xl/bomb.xml", "w") as part:
        for _ in range(300):
            part.write(b"a" * MIB)
    error = refusal(path)
    assert (error.rule, "400 times" in str(error)) == ("limit_exceeded", True)


def test_a_part_outside_of_the_workbook(sound: zipfile.ZipFile, tmp_path: Path) -> None:
    def edit(content: bytes) -> bytes:
        return content.replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd")

    path = with_part(sound, tmp_path / "a.xlsx", "xl/_rels/workbook.xml.rels", edit)
    assert refusal(path).rule == "file_unreadable"


@pytest.fixture
def old(tmp_path: Path) -> bytearray:
    """A sound .xls of some sectors."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    for row in range(300):
        for place, cell in enumerate(HEADER):
            sheet.write(row, place, cell)
    out = io.BytesIO()
    book.save(out)
    return bytearray(out.getvalue())


def put(data: bytearray, place: int, *numbers: int) -> bytearray:
    struct.pack_into(f"<{len(numbers)}I", data, place, *numbers)
    return data


def get(data: bytearray, place: int) -> int:
    (number,) = struct.unpack_from("<I", data, place)
    return int(number)


def fat_entry(data: bytearray, sector: int) -> int:
    """Where the first table of sectors says what follows a sector."""
    return ((get(data, 76) + 1) << 9) + 4 * sector


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: put(data, fat_entry(data, get(data, 48)), get(data, 48)),
        lambda data: put(data, fat_entry(data, 1), 0),
        lambda data: put(put(data, 68, get(data, 76)), ((get(data, 76) + 2) << 9) - 4, get(data, 76)),
        lambda data: put(data, 44, 0xFFFFFFF0),
        lambda data: put(data, 40, 0x7FFFFFFF),
        lambda data: put(data, ((get(data, 48) + 1) << 9) + 128 + 120, 0xFFFFFFF0),
        lambda data: put(data, 48, 0xFFFFFF),
        lambda data: put(data, 76, 0xFFFFFF),
        lambda data: put(data, 30, 0),
        lambda data: data[:600],
        lambda data: data[:40],
    ],
    ids=["the directory goes round", "a stream goes round", "the table goes round", "long table", "long directory",
         "long stream", "directory outside", "table outside", "no sectors", "cut", "cut in the header"],
)  # fmt: skip
def test_a_compound_file_that_has_no_end(
    old: bytearray, tmp_path: Path, spoil: Callable[[bytearray], bytearray]
) -> None:
    (tmp_path / "a.xls").write_bytes(old)
    sound = read_file(tmp_path / "a.xls", "inspections", name="a.xls", header_matcher=match)
    assert sum(batch.table.num_rows for batch in sound.batches()) == 299
    (tmp_path / "a.xls").write_bytes(spoil(old))
    assert refusal(tmp_path / "a.xls").rule == "file_unreadable"


@pytest.mark.parametrize(
    ("record", "place", "value"),
    [
        (b"\x00\x02\x0e\x00", 4, 0xFFFFFFFF),
        (b"\x00\x02\x0e\x00", 0, 0xFFFF),
        (b"\x00\x02\x0e\x00", 10, 0xFFFF),
    ],
    ids=["last row", "first row behind it", "last column"],
)
def test_a_sheet_that_says_it_is_endless(
    old: bytearray, tmp_path: Path, record: bytes, place: int, value: int
) -> None:
    """The library would ask for hundreds of gigabytes, and end the process."""
    assert old.count(record) == 1
    at = old.index(record) + len(record) + place
    (tmp_path / "a.xls").write_bytes(put(old, at, value))
    assert refusal(tmp_path / "a.xls").rule == "file_unreadable"


def test_sheets_that_share_their_records_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    many = 2_000
    stream = struct.pack("<HHI", 0x85, 4, 0) * many
    looked_at = 0

    def counted(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
        nonlocal looked_at
        for record in records(stream, at):
            looked_at += 1
            yield record

    records = xls_scan._records
    monkeypatch.setattr(xls_scan, "_records", counted)
    xls_scan._check_records(stream)
    assert looked_at < 4 * many


def test_a_panic_of_the_library_says_nothing(
    old: bytearray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Without the look before, the library meets a table that lies outside of the file.
    monkeypatch.setattr("records.readers.workbook.check_xls", lambda data, name: None)
    (tmp_path / "a.xls").write_bytes(put(old, 76, 0xFFFF))
    assert refusal(tmp_path / "a.xls").rule == "file_unreadable"
    assert capfd.readouterr().err == ""


def test_what_else_is_written_to_stderr_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with held_stderr():
        os.write(2, b"something of another thread\n")
    with held_stderr() as held:
        os.write(2, b"a panic with a cell in it\n")
        held.is_dropped = True
    assert capfd.readouterr().err == "something of another thread\n"
