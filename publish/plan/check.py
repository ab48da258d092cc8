"""After the visits: the seed is revealed, and anyone draws again and compares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from publish.places import SNAPSHOTS
from publish.plan.draw import Rules, chances, commitment, visits
from publish.plan.files import (
    ABOUT,
    FRAME,
    PLANS,
    draw_rows,
    read_about,
    read_frame,
    read_object,
    read_rows,
    visit_rows,
)
from publish.plan.roster import Inspector
from records.errors import PromiseBroken, UsageError
from records.lake.disk import sha256_of, write_json

REVEALED = "reveal.json"
_INSPECTORS = ("inspectors", "inspectors_missing")


def plans_of(out: Path, as_of: str, seed: str | None) -> list[Path]:
    """The plans of a day, whichever of its revisions they were drawn from: all, or those of a seed."""
    name = "plan-*" if seed is None else f"plan-{commitment(seed, as_of)[:12]}"
    found = [place.parent for place in (out / PLANS).glob(f"as_of={as_of}*/{name}/{ABOUT}")]
    return sorted(found)


def reveal(folder: Path, seed: str, now: datetime) -> dict[str, Any]:
    """Publishes the seed of a plan, once the visits are done.

    Raises:
        UsageError: ``no_plan``, ``seed_not_committed``.
    """
    about = read_about(folder)
    if commitment(seed, about["as_of"]) != about["commitment"]:
        raise UsageError("--seed is not the one that was committed to", rule="seed_not_committed")
    told = {"as_of": about["as_of"], "commitment": about["commitment"], "seed": seed,
            "revealed_at": now.isoformat(timespec="seconds")}  # fmt: skip
    if not (folder / REVEALED).exists():
        write_json(folder / REVEALED, told)
    return read_object(folder / REVEALED)


def check_plan(
    folder: Path, out: Path, rules: Rules, seed: str | None, roster: Sequence[Inspector] | None
) -> dict[str, Any]:
    """Draws again from frame and seed and compares the draw, the visits, and with a roster who goes.

    Args:
        folder: of the plan.
        out: the output folder, where the snapshot that the plan names lies.
        seed: None for the revealed one.
        roster: None where only the inspectors are taken as they stand.

    Raises:
        UsageError: ``no_plan``, ``no_snapshot``, ``seed_not_revealed``, ``seed_not_committed``.
        PromiseBroken: ``plan_differs``.
    """
    about = read_about(folder)
    if seed is None:
        if not (folder / REVEALED).exists():
            raise UsageError(f"the seed of {folder.name} is not revealed yet", rule="seed_not_revealed")
        seed = str(read_object(folder / REVEALED)["seed"])
    if commitment(seed, about["as_of"]) != about["commitment"]:
        raise UsageError("the seed is not the one that was committed to", rule="seed_not_committed")
    snapshot = out / SNAPSHOTS / about["snapshot"]
    if not (snapshot / FRAME).exists():
        raise UsageError(f"{snapshot}, which the plan was drawn from, is not there", rule="no_snapshot")
    if sha256_of(snapshot / FRAME) != about["frame_sha256"]:
        raise PromiseBroken("the frame is another one than the plan names", rule="plan_differs", file=FRAME)
    frame = read_frame(snapshot)
    drawn = chances(frame, rules, seed, about["as_of"])
    going = visits(frame, drawn, rules, roster or [], seed, about["as_of"])
    expected = {
        "sampling_draw": draw_rows(drawn).to_pylist(),
        "sampling_plan": visit_rows(frame, drawn, going, rules.tasks[0].id).to_pylist(),
    }
    for name, rows in expected.items():
        found = read_rows(folder / f"{name}.parquet")
        if _compared(found, roster) != _compared(rows, roster):
            raise _differs(
                folder, f"{name}.parquet", f"is not what frame and seed give{_policy(about, rules)}"
            )
    for output in about["outputs"]:
        place = folder / output["path"]
        if not place.exists() or sha256_of(place) != output["sha256"]:
            raise _differs(folder, output["path"], "is not the file that plan.json names")
    return about


def _compared(rows: list[dict[str, Any]], roster: Sequence[Inspector] | None) -> list[dict[str, Any]]:
    if roster is not None:
        return rows
    return [{key: value for key, value in row.items() if key not in _INSPECTORS} for row in rows]


def _policy(about: dict[str, Any], rules: Rules) -> str:
    """What may explain it: the draw is by the policy's rates, too."""
    if about["policy_version"] == rules.policy_version:
        return ""
    return f" by the policy {rules.policy_version}; it was drawn by {about['policy_version']}: --policy DIR"


def _differs(folder: Path, name: str, what: str) -> PromiseBroken:
    return PromiseBroken(what, rule="plan_differs", file=f"{folder.name}/{name}")
