"""Helpers for the reader tests: files are written for real and read through `read_file`."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from records.errors import InputRefused
from records.headers import HeaderMatch, match
from records.readers import FileReading, ShapeRow, read_file


@dataclass
class Read:
    """Everything that a reading gave."""

    reading: FileReading
    rows: dict[int, list[str | None]] = field(default_factory=dict)
    shapes: list[ShapeRow] = field(default_factory=list)
    batch_sizes: list[int] = field(default_factory=list)

    @property
    def cells(self) -> list[list[str | None]]:
        return [self.rows[number] for number in sorted(self.rows)]

    @property
    def numbers(self) -> list[int]:
        return sorted([*self.rows, *(shape.source_row for shape in self.shapes)])


def drain(reading: FileReading) -> Read:
    read = Read(reading)
    last = 0
    for batch in reading.batches():
        numbers = batch.table["source_row"].to_pylist()
        here = sorted([*numbers, *(shape.source_row for shape in batch.shape_rows)])
        # Batches hold consecutive records, in order.
        assert here == list(range(last + 1, last + 1 + len(here)))
        assert numbers == sorted(numbers)
        last += len(here)
        columns = [column.to_pylist() for column in batch.table.columns[1:]]
        assert batch.table.column_names[1:] == [f"c{i}" for i in range(len(columns))]
        read.rows.update(zip(numbers, map(list, zip(*columns, strict=True)), strict=True))
        read.shapes.extend(batch.shape_rows)
        read.batch_sizes.append(batch.table.num_rows)
    assert reading.rows_read == last == len(read.numbers)
    return read


def plain_match(kind: str, headers: Sequence[str]) -> HeaderMatch:
    """A matcher for narrow test files: every header that is a letter is known."""
    fields: list[str | None] = [h if h.isalpha() else None for h in headers]
    return HeaderMatch("test", fields, [], [], (), {})


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Write bytes under a name and read them; `narrow` takes any header."""

    def run(content: bytes, name: str = "penalties/a.csv", kind: str = "inspections", *, narrow: bool = False,
            **options: int) -> Read:  # fmt: skip
        path = tmp_path / name.rsplit("/", 1)[-1]
        path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
        matcher = plain_match if narrow else match
        return drain(read_file(path, kind, name=name, header_matcher=matcher, **options))

    return run


@pytest.fixture
def refusal(read: Callable[..., Read]) -> Callable[..., InputRefused]:
    """The refusal that reading raises."""

    def run(*args: object, **options: object) -> InputRefused:
        with pytest.raises(InputRefused) as caught:
            read(*args, **options)
        assert caught.value.file is not None
        assert caught.value.file in str(caught.value)
        return caught.value

    return run


INSPECTIONS = (
    "统一社会信用代码,企业名称,抽查计划编号,抽查任务编号,抽查类型,抽查事项,抽查结果,抽查机关,抽查完成日期"
)


@pytest.fixture
def inspections() -> Callable[..., str]:
    """Text of a CSV of inspections with `count` rows."""

    def text(count: int, delimiter: str = ",", line_break: str = "\n") -> str:
        rows = [
            f"91341800MA2N000{i:03d},宣城市第{i}商贸有限公司,P1,T{i},定向,公示信息,未发现问题,宣城市市场监督管理局,2024-01-02"
            for i in range(1, count + 1)
        ]
        return line_break.join([INSPECTIONS, *rows, ""]).replace(",", delimiter)

    return text
