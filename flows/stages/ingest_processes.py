"""Processes that read what landed, each file one of them, and this one, which validates for all.

Great Expectations takes seconds to import, and judges a pattern of broken rules once: so one process does it. No row
crosses from one process to another, but the combinations of broken rules that a bundle shows do.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING, Any

from expectations import broken_rules
from flows.stages.ingest_artifacts import Artifact
from flows.stages.ingest_judge import Judging
from flows.stages.ingest_parse import parse
from flows.workers import begin_worker
from records.errors import CreditgradeError
from records.lake import Lake

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from records.rules import Rule

# What a worker says first: it wants work, asks which rules are broken, has failed.
_READY, _JUDGE, _FAILED = "ready", "judge", "failed"


def work_off(
    lake: Lake,
    jobs: Sequence[Sequence[Artifact]],
    judging: Judging,
    processes: int,
    progress: Callable[[int], None],
) -> None:
    """Has jobs done by worker processes. What they had begun when one fails is removed.

    Args:
        lake: a locked lake.
        jobs: artifacts that one process makes, in the order in which they are given out.
        judging: types and validates.
        processes: how many.
        progress: told the delivered bytes that are done.

    Raises:
        CreditgradeError: as ``parse``; ``worker_died``.
    """
    try:
        with workers(processes) as started:
            connections = [connection for _, connection in started]
            for connection in connections:
                _send(connection, (lake, judging))
            # Takes seconds, in which the workers read.
            import expectations.engine  # noqa: F401 (`broken_rules` needs it)

            _give_out(connections, jobs, progress)
    except BaseException:
        lake.remove_leftovers()
        raise


@contextmanager
def workers(count: int) -> Iterator[list[tuple[SpawnProcess, Connection]]]:
    """Worker processes, each with a line to it. Where the block is left by an error they are ended at once."""
    context = get_context("spawn")
    started: list[tuple[SpawnProcess, Connection]] = []
    try:
        for _ in range(count):
            here, there = context.Pipe()
            # Nothing large may go into its start: one that dies there would never read it, and be waited for.
            process = context.Process(target=_work, args=(there,), daemon=True)
            process.start()
            there.close()
            started.append((process, here))
        yield started
    except BaseException:
        # Not asked to end: one may be at a workbook for minutes.
        for process, _ in started:
            process.terminate()
        raise
    finally:
        for process, connection in started:
            process.join()
            connection.close()


def _give_out(
    connections: Sequence[Connection],
    jobs: Sequence[Sequence[Artifact]],
    progress: Callable[[int], None],
) -> None:
    """Hears the workers until all jobs are done."""
    waiting = deque(jobs)
    under_way: dict[Connection, Sequence[Artifact]] = dict.fromkeys(connections, ())
    done = 0
    while under_way:
        for connection in wait(list(under_way)):
            assert isinstance(connection, Connection)
            what, content = _receive(connection)
            if what == _FAILED:
                raise content
            if what == _JUDGE:
                _send(connection, broken_rules(*content))
                continue
            if ended := under_way.pop(connection):
                done += sum(artifact.bytes for artifact in ended)
                progress(done)
            job = waiting.popleft() if waiting else None
            _send(connection, job)
            if job is not None:
                under_way[connection] = job


def _receive(connection: Connection) -> Any:
    try:
        return connection.recv()
    except (EOFError, OSError) as error:
        raise _died() from error


def _send(connection: Connection, what: object) -> None:
    try:
        connection.send(what)
    except OSError as error:
        raise _died() from error


def _died() -> CreditgradeError:
    return CreditgradeError(
        "a worker process died while it read what landed (out of memory?)", rule="worker_died"
    )


def _work(connection: Connection) -> None:
    """In a worker: does jobs until there is none, or until the run that it works for is gone."""
    begin_worker()
    try:
        _do_jobs(connection, *connection.recv())
    except (EOFError, BrokenPipeError, ConnectionResetError) as error:
        raise SystemExit(1) from error


def _do_jobs(connection: Connection, lake: Lake, judging: Judging) -> None:
    def broken(kind: str, names: Sequence[str], patterns: npt.NDArray[np.uint64]) -> list[tuple[Rule, ...]]:
        connection.send((_JUDGE, (kind, names, patterns)))
        found: list[tuple[Rule, ...]] = connection.recv()
        return found

    asking = judging.asking(broken)
    try:
        connection.send((_READY, None))
        while (job := connection.recv()) is not None:
            parse(lake, job, asking)
            connection.send((_READY, None))
    except Exception as error:
        # Raised again by the run, which knows what to say of it.
        error.add_note("".join(traceback.format_exception(error)))
        connection.send((_FAILED, error))
        raise SystemExit(1) from error
