"""Where set logic runs: one engine connection, its named tables and a folder.

Every step of the pipeline is an Ibis expression; `Workspace.save` runs it once and hands back the stored
table, so that plans stay small and memory stays bounded. What leaves the engine leaves as Parquet
(`Workspace.export`).
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis
    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    import pyarrow as pa

MEMORY_LIMIT = "2300MB"  # leaves room for the writers within the 3 GB that a run may take
THREADS = 2
LOCAL_SPARK = "local[*]"
STEPS = 100  # that a grading takes, about: as many plans as two gradings have are remembered


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
    """An engine connection with a folder for what it stores.

    Args:
        folder: made if missing; holds one Parquet file per exported table, or on a cluster one folder of them.
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
        """Disconnect and drop what the engine spilled (exported tables stay)."""

    @abstractmethod
    def stored(self, name: str) -> ir.Table:
        """A table stored before."""

    @abstractmethod
    def put_arrow(self, name: str, table: pa.Table) -> ir.Table:
        """Store a small Arrow table as `name`."""

    @abstractmethod
    def export(self, name: str) -> Path:
        """A stored table as Parquet in the folder: its `path`."""

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
        """Where the table `name` is exported to."""
        return self.folder / f"{name}.parquet"

    def put_rows(self, name: str, rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> ir.Table:
        """Store a few Python rows as `name` (policy tables, periods)."""
        import pyarrow as pa

        return self.put_arrow(name, pa.Table.from_pylist([dict(r) for r in rows], schema=schema))


class DuckDBWorkspace(Workspace):
    """DuckDB inside this process: tables in memory, spilling into the folder.

    A thread of its own runs what is stored, in order, while the next steps are planned. What fails there is raised
    by the next `fetch` or `export`, and nothing runs after it; without one of these nothing was made of the tables.
    """

    def __init__(self, folder: Path) -> None:
        import ibis

        super().__init__(folder)
        self.con = ibis.duckdb.connect(
            threads=THREADS, memory_limit=MEMORY_LIMIT, temp_directory=str(folder / "spill")
        )
        self.con.raw_sql("SET preserve_insertion_order = false")
        self.con.raw_sql("SET enable_progress_bar = false")
        # Tables in memory are rewritten by every checkpoint, and nothing here outlives the connection.
        self.con.raw_sql("SET checkpoint_threshold = '1TB'")
        self._schemas: dict[str, ibis.Schema] = {}
        self._views = 0
        self._runner = ThreadPoolExecutor(1, thread_name_prefix="duckdb")
        self._running: list[Future[None]] = []
        self._has_failed = False

    def save(self, name: str, expr: ir.Table) -> ir.Table:
        """Plan `expr`, have it run and stored as `name`, and return the stored table."""
        from ibis.backends.sql.datatypes import DuckDBType

        # The engine's own types differ from the declared ones (a sum of int64 is a HUGEINT, which Parquet would
        # hold as a double): the stored table has the declared types.
        schema = expr.schema()
        columns = ", ".join(
            f'CAST("{column}" AS {DuckDBType.to_string(kind)}) AS "{column}"'
            for column, kind in schema.items()
        )
        sql = f'CREATE OR REPLACE TABLE "{name}" AS SELECT {columns} FROM ({_as_sql(expr.op())})'
        self._run(lambda: self.con.con.execute(sql))
        return self._named(name, schema)

    def stored(self, name: str) -> ir.Table:
        """A table stored before."""
        return self._named(name, self._schemas[name])

    def put_arrow(self, name: str, table: pa.Table) -> ir.Table:
        """Store a small Arrow table as `name`."""
        import ibis

        def store() -> None:
            self.con.con.register("arrow_rows", table)
            self.con.con.execute(f'CREATE OR REPLACE TABLE "{name}" AS FROM arrow_rows')
            self.con.con.unregister("arrow_rows")

        self._run(store)
        return self._named(name, ibis.Schema.from_pyarrow(table.schema))

    def fetch(self, expr: ir.Table) -> pa.Table:
        """A result small enough for memory."""
        self._wait()
        return self.con.to_pyarrow(expr)

    def export(self, name: str) -> Path:
        """A stored table as Parquet in the folder: its `path`."""
        target = self.path(name)
        self._run(lambda: self.con.con.execute(f'COPY "{name}" TO {_quoted(target)} (FORMAT parquet)'))
        self._wait()
        return target

    def close(self) -> None:
        """Stop what runs, disconnect and drop tables and spill folder (exported tables stay)."""
        self._has_failed = True  # whoever closes waits for nothing that is still to come
        self.con.con.interrupt()
        self._runner.shutdown(cancel_futures=True)
        self.con.disconnect()
        shutil.rmtree(self.folder / "spill", ignore_errors=True)

    def _scan(self, paths: list[Path]) -> ir.Table:
        import ibis
        import pyarrow.parquet as pq

        files = [file for path in paths for file in parquet_files(path)]
        schema = ibis.Schema.from_pyarrow(pq.read_schema(files[0]))
        self._views += 1
        name = f"files_{self._views}"
        listed = ", ".join(_quoted(file) for file in files)
        # Part of a path that looks like name=value is no column.
        sql = f"CREATE VIEW {name} AS FROM read_parquet([{listed}], hive_partitioning = false)"
        self._run(lambda: self.con.con.execute(sql))
        return self._named(name, schema)

    def _named(self, name: str, schema: ibis.Schema) -> ir.Table:
        import ibis

        self._schemas[name] = schema
        return ibis.table(schema, name)

    def _run(self, step: Callable[[], object]) -> None:
        """Has a step run after those before it."""

        def unless_failed() -> None:
            if self._has_failed:
                return
            try:
                step()
            except BaseException:
                self._has_failed = True
                raise

        self._running.append(self._runner.submit(unless_failed))

    def _wait(self) -> None:
        """Until everything so far has run.

        Raises:
            duckdb.Error: what the first step that failed said.
        """
        for step in self._running:
            step.result()
        self._running.clear()


@lru_cache(maxsize=2 * STEPS)
def _as_sql(op: ops.Node) -> str:
    """An expression as DuckDB's SQL; of several gradings in one process the later ones find most of theirs here."""
    import ibis

    return str(ibis.duckdb.compile(op.to_expr()))


def parquet_files(table: Path) -> list[Path]:
    """The files of a stored table: itself, or those of the folder that a cluster left (a pattern would be misread)."""
    return sorted(table.glob("*.parquet")) if table.is_dir() else [table]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
