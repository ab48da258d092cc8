"""Parsing what is new: cells are read, typed and validated, and tables are written, in one process.

Small files are validated together and big ones part by part, in bundles of bounded size. The verdict on a
part does not depend on its bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from flows.stages.ingest_artifacts import Artifact, ArtifactWriter
from flows.stages.ingest_duplicates import SeenRows
from flows.stages.ingest_judge import Judging, Part
from records.errors import CreditgradeError, InputRefused
from records.lake import Lake, restore

# Rows of a part at most. A part is a row group of its artifact: to change this changes bytes.
PART_ROWS = 50_000
# A bundle goes off at either bound. A validation costs about a second whatever its rows, so they are many.
BUNDLE_ROWS = 200_000
BUNDLE_BYTES = 64 << 20


@dataclass
class _File:
    """A file being parsed; ``record`` or ``refusal`` stands once it has been read to its end."""

    artifact: Artifact
    writer: ArtifactWriter
    duplicates: int = 0
    record: dict[str, Any] | None = None
    refusal: InputRefused | None = None

    def end(self) -> None:
        """Gives the artifact its names; checks that every row read went somewhere."""
        if self.refusal is not None or self.record is None:
            error = self.refusal or InputRefused("not read", rule="file_unreadable")
            self.writer.refuse(error.rule, _bare_message(error))
            return
        placed = self.writer.accepted + self.writer.quarantined + self.duplicates
        if placed != self.record["rows_read"]:
            message = f"{self.record['rows_read']} rows read, but {placed} placed"
            raise CreditgradeError(message, rule="rows_lost", file=self.artifact.name)
        self.writer.finish({**self.record, "duplicates": self.duplicates})


@dataclass
class _Bundle:
    """Parts of one kind to be judged together. A step without a part is the end of its file."""

    kind: str
    steps: list[tuple[_File, Part | None]] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    @property
    def parts(self) -> list[Part]:
        return [part for _, part in self.steps if part is not None]

    def add(self, file: _File, part: Part) -> None:
        self.steps.append((file, part))
        self.rows += part.rows
        self.bytes += part.bytes

    @property
    def is_full(self) -> bool:
        return self.rows >= BUNDLE_ROWS or self.bytes >= BUNDLE_BYTES


def parse(
    lake: Lake,
    artifacts: Sequence[Artifact],
    judging: Judging,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Reads deliveries from the lake and writes their artifacts.

    Args:
        lake: a locked lake.
        artifacts: those that are not there yet, those of a kind together.
        judging: types and validates parts.
        progress: told the delivered bytes that are done.

    Raises:
        CreditgradeError: ``rows_lost`` where the rows read do not add up, ``disk_full``, ``internal_error``.
    """
    done = 0
    with ExitStack() as clean_up:
        bundles = clean_up.enter_context(closing(_bundles(lake, artifacts, judging, clean_up)))
        for bundle in bundles:
            done += _complete(bundle, judging)
            progress(done)


def _bundles(
    lake: Lake, artifacts: Iterable[Artifact], judging: Judging, clean_up: ExitStack
) -> Generator[_Bundle]:
    bundle: _Bundle | None = None
    for artifact in artifacts:
        if bundle is not None and bundle.kind != artifact.kind:
            yield bundle
            bundle = None
        file = _File(artifact, ArtifactWriter(artifact))
        clean_up.callback(file.writer.abandon)
        for part in _parts(lake, file, judging.cell_max_lines(artifact.landed_on)):
            bundle = bundle or _Bundle(artifact.kind)
            bundle.add(file, part)
            if bundle.is_full:
                yield bundle
                bundle = None
        bundle = bundle or _Bundle(artifact.kind)
        bundle.steps.append((file, None))
    if bundle is not None:
        yield bundle


def _parts(lake: Lake, file: _File, cell_max_lines: int) -> Iterator[Part]:
    """The rows of a file without its duplicates; at the end ``file`` knows what was read, or why not."""
    import pyarrow as pa

    from records.headers import match
    from records.readers import CellBatch, read_file

    artifact = file.artifact
    seen = SeenRows()
    try:
        with restore(lake, artifact.sha256, "." + artifact.format) as path:
            reading = read_file(
                path,
                artifact.kind,
                name=artifact.name,
                header_matcher=match,
                batch_rows=PART_ROWS,
                quoted_cell_max_lines=cell_max_lines,
            )
            headers = [column.header for column in reading.columns]
            for batch in reading.batches():
                cells = batch.table
                first = seen.first_time(cells.drop_columns(["source_row"]))
                if not first.all():
                    file.duplicates += int(len(first) - first.sum())
                    cells = cells.filter(pa.array(first))
                kept = CellBatch(cells, batch.shape_rows)
                yield Part(artifact.sha256, artifact.landed_on, artifact.source, headers, reading.match, kept)
    except InputRefused as error:
        file.refusal = error
        return
    except (pa.ArrowException, ValueError, TypeError, LookupError) as error:
        raise _internal(error, "reading", artifact.name) from error
    file.record = {
        "rows_read": reading.rows_read,
        "encoding": reading.encoding,
        "layout": reading.layout,
        "columns": [[column.header, column.field] for column in reading.columns],
        "unknown_columns": len(reading.unknown_columns),
        "warnings": _warnings(reading.warnings, len(reading.unknown_columns)),
    }


def _warnings(warnings: Sequence[str], unknown_columns: int) -> list[str]:
    """What the manifest says of a file. A header may be data in the wrong place: it is counted, not quoted."""
    if not unknown_columns:
        return list(warnings)
    columns = "column" if unknown_columns == 1 else "columns"
    return [*warnings, f"{unknown_columns} unknown {columns} kept out"]


def _complete(bundle: _Bundle, judging: Judging) -> int:
    """Judges a bundle and writes what it gave; returns the delivered bytes of the files that end with it."""
    with _clear_errors(bundle):
        judged = iter(judging(bundle.kind, bundle.parts) if bundle.parts else ())
    ended = 0
    for file, part in bundle.steps:
        if part is None:
            file.end()
            ended += file.artifact.bytes
        else:
            file.writer.add(next(judged))
    return ended


@contextmanager
def _clear_errors(bundle: _Bundle) -> Iterator[None]:
    """Names a file of the bundle in what goes wrong while it is judged."""
    name = bundle.steps[0][0].artifact.name
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise _internal(error, "validating", name) from error


def _internal(error: Exception, doing: str, name: str) -> CreditgradeError:
    """An error of ours, told without its message, which could quote a row."""
    return CreditgradeError(f"{type(error).__name__} while {doing}", rule="internal_error", file=name)


def _bare_message(error: InputRefused) -> str:
    """The message without the file and the rule that are put around it."""
    return str(error).removeprefix(f"{error.file}: ").removesuffix(f" [{error.rule}]")
