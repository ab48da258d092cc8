"""CSV: encodings, delimiters, line breaks, short and long rows, empty files, refusals."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from records.readers import limits

Fixture = Callable[..., Any]

ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8-sig": ("utf-8", codecs.BOM_UTF8),
    "gb18030": ("gb18030", b""),
    "utf-16-le": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be": ("utf-16-be", codecs.BOM_UTF16_BE),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_break(
    read: Fixture, inspections: Fixture, encoding: str, delimiter: str, line_break: str
) -> None:
    codec, bom = ENCODINGS[encoding]
    found = read(bom + inspections(30, delimiter, line_break).encode(codec))
    assert found.reading.encoding == encoding
    assert found.reading.layout == "csv/zh"
    assert [c.field for c in found.reading.columns][1] == "subject_name"
    assert found.numbers == list(range(1, 31))
    assert found.cells[29][:2] == ["91341800MA2N000030", "宣城市第30商贸有限公司"]
    assert found.cells[0][8] == "2024-01-02"
    assert found.shapes == []
    assert found.reading.warnings == []


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_bom(read: Fixture, inspections: Fixture, codec: str) -> None:
    found = read(inspections(5).encode(codec))
    assert found.reading.encoding == codec
    assert found.cells[4][1] == "宣城市第5商贸有限公司"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("block", [7, 64, 1000])
def test_blocks_cut_anywhere(
    read: Fixture, inspections: Fixture, monkeypatch: pytest.MonkeyPatch, encoding: str, block: int
) -> None:
    monkeypatch.setattr(limits, "BLOCK_BYTES", block)
    monkeypatch.setattr(limits, "PIECE_BYTES", block)
    codec, bom = ENCODINGS[encoding]
    text = inspections(20, line_break="\r\n").replace(
        "第7商", "第\U00020bb7商"
    )  # four bytes in each encoding
    found = read(bom + text.encode(codec))
    assert found.cells[6][1] == "宣城市第\U00020bb7商贸有限公司"
    assert len(found.cells) == 20


def test_gzip(read: Fixture, inspections: Fixture) -> None:
    found = read(inspections(3).encode("gb18030"), "inspections/x.CSV.GZ".lower())
    assert len(found.cells) == 3


def test_extension_in_any_case(read: Fixture, inspections: Fixture) -> None:
    assert len(read(inspections(2).encode(), "inspections/X.CSV").cells) == 2


def test_batches_are_cut_at_batch_rows(read: Fixture, inspections: Fixture) -> None:
    found = read(inspections(25).encode(), batch_rows=10)
    assert found.batch_sizes == [10, 10, 5]


def test_shape_rows_come_with_the_rows_around_them(read: Fixture) -> None:
    lines = ["a,b,c"] + [f"{i},x,y" + (",z" if i % 7 == 0 else "") for i in range(1, 50)]
    found = read("\n".join(lines).encode(), narrow=True, batch_rows=10)
    assert [s.source_row for s in found.shapes] == [7, 14, 21, 28, 35, 42, 49]
    assert found.shapes[0].cells == ["7", "x", "y", "z"]


def test_a_reading_can_be_read_again(read: Fixture, inspections: Fixture) -> None:
    reading = read(inspections(4).encode()).reading
    assert sum(batch.table.num_rows for batch in reading.batches()) == 4
    assert reading.rows_read == 4


def test_short_rows_are_filled_and_empty_surplus_is_cut(read: Fixture) -> None:
    found = read(b'a,b,c\n1\n1,2,3,, \n,,\n 4 ,"",6\n', narrow=True)
    assert found.cells == [["1", "", ""], ["1", "2", "3"], ["", "", ""], [" 4 ", "", "6"]]
    assert found.shapes == []


def test_blank_lines_are_not_rows(read: Fixture) -> None:
    found = read("\n \na,b,c\n\n1,2,3\n\u3000\n\r\n4,5,6\n\n\n".encode(), narrow=True)
    assert found.rows == {1: ["1", "2", "3"], 2: ["4", "5", "6"]}


def test_a_line_of_tabs_is_a_row_of_a_tab_file_only(read: Fixture) -> None:
    assert read(b"a\tb\tc\n\t\t\n", narrow=True).cells == [["", "", ""]]
    assert read(b"a,b,c\n\t\t\n1,2,3\n", narrow=True).cells == [["1", "2", "3"]]


def test_no_line_break_at_the_end(read: Fixture) -> None:
    assert read(b"a,b\n1,2\n3,4", narrow=True).cells == [["1", "2"], ["3", "4"]]


def test_only_cr_and_lf_break_lines(read: Fixture) -> None:
    text = "a,b\n1\x0b\x0c\x1c,2\u2028\x85\n3,4\n"
    assert read(text.encode(), narrow=True).cells == [["1\x0b\x0c\x1c", "2\u2028\x85"], ["3", "4"]]


def test_cells_are_not_trimmed_and_nothing_is_null(read: Fixture) -> None:
    assert read(b"a,b,c\n NULL ,NA,-\nnan,,1e5\n", narrow=True).cells == [
        [" NULL ", "NA", "-"],
        ["nan", "", "1e5"],
    ]


def test_header_with_a_line_break_and_blank_headers(read: Fixture) -> None:
    found = read(b'"a\n(b)",,b,\n1,2,3,4\n', narrow=True)
    assert [c.header for c in found.reading.columns] == ["a\n(b)", "", "b", ""]
    assert found.reading.unknown_columns == ["a\n(b)", "(column 2)", "(column 4)"]
    assert found.rows == {1: ["1", "2", "3", "4"]}


def test_delimiter_is_the_one_with_most_known_headers(read: Fixture, inspections: Fixture) -> None:
    # A header cell that holds commas must not win over the semicolon.
    text = inspections(1, ";").replace("企业名称", "企业名称;备注,a,b,c,d,e,f,g,h,i,j,k", 1)
    found = read(text.replace("宣城市第1商贸有限公司", "宣城市第1商贸有限公司;x").encode())
    assert len(found.reading.columns) == 10
    assert found.cells[0][2] == "x"


@pytest.mark.parametrize(
    "extension", ["csv", "xlsx", "xls", "json", "jsonl", "parquet", "csv.gz", "txt", "XLS"]
)
def test_zero_bytes_of_any_extension(read: Fixture, extension: str, tmp_path: Any) -> None:
    from records.headers import match
    from records.readers import read_file

    path = tmp_path / f"empty.{extension}"
    path.write_bytes(b"")
    reading = read_file(path, "penalties", name=f"penalties/{path.name}", header_matcher=match)
    assert list(reading.batches()) == []
    assert (reading.rows_read, reading.columns) == (0, [])
    assert reading.warnings[0] == "empty file"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n \r\n", codecs.BOM_UTF16_LE])
def test_content_of_nothing_is_empty(read: Fixture, content: bytes) -> None:
    found = read(content, "penalties/a.csv.gz", "penalties")
    assert found.numbers == []
    assert "empty file" in found.reading.warnings


def test_header_only_is_accepted_with_a_warning(read: Fixture, inspections: Fixture) -> None:
    for text in (inspections(0), inspections(0).rstrip()):
        found = read(text.encode())
        assert found.numbers == []
        assert found.reading.warnings == ["no data rows"]
        assert len(found.reading.columns) == 9


def test_missing_mandatory_column_is_named(refusal: Fixture, inspections: Fixture) -> None:
    error = refusal(inspections(2).replace("抽查事项", "备注").encode())
    assert error.rule == "missing_mandatory_column"
    assert "item (抽查事项)" in str(error)


def test_duplicate_column(refusal: Fixture, inspections: Fixture) -> None:
    error = refusal(inspections(2).replace("抽查类型", "item").encode())
    assert error.rule == "duplicate_column"
    assert "item" in str(error)


def test_messages_never_quote_a_cell(refusal: Fixture) -> None:
    error = refusal("王小明,342501199001011234,宣城\n".encode())
    assert error.rule == "missing_mandatory_column"
    assert "王小明" not in str(error)


@pytest.mark.parametrize("place", [0.3, 0.999])
def test_one_broken_byte_in_utf8_is_not_read_as_gb18030(
    refusal: Fixture, inspections: Fixture, place: float
) -> None:
    raw = bytearray(inspections(2000).encode())
    raw[raw.index("宣".encode(), int(len(raw) * place) - 200) + 1] = 0x41
    error = refusal(bytes(raw))
    assert error.rule == "file_undecodable"


@pytest.mark.parametrize("count", [0, 3000])
def test_broken_utf8_that_gb18030_would_take(refusal: Fixture, count: int) -> None:
    # Every text of two characters has six bytes, and two characters that lost a byte each have four: an
    # even number throughout, which GB18030 reads as other characters.
    header = b"uscc,subject_name,task_no,item,result,authority,inspected_on\n"
    row = ",宣城宣城,T,事项,结果,机关,1\n".encode()
    broken = row.replace("宣城".encode(), "宣".encode()[:2] + "城".encode()[:2], 1)
    raw = header + row * count + broken
    assert "1" in raw.decode("gb18030")
    assert refusal(raw).rule == "file_undecodable"


def test_utf8_cut_inside_a_character(refusal: Fixture) -> None:
    text = "uscc,subject_name,task_no,item,result,authority,inspected_on\n,张三,T,i,r,局,"
    assert refusal(text.encode() + "二".encode()[:2]).rule == "file_undecodable"


def test_broken_after_bom(refusal: Fixture) -> None:
    assert refusal(codecs.BOM_UTF8 + "企业名称\n".encode("gb18030")).rule == "file_undecodable"


@pytest.mark.parametrize("tail", [b"\xff\xff", b"\x81"])
def test_neither_utf8_nor_gb18030(refusal: Fixture, inspections: Fixture, tail: bytes) -> None:
    assert refusal(inspections(50).encode("gb18030") + tail).rule == "file_undecodable"


def test_a_zero_byte_in_a_cell_is_no_utf16(read: Fixture, inspections: Fixture) -> None:
    found = read(inspections(20).replace("第7商", "第\x007商").encode())
    assert found.reading.encoding == "utf-8"
    assert found.cells[6][1] == "宣城市第\x007商贸有限公司"


def test_odd_utf16(refusal: Fixture, inspections: Fixture) -> None:
    raw = codecs.BOM_UTF16_LE + inspections(3).encode("utf-16-le") + b"x"
    assert refusal(raw).rule == "file_undecodable"


def test_gb18030_whose_first_characters_are_also_utf8(read: Fixture) -> None:
    # 通 is CD A8 in GB18030, which is a whole UTF-8 sequence too.
    text = "uscc,subject_name,task_no,item,result,authority,inspected_on\n" + ",通,T,通,通,通,1\n" * 3
    found = read((text + ",宣城市有限公司,T,i,r,局,1\n").encode("gb18030"))
    assert found.reading.encoding == "gb18030"
    assert found.cells[0][1] == "通"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 rest", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", ".xls"),
        (b"PAR1rest", "Parquet"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (b"%PDF-1.4", "PDF"),
        (b"\xef\xbb\xbf <html><table>", "HTML"),
        (b'[{"a": 1}]', "JSON"),
        (b'{"a": 1}', "JSON"),
    ],
)
def test_something_else_called_csv(refusal: Fixture, content: bytes, words: str) -> None:
    error = refusal(content)
    assert error.rule == "file_not_what_name_says"
    assert words in str(error)


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.docx", "noextension", "a.xlsx.gz", "a.xls.gz", "a.gz", "a.csv.zip", "a.xlsm", "a.tsv"],
)
def test_unknown_format(tmp_path: Any, name: str) -> None:
    from records.errors import InputRefused
    from records.headers import match
    from records.readers import read_file

    path = tmp_path / "bytes"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(InputRefused) as caught:
        read_file(path, "penalties", name=f"penalties/{name}", header_matcher=match)
    assert caught.value.rule == "file_unknown_format"


def test_gz_that_is_no_gzip_and_gz_that_is_cut_or_followed(tmp_path: Any, inspections: Fixture) -> None:
    import gzip

    from records.errors import InputRefused
    from records.headers import match
    from records.readers import read_file

    def drain(path: Path) -> int:
        reading = read_file(path, "inspections", name="inspections/a.csv.gz", header_matcher=match)
        list(reading.batches())
        return reading.rows_read

    packed = gzip.compress(inspections(3000).encode("gb18030"), mtime=0)
    for raw, rule in (
        (b"plain text", "file_not_what_name_says"),
        (packed[:-9], "file_unreadable"),
        (packed[: len(packed) // 2], "file_unreadable"),
        (packed + b"garbage", "file_unreadable"),
        (packed[:-8] + b"\0\0\0\0" + packed[-4:], "file_unreadable"),
    ):
        path = tmp_path / "a.csv.gz"
        path.write_bytes(raw)
        with pytest.raises(InputRefused) as caught:
            drain(path)
        assert caught.value.rule == rule
    path.write_bytes(packed + packed)
    # Two gzip members in a row are one text (cat of two files): the second header is a row like any other.
    assert drain(path) == 6001


def test_gzip_bomb(refusal: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from records.readers import source

    monkeypatch.setattr(source, "FREE_EXPANSION_BYTES", 1000)
    error = refusal(b"a,b\n" * 2_000_000, "penalties/a.csv.gz", narrow=True)
    assert error.rule == "limit_exceeded"
    assert "400" in str(error)


def test_line_and_column_limits(refusal: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from records.readers import decode

    error = refusal(b"a," * 2001 + b"b\n", narrow=True)
    assert error.rule == "limit_exceeded"
    assert "2,002 columns" in str(error)
    monkeypatch.setattr(decode, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(limits, "BLOCK_BYTES", 500)
    error = refusal(b"a,b\n1," + b"x" * 3000 + b"\n", narrow=True)
    assert error.rule == "limit_exceeded"
    assert "1,000" in str(error)


def test_record_limit(refusal: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from records.readers import csv_exact

    monkeypatch.setattr(csv_exact, "MAX_RECORD_CHARS", 100)
    error = refusal(b'a,b\n1,"' + (b"x" * 30 + b"\n") * 5 + b'"\n', narrow=True)
    assert error.rule == "limit_exceeded"


def test_header_quote_never_closed(refusal: Fixture) -> None:
    assert refusal(b'"a,b,c\n1,2,3\n', narrow=True).rule == "file_unreadable"
