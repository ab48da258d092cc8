"""The learned scorecard (评分卡) as policy: its event and features, and how it is fitted, judged and watched."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from policy.dated import About, Model, Text
from policy.points import ADVERSE_COUNTS, EVENT_STREAMS, NUMERIC_FEATURES, TEXT_FEATURES, Category

RESULTS = (
    "R0_EXIT", "R1_OK", "R2_NOT_PUBLISHED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R5_CORRECTED", "R6_REFUSED",
    "R7_NO_ACTIVITY", "R8_PENDING",
)  # fmt: skip
# Features of the history beside those of the expert table; no other column of any record can be asked for.
HISTORY_FEATURES = (
    "visits", "days_since_visit", "days_since_first_visit", "days_since_event", "licence_terms",
    "days_to_licence_end", "months_since_licence", "listings_active",
)  # fmt: skip
GROUP_FEATURES = ("share", "recent", "mean", "last", "before")
COUNT_MONTHS = (12, 36, 60)
TEXTS = (*TEXT_FEATURES, "industry_division", "key_area_industry")
# What may not be used, whatever it is called (who came, which office, where): no feature's name holds any of these.
FORBIDDEN_WORDS = (
    "authority", "office", "inspector", "officer", "division_code", "address", "district", "region", "location",
    "street", "latitude", "longitude", "postcode", "source_unit", "unit_uscc", "legal_rep", "name_norm",
)  # fmt: skip

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[str, Field(pattern=r"^(?:0|1)(?:\.[0-9]+)?$")]
Number = Annotated[str, Field(pattern=r"^[0-9]+(?:\.[0-9]+)?$")]
Result = Literal[
    "R0_EXIT", "R1_OK", "R2_NOT_PUBLISHED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R5_CORRECTED", "R6_REFUSED",
    "R7_NO_ACTIVITY", "R8_PENDING",
]  # fmt: skip
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class ItemGroup(Model):
    """Inspected items, or results of visits, that are counted together.

    Attributes:
        items: whole names of items; prefixes: how names begin. Only items with an adverse result count.
        results: the visit's results, where the group is of results and not of items.
        prior_share, prior_mean: what an entity without visits is taken to have: the share of visits with any, and
            the number a visit.
    """

    id: Id
    label: Text
    items: tuple[Text, ...] = ()
    prefixes: tuple[Text, ...] = ()
    results: tuple[Result, ...] = ()
    prior_share: Share
    prior_mean: Number

    @model_validator(mode="after")
    def _one_kind(self) -> ItemGroup:
        if bool(self.items or self.prefixes) == bool(self.results):
            raise ValueError("needs items or prefixes, or else results")
        return self

    @property
    def prior_share_permille(self) -> int:
        """Prior share in thousandths."""
        return int(Decimal(self.prior_share) * 1000)

    @property
    def prior_mean_hundredths(self) -> int:
        """Prior mean in hundredths."""
        return int(Decimal(self.prior_mean) * 100)


class Event(Model):
    """What is to be foreseen.

    Attributes:
        at: ``window``: any such record in the window; ``next_visit``: at the first visit in it, visited entities only.
        horizon_months: length of the window, which begins on the day after the day of the features.
        penalty_tiers: tiers of penalties that count (own records, not annulled at the window's end).
        lists: lists on which an entry counts.
        results: results of visits that count. items, prefixes: inspected items that count, with an adverse result.
    """

    label: Text
    label_en: Text
    at: Literal["window", "next_visit"]
    horizon_months: Positive
    penalty_tiers: tuple[Literal["minor", "general", "serious"], ...] = ()
    lists: tuple[Text, ...] = ()
    results: tuple[Result, ...] = ()
    items: tuple[Text, ...] = ()
    prefixes: tuple[Text, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of records that tell of it."""
        visits = self.results or self.items or self.prefixes
        told = (("penalties", self.penalty_tiers), ("listings", self.lists), ("inspections", visits))
        return tuple(kind for kind, named in told if named)

    @model_validator(mode="after")
    def _something(self) -> Event:
        visits = self.results or self.items or self.prefixes
        if not (visits or self.penalty_tiers or self.lists):
            raise ValueError("names nothing that counts")
        if self.at == "next_visit" and (self.penalty_tiers or self.lists or not visits):
            raise ValueError("at the next visit, results, items or prefixes count and nothing else")
        return self


class LearnedFeature(Model):
    """A column that the scorecard may use, and the reason that its points are given for.

    Attributes:
        direction: ``up``: a greater value never lowers points; ``down``: never raises them; ``free``: as the data say.
        missing: where null stands among the values: in a bin of its own, below all, or above all.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    feature: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
    category: Category
    title: Text
    title_en: Text
    direction: Literal["up", "down", "free"]
    missing: Literal["own", "low", "high"] = "own"

    @model_validator(mode="after")
    def _allowed(self) -> LearnedFeature:
        if found := [word for word in FORBIDDEN_WORDS if word in self.feature.lower()]:
            raise ValueError(f"feature {self.feature} may not be used ({found[0]})")
        if self.feature in TEXTS and self.direction != "free":
            raise ValueError(f"{self.feature} is a text: its direction is free")
        return self


class Candidate(Model):
    """One setting of the fit; the rule of selection chooses among them.

    Attributes:
        C: inverse strength of the regularisation; l1_ratio: 0 for L2, 1 for L1.
        max_bins: most bins of a numeric feature. smoothing: observations at the average that each bin is given.
        without: ids of features left out.
    """

    id: Id
    C: Number
    l1_ratio: Share
    max_bins: Annotated[int, Field(ge=2, le=50)]
    smoothing: Number
    without: tuple[Text, ...] = ()


class Fit(Model):
    """How the table of points is made.

    Attributes:
        dates: number of windows; step_months: from one to the next.
        min_events: fewest entities with the event among the rows that a table is fitted on; fewer are refused.
        min_bin_share: least share of a numeric bin; min_level_rows: fewest rows of a text with a bin of its own.
        max_rows: rows of the regression: every event, and every k-th other row with weight k.
    """

    dates: Annotated[int, Field(ge=2)]
    step_months: Positive
    min_events: Positive
    min_bin_share: Share
    min_level_rows: Positive
    class_weight: Literal["none", "balanced"]
    max_rows: Positive
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]


class Boosting(Model):
    """The challenger that need not be additive: gradient boosting under the same directions."""

    max_iter: Positive
    learning_rate: Number
    max_leaf_nodes: Annotated[int, Field(ge=2)]
    min_samples_leaf: Positive
    l2_regularization: Number


class Validation(Model):
    """Rolling origin: each window is foretold by what was fitted on windows that had ended before it began.

    Attributes:
        windows: number of windows; holdout: the last of them, which choose nothing.
        budget_share: share of the entities that can be inspected.
        bootstrap: draws of entities for the intervals; seed: of the draws.
        min_group: fewest entities, and min_group_events fewest events, for a rate of a group.
    """

    windows: Annotated[int, Field(ge=2)]
    holdout: Positive
    budget_share: Share
    bootstrap: Annotated[int, Field(ge=20)]
    seed: Count
    min_group: Positive
    min_group_events: Positive

    @model_validator(mode="after")
    def _some_choose(self) -> Validation:
        if self.holdout >= self.windows:
            raise ValueError("holdout must leave windows that choose")
        return self


class Scale(Model):
    """From log-odds to points; and the points' classes.

    Attributes:
        base_points: of an entity at the average in everything.
        double_odds_points: points that double the odds of the event.
        cut_points: fixed least points of each class; target_shares: shares of the population on the day of training,
            from which cut points are set once and kept with the model. Exactly one of them stands.
    """

    base_points: Annotated[int, Field(ge=0, le=1000)]
    double_odds_points: Positive
    cut_points: dict[str, int] | None = None
    target_shares: dict[str, Share] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Scale:
        if (self.cut_points is None) == (self.target_shares is None):
            raise ValueError("needs exactly one of cut_points and target_shares")
        found = self.cut_points if self.cut_points is not None else self.target_shares
        if set(found or ()) != {"A", "B", "C", "D"}:
            raise ValueError("must have exactly the classes A, B, C and D")
        if self.cut_points is not None:
            cuts = [self.cut_points[c] for c in "ABCD"]
            if cuts[0] != 0 or cuts != sorted(set(cuts)) or cuts[-1] > 1000:
                raise ValueError("cut_points must start with A at 0 and rise, to 1000 at most")
        elif sum(Decimal(v) for v in (self.target_shares or {}).values()) != 1:
            raise ValueError("target_shares must add up to 1")
        return self


class Drift(Model):
    """When the model is no longer what was validated.

    Attributes:
        psi_feature, psi_points: population stability index from which there is a warning.
        calibration_ratio: greatest factor between foretold and observed events (either way) on matured labels.
        min_matured_events: fewest foretold or observed events that are judged.
        past_threshold: ``warn``, or ``expert``: the expert table takes over.
    """

    psi_feature: Number
    psi_points: Number
    calibration_ratio: Number
    min_matured_events: Positive
    past_threshold: Literal["warn", "expert"]


class ScorecardFile(Model):
    """scorecard.yaml."""

    about: About
    event: Event
    adverse_results: Annotated[tuple[Result, ...], Field(min_length=1)]
    prior_visits: Count
    recency_weights: Annotated[tuple[tuple[Positive, Positive], ...], Field(min_length=1)]
    oldest_weight: Count
    groups: tuple[ItemGroup, ...]
    features: Annotated[tuple[LearnedFeature, ...], Field(min_length=1)]
    fit: Fit
    boosting: Boosting
    validation: Validation
    scale: Scale
    drift: Drift

    @model_validator(mode="after")
    def _consistent(self) -> ScorecardFile:
        for what, ids in (
            ("group", [g.id for g in self.groups]),
            ("feature", [f.id for f in self.features]),
            ("feature column", [f.feature for f in self.features]),
            ("candidate", [c.id for c in self.fit.candidates]),
        ):
            if twice := sorted({i for i in ids if ids.count(i) > 1}):
                raise ValueError(f"{what} {twice[0]} stands twice")
        if reserved := {f.id for f in self.features} & {"BASE", "CLIP"}:
            raise ValueError(f"indicator {sorted(reserved)[0]} is the engine's own")
        groups = {g.id for g in self.groups}
        for one in self.features:
            if not is_known_feature(one.feature, groups):
                raise ValueError(f"unknown feature {one.feature}")
            self._never_rewards(one)
        known = {f.id for f in self.features}
        for candidate in self.fit.candidates:
            if unknown := sorted(set(candidate.without) - known):
                raise ValueError(f"candidate {candidate.id} leaves out {unknown[0]}, which is no feature")
        months = [m for m, _ in self.recency_weights]
        weights = [w for _, w in self.recency_weights]
        if months != sorted(set(months)) or weights != sorted(weights, reverse=True):
            raise ValueError("recency_weights must have rising months and falling weights")
        if self.fit.dates <= self.validation.windows:
            raise ValueError("fit.dates must leave windows to fit on before the first one that is foretold")
        return self

    def _never_rewards(self, one: LearnedFeature) -> None:
        """Adverse history can only raise points, whatever chance the records hold (metamorphic laws, design.md)."""
        faults = {g.id for g in self.groups if set(g.results) <= set(self.adverse_results)}
        if _counts_adverse(one.feature, faults) and one.direction != "up":
            raise ValueError(f"{one.id}: more of {one.feature} is never better: its direction is up")
        if one.feature == "days_since_event" and (one.direction, one.missing) != ("down", "high"):
            raise ValueError(
                f"{one.id}: a recent event is never better: its direction is down, missing is high"
            )


def _counts_adverse(name: str, groups: set[str]) -> bool:
    """Whether more of a feature is more of an adverse history; ``groups``: those of faults."""
    counted = stream_count(name)
    if counted is not None:
        return counted[0] != "honour"
    group, _, what = name.rpartition("_")
    return name in (*ADVERSE_COUNTS, "listings_active") or (group in groups and what in GROUP_FEATURES)


def how_made(card: ScorecardFile, features: Collection[str]) -> dict[str, Any]:
    """What the policy says of how some features are made: a model's points fit these and no others.

    Returns:
        adverse_results, prior_visits, recency_weights, oldest_weight and groups where a feature of a group is among
        them; event where ``days_since_event`` is.
    """
    named = {name.rpartition("_")[0] for name in features if name.rpartition("_")[2] in GROUP_FEATURES}
    groups = [g.model_dump(mode="json", exclude={"label"}) for g in card.groups if g.id in named]
    made: dict[str, Any] = {}
    if groups:
        visits = {"adverse_results", "prior_visits", "recency_weights", "oldest_weight"}
        made = {**card.model_dump(mode="json", include=visits), "groups": groups}
    if "days_since_event" in features:
        made["event"] = card.event.model_dump(mode="json", exclude={"label", "label_en"})
    return made


def is_known_feature(name: str, groups: set[str]) -> bool:
    """Whether a column exists for every entity and day; the list is closed.

    >>> is_known_feature("penalty_general_12m", set()), is_known_feature("critical_share", {"critical"})
    (True, True)
    >>> is_known_feature("division_code", set())
    False
    """
    if name in NUMERIC_FEATURES or name in TEXTS or name in HISTORY_FEATURES:
        return True
    if counted := stream_count(name):
        return counted[0] in EVENT_STREAMS
    group, _, what = name.rpartition("_")
    return group in groups and what in GROUP_FEATURES


def stream_count(name: str) -> tuple[str, int] | None:
    """Stream and months of a count of events.

    >>> stream_count("penalty_general_12m")
    ('penalty_general', 12)
    """
    found = re.fullmatch(r"(.+)_([0-9]+)m", name)
    if found is None or int(found[2]) not in COUNT_MONTHS or found[1] not in EVENT_STREAMS:
        return None
    return found[1], int(found[2])
