"""Which file each record goes to."""

from __future__ import annotations

import numpy as np

from data.sample.batch import Batch
from data.sample.layout import FileSpec
from data.sample.rng import I64, Bools, Draws


def route(draws: Draws, batch: Batch, files: tuple[FileSpec, ...], spreads: bool) -> I64:
    """The place of each record's file among `files`.

    Args:
        draws: random numbers.
        batch: records of one kind, as first delivered.
        files: the files of the kind; those for later versions take none of these.
        spreads: use every file and each at least once, as far as there are records; else the bulk files only.
    """
    if not spreads:
        return draws.choose(
            "file", batch.key, [0.0 if spec.picks == "fixes" else spec.bulk for spec in files]
        )
    weights = np.array([0.0 if spec.picks == "fixes" else spec.share for spec in files])
    wanted = np.maximum(np.round(weights / weights.sum() * len(batch)).astype(np.int64), weights > 0)
    file = np.full(len(batch), -1, dtype=np.int64)
    order = draws.bits("file_order", batch.key)
    # Files that take particular records choose first; the first file takes what is left.
    numbers = sorted(range(1, len(files)), key=lambda number: files[number].picks == "any")
    for number in numbers:
        if weights[number] == 0:
            continue
        free = file < 0
        rows = np.flatnonzero(free & _suits(batch, files[number]))
        rank = batch.day[rows] if files[number].picks == "old" else order[rows]
        # One record at least is left to every file that still has none.
        least = (
            sum(1 for other in numbers if other != number and weights[other] and not (file == other).any())
            + 1
        )
        count = int(min(wanted[number], max(1, np.count_nonzero(free) - least)))
        file[rows[np.argsort(rank, kind="stable")[:count]]] = number
    return np.where(file < 0, 0, file)


def _suits(batch: Batch, spec: FileSpec) -> Bools:
    everyone = np.ones(len(batch), dtype=np.bool_)
    if spec.picks == "market":
        return batch.flag("is_market")
    if spec.picks == "court":
        return batch.flag("is_court")
    return everyone
