"""What a person or a timer asked for, and the same once it is understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from flows.acceptances import Acceptance
from flows.control.folder import OutFolder
from flows.control.notify import parse_command
from flows.days import ZONE, read_day
from records.errors import UsageError
from records.resolve.spark_address import SETTING, read_master

ENGINES = ("duckdb", "spark")
RUNNERS = ("inline", "prefect")


@dataclass(frozen=True)
class Request:
    """The options of ``creditgrade run``, unread (contract §1)."""

    landing: Path
    out: Path
    as_of: str | None = None
    lake: Path | None = None
    policy: Path | None = None
    engine: str = "duckdb"
    runner: str = "inline"
    does_publish: bool = False
    known_by: str | None = None
    accept_stale: tuple[str, ...] = ()
    accept_refused: tuple[str, ...] = ()
    reason: str | None = None
    until: str | None = None
    on_finish: str | None = None
    wait_seconds: float = 30.0


@dataclass(frozen=True)
class Plan:
    """The options of a run, checked.

    Attributes:
        as_of: the day asked about.
        today: day of the run, Asia/Shanghai.
        now: instant of the run.
        spark_master: for ``--engine spark``: master or URL of a Connect server.
        acceptances: gaps accepted for this run on the command line.
        does_publish: whether ``latest.json`` may move to a day that is not today.
        told: tells a person what the run waits for.
    """

    landing: Path
    out: OutFolder
    lake: Path
    policy: Path | None
    as_of: date
    today: date
    now: datetime
    engine: str
    runner: str
    does_publish: bool
    known_by: date | None
    wait_seconds: float
    spark_master: str = "local[*]"
    acceptances: tuple[Acceptance, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    told: Callable[[str], None] = field(default=lambda text: None, compare=False, repr=False)


def understand(request: Request, now: datetime, environ: Mapping[str, str] | None = None) -> Plan:
    """Reads the options; nothing on disk is looked at.

    Args:
        request: as given.
        now: the instant, with its offset.
        environ: settings (``CREDITGRADE_SPARK_MASTER``).

    Raises:
        UsageError: ``bad_date``, ``bad_option``, ``unknown_kind``, ``bad_on_finish``.
    """
    today = now.astimezone(ZONE).date()
    as_of = today if request.as_of is None else read_day("--as-of", request.as_of)
    known_by = None if request.known_by is None else read_day("--known-by", request.known_by)
    until = None if request.until is None else read_day("--until", request.until)
    _among("--engine", request.engine, ENGINES)
    _among("--runner", request.runner, RUNNERS)
    if request.on_finish is not None:
        parse_command(request.on_finish)
    if until is not None and until < today:
        raise UsageError(f"--until {until} is over: today is {today}", rule="bad_option")
    if (request.reason or until) and not (request.accept_stale or request.accept_refused):
        raise UsageError(
            "--reason and --until belong to --accept-stale or --accept-refused", rule="bad_option"
        )
    master = Plan.spark_master
    if request.engine == "spark":
        master = read_master((environ or {}).get(SETTING) or master)
    warnings = []
    if as_of > today:
        warnings.append(f"{as_of} lies in the future: today is {today}")
    if until is not None and not request.reason:
        warnings.append(f"--until {until} without --reason: what is accepted is accepted for this run alone")
    return Plan(
        landing=request.landing,
        out=OutFolder(request.out),
        lake=request.lake or OutFolder(request.out).lake,
        policy=request.policy,
        as_of=as_of,
        today=today,
        now=now,
        engine=request.engine,
        runner=request.runner,
        does_publish=request.does_publish,
        known_by=known_by,
        wait_seconds=request.wait_seconds,
        spark_master=master,
        acceptances=(
            *(Acceptance.stale(kind, request.reason, until, today) for kind in request.accept_stale),
            *(Acceptance.refused(path, request.reason, until, today) for path in request.accept_refused),
        ),
        warnings=tuple(warnings),
    )


def stand_apart(request: Request) -> None:
    """Nothing may be written among what was delivered: the next run would refuse it as an unknown folder.

    Raises:
        UsageError: ``out_in_landing`` where the output folder or the lake is the landing folder or lies in it.
    """
    landing = request.landing.resolve()
    for option, folder in (("--out", request.out), ("--lake", request.lake)):
        if folder is not None and landing in (resolved := folder.resolve(), *resolved.parents):
            raise UsageError(f"{option} {folder} lies in the landing folder {landing}", rule="out_in_landing")


def _among(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"{option} {value!r} is unknown: {' or '.join(known)}", rule="bad_option")
