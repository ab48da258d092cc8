"""The parts in their order, and the file of answers."""

from __future__ import annotations

from pathlib import Path

from bench.baselines.inputs import KEYS, Inputs
from bench.baselines.pandas_program.answers import answers
from bench.baselines.pandas_program.force import force
from bench.baselines.pandas_program.holds import holds
from bench.baselines.pandas_program.linking import closed, entities, link, ranked
from bench.baselines.pandas_program.reading import Work
from bench.baselines.pandas_program.records import records
from bench.baselines.pandas_program.rulings import held_rows, visits_and_rulings


def run(given: Inputs, target: Path) -> None:
    """Writes uscc, risk_class (null where none), status, eligible as Parquet."""
    answers(_tables(given)).to_parquet(target, index=False)


def _tables(given: Inputs) -> Work:
    """Every table that the answers are read off, part after part."""
    work = Work(given)
    entities(work)
    for kind, key in KEYS.items():
        linked = link(work, kind)
        work.won[kind] = ranked(closed(linked) if kind == "listings" else linked, list(key))
    for kind in ("amendments", "rulings"):
        work.won[kind] = ranked(work.rows[kind], ["row_key"])
    force(work)
    held_rows(work)
    visits_and_rulings(work)
    records(work)
    holds(work)
    return work
