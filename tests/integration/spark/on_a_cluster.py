"""A standalone master with two workers, each a process of its own: the same bytes, also where a worker dies.

Outside the suite for what it costs: pytest looks for `test_*.py`, and `make spark` names this file.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

AS_OF = "2026-06-30"
HOST = "127.0.0.1"
ENTITIES = 300
ROWS_A_FILE = 2  # small deliveries, so that the lake puts them together in packs
WORKERS = 2
_SMALL_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# As an operator writes it. A machine that was stopped for minutes is not to be taken for lost.
_DEFAULTS = {
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.ui.enabled": "false",
    "spark.executor.memory": "1g",
    "spark.executor.cores": "1",
    "spark.network.timeout": "900s",
    "spark.driver.extraJavaOptions": _SMALL_JAVA,
    "spark.executor.extraJavaOptions": _SMALL_JAVA,
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
pytestmark = [pytest.mark.slow, pytest.mark.needs("java"), pytest.mark.timeout(3600)]


@dataclass
class Cluster:
    """A master, its workers, and what a command needs to find them."""

    master: str
    workers: list[subprocess.Popen[bytes]]
    environ: dict[str, str]


def _free_port() -> int:
    with socket.socket() as some:
        some.bind((HOST, 0))
        return int(some.getsockname()[1])


def _until(holds: Callable[[], bool], what: str, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what} within {seconds} s"
        time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    import pyspark

    home, logs = Path(pyspark.__file__).parent, tmp_path / "daemons"
    conf = tmp_path / "conf"
    for folder in (logs, conf):
        folder.mkdir()
    (conf / "spark-defaults.conf").write_text(
        "".join(f"{name} {value}\n" for name, value in _DEFAULTS.items())
    )
    environ = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(conf),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_DAEMON_JAVA_OPTS": f"{_SMALL_JAVA} -Dspark.worker.timeout=900",
    }
    begun: list[subprocess.Popen[bytes]] = []

    def begin(name: str, role: str, *options: str) -> Path:
        log = logs / name
        command = [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{role}", "--host", HOST, *options]
        with open(log, "wb") as words:
            begun.append(subprocess.Popen(command, stdout=words, stderr=words, env=environ))
        return log

    port = _free_port()
    master = f"spark://{HOST}:{port}"
    try:
        log = begin("master", "master.Master", "--port", str(port), "--webui-port", "0")
        _until(lambda: "New state: ALIVE" in log.read_text(), "the master stands")
        for n in range(WORKERS):
            options = (
                "--cores",
                "1",
                "--memory",
                "1500m",
                "--webui-port",
                "0",
                "--work-dir",
                str(logs / f"work{n}"),
            )
            begin(f"worker{n}", "worker.Worker", *options, master)
        _until(lambda: log.read_text().count("Registering worker") == WORKERS, "the workers are known")
        yield Cluster(master, begun[1:], environ)
    finally:
        for process in reversed(begun):
            _end(process)


def _cut(landing: Path) -> None:
    """CSV files of many records become many small ones."""
    for path in sorted(landing.rglob("*.csv")):
        text = path.read_bytes()
        if text.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue  # UTF-16 has its ends of lines elsewhere
        records = [b""]
        for line in text.splitlines(keepends=True):
            records[-1] += line
            if records[-1].count(b'"') % 2 == 0:  # not inside a cell
                records.append(b"")
        head, *rows = records[:-1] if records[-1] == b"" else records
        for n in range(0, len(rows), ROWS_A_FILE):
            part = path.with_name(f"{path.stem}-{n:05d}.csv")
            part.write_bytes(head + b"".join(rows[n : n + ROWS_A_FILE]))
        path.unlink()


def _command(folder: Path, engine: str) -> list[str]:
    return [
        *(str(Path(sys.executable).with_name("creditgrade")), "run", "--landing", str(folder / "landing")),
        *("--out", str(folder / engine), "--as-of", AS_OF, "--publish", "--engine", engine, "-q"),
    ]


def _tables(out: Path) -> dict[str, str]:
    snapshot = out / "snapshots" / f"as_of={AS_OF}"
    manifest = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    kept = [one["path"] for one in manifest["outputs"] if one["reproducible"]]
    return {path: sha256((snapshot / path).read_bytes()).hexdigest() for path in kept}


@pytest.mark.parametrize("dies", [False, True], ids=["all stay", "one dies"])
def test_a_cluster_gives_the_same_bytes(dies: bool, tmp_path: Path, cluster: Cluster) -> None:
    from data.sample import generate

    folder = tmp_path / "夜 [1] {a}"
    generate(folder / "landing", ENTITIES, 7, date.fromisoformat(AS_OF))
    _cut(folder / "landing")
    subprocess.run(_command(folder, "duckdb"), check=True)
    assert list((folder / "duckdb" / "lake").glob("*/packs/*.parquet"))
    work = folder / "spark" / ".work"
    environ = {**cluster.environ, "CREDITGRADE_SPARK_MASTER": cluster.master}
    with subprocess.Popen(_command(folder, "spark"), env=environ, stderr=subprocess.PIPE) as running:
        if dies:
            _until(
                lambda: running.poll() is not None or len(list(work.glob("*/*.parquet"))) > 30, "some steps"
            )
            assert running.poll() is None
            cluster.workers[0].kill()
        said = running.communicate()[1].decode()
    assert (running.returncode, said) == (0, "")
    found = _tables(folder / "spark")
    assert len(found) >= 30
    assert found == _tables(folder / "duckdb")
