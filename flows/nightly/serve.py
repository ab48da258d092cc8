"""Serving the night: deploy, run what is due at once, then start each scheduled run in a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.control.folder import OutFolder, existing_out
from flows.days import ZONE
from flows.nightly.night import Night, is_due, missed, read_time
from flows.nightly.server import environment, make_home, running_server, server_version
from flows.nightly.settings import api_url, page_url
from records.errors import CreditgradeError, UsageError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.deployments.runner import RunnerDeployment

_LAST_RUNS = 7
# The server plans new schedules every few seconds, all others once a minute.
_PLANNED_IN_SECONDS = 90.0
_LOOK_EVERY_SECONDS = 20.0
_MISSES = 6


def up(
    night: Night,
    at: str,
    host: str,
    port: int,
    environ: Mapping[str, str],
    told: Callable[[str], None],
    database: str | None = None,
    *,
    once: bool = False,
) -> None:
    """A server, the deployment, and one night at once; then stays, unless ``once``.

    Raises:
        UsageError, CreditgradeError: as ``running_server`` and ``serve``; ``night_failed`` with ``once``.
    """
    home = _home(night.out)
    with running_server(home, host, port, environ, database) as api:
        told(f"Prefect server: {api.removesuffix('/api')}")
        serve(night, at, host, port, environ, told, run_now=True, once=once)


def serve(
    night: Night,
    at: str,
    host: str,
    port: int,
    environ: Mapping[str, str],
    told: Callable[[str], None],
    *,
    run_now: bool = False,
    once: bool = False,
) -> None:
    """Deploys, reads the schedule back, and starts the runs of the deployment until it is ended.

    A night of today that should have run while nothing was up is run at once; earlier ones are only named.

    Args:
        night: what each run is asked to do.
        at: time of day of the nights, HH:MM.
        host, port: of the server.
        environ: of the runs.
        told: given a line for a person.
        run_now: run one night at once, due or not.
        once: end when that one has ended.

    Raises:
        UsageError: ``bad_time``, ``landing_missing``, ``deployment_taken``.
        CreditgradeError: ``server_away``, ``schedule_not_kept``, ``schedule_dead``, ``night_failed``.
    """
    clock = read_time("--at", at)
    if not night.landing.is_dir():
        raise UsageError(f"landing folder {night.landing} does not exist", rule="landing_missing")
    OutFolder(night.out).make()
    enter(night.out, host, port, environ)
    from prefect.client.orchestration import get_client

    from flows.nightly.deployment import deploy

    now = datetime.now(UTC)
    with get_client(sync_client=True) as client:
        deployment, standing = deploy(client, night, clock)
        told(f"{standing.line()}, into {night.out}")
        if gap := missed(OutFolder(night.out), now.astimezone(ZONE).date()):
            told(
                f"nights without a snapshot: {len(gap)}; creditgrade backfill {gap[0]} {gap[-1]} grades them"
            )
        started: UUID | None = None
        if run_now or is_due(OutFolder(night.out), clock, now):
            started = client.create_flow_run_from_deployment(standing.id).id
            told(f"running now: {_page(host, port)}/flow-run/{started}")
        else:
            told(f"runs: {_page(host, port)}")
        if once and started is not None:
            _run_one(deployment, started)
            _say_how_it_ended(client, started, told)
            return
        told(wait_for_a_plan(client))
    _stay(deployment, api_url(host, port))


def describe(out: Path, host: str, port: int, environ: Mapping[str, str]) -> list[str]:
    """What the server has: schedule, next night, last runs.

    Raises:
        UsageError: ``out_missing``.
        CreditgradeError: ``server_away``.
    """
    existing_out(out)
    enter(out, host, port, environ)
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterStartTime,
    )
    from prefect.client.schemas.sorting import FlowRunSort

    from flows.nightly.deployment import standing
    from flows.nightly.settings import FLOW

    with get_client(sync_client=True) as client:
        found = standing(client)
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])),
            flow_run_filter=FlowRunFilter(start_time=FlowRunFilterStartTime(is_null_=False)),
            sort=FlowRunSort.START_TIME_DESC,
            limit=_LAST_RUNS,
        )
    lines = [found.line() if found else "no deployment: creditgrade nightly serve makes it"]
    for run in runs:
        began = run.start_time.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if run.start_time else "?"
        told = f": {run.state.message}" if run.state and run.state.message else ""
        lines.append(f"{began}  {run.name}  {run.state_name}{told}")
    return [*lines, f"runs: {_page(host, port)}"]


def _home(out: Path) -> Path:
    return out.resolve() / ".prefect"


def _page(host: str, port: int) -> str:
    return page_url(api_url(host, port))


def enter(out: Path, host: str, port: int, environ: Mapping[str, str]) -> None:
    """Sets this process, and those that it starts, to one server; before Prefect is imported."""
    api = api_url(host, port)
    if server_version(api) is None:
        raise CreditgradeError(
            f"no Prefect server answers at {api}; creditgrade nightly server starts it", rule="server_away"
        )
    make_home(_home(out))
    os.environ.update(environment(environ, _home(out), host, port))


def _run_one(deployment: RunnerDeployment, started: UUID) -> None:
    import asyncio

    runner = _runner()
    runner.add_deployment(deployment)
    asyncio.run(runner.execute_flow_run(started))


def wait_for_a_plan(client: SyncPrefectClient) -> str:
    """A schedule that stands on the server is worth nothing until the server has made a run of it.

    Raises:
        CreditgradeError: ``schedule_dead``.
    """
    from flows.nightly.deployment import standing

    until = time.monotonic() + _PLANNED_IN_SECONDS
    while (found := standing(client)) is None or found.next_at is None:
        if time.monotonic() > until:
            raise CreditgradeError(
                f"the server has the schedule but has planned no night in {_PLANNED_IN_SECONDS:g} s: its scheduler "
                "does not work; its log says why",
                rule="schedule_dead",
            )
        time.sleep(1)
    return f"planned: {found.line()}"


def _stay(deployment: RunnerDeployment, api: str) -> None:
    import asyncio

    runner = _runner()
    runner.add_deployment(deployment)

    async def serving() -> None:
        ended = asyncio.Event()
        # Prefect's own way to end at SIGTERM breaks its tasks off in mid-run, with warnings and tracebacks.
        loop = asyncio.get_running_loop()
        runner.handle_sigterm = lambda *_: loop.call_soon_threadsafe(ended.set)
        # The runner lives on when its server is gone, and starts nothing any more: whoever restarts it must know.
        starting = asyncio.create_task(runner.start())
        watching = asyncio.create_task(_until_away(api))
        ending = asyncio.create_task(ended.wait())
        done, _ = await asyncio.wait({starting, watching, ending}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        ending.cancel()
        if starting not in done:
            starting.cancel()
            await asyncio.wait({starting}, timeout=_LOOK_EVERY_SECONDS)
        for task in done:
            task.result()

    asyncio.run(serving())


async def _until_away(api: str) -> None:
    import asyncio

    misses = 0
    while misses < _MISSES:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        misses = 0 if await asyncio.to_thread(server_version, api) else misses + 1
    raise CreditgradeError(
        f"the Prefect server at {api} went away; `creditgrade nightly serve` goes on when it is back",
        rule="server_away",
    )


def _runner() -> Any:
    from prefect.runner import Runner

    # The schedule stays on when this process ends: a restart must not have to remember to switch it on.
    return Runner(name="creditgrade", limit=1, pause_on_shutdown=False)


def _say_how_it_ended(client: SyncPrefectClient, started: UUID, told: Callable[[str], None]) -> None:
    state = client.read_flow_run(started).state
    message = (state.message if state else None) or "no message"
    if state is None or not state.is_completed():
        raise CreditgradeError(f"the night did not end well: {message}", rule="night_failed")
    told(message)
