"""``run --check`` answers as the run would, and leaves every byte as it was."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.integration.nights.conftest import DAY, Graded, command, tree


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


@pytest.mark.slow
def test_a_good_folder_passes_and_nothing_changes(graded: Graded, tmp_path: Path, scratch: Path) -> None:
    mine = graded.copy(tmp_path)
    before = tree(mine.out), tree(mine.landing)
    where = ("--landing", mine.landing, "--out", mine.out, "--as-of", DAY)
    environ = {"TMPDIR": str(scratch)}
    done = command(
        "run", "--check", *where, "--on-finish", "touch " + str(tmp_path / "called"), environ=environ
    )
    assert "nothing to do, the same inputs stand already; nothing was changed" in done.stdout

    # A file that must not pass: refused by name and rule, with the run's own exit code.
    bad = mine.landing / "penalties" / "新到.csv"
    bad.write_text("决定文书号,处罚机关\n1,2\n", encoding="utf-8")
    before = before[0], tree(mine.landing)
    refused = command("run", "--check", *where, environ=environ, code=3)
    assert "penalties/新到.csv" in refused.stderr and "[missing_mandatory_column]" in refused.stderr
    assert str(scratch) not in refused.stderr
    accepted = command("run", "--check", *where, "--accept-refused", "penalties/新到.csv", environ=environ)
    assert "this would pass; nothing was changed" in accepted.stdout

    assert (tree(mine.out), tree(mine.landing)) == before
    assert not (tmp_path / "called").exists()
    assert list(scratch.iterdir()) == []


def test_what_is_wrong_with_the_command_is_told_too(tmp_path: Path) -> None:
    done = command("run", "--check", "--landing", tmp_path / "none", "--out", tmp_path / "out", code=2)
    assert "[landing_missing]" in done.stderr and not (tmp_path / "out").exists()
    (tmp_path / "landing" / "unknown").mkdir(parents=True)
    done = command("run", "--check", "--landing", tmp_path / "landing", "--out", tmp_path / "out", code=3)
    assert "[unknown_folder]" in done.stderr and not (tmp_path / "out").exists()
    assert Path(tempfile.gettempdir()).is_dir()
    (tmp_path / "file").write_text("")
    done = command("run", "--check", "--landing", tmp_path / "landing", "--out", tmp_path / "file", code=2)
    assert "[not_writable]" in done.stderr
