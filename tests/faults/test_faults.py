"""Kills, and a disk that is full, refuses writes or changes what was written.

After each the last good snapshot is untouched, and the next run ends in the bytes of an undisturbed one, or refuses
with the reason. A few of each in the suite, many in `make faults`. One file: its nights are made once.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.city import CALLS, SEED, TIMES, Known, Out, instants, lake

_RULE = re.compile(r"\[[a-z_]+\]$")
FEW = max(TIMES // 4, 1)
# A slow machine makes the known nights for minutes.
pytestmark = pytest.mark.timeout(900)


def refused(out: Out, code: int, line: str) -> None:
    """One clear line with a rule; nothing of the last good answer has changed."""
    assert code in (1, 2, 3, 4), line
    assert _RULE.search(line) and "\n" not in line and "[unexpected]" not in line, line
    out.stands()


@pytest.mark.parametrize(("number", "part"), list(enumerate(instants(TIMES))))
def test_kills(known: Known, tmp_path: Path, number: int, part: float) -> None:
    out = known.fresh(tmp_path / "out")
    # Grading itself writes only what is thrown away: each tenth kill is enough for it.
    grading = {"replay": ""} if number % 10 == 9 else {}
    out.kill_after(part * known.seconds * (3 if grading else 1), **grading)
    out.stands()
    out.ends_well()


@pytest.mark.parametrize("number", range(FEW))
def test_kills_at_calls(known: Known, tmp_path: Path, number: int) -> None:
    """Renames and their like take no time: a clock would never meet them."""
    chance = random.Random(f"{SEED} call {number}")
    name = chance.choice(CALLS)
    out = known.fresh(tmp_path / "out")
    code, _ = out.night(
        call=(name, chance.randint(1, known.calls[name]), chance.choice(("kill", "kill_after")))
    )
    assert code == -signal.SIGKILL
    out.count_kill(code)
    out.stands()
    out.ends_well()


def test_the_holder_of_the_lock_is_killed_while_another_waits(known: Known, tmp_path: Path) -> None:
    out = known.fresh(tmp_path / "out")
    holder = out.start()
    until = time.monotonic() + 60
    while f'"pid": {holder}}}' not in (out.root / ".lock").read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.01)
    waiting = out.start(wait_seconds=120)
    time.sleep(0.3)
    os.kill(holder, signal.SIGKILL)
    assert known.zygote.wait(holder) == -signal.SIGKILL
    assert (known.zygote.wait(waiting), out.line()) == (0, "")
    out.is_as_known()


@pytest.mark.parametrize("number", range(FEW))
def test_writes_that_fail(known: Known, tmp_path: Path, number: int) -> None:
    chance = random.Random(f"{SEED} {number}")
    name, what = chance.choice(CALLS), chance.choice(("EIO", "ENOSPC", "EACCES", "EROFS"))
    call = (name, chance.randint(1, known.calls[name]), what)
    out = known.fresh(tmp_path / "out")
    code, line = out.night(call=call)
    if code:
        refused(out, code, line)
    else:
        out.stands()  # the last things written (status.json) are told, not fatal
    out.ends_well()


@pytest.mark.parametrize("largest_file", [random.Random(SEED + n).randint(200, 60_000) for n in range(FEW)])
def test_files_that_may_not_grow(known: Known, tmp_path: Path, largest_file: int) -> None:
    out = known.fresh(tmp_path / "out")
    code, line = out.night(largest_file=largest_file)
    if code:
        refused(out, code, line)
        assert "[disk_full]" in line
    else:
        out.stands()
    out.ends_well()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MiB of its own; a plain folder where nobody may mount (`test_a_disk_that_fills` says so)."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") is not None and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m,mode=700", "tmpfs", str(place)], check=False, capture_output=True
    ).returncode  # fmt: skip
    try:
        yield place
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("number", range(max(TIMES // 8, 1)))
def test_a_disk_that_fills(known: Known, small_disk: Path, number: int) -> None:
    chance = random.Random(f"{SEED} full {number}")
    name = chance.choice(("fsync", "replace"))
    call = (
        name,
        chance.randint(1, max(known.calls[name] // 2, 1)),
        "fill" if os.path.ismount(small_disk) else "ENOSPC",
    )
    out = known.fresh(small_disk / "out")
    code, line = out.night(call=call)
    (out.root / "ballast").unlink(missing_ok=True)
    if code:
        refused(out, code, line)
        assert "[disk_full]" in line
    else:
        out.stands()
    out.ends_well()


@pytest.mark.parametrize("number", range(FEW))
def test_a_lake_that_changes(known: Known, tmp_path: Path, number: int) -> None:
    chance = random.Random(f"{SEED} lake {number}")
    out = known.fresh(tmp_path / "out")
    path = out.root / "lake" / chance.choice(sorted(lake(out.root)))
    whole = path.read_bytes()
    how = chance.choice(("cut", "flip", "empty", "gone"))
    at = chance.randrange(len(whole))
    if how == "gone":
        path.unlink()
    else:
        changed = bytes([whole[at] ^ (1 << chance.randrange(8))])
        path.write_bytes(
            {"cut": whole[:at], "flip": whole[:at] + changed + whole[at + 1 :], "empty": b""}[how]
        )
    code, line = out.night()
    if code:
        refused(out, code, line)
        # As the line says: from the backup.
        path.write_bytes(whole)
        out.ends_well()
    else:
        # It went on: what the lake lost was read again, or the night does not need it.
        assert (out.root / "snapshots" / "as_of=2026-06-30").is_dir()
        out.stands()
