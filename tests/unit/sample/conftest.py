"""One sample for all tests of this folder, and its rows as the readers see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from data.sample import generate
from data.sample.layout import COPY
from data.sample.report import FileReport, SampleReport
from records.headers import match
from records.readers import read_file

AS_OF = date(2026, 11, 20)

Row = dict[str, str | None]
Rows = Callable[..., list[Row]]


@dataclass(frozen=True)
class ReadFile:
    """A file as read: rows by canonical field, and the rows that fail `row_shape`."""

    layout: str
    encoding: str | None
    headers: list[str]
    rows: list[Row]
    shapes: int


def read(folder: Path, file: FileReport) -> ReadFile:
    reading = read_file(folder / file.path, file.kind, name=file.path, header_matcher=match)
    rows: list[Row] = []
    shapes = 0
    for batch in reading.batches():
        shapes += len(batch.shape_rows)
        names = [column.field or f"?{column.position}" for column in reading.columns]
        cells = zip(*(batch.table[f"c{number}"].to_pylist() for number in range(len(names))), strict=True)
        rows += [dict(zip(names, row, strict=True)) for row in cells]
    return ReadFile(reading.layout, reading.encoding, [c.header for c in reading.columns], rows, shapes)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    return generate(tmp_path_factory.mktemp("sample") / "landing", 2_000, 7, AS_OF)


@pytest.fixture(scope="session")
def files(sample: SampleReport) -> Callable[[FileReport], ReadFile]:
    by_path = {file.path: file for file in sample.files}

    @cache
    def read_once(path: str) -> ReadFile:
        return read(sample.target, by_path[path])

    return lambda file: read_once(file.path)


@pytest.fixture(scope="session")
def rows_of(sample: SampleReport, files: Callable[[FileReport], ReadFile]) -> Rows:
    """All rows of a kind; the file delivered twice counts once."""

    def rows(kind: str) -> list[Row]:
        return [
            row
            for file in sample.files
            if file.kind == kind and file.path != COPY
            for row in files(file).rows
        ]

    return rows
