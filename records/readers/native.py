"""What native code writes to stderr by itself, kept back until it is known whether it may be shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO

_STDERR = 2


class HeldStderr:
    """What was written to stderr meanwhile.

    Attributes:
        is_dropped: set where it must not be shown: a panic may quote what it stumbled over.
    """

    is_dropped = False


@contextmanager
def held_stderr() -> Iterator[HeldStderr]:
    """Keeps back what reaches the descriptor of stderr inside the block, and writes it out after it."""
    held = HeldStderr()
    sys.stderr.flush()
    try:
        true = os.dup(_STDERR)
    except OSError:  # there is no stderr
        yield held
        return
    with TemporaryFile() as file:
        os.dup2(file.fileno(), _STDERR)
        try:
            yield held
        finally:
            os.dup2(true, _STDERR)
            os.close(true)
            if not held.is_dropped:
                _copy(file)


def _copy(file: BinaryIO) -> None:
    file.seek(0)
    if text := file.read():
        os.write(_STDERR, text)
