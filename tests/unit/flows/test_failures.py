"""Whatever goes wrong becomes one line with an exit code, and quotes no row."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from py4j.protocol import Py4JError

from flows.control.failures import Terminated, as_failure
from flows.control.folder import OutFolder
from policy.errors import PolicyError
from records.errors import CreditgradeError, InputRefused, PromiseBroken, UsageError


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 (a test needs the traceback that raising leaves)
        return caught


@pytest.mark.parametrize(
    ("error", "exit_code", "rule"),
    [
        (UsageError("x", rule="u"), 2, "u"),
        (InputRefused("x", rule="i", file="penalties/a.csv", row=3), 3, "i"),
        (PromiseBroken("x", rule="p"), 4, "p"),
        (CreditgradeError("x", rule="c"), 1, "c"),
        (PolicyError("lists.yaml", "unknown key"), 2, "policy_unusable"),
        (KeyboardInterrupt(), 1, "interrupted"),
        (Terminated(), 1, "terminated"),
        (MemoryError(), 1, "out_of_memory"),
        (duckdb.OutOfMemoryException("x"), 1, "out_of_memory"),
        (OSError(errno.ENOSPC, "No space left on device", "/out/x"), 1, "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 1, "disk_full"),
        (OSError(errno.EFBIG, "File too large"), 1, "disk_full"),
        (duckdb.IOException("Could not write file: No space left on device"), 1, "disk_full"),
        (
            pa.ArrowException("[Errno 28] Error writing bytes to file. Detail: No space left on device"),
            1,
            "disk_full",
        ),
        (Py4JError("java.io.IOException: No space left on device"), 1, "disk_full"),
        (Py4JError("java.lang.OutOfMemoryError: Java heap space"), 1, "out_of_memory"),
        (Py4JError("[CAST_INVALID_INPUT] The value '秘密' is no number"), 1, "unexpected"),
        (PermissionError(errno.EACCES, "Permission denied", "/out/x"), 1, "file_system"),
        (ValueError("秘密"), 1, "unexpected"),
        (duckdb.ConversionException("Could not convert string '秘密'"), 1, "unexpected"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_failures(error: BaseException, exit_code: int, rule: str) -> None:
    failure = as_failure(raised(error))
    assert (failure.exit_code, failure.rule) == (exit_code, rule)
    assert "\n" not in str(failure)
    assert "秘密" not in str(failure)


def test_an_unexpected_error_tells_its_place() -> None:
    assert "test_failures.py, line" in str(as_failure(raised(ValueError("秘密"))))


def test_a_refusal_names_file_and_row() -> None:
    assert str(as_failure(InputRefused("bad", rule="r", file="a.csv", row=7))) == "a.csv: row 7: bad [r]"


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EMFILE, errno.ESTALE])
def test_a_call_on_an_open_file_names_none_and_is_still_the_file_systems(number: int) -> None:
    failure = as_failure(OSError(number, os.strerror(number)))
    assert (failure.rule, failure.exit_code) == ("file_system", 1)
    assert os.strerror(number) in str(failure)


def test_no_folder_for_temporary_files_is_the_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot_write(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile._os, "open", cannot_write)  # type: ignore[attr-defined]
    with pytest.raises(FileNotFoundError) as caught:
        tempfile.gettempdir()
    monkeypatch.undo()
    failure = as_failure(caught.value)
    assert (failure.rule, failure.exit_code) == ("not_writable", 2)
    assert "TMPDIR" in str(failure)


def test_an_engine_that_cannot_read_a_file() -> None:
    failure = as_failure(duckdb.IOException('IO Error: Could not read from file "x": Input/output error'))
    assert (failure.rule, failure.exit_code) == ("file_system", 1)


def test_what_a_killed_run_left_goes_before_anything_else(tmp_path: Path) -> None:
    out = OutFolder(tmp_path)
    left = [out.work / "run-1", out.snapshots / ".writing-as_of=2026-06-30"]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "grades.parquet").write_bytes(b"names and classes")
    standing = out.snapshots / "as_of=2026-06-29"
    standing.mkdir()
    out.remove_leftovers()
    assert [folder for folder in left if folder.exists()] == []
    assert standing.exists()


def test_a_spark_that_ends_is_told_without_what_java_said() -> None:
    from py4j.protocol import Py4JNetworkError
    from pyspark.errors import PySparkException

    with pytest.raises(ConnectionRefusedError) as refused:  # its process is gone
        exec(compile("raise ConnectionRefusedError(111, 'refused')", "/lib/py4j/clientserver.py", "exec"))
    for error in (
        raised(Py4JNetworkError("Answer from Java side is empty: 秘密")),
        raised(PySparkException("Job 7 cancelled because SparkContext was shut down 秘密")),
        refused.value,
    ):
        failure = as_failure(error)
        assert (failure.exit_code, failure.rule) == (1, "engine_failed")
        assert str(failure).startswith(f"Spark's driver or its cluster ended ({type(error).__name__} in ")
        assert "秘密" not in str(failure)
    assert as_failure(raised(ConnectionRefusedError(111, "refused"))).rule == "unexpected"
