"""The one pipeline: its stages in their order. A runner decides only how a stage is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from records.errors import PromiseBroken, UsageError

if TYPE_CHECKING:
    from flows.acceptances import Acceptance
    from flows.control.latest import Move
    from flows.request import Plan
    from models.engine import EngineResult
    from policy import Policy
    from publish.access import Access
    from publish.manifest import Edition
    from publish.snapshot import Published
    from records.intake import Intake

T = TypeVar("T")


class Step(Protocol):
    """Calls one stage by name; a runner adds logging, retries or a task around it."""

    def __call__(self, name: str, stage: Callable[[], T]) -> T:
        """The result of ``stage``."""


@dataclass(frozen=True)
class Answered:
    """What a good run leaves.

    Attributes:
        published: the snapshot that answers, new or standing.
        move: what was done with ``latest.json``.
        warnings: of this run, those of the manifest among them.
    """

    published: Published
    move: Move
    warnings: tuple[str, ...]


def pipeline(plan: Plan, access: Access, run_id: str, step: Step) -> Answered:
    """From a landing folder to a snapshot; the caller holds the lock of OUT.

    Raises:
        CreditgradeError: of any stage, with its exit code.
    """
    from flows.stages import desk as desk_stage
    from publish.snapshot import find_same

    policy = step("policy", lambda: read_policy(plan))
    taken = step("ingest", lambda: ingest(plan, policy))
    intake = step("feeds", lambda: check(plan, policy, taken))
    audit_head, not_witnessed = desk_stage.audit_head(plan.out.root)
    edition = replace(describe(plan, policy, intake), desk_audit_head=audit_head)
    published = find_same(edition, plan.out.root)
    if published is None:
        with plan.out.work_folder(run_id) as work:
            result = step("grade", lambda: grade(plan, policy, intake, work))
            given = (result.summary.get("drift") or {}).get("class_given_by")
            edition = replace(edition, titles=_titles(plan, policy, given))
            published = step("publish", lambda: put(plan, result, edition, access))
    standing = published
    move = step("latest", lambda: point(plan, standing))
    if move.is_moved and desk_stage.has_store(plan.out.root):
        step("desk", lambda: desk_stage.load_desk(plan, standing))
    told = [*plan.warnings, *intake.repairs, *intake.warnings, *standing.manifest["warnings"]]
    if not_witnessed:
        told.append(not_witnessed)
    if move.note and move.is_warning:
        told.append(move.note)
    return Answered(standing, move, tuple(dict.fromkeys(told)))


def read_policy(plan: Plan) -> Policy:
    """Loads the policy, once the engine is known to be there.

    Raises:
        PolicyError: it cannot be used (exit 2).
        UsageError: ``policy_missing``, ``engine_missing``.
    """
    from policy import load_policy

    if plan.engine == "spark":
        from records.resolve.spark import require_spark

        require_spark(plan.spark_master)
    if plan.policy is not None and not plan.policy.is_dir():
        raise UsageError(f"policy folder {plan.policy} does not exist", rule="policy_missing")
    policy = load_policy(plan.policy)
    if policy.champion is None and policy.value("class_method", plan.as_of) == "scorecard":
        # Told before the night's work, and not after it.
        raise UsageError(
            "class_method is scorecard, and no model is promoted (creditgrade model promote)",
            rule="no_champion",
        )
    return policy


def ingest(plan: Plan, policy: Policy) -> Intake:
    """Takes the landing folder into the lake and reads what is new.

    Raises:
        InputRefused: a folder or file cannot be taken in.
    """
    from flows.stages import ingest as stage

    return stage.ingest(
        plan.landing,
        plan.lake,
        policy,
        today=plan.today,
        now=plan.now,
        known_by=plan.known_by,
        accept_refused=[a for a in standing_acceptances(plan) if a.kind == "refused"],
        datadocs=plan.out.datadocs,
        wait_seconds=plan.wait_seconds,
        waiting=plan.told,
    )


def check(plan: Plan, policy: Policy, intake: Intake) -> Intake:
    """The intake with what the freshness of its feeds adds: warnings, accepted gaps.

    Raises:
        PromiseBroken: ``feed_missing``, ``feed_late``.
    """
    from flows.stages.ingest_feeds import check_feeds

    errors, warnings, gaps = check_feeds(
        intake, policy, plan.as_of, plan.today, [a for a in standing_acceptances(plan) if a.kind == "stale"]
    )
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise PromiseBroken("; ".join(str(error) for error in errors), rule="feeds")
    overdue = policy.overdue(plan.as_of)
    if overdue:
        warnings.append(f"the policy is past its review date in {', '.join(overdue)}")
    return replace(
        intake, warnings=(*intake.warnings, *warnings), accepted_gaps=(*intake.accepted_gaps, *gaps)
    )


def standing_acceptances(plan: Plan) -> Iterable[Acceptance]:
    """Those kept from earlier runs and those of this command line, as far as they apply today."""
    from flows.acceptances import load_acceptances, valid_on

    return valid_on([*load_acceptances(plan.out.acceptances), *plan.acceptances], plan.today).values()


def describe(plan: Plan, policy: Policy, intake: Intake) -> Edition:
    """What the snapshot is made from."""
    from models.engine import model_version
    from policy import citations
    from publish.code_version import code_version
    from publish.manifest import Edition

    return Edition(
        as_of=plan.as_of,
        created_at=plan.now,
        policy_version=policy.version,
        model_version=model_version(policy, plan.as_of),
        code_version=code_version(),
        engine=plan.engine,
        known_by=plan.known_by,
        intake=intake,
        titles=_titles(plan, policy, str(policy.value("class_method", plan.as_of))),
        citations=citations(policy, plan.as_of),
        divisions={division.code: division.name for division in policy.divisions},
    )


def _titles(plan: Plan, policy: Policy, given_by: str | None) -> dict[str, dict[str, str]]:
    """Titles of the reasons' indicators; where both methods use an id, of the one that gave the class."""
    expert = {
        i.id: {
            "title": i.title,
            "title_en": i.title_en,
            "reason": i.reason,
            "reason_en": i.reason_en,
            "feature": i.feature,
        }
        for i in policy.indicators_on(plan.as_of)
    }
    learned = policy.champion.titles() if policy.champion is not None else {}
    return expert | learned if given_by == "scorecard" else learned | expert


def grade(plan: Plan, policy: Policy, intake: Intake, work: Path) -> EngineResult:
    """Facts, features, classes and statuses as of the day."""
    from models import engine

    return engine.grade(intake, policy, plan.as_of, work, plan.engine, plan.spark_master)


def put(plan: Plan, result: EngineResult, edition: Edition, access: Access) -> Published:
    """The snapshot in its place."""
    from publish.snapshot import publish

    return publish(result, edition, plan.out.root, access=access)


def point(plan: Plan, published: Published) -> Move:
    """``latest.json``, last."""
    from flows.control.latest import move_latest

    return move_latest(
        plan.out,
        published.path,
        published.manifest_sha256,
        as_of=plan.as_of,
        today=plan.today,
        has_asked=plan.does_publish,
        known_by=plan.known_by,
    )
