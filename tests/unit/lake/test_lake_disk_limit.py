"""A disk that takes no more bytes, in a process of its own with a limit on the size of files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from records.errors import CreditgradeError
from records.lake import Lake, copy_in
lake = Lake(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with lake.locked():
    source = lake.root.parent / "a.csv"
    source.write_bytes(os.urandom(4 << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    try:
        copy_in(lake, source)
    except CreditgradeError as error:
        print(error)
        print(sorted(p.name for p in lake.received.iterdir()))
"""


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "lake")], capture_output=True, text=True, check=True
    )
    line, left = done.stdout.splitlines()
    assert "no space left" in line
    assert line.endswith("[disk_full]")
    assert left == "['.parsing']"
