"""A kill at any instant leaves the previous answer as it was, and the next run finishes the work."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from publish.verify import verify
from tests.integration.cli.conftest import City

# The made-up pipeline of conftest in a process of its own, which ends itself before the n-th call of a function.
SCRIPT = """
import os, signal, sys
from datetime import date
from pathlib import Path
from flows import pipeline
from flows.cli import _run
from records.intake import Intake
from tests.integration.cli.conftest import listing
from tests.integration.publish.graded import Graded

folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
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
    global count
    count -= 1
    if count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **kwargs)

setattr(os, name, deadly)
sys.exit(_run(["run", "--landing", "x", "--out", str(folder / "out"), "--as-of", "2026-06-30", "--publish", "-q"]))
"""


@pytest.mark.parametrize(
    ("name", "count"),
    [("fsync", 1), ("fsync", 12), ("rename", 1), ("replace", 1), ("replace", 2)],
    ids=["first file", "files", "snapshot", "latest", "status"],
)
def test_kill(city: City, tmp_path: Path, name: str, count: int) -> None:
    before = city.run(as_of="2026-06-29", does_publish=True).published
    stood = {path: path.read_bytes() for path in before.path.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), name, str(count)],
        cwd=Path(__file__).parents[3], check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
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
