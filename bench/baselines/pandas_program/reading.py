"""Rows of the lake, accepted and quarantined, with their place in delivery order; what the parts share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from bench.baselines.inputs import COLUMNS, ROWS_PER_FILE, Inputs
from bench.baselines.pandas_program.idioms import Frame


class Work:
    """What the program is given and has read, and the tables that each part leaves to the later ones."""

    # linking
    versions: Frame
    used: Frame
    here: Frame
    names: Frame
    usccs: Frame
    reg_nos: pd.Series
    org_codes: pd.Series
    lineage: Frame
    branches: Frame
    # force
    targets: Frame
    pairs: Frame
    states: Frame
    # rulings
    held: Frame
    visits: Frame
    last: Frame
    ruled_penalties: Frame
    ruled_listings: Frame
    # records
    penalty_versions: Frame
    records: Frame
    judged: Frame
    # holds
    held_usccs: Frame

    def __init__(self, given: Inputs) -> None:
        self.given, self.p, self.day = given, given.numbers, pd.Timestamp(given.as_of)
        self.rows = {kind: self._load(kind) for kind in COLUMNS}
        self.quarantine = self._quarantine()
        self.won: dict[str, Frame] = {}

    def _ranks(self) -> Frame:
        return pd.DataFrame(self.given.deliveries, columns=["kind", "sha256", "ord"])

    def _read(self, files: Iterable[Path], columns: list[str] | None) -> Frame:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.concat_tables([pq.read_table(file, columns=columns) for file in files])
        integers = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        return table.to_pandas(date_as_object=False, types_mapper=integers.get)

    def _load(self, kind: str) -> Frame:
        ranks = self._ranks().query("kind == @kind").drop(columns="kind")
        rows = self._read(self.given.accepted[kind], list(COLUMNS[kind])).merge(ranks, on="sha256")
        return _with_rid(rows)

    def _quarantine(self) -> Frame:
        rows = self._read([path for _, path in self.given.quarantine], None)
        return _with_rid(rows.merge(self._ranks(), on=["kind", "sha256"]))


def _with_rid(rows: Frame) -> Frame:
    rows["rid"] = rows["ord"].astype("int64") * ROWS_PER_FILE + rows["source_row"].astype("int64")
    return rows.drop(columns="ord")
