"""What the reference engine says of one entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Blocker:
    """One line of eligibility_blockers (rules §5): one record and one code."""

    reason: str
    kind: str
    doc_no: str | None
    event_on: date | None
    blocks_until: date | None


@dataclass(frozen=True)
class Answer:
    """Status and class of one entity on one day.

    Attributes:
        blockers: as a list without order; equal lines stand as often as there are records.
        risk_class: None where the entity is not classed.
        has_risk_row: whether `grades` has a row.
        class_floor: what the red lines alone give.
        points_h: hundredths, after CLIP.
        reasons_h: indicator -> hundredths, those of 0 left out.
    """

    uscc: str
    status: str
    eligible: bool
    grounds: list[str]
    clean_since: date | None
    eligible_on: date | None
    blockers: list[Blocker]
    has_risk_row: bool = False
    risk_class: str | None = None
    red_lines: frozenset[str] = frozenset()
    class_floor: str = "A"
    points_h: int = 0
    reasons_h: dict[str, int] = field(default_factory=dict)
