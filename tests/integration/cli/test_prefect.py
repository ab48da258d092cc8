"""The Prefect runner calls the same stages: the same snapshot, the same one line when a stage fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# The made-up pipeline of conftest, in a process of its own: Prefect wants to be imported into a fresh one.
SCRIPT = """
import sys
from pathlib import Path
from flows import pipeline
from flows.cli import _run
from records.errors import PromiseBroken
from records.intake import Intake
from tests.integration.cli.conftest import listing
from tests.integration.publish.graded import Graded

folder, runner, does_fail = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "fail"
graded = Graded(folder / "engine")
graded.conservation["listings"] = {"accepted": 1, "current": 1, "superseded": 0, "withdrawn": 0, "unmatched": 0}

def grade(plan, policy, intake, work):
    if does_fail:
        raise PromiseBroken("rows were lost", rule="rows_lost")
    for row in graded.rows["grades"]:
        row["policy_version"] = policy.version
    return graded.result()

pipeline.ingest = lambda plan, policy: Intake((graded.delivery, listing()))
pipeline.grade = grade
options = ["--out", str(folder / "out"), "--as-of", "2026-06-30", "--runner", runner, "-q"]
sys.exit(_run(["run", "--landing", "x", *options]))
"""


def run(folder: Path, runner: str, mode: str = "good") -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), runner, mode],
        capture_output=True, text=True, check=False, timeout=240, env=clean, cwd=Path(__file__).parents[3],
    )  # fmt: skip


@pytest.mark.slow
def test_both_runners_give_the_same_snapshot(tmp_path: Path) -> None:
    outputs = []
    for runner in ("inline", "prefect"):
        done = run(tmp_path / runner, runner)
        assert (done.returncode, done.stderr) == (0, "")
        snapshot = tmp_path / runner / "out" / "snapshots" / "as_of=2026-06-30"
        outputs.append(json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))["outputs"])
    assert outputs[0] == outputs[1]


@pytest.mark.slow
def test_a_failure_is_one_line_with_its_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, "prefect", "fail")
    assert (done.returncode, done.stderr) == (4, "creditgrade: rows were lost [rows_lost]\n")
    told = json.loads((tmp_path / "out" / "status.json").read_text())
    assert (told["stage"], told["exit_code"]) == ("grade", 4)
