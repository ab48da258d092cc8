"""The same expressions on Spark: the same rows as on DuckDB, and a clear word where it cannot run.

`CREDITGRADE_SPARK_FOLDERS` says how many made-up landing folders (default 1), `CREDITGRADE_SPARK_SEED` from which on.
One file: its tests share one Spark.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.control.failures import as_failure
from flows.request import Request, understand
from flows.run import run
from records.errors import CreditgradeError, UsageError
from records.resolve import spark
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
    asked = understand(request, NOW, {"CREDITGRADE_SPARK_MASTER": "spark://head:7077"})
    assert asked.spark_master == "spark://head:7077"
