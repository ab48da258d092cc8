"""How long a stage may take. A time-out ends the work: by an alarm in the main thread, else with the process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Self

from records.errors import CreditgradeError, UsageError

ENV = "CREDITGRADE_STAGE_MINUTES"
# Generous: a city's whole history is read in minutes, and a night has hours.
DEFAULT_MINUTES: Mapping[str, float] = {
    "policy": 10, "ingest": 240, "feeds": 60, "grade": 240, "publish": 120, "latest": 10, "desk": 60,
}  # fmt: skip
# What an alarm cannot interrupt (a call that never returns to Python) is ended with the process after so long.
GRACE_SECONDS = 120.0


class StageTimeout(CreditgradeError):
    """A stage took longer than it may."""

    def __init__(self, stage: str, seconds: float) -> None:
        super().__init__(
            f"stage {stage} did not end in {seconds / 60:g} minutes and was stopped; nothing was published "
            f"({ENV}={stage}=MINUTES allows more)",
            rule="stage_timeout",
        )


class _TimeIsUp(BaseException):
    """Raised by the alarm; no handler of a library may take it for an error of its own."""


@dataclass(frozen=True)
class Limits:
    """Seconds that each stage may take; a stage in no line is not limited."""

    seconds: Mapping[str, float] = field(
        default_factory=lambda: {stage: minutes * 60 for stage, minutes in DEFAULT_MINUTES.items()}
    )

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The limits that the environment names (``CREDITGRADE_STAGE_MINUTES="ingest=300,grade=60"``).

        Raises:
            UsageError: ``bad_option``.
        """
        minutes = dict(DEFAULT_MINUTES)
        for part in filter(None, (text.strip() for text in environ.get(ENV, "").split(","))):
            stage, _, text = part.partition("=")
            try:
                minutes[stage.strip()] = value = float(text)
            except ValueError:
                value = 0.0
            if stage.strip() not in DEFAULT_MINUTES or not 0 < value < 1e6:
                raise UsageError(
                    f"{ENV}: {part!r} is not STAGE=MINUTES; stages are {', '.join(DEFAULT_MINUTES)}",
                    rule="bad_option",
                )
        return cls({stage: value * 60 for stage, value in minutes.items()})

    @contextmanager
    def on(
        self, stage: str, *, give_up: Callable[[CreditgradeError], None], grace: float = GRACE_SECONDS
    ) -> Iterator[None]:
        """Ends the block when its time is up.

        Args:
            stage: its name.
            give_up: told before the process ends, where the alarm could not end the work.
            grace: seconds between the alarm and that.

        Raises:
            StageTimeout: the time was up.
        """
        seconds = self.seconds.get(stage)
        if seconds is None or threading.current_thread() is not threading.main_thread():
            # Alarms reach the main thread only; both runners call their stages there.
            yield
            return
        has_rung = is_over = False

        def ring(_signal: int, _frame: FrameType | None) -> None:
            nonlocal has_rung
            if not is_over:
                has_rung = True
                raise _TimeIsUp

        dog = threading.Timer(seconds + grace, _end_process, (StageTimeout(stage, seconds), give_up))
        dog.daemon = True
        began = time.monotonic()
        before = signal.signal(signal.SIGALRM, ring)
        timer_before = signal.setitimer(signal.ITIMER_REAL, seconds)
        dog.start()
        try:
            yield
        except BaseException as error:
            # An engine that is interrupted raises an error of its own.
            if has_rung:
                raise StageTimeout(stage, seconds) from error
            raise
        finally:
            is_over = True
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            dog.cancel()
            if timer_before[0]:  # somebody else's alarm (a test's own limit) goes on
                left = timer_before[0] - (time.monotonic() - began)
                signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), timer_before[1])


def _end_process(error: CreditgradeError, give_up: Callable[[CreditgradeError], None]) -> None:
    try:
        give_up(error)
    finally:
        for child in multiprocessing.active_children():
            child.kill()
        os._exit(error.exit_code)
