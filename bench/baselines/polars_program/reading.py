"""Rows of the lake, accepted and quarantined, with their place in delivery order; what the parts share."""

from __future__ import annotations

import polars as pl
from polars import col

from bench.baselines.inputs import COLUMNS, ROWS_PER_FILE, Inputs
from bench.baselines.polars_program.idioms import Frame


class Work:
    """What the program is given and has read, and the tables that each part leaves to the later ones."""

    # linking
    versions: Frame
    used: Frame
    names: Frame
    usccs: Frame
    reg_nos: Frame
    org_codes: Frame
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
        self.given, self.p, self.day = given, given.numbers, given.as_of
        self.rows = {kind: self._load(kind) for kind in COLUMNS}
        self.quarantine = self._quarantine()
        self.won: dict[str, Frame] = {}

    def _ranks(self) -> Frame:
        return pl.DataFrame(self.given.deliveries, schema=["kind", "sha256", "ord"], orient="row")

    def _load(self, kind: str) -> Frame:
        ranks = self._ranks().filter(col("kind") == kind).drop("kind")
        rows = (
            pl.scan_parquet(self.given.accepted[kind])
            .select(COLUMNS[kind])
            .collect()
            .join(ranks, on="sha256")
        )
        return rows.with_columns(rid=col("ord") * ROWS_PER_FILE + col("source_row")).drop("ord")

    def _quarantine(self) -> Frame:
        rows = pl.scan_parquet([path for _, path in self.given.quarantine]).collect()
        rows = rows.join(self._ranks(), on=["kind", "sha256"])
        return rows.with_columns(rid=col("ord") * ROWS_PER_FILE + col("source_row")).drop("ord")
