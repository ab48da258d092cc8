"""Measuring a command: seconds, processor time, and the most memory that it and its children held at once."""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

MIB = 1 << 20


@dataclass(frozen=True)
class Measured:
    """Of one command.

    Attributes:
        seconds: wall clock.
        cpu_s: user and system time of it and its children; on a busy machine the fairer figure.
        peak_mib: highest sum of resident memory over the process and its children, sampled.
        output: what it printed.
    """

    seconds: float
    cpu_s: float
    peak_mib: float
    output: str


def measure(command: Sequence[str], *, every_s: float = 0.05) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: it did not end with 0; with what it printed.
    """
    before = _cpu_of_children()
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, _resident(process.pid))
            done.wait(every_s)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    return Measured(seconds, _cpu_of_children() - before, peak / MIB, output)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resident(pid: int) -> int:
    total = 0
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
