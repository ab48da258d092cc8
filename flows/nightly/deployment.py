"""The deployment on the server: one, with one schedule, whatever was there before; read back after writing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flows.days import ZONE
from flows.nightly.night import Night
from flows.nightly.settings import DEPLOYMENT, FLOW, ZONE_NAME
from records.errors import CreditgradeError, UsageError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.deployments.runner import RunnerDeployment

NAME = f"{FLOW}/{DEPLOYMENT}"
# As many as the server gives at once.
_MOST_RUNS = 200


@dataclass(frozen=True)
class Standing:
    """What the server has, as it says.

    Attributes:
        schedules: of the deployment: cron line, time zone, whether it is on.
        next_at: when the next night begins by one of the schedules; None where none is planned.
    """

    id: UUID
    schedules: tuple[tuple[str, str, bool], ...]
    parameters: dict[str, Any]
    next_at: datetime | None

    def line(self) -> str:
        """One line for a person."""
        told = ", ".join(
            f"{cron} {zone}{'' if is_on else ' (paused 已暂停)'}" for cron, zone, is_on in self.schedules
        )
        begins = self.next_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if self.next_at else "not known yet"
        return f"schedule {told or 'none'}; next night {begins}"


def cron(at: time) -> str:
    """A cron line for each day at a time."""
    return f"{at.minute} {at.hour} * * *"


def made(night: Night, at: time) -> RunnerDeployment:
    """The deployment as it shall stand."""
    from prefect.deployments.runner import EntrypointType  # type: ignore[attr-defined]
    from prefect.schedules import Cron

    from flows.nightly.flow import nightly

    deployment: RunnerDeployment = nightly.to_deployment(  # type: ignore[assignment]
        DEPLOYMENT,
        schedules=[Cron(cron(at), timezone=ZONE_NAME)],
        parameters=night.parameters(),
        # No limit of the server's: a night that is killed would keep its place there, and all later ones wait for it.
        # The lock in the output folder lets one run at a time, and is free when its holder dies.
        concurrency_limit=None,
        description="What has landed becomes today's snapshot 每夜运行",
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return deployment


def deploy(client: SyncPrefectClient, night: Night, at: time) -> tuple[RunnerDeployment, Standing]:
    """Writes the deployment and reads it back; again and again gives the same one.

    Raises:
        UsageError: ``deployment_taken`` where the server's deployment serves another output folder.
        CreditgradeError: ``schedule_not_kept`` where the server does not have what was written.
    """
    before = standing(client)
    wanted = night.parameters()
    if before is not None and before.parameters.get("out") not in (None, wanted["out"]):
        raise UsageError(
            f"the server's deployment {NAME} grades into {before.parameters['out']}: a server serves one output "
            "folder, another --port starts another one",
            rule="deployment_taken",
        )
    deployment = made(night, at)
    deployment.apply()
    after = standing(client)
    if after is None or after.schedules != ((cron(at), ZONE_NAME, True),) or after.parameters != wanted:
        raise CreditgradeError(
            f"the server has not kept the schedule of {NAME}: {after.line() if after else 'none'}",
            rule="schedule_not_kept",
        )
    return deployment, after


def standing(client: SyncPrefectClient) -> Standing | None:
    """The deployment that the server has; None where it has none."""
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.exceptions import ObjectNotFound

    try:
        found = client.read_deployment_by_name(NAME)
    except ObjectNotFound:
        return None
    ahead = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[found.id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
        ),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        limit=_MOST_RUNS,
    )
    schedules = tuple(
        (
            str(getattr(one.schedule, "cron", one.schedule)),
            str(getattr(one.schedule, "timezone", None)),
            bool(one.active) and not found.paused,
        )
        for one in found.schedules
    )
    # A run that a person started is no sign that the server plans any.
    planned = (run.expected_start_time for run in ahead if run.auto_scheduled and run.expected_start_time)
    next_at = next((begins for begins in planned if is_planned(begins, schedules)), None)
    return Standing(found.id, schedules, dict(found.parameters), next_at)


def is_planned(begins: datetime, schedules: tuple[tuple[str, str, bool], ...]) -> bool:
    """Whether a night begins then by a schedule: the server may have planned one more by the schedule before."""
    daily = [line for line, zone, _ in schedules if zone == ZONE_NAME and line.endswith(" * * *")]
    # Of a schedule that a person wrote in another form the server knows best.
    return cron(begins.astimezone(ZONE).time()) in daily or len(daily) < len(schedules)
