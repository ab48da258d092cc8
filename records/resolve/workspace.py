"""Where set logic runs: one engine connection and a folder of named Parquet tables.

Every step of the pipeline is an Ibis expression; `Workspace.save` runs it once and hands back the stored
table, so that plans stay small, memory stays bounded and each intermediate can be looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

MEMORY_LIMIT = "1800MB"  # leaves room for the writers within the 3 GB that a run may take
THREADS = 2


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


class Workspace:
    """An engine connection with a folder for intermediate tables.

    Args:
        folder: made if missing; holds one Parquet file per saved table.
        engine: ``duckdb``.
    """

    def __init__(self, folder: Path, engine: str = "duckdb") -> None:
        import ibis

        # Fusing selects makes shorter SQL and costs more than it saves: DuckDB plans nested ones as well.
        ibis.options.sql.fuse_selects = False
        if engine != "duckdb":
            raise ValueError(f"engine {engine!r} is not available here")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._empty = 0
        self.con: Any = ibis.duckdb.connect(
            threads=THREADS, memory_limit=MEMORY_LIMIT, temp_directory=str(folder / "spill")
        )
        self.con.raw_sql("SET preserve_insertion_order = false")
        self.con.raw_sql("SET enable_progress_bar = false")

    def read(self, paths: Iterable[Path], schema: pa.Schema) -> ir.Table:
        """Read Parquet files of one schema as a table; no files give an empty table."""
        found = [str(p) for p in paths]
        if not found:
            self._empty += 1
            return self.put_arrow(f"empty_{self._empty}", schema.empty_table())
        return self.con.read_parquet(found)

    def path(self, name: str) -> Path:
        """Where the table `name` is stored."""
        return self.folder / f"{name}.parquet"

    def save(self, name: str, expr: ir.Table) -> ir.Table:
        """Run `expr` once, store it as `name` and return the stored table."""
        from ibis.backends.sql.datatypes import DuckDBType

        target = self.path(name)
        # The engine's own types differ from the declared ones (a sum of int64 is a HUGEINT, which Parquet would
        # hold as a double): the stored table has the declared types.
        columns = ", ".join(
            f'CAST("{column}" AS {DuckDBType.to_string(kind)}) AS "{column}"'
            for column, kind in expr.schema().items()
        )
        self.con.raw_sql(
            f"COPY (SELECT {columns} FROM ({self.con.compile(expr)})) TO {_quoted(target)} (FORMAT parquet)"
        )
        return self.con.read_parquet(str(target))

    def put_arrow(self, name: str, table: pa.Table) -> ir.Table:
        """Store a small Arrow table as `name`."""
        import pyarrow.parquet as pq

        pq.write_table(table, self.path(name))
        return self.con.read_parquet(str(self.path(name)))

    def put_rows(self, name: str, rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> ir.Table:
        """Store a few Python rows as `name` (policy tables, periods)."""
        import pyarrow as pa

        return self.put_arrow(name, pa.Table.from_pylist([dict(r) for r in rows], schema=schema))

    def fetch(self, expr: ir.Table) -> pa.Table:
        """A result small enough for memory."""
        return expr.to_pyarrow()

    def close(self) -> None:
        """Disconnect and drop the spill folder (stored tables stay)."""
        self.con.disconnect()
        shutil.rmtree(self.folder / "spill", ignore_errors=True)
