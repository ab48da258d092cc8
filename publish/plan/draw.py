"""The draw: who is visited, from the frame of a snapshot and a seed that was committed to before.

Each entity has one number, HMAC-SHA256 with the seed as key over ``<as_of>|<uscc>``. In each stratum of each task the
smallest numbers are drawn. So every stratum is a simple random sample of fixed size, anybody with the frame and the
seed finds the same, and what several tasks draw falls together into one visit.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from models.sampling import DRAW, EXCLUDED, FULL, stratum_draws
from publish.plan.roster import Inspector

if TYPE_CHECKING:
    from policy.supervision import Task

KEY_AREA, DRAWN, KEY_ITEMS = "KEY_AREA", "DRAW", "KEY_ITEMS"
_COMMITMENT = "creditgrade-plan"


@dataclass(frozen=True)
class Chance:
    """One entity in the draw of one task."""

    uscc: str
    task: str
    stratum: str
    stratum_size: int
    stratum_draws: int
    random_number: str
    rank: int

    @property
    def is_drawn(self) -> bool:
        """Whether its number is among the smallest."""
        return self.rank <= self.stratum_draws

    @property
    def inclusion_probability(self) -> float:
        """Chance that it had."""
        return self.stratum_draws / self.stratum_size


@dataclass(frozen=True)
class Visit:
    """One visit: what is looked at, by which authorities, and who goes.

    Attributes:
        selected_by: KEY_AREA, DRAW, KEY_ITEMS; several may hold.
        tasks, authorities, items: in the order of the policy; the first authority leads.
        chances: ``task=inclusion probability`` of each task that drew it.
        inspectors: ``authority: number name`` of those who go.
        missing: authorities that have too few inspectors without a conflict.
    """

    uscc: str
    selected_by: tuple[str, ...]
    tasks: tuple[str, ...]
    authorities: tuple[str, ...]
    items: tuple[str, ...]
    chances: tuple[str, ...]
    random_number: str
    inspectors: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """What the policy says of the draw.

    Attributes:
        tasks: the general one first.
        rates: class → share.
        cap: visits of an authority in a year from which on its tasks leave the entity out.
        per_visit: inspectors of each authority.
        least: fewest of a division in the general task.
        authority_of: (division, unit) → id of the authority; of any division, as delivered.
        names: id of an authority → name.
        policy_version: of the policy that says so.
    """

    tasks: Sequence[Task]
    rates: Mapping[str, Fraction]
    cap: int
    per_visit: int
    least: int
    authority_of: Callable[[str, str], str]
    names: Mapping[str, str]
    policy_version: str = ""


def commitment(seed: str, as_of: str) -> str:
    """What is published before the draw: it fixes the seed and does not tell it.

    >>> commitment("a seed", "2026-06-30")[:12]
    'a4ca8b21e435'
    """
    return hashlib.sha256(f"{_COMMITMENT}|{as_of}|{seed}".encode()).hexdigest()


def number_of(seed: str, text: str) -> str:
    """The number of an entity or inspector: 64 hex digits, ordered as text.

    >>> number_of("a seed", "2026-06-30|91341802MAX000001L")[:12]
    '5661744f57d4'
    """
    return hmac.new(seed.encode(), text.encode(), hashlib.sha256).hexdigest()


def chances(frame: Sequence[Mapping[str, Any]], rules: Rules, seed: str, as_of: str) -> list[Chance]:
    """Every entity in the draw of every task, with its number and rank; sorted by uscc and task.

    Args:
        frame: rows of ``sampling_plan``.
    """
    found: list[Chance] = []
    numbers = {row["uscc"]: number_of(seed, f"{as_of}|{row['uscc']}") for row in frame}
    for task in rules.tasks:
        strata: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in frame:
            if row["coverage"] == DRAW and task.covers(row["industry_code"]) and _may_visit(row, task, rules):
                strata[row["division_code"] or "", row["risk_class"]].append(row["uscc"])
        sizes = {key: len(usccs) for key, usccs in strata.items()}
        is_general = task is rules.tasks[0]
        rates = {c: min(Fraction(1), rate * Fraction(task.rate_factor)) for c, rate in rules.rates.items()}
        draws = stratum_draws(sizes, rates, rules.least if is_general else 0)
        for key, usccs in strata.items():
            for rank, uscc in enumerate(sorted(usccs, key=lambda u: (numbers[u], u)), start=1):
                found.append(
                    Chance(uscc, task.id, "-".join(key), sizes[key], draws[key], numbers[uscc], rank)
                )
    return sorted(found, key=lambda c: (c.uscc, c.task))


def visits(
    frame: Sequence[Mapping[str, Any]],
    drawn: Sequence[Chance],
    rules: Rules,
    roster: Sequence[Inspector],
    seed: str,
    as_of: str,
) -> list[Visit]:
    """The visits, joint tasks merged into one, with inspectors drawn from the roster; sorted by uscc."""
    by_entity: dict[str, dict[str, Chance]] = defaultdict(dict)
    for chance in drawn:
        if chance.is_drawn:
            by_entity[chance.uscc][chance.task] = chance
    load: dict[str, int] = defaultdict(int)
    made = []
    for row in sorted(frame, key=lambda r: number_of(seed, f"{as_of}|{r['uscc']}")):
        visit = _visit(row, by_entity.get(row["uscc"], {}), rules, number_of(seed, f"{as_of}|{row['uscc']}"))
        if visit is not None:
            made.append(_with_inspectors(visit, row, rules, roster, load, seed, as_of))
    return sorted(made, key=lambda v: v.uscc)


def _may_visit(row: Mapping[str, Any], task: Task, rules: Rules) -> bool:
    """Whether the authority of the task has visits left this year; the frame has judged that of the general task."""
    if task is rules.tasks[0]:
        return True
    authority = rules.authority_of(row["division_code"] or "", task.unit)
    seen = dict(text.rpartition("=")[::2] for text in row["visits_this_year"])
    return int(seen.get(authority, 0)) < rules.cap


def _visit(
    row: Mapping[str, Any], mine: Mapping[str, Chance], rules: Rules, random_number: str
) -> Visit | None:
    selected: list[str] = []
    tasks: list[Task] = []
    items: list[str] = []
    for task in rules.tasks:
        is_in_full = row["coverage"] == FULL and task.covers(row["industry_code"])
        if task.id in mine or is_in_full:
            tasks.append(task)
            items += task.items
    if row["coverage"] == FULL:
        selected.append(KEY_AREA)
    if mine:
        selected.append(DRAWN)
    general = rules.tasks[0]
    if row["key_items_in_full"] and general not in tasks:
        selected.append(KEY_ITEMS)
        tasks.insert(0, general)
        items = [*general.key_items, *items]
    if not tasks:
        return None
    division = row["division_code"] or ""
    authorities = list(dict.fromkeys(rules.authority_of(division, task.unit) for task in tasks))
    return Visit(
        uscc=row["uscc"],
        selected_by=tuple(selected),
        tasks=tuple(task.id for task in tasks),
        authorities=tuple(rules.names[id_] for id_ in authorities),
        items=tuple(dict.fromkeys(items)),
        chances=tuple(f"{id_}={chance.inclusion_probability:.6f}" for id_, chance in mine.items()),
        random_number=random_number,
    )


def _with_inspectors(
    visit: Visit,
    row: Mapping[str, Any],
    rules: Rules,
    roster: Sequence[Inspector],
    load: dict[str, int],
    seed: str,
    as_of: str,
) -> Visit:
    """Each authority sends its own; who has a conflict with the entity, or as many visits as he may have, stays."""
    if not roster:
        return visit
    going, missing = [], []
    for authority in visit.authorities:
        able = [one for one in roster if one.can_visit(visit.uscc, authority, load[one.number])]
        able.sort(key=lambda one: (number_of(seed, f"{as_of}|{visit.uscc}|{one.number}"), one.number))
        chosen = able[: rules.per_visit]
        for one in chosen:
            load[one.number] += 1
        going += [f"{authority}: {one.number} {one.name}" for one in chosen]
        if len(chosen) < rules.per_visit:
            missing.append(authority)
    return Visit(**{**visit.__dict__, "inspectors": tuple(going), "missing": tuple(missing)})


__all__ = ["EXCLUDED", "Chance", "Rules", "Visit", "chances", "commitment", "number_of", "visits"]
