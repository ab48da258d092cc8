"""The same classes and statuses as hand-written SQL on DuckDB.

`program` puts the parts in order; each gives the statements that make its tables. The three programs are cut
alike, so that the same part of each can be laid side by side.
"""

from __future__ import annotations

from bench.baselines.duckdb_sql.program import run

__all__ = ["run"]
