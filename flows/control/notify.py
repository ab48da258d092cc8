"""``--on-finish CMD``: tells somebody, after success and after failure, with the path of the status file."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from records.errors import UsageError

ENV_STATUS = "CREDITGRADE_STATUS_FILE"
_LIMIT_SECONDS = 300


def parse_command(text: str) -> list[str]:
    """The words of a command line; no shell is involved.

    Raises:
        UsageError: ``bad_on_finish``.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--on-finish: {error}", rule="bad_on_finish") from error
    if not words:
        raise UsageError("--on-finish names no command", rule="bad_on_finish")
    return words


def call(command: list[str], status_file: Path, environ: Mapping[str, str] | None = None) -> str | None:
    """Runs the command with the status file as its last argument (and in ``CREDITGRADE_STATUS_FILE``).

    Returns:
        what went wrong, in words; the run's own exit code never changes for it.
    """
    env = {**(os.environ if environ is None else environ), ENV_STATUS: str(status_file)}
    try:
        done = subprocess.run([*command, str(status_file)], env=env, timeout=_LIMIT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"--on-finish: {command[0]} did not end in {_LIMIT_SECONDS} s"
    except OSError as error:
        return f"--on-finish: {command[0]}: {os.strerror(error.errno or 0)}"
    return f"--on-finish: {command[0]} ended with {done.returncode}" if done.returncode else None
