"""Rows of the lake, accepted and quarantined, with their place in delivery order."""

from __future__ import annotations

from pathlib import Path

from bench.baselines.duckdb_sql.idioms import literals
from bench.baselines.inputs import ROWS_PER_FILE, Inputs


def load(kind: str, columns: tuple[str, ...], files: list[Path]) -> str:
    """The accepted rows of a kind, with their place in delivery order."""
    if not files:
        return f"CREATE TABLE {kind} AS SELECT 1::BIGINT AS rid WHERE false"
    picked = ", ".join(columns)
    return f"""
        CREATE TABLE {kind} AS
        SELECT {picked}, d.ord * {ROWS_PER_FILE} + source_row AS rid
        FROM read_parquet({literals(files)})
        JOIN (SELECT sha256, ord FROM deliveries WHERE kind = '{kind}') d USING (sha256)"""


def load_quarantine(given: Inputs) -> str:
    """Rows that could hold somebody, with their kind's own rank."""
    return f"""
        CREATE TABLE quarantine AS
        SELECT q.*, d.ord * {ROWS_PER_FILE} + source_row AS rid
        FROM read_parquet({literals(path for _, path in given.quarantine)}) q JOIN deliveries d USING (kind, sha256)"""
