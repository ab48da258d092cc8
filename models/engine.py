"""From an intake to graded tables, as of a day: the order of the steps, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.uncollected import uncollected

if TYPE_CHECKING:
    from policy import Policy
    from records.intake import Intake

TABLES = (
    "grades", "grade_reasons", "eligibility", "eligibility_blockers", "disclosure", "quarantine", "unmatched",
    "holds", "evidence", "sampling_plan", "joint_punishment", "early_warnings", "touched",
    "disclosure_penalties", "disclosure_licences", "filing_timeliness",
    "shadow_points",
)  # fmt: skip
# The rows to be looked at stand apart from what resolution stored under that name.
_STORED_AS = {"holds": "held_queue"}
MODEL_VERSION = "expert"


def model_version(policy: Policy, as_of: date) -> str:
    """What gives points beside the policy: the promoted model and the challengers, or the expert table alone."""
    models = [m.version for m in (policy.champion, *policy.challengers) if m is not None]
    if (seen := policy.watched_on(as_of)) is not None:
        # What was watched may hand the class to the expert table: it is part of what an answer is made from.
        models.append(f"watch-{seen.as_of}-{seen.digest}")
    return ";".join(models) or MODEL_VERSION


@dataclass(frozen=True)
class EngineResult:
    """Where the graded tables lie (unsorted Parquet), and what is counted beside them.

    Attributes:
        tables: name → Parquet file, names of `TABLES`; ``touched`` helps to say why something changed and is not
            published.
        conservation: per kind ``accepted, current, superseded, withdrawn, unmatched``.
        summary: ``classes``, ``statuses``, ``divisions`` (counts), ``feeds`` (declared sources).
        warnings: lines for the manifest.
    """

    tables: dict[str, Path]
    conservation: dict[str, dict[str, int]]
    summary: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    model_version: str = MODEL_VERSION


@uncollected()  # expressions are many small objects that live to the end of the run
def grade(
    intake: Intake,
    policy: Policy,
    as_of: date,
    work: Path,
    engine: str = "duckdb",
    spark_master: str = "local[*]",
) -> EngineResult:
    """Resolve, judge and grade everything in the intake as of a day.

    Args:
        intake: deliveries of the lake (`records.intake`).
        work: folder for the tables; its content is replaced.
        engine: ``duckdb`` or ``spark``.
        spark_master: for Spark, its master or the URL of its Connect server.

    Returns:
        Tables in the columns of contract §3, unsorted.
    """
    from features.facts import LINKED, gather
    from features.publicity import disclosure
    from models.discipline import joint_punishment
    from models.disclosure_files import disclosure_files
    from models.early_warning import early_warnings
    from models.eligibility import decide
    from models.evidence import evidence, held_queue
    from models.filing import filing_timeliness
    from models.grades import grade as classify
    from models.grades import in_scope, is_classed, red_lines
    from models.method import score
    from models.sampling import sampling_plan, visits_this_year
    from models.summary import summarise
    from models.touched import touched
    from records.resolve.workspace import open_workspace

    ws = open_workspace(work, engine, spark_master)
    try:
        facts = gather(ws, intake, policy, as_of)
        here = facts.features
        # First what is made from the delivered rows: no later step reads these, and what stays in memory spills.
        disclosure(ws, intake, here, as_of, policy)
        disclosure_files(ws, intake, here, as_of, policy)
        filing_timeliness(ws, intake, as_of, policy)
        touched(ws, as_of)
        visits_this_year(ws, facts.items, as_of)
        scope = in_scope(here, as_of, policy)
        classed = scope.filter(is_classed(scope, as_of, policy))
        scored = score(ws, facts, classed, as_of, policy)
        ws.release(
            *(f"linked_{kind}" for kind in LINKED), "penalty_versions", "listing_records", "entity_names"
        )
        decide(ws, here, facts.periods, as_of, policy)
        lines = red_lines(here, facts.judged.filter(facts.judged.held_as != "branch"), as_of, policy)
        classify(ws, here, scored.reasons, lines, as_of, policy, model_version(policy, as_of), scored.method)
        evidence(ws, facts, as_of, policy)
        held_queue(ws, facts, as_of)
        sampling_plan(ws, here, as_of, policy)
        joint_punishment(ws, here, as_of, policy)
        early_warnings(ws, facts.events, as_of, policy)
        names = [_STORED_AS.get(name, name) for name in TABLES]
        return EngineResult(
            tables=dict(zip(TABLES, ws.export(*names), strict=True)),
            conservation=facts.conservation,
            summary={
                **summarise(ws),
                "feeds": facts.feeds,
                **({"drift": scored.drift} if scored.drift else {}),
            },
            warnings=[*facts.warnings, *scored.warnings],
            model_version=model_version(policy, as_of),
        )
    finally:
        ws.close()
