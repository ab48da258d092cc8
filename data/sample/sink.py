"""The open files of a sample: splits long ones, counts rows and defects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.sample import defects
from data.sample.batch import Batch
from data.sample.layout import COPIED, COPY, WORKBOOKS, FileSpec, files_of
from data.sample.render import render, repeated
from data.sample.report import FileReport, SampleReport
from data.sample.rng import I64, Draws
from data.sample.target import Target
from data.sample.writers.base import Cells, Writer
from data.sample.writers.csv_file import CsvWriter
from data.sample.writers.structured import JsonWriter, ParquetWriter
from data.sample.writers.workbook import XlsWriter, XlsxWriter

# A file beyond this many rows is followed by the next of its series.
ROWS_PER_FILE = 500_000


def _first_csv(kind: str) -> FileSpec | None:
    """The file that shows the defects of CSV files in the smallest sample too."""
    return next((spec for spec in files_of(kind) if spec.format == "csv"), None)


@dataclass
class _Open:
    """A file being written."""

    writer: Writer
    report: FileReport
    part: int


class Sink:
    """Writes batches into the files of a sample."""

    def __init__(self, target: Target, draws: Draws, report: SampleReport) -> None:
        self._target = target
        self._draws = draws
        self._report = report
        self._open: dict[str, _Open] = {}

    def write(self, batch: Batch, file: I64, defect: I64) -> None:
        """Append records, each to its file and with its defect.

        Args:
            batch: records of one kind.
            file: place of each record's file among those of the kind.
            defect: code of each record's defect.
        """
        for number, spec in enumerate(files_of(batch.kind)):
            rows = np.flatnonzero(file == number)
            if len(rows):
                self._write(batch.take(rows), spec, defect[rows])

    def _write(self, batch: Batch, spec: FileSpec, defect: I64) -> None:
        columns = defects.spoil(self._draws, batch, defect, render(self._draws, batch, spec), spec)
        order = repeated(defect, defects.DUPLICATE)
        at = pa.array(order)
        is_sound = defect == defects.NONE
        for tag in ("fresh", "ambiguous"):
            is_sound &= ~batch.flag(tag)
        cells = Cells(
            {name: column.take(at) for name, column in columns.items()}, batch.key[order], is_sound[order]
        )
        self._count(batch, defect, order)
        start = 0
        while start < len(cells):
            entry = self._entry(spec)
            rows = min(len(cells) - start, ROWS_PER_FILE - entry.report.rows)
            for name, count in entry.writer.write(cells.slice(start, rows)).items():
                self._report.count(batch.kind, name, count)
            entry.report.rows += rows
            self._report.rows[batch.kind] += rows
            start += rows

    def _count(self, batch: Batch, defect: I64, order: I64) -> None:
        for number, entry in enumerate(defects.DEFECTS, start=1):
            self._report.count(batch.kind, entry.name, int(np.count_nonzero(defect == number)))
        for tag, name in (("ambiguous", "ambiguous_name"), ("wrong_org_check", "wrong_org_check")):
            self._report.count(batch.kind, name, int(np.count_nonzero(batch.flag(tag)[order])))

    def _entry(self, spec: FileSpec) -> _Open:
        entry = self._open.get(spec.path)
        if entry is not None and entry.report.rows < ROWS_PER_FILE:
            return entry
        part = 1
        if entry is not None:
            self._close(entry)
            part = entry.part + 1
        name = spec.part(part)
        path = self._target.path(name)
        encoding = {"csv": spec.encoding, "json": "utf-8", "jsonl": "utf-8"}.get(spec.format)
        report = FileReport(name, spec.kind, spec.format, spec.style, encoding)
        writer: Writer
        if spec.format == "csv":
            writer = CsvWriter(path, spec, self._draws, shows_all=part == 1 and spec is _first_csv(spec.kind))
        elif spec.format in WORKBOOKS:
            writer = (XlsxWriter if spec.format == "xlsx" else XlsWriter)(path, spec)
        elif spec.format == "parquet":
            writer = ParquetWriter(path, spec)
        else:
            writer = JsonWriter(path, spec)
        entry = self._open[spec.path] = _Open(writer, report, part)
        return entry

    def _close(self, entry: _Open) -> None:
        entry.writer.close()
        entry.report.bytes = (self._target.folder / entry.report.path).stat().st_size
        self._report.files.append(entry.report)

    def abandon(self) -> None:
        """Let go of all files: the sample has failed."""
        for entry in self._open.values():
            entry.writer.abandon()
        self._open.clear()

    def close(self) -> None:
        """Finish every file, and deliver one of them twice, where there are entities enough to have filled it."""
        for entry in self._open.values():
            self._close(entry)
        self._open.clear()
        for copied in [file for file in self._report.files if file.path == COPIED]:
            self._target.copy(COPIED, COPY)
            self._report.files.append(
                FileReport(
                    COPY, copied.kind, copied.format, copied.style, copied.encoding, copied.rows, copied.bytes
                )
            )
            self._report.rows[copied.kind] += copied.rows
            self._report.count(copied.kind, "duplicate_file", copied.rows)
        self._report.files.sort(key=lambda file: file.path)
