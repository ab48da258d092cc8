"""Any failure as one of ours: an exit code, a rule and one line that quotes no row."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from records.errors import CreditgradeError, UsageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What a call on an open file says without naming it: the disk below, or the limit of open files.
_OF_A_DISK = {errno.EIO, errno.EROFS, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.EMFILE, errno.ENFILE}
_LOST_SPARK = re.compile(
    r"SparkContext was shut down|stopped SparkContext|ExecutorLostFailure|StatusCode.UNAVAILABLE"
)
_FULL_WORDS = re.compile(
    r"no space left|disk quota|file too large|disk full|out of disk|max_temp_directory_size", re.I
)


class Terminated(CreditgradeError):
    """The process was told to end."""

    def __init__(self) -> None:
        super().__init__("ended from outside (SIGTERM); nothing was published", rule="terminated")


@contextmanager
def told_when_terminated() -> Iterator[None]:
    """Makes SIGTERM an exception for as long as the block runs, so that an attempt can be written down."""

    def terminate(*_: object) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def as_failure(error: BaseException) -> CreditgradeError:
    """The failure to report for an exception.

    The text of an error that is not ours is left out: it may quote a row (promise 5). Where it arose is told.
    """
    if isinstance(error, CreditgradeError):
        return error
    if (policy := sys.modules.get("policy.errors")) and isinstance(error, policy.PolicyError):
        # Looked up, not imported: a usage error must not wait for the policy's models.
        return UsageError(error.message, rule="policy_unusable", file=error.file)
    if type(error).__name__ == "TerminationSignal":  # Prefect's own, for the same signal; not imported for it
        return Terminated()
    if isinstance(error, KeyboardInterrupt):
        return CreditgradeError("interrupted; nothing was published", rule="interrupted")
    if _is_full_disk(error):
        name = getattr(error, "filename", None)
        return CreditgradeError(f"no space left to write {name or 'the output folder'}", rule="disk_full")
    if (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryException"
        or (_is_of_engine(error) and "java.lang.OutOfMemoryError" in str(error))
    ):
        return CreditgradeError("the memory of this machine is not enough for this run", rule="out_of_memory")
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):  # tempfile.gettempdir()
        return UsageError(
            "no folder for temporary files can be written: name one in TMPDIR, or mend /tmp",
            rule="not_writable",
        )
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return CreditgradeError(f"{error.filename}: {os.strerror(error.errno)}", rule="file_system")
    if isinstance(error, OSError) and error.errno in _OF_A_DISK:
        return CreditgradeError(
            f"a file cannot be read or written: {os.strerror(error.errno)} ({_place(error)})",
            rule="file_system",
        )
    if _is_of_engine(error) and type(error).__name__ == "IOException":
        return CreditgradeError(
            f"the engine cannot read or write one of its files ({_place(error)})", rule="file_system"
        )
    if _is_lost_spark(error):
        return CreditgradeError(
            f"Spark's driver or its cluster ended ({type(error).__name__} in {_place(error)}); nothing was published",
            rule="engine_failed",
        )
    return CreditgradeError(
        f"unexpected {type(error).__name__} in {_place(error)}; --debug shows the traceback",
        rule="unexpected",
    )


def _is_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return (_is_of_engine(error) or isinstance(error, OSError)) and bool(_FULL_WORDS.search(str(error)))


def _is_of_engine(error: BaseException) -> bool:
    """Raised by what runs set logic or writes Parquet."""
    return type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb", "pyarrow", "py4j", "pyspark")


def _is_lost_spark(error: BaseException) -> bool:
    """Not a step that failed, but what runs the steps."""
    if isinstance(error, ConnectionError):  # to the driver's Java, which is on this machine
        return any(Path(f.filename).parent.name == "py4j" for f in traceback.extract_tb(error.__traceback__))
    is_network = type(error).__name__ == "Py4JNetworkError"
    return is_network or (_is_of_engine(error) and bool(_LOST_SPARK.search(str(error))))


def _place(error: BaseException) -> str:
    """The last of our own lines that the error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    root = Path(__file__).parents[2]
    ours = [f for f in frames if Path(f.filename).is_relative_to(root) and "site-packages" not in f.filename]
    if not ours:
        return frames[-1].name if frames else "an unknown place"
    return f"{Path(ours[-1].filename).relative_to(root)}, line {ours[-1].lineno}"
