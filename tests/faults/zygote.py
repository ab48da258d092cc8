"""A process that has imported everything and forks one child for each night: a night then costs only its work.

It reads commands as JSON lines: ``{"start": NIGHT}`` answers with the child's id, ``{"wait": ID}`` with its exit code.
"""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import pickle
import resource
import shutil
import signal
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flows import pipeline
from flows.control.failures import as_failure
from flows.days import ZONE
from flows.request import Request
from flows.run import run

# All that a night imports late; none may start a thread of ours before the fork.
_HEAVY = (
    "duckdb.func", "great_expectations", "ibis.backends.duckdb", "ibis.expr.types.groupby", "pandas",
    "pyarrow.compute", "pyarrow.csv", "pyarrow.pandas_compat", "pyarrow.parquet", "pyarrow_hotfix",
    "sqlalchemy.dialects.sqlite", "structlog", "desk.load", "expectations.engine", "features.facts",
    "features.history", "features.publicity", "flows.stages.ingest", "flows.stages.ingest_feeds", "models.engine",
    "models.evidence", "models.grades", "models.summary", "policy.cite", "publish.code_version", "publish.snapshot",
    "publish.verify_tables", "records.quarantine", "records.values.rows",
)  # fmt: skip


class Nobody:
    """Shows nothing to nobody."""

    def stage(self, name: str) -> None: ...

    def note(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...


def night(told: dict[str, Any]) -> int:
    """One night in a child: its exit code; the one line of a failure goes to a file."""
    _hurt(told)
    counts = _count(told)
    if told.get("record"):
        _record(Path(told["record"]))
    elif told.get("replay"):
        _replay(Path(told["replay"]))
    request = Request(
        Path(told["landing"]),
        Path(told["out"]),
        as_of=told.get("as_of"),
        does_publish=told.get("does_publish", False),
        wait_seconds=told.get("wait_seconds", 0.0),
    )
    try:
        run(request, now=datetime.fromisoformat(told["now"]).astimezone(ZONE), environ={}, show=Nobody())
    except BaseException as error:  # noqa: BLE001 (as the command line does)
        failure = as_failure(error)
        Path(told["line"]).write_text(str(failure), encoding="utf-8")
        return failure.exit_code
    if counts:
        Path(told["counted"]).write_text(json.dumps(counts), encoding="utf-8")
    return 0


def _hurt(told: dict[str, Any]) -> None:
    """No file grows beyond a size, or at the n-th call of a function of ``os`` something happens.

    It fails; or the disk is filled and it is tried all the same; or the process is killed before it, or after it.
    """
    if told.get("largest_file"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (told["largest_file"], told["largest_file"]))
    if not told.get("call"):
        return
    name, count, what = told["call"]
    original = getattr(os, name)
    left = count

    def hurt(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left or what == "kill_after":
            try:
                return original(*args, **kwargs)
            finally:
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "fill":
            _fill(Path(told["out"]) / "ballast")
            return original(*args, **kwargs)
        number = getattr(errno, what)
        # As the system does: a call that is given a handle names no file.
        names = () if name == "fsync" else (told["out"],)
        raise OSError(number, os.strerror(number), *names)

    setattr(os, name, hurt)


def _count(told: dict[str, Any]) -> dict[str, int]:
    """Counts the calls of functions of ``os`` from here on."""
    counts = dict.fromkeys(told.get("count", ()), 0)

    def counted(name: str, original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return original(*args, **kwargs)

        return call

    for name in counts:
        setattr(os, name, counted(name, getattr(os, name)))
    return counts


def _fill(ballast: Path) -> None:
    block = b"\0" * (1 << 20)
    with open(ballast, "wb", buffering=0) as file:
        while len(block):
            try:
                file.write(block)
            except OSError:
                block = block[: len(block) // 2]


def _record(folder: Path) -> None:
    """Keeps what grading leaves, so that other nights of the same inputs need not grade again."""
    original = pipeline.grade

    def grade(plan: Any, policy: Any, intake: Any, work: Path) -> Any:
        result = original(plan, policy, intake, work)
        shutil.copytree(work, folder / "work")
        names = {name: path.relative_to(work) for name, path in result.tables.items()}
        (folder / "result").write_bytes(pickle.dumps(replace(result, tables=names)))
        return result

    pipeline.grade = grade


def _replay(folder: Path) -> None:
    def grade(plan: Any, policy: Any, intake: Any, work: Path) -> Any:
        shutil.copytree(folder / "work", work, dirs_exist_ok=True)
        result = pickle.loads((folder / "result").read_bytes())
        return replace(result, tables={name: work / path for name, path in result.tables.items()})

    pipeline.grade = grade


def main() -> None:
    """Answers commands until stdin ends."""
    for name in _HEAVY:
        importlib.import_module(name)
    from policy import load_policy

    policy = load_policy()
    pipeline.read_policy = lambda plan: policy
    gc.freeze()  # a child's collector would touch, and so copy, all of it
    print("ready", flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if "start" in command:
            child = os.fork()
            if child == 0:
                code = 70
                try:
                    code = night(command["start"])
                finally:
                    os._exit(code)
            print(child, flush=True)
        else:
            _, status = os.waitpid(command["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
    os._exit(0)  # what was frozen cannot be taken down in order


if __name__ == "__main__":
    main()
