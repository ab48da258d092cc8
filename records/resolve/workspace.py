"""Where set logic runs: one engine connection, its named tables and a folder.

Every step of the pipeline is an Ibis expression; `Workspace.save` runs it once and hands back the stored
table, so that plans stay small and memory stays bounded. What leaves the engine leaves as Parquet
(`Workspace.export`).
"""

from __future__ import annotations

import os
import shutil
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import ibis
    import ibis.expr.datatypes as dt
    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    import pyarrow as pa

# Leaves room for the writers within the 3 GB that a city's run may take. Two million entities were graded in it.
_LEAST_MEMORY = 2_300_000_000
_MEMORY_AN_ENTITY = 1_150
_MOST_OF_MACHINE = 0.6
THREADS = 2
LOCAL_SPARK = "local[*]"
_VIEW = "files_"
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


def memory_for(entities: int, machine_bytes: int) -> int:
    """Bytes that DuckDB may take: what joins hold grows with the entities, the rest spills.

    Args:
        entities: that are graded; 0 where they are not counted yet.
        machine_bytes: the machine's memory, of which the rest of the run and the system need a part.
    """
    return max(_LEAST_MEMORY, min(entities * _MEMORY_AN_ENTITY, int(machine_bytes * _MOST_OF_MACHINE)))


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
    def save(self, name: str, expr: ir.Table, *, leaves: bool = False) -> ir.Table:
        """Run `expr` once, store it as `name` and return the stored table.

        Args:
            leaves: it is to be exported and hardly read: it need not be held for readers.
        """

    @abstractmethod
    def view(self, name: str, expr: ir.Table) -> ir.Table:
        """Name `expr` in the engine without running it: who reads it reads one name, and plans nothing of it again."""

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
    def export(self, *names: str) -> list[Path]:
        """Stored tables as Parquet in the folder: the `path` of each."""

    def release(self, *names: str) -> None:  # noqa: B027 (files in a folder cost an engine nothing)
        """Say that every step that reads these tables was given: they may go once those have run."""

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

    def expect(self, *, entities: int) -> None:  # noqa: B027 (Spark measures its memory itself)
        """Told how many entities are graded, once they are counted."""

    def path(self, name: str) -> Path:
        """Where the table `name` is exported to."""
        return self.folder / f"{name}.parquet"

    def put_rows(self, name: str, rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> ir.Table:
        """Store a few Python rows as `name` (policy tables, periods)."""
        import pyarrow as pa

        return self.put_arrow(name, pa.Table.from_pylist([dict(r) for r in rows], schema=schema))


class DuckDBWorkspace(Workspace):
    """DuckDB inside this process: tables in memory, spilling into the folder.

    While steps are planned, two threads run those before them, each as soon as the tables that it reads are there: a
    step alone leaves a core idle for a third of its time. What fails is raised by the next `fetch` or `export`, and
    nothing runs after it; without one of these nothing was made of the tables.
    """

    def __init__(self, folder: Path) -> None:
        import ibis

        super().__init__(folder)
        self.con = ibis.duckdb.connect(threads=THREADS, temp_directory=str(folder / "spill"))
        self.expect(entities=0)
        self.con.raw_sql("SET GLOBAL preserve_insertion_order = false")
        # A join keeps its right side in memory, which the expressions make the smaller one. DuckDB guesses the rows of
        # many files by the first: with two million entities it took the wide rows for few, and ran out of memory.
        self.con.raw_sql("SET GLOBAL disabled_optimizers = 'build_side_probe_side'")
        # Tables in memory are rewritten by every checkpoint, and nothing here outlives the connection.
        self.con.raw_sql("SET GLOBAL checkpoint_threshold = '1TB'")
        self._schemas: dict[str, ibis.Schema] = {}
        self._views = 0
        self._behind: dict[str, tuple[str, ...]] = {}  # what each view reads
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="duckdb")
        self._steps: dict[str, Future[None]] = {}
        self._readers: Counter[str] = Counter()  # steps to come that read a table
        self._released: set[str] = set()
        self._files: set[str] = set()  # stored as Parquet, as they are to leave
        self._counting = threading.Lock()
        self._running: set[duckdb.DuckDBPyConnection] = set()
        self._stopped_by: BaseException | None = None

    def expect(self, *, entities: int) -> None:
        """Take memory for so many entities."""
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self.con.raw_sql(f"SET GLOBAL memory_limit = '{memory_for(entities, machine) // 1_000_000}MB'")

    def save(self, name: str, expr: ir.Table, *, leaves: bool = False) -> ir.Table:
        """Plan `expr`, have it run and stored as `name`, and return the stored table.

        Args:
            leaves: it goes to its Parquet file at once; who reads it reads that.
        """
        # The engine's own types differ from the declared ones (a sum of int64 is a HUGEINT, which Parquet would
        # hold as a double): the stored table has the declared types.
        schema = expr.schema()
        columns = ", ".join(
            f'CAST("{column}" AS {_type_name(kind)}) AS "{column}"' for column, kind in schema.items()
        )
        plan, reads = _as_sql(expr.op())
        rows = f"SELECT {columns} FROM ({plan})"
        if leaves:
            file = _quoted(self.path(name))
            self._files.add(name)
            self._run(
                name, reads,
                f"COPY ({rows}) TO {file} (FORMAT parquet);"
                f'CREATE OR REPLACE VIEW "{name}" AS FROM read_parquet({file}, hive_partitioning = false)',
            )  # fmt: skip
        else:
            self._run(name, reads, f'CREATE OR REPLACE TABLE "{name}" AS {rows}')
        return self._named(name, schema)

    def view(self, name: str, expr: ir.Table) -> ir.Table:
        """Name `expr` in the engine without running it."""
        plan, reads = _as_sql(expr.op())
        self._run(name, reads, f'CREATE OR REPLACE VIEW "{name}" AS {plan}')
        self._behind[name] = self._with_behind(reads)
        return self._named(name, expr.schema())

    def stored(self, name: str) -> ir.Table:
        """A table stored, or a view named, before."""
        return self._named(name, self._schemas[name])

    def put_arrow(self, name: str, table: pa.Table) -> ir.Table:
        """Store a small Arrow table as `name`."""
        import ibis

        self._run(name, (), f'CREATE OR REPLACE TABLE "{name}" AS FROM arrow_rows', table)
        return self._named(name, ibis.Schema.from_pyarrow(table.schema))

    def fetch(self, expr: ir.Table) -> pa.Table:
        """A result small enough for memory.

        Raises:
            ValueError: it would read what was released.
        """
        reads = self._with_behind(_reads(expr.op()))
        self._refuse_released(reads)
        self._wait(reads)
        return self.con.to_pyarrow(expr)

    def export(self, *names: str) -> list[Path]:
        """Stored tables as Parquet in the folder: the `path` of each."""
        for name in names:
            if name in self._files:
                continue
            place = self.path(name)
            self._run(place.name, (name,), f'COPY "{name}" TO {_quoted(place)} (FORMAT parquet)')
        self._wait(self._steps)
        return [self.path(name) for name in names]

    def release(self, *names: str) -> None:
        """Drop these tables as soon as the last step that reads them has ended: what stays in memory spills.

        Raises:
            KeyError: one was never stored.
        """
        with self._counting:
            self._released.update(names)
            unread = [name for name in names if self._steps[name].done() and not self._readers[name]]
        self._drop(unread)

    def close(self) -> None:
        """Stop what runs, disconnect and drop tables and spill folder (exported tables stay)."""
        self._stopped_by = CancelledError()  # whoever closes waits for nothing that is still to come
        for con in tuple(self._running):
            con.interrupt()
        self._pool.shutdown(cancel_futures=True)
        self.con.disconnect()
        shutil.rmtree(self.folder / "spill", ignore_errors=True)

    def _scan(self, paths: list[Path]) -> ir.Table:
        import ibis
        import pyarrow.parquet as pq

        files = [file for path in paths for file in parquet_files(path)]
        schema = ibis.Schema.from_pyarrow(pq.read_schema(files[0]))
        self._views += 1
        name = f"{_VIEW}{self._views}"
        listed = ", ".join(_quoted(file) for file in files)
        # Part of a path that looks like name=value is no column.
        self._run(name, (), f"CREATE VIEW {name} AS FROM read_parquet([{listed}], hive_partitioning = false)")
        return self._named(name, schema)

    def _named(self, name: str, schema: ibis.Schema) -> ir.Table:
        import ibis

        self._schemas[name] = schema
        return ibis.table(schema, name)

    def _run(self, name: str, reads: Iterable[str], sql: str, arrow_rows: pa.Table | None = None) -> None:
        """Has a step run, on a connection of its own, after those that make what it reads.

        Args:
            name: what it makes; made once more, after all that may still read the former.
            reads: names that it reads, each once.
            sql: the step.
            arrow_rows: read by that name.

        Raises:
            ValueError: it would read what was released.
        """
        reads = self._with_behind(reads)
        self._refuse_released(reads)
        # What a step waits for was handed to the pool before it, so that one thread at least never waits.
        before = list(self._steps.values()) if name in self._steps else [self._steps[read] for read in reads]
        with self._counting:
            self._readers.update(reads)
            self._released.discard(name)

        def run() -> None:
            for step in before:
                step.result()
            with self.con.con.cursor() as con:
                self._running.add(con)
                try:
                    if self._stopped_by is not None:
                        raise self._stopped_by
                    if arrow_rows is not None:
                        con.register("arrow_rows", arrow_rows)
                    con.execute(sql)
                except BaseException as error:
                    self._stopped_by = self._stopped_by or error  # what ran beside it may fail of it
                    raise
                finally:
                    self._running.discard(con)
            with self._counting:
                self._readers.subtract(reads)
                unread = [read for read in self._released.intersection(reads) if not self._readers[read]]
            self._drop(unread)

        self._steps[name] = self._pool.submit(run)

    def _with_behind(self, reads: Iterable[str]) -> tuple[str, ...]:
        """These names, each once, with those that views among them read: they, too, must be there, and stay."""
        named = dict.fromkeys(reads)
        return tuple(named | dict.fromkeys(behind for read in named for behind in self._behind.get(read, ())))

    def _refuse_released(self, reads: Iterable[str]) -> None:
        if gone := self._released.intersection(reads):
            raise ValueError(f"released, and asked for once more: {', '.join(sorted(gone))}")

    def _drop(self, tables: Iterable[str]) -> None:
        if tables := list(tables):
            with self.con.con.cursor() as con:
                for name in tables:
                    con.execute(f'DROP TABLE "{name}"')

    def _wait(self, names: Iterable[str]) -> None:
        """Until these have been made.

        Raises:
            duckdb.Error: what the first step that failed said, whichever it was.
        """
        for name in names:
            self._steps[name].result()


@lru_cache(maxsize=2 * STEPS)
def _as_sql(op: ops.Node) -> tuple[str, tuple[str, ...]]:
    """An expression as DuckDB's SQL, and the tables it reads; most plans of a later grading are found here."""
    import ibis

    return str(ibis.duckdb.compile(op.to_expr())), _reads(op)


@cache
def _type_name(kind: dt.DataType) -> str:
    """A type as DuckDB names it: a grading asks for a dozen types a thousand times."""
    from ibis.backends.sql.datatypes import DuckDBType

    return DuckDBType.to_string(kind)


def _reads(op: ops.Node) -> tuple[str, ...]:
    import ibis.expr.operations as ops

    return tuple(sorted({table.name for table in op.find(ops.UnboundTable)}))


def parquet_files(table: Path) -> list[Path]:
    """The files of a stored table: itself, or those of the folder that a cluster left (a pattern would be misread)."""
    return sorted(table.glob("*.parquet")) if table.is_dir() else [table]


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
