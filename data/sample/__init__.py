"""Synthetic landing files of an invented Chinese prefecture city, in every layout of the contract.

``generate`` is the whole interface. What stands where:

- `world`, `names`, `identifiers`: who the entities are, as a pure function of seed and number;
- `kinds`: the records of each kind; `versions`, `amendments` and `rulings` follow from others;
- `layout`, `headers`, `routing`: which files there are and what goes where; `defects`: what is wrong with it;
- `render`, `writers`, `sink`: from records to bytes; `target`: the folder.

Rates. Entities: two thirds 个体工商户, a quarter enterprises (regulation §11). Ten years of history, thinner in
the past: about 2.3 licences, 0.5 penalties, 0.6 inspected items and 0.3 list entries to an entity. The city's
real flow of penalties is larger, by those of citizens that never touch the register of entities: some 17 to an
entity, of which 0.58 are made unless more are asked for. Defects: `defects.DEFECTS` and `writers.csv_file`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.sample.report import SampleReport

__all__ = ["CITIZEN_PENALTIES", "generate"]

CITIZEN_PENALTIES = 0.58  # of natural persons, for each entity


def generate(
    target: Path,
    entities: int = 2_000,
    seed: int = 2021,
    as_of: date | None = None,
    citizen_penalties: float = CITIZEN_PENALTIES,
) -> SampleReport:
    """See `data.sample.generator.generate`; numpy and Arrow are imported on the call, not before."""
    from data.sample.generator import generate as make

    return make(target, entities, seed, as_of, citizen_penalties)
