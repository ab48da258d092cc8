"""Same arguments, same bytes; a folder that is not ours is left alone; memory does not grow with the city."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from data.sample import generate
from data.sample.target import MARKER
from records.errors import UsageError

from .conftest import AS_OF

_ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = """
import sys
from datetime import date
from pathlib import Path
from data.sample import generate
generate(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), date(2026, 11, 20))
peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))
print(peak.split()[1])
"""


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _in_process(folder: Path, entities: int, seed: int, **environment: str) -> int:
    """Make a sample in a process of its own; returns its peak memory in KiB."""
    command = [sys.executable, "-c", _PROGRAM, str(folder), str(entities), str(seed)]
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=_ROOT, check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def test_same_seed_gives_the_same_bytes_everywhere(tmp_path: Path) -> None:
    _in_process(tmp_path / "a", 300, 5, PYTHONHASHSEED="1", TZ="Asia/Shanghai", LC_ALL="C.UTF-8")
    _in_process(tmp_path / "b", 300, 5, PYTHONHASHSEED="2", TZ="America/New_York", LC_ALL="C")
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")


def test_another_seed_gives_another_city(tmp_path: Path) -> None:
    first = generate(tmp_path / "a", 100, 1, AS_OF)
    second = generate(tmp_path / "b", 100, 2, AS_OF)
    one, two = _digests(first.target), _digests(second.target)
    same = {path for path in one if one[path] == two.get(path)}
    assert same <= {"penalties/README.txt", "licences/模板/~$行政许可模板.xlsx"}


def test_more_penalties_of_citizens_change_nothing_else(tmp_path: Path) -> None:
    few = generate(tmp_path / "few", 100, 1, AS_OF)
    many = generate(tmp_path / "many", 100, 1, AS_OF, citizen_penalties=4.5)
    assert 350 < many.rows["penalties"] - few.rows["penalties"] < 430
    one, two = _digests(few.target), _digests(many.target)
    differing = {file.kind for file in many.files if one.get(file.path) != two[file.path]}
    assert "penalties" in differing <= {"penalties", "amendments", "rulings"}
    assert _digests(generate(tmp_path / "again", 100, 1, AS_OF, citizen_penalties=4.5).target) == two


@pytest.mark.parametrize("rate", [-0.1, 100.5, float("nan")])
def test_penalties_of_citizens_are_bounded(tmp_path: Path, rate: float) -> None:
    with pytest.raises(UsageError, match="--citizen-penalties"):
        generate(tmp_path / "x", 100, 1, AS_OF, citizen_penalties=rate)
    assert not (tmp_path / "x").exists()


def test_a_previous_sample_is_replaced(tmp_path: Path) -> None:
    generate(tmp_path, 120, 1, AS_OF)
    generate(tmp_path, 100, 3, AS_OF)
    assert MARKER in {path.name for path in tmp_path.iterdir()}
    listed = (tmp_path / MARKER).read_text(encoding="utf-8").splitlines()[1:]
    present = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert present == {*listed, MARKER}


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "penalties").mkdir()
    own = tmp_path / "penalties" / "real.csv"
    own.write_text("CF_WSH\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"penalties/real\.csv"):
        generate(tmp_path, 100, 1, AS_OF)
    assert own.exists() and not (tmp_path / MARKER).exists()


def test_files_added_to_a_sample_are_not_removed(tmp_path: Path) -> None:
    generate(tmp_path, 100, 1, AS_OF)
    (tmp_path / "penalties" / "mine.csv").write_text("", encoding="utf-8")
    before = _digests(tmp_path)
    with pytest.raises(UsageError, match=r"mine\.csv"):
        generate(tmp_path, 100, 1, AS_OF)
    assert _digests(tmp_path) == before


@pytest.mark.parametrize("entities", [-5, 0, 19, 10_000_001])
def test_number_of_entities_is_bounded(tmp_path: Path, entities: int) -> None:
    with pytest.raises(UsageError, match="--entities"):
        generate(tmp_path / "x", entities, 1, AS_OF)
    assert not (tmp_path / "x").exists()


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="not a folder"):
        generate(tmp_path / "file", 100, 1, AS_OF)


def test_day_of_the_sample_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--as-of"):
        generate(tmp_path / "x", 100, 1, date(1999, 1, 1))


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("data.sample.writers.csv_file.CsvWriter.close", full)
    with pytest.raises(UsageError, match="No space left on device"):
        generate(tmp_path / "x", 100, 1, AS_OF)
    monkeypatch.undo()
    # What is left there is known to be ours.
    assert generate(tmp_path / "x", 100, 1, AS_OF).total_rows > 100


@pytest.mark.slow
def test_memory_is_bounded(tmp_path: Path) -> None:
    # A sample of all formats needs 150 MB, chunks of the bulk some 200 more, however many there are.
    assert _in_process(tmp_path / "a", 200_000, 1) < 700_000
