"""A kill at any instant leaves the previous answer as it was, and the next run finishes the work."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publish.verify import verify
from tests.integration.cli.conftest import City

# The made-up pipeline of conftest in a process that has imported what a run needs. It forks one for each line of stdin
# (folder, function of ``os``, count), which ends itself before that call of it, and tells how the fork ended.
SCRIPT = """
import importlib, os, signal, sys
from pathlib import Path
from flows import pipeline
from flows.cli import _run
from records.intake import Intake
from tests.integration.cli.conftest import listing
from tests.integration.publish.graded import Graded

for name in ("desk.audit", "duckdb", "flows.run", "flows.stages.desk", "flows.stages.ingest_feeds",
             "ibis.backends.duckdb", "jinja2", "models.changes", "pandas", "policy.cite", "policy.loading",
             "publish.changes", "publish.code_version", "publish.report.page", "publish.snapshot",
             "publish.verify_tables", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "structlog"):
    importlib.import_module(name)


def run(folder, name, count):
    graded = Graded(folder / "engine")
    graded.conservation["listings"] = {"accepted": 1, "current": 1, "superseded": 0, "withdrawn": 0, "unmatched": 0}

    def grade(plan, policy, intake, work):
        for table in ("grades", "eligibility", "sampling_plan"):
            for row in graded.rows[table]:
                row["as_of"] = plan.as_of
        for row in graded.rows["grades"]:
            row["policy_version"] = policy.version
        return graded.result()

    pipeline.ingest = lambda plan, policy: Intake((graded.delivery, listing()))
    pipeline.grade = grade
    original = getattr(os, name)

    def deadly(*args, **kwargs):
        nonlocal count
        count -= 1
        if count == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(os, name, deadly)
    out = str(folder / "out")
    return _run(["run", "--landing", "x", "--out", out, "--as-of", "2026-06-30", "--publish", "-q"])


for line in sys.stdin:
    folder, name, count = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = run(Path(folder), name, int(count))
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def mother() -> Iterator[Callable[[Path, str, int], int]]:
    """Runs in a process of its own, which is killed at a call; its exit code, negative for a signal."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None and process.stdout is not None

        def run(folder: Path, name: str, count: int) -> int:
            assert process.stdin is not None and process.stdout is not None
            print(folder, name, count, sep="\t", file=process.stdin, flush=True)
            return int(process.stdout.readline())

        yield run
        process.stdin.close()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("name", "count"),
    [("fsync", 1), ("fsync", 12), ("rename", 1), ("replace", 1), ("replace", 2)],
    ids=["first file", "files", "snapshot", "latest", "status"],
)
def test_kill(
    city: City, tmp_path: Path, mother: Callable[[Path, str, int], int], name: str, count: int
) -> None:
    before = city.run(as_of="2026-06-29", does_publish=True).published
    stood = {path: path.read_bytes() for path in before.path.rglob("*") if path.is_file()}
    assert mother(tmp_path, name, count) == -signal.SIGKILL
    assert {path: path.read_bytes() for path in stood} == stood
    latest = json.loads((city.out / "latest.json").read_text())
    assert verify(city.out / latest["path"]) == []
    for snapshot in (city.out / "snapshots").glob("as_of=*"):
        assert verify(snapshot) == []

    answered = city.run(does_publish=True)
    assert answered.published.path.name == "as_of=2026-06-30"
    assert answered.move.is_moved
    assert verify(answered.published.path) == []
    assert sorted(path.name for path in (city.out / "snapshots").iterdir()) == [
        "as_of=2026-06-29",
        "as_of=2026-06-30",
    ]
    assert [path.name for path in (city.out / ".work").iterdir()] == []
    assert not list(city.out.glob(".writing-*")), "what a killed write left beside its file"
