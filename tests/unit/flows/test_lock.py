"""One run at a time; the lock of a holder that died is free."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.control.lock import one_run
from records.errors import CreditgradeError, UsageError

HOLDER = """
import sys, time
from pathlib import Path
from flows.control.lock import one_run
with one_run(Path(sys.argv[1]), "holder", 0, print):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):  # type: ignore[no-untyped-def]
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / ".lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "held"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_leaves_with_a_message(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(
            CreditgradeError, match=rf"another run \(holder, process {holder.pid}\) writes to"
        ) as caught,
        one_run(tmp_path / ".lock", "second", 0, print),
    ):
        pass
    assert (caught.value.rule, caught.value.exit_code) == ("run_busy", 1)


def test_a_second_run_waits_and_takes_over_from_the_dead(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    told: list[str] = []

    def kill(text: str) -> None:
        told.append(text)
        holder.kill()

    began = time.monotonic()
    with one_run(tmp_path / ".lock", "second", 30, kill):
        assert time.monotonic() - began < 25
    assert len(told) == 1
    assert "waiting up to 30 s" in told[0]


def test_it_is_free_after_the_block_also_when_that_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), one_run(tmp_path / ".lock", "first", 0, print):
        raise KeyError
    with one_run(tmp_path / ".lock", "second", 0, print):
        pass


def test_an_output_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match="cannot write"),
        one_run(tmp_path / "file" / ".lock", "first", 0, print),
    ):
        pass
