"""The deployed flow. Prefect's runner starts it in a process of its own, so a stage has the main thread."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed

from flows.control.failures import as_failure
from flows.control.folder import OutFolder
from flows.days import ZONE
from flows.nightly.night import late_for, missed
from flows.nightly.settings import FLOW
from flows.request import Request
from flows.run import run
from records.errors import CreditgradeError, UsageError


class _Silent:
    """Nobody sits at a terminal: the log, ``status.json`` and the artifacts tell."""

    def stage(self, name: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """To the process's log."""
        logging.getLogger("creditgrade").info(text)

    def warn(self, text: str) -> None:
        """To the process's log."""
        logging.getLogger("creditgrade").warning(text)


def _reports(out: Path, snapshot: Path) -> str:
    """Writes the workbooks and the PDF; the night's answers stand already, whatever becomes of them."""
    from publish.report.write import write_reports

    try:
        try:
            write_reports(snapshot, out, now=datetime.now(ZONE))
        except UsageError as error:
            if error.rule != "pango_missing":
                raise
            write_reports(snapshot, out, now=datetime.now(ZONE), with_pdf=False)
            return f"; reports without PDF ({error.rule}): {error}"
    except CreditgradeError as error:
        logging.getLogger("creditgrade").warning("reports were not written: %s", error)
        return f"; reports were not written ({error.rule}): `creditgrade report` writes them"
    return ""


def _name() -> str:
    return f"creditgrade as_of={datetime.now(ZONE):%Y-%m-%d}"


@flow(
    name=FLOW,
    flow_run_name=_name,
    persist_result=False,
    validate_parameters=False,
    retries=0,
    description="What has landed becomes today's snapshot 每夜运行",
)
def nightly(
    landing: str,
    out: str,
    lake: str | None = None,
    policy: str | None = None,
    engine: str = "duckdb",
    on_finish: str | None = None,
    wait_seconds: float = 3600.0,
) -> State[Any]:
    """Runs the night of today; a run that was scheduled for an earlier day leaves with a message."""
    now = datetime.now(UTC)
    day = late_for(flow_run.scheduled_start_time if flow_run.id else None, now)
    if day is not None:
        return Cancelled(
            message=f"the night of {day} was missed; today's run stands for now, "
            f"and `creditgrade backfill {day} {day}` grades that day"
        )
    request = Request(
        landing=Path(landing),
        out=Path(out),
        lake=Path(lake) if lake else None,
        policy=Path(policy) if policy else None,
        engine=engine,
        runner="prefect",
        on_finish=on_finish,
        wait_seconds=wait_seconds,
    )
    try:
        answered = run(request, now=now, environ=os.environ, show=_Silent())
    except BaseException as error:  # noqa: BLE001 (Prefect keeps the text of an exception: only ours quotes no row)
        return Failed(message=str(as_failure(error)))  # raised, it would stand behind words of Prefect's own
    told = f"{answered.published.path.name}: " + (
        "published" if answered.published.is_new else "nothing to do"
    )
    if answered.published.is_new:
        told += _reports(Path(out), answered.published.path)
    gap = missed(OutFolder(Path(out)), now.astimezone(ZONE).date())
    if gap:
        told += (
            f"; nights without a snapshot: {len(gap)}, `creditgrade backfill {gap[0]} {gap[-1]}` grades them"
        )
    return Completed(message=told)
