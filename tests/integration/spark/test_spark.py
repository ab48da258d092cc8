"""The same expressions on Spark: the same rows as on DuckDB, and a clear word where it cannot run.

`CREDITGRADE_SPARK_FOLDERS` says how many made-up landing folders (default 1), `CREDITGRADE_SPARK_SEED` from which on.
One file: its tests share one Spark.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import threading
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from flows.control.failures import as_failure
from flows.request import Request, understand
from flows.run import run
from records.errors import CreditgradeError, UsageError
from records.resolve import spark, spark_address
from tests.integration.cli.conftest import Told

FULL = 7  # the seed of a city that fills every table
FOLDERS = int(os.environ.get("CREDITGRADE_SPARK_FOLDERS", "1"))
SEED = int(os.environ.get("CREDITGRADE_SPARK_SEED", str(FULL)))
AS_OF = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.needs("java")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(SEED, SEED + FOLDERS))
def test_any_folder_gives_the_same_rows(
    seed: int, tmp_path: Path, spark_session: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whole runs of a made-up city: counts, warnings and the bytes of every table are those of DuckDB."""
    from data.sample import generate

    # Brackets, spaces and Chinese in a path are no pattern and no escape.
    folder = tmp_path / "夜 [1] {a}"
    generate(folder / "landing", 200, seed, AS_OF)
    manifests = {}
    for engine in ("duckdb", "spark"):
        request = Request(
            folder / "landing", folder / engine, as_of=AS_OF.isoformat(), engine=engine, does_publish=True
        )
        manifests[engine] = run(request, now=NOW, environ={}, show=Told()).published.manifest
        assert manifests[engine].pop("engine") == engine
        assert json.loads((folder / engine / "status.json").read_text())["exit_code"] == 0
    assert manifests["spark"] == manifests["duckdb"]
    empty = {one["path"] for one in manifests["spark"]["outputs"] if one["reproducible"] and not one["rows"]}
    # A small city may give nobody a warning, and no model is a challenger here; all else is put to the test.
    tables = ("early_warnings", "shadow_points")
    if seed == FULL:
        assert empty <= {f"regulators/{table}.{suffix}" for table in tables for suffix in ("parquet", "csv")}
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def _refused(folder: Path, environ: dict[str, str] | None = None) -> CreditgradeError:
    (folder / "landing").mkdir(exist_ok=True)
    with pytest.raises(UsageError) as raised:
        run(
            Request(folder / "landing", folder / "out", engine="spark"),
            now=NOW,
            environ=environ or {},
            show=Told(),
        )
    failure = as_failure(raised.value)
    assert failure.exit_code == 2
    assert "\n" not in str(failure)
    return failure


def test_without_the_extra_the_run_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(spark, "find_spec", lambda name: None if name == "pyspark" else found(name))
    failure = _refused(tmp_path)
    assert failure.rule == "engine_missing"
    assert "creditgrade[spark]" in str(failure)
    assert not (tmp_path / "out" / "lake").exists()  # before anything was taken in


def test_without_java_the_run_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda command: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "Java 17" in str(_refused(tmp_path))


def test_a_connect_server_needs_its_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(spark, "find_spec", lambda name: None if name.startswith("grpc") else found(name))
    assert "grpcio" in str(_refused(tmp_path, {"CREDITGRADE_SPARK_MASTER": "sc://spark:15002"}))


def test_java_that_does_not_start_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark import SparkContext, java_gateway
    from pyspark.errors import PySparkRuntimeError

    def launch(_conf: object, streams: dict[str, Any]) -> None:
        streams["stderr"].write(b"WARNING: of no matter\nthis Java is too old\nline 97: and so on\n")
        raise PySparkRuntimeError(errorClass="JAVA_GATEWAY_EXITED", messageParameters={})

    monkeypatch.setattr(SparkContext, "_gateway", None)
    monkeypatch.setattr(java_gateway, "launch_gateway", launch)
    with pytest.raises(UsageError, match=r"no session at local\[1\]: this Java is too old") as raised:
        spark.start_session("local[1]", tmp_path)
    assert raised.value.rule == "engine_unreachable"


def test_the_master_comes_from_the_environment(tmp_path: Path) -> None:
    request = Request(tmp_path, tmp_path, engine="spark")
    assert understand(request, NOW).spark_master == "local[*]"
    for master in (
        "local", "local[4]", "local[*,2]", "local-cluster[2,1,1024]",
        "spark://head:7077", "spark://head-1:7077,10.0.0.2:7077", "yarn",
        "k8s://https://head:6443", "sc://head", "sc://head:15002", "sc://[::1]:15002/;use_ssl=true;token=x",
    ):  # fmt: skip
        asked = understand(request, NOW, {"CREDITGRADE_SPARK_MASTER": f" {master} "})
        assert asked.spark_master == master


@pytest.mark.parametrize(
    "text", ["head:7077", "spark://head", "spark://", "spark://head:70770", "local[0]", "local[", "http://head:8080", "sc://"]
)  # fmt: skip
def test_a_master_that_is_none_is_told_before_anything_is_taken_in(tmp_path: Path, text: str) -> None:
    failure = _refused(tmp_path, {"CREDITGRADE_SPARK_MASTER": text})
    assert failure.rule == "bad_option"
    assert str(failure).startswith(
        f"CREDITGRADE_SPARK_MASTER {text.rstrip('/')!r} is none of local[N], spark://"
    )
    assert not (tmp_path / "out" / "lake").exists()
    # Whoever does not ask for Spark need not mend it.
    assert understand(Request(tmp_path, tmp_path), NOW, {"CREDITGRADE_SPARK_MASTER": text}).engine == "duckdb"


def test_a_master_that_does_not_answer_is_told_before_anything_is_taken_in(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        master = f"spark://127.0.0.1:{nobody.getsockname()[1]}"
        failure = _refused(tmp_path, {"CREDITGRADE_SPARK_MASTER": master})
    assert failure.rule == "engine_unreachable"
    assert f"nothing answers at {master} (127.0.0.1:" in str(failure)
    assert not (tmp_path / "out" / "lake").exists()


def test_one_of_two_masters_is_enough() -> None:
    with socket.socket() as nobody, socket.socket() as head:
        nobody.bind(("127.0.0.1", 0))
        head.bind(("127.0.0.1", 0))
        head.listen()
        places = ",".join(f"127.0.0.1:{one.getsockname()[1]}" for one in (nobody, head))
        spark_address.require_answer(f"spark://{places}")


def test_a_connect_servers_token_is_not_told() -> None:
    assert spark_address.addresses("sc://head/;token=secret") == [("head", 15002)]
    with pytest.raises(UsageError, match="engine_unreachable") as raised:
        spark_address.require_answer("sc://127.0.0.1:1/;token=secret")
    assert "secret" not in str(raised.value)
    with pytest.raises(UsageError, match="bad_option") as raised:
        spark_address.read_master("sc:/127.0.0.1:1/;token=secret")
    assert "secret" not in str(raised.value)


def test_a_cluster_without_a_free_worker_is_told_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "_FIRST_TASK_SECONDS", 0.1)
    stopped = threading.Event()

    class Session:
        """Its task ends with it, as Spark's does."""

        def range(self, _rows: int) -> Session:
            return self

        def count(self) -> None:
            assert stopped.wait(30)

        def stop(self) -> None:
            stopped.set()

    with pytest.raises(UsageError, match=r"spark://head:7077 took up no work in 0\.1 s.*engine_unreachable"):
        spark._first_task(cast(Any, Session()), "spark://head:7077")
    assert stopped.is_set()
