"""The table of expert points (专家评分表): indicators, their features, and what each value carries."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policy.dated import Cited, Day, Model, Text, overlap

NUMERIC_FEATURES = (
    "age_months", "registered_capital_wan", "changes_12m", "licences_valid", "licences_expired_12m",
    "licences_revoked", "fine_total_yuan_60m", "branches", "honours_valid",
)  # fmt: skip
TEXT_FEATURES = ("entity_type", "industry_code", "key_area", "status_group")
EVENT_STREAMS = (
    "penalty_minor", "penalty_general", "penalty_serious",
    "inspection_R2_NOT_PUBLISHED", "inspection_R3_FALSE_INFO", "inspection_R4_UNREACHABLE",
    "inspection_R5_CORRECTED", "inspection_R6_REFUSED", "inspection_R8_PENDING", "listing_ended",
    "branch_penalty_minor", "branch_penalty_general", "branch_penalty_serious",
    "parent_penalty_general", "parent_penalty_serious",
    "predecessor_penalty_general", "predecessor_penalty_serious", "honour",
)  # fmt: skip
# More of these is never better: adding an adverse record must not lower points (design.md, metamorphic laws).
ADVERSE_COUNTS = ("licences_revoked", "fine_total_yuan_60m", "licences_expired_12m", "changes_12m")
# What an entity without any adverse fact can show: together they stay below class B (rules §7).
NEUTRAL_FEATURES = (
    "age_months", "entity_type", "industry_code", "key_area", "registered_capital_wan", "status_group",
    "changes_12m", "licences_valid", "licences_expired_12m", "branches",
)  # fmt: skip
LIVE_GROUPS = ("active", "dormant")

Category = Literal["基础属性", "动态", "监管", "关联关系", "社会评价"]
Points = Annotated[str, Field(pattern=r"^-?(?:0|[1-9][0-9]{0,3})\.[0-9]{2}$")]


def hundredths(points: str) -> int:
    """Points in whole hundredths.

    >>> hundredths("12.50"), hundredths("-0.05")
    (1250, -5)
    """
    return int(Decimal(points) * 100)


class Band(Model):
    """Values v with ge ≤ v < lt, in whole units of the feature; a null bound is open."""

    ge: int | None = None
    lt: int | None = None
    points: Points

    @property
    def points_h(self) -> int:
        """Points in hundredths."""
        return hundredths(self.points)


class Indicator(Model):
    """One reason that may carry points.

    Exactly one of `bands` (numeric feature), `map` (text feature) and `event_points` (stream of records)
    stands. A null feature carries `missing`; a text in no line of `map` carries `default`.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    category: Category
    title: Text
    title_en: Text
    reason: Text
    reason_en: Text
    feature: Text
    bands: tuple[Band, ...] | None = None
    map: dict[str, Points] | None = None
    prefix: bool = False
    missing: Points = "0.00"
    default: Points = "0.00"
    event_points: Points | None = None
    decay: bool = False
    cap: Points | None = None

    @property
    def missing_h(self) -> int:
        """Points of a null feature, in hundredths."""
        return hundredths(self.missing)

    @property
    def default_h(self) -> int:
        """Points of a text in no line of `map`, in hundredths."""
        return hundredths(self.default)

    @property
    def map_h(self) -> dict[str, int]:
        """Points of each text, in hundredths."""
        return {value: hundredths(points) for value, points in (self.map or {}).items()}

    @property
    def event_points_h(self) -> int:
        """Points of one record without decay, in hundredths; 0 where the indicator is not of events."""
        return hundredths(self.event_points or "0.00")

    @property
    def cap_h(self) -> int | None:
        """Bound of the sum over the records, in hundredths, with the sign of `event_points`."""
        return None if self.cap is None else hundredths(self.cap)

    @model_validator(mode="after")
    def _one_form(self) -> Indicator:
        forms = [name for name in ("bands", "map", "event_points") if getattr(self, name) is not None]
        if len(forms) != 1:
            raise ValueError("needs exactly one of bands, map and event_points")
        form = forms[0]
        known = {"bands": NUMERIC_FEATURES, "map": TEXT_FEATURES, "event_points": EVENT_STREAMS}[form]
        if self.feature not in known:
            raise ValueError(f"unknown feature {self.feature} for {form}")
        allowed = {
            "bands": {"missing"},
            "map": {"missing", "default", "prefix"},
            "event_points": {"decay", "cap"},
        }[form]
        for name in ({"missing", "default", "prefix", "decay", "cap"} - allowed) & self.model_fields_set:
            raise ValueError(f"{name} has no meaning beside {form}")
        if form == "bands":
            self._check_bands()
        if form == "event_points":
            self._check_events()
        return self

    def _check_bands(self) -> None:
        bands = self.bands or ()
        if not bands or bands[0].ge is not None or bands[-1].lt is not None:
            raise ValueError("bands must begin without ge and end without lt")
        for low, high in pairwise(bands):
            if low.lt is None or low.lt != high.ge:
                raise ValueError(f"bands leave a gap or overlap at {low.lt} and {high.ge}")
        edges = [band.lt for band in bands[:-1] if band.lt is not None]
        if edges != sorted(set(edges)):
            raise ValueError("bands must rise")
        points = [band.points_h for band in bands]
        if self.feature in ADVERSE_COUNTS and points != sorted(points):
            raise ValueError(f"points must not fall as {self.feature} rises")

    def _check_events(self) -> None:
        sign = -1 if self.feature == "honour" else 1
        if self.event_points_h * sign < 0 or (self.cap_h or 0) * sign < 0:
            raise ValueError("an adverse record carries no negative points, an honour no positive ones")
        if self.cap_h is not None and abs(self.cap_h) < abs(self.event_points_h):
            raise ValueError("cap lies below the points of one record")

    def worst_neutral_h(self) -> int:
        """Most points, in hundredths, that an entity without any adverse fact can take from it."""
        if self.feature not in NEUTRAL_FEATURES:
            return 0
        if self.bands is not None:
            return max(0, self.missing_h, *(band.points_h for band in self.bands))
        values = self.map_h
        if self.feature == "status_group":
            return max(0, *(values.get(group, self.default_h) for group in LIVE_GROUPS))
        return max(0, self.missing_h, self.default_h, *values.values())


class PointsTable(Cited):
    """A table of indicators and the days on which it is in force."""

    description: Text
    label: Text
    review_by: Day
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_once(self) -> PointsTable:
        ids = [one.id for one in self.indicators]
        if len(set(ids)) != len(ids):
            raise ValueError(f"indicator {next(i for i in ids if ids.count(i) > 1)} stands twice")
        if "CLIP" in ids:
            raise ValueError("indicator CLIP is the engine's own (rules §7)")
        return self


class PointsFile(Model):
    """points.yaml."""

    tables: Annotated[tuple[PointsTable, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_overlap(self) -> PointsFile:
        if problem := overlap(self.tables):
            raise ValueError(f"tables {problem}")
        return self
