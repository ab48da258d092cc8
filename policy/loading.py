"""From a folder of YAML files to a checked Policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from policy.dated import Model, Series
from policy.desk import DeskFile
from policy.errors import PolicyError
from policy.feeds import Calendar, Feed, FeedsFile
from policy.folding import fold
from policy.learned import FOLDER, REGISTRY, Scorecard, Watched, read_registry, read_watch, registered
from policy.params import PARAMS, READ_AT_INGEST, Param, ParamsFile
from policy.points import PointsFile, hundredths
from policy.publicity import Publicity
from policy.reading import read_yaml
from policy.scorecard import ScorecardFile, how_made, is_known_feature
from policy.supervision import MeasuresFile, SamplingFile
from policy.tables import (
    AuthoritiesFile,
    Authority,
    CodesFile,
    DivisionsFile,
    HonoursFile,
    ListsFile,
    PenaltyKindsFile,
    PlaceholdersFile,
    PolicyFile,
)
from policy.values import Policy

FILES: Mapping[str, type[Model]] = {
    "policy.yaml": PolicyFile,
    "rules_eligibility.yaml": ParamsFile,
    "rules_risk.yaml": ParamsFile,
    "rules_intake.yaml": ParamsFile,
    "rules_operations.yaml": ParamsFile,
    "desk.yaml": DeskFile,
    "rules_supervision.yaml": ParamsFile,
    "codes.yaml": CodesFile,
    "penalty_kinds.yaml": PenaltyKindsFile,
    "lists.yaml": ListsFile,
    "honours.yaml": HonoursFile,
    "authorities.yaml": AuthoritiesFile,
    "divisions.yaml": DivisionsFile,
    "placeholders.yaml": PlaceholdersFile,
    "points.yaml": PointsFile,
    "scorecard.yaml": ScorecardFile,
    "publicity.yaml": Publicity,
    "feeds.yaml": FeedsFile,
    "holidays.yaml": Calendar,
    "measures.yaml": MeasuresFile,
    "sampling.yaml": SamplingFile,
}
LIST_FIELDS = ("is_blocking", "after_list_months", "any_removal_is_repair", "red_line")
_NAME_KEYS = ("id", "name", "code")
M = TypeVar("M", bound=Model)


def load_policy(path: Path | None = None) -> Policy:
    """Read and check a complete set of policy files.

    Args:
        path: folder with the YAML files; None for those beside this package. Other files are ignored.

    Raises:
        PolicyError: names the file and the key that is wrong.
    """
    folder = Path(path) if path is not None else Path(__file__).parent
    if not folder.is_dir():
        raise PolicyError(str(folder), "no such folder of policy files")
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix.lower() in (".yaml", ".yml")}
    if unknown := sorted(found - set(FILES) - {f"{FOLDER}/{REGISTRY}"}):
        raise PolicyError(unknown[0], "unknown policy file")
    if missing := [name for name in FILES if name not in found]:
        raise PolicyError(missing[0], "policy file is missing")
    checked = {name: _checked(name, model, read_yaml(folder / name)) for name, model in FILES.items()}
    registry = read_registry(folder)
    champion = next((registered(folder, entry) for entry in registry.of("champion")), None)
    challengers = tuple(registered(folder, entry) for entry in registry.of("challenger"))
    watched = tuple(one for one in read_watch(folder) if champion is not None and one.model == champion.id)
    return _assemble(checked, champion, challengers, watched)


def _checked(file: str, model: type[M], data: Any) -> M:
    """Validate `data`; as JSON, so that lists may become tuples while all else is strict."""
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        # An unknown key first: beside it the key that it was meant for is reported missing.
        first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
        message = {"extra_forbidden": "unknown key", "missing": "is missing"}.get(
            first["type"], " ".join(first["msg"].removeprefix("Value error, ").split())
        )
        where = ".".join(_named(first["loc"], data))
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PolicyError(file, f"{where}{': ' if where else ''}{message}{more}") from error


def _named(loc: tuple[int | str, ...], data: Any) -> list[str]:
    """The steps to a key as a reader finds it: list items by their id or name, not by their number."""
    steps: list[str] = []
    for step in loc:
        inner: Any = None
        if isinstance(step, int):
            inner = data[step] if isinstance(data, list) and step < len(data) else None
        elif isinstance(data, dict):
            inner = data.get(step)
        name = step
        if isinstance(step, int) and isinstance(inner, dict):
            name = next((inner[key] for key in _NAME_KEYS if key in inner), step)
        steps.append(str(name))
        data = inner
    return steps


def _assemble(
    models: Mapping[str, Model],
    champion: Scorecard | None,
    challengers: tuple[Scorecard, ...],
    watched: tuple[Watched, ...],
) -> Policy:
    def get(name: str, kind: type[M]) -> M:
        model = models[name]
        if not isinstance(model, kind):
            raise TypeError(f"{name} is not read as {kind.__name__}")
        return model

    codes = get("codes.yaml", CodesFile)
    kinds = get("penalty_kinds.yaml", PenaltyKindsFile)
    lists = get("lists.yaml", ListsFile).lists
    honours = get("honours.yaml", HonoursFile).honours
    authorities = get("authorities.yaml", AuthoritiesFile).authorities
    divisions = get("divisions.yaml", DivisionsFile).divisions
    placeholders = get("placeholders.yaml", PlaceholdersFile).placeholder_names
    tables = get("points.yaml", PointsFile).tables
    params, series = _params(models)
    for one in lists:
        for field in LIST_FIELDS:
            entries = tuple((v, getattr(v, field)) for v in one.values)
            series[f"lists.{one.name}.{field}"] = Series("lists.yaml", entries)
    for honour in honours:
        terms = tuple((v, v.default_term_months) for v in honour.values)
        series[f"honours.{honour.name}.default_term_months"] = Series("honours.yaml", terms)
    publicity = get("publicity.yaml", Publicity)
    low_fines = tuple((v, v.value) for v in publicity.low_fine_yuan)
    series["publicity.low_fine_yuan"] = Series("publicity.yaml", low_fines)

    named = {
        "kinds": {k.name: sorted(k.aliases) for k in kinds.kinds},
        "lists": {one.name: sorted(one.aliases) for one in lists},
        "honours": {one.name: sorted(one.aliases) for one in honours},
        "authorities": {one.id: one.model_dump(mode="json") for one in authorities},
        "divisions": {one.code: one.model_dump(mode="json") for one in divisions},
        "placeholders": sorted(placeholders),
        "codes": {t: {c: sorted(a) for c, a in table.items()} for t, table in codes.tables.items()},
        "numbers": codes.inspection_numbers,
        "limits": {id_: _values_only(params[id_]) for id_ in READ_AT_INGEST},
    }
    # Keys are sorted in the digest: their order in a file, comments and layout leave no trace.
    content = {file: model.model_dump(mode="json") for file, model in models.items()}
    policy = Policy(
        version=f"{get('policy.yaml', PolicyFile).label}+{_digest(content)[:12]}",
        reader_digest=_digest(named),
        codes={t: {c: (c, *aliases) for c, aliases in table.items()} for t, table in codes.tables.items()},
        inspection_numbers=codes.inspection_numbers,
        penalty_kinds=kinds.kinds,
        unknown_kind_serious=kinds.unknown_kind_serious,
        lists=lists,
        honours=honours,
        authorities=authorities,
        divisions=divisions,
        placeholder_names=placeholders,
        points_tables=tables,
        publicity=publicity,
        scorecard=get("scorecard.yaml", ScorecardFile),
        champion=champion,
        challengers=challengers,
        watched=watched,
        params=params,
        feeds=_feeds(get("feeds.yaml", FeedsFile).sources, authorities),
        holidays=get("holidays.yaml", Calendar),
        excluded_items=get("desk.yaml", DeskFile).excluded_items,
        measures=get("measures.yaml", MeasuresFile),
        tasks=get("sampling.yaml", SamplingFile).tasks,
        series=series,
        review_by=_review_days(models),
        status_groups=codes.entity_status_groups,
    )
    _check_across(policy)
    return policy


def _params(models: Mapping[str, Model]) -> tuple[dict[str, Param], dict[str, Series]]:
    """Parameters of all rules_*.yaml by id, and their values over time."""
    params: dict[str, Param] = {}
    series: dict[str, Series] = {}
    for file, model in models.items():
        for param in model.params if isinstance(model, ParamsFile) else ():
            if param.id in params:
                raise PolicyError(
                    file, f"params.{param.id}: id stands twice (first in {series[param.id].file})"
                )
            params[param.id] = param
            series[param.id] = Series(file, tuple((v, v.value) for v in param.values))
    if missing := [needed for needed in PARAMS if needed not in params]:
        raise PolicyError("rules_*.yaml", f"params.{missing[0]}: parameter is missing")
    return params, series


def _values_only(param: Param) -> list[list[Any]]:
    return sorted(
        ([str(v.valid_from), str(v.valid_to), v.value] for v in param.values), key=lambda row: row[:2]
    )


def _feeds(feeds: tuple[Feed, ...], authorities: tuple[Authority, ...]) -> tuple[Feed, ...]:
    """The declared sources, with `authority` as the id in the table of authorities."""
    ids: dict[str, set[str]] = {}
    for one in authorities:
        for name in (one.id, one.name, *(alias.name for alias in one.aliases)):
            ids.setdefault(fold(name), set()).add(one.id)
    made = []
    for feed in feeds:
        if feed.authority is not None:
            found = ids.get(fold(feed.authority), set())
            if len(found) != 1:
                how = "is no authority" if not found else f"may be {' or '.join(sorted(found))}"
                raise PolicyError("feeds.yaml", f"sources.{feed.id}.authority: {feed.authority} {how}")
            feed = feed.model_copy(update={"authority": found.pop()})
        made.append(feed)
    return tuple(made)


def _review_days(models: Mapping[str, Model]) -> dict[str, date]:
    days: dict[str, date] = {}
    for file, model in models.items():
        if isinstance(model, ParamsFile):
            days |= {param.id: param.review_by for param in model.params}
        elif isinstance(model, PointsFile):
            days["points"] = max(table.review_by for table in model.tables)
        else:
            days[file.removesuffix(".yaml")] = getattr(model, "about").review_by  # noqa: B009 (every other file has it)
    return days


def _check_across(policy: Policy) -> None:
    """What holds between files."""
    codes = {division.code for division in policy.divisions}
    for authority in policy.authorities:
        if authority.division_code not in codes:
            where = f"authorities.{authority.id}.division_code"
            raise PolicyError("authorities.yaml", f"{where}: {authority.division_code} is no division")
    for model in (policy.champion, *policy.challengers):
        if model is not None:
            check_model(model, policy.scorecard)
    names = {one.name for one in policy.lists}
    for name in policy.scorecard.event.lists:
        if name not in names:
            raise PolicyError("scorecard.yaml", f"event.lists: {name} is no list")
    for rule in policy.publicity.rules:
        if rule.list_type is not None and rule.list_type not in names:
            raise PolicyError("publicity.yaml", f"rules.{rule.id}.list_type: {rule.list_type} is no list")
    _check_supervision(policy)
    for table in policy.points_tables:
        worst = sum(indicator.worst_neutral_h() for indicator in table.indicators)
        for _, cuts in policy.series["class_cut_points"].entries:
            if worst >= hundredths(f"{cuts['B']}.00"):
                raise PolicyError(
                    "points.yaml",
                    f"tables.indicators: an entity without an adverse fact could reach {worst / 100:.2f}"
                    f" points, class B begins at {cuts['B']} (class_cut_points)",
                )


def _check_supervision(policy: Policy) -> None:
    """Measures and tasks name lists, authorities and measures that exist."""
    ids = {one.id for one in policy.authorities}
    known = policy.measures.by_name
    for measure in known.values():
        for department in measure.departments:
            if department not in ids:
                raise PolicyError(
                    "measures.yaml", f"{measure.code}.departments: {department} is no authority"
                )
    for term in policy.measures.terms:
        if term.list not in {one.name for one in policy.lists}:
            raise PolicyError("measures.yaml", f"terms: {term.list} is no list")
    for one in policy.lists:
        for measure_of_list in one.measures:
            if measure_of_list.name not in known:
                raise PolicyError(
                    "lists.yaml",
                    f"lists.{one.name}.measures: {measure_of_list.name} is in no line of measures.yaml",
                )
    units = {id_.partition("-")[2] for id_ in ids}
    for task in policy.tasks:
        if task.unit not in units:
            raise PolicyError("sampling.yaml", f"tasks.{task.id}.unit: no authority is called …-{task.unit}")


def check_model(model: Scorecard, card: ScorecardFile) -> None:
    """Whether every feature of a model can be made under a policy as it was when the model was trained.

    Raises:
        PolicyError: one cannot.
    """
    groups = {group.id for group in card.groups}
    for one in model.indicators:
        if not is_known_feature(one.feature, groups):
            raise PolicyError(f"{FOLDER}/{model.id}.json", f"{one.id}: unknown feature {one.feature}")
    now = how_made(card, [one.feature for one in model.indicators])
    if changed := sorted(key for key in {*now, *model.made_with} if now.get(key) != model.made_with.get(key)):
        raise PolicyError(
            f"{FOLDER}/{model.id}.json",
            f"its features are made otherwise than when it was trained (scorecard.yaml, {', '.join(changed)})",
        )


def _digest(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
