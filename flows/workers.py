"""Processes that work for this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading


def begin_worker() -> None:
    """In a worker: leaves an interrupt to whom it works for, and ends with them however they end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    master = multiprocessing.parent_process()
    if master is not None:

        def end_with_master() -> None:
            master.join()
            os._exit(1)

        threading.Thread(target=end_with_master, daemon=True).start()
