"""SIGKILL at random instants: the last good snapshot is untouched, and the next run finishes the work."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.faults.city import TIMES, Known, instants


def test_kills(known: Known, tmp_path: Path) -> None:
    killed = 0
    for number, instant in enumerate(instants(TIMES, known.seconds)):
        out = known.fresh(tmp_path / f"out-{number}")
        # Grading itself writes only what is thrown away: each tenth kill is enough for it.
        grading = {} if number % 10 != 9 else {"replay": ""}
        killed += out.kill_after(instant * (3 if grading else 1), **grading) == -signal.SIGKILL
        out.stands()
        out.ends_well()
    assert killed >= TIMES // 2


def test_the_holder_of_the_lock_is_killed_while_another_waits(known: Known, tmp_path: Path) -> None:
    out = known.fresh(tmp_path / "out")
    holder = out.start()
    time.sleep(known.seconds / 3)
    waiting = out.start(wait_seconds=120)
    time.sleep(known.seconds / 6)
    os.kill(holder, signal.SIGKILL)
    assert known.zygote.wait(holder) == -signal.SIGKILL
    assert (known.zygote.wait(waiting), out.line()) == (0, "")
    out.is_as_known()
