"""Makes a sample: chunk by chunk, so that memory does not grow with the city."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from data.sample import CITIZEN_PENALTIES, defects
from data.sample.batch import Batch, Serials, concat
from data.sample.chunk import Chunk
from data.sample.kinds import (
    amendments,
    entities,
    honours,
    inspections,
    licences,
    listings,
    penalties,
    rulings,
    versions,
)
from data.sample.layout import files_of
from data.sample.names import Names
from data.sample.offices import Offices
from data.sample.reference import load_reference
from data.sample.report import SampleReport
from data.sample.rng import I64
from data.sample.routing import route
from data.sample.sink import Sink
from data.sample.target import Target, cannot_write
from data.sample.world import World
from records.errors import UsageError

# With fewer, there may be no penalty that is fresh, and a run on the sample would be refused.
FEWEST, MOST = 20, 10_000_000
MOST_CITIZEN_PENALTIES = 100
# The entities that are spread over all files, and those of each later chunk.
_SPREAD_ENTITIES, _CHUNK_ENTITIES = 4_096, 32_768
_ZONE = ZoneInfo("Asia/Shanghai")
_CHECKSUMMED = "penalties/公示系统/gsxt.jsonl.gz"


def generate(
    target: Path,
    entities: int = 2_000,
    seed: int = 2021,
    as_of: date | None = None,
    citizen_penalties: float = CITIZEN_PENALTIES,
) -> SampleReport:
    """Write synthetic landing files of a city of `entities` market entities.

    The same arguments give the same bytes. Nothing in the files is dated after `as_of`, except terms that
    run on and the mistyped dates that are among the defects.

    Args:
        target: landing folder; missing, empty, or a previous sample, which is replaced.
        entities: 20 to 10,000,000. A city has about six records to an entity; few leave some files unwritten.
        seed: chooses the invented city.
        as_of: last day of the records; today in Asia/Shanghai unless given.
        citizen_penalties: penalties of natural persons for each entity, 0 to 100, three in all at least. A city's whole
            flow has some 17 in ten years, and with them 23 records to an entity.

    Returns:
        Rows per kind, file and defect.

    Raises:
        UsageError: a number or a day out of range, or a folder that is not ours.
    """
    if not FEWEST <= entities <= MOST:
        raise UsageError(
            f"--entities must be {FEWEST:,} to {MOST:,}, not {entities:,}", rule="entities_out_of_range"
        )
    day = as_of or datetime.now(_ZONE).date()
    if not 2018 <= day.year <= 2050:
        raise UsageError(
            f"--as-of of a sample must lie in 2018 to 2050, not {day}", rule="as_of_out_of_range"
        )
    if not 0 <= citizen_penalties <= MOST_CITIZEN_PENALTIES:
        raise UsageError(
            f"--citizen-penalties must be 0 to {MOST_CITIZEN_PENALTIES}, not {citizen_penalties:g}",
            rule="citizen_penalties_out_of_range",
        )
    report = SampleReport(target, entities, seed, day)
    folder = Target(target, entities=entities, seed=seed, as_of=day, citizen_penalties=citizen_penalties)
    world = World(seed, entities, day, load_reference(), citizen_penalties)
    sink = Sink(folder, world.draws, report)
    try:
        folder.begin()
        for chunk in _chunks(world):
            _make(chunk, sink, report)
        sink.close()
        folder.finish(_CHECKSUMMED)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        sink.abandon()
        folder.close()
    return report


def _chunks(world: World) -> Iterator[Chunk]:
    names, offices, serials = Names(world), Offices(world), Serials()
    low, high = 0, min(world.size, _SPREAD_ENTITIES)
    later = _CHUNK_ENTITIES // (1 + int(world.citizen_penalties))  # as many records at once, about
    while low < world.size:
        yield Chunk(world, names, low, high, low == 0, offices, serials)
        low, high = high, min(world.size, high + later)


def _make(chunk: Chunk, sink: Sink, report: SampleReport) -> None:
    """All records of a chunk, kind by kind."""
    for simple in (entities.make, inspections.make, honours.make):
        _deliver(chunk, sink, simple(chunk))
    licence = licences.make(chunk)
    _deliver_versions(chunk, sink, report, licence)
    amended: list[Batch] = []
    ruled: list[Batch] = []
    for make in (penalties.make, listings.make):
        batch = make(chunk)
        defect, later = _deliver_versions(chunk, sink, report, batch)
        amended.append(amendments.make(chunk, batch, defect == defects.NONE, later))
        ruling = rulings.make(chunk, batch, defect, later)
        ruled += [ruling] if ruling is not None else []
    _deliver(chunk, sink, concat(amended))
    if ruled:
        _deliver(chunk, sink, concat(ruled))


def _deliver(chunk: Chunk, sink: Sink, batch: Batch) -> I64:
    """Write records as first delivered; returns the defect of each."""
    files = files_of(batch.kind)
    draws = chunk.world.draws
    file = route(draws, batch, files, chunk.is_first)
    defect = defects.assign(draws, batch, files, file, chunk.is_first)
    sink.write(batch, file, defect)
    return defect


def _deliver_versions(
    chunk: Chunk, sink: Sink, report: SampleReport, batch: Batch
) -> tuple[I64, versions.Versions]:
    """Write records, some with a defect, and the later versions that correct or change them."""
    files = files_of(batch.kind)
    draws = chunk.world.draws
    file = route(draws, batch, files, chunk.is_first)
    defect = defects.assign(draws, batch, files, file, chunk.is_first)
    later = versions.make(chunk, batch, defect)
    sink.write(later.first, file, defect)
    last = next(number for number, spec in enumerate(files) if spec.picks == "fixes")
    rows = len(later.batch)
    sink.write(later.batch, np.full(rows, last), np.zeros(rows, dtype=np.int64))
    report.count(batch.kind, "superseded_version", int(np.count_nonzero(later.change >= 0)))
    report.count(batch.kind, "settled_by_row", int(np.count_nonzero(later.change < 0)))
    return defect, later
