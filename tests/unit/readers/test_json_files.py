"""JSON and JSONL: exact digits, keys that differ by row, what is refused and where."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from records.readers import limits

Fixture = Callable[..., Any]


def lines(*objects: object) -> bytes:
    return "\n".join(json.dumps(o, ensure_ascii=False) for o in objects).encode()


def array(*objects: object) -> bytes:
    return json.dumps(list(objects), ensure_ascii=False, indent=1).encode()


@pytest.mark.parametrize("write", [lines, array])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.json.gz", "a.JSONL"])
@pytest.mark.parametrize("block", [5, 2_000_000])
def test_both_forms_under_both_names(
    read: Fixture, monkeypatch: pytest.MonkeyPatch, write: Callable[..., bytes], name: str, block: int
) -> None:
    monkeypatch.setattr(limits, "BLOCK_BYTES", block)
    found = read(write({"a": "宣城", "b": None}, {"b": "x", "c": True, "a": ""}), name, narrow=True)
    assert [c.header for c in found.reading.columns] == ["a", "b", "c"]
    assert found.cells == [["宣城", None, None], ["", "x", "true"]]
    assert found.reading.layout.split("/")[0] == ("json" if write is array else "jsonl")
    assert found.reading.encoding == "utf-8"


def test_numbers_keep_their_digits(read: Fixture) -> None:
    raw = b"""{"a": 913418020000000012, "b": 0.200000000000000011, "c": 9.134E+17, "d": 1e-7, "e": 100.50}
    {"a": -0, "b": 1E400, "c": 1e999999999, "d": NaN, "e": 12345678901234567890123456789012345678901234567890}"""
    found = read(raw, "a.jsonl", narrow=True)
    assert found.cells[0] == [
        "\x01913418020000000012", "\x010.200000000000000011", "\x01913400000000000000", "\x010.0000001", "\x01100.50",
    ]  # fmt: skip
    assert found.cells[1][0] == "\x01-0"
    assert found.cells[1][1] == "\x011" + "0" * 400
    assert found.cells[1][2] == "\x011e999999999"
    assert found.cells[1][3] == "NaN"
    assert found.cells[1][4] == "\x01" + "1234567890" * 5


def test_strings_that_look_like_numbers_are_not_marked(read: Fixture) -> None:
    assert read(lines({"a": "1.50", "b": 1.5}), "a.json", narrow=True).cells == [["1.50", "\x011.5"]]


def test_nested_values_become_json_text(read: Fixture) -> None:
    found = read(
        lines({"a": [{"k": 1.10, "值": None}, 'x"y', 12345678901234567890], "b": {}}), "a.json", narrow=True
    )
    assert found.cells == [['[{"k": 1.1, "值": null}, "x\\"y", 12345678901234567890]', "{}"]]


def test_half_a_surrogate_pair(read: Fixture) -> None:
    assert read(rb'{"a": "x\ud800y", "b": 1}', "a.json", narrow=True).cells == [["x?y", "\x011"]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_encodings(read: Fixture, encoding: str) -> None:
    raw = lines({"a": "宣城市市场监督管理局"}, {"a": "泾县"}).decode().encode(encoding)
    assert read(raw, "a.jsonl", narrow=True).cells == [["宣城市市场监督管理局"], ["泾县"]]


def test_gsxt_names_and_mandatory_columns(read: Fixture, refusal: Fixture) -> None:
    row = {"entName": "宣城市某公司", "raninsTaskId": "T1", "raninsItemName": "i", "raninsCheckResName": "未发现问题",
           "insAuth": "局", "insDate": 1704153600000}  # fmt: skip
    found = read(lines(row), "inspections/a.json", "inspections")
    assert found.reading.layout == "jsonl/gsxt"
    assert found.cells[0][5] == "\x011704153600000"
    del row["insDate"]
    error = refusal(lines(row), "inspections/a.json", "inspections")
    assert error.rule == "missing_mandatory_column"
    assert "inspected_on" in str(error)


VISIT = {"entName": "宣城市某公司", "raninsTaskId": "T1", "insAuth": "局", "insDate": "2024-01-02"}


def item(name: str, result: str = "未发现问题", **more: object) -> dict[str, object]:
    return {"seqno": 1, "raninsItemName": name, "raninsCheckResName": result, **more}


@pytest.mark.parametrize("write", [lines, array])
@pytest.mark.parametrize("key", ["details", "Details", "DETAILS"])
def test_a_visit_of_gsxt_is_a_record_an_item(read: Fixture, write: Callable[..., bytes], key: str) -> None:
    raw = write(VISIT | {key: [item("公示"), item("登记", "未按规定公示")]}, VISIT | {key: [item("名称")]})
    found = read(raw, "inspections/a.json", "inspections")
    assert found.reading.layout.endswith("/gsxt")
    assert found.reading.unknown_columns == ["seqno"]
    at = [column.header for column in found.reading.columns].index
    assert [(cells[at("raninsTaskId")], cells[at("raninsItemName")], cells[at("raninsCheckResName")])
            for cells in found.cells] == [
        ("T1", "公示", "未发现问题"), ("T1", "登记", "未按规定公示"), ("T1", "名称", "未发现问题"),
    ]  # fmt: skip


@pytest.mark.parametrize("details", [[], None, "公示", [item("公示"), "登记"], {"a": item("公示")}])
def test_details_that_are_no_items_lose_no_row(read: Fixture, details: object) -> None:
    raw = lines(VISIT | {"details": [item("公示")]}, VISIT | {"details": details})
    found = read(raw, "inspections/a.json", "inspections")
    at = [column.header for column in found.reading.columns].index
    assert [cells[at("raninsItemName")] for cells in found.cells] == ["公示", None]


def test_an_item_that_repeats_a_key_of_its_visit(read: Fixture) -> None:
    raw = lines(VISIT | {"details": [item("公示", raninsTaskId="T1")]})
    assert len(read(raw, "inspections/a.json", "inspections").rows) == 1


def test_keys_for_which_visit_and_item_differ_are_a_shape_row(read: Fixture) -> None:
    raw = lines(VISIT | {"details": [item("公示"), item("登记", insDate="2024-02-03")]})
    raw += b'\n{"insDate": "2024-01-02", "details": [{"raninsItemName": "a", "raninsItemName": "b"}]}'
    found = read(raw, "inspections/a.json", "inspections")
    assert list(found.rows) == [1]
    assert [(s.source_row, s.cells[-4:]) for s in found.shapes] == [
        (2, ["\x011", "登记", "未发现问题", "2024-02-03"]), (3, ["2024-01-02", "a", "b"]),
    ]  # fmt: skip


def test_details_of_another_kind_are_text(read: Fixture) -> None:
    assert read(lines({"a": "1", "details": [{"b": 1}]}), "a.json", "penalties", narrow=True).cells == [
        ["1", '[{"b": 1}]']
    ]


def test_a_mandatory_key_that_only_a_later_row_has(read: Fixture) -> None:
    row = {"subject_name": "n", "task_no": "t", "item": "i", "result": "r", "authority": "a"}
    found = read(lines(row, row | {"inspected_on": "2024-01-02"}), "a.jsonl", "inspections")
    assert [cells[5] for cells in found.cells] == [None, "2024-01-02"]


def test_two_keys_for_one_field(refusal: Fixture) -> None:
    row = {
        "subject_name": "n",
        "task_no": "t",
        "item": "i",
        "result": "r",
        "authority": "a",
        "inspected_on": "x",
    }
    assert refusal(lines(row, row | {"taskNo": "t"}), "a.json", "inspections").rule == "duplicate_column"


def test_a_key_that_stands_twice_is_a_shape_row(read: Fixture) -> None:
    raw = b'{"a": "1", "b": "2"}\n{"a": "3", "a": "4", "b": 5}\n{"a": "6", "b": "7"}'
    found = read(raw, "a.jsonl", narrow=True)
    assert found.rows == {1: ["1", "2"], 3: ["6", "7"]}
    assert [(s.source_row, s.cells) for s in found.shapes] == [(2, ["3", "4", "\x015"])]


def test_blank_lines_are_not_rows(read: Fixture) -> None:
    assert read(b'\n{"a": "1"}\r\n \r\n\r{"a": "2"}\n\n', "a.jsonl", narrow=True).cells == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"a": 1}\n{"a": 2', "line 2"),
        (b'{"a": 1}\n\n{"a": }\n{"a": 3}', "line 3"),
        (b'{"a": 1}\n[1]', "line 2"),
        (b'{"a": 1} {"a": 2}', "line 1"),
        (b'{\n "a": 1\n}', "line 1"),
        (b'{"a": "x\ny"}', "line 1"),
        (b'{"a": ' + b"[" * 100_000, "line 1"),
        (b'[{"a": 1}, {"a": 2}', "after element 2"),
        (b'[{"a": 1},', "after element 1"),
        (b'[{"a": 1}, {"a": ', "element 2"),
        (b'[{"a": 1} {"a": 2}]', "after element 1"),
        (b'[{"a": 1}, 5]', "element 2"),
        (b'[{"a": 1},]', "element 2"),
        (b'[{"a": 1}] x', "after the end"),
        (b'[{"a": 1}][{"a": 2}]', "after the end"),
        (b"[", "array"),
        (b"[" * 100_000, "element 1"),
    ],
)
@pytest.mark.parametrize("block", [4, 2_000_000])
def test_malformed_files_are_refused_with_the_place(
    refusal: Fixture, monkeypatch: pytest.MonkeyPatch, raw: bytes, where: str, block: int
) -> None:
    # An array without an end is read again with every block: fine for large blocks only.
    monkeypatch.setattr(limits, "BLOCK_BYTES", max(block, len(raw) // 100))
    error = refusal(raw, "a.json", narrow=True)
    assert error.rule == "file_unreadable"
    assert where in str(error)


@pytest.mark.parametrize("raw", [b"[]", b" [ ] ", b"\n \n", b"\xef\xbb\xbf"])
def test_no_objects_is_an_empty_file(read: Fixture, raw: bytes) -> None:
    found = read(raw, "a.json", "penalties")
    assert found.numbers == []
    assert "empty file" in found.reading.warnings


@pytest.mark.parametrize("raw", [b"a,b\n1,2\n", b"<html>", b"PK\x03\x04", b"null", b"5"])
def test_something_else_called_json(refusal: Fixture, raw: bytes) -> None:
    assert refusal(raw, "a.json", narrow=True).rule == "file_not_what_name_says"


def test_limits(refusal: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from records.readers import json_reader

    error = refusal(lines({f"k{i}": 1 for i in range(2001)}), "a.json", narrow=True)
    assert (error.rule, "2,000" in str(error)) == ("limit_exceeded", True)
    monkeypatch.setattr(json_reader, "MAX_OBJECT_CHARS", 100)
    monkeypatch.setattr(limits, "BLOCK_BYTES", 50)
    assert "100" in str(refusal(b'[{"a": "' + b"x" * 1000 + b'"}]', "a.json", narrow=True))


@pytest.mark.parametrize("count", [1, 4_999, 5_000, 5_001, 10_000])
def test_row_counts_around_the_inner_batch(read: Fixture, count: int) -> None:
    assert len(read(lines(*[{"a": "x", "b": 1}] * count), "a.jsonl", narrow=True).cells) == count


def test_keys_in_another_order(read: Fixture) -> None:
    assert read(lines({"a": "1", "b": "2"}, {"b": "3", "a": "4"}), "a.json", narrow=True).cells == [
        ["1", "2"],
        ["4", "3"],
    ]


def test_many_rows_in_batches(read: Fixture) -> None:
    found = read(
        lines(*({"a": str(i), "b": i} for i in range(12_345))), "a.jsonl", narrow=True, batch_rows=5_000
    )
    assert found.batch_sizes == [5_000, 5_000, 2_345]
    assert found.cells[-1] == ["12344", "\x0112344"]


@pytest.mark.parametrize("raw", [b"[" + b" " * 30_000_000 + b"]", b"\n" * 30_000_000 + b'{"a": "1"}'])
def test_much_white_space_is_passed_at_once(read: Fixture, raw: bytes) -> None:
    began = time.process_time()
    assert len(read(raw, "a.json", narrow=True).cells) == (raw[:1] != b"[")
    assert time.process_time() - began < 5
