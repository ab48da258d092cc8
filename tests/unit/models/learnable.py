"""A small made-up training set with a known truth, for tests of the scorecard."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np

from models.learning.dataset import MISSING, Dataset, Window
from policy.scorecard import ScorecardFile

AS_OF = date(2024, 7, 28)
WINDOWS = tuple(Window(date(2024, m, 28), date(2024, m + 1, 28)) for m in range(1, 7))


def card(**changes: Any) -> ScorecardFile:
    """A scorecard policy with three features: one adverse count, one share, one text."""
    content: dict[str, Any] = {
        "about": {
            "description": "d", "label": "l", "source": "s", "article": None, "confidence": "A",
            "reviewed_on": "2026-01-01", "review_by": "2027-01-01",
        },
        "event": {
            "label": "事件", "label_en": "event", "at": "next_visit", "horizon_months": 1, "prefixes": ["关键项"],
        },
        "adverse_results": ["R5_CORRECTED"],
        "prior_visits": 2,
        "recency_weights": [[6, 78]],
        "oldest_weight": 3,
        "groups": [
            {"id": "critical", "label": "关键项", "prefixes": ["关键项"], "prior_share": "0.1", "prior_mean": "0.1"}
        ],
        "features": [
            feature("COUNT", "penalty_general_12m", "up"),
            feature("SHARE", "critical_share", "up"),
            feature("AREA", "key_area", "free"),
        ],
        "fit": {
            "dates": 6, "step_months": 1, "min_events": 20, "min_bin_share": "0.01", "min_level_rows": 20,
            "class_weight": "none", "max_rows": 100000,
            "candidates": [
                {"id": "plain", "C": "1.0", "l1_ratio": "0", "max_bins": 6, "smoothing": "20"},
                {"id": "small", "C": "1.0", "l1_ratio": "0", "max_bins": 2, "smoothing": "20", "without": ["AREA"]},
            ],
        },
        "boosting": {
            "max_iter": 20, "learning_rate": "0.1", "max_leaf_nodes": 4, "min_samples_leaf": 20,
            "l2_regularization": "1",
        },
        "validation": {
            "windows": 3, "holdout": 1, "budget_share": "0.2", "bootstrap": 20, "seed": 1, "min_group": 30,
            "min_group_events": 5,
        },
        "scale": {
            "base_points": 300, "double_odds_points": 100,
            "target_shares": {"A": "0.5", "B": "0.3", "C": "0.15", "D": "0.05"},
        },
        "drift": {
            "psi_feature": "0.25", "psi_points": "0.25", "calibration_ratio": "1.5", "min_matured_events": 20,
            "past_threshold": "warn",
        },
    }  # fmt: skip
    content |= changes
    if "features" in changes and "fit" not in changes:
        content["fit"]["candidates"] = content["fit"]["candidates"][:1]
    return ScorecardFile.model_validate_json(json.dumps(content), strict=True)


def feature(id_: str, column: str, direction: str, missing: str = "own") -> dict[str, str]:
    return {
        "id": id_, "feature": column, "category": "监管", "title": id_, "title_en": id_, "direction": direction,
        "missing": missing,
    }  # fmt: skip


def dataset(rows_each: int = 300, seed: int = 7, windows: tuple[Window, ...] = WINDOWS) -> Dataset:
    """Events depend on the count and the share, and not on the text; one row in ten has no share."""
    rng = np.random.default_rng(seed)
    n = rows_each * len(windows)
    count = rng.poisson(0.6, n).astype(np.int32)
    share = rng.integers(0, 1000, n).astype(np.int32)
    odds = -2.2 + 0.9 * np.minimum(count, 3) + 0.0015 * share
    event = rng.random(n) < 1 / (1 + np.exp(-odds))
    share[rng.random(n) < 0.1] = MISSING
    entity = np.tile(np.arange(rows_each, dtype=np.int32), len(windows))
    since = np.where(rng.random(n) < 0.5, MISSING, rng.integers(1, 900, n)).astype(np.int32)
    return Dataset(
        windows=windows,
        window=np.repeat(np.arange(len(windows), dtype=np.int32), rows_each),
        entity=entity,
        uscc=tuple(f"U{i:05d}" for i in range(rows_each)),
        features={
            "penalty_general_12m": count,
            "critical_share": share,
            "key_area": rng.integers(0, 3, n).astype(np.int32),
            "days_since_event": since,
        },
        levels={"key_area": ("甲", "乙", "丙")},
        event=event,
        visited=rng.integers(0, 30, n).astype(np.int32),
        expert_h=(count * 1000).astype(np.int32),
        groups={
            name: np.asarray([value] * n, dtype=object)
            for name, value in (
                ("division_code", "341802"), ("entity_type", "企业"), ("industry_code", "6210"), ("age_months", 50),
                ("registered_capital_wan", None),
            )
        },
    )  # fmt: skip


def everybody(day: date) -> Dataset:
    """The entities with a class on a day; those of another day are others but for the first 300."""
    return dataset(rows_each=500, seed=day.toordinal(), windows=(Window(day, day),))
