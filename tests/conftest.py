"""What all tests share: what a test needs of the machine, and that nothing skips where nothing may."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from functools import cache, lru_cache
from glob import glob
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import policy
from records.resolve import workspace

NO_SKIP = "CREDITGRADE_NO_SKIP"
# How long an example takes says how busy the machine is; speed is measured in `bench/`.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
# Plans, suites and items are many small objects that stay: looking through them at each 700 new ones costs a tenth.
gc.set_threshold(50_000, 20, 100)
_load_policy = policy.load_policy
_standing_policy = cache(_load_policy)


def _load_policy_once(path: Path | None = None) -> policy.Policy:
    """The policy beside its package is the same for every test: a process reads it once. Any other is read anew."""
    return _standing_policy() if path is None else _load_policy(path)


policy.load_policy = _load_policy_once
# A night has one day; a process of the tests comes back to each of many.
workspace._as_sql = lru_cache(maxsize=50 * workspace.STEPS)(workspace._as_sql.__wrapped__)
# What `needs` asks for, and the commands that tell whether it is there. Debian keeps a server's own off the PATH.
_COMMANDS = {
    "java": ("java",),
    "postgres": ("initdb", "/usr/lib/postgresql/*/bin/initdb"),
    "chromium": ("chromium", "chromium-browser"),
}


# For tables of some hundred rows, compiling and spreading work costs more than the work.
_SMALL_SPARK = {
    "spark.driver.extraJavaOptions": (
        "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xms1g -Xmn600m "
        "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
    ),
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
# A class is looked for in one of 250 files after the other: those that hold nearly all of them stand first.
_FIRST_JARS = (
    "scala-library",
    "spark-catalyst",
    "spark-sql_",
    "spark-sql-api",
    "spark-core",
    "hadoop-client-api",
)


def _class_path() -> str:
    import pyspark

    jars = Path(pyspark.__file__).parent / "jars"
    return os.pathsep.join(str(jar) for name in _FIRST_JARS for jar in sorted(jars.glob(f"{name}*.jar")))


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The one Spark of a test process: gradings with ``engine="spark"`` find and use it. Mark: needs("java")."""
    from records.resolve.spark import start_session

    settings = {**_SMALL_SPARK, "spark.driver.extraClassPath": _class_path()}
    session = start_session("local[1]", tmp_path_factory.mktemp("spark"), **settings)
    yield session
    session.stop()


def pytest_collection_finish() -> None:
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for what in mark.args:
            if not any(shutil.which(command) or glob(command) for command in _COMMANDS[what]):
                pytest.skip(f"{what} is not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    return _as_failure(report) if _may_not_skip(report) else report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report = yield
    return _as_failure(report) if _may_not_skip(report) else report


def _may_not_skip(report: Any) -> bool:
    return bool(os.environ.get(NO_SKIP)) and report.skipped and not hasattr(report, "wasxfail")


def _as_failure(report: Any) -> Any:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{NO_SKIP} is set, yet this was skipped: {reason}"
    return report
