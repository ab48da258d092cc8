"""The authorities that act: their names on a day, their codes, and which of them looks after whom."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa

from data.sample.batch import Column
from data.sample.reference import former_until
from data.sample.rng import I64, U64
from data.sample.text import take, words
from data.sample.world import World

# Decisions taken by an office of the city instead of that of the division.
CITY_OFFICE_RATE = 0.12
# Codes of authorities are invented, from this number outside the sample on, but for the one code of a city
# authority that public documents show (regulation §6.1).
_FIRST_NUMBER = 6_000_000
_KNOWN = {("zjj", "341800"): "11341700003244772R"}
_CITY = "341800"


class Offices:
    """All authorities, by number of department and of division."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._departments = world.reference.departments
        self._divisions = world.reference.divisions
        self.city = next(n for n, place in enumerate(self._divisions) if place["code"] == _CITY)
        self._is_of_city = np.array([row["tier"] == "city" for row in self._departments])
        # Last day of the former name of each department and division.
        self.department_until = np.array([former_until(row) for row in self._departments])
        self._division_until = np.array([former_until(row) for row in self._divisions])

    def number(self, department: I64, division: I64) -> I64:
        """One number for each authority."""
        return department * len(self._divisions) + division

    def acting(self, department: I64, division: I64, key: U64) -> I64:
        """Division of the office that acts on an entity of `division`: its own, at times the city's."""
        is_city = self._is_of_city[department] | self._world.draws.chance(
            "city_office", key, CITY_OFFICE_RATE
        )
        return np.where(is_city, self.city, division)

    def columns(self, department: I64, division: I64, day: I64) -> dict[str, Column]:
        """The columns `authority`, as it was called on the day, and `authority_uscc`."""
        number = self.number(department, division)
        is_former_name = day <= self.department_until[department]
        is_former_place = day <= self._division_until[division]
        return {
            "authority": take(self._names, number * 4 + 2 * is_former_place + is_former_name),
            "authority_uscc": take(self._codes, number),
        }

    def prefixes(self, *fields: str) -> pa.Array:
        """Prefixes of document numbers: for each authority one by each field of `departments.csv`.

        Where an authority has no former prefix, it is the ordinary one.
        """
        patterns = [[row[field] or row["doc_ordinary"] for field in fields] for row in self._departments]
        return words(
            [
                pattern.format(s=place["short"])
                for department in patterns
                for place in self._divisions
                for pattern in department
            ]
        )

    @cached_property
    def _names(self) -> pa.Array:
        """Four names of each authority: of today, by its former name, in a former place, and both."""
        names: list[str] = []
        for row in self._departments:
            for place in self._divisions:
                for home in (place["authority_name"], place["former_name"] or place["authority_name"]):
                    if place["code"] == _CITY:
                        new, old = row["city_name"], row["former_city_name"]
                    else:
                        new = row["county_name"].format(d=home, n=home.removeprefix("宣城市"))
                        old = row["former_county_name"].format(d=home)
                    names += [new, old or new]
        return words(names)

    @cached_property
    def _codes(self) -> pa.Array:
        count = len(self._departments) * len(self._divisions)
        numbers = _FIRST_NUMBER + np.arange(count, dtype=np.int64)
        codes = self._world.outside_usccs("11", "341700", numbers).to_pylist()
        for at, pair in enumerate(
            (row["id"], place["code"]) for row in self._departments for place in self._divisions
        ):
            codes[at] = _KNOWN.get(pair, codes[at])
        return words(codes)
