"""A pipeline whose ingest and grading are made by hand: the tests here are about everything around them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flows import pipeline
from flows.pipeline import Answered
from flows.request import Plan, Request
from flows.run import run
from records.intake import Delivery, Intake
from tests.integration.publish.graded import AS_OF, SHA, Graded

NOW = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)


class Told:
    """What a person was shown."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.lines: list[str] = []

    def stage(self, name: str) -> None:
        self.stages.append(name)

    def note(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(f"warning: {text}")


@dataclass
class City:
    """An output folder and a pipeline with made-up stages.

    Attributes:
        fail: stage → what it raises instead of working.
        calls: stages that did something, over all runs.
    """

    folder: Path
    graded: Graded
    told: Told
    fail: dict[str, BaseException]
    calls: list[str]
    intake: Intake

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def run(self, now: datetime = NOW, **options: Any) -> Answered:
        request = replace(Request(self.folder / "landing", self.out, wait_seconds=0), **options)
        return run(request, now=now, environ={}, show=self.told)


def listing() -> Delivery:
    record = {"rows_read": 1, "accepted": 1, "quarantined": 0, "duplicates": 0, "newest_event": "2026-06-20"}
    return Delivery(
        "listings", "listings/l.csv", SHA, date(2026, 6, 29), 1, 2, False, False, None, record, None, None
    )


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    graded = Graded(tmp_path / "engine")
    graded.conservation["listings"] = {
        "accepted": 1,
        "current": 1,
        "superseded": 0,
        "withdrawn": 0,
        "unmatched": 0,
    }
    made = City(tmp_path, graded, Told(), {}, [], Intake((graded.delivery, listing())))

    def ingest(plan: Plan, policy: Any) -> Intake:
        work("ingest")
        return made.intake

    def grade(plan: Plan, policy: Any, intake: Intake, folder: Path) -> Any:
        work("grade")
        made.graded.folder = folder
        for name in ("grades", "eligibility", "sampling_plan"):
            for row in made.graded.rows[name]:
                row["as_of"] = plan.as_of
        for row in made.graded.rows["grades"]:
            row["policy_version"] = policy.version
        return made.graded.result()

    def work(stage: str) -> None:
        made.calls.append(stage)
        if stage in made.fail:
            raise made.fail[stage]

    monkeypatch.setattr(pipeline, "ingest", ingest)
    monkeypatch.setattr(pipeline, "grade", grade)
    return made


__all__ = ["AS_OF", "City", "Told"]
