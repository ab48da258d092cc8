"""Who reads what is new: this process, or workers beside it where there is enough to do."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flows.stages.ingest_artifacts import Artifact
from flows.stages.ingest_judge import Judged, Judging, Part
from flows.stages.ingest_parse import parse
from flows.workers import begin_worker
from records.lake import Lake, Receipt, key_fingerprint

if TYPE_CHECKING:
    from policy import Policy

# Code by which the same bytes could become other rows.
_DECIDING_CODE = (
    "records/*.py",
    "records/readers/*.py",
    "records/values/*.py",
    "expectations/*.py",
    "flows/stages/ingest_artifacts.py",
    "flows/stages/ingest_duplicates.py",
    "flows/stages/ingest_judge.py",
    "flows/stages/ingest_parse.py",
)
# Below so many bytes, starting a worker (which imports Great Expectations) costs more than it saves.
WORTH_A_WORKER_BYTES = 24 << 20
# Packed formats hold several times their bytes.
_EXPANSION = {"xlsx": 6, "xls": 2, "parquet": 6}
_GZIP_EXPANSION = 6


def reader_digest(policy: Policy, key: bytes) -> str:
    """Digest over all that decides how a file is read: our own code, the policy's tables, the key of the ids.

    The code itself is its version: one that somebody forgot to raise would leave rows of an older reader
    in the lake.
    """
    digest = hashlib.sha256(f"{policy.reader_digest} {key_fingerprint(key)}".encode())
    root = Path(__file__).parents[2]
    for pattern in _DECIDING_CODE:
        for source in sorted(root.glob(pattern)):
            digest.update(f" {source.relative_to(root).as_posix()} ".encode())
            digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def source_finder(policy: Policy) -> Callable[[Receipt], str | None]:
    """Tells the declared source of a receipt by its folder, where that source has numbers for results."""
    folders = [
        (feed.kind, f"/{feed.folder}/", feed.id)
        for feed in policy.feeds
        if feed.folder is not None and feed.id in policy.inspection_numbers
    ]

    def source_of(receipt: Receipt) -> str | None:
        below = "/" + receipt.path.partition("/")[2]
        return next(
            (id_ for kind, folder, id_ in folders if kind == receipt.kind and below.startswith(folder)), None
        )

    return source_of


def parse_missing(
    lake: Lake,
    wanted: Iterable[Artifact],
    policy: Policy,
    judging: Judging,
    *,
    workers: int,
    progress: Callable[[int, int], None],
) -> int:
    """Parses the artifacts that are not there yet.

    Args:
        lake: a locked lake.
        wanted: all artifacts of the run.
        policy: limits of the readers.
        judging: types and validates.
        workers: processes beside this one; 0 for none. Little work takes none anyway.
        progress: told the delivered bytes that are parsed, and all that are to be.

    Returns:
        how many files were parsed.

    Raises:
        CreditgradeError: as ``parse``.
    """
    missing = _in_order({artifact for artifact in wanted if not artifact.record.exists()})
    if missing:
        processes = _processes(missing, workers)
        with _executor(processes) as executor:
            parse(
                lake,
                missing,
                partial(judge_once_loaded, judging),
                executor,
                ahead=processes,
                cell_max_lines=lambda day: int(policy.value("quoted_cell_max_lines", day)),
                progress=progress,
            )
    return len(missing)


def _in_order(artifacts: Collection[Artifact]) -> list[Artifact]:
    """Those of a kind together; the most work first, so that no worker is left alone with it at the end."""
    sizes: Counter[str] = Counter()
    for artifact in artifacts:
        sizes[artifact.kind] += artifact.bytes
    return sorted(artifacts, key=lambda item: (-sizes[item.kind], item.kind, -item.bytes, item.stem.name))


def _processes(missing: Sequence[Artifact], workers: int) -> int:
    size = sum(
        artifact.bytes
        * _EXPANSION.get(artifact.format, _GZIP_EXPANSION if artifact.format.endswith(".gz") else 1)
        for artifact in missing
    )
    return min(workers, size // WORTH_A_WORKER_BYTES)


@contextmanager
def _executor(processes: int) -> Iterator[Executor | None]:
    if processes < 1:
        yield None
        return
    # Nothing large may go into a worker's start: one that dies there would never read it, and be waited for.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=begin_worker)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


_loaded: dict[str, Judging] = {}


def judge_once_loaded(judging: Judging, kind: str, parts: Sequence[Part]) -> list[Judged]:
    """Judges parts with the tables that this process has built already, where it has."""
    return _loaded.setdefault(judging.digest, judging)(kind, parts)
