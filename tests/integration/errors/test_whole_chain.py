"""The whole chain on a few rows: days, gaps, full disks, the same inputs again, withdrawn deliveries."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.cli import _run
from tests.integration.errors import landing as files
from tests.integration.errors.conftest import TODAY, manifest, run, status
from tests.integration.errors.landing import no_doc_no

Capture = pytest.CaptureFixture[str]


def test_a_gap_may_be_accepted_and_every_answer_says_so(landing: Path, out: Path, capsys: Capture) -> None:
    no_doc_no(files.write(landing / "penalties" / "b.csv", []))
    assert run(landing, out) == 3
    capsys.readouterr()
    assert run(landing, out, "--accept-refused", "penalties/b.csv", "--reason", "asked for a better one") == 0
    (gap,) = manifest(out)["accepted_gaps"]
    assert (gap["path"], gap["reason"]) == ("penalties/b.csv", "asked for a better one")
    assert _run(["explain", files.code(1), "--out", str(out)]) == 0
    assert "penalties/b.csv" in capsys.readouterr().out
    # Without the end of a time it held for that run only.
    assert run(landing, out) == 3


class TestDays:
    def test_before_the_first_record(self, landing: Path, out: Path) -> None:
        assert run(landing, out, "--as-of", "1990-01-01") == 0
        path = out / "snapshots" / "as_of=1990-01-01"
        told = json.loads((path / "manifest.json").read_text())
        assert told["summary"]["classes"] == {} and told["summary"]["statuses"] == {}
        assert _run(["verify", str(path)]) == 0
        assert not (out / "latest.json").exists()

    def test_in_the_future(self, landing: Path, out: Path, capsys: Capture) -> None:
        day = (TODAY + timedelta(days=400)).isoformat()
        assert run(landing, out, "--as-of", day, "--publish") == 0
        assert f"{day} lies in the future" in capsys.readouterr().err
        assert not (out / "latest.json").exists()
        assert status(out)["exit_code"] == 0


# No file may grow beyond a few blocks, which the system reports as it reports a full disk. One process for all limits.
FULL_DISK = """
import contextlib, io, json, resource, sys
from flows.cli import _run
landing, day = sys.argv[1:3]
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit_bytes, out in json.loads(sys.argv[3]).items():
    told = io.StringIO()
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit_bytes), most))
    with contextlib.redirect_stderr(told):
        code = _run(["run", "--landing", landing, "--out", out, "--as-of", day, "-q"])
    print(json.dumps([code, told.getvalue()]), flush=True)
"""
LIMITS = (2_000, 20_000)


@pytest.fixture(scope="module")
def full_disks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, Path, int, str]]:
    """For each limit the landing folder, the output folder, and what a run with that limit left: code, stderr."""
    folder = tmp_path_factory.mktemp("full")
    landing = files.make(folder / "landing", TODAY)
    outs = {limit: folder / f"out-{limit}" for limit in LIMITS}
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(landing), TODAY.isoformat(),
         json.dumps({limit: str(out) for limit, out in outs.items()})],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {limit: (landing, outs[limit], *one) for limit, one in zip(LIMITS, told, strict=True)}


@pytest.mark.parametrize("limit_bytes", LIMITS)
def test_a_full_disk(full_disks: dict[int, tuple[Path, Path, int, str]], limit_bytes: int) -> None:
    landing, out, code, told = full_disks[limit_bytes]
    assert code == 1, told
    assert told.count("\n") == 1
    assert "no space left to write" in told
    assert status(out)["rule"] == "disk_full"
    assert not (out / "latest.json").exists()
    # With room again, the same command goes on where it stood.
    assert run(landing, out) == 0


def test_the_same_day_again_and_a_new_delivery(landing: Path, out: Path, capsys: Capture) -> None:
    assert run(landing, out) == 0
    first = manifest(out)
    assert run(landing, out) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert manifest(out) == first
    files.write(landing / "penalties" / "b.csv", files.penalties(TODAY - timedelta(days=1)))
    assert run(landing, out) == 0
    assert (manifest(out)["snapshot"], manifest(out)["supersedes"]) == (
        f"as_of={TODAY}.r2", f"as_of={TODAY}",
    )  # fmt: skip


def test_a_withdrawn_delivery(landing: Path, out: Path, capsys: Capture) -> None:
    path = files.write(landing / "penalties" / "b.csv", files.penalties(date(2026, 1, 5)))
    assert run(landing, out) == 0
    (sha256,) = [item["sha256"] for item in manifest(out)["inputs"] if item["path"] == "penalties/b.csv"]
    path.unlink()
    assert _run(["lake", "withdraw", sha256, "--reason", "sent twice", "--out", str(out)]) == 0
    assert _run(["lake", "withdraw", sha256, "--reason", "sent twice", "--out", str(out)]) == 2
    assert run(landing, out) == 0
    (item,) = [item for item in manifest(out)["inputs"] if item["path"] == "penalties/b.csv"]
    assert (item["state"], item["accepted"]) == ("withdrawn", 0)
    assert any("sent twice" in line for line in manifest(out)["warnings"])
