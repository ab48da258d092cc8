"""The same expressions on Spark: in this process (``local[…]``), on a cluster's master, or by Spark Connect.

Tables are read and written by the executors, so the lake and the output folder lie on a file system that every
machine sees under the same path.
"""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.errors import UsageError
from records.resolve.spark_address import CONNECT, require_answer, shown
from records.resolve.workspace import LOCAL_SPARK, Workspace, parquet_files

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_APP = "creditgrade"
# What the answers rest on, whatever the cluster's own defaults say.
_NEEDED = {
    # Days before 1582 stand in for "never" and "always".
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, not a null
}
# On one machine: no page to look at, no address but its own. Memory and the like: spark-defaults.conf.
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}
_PARTITIONS = (
    "spark.sql.shuffle.partitions",
    "8",
)  # on one machine, where nothing else is set: 200 is for clusters
# A cluster without a free core says nothing and waits for ever.
_FIRST_TASK_SECONDS = 600.0
_REASON = re.compile(r"Application has been killed\. Reason: (.+)")
_GLOB = re.compile(r"([{}\[\]*?\\])")


def require_spark(master: str) -> None:
    """Refuses at once what could not run.

    Raises:
        UsageError: ``engine_missing``: the extra, or Java, is not installed; ``engine_unreachable``: nothing
            answers at its address.
    """
    if find_spec("pyspark") is None:
        raise UsageError(
            "--engine spark needs the extra: pip install 'creditgrade[spark]'", rule="engine_missing"
        )
    if master.startswith(CONNECT):
        if find_spec("grpc") is None or find_spec("grpc_status") is None:
            raise UsageError(
                "a Spark Connect server needs grpcio and grpcio-status: pip install 'pyspark[connect]'",
                rule="engine_missing",
            )
    elif shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise UsageError("--engine spark needs Java 17 or newer, or JAVA_HOME", rule="engine_missing")
    require_answer(master)


def start_session(master: str, folder: Path, **settings: str) -> SparkSession:
    """A session with what the answers need.

    Args:
        master: ``local[N]``, a master's URL, or ``sc://…``.
        folder: for the engine's own words (``spark.log``) and, in local mode, what it spills.
        settings: of Spark, before ours (tests).

    Raises:
        UsageError: ``engine_missing``; ``engine_unreachable``: no session there, or none of its
            machines takes up work.
    """
    require_spark(master)
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(_APP)
    try:
        if master.startswith(CONNECT):
            session: SparkSession = builder.remote(master).getOrCreate()
        else:
            chosen = {"spark.master": master, **settings}
            if master.startswith("local"):
                chosen = {**_LOCAL, "spark.local.dir": str(folder / "spill"), **chosen}
            _start_java({"spark.app.name": _APP, **chosen}, folder)
            session = builder.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
            if master.startswith("local") and session.sparkContext.getConf().get(_PARTITIONS[0]) is None:
                session.conf.set(*_PARTITIONS)
    except (PySparkException, Py4JError, OSError) as error:
        raise UsageError(
            f"--engine spark: no session at {shown(master)}: {_cause(error, folder)}",
            rule="engine_unreachable",
        ) from error
    if not master.startswith("local"):
        _first_task(session, master)
    return session


class SparkWorkspace(Workspace):
    """Spark, with one folder of Parquet files per stored table.

    A session that stands already is used and left standing; one that is begun here ends with the workspace.
    """

    def __init__(self, folder: Path, master: str = LOCAL_SPARK) -> None:
        import ibis

        super().__init__(folder)
        self._own = None
        require_spark(master)
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        if session is None:
            session = self._own = start_session(master, folder)
        for name, value in _NEEDED.items():
            session.conf.set(name, value)
        self._session: Any = session
        self.con = ibis.pyspark.connect(session)
        self._views: list[str] = []
        self._tables: dict[str, ir.Table] = {}

    def save(self, name: str, expr: ir.Table, *, leaves: bool = False) -> ir.Table:
        """Run `expr` once, store it as `name` and return the stored table, a folder of files in either case."""
        from ibis.backends.sql.datatypes import PySparkType

        columns = ", ".join(
            f"CAST(`{column}` AS {PySparkType.to_string(kind)}) AS `{column}`"
            for column, kind in expr.schema().items()
        )
        rows = self._session.sql(f"SELECT {columns} FROM ({self.con.compile(expr)})")
        rows.write.mode("overwrite").parquet(f"file://{self.path(name).resolve()}")
        return self._keep(name)

    def view(self, name: str, expr: ir.Table) -> ir.Table:
        """Name `expr` in the engine without running it."""
        self._tables[name] = self._as_view(self._session.sql(self.con.compile(expr)))
        return self._tables[name]

    def stored(self, name: str) -> ir.Table:
        """A table stored, or a view named, before."""
        return self._tables[name]

    def put_arrow(self, name: str, table: pa.Table) -> ir.Table:
        """Store a small Arrow table as `name`."""
        import pyarrow.parquet as pq

        pq.write_table(table, self.path(name))
        return self._keep(name)

    def export(self, *names: str) -> list[Path]:
        """Stored tables as Parquet in the folder: the `path` of each."""
        return [self.path(name) for name in names]

    def fetch(self, expr: ir.Table) -> pa.Table:
        """A result small enough for memory."""
        import pyarrow.parquet as pq

        # By the shared folder: the engine's own way leaves a socket open for each result.
        name = f"fetched_{len(self._views)}"
        self.save(name, expr)
        return pq.read_table(self.path(name))

    def close(self) -> None:
        """Forget the tables (stored ones stay); end the session if it was begun here."""
        for view in self._views:
            self._session.catalog.dropTempView(view)
        if self._own is not None:
            self._own.stop()
            shutil.rmtree(self.folder / "spill", ignore_errors=True)

    def _keep(self, name: str) -> ir.Table:
        self._tables[name] = self._scan([self.path(name)])
        return self._tables[name]

    def _scan(self, paths: list[Path]) -> ir.Table:
        import ibis
        import pyarrow.parquet as pq
        from ibis.backends.pyspark.datatypes import PySparkSchema

        # Read here, the schema costs nothing; Spark would start a job for the first file's.
        found = ibis.Schema.from_pyarrow(pq.read_schema(parquet_files(paths[0])[0]))
        schema = PySparkSchema.from_ibis(found)
        return self._as_view(self._session.read.schema(schema).parquet(*(_as_pattern(p) for p in paths)))

    def _as_view(self, rows: DataFrame) -> ir.Table:
        import ibis
        from ibis.backends.pyspark.datatypes import PySparkType

        view = f"{_APP}_{id(self)}_{len(self._views)}"
        rows.createOrReplaceTempView(view)
        self._views.append(view)
        # A part without nulls is no promise: every column may be null, on the engines alike.
        return ibis.table({field.name: PySparkType.to_ibis(field.dataType) for field in rows.schema}, view)


def _as_pattern(path: Path) -> str:
    """A path of every machine's own file system; Spark takes it for a pattern."""
    return "file://" + _GLOB.sub(r"\\\1", str(path.resolve()))


def _start_java(settings: dict[str, str], folder: Path) -> None:
    """Start the driver's Java with its words going to a file, where none runs yet."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    conf = SparkConf().setAll(list(settings.items()))
    if SparkContext._gateway is None:
        with open(folder / "spark.log", "ab") as log:
            gateway = launch_gateway(conf, {"stdout": log, "stderr": log})
        SparkContext(conf=conf, gateway=gateway)
    else:
        SparkContext(conf=conf)


def _first_task(session: SparkSession, master: str) -> None:
    pool = ThreadPoolExecutor(1, thread_name_prefix="spark")
    task = pool.submit(session.range(1).count)
    pool.shutdown(wait=False)
    try:
        task.result(_FIRST_TASK_SECONDS)
    except BaseException as error:
        session.stop()  # the task fails, and the thread that waits for it ends
        if not isinstance(error, TimeoutError):
            raise
        raise UsageError(
            f"--engine spark: {shown(master)} took up no work in {_FIRST_TASK_SECONDS:g} s: has it workers with "
            "free cores, and the memory of spark.executor.memory?",
            rule="engine_unreachable",
        ) from error


def _cause(error: Exception, folder: Path) -> str:
    """One line; no row was read by then."""
    log = folder / "spark.log"
    if "JAVA_GATEWAY_EXITED" in str(error) and log.exists():
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in said if line and not line.startswith("WARNING")), "Java ended")[:200]
    java = getattr(error, "java_exception", None)
    text = str(error if java is None else java.toString()).partition("\n")[0]
    if "stopped SparkContext" in text and log.exists():  # why it was stopped, the log alone says
        text = (_REASON.findall(log.read_text(encoding="utf-8", errors="replace")) or [text])[-1]
    return text[:200]
