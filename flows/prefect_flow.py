"""The same pipeline as a Prefect flow: one task a stage, called in the main thread, nothing cached or sent.

Prefect carries no frame and stores no result: a task is a stage without arguments, and what it hands on stays
in this process. It stores the texts of exceptions, so it is only ever shown ours, which quote no row (promise 5).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from flows.control.failures import as_failure
from flows.nightly.settings import RETRIES, TRANSIENT_RULES, first_retry_seconds, quiet_settings
from records.errors import CreditgradeError

if TYPE_CHECKING:
    from flows.pipeline import Answered, Step
    from flows.request import Plan

S = TypeVar("S")

# Stages that touch what other machines may hold: the landing folder, the lake, the output folder.
TOUCH_THE_OUTSIDE = ("ingest", "publish", "latest", "desk")


class StageFailed(Exception):
    """What Prefect is told of a failure: the one clear line."""


def as_flow(plan: Plan, call: Step, body: Callable[[Step], Answered]) -> Answered:
    """Runs the pipeline as one flow run, or as part of the one that is running.

    Args:
        plan: gives the flow run its name and ``PREFECT_HOME`` its place, under OUT.
        call: how a stage is called inside its task.
        body: the pipeline; it is given the step that makes tasks.

    Returns:
        what the run leaves, with a warning where the server went away after the last stage.

    Raises:
        CreditgradeError: of a stage, as it was raised; ``server_away`` where the server does not answer.
    """
    for name, value in quiet_settings(plan.out.root.resolve() / ".prefect").items():
        os.environ.setdefault(name, value)
    from prefect import flow
    from prefect.context import FlowRunContext

    from flows.nightly.artifacts import report_answer, report_failure

    failures: list[BaseException] = []
    answers: list[Answered] = []

    def stages() -> None:
        try:
            answers.append(body(_step(call, failures)))
        except StageFailed:
            report_failure(plan, as_failure(failures[-1]))
            raise
        except BaseException as error:  # noqa: BLE001 (between two stages; raised again below, as it was)
            report_failure(plan, as_failure(error))
            _tell_plainly(error, failures)
        report_answer(plan, answers[0])

    inside = FlowRunContext.get() is not None
    in_flow: Callable[[], Any] = stages
    if not inside:
        named = flow(
            name="creditgrade",
            flow_run_name=f"creditgrade as_of={plan.as_of.isoformat()}",
            persist_result=False,
            validate_parameters=False,
        )
        in_flow = named(stages)
    try:
        in_flow()
    except StageFailed:
        raise failures[-1] from None
    except Exception as error:
        if failures:
            raise failures[-1] from error  # a stage failed, and Prefect could not even be told
        if not _is_of_prefect(error):
            raise
        if not answers:
            raise CreditgradeError(
                "the Prefect server does not answer any more; `creditgrade run` without --runner prefect needs none",
                rule="server_away",
            ) from error
        told = "the Prefect server went away: its page does not show how this run ended"
        return replace(answers[0], warnings=(*answers[0].warnings, told))
    return answers[0]


def _is_of_prefect(error: Exception) -> bool:
    """Whether it came from Prefect, or from the wire to its server, and not from a stage."""
    return type(error).__module__.partition(".")[0] in ("prefect", "httpx", "httpcore", "anyio", "websockets")


def _step(call: Step, failures: list[BaseException]) -> Step:
    from prefect import task
    from prefect.cache_policies import NO_CACHE
    from prefect.tasks import exponential_backoff

    def may_try_again(*_: Any) -> bool:
        return as_failure(failures[-1]).rule in TRANSIENT_RULES

    def step(name: str, stage: Callable[[], S]) -> S:
        results: list[S] = []

        @task(
            name=name,
            task_run_name=name,
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=RETRIES if name in TOUCH_THE_OUTSIDE else 0,
            retry_delay_seconds=exponential_backoff(first_retry_seconds(os.environ)),
            retry_condition_fn=may_try_again,
        )
        def in_task() -> None:
            try:
                results.append(call(name, stage))
            except BaseException as error:  # noqa: BLE001 (raised again by as_flow, as it was)
                _tell_plainly(error, failures)

        in_task()
        return results[-1]

    return step


def _tell_plainly(error: BaseException, failures: list[BaseException]) -> NoReturn:
    failures.append(error)
    raise StageFailed(str(as_failure(error))) from None
