"""Where set logic runs: one engine connection and a folder of named Parquet tables.

Every step of the pipeline is an Ibis expression; `Workspace.save` runs it once and hands back the stored
table, so that plans stay small, memory stays bounded and each intermediate can be looked at.
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

MEMORY_LIMIT = "1800MB"  # leaves room for the writers within the 3 GB that a run may take
THREADS = 2
LOCAL_SPARK = "local[*]"


def open_workspace(folder: Path, engine: str = "duckdb", spark_master: str = LOCAL_SPARK) -> Workspace:
    """The workspace of an engine.

    Args:
        folder: for the tables; made if missing.
        engine: ``duckdb`` or ``spark``.
        spark_master: for Spark, its master or the URL of its Connect server (``sc://…``).

    Raises:
        UsageError: ``engine_missing``; ``engine_unreachable``.
    """
    if engine == "spark":
        from records.resolve.spark import SparkWorkspace

        return SparkWorkspace(folder, spark_master)
    if engine != "duckdb":
        raise ValueError(f"engine {engine!r} is unknown")
    return DuckDBWorkspace(folder)


class Workspace(ABC):
    """An engine connection with a folder for intermediate tables.

    Args:
        folder: made if missing; holds one Parquet file per stored table, or on a cluster one folder of them.
    """

    con: Any

    def __init__(self, folder: Path) -> None:
        import ibis

        # Fusing selects makes shorter SQL and costs more than it saves: the engines plan nested ones as well.
        ibis.options.sql.fuse_selects = False
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._empty = 0

    @abstractmethod
    def save(self, name: str, expr: ir.Table) -> ir.Table:
        """Run `expr` once, store it as `name` and return the stored table."""

    @abstractmethod
    def fetch(self, expr: ir.Table) -> pa.Table:
        """A result small enough for memory."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect and drop what the engine spilled (stored tables stay)."""

    @abstractmethod
    def _scan(self, paths: list[Path]) -> ir.Table:
        """Parquet files, or folders of them, as one table."""

    def read(self, paths: Iterable[Path], schema: pa.Schema | None = None) -> ir.Table:
        """Read Parquet files of one schema as a table; no files give an empty table of that schema."""
        found = list(paths)
        if not found:
            if schema is None:
                raise ValueError("no files and no schema")
            self._empty += 1
            return self.put_arrow(f"empty_{self._empty}", schema.empty_table())
        return self._scan(found)

    def count(self, tables: Mapping[str, ir.Table]) -> dict[str, int]:
        """How many rows each of some tables has, in one run."""
        import ibis

        from records.resolve.expr import union_all

        if not tables:
            return {}
        parts = [t.agg(rows=t.count()).mutate(table=ibis.literal(name)) for name, t in tables.items()]
        return {row["table"]: int(row["rows"]) for row in self.fetch(union_all(parts)).to_pylist()}

    def path(self, name: str) -> Path:
        """Where the table `name` is stored."""
        return self.folder / f"{name}.parquet"

    def stored(self, name: str) -> ir.Table:
        """A table stored before."""
        return self._scan([self.path(name)])

    def put_arrow(self, name: str, table: pa.Table) -> ir.Table:
        """Store a small Arrow table as `name`."""
        import pyarrow.parquet as pq

        pq.write_table(table, self.path(name))
        return self.stored(name)

    def put_rows(self, name: str, rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> ir.Table:
        """Store a few Python rows as `name` (policy tables, periods)."""
        import pyarrow as pa

        return self.put_arrow(name, pa.Table.from_pylist([dict(r) for r in rows], schema=schema))


class DuckDBWorkspace(Workspace):
    """DuckDB inside this process, spilling into the folder."""

    def __init__(self, folder: Path) -> None:
        import ibis

        super().__init__(folder)
        self.con = ibis.duckdb.connect(
            threads=THREADS, memory_limit=MEMORY_LIMIT, temp_directory=str(folder / "spill")
        )
        self.con.raw_sql("SET preserve_insertion_order = false")
        self.con.raw_sql("SET enable_progress_bar = false")

    def save(self, name: str, expr: ir.Table) -> ir.Table:
        """Run `expr` once, store it as `name` and return the stored table."""
        from ibis.backends.sql.datatypes import DuckDBType

        # The engine's own types differ from the declared ones (a sum of int64 is a HUGEINT, which Parquet would
        # hold as a double): the stored table has the declared types.
        columns = ", ".join(
            f'CAST("{column}" AS {DuckDBType.to_string(kind)}) AS "{column}"'
            for column, kind in expr.schema().items()
        )
        self.con.raw_sql(
            f"COPY (SELECT {columns} FROM ({self.con.compile(expr)})) "
            f"TO {_quoted(self.path(name))} (FORMAT parquet)"
        )
        return self.stored(name)

    def fetch(self, expr: ir.Table) -> pa.Table:
        """A result small enough for memory."""
        return expr.to_pyarrow()

    def close(self) -> None:
        """Disconnect and drop the spill folder (stored tables stay)."""
        self.con.disconnect()
        shutil.rmtree(self.folder / "spill", ignore_errors=True)

    def _scan(self, paths: list[Path]) -> ir.Table:
        # Part of a path that looks like name=value is no column.
        return self.con.read_parquet(
            [str(file) for path in paths for file in parquet_files(path)], hive_partitioning=False
        )


def parquet_files(table: Path) -> list[Path]:
    """The files of a stored table: itself, or those of the folder that a cluster left (a pattern would be misread)."""
    return sorted(table.glob("*.parquet")) if table.is_dir() else [table]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
