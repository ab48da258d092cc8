"""The Prefect runner with no server of its own around it: the same one line when a stage fails."""

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

folder = Path(sys.argv[1])
graded = Graded(folder / "engine")
graded.conservation["listings"] = {"accepted": 1, "current": 1, "superseded": 0, "withdrawn": 0, "unmatched": 0}

def grade(plan, policy, intake, work):
    raise PromiseBroken("rows were lost", rule="rows_lost")

pipeline.ingest = lambda plan, policy: Intake((graded.delivery, listing()))
pipeline.grade = grade
options = ["--out", str(folder / "out"), "--as-of", "2026-06-30", "--runner", "prefect", "-q"]
sys.exit(_run(["run", "--landing", "x", *options]))
"""


@pytest.mark.slow
def test_a_failure_is_one_line_with_its_exit_code(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=240, env=clean, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (4, "creditgrade: rows were lost [rows_lost]\n")
    told = json.loads((tmp_path / "out" / "status.json").read_text())
    assert (told["stage"], told["exit_code"]) == ("grade", 4)
