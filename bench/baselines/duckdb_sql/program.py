"""The statements in their order, and the file of answers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.baselines.duckdb_sql.answers import answers
from bench.baselines.duckdb_sql.features import features, honours
from bench.baselines.duckdb_sql.force import force, tiers
from bench.baselines.duckdb_sql.holds import holds
from bench.baselines.duckdb_sql.idioms import literal
from bench.baselines.duckdb_sql.linking import closing, entities, link, winners
from bench.baselines.duckdb_sql.points import points
from bench.baselines.duckdb_sql.reading import load, load_quarantine
from bench.baselines.duckdb_sql.records import records
from bench.baselines.duckdb_sql.rulings import held_rows, rulings
from bench.baselines.inputs import COLUMNS, KEYS, Inputs


def run(given: Inputs, target: Path) -> None:
    """Writes uscc, risk_class (null where none), status, eligible as Parquet."""
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute("SET preserve_insertion_order = false")
        for statement in _program(con, given):
            con.execute(statement)
        con.execute(f"COPY answers TO {literal(target)} (FORMAT parquet)")


def _program(con: Any, given: Inputs) -> Iterable[str]:
    p = given.numbers
    day = f"DATE '{given.as_of}'"
    con.execute("CREATE TABLE deliveries (kind VARCHAR, sha256 VARCHAR, ord BIGINT)")
    con.executemany("INSERT INTO deliveries VALUES (?, ?, ?)", given.deliveries)
    for kind, columns in COLUMNS.items():
        yield load(kind, columns, given.accepted[kind])
    yield load_quarantine(given)
    yield from entities(day)
    for kind in KEYS:
        yield from link(kind)
    yield from closing()
    for kind, key in KEYS.items():
        yield winners(f"linked_{kind}", f"won_{kind}", key)
    for kind in ("amendments", "rulings"):
        yield winners(kind, f"won_{kind}", ("row_key",))
    yield from force(day)
    yield from tiers(con, p, "won_penalties")
    yield from held_rows()
    yield from rulings(day)
    yield from tiers(con, p, "ruled_penalties")
    yield from records(day, p)
    yield from holds(day, p)
    yield from honours(day, p)
    yield from features(day, p)
    yield from points(p)
    yield from answers(day, p)
