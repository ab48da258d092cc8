"""JSON files: one array of objects, or an object a line; read twice, once for the keys.

Numbers keep the digits of the source. The columns are the union of the keys in the order in which they
first appear; a missing key and null are null. A visit of gsxt (`details[]`, one object an item) is as many
records as it has items, each with the keys of the visit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from records.headers import fold
from records.readers.cells import json_text, plain_number
from records.readers.decode import detect_encoding, texts, utf8_blocks
from records.readers.limits import MAX_COLUMNS, MAX_OBJECT_CHARS
from records.readers.model import (
    NUMBER_MARK,
    Batcher,
    CellBatch,
    FileReading,
    HeaderMatcher,
    ShapeRow,
    column_names,
    empty_reading,
    refused,
    string_array,
    understood,
)
from records.readers.source import ByteSource
from records.registry import DETAILS

_SPACE = " \t\r\n"
_BLANK = re.compile(r"[ \t\r\n]+")


class _Doubled(dict[str, Any]):
    """An object in which a key stands twice; `texts` holds all its values."""

    texts: list[str]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) == len(pairs):
        return whole
    doubled = _Doubled(whole)
    doubled.texts = [_text(value) or "" for _, value in pairs]
    return doubled


_Decode = Callable[[str, int], tuple[Any, int]]


def _decoder(hook: Callable[[list[tuple[str, Any]]], dict[str, Any]] | None) -> _Decode:
    # An integer needs no look at its digits; NaN and Infinity, which are no JSON, stay as text.
    return json.JSONDecoder(
        parse_int=NUMBER_MARK.__add__, parse_float=plain_number, parse_constant=str, object_pairs_hook=hook
    ).raw_decode


_decode_plainly = _decoder(None)
_decode_checked = _decoder(_object)


def read_json(
    source: ByteSource, kind: str, header_matcher: HeaderMatcher, *, batch_rows: int
) -> FileReading:
    """Open a JSON file and read it through once, for its keys.

    Raises:
        InputRefused: `file_unreadable` (naming the line or the element), `file_undecodable`,
            `file_not_what_name_says`, `missing_mandatory_column`, `duplicate_column`, `limit_exceeded`.
    """
    encoding = detect_encoding(source)
    first = _first_character(source, encoding)
    if first is None:
        return empty_reading(source.name, "json")
    if first not in "[{":
        raise refused(source.name, "file_not_what_name_says", "no JSON: begins with neither [ nor {")
    read = _array_objects if first == "[" else _line_objects

    def objects(decode: _Decode) -> Iterator[dict[str, Any]]:
        return _one_an_item(read(source, encoding, decode), DETAILS.get(kind))

    keys: dict[str, None] = {}
    is_empty, decode = True, _decode_plainly
    for record in objects(_decode_checked):
        is_empty = False
        if isinstance(record, _Doubled):
            decode = _decode_checked
        if not record.keys() <= keys.keys():
            keys.update(dict.fromkeys(record))
            if len(keys) > MAX_COLUMNS:
                raise refused(source.name, "limit_exceeded", f"more than {MAX_COLUMNS:,} different keys")
    file_format = "json" if first == "[" else "jsonl"
    if is_empty:
        return empty_reading(source.name, file_format)
    headers = list(keys)
    reading = understood(source.name, kind, file_format, encoding, headers, header_matcher(kind, headers))
    reading.source = lambda: _batches(objects(decode), headers, batch_rows)
    return reading


def _one_an_item(records: Iterator[dict[str, Any]], details: str | None) -> Iterator[dict[str, Any]]:
    """The records, one that nests a list of objects under the key `details` once for each of these.

    A key for which visit and item have different values, or one of them two, makes the record a shape row.
    """
    if details is None:
        yield from records
        return
    for record in records:
        key = next((k for k, value in record.items() if type(value) is list and fold(k) == details), None)
        items = record[key] if key is not None else None
        if not items or isinstance(record, _Doubled) or not all(isinstance(item, dict) for item in items):
            yield record
            continue
        visit = [(name, value) for name, value in record.items() if name != key]
        for item in items:
            whole = _object([pair for pair in visit if item.get(pair[0]) != pair[1]] + [*item.items()])
            if isinstance(item, _Doubled):
                whole = _Doubled(whole)
                whole.texts = [*(_text(value) or "" for _, value in visit), *item.texts]
            yield whole


def _batches(records: Iterator[dict[str, Any]], headers: list[str], batch_rows: int) -> Iterator[CellBatch]:
    batcher = Batcher(len(headers), batch_rows)
    held: list[dict[str, Any]] = []
    numbers: list[int] = []
    shapes: list[ShapeRow] = []
    for number, record in enumerate(records, start=1):
        if isinstance(record, _Doubled):
            shapes.append(ShapeRow(number, record.texts))
        else:
            held.append(record)
            numbers.append(number)
        if len(held) + len(shapes) >= 5_000:
            yield from batcher.add(_table(numbers, held, headers), shapes)
            held, numbers, shapes = [], [], []
    yield from batcher.add(_table(numbers, held, headers), shapes)
    yield from batcher.rest()


def _table(numbers: list[int], records: list[dict[str, Any]], headers: list[str]) -> pa.Table:
    if records and all(list(record) == headers for record in records):
        columns = [_column(values) for values in zip(*(record.values() for record in records), strict=True)]
    else:
        columns = [_column([record.get(header) for record in records]) for header in headers]
    return pa.table(
        [pa.array(numbers, pa.int64()), *columns], names=["source_row", *column_names(len(headers))]
    )


def _column(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        return string_array([_text(value) for value in values])


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json_text(value)


def _first_character(source: ByteSource, encoding: str) -> str | None:
    for text in texts(source, encoding):
        if stripped := text.lstrip(_SPACE):
            return stripped[0]
    return None


def _checked(value: Any, source: ByteSource, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refused(source.name, "file_unreadable", f"{where} is no JSON object")
    return value


def _line_objects(source: ByteSource, encoding: str, decode: _Decode) -> Iterator[dict[str, Any]]:
    """The objects of a file that holds one a line; blank lines are skipped."""
    number = 0
    for block in utf8_blocks(source, encoding):
        if not block.strip(b" \t\r\n"):
            number += len(block.splitlines())
            continue
        for raw in block.splitlines():
            number += 1
            line = raw.decode("utf-8").strip(_SPACE)
            if not line:
                continue
            try:
                value, end = decode(line, 0)
            except (ValueError, RecursionError) as error:
                message = f"line {number:,} is no JSON object"
                raise refused(source.name, "file_unreadable", message) from error
            if end != len(line):
                raise refused(source.name, "file_unreadable", f"line {number:,} holds more than one object")
            yield _checked(value, source, f"line {number:,}")


def _array_objects(source: ByteSource, encoding: str, decode: _Decode) -> Iterator[dict[str, Any]]:
    """The objects of one array, in memory for a few blocks at most."""
    name = source.name
    chunks = texts(source, encoding)
    buffer, position, number = "", 0, 0

    def more() -> bool:
        nonlocal buffer, position
        text = next(chunks, None)
        if text is None:
            return False
        buffer, position = buffer[position:] + text, 0
        return True

    def character() -> str:
        nonlocal position
        while True:
            space = _BLANK.match(buffer, position)
            position = space.end() if space else position
            if position < len(buffer):
                return buffer[position]
            if not more():
                return ""

    def fail(message: str) -> Exception:
        return refused(name, "file_unreadable", message)

    character()
    position += 1  # the opening bracket
    is_closed = character() == "]"
    while not is_closed:
        number += 1
        if not character():
            raise fail(f"the array ends in the middle, after element {number - 1:,}")
        while True:
            try:
                value, position = decode(buffer, position)
                break
            except RecursionError as error:
                raise fail(f"element {number:,} is nested too deeply") from error
            except ValueError as error:
                if len(buffer) - position > MAX_OBJECT_CHARS:
                    message = (
                        f"element {number:,} is no JSON object or longer than {MAX_OBJECT_CHARS:,} characters"
                    )
                    raise fail(message) from error
                if not more():
                    raise fail(
                        f"element {number:,} is no JSON object, or the array is cut off in it"
                    ) from error
        yield _checked(value, source, f"element {number:,}")
        separator = character()
        if separator not in (",", "]"):
            raise fail(f"no comma or ] after element {number:,}")
        position += 1
        is_closed = separator == "]"
    if number == 0:
        position += 1
    if character():
        raise fail("other text after the end of the array")
