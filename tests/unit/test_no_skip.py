"""In CI nothing skips: with ``CREDITGRADE_NO_SKIP`` a skip is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

@pytest.mark.skip(reason="marked")
def test_marked(): ...

def test_inside():
    pytest.skip("inside")

@pytest.mark.xfail(strict=True)
def test_expected_to_fail():
    assert False

def test_good(): ...
"""
WHOLE_MODULE = 'import pytest\npytest.skip("the whole module", allow_module_level=True)\n'


@pytest.mark.parametrize(
    ("value", "summary"),
    [("", "1 passed, 3 skipped, 1 xfailed"), ("1", "1 failed, 1 passed, 1 xfailed, 2 errors")],
)
def test_skips(tmp_path: Path, value: str, summary: str) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    (tmp_path / "test_module.py").write_text(WHOLE_MODULE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  needs(what): x\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", str(tmp_path)],
        env={**os.environ, "CREDITGRADE_NO_SKIP": value}, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert summary in done.stdout.splitlines()[-1], done.stdout
    assert (done.returncode == 0) == (value == "")
    if value:
        assert all(
            f"yet this was skipped: Skipped: {reason}" in done.stdout
            for reason in ("marked", "inside", "the whole")
        )
