"""Fitted scorecards as files: what a model is, and the registry that says which one is used (no pickle, no code)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError, model_validator

from policy.dated import Day, Model, Text
from policy.errors import PolicyError
from policy.points import Category
from policy.reading import read_yaml
from policy.scorecard import TEXTS, Event

FOLDER = "models"
REGISTRY = "registry.yaml"
WATCH = "watch.jsonl"
BASE = "BASE"
_CHANGED = "was changed after it was made: its hash does not fit"
Role = Literal["champion", "challenger", "retired"]


class LearnedBin(Model):
    """Values v with ge ≤ v < lt of a numeric feature (a null bound is open), or one text.

    Attributes:
        points_h: hundredths of a point.
        share: of the population on the day of training, for the drift of the feature.
        rows, events: of the training set.
    """

    ge: int | None = None
    lt: int | None = None
    level: str | None = None
    points_h: int
    share: float
    rows: int
    events: int


class LearnedIndicator(Model):
    """The rows of the table for one feature.

    Attributes:
        bins: rising bins of a numeric feature, or one for each text that was frequent enough.
        missing: of null. other: of a text in no bin.
        weight: coefficient of the logistic regression.
    """

    id: Text
    feature: Text
    category: Category
    title: Text
    title_en: Text
    direction: Literal["up", "down", "free"]
    bins: Annotated[tuple[LearnedBin, ...], Field(min_length=1)]
    missing: LearnedBin
    other: LearnedBin | None = None
    weight: float

    @property
    def is_text(self) -> bool:
        """Whether the feature is a text."""
        return self.feature in TEXTS

    @property
    def all_bins(self) -> tuple[LearnedBin, ...]:
        """Every bin: those of values, that of other texts, that of null."""
        return (*self.bins, *((self.other,) if self.other is not None else ()), self.missing)

    @model_validator(mode="after")
    def _whole(self) -> LearnedIndicator:
        if self.is_text:
            if self.other is None or any(b.level is None for b in self.bins):
                raise ValueError(f"{self.id}: a text needs levels and other")
            return self
        edges = [b.lt for b in self.bins[:-1]]
        if (
            self.bins[0].ge is not None
            or self.bins[-1].lt is not None
            or edges != [b.ge for b in self.bins[1:]]
        ):
            raise ValueError(f"{self.id}: bins leave a gap or overlap")
        points = [b.points_h for b in self.bins]
        if (self.direction == "up" and points != sorted(points)) or (
            self.direction == "down" and points != sorted(points, reverse=True)
        ):
            raise ValueError(f"{self.id}: points go against its direction")
        return self


class Calibration(Model):
    """Chance of the event: 1 / (1 + exp(−(intercept + slope × (points − base) / factor)))."""

    intercept: float
    slope: float
    windows: tuple[Text, ...]
    rows: int
    events: int


class Scorecard(Model):
    """A fitted table of points.

    Attributes:
        id: ``scorecard-<day of training>-<first 8 hex digits of the digest>``.
        base_points_h: points of the row BASE. factor: points (not hundredths) a unit of log-odds.
        cut_points_h: least points of each class. points_shares: share of the population in each tenth of the points
            on the day of training, between points_edges_h.
        made_with: what the policy said of how its features are made (`policy.scorecard.how_made`).
        windows: (first day after the features, last day of the label, rows, events) of what it was fitted on.
        inputs: sha256 of the deliveries. metrics, selection: of the validation, see docs/model.md.
        sha256: of all else.
    """

    format: Literal[1]
    id: Text
    trained_as_of: Day
    known_by: Day | None
    created_by: Text
    event: Event
    candidate: dict[str, JsonValue]
    base_points_h: int
    factor: float
    intercept: float
    indicators: Annotated[tuple[LearnedIndicator, ...], Field(min_length=1)]
    cut_points_h: dict[str, int]
    cut_rule: Literal["cut_points", "target_shares"]
    points_edges_h: tuple[int, ...]
    points_shares: tuple[float, ...]
    calibration: Calibration
    made_with: dict[str, JsonValue]
    windows: tuple[dict[str, JsonValue], ...]
    inputs: tuple[Text, ...]
    policy_version: Text
    code_version: Text
    metrics: dict[str, JsonValue]
    selection: dict[str, JsonValue]
    sha256: Text

    @property
    def version(self) -> str:
        """As a snapshot names it."""
        return f"{self.id}+{self.sha256[:12]}"

    def titles(self) -> dict[str, dict[str, str]]:
        """Indicator → its titles, for the reasons of a snapshot."""
        found = {
            one.id: {
                "title": one.title,
                "title_en": one.title_en,
                "reason": f"{one.title}（评分卡，依历史数据学得）",
                "reason_en": f"{one.title_en} (scorecard, learned from past records)",
                "feature": one.feature,
            }
            for one in self.indicators
        }
        found[BASE] = {
            "title": "起点分",
            "title_en": "Starting points",
            "reason": "各项特征均为平均水平时的分值",
            "reason_en": "Points of an entity at the average in everything",
            "feature": "",
        }
        return found


class Watched(Model):
    """Foretold and observed events of a model on labels that matured by a day (``creditgrade model watch``).

    Attributes:
        start, as_of: first day of the window (of the features) and its last.
        foretold: sum of the chances that the points stood for.
    """

    model: Text
    start: Day
    as_of: Day
    entities: int
    foretold: float
    observed: int
    auc: float | None

    @property
    def digest(self) -> str:
        """First 8 hex digits of the hash of what was seen."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def is_judged(self, least: int) -> bool:
        """Whether there are enough events to say anything."""
        return max(self.foretold, self.observed) >= least

    def is_within(self, factor: float) -> bool:
        """Whether foretold and observed differ by no more than a factor."""
        return self.observed <= factor * self.foretold and self.foretold <= factor * self.observed


class Entry(Model):
    """One registered model."""

    model: Text
    file: Text
    sha256: Text
    role: Role


class Act(Model):
    """One decision about a model: by whom, when, why."""

    at: Text
    action: Literal["promote", "challenge", "retire"]
    model: Text
    by: Text
    reason: Text


class Registry(Model):
    """registry.yaml: the models of a policy and every decision about them; lines are added, never taken away."""

    models: tuple[Entry, ...] = ()
    acts: tuple[Act, ...] = ()

    @model_validator(mode="after")
    def _one_champion(self) -> Registry:
        ids = [m.model for m in self.models]
        if len(set(ids)) != len(ids):
            raise ValueError("a model stands twice")
        if sum(m.role == "champion" for m in self.models) > 1:
            raise ValueError("there are two champions")
        return self

    def of(self, role: Role) -> tuple[Entry, ...]:
        """Entries of a role, in their order."""
        return tuple(m for m in self.models if m.role == role)


def digest(content: dict[str, Any]) -> str:
    """SHA-256 over a model's content but for ``sha256`` and ``id``, which are made from it."""
    kept = {key: value for key, value in content.items() if key not in ("sha256", "id")}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(content: dict[str, Any]) -> Scorecard:
    """A model from its content, with the hash of itself and the name made from it.

    Raises:
        ValueError: the content is not a model.
    """
    # A figure that is no number would be no JSON; what could not be judged is null.
    unnamed = json.dumps({**content, "id": "-", "sha256": "-"}, ensure_ascii=False, allow_nan=False)
    plain = Scorecard.model_validate_json(unnamed, strict=True).model_dump(mode="json")
    sha256 = digest(plain)
    named = {**plain, "id": f"scorecard-{plain['trained_as_of']}-{sha256[:8]}", "sha256": sha256}
    return Scorecard.model_validate_json(json.dumps(named, ensure_ascii=False), strict=True)


def model_bytes(model: Scorecard) -> bytes:
    """A model as it is stored."""
    return (json.dumps(model.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n").encode()


def read_model(path: Path) -> Scorecard:
    """Read one model and check that not a byte of it was changed.

    Raises:
        PolicyError: it cannot be read, is no model, or was changed after it was made.
    """
    try:
        stored = path.read_bytes()
        content = json.loads(stored)
        hash_ = digest(content) if isinstance(content, dict) else ""
    except OSError as error:
        raise PolicyError(path.name, f"cannot be read: {error.strerror}") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise PolicyError(path.name, "is no model: not JSON") from error
    if isinstance(content, dict) and content.get("sha256", hash_) != hash_:
        raise PolicyError(path.name, _CHANGED)
    try:
        model = Scorecard.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise PolicyError(path.name, f"is no model: {where}: {first['msg']}") from error
    made = sealed(model.model_dump(mode="json"))
    if made != model or model_bytes(made) != stored:
        raise PolicyError(path.name, _CHANGED)
    return model


def read_registry(folder: Path) -> Registry:
    """The registry of a policy folder; one without models where there is none.

    Raises:
        PolicyError: it cannot be read.
    """
    path = folder / FOLDER / REGISTRY
    if not path.exists():
        return Registry()
    try:
        return Registry.model_validate_json(json.dumps(read_yaml(path)), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise PolicyError(f"{FOLDER}/{REGISTRY}", f"{where}{': ' if where else ''}{message}") from error


def registered(folder: Path, entry: Entry) -> Scorecard:
    """The model of an entry.

    Raises:
        PolicyError: its file is missing, was changed, or is another model than was registered.
    """
    model = read_model(folder / FOLDER / entry.file)
    if (model.id, model.sha256) != (entry.model, entry.sha256):
        raise PolicyError(f"{FOLDER}/{entry.file}", f"is not the model that was registered ({entry.model})")
    return model


def read_watch(folder: Path) -> tuple[Watched, ...]:
    """What was watched of the models of a policy folder, in the order in which it was written.

    Raises:
        PolicyError: a line cannot be read.
    """
    path = folder / FOLDER / WATCH
    if not path.exists():
        return ()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(Watched.model_validate_json(line, strict=True))
        except ValidationError as error:
            raise PolicyError(f"{FOLDER}/{WATCH}", f"line {number} cannot be read") from error
    return tuple(found)
