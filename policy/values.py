"""The policy as the rest of the application asks it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from policy.dated import Cited, Series, constant_periods
from policy.desk import ExcludedItems
from policy.errors import PolicyError
from policy.feeds import Calendar, Feed
from policy.folding import fold
from policy.learned import Scorecard, Watched
from policy.params import PARAMS, Param
from policy.points import Indicator, PointsTable
from policy.publicity import Publicity
from policy.scorecard import ScorecardFile
from policy.supervision import MeasuresFile, Task
from policy.tables import Authority, ContainsRule, Division, HonourType, ListType, PenaltyKind, StatusGroup

ListField = Literal["is_blocking", "after_list_months", "any_removal_is_repair", "red_line"]


@dataclass(frozen=True)
class Policy:
    """Everything that comes from a rule, checked.

    Attributes:
        version: label and the first 12 hex digits of the digest over all content.
        reader_digest: digest over what decides how a file is read.
        codes: table -> canonical value -> all its spellings, itself first.
        inspection_numbers: source id -> bare number -> canonical result.
        params: the parameters by id, with description, label (中文), unit and all values.
        publicity: what each channel shows of a decision, from when and how long.
        measures: of joint discipline, and the terms of list entries.
        tasks: inspection tasks, the general one first.
        scorecard: the event to be foreseen, the features, and how a model is fitted, judged and watched.
        champion: the promoted model, None where there is none; challengers: scored beside it; watched: what the
            champion's matured labels showed. They are no part of `version`: a snapshot names the models.
        feeds: declared sources; `authority`, where it stands, is the id in `authorities`.
        excluded_items: licence items that fast-track never reaches (O-39).
        series: every dated value by id, `lists.<name>.<field>`, `honours.<name>.default_term_months` and
            `publicity.low_fine_yuan` too.
        review_by: id of a parameter or stem of a file -> day by which it is to be looked at again.
    """

    version: str
    reader_digest: str
    codes: Mapping[str, Mapping[str, tuple[str, ...]]]
    inspection_numbers: Mapping[str, Mapping[str, str]]
    penalty_kinds: tuple[PenaltyKind, ...]
    unknown_kind_serious: tuple[ContainsRule, ...]
    lists: tuple[ListType, ...]
    honours: tuple[HonourType, ...]
    authorities: tuple[Authority, ...]
    divisions: tuple[Division, ...]
    placeholder_names: tuple[str, ...]
    points_tables: tuple[PointsTable, ...]
    publicity: Publicity
    scorecard: ScorecardFile
    champion: Scorecard | None
    challengers: tuple[Scorecard, ...]
    watched: tuple[Watched, ...]
    params: Mapping[str, Param]
    feeds: tuple[Feed, ...]
    holidays: Calendar
    excluded_items: tuple[ExcludedItems, ...]
    measures: MeasuresFile
    tasks: tuple[Task, ...]
    series: Mapping[str, Series]
    review_by: Mapping[str, date]
    status_groups: Mapping[str, StatusGroup]

    def value(self, param_id: str, on: date) -> Any:
        """The value of a parameter in force on `on`, in the unit of its file (a copy: safe to change).

        Whole numbers are int, dates `datetime.date`, decimal numbers `Decimal`, tables dict or list.

        Raises:
            PolicyError: no such parameter, or no value in force on that day.
        """
        _, value = self._entry(param_id, on)
        return copy.deepcopy(PARAMS[param_id](value)) if param_id in PARAMS else value

    def citation(self, param_id: str, on: date) -> Cited:
        """Source, article, confidence and days in force of the value that `value` gives.

        Raises:
            PolicyError: as `value`.
        """
        return self._entry(param_id, on)[0]

    def periods(self, param_ids: Iterable[str], start: date, end: date) -> list[tuple[date, date]]:
        """Maximal sub-intervals of [start, end], both ends in, in which all named parameters are constant.

        Raises:
            PolicyError: no such parameter.
        """
        return constant_periods([self._series(id_) for id_ in param_ids], start, end)

    def _entry(self, param_id: str, on: date) -> tuple[Cited, Any]:
        series = self._series(param_id)
        entry = series.at(on)
        if entry is None:
            raise PolicyError(series.file, f"{param_id}: no value in force on {on}")
        return entry

    def _series(self, param_id: str) -> Series:
        try:
            return self.series[param_id]
        except KeyError:
            raise PolicyError("rules_*.yaml", f"{param_id}: no such parameter") from None

    def overdue(self, on: date) -> list[str]:
        """Ids of parameters and stems of files whose day of review lies before `on`, sorted."""
        return sorted(id_ for id_, day in self.review_by.items() if day < on)

    def entity_status_group(self, status: str) -> StatusGroup:
        """The group that decides what a canonical registration status (登记状态) means.

        Raises:
            PolicyError: not a canonical status.
        """
        try:
            return self.status_groups[status]
        except KeyError:
            raise PolicyError("codes.yaml", f"entity_status_groups: no status {status}") from None

    def division_of(self, authority_name: str) -> Division | None:
        """The division that the name of an authority places it in; None where it names none.

        The first division named counts, and what narrows it down after that: 宣城市生态环境局郎溪分局 lies in
        郎溪县, 合肥市旌德路派出所 in 合肥市.
        """
        text = fold(authority_name)
        named: list[tuple[int, int, int]] = []
        for index, division in enumerate(self.divisions):
            for name in (division.name, *division.aliases):
                if (at := text.find(fold(name))) >= 0:
                    named.append((at, -len(name), index))
        found: Division | None = None
        for _, _, index in sorted(named):
            if found is None or self.divisions[index].prefix.startswith(found.prefix):
                found = self.divisions[index]
        return found

    def authority_in(self, division_code: str, unit: str) -> str:
        """Id of the authority of a kind that is competent in a division: its own, else the city's.

        A division that says no city (none, or a text) is the policy's first city's; a province's where no city has one.

        Raises:
            PolicyError: neither is in the table of authorities.
        """
        ids = {one.id for one in self.authorities}
        city = f"{division_code[:4]}00-{unit}"
        others = sorted((i for i in ids if i.endswith(f"00-{unit}")), key=lambda i: (i[2:6] == "0000", i))
        for id_ in (f"{division_code}-{unit}", city, *others):
            if id_ in ids:
                return id_
        raise PolicyError("authorities.yaml", f"no authority {unit} for the division {division_code}")

    def authority_name(self, id_: str) -> str:
        """Name of an authority; the id itself where it is in no table (a normalised name)."""
        return next((one.name for one in self.authorities if one.id == id_), id_)

    def list_value(self, name: str, field: ListField, on: date) -> Any:
        """What an entry on the list `name` (canonical) means on `on`.

        Raises:
            PolicyError: no such list or field, or no value in force on that day.
        """
        return self.value(f"lists.{name}.{field}", on)

    def honour_terms(self, on: date) -> dict[str, int]:
        """Honours recognised on a day (canonical), and the months that each runs where its row states no end.

        An honour whose values do not cover the day is not recognised then.
        """
        found = ((h.name, self.series[f"honours.{h.name}.default_term_months"].at(on)) for h in self.honours)
        return {name: int(entry[1]) for name, entry in found if entry is not None}

    def watched_on(self, on: date) -> Watched | None:
        """What the champion's newest labels that had matured by a day showed; None where nothing was watched.

        Of several looks at one day the last counts: it knew what had been received by then.
        """
        seen = [one for one in reversed(self.watched) if one.as_of <= on]
        return max(seen, key=lambda one: one.as_of) if seen else None

    def indicators_on(self, on: date) -> tuple[Indicator, ...]:
        """The table of expert points in force on `on`.

        Raises:
            PolicyError: none in force on that day.
        """
        for table in self.points_tables:
            if table.covers(on):
                return table.indicators
        raise PolicyError("points.yaml", f"tables: none in force on {on}")

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The table of expert points, where there is one only.

        Raises:
            PolicyError: there are several, for different days: ask `indicators_on`.
        """
        if len(self.points_tables) > 1:
            raise PolicyError("points.yaml", "tables: several, ask for those in force on a day")
        return self.points_tables[0].indicators
