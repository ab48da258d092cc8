"""``creditgrade model train`` and ``evaluate``: from a lake to a model that nobody uses yet, or to figures alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.acceptances import Acceptance
from flows.control.folder import OutFolder
from flows.control.lock import one_run
from flows.days import ZONE, read_day
from records.errors import InputRefused, UsageError

if TYPE_CHECKING:
    from models.learning.dataset import Dataset
    from policy import Policy
    from policy.learned import Scorecard, Watched
    from records.intake import Intake

MODELS = "models"


@dataclass(frozen=True)
class Asked:
    """The options of ``model train`` and ``model evaluate``.

    Attributes:
        landing: taken into the lake first, as a run does; None: the lake as it stands.
        as_of: last day of the last window; nothing after it is looked at.
        as_received: for each past day only what had been received by then.
    """

    out: Path
    landing: Path | None
    lake: Path | None
    policy: Path | None
    as_of: str | None
    as_received: bool = False
    accept_refused: tuple[str, ...] = ()
    wait_seconds: float = 30.0
    engine: str = "duckdb"


@dataclass(frozen=True)
class Prepared:
    """A training set in memory, and what it was made from.

    Attributes:
        everybody: all entities with a class on one of the days that are compared.
        inputs: sha256 of the deliveries that were looked at.
        warnings: what a reader of the figures must know of the records.
    """

    policy: Policy
    as_of: date
    data: Dataset
    everybody: Callable[[date], Dataset]
    inputs: tuple[str, ...]
    warnings: tuple[str, ...]


def train_model(
    asked: Asked, *, created_by: str, now: datetime, told: Callable[[str], None]
) -> tuple[Scorecard, Path]:
    """Trains a model and leaves it, with its card, in ``OUT/models/``; no policy is changed.

    Raises:
        UsageError: ``name_missing``, ``bad_date``, ``cannot_learn``, ``lake_missing``.
        CreditgradeError: of ingest.
    """
    from models.learning.train import train
    from policy.learned import model_bytes
    from publish.code_version import code_version
    from publish.model_card import card_html
    from records.lake.disk import clear_disk_errors, whole_file
    from records.masking import mask_text

    # It stands in the model and on its card.
    created_by = mask_text(" ".join(created_by.split()))
    if not created_by:
        raise UsageError("a model needs the name of who trained it (--by)", rule="name_missing")
    with _prepared(asked, now, told) as made:
        try:
            model = train(
                made.data,
                made.everybody,
                made.policy,
                as_of=made.as_of,
                known_by=made.as_of if asked.as_received else None,
                inputs=made.inputs,
                warnings=made.warnings,
                created_by=created_by,
                code_version=code_version(),
                told=told,
            )
        except ValueError as error:
            raise _cannot_learn(made.as_of, error) from error
        folder = asked.out / MODELS
        with clear_disk_errors(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            place = folder / f"{model.id}.json"
            with whole_file(place) as temporary:
                temporary.write_bytes(model_bytes(model))
            with whole_file(place.with_suffix(".html")) as temporary:
                temporary.write_text(card_html(model, acts=()), encoding="utf-8")
    return model, place


def evaluate(asked: Asked, *, now: datetime, told: Callable[[str], None]) -> tuple[dict[str, Any], Path]:
    """Validates the policy's candidates against every rival, and leaves the figures in ``OUT/models/``.

    Raises:
        UsageError: as `train_model`.
    """
    from models.learning.judge import judge
    from publish.code_version import code_version
    from records.lake.disk import clear_disk_errors, whole_file

    with _prepared(asked, now, told) as made:
        try:
            judged = judge(made.data, made.everybody, made.policy.scorecard, made.as_of, told)
        except ValueError as error:
            raise _cannot_learn(made.as_of, error) from error
        found = {
            "as_of": made.as_of.isoformat(),
            "known_by": made.as_of.isoformat() if asked.as_received else None,
            "policy_version": made.policy.version,
            "code_version": code_version(),
            "inputs": sorted(made.inputs),
            "chosen": judged.chosen.id,
            "selection": judged.selection,
            "metrics": {**judged.metrics, "warnings": list(made.warnings)},
        }
        folder = asked.out / MODELS
        with clear_disk_errors(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            place = folder / f"evaluation-{made.as_of}.json"
            text = json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False)
            with whole_file(place) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
    return found, place


def _cannot_learn(as_of: date, error: ValueError) -> UsageError:
    return UsageError(f"nothing can be learned up to {as_of}: {error}", rule="cannot_learn")


def watch(asked: Asked, *, now: datetime, told: Callable[[str], None]) -> Watched:
    """Foretold and observed events of the champion in the window that ended on ``as_of``; kept beside the registry.

    Raises:
        UsageError: ``no_champion``, ``not_matured`` where the window began before the model was trained.
    """
    from dataclasses import replace

    import numpy as np

    from features.history import wanted
    from flows.model_registry import keep_watched, policy_folder
    from models.learning.calibrate import Calibrated
    from models.learning.dataset import Window, build, months_before, read
    from models.learning.metrics import auc
    from models.learning.scoring import score_model
    from models.points import HUNDREDTHS
    from policy import load_policy
    from policy.learned import Watched

    folder = policy_folder(asked.policy)
    policy = load_policy(asked.policy)
    model = policy.champion
    if model is None:
        raise UsageError(f"no model is promoted in {folder}", rule="no_champion")
    # The event is the model's own, whatever the policy would learn next.
    policy = replace(policy, scorecard=policy.scorecard.model_copy(update={"event": model.event}))
    today = now.astimezone(ZONE).date()
    as_of = today if asked.as_of is None else read_day("--as-of", asked.as_of)
    window = Window(months_before(as_of, model.event.horizon_months), as_of)
    if window.start < model.trained_as_of:
        raise UsageError(
            f"the window {window.start}..{as_of} begins before {model.trained_as_of}, up to which {model.id} was "
            "trained: it would be judged on what it knows",
            rule="not_matured",
        )
    with _at_work(asked, now, told) as (work, lake):
        intake = _intake(asked, lake, policy, today, now, told, landing=asked.landing, known_by=None)
        files = build(lambda _: intake, policy, [window], window.start, work, engine=asked.engine, told=told)
        data = read(files, [window], wanted(policy))
    points = score_model(model, data)
    c = model.calibration
    scale = Calibrated(model.base_points_h, model.factor * HUNDREDTHS, c.intercept, c.slope, None)
    foretold = scale.chance(points.astype(float))
    found = auc(points, data.event)
    line = {
        "model": model.id,
        "start": window.start.isoformat(),
        "as_of": as_of.isoformat(),
        "entities": len(data),
        "foretold": round(float(np.sum(foretold)), 3),
        "observed": int(data.event.sum()),
        "auc": round(found, 4) if found == found else None,
    }
    seen = Watched.model_validate_json(json.dumps(line), strict=True)
    keep_watched(folder, seen)
    return seen


@contextmanager
def _at_work(asked: Asked, now: datetime, told: Callable[[str], None]) -> Iterator[tuple[Path, Path]]:
    """A folder to work in, and the lake; the lock of OUT is held while it lasts."""
    out = OutFolder(asked.out)
    out.make()
    run_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    with one_run(out.lock, run_id, asked.wait_seconds, told), out.work_folder(run_id) as work:
        lake = asked.lake or out.lake
        if asked.landing is None:
            from flows.lake_care import existing_lake

            existing_lake(lake, None)
        yield work, lake


@contextmanager
def _prepared(asked: Asked, now: datetime, told: Callable[[str], None]) -> Iterator[Prepared]:
    """The training set; the lock of OUT is held while it lasts."""
    from features.history import wanted
    from models.learning.dataset import Window, build, features_file, read, windows
    from policy import load_policy

    today = now.astimezone(ZONE).date()
    as_of = today if asked.as_of is None else read_day("--as-of", asked.as_of)
    policy = load_policy(asked.policy)
    with _at_work(asked, now, told) as (work, lake):
        intake = _intake(asked, lake, policy, today, now, told, landing=asked.landing, known_by=None)

        last = intake

        def on(day: date) -> Intake:
            nonlocal last
            if not asked.as_received:
                return intake
            try:
                known = _intake(asked, lake, policy, today, now, told, landing=None, known_by=day)
                # The same deliveries are the same intake: they are linked once.
                last = last if known.deliveries == last.deliveries else known
                return last
            except InputRefused as error:
                if error.rule != "no_entities":
                    raise
                raise UsageError(
                    f"no market entity had been received by {day}: what was known then (--known-by) can be learned "
                    "only from a lake that was filled then",
                    rule="cannot_learn",
                ) from error

        spans = windows(policy, as_of)
        # What cannot be learned from is said before anything is made.
        on(spans[0].start)
        known = on(as_of)
        _records_begin(known, policy, spans[-policy.scorecard.validation.windows :][0].start)
        warnings = tuple(records_end(known, policy, as_of))
        for line in warnings:
            told(f"warning 注意: {line}")
        files = build(on, policy, spans, as_of, work, engine=asked.engine, told=told)
        names = wanted(policy)
        data = read(files, spans, names)

        def everybody(day: date) -> Dataset:
            return read([features_file(work, day)], [Window(day, day)], names, like=data)

        inputs = tuple(d.sha256 for d in known.taking_part())
        yield Prepared(policy, as_of, data, everybody, inputs, warnings)


def _records_begin(intake: Intake, policy: Policy, first: date) -> None:
    """Refuses, before anything is made, days on which nothing had happened yet that could be learned from.

    Raises:
        UsageError: ``cannot_learn``.
    """
    from flows.stages.ingest_feeds import newest_event

    kinds = policy.scorecard.event.kinds
    if all(newest_event(intake.taking_part(kind), first) is None for kind in kinds):
        raise UsageError(
            f"no record of {' or '.join(kinds)} is dated up to {first}, when the first window begins that would be "
            "foretold: nothing could be learned before it (a later --as-of, or fewer windows: scorecard.yaml)",
            rule="cannot_learn",
        )


def records_end(intake: Intake, policy: Policy, as_of: date) -> Iterator[str]:
    """A line for each kind whose records end long before the last window does: what came after is in no label."""
    from flows.stages.ingest_feeds import newest_event
    from models.learning.dataset import months_before

    card = policy.scorecard
    for kind in card.event.kinds:
        newest = newest_event(intake.taking_part(kind), as_of)
        if newest is None:
            yield f"no record of {kind} is dated up to {as_of}: none of them counts as an event"
        elif newest < months_before(as_of, card.fit.step_months):
            yield (
                f"the records of {kind} end on {newest}, the last window on {as_of}: what happened in between counts "
                f"as if it had not (--as-of {newest} ends where they do)"
            )


def _intake(
    asked: Asked,
    lake: Path,
    policy: Policy,
    today: date,
    now: datetime,
    told: Callable[[str], None],
    *,
    landing: Path | None,
    known_by: date | None,
) -> Intake:
    from flows.stages.ingest import ingest

    accepted: list[str | Acceptance] = list(asked.accept_refused)
    return ingest(
        landing,
        lake,
        policy,
        today=today,
        now=now,
        known_by=known_by,
        accept_refused=accepted,
        wait_seconds=asked.wait_seconds,
        waiting=told,
    )
