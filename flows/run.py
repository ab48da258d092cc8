"""``creditgrade run``: one attempt, from its options to ``status.json``, whatever happens between."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from flows.acceptances import append_acceptances
from flows.control.failures import as_failure
from flows.control.folder import OutFolder
from flows.control.latest import read_latest
from flows.control.limits import Limits
from flows.control.lock import one_run
from flows.control.log import run_log
from flows.control.notify import call, parse_command
from flows.control.status import Status
from flows.metrics import write_metrics
from flows.nightly.settings import first_retry_seconds
from flows.pipeline import Answered, pipeline
from flows.request import Request, stand_apart, understand
from publish.access import Access
from records.errors import CreditgradeError

T = TypeVar("T")


class Show(Protocol):
    """Tells a person at the terminal what goes on."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def note(self, text: str) -> None:
        """Something worth a line, not wrong."""

    def warn(self, text: str) -> None:
        """Something that somebody should look at, and that stands nowhere else."""


def run(request: Request, *, now: datetime, environ: Mapping[str, str], show: Show) -> Answered:
    """Runs the pipeline once and writes down what became of it.

    Args:
        request: the options.
        now: the instant, with its offset; ``as_of`` and the day of receipt come from it.
        environ: groups that may read the folders (``CREDITGRADE_*``).
        show: tells a person.

    Raises:
        CreditgradeError, PolicyError: the attempt failed; ``status.json`` and ``--on-finish`` know already, but of
            an output folder in the landing folder, where nothing is written.
    """
    stand_apart(request)
    attempt = _Attempt(request, now, show)
    try:
        with attempt.on_record():
            attempt.limits = Limits.of(environ)
            attempt.out.make()
            plan = replace(understand(request, now, environ), told=show.note)
            access = Access.of(environ)
            first_retry_seconds(environ)  # one runner asks for it; a wrong one is wrong for both
            attempt.as_of = plan.as_of.isoformat()
            attempt.stage = "lock"
            with (
                one_run(plan.out.lock, attempt.run_id, plan.wait_seconds, show.note),
                run_log(plan.out.logs, attempt.run_id) as log,
                attempt.on_record(log),
            ):
                plan.out.remove_leftovers()
                plan.out.check_free_space(_newest_snapshot(plan.out))
                append_acceptances(plan.out.acceptances, plan.acceptances)
                if plan.runner == "prefect":
                    from flows.prefect_flow import as_flow

                    answered = as_flow(
                        plan, attempt.step, lambda step: pipeline(plan, access, attempt.run_id, step)
                    )
                else:
                    answered = pipeline(plan, access, attempt.run_id, attempt.step)
                attempt.answered = answered
    finally:
        attempt.tell()
    return answered


@dataclass
class _Attempt:
    """What is known of an attempt while it lasts."""

    request: Request
    started_at: datetime
    show: Show
    stage: str = "options"
    as_of: str | None = None
    answered: Answered | None = None
    limits: Limits = field(default_factory=Limits)
    seconds: dict[str, float] = field(default_factory=dict)
    run_id: str = field(init=False)
    out: OutFolder = field(init=False)
    _log: Any = None
    _is_written: bool = False

    def __post_init__(self) -> None:
        self.run_id = f"{self.started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.out = OutFolder(self.request.out)

    def step(self, name: str, stage: Callable[[], T]) -> T:
        """Runs one stage, on the log."""
        self.stage = name
        self.show.stage(name)
        began = time.monotonic()
        self._log.info("stage_began", stage=name)
        with self.limits.on(name, give_up=self._write):
            result = stage()
        self.seconds[name] = round(time.monotonic() - began, 3)
        self._log.info("stage_ended", stage=name, seconds=self.seconds[name])
        return result

    @contextmanager
    def on_record(self, log: Any = None) -> Iterator[None]:
        """Writes ``status.json`` at the end of the block, once for an attempt: inside the lock where it was got."""
        self._log = log
        try:
            yield
        except BaseException as error:
            self._write(as_failure(error))
            raise
        self._write(None)

    def tell(self) -> None:
        """Calls ``--on-finish``, when the lock is free again."""
        if self.request.on_finish is None:
            return
        try:
            problem = call(parse_command(self.request.on_finish), self.out.status)
        except CreditgradeError:
            return  # the command cannot be read: that is the failure reported already
        if problem:
            self.show.warn(problem)

    def _write(self, failure: CreditgradeError | None) -> None:
        if self._is_written:
            return
        self._is_written = True
        status = self._status(failure)
        if self._log is not None:
            self._log.info(
                "run_ended",
                stage=status.stage,
                exit_code=status.exit_code,
                rule=status.rule,
                message=status.message,
            )
        try:
            status.write(self.out.status)
            write_metrics(self.out, status, self.seconds, self._manifest())
        except (CreditgradeError, OSError):
            if status.rule not in ("not_writable", "disk_full"):  # these say it already
                self.show.warn(f"{self.out.status} could not be written")

    def _manifest(self) -> Mapping[str, Any] | None:
        return self.answered.published.manifest if self.answered is not None else None

    def _status(self, failure: CreditgradeError | None) -> Status:
        snapshot = warnings = None
        message = "done"
        if self.answered is not None:
            published = self.answered.published
            snapshot = published.path.relative_to(self.out.root).as_posix()
            warnings = self.answered.warnings
            message = (
                "published" if published.is_new else "nothing to do: the same inputs were published before"
            )
        return Status(
            run_id=self.run_id,
            as_of=self.as_of,
            stage=self.stage if failure else "done",
            exit_code=failure.exit_code if failure else 0,
            rule=failure.rule if failure else None,
            message=str(failure) if failure else message,
            started_at=self.started_at,
            finished_at=datetime.now(self.started_at.tzinfo),
            snapshot=snapshot,
            warnings=warnings or (),
        )


def _newest_snapshot(out: OutFolder) -> Path | None:
    standing = read_latest(out)
    path = out.root / standing["path"] if standing else None
    return path if path is not None and path.is_dir() else None
