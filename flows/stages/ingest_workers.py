"""Who reads what is new: this process, or several others where there is enough to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.stages.ingest_artifacts import Artifact
from flows.stages.ingest_judge import Judging
from flows.stages.ingest_parse import parse
from flows.stages.ingest_processes import work_off
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
# Below so many bytes for each, starting workers costs more than it saves.
WORTH_A_WORKER_BYTES = 24 << 20
# Small files are given out together: each job ends with a bundle that is not full.
JOB_BYTES = 24 << 20
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
    judging: Judging,
    *,
    workers: int,
    progress: Callable[[int, int], None],
) -> int:
    """Parses the artifacts that are not there yet: in this process, or in several where there is enough to do.

    Args:
        lake: a locked lake.
        wanted: all artifacts of the run.
        judging: types and validates.
        workers: processes at most.
        progress: told the delivered bytes that are parsed, and all that are to be.

    Returns:
        how many files were parsed.

    Raises:
        CreditgradeError: as ``parse``; ``worker_died``.
    """
    missing = _in_order({artifact for artifact in wanted if not artifact.record.exists()})
    jobs = _jobs(missing)
    whole = sum(artifact.bytes for artifact in missing)
    processes = min(workers, len(jobs), sum(map(_size, missing)) // WORTH_A_WORKER_BYTES)
    if processes < 2:
        parse(lake, missing, judging, progress=lambda done: progress(done, whole))
    else:
        work_off(lake, jobs, judging, processes, lambda done: progress(done, whole))
    return len(missing)


def _in_order(artifacts: Collection[Artifact]) -> list[Artifact]:
    """Those of a kind together, so that its small files are validated together."""
    return sorted(artifacts, key=lambda item: (item.kind, -_size(item), item.stem.name))


def _size(artifact: Artifact) -> int:
    """Bytes of a delivery, roughly, once it is unpacked."""
    packed = _GZIP_EXPANSION if artifact.format.endswith(".gz") else 1
    return artifact.bytes * _EXPANSION.get(artifact.format, packed)


def _jobs(artifacts: Sequence[Artifact]) -> list[list[Artifact]]:
    """Files of a kind that one worker reads, the most work first, so that none is left alone with it at the end."""
    jobs: list[list[Artifact]] = []
    sizes: list[int] = []
    for artifact in artifacts:
        if jobs and jobs[-1][0].kind == artifact.kind and sizes[-1] + _size(artifact) <= JOB_BYTES:
            jobs[-1].append(artifact)
            sizes[-1] += _size(artifact)
        else:
            jobs.append([artifact])
            sizes.append(_size(artifact))
    return [job for _, job in sorted(zip(sizes, jobs, strict=True), key=lambda pair: -pair[0])]
