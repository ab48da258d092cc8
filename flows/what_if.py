"""What another policy would answer: the lake as it stands graded twice, in folders that are thrown away."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.acceptances import Acceptance, load_acceptances, valid_on
from flows.control.folder import OutFolder
from flows.control.latest import read_latest
from publish.places import MANIFEST

if TYPE_CHECKING:
    import duckdb

    from policy import Policy


@dataclass(frozen=True)
class Effect:
    """One entity whose status or class would change, and why.

    Attributes:
        status, risk_class: before and after; None where it has none.
        only_before, only_after: blockers that one of the two has alone.
        points: indicator → points before and after, where they differ.
        red_lines: before and after.
    """

    uscc: str
    name: str
    status: tuple[str | None, str | None]
    risk_class: tuple[str | None, str | None]
    eligible_on: tuple[str | None, str | None]
    risk_points: tuple[float | None, float | None]
    red_lines: tuple[list[str], list[str]]
    only_before: list[dict[str, Any]] = field(default_factory=list)
    only_after: list[dict[str, Any]] = field(default_factory=list)
    points: dict[str, tuple[float, float]] = field(default_factory=dict)


def effects(
    out: OutFolder, lake: Path, before: Policy, after: Policy, as_of: date, now: datetime
) -> list[Effect]:
    """Grades the lake with both policies; nothing is landed and nothing is published.

    Args:
        out: gives the gaps that were accepted for the last snapshot.
        lake: an existing lake. Files that a policy reads in another way are read again, beside the earlier reading.
        before: the policy as it is.
        after: the policy as it would be.
        as_of: the day asked about.
        now: instant of the question.

    Raises:
        InputRefused: as a run over this lake.
        CreditgradeError: ``lake_busy`` while a run writes to the lake.
    """
    from flows.days import ZONE
    from flows.stages.ingest import ingest
    from models import engine

    today = now.astimezone(ZONE).date()
    accepted = _accepted(out, today)
    with tempfile.TemporaryDirectory(prefix="creditgrade-what-if-") as folder:
        works = []
        for name, policy in (("before", before), ("after", after)):
            intake = ingest(None, lake, policy, today=today, now=now, accept_refused=accepted)
            works.append(Path(folder) / name)
            engine.grade(intake, policy, as_of, works[-1])
        return _compare(*works)


def _accepted(out: OutFolder, today: date) -> list[str | Acceptance]:
    kept = valid_on(load_acceptances(out.acceptances), today).values()
    accepted: list[str | Acceptance] = [one for one in kept if one.kind == "refused"]
    standing = read_latest(out)
    if standing is not None:
        try:
            described = json.loads((out.root / standing["path"] / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return accepted
        accepted += [
            str(gap["path"]) for gap in described.get("accepted_gaps", ()) if gap.get("type") == "refused"
        ]
    return accepted


_CHANGED = """
SELECT coalesce(a.uscc, b.uscc) AS uscc, coalesce(b.name, a.name) AS name,
       a.status AS s1, b.status AS s2, a.eligible_on::VARCHAR AS e1, b.eligible_on::VARCHAR AS e2,
       g.risk_class AS c1, h.risk_class AS c2, g.risk_points AS p1, h.risk_points AS p2,
       coalesce(g.red_lines, []) AS r1, coalesce(h.red_lines, []) AS r2
FROM before_eligibility a FULL JOIN after_eligibility b USING (uscc)
LEFT JOIN before_grades g ON g.uscc = coalesce(a.uscc, b.uscc)
LEFT JOIN after_grades h ON h.uscc = coalesce(a.uscc, b.uscc)
WHERE a.status IS DISTINCT FROM b.status OR g.risk_class IS DISTINCT FROM h.risk_class
ORDER BY 1
"""
_BLOCKERS = """
SELECT uscc, reason, kind, authority, doc_no, event_on::VARCHAR AS event_on, blocks_until::VARCHAR AS blocks_until, rule
FROM {one}_eligibility_blockers
WHERE uscc IN (SELECT uscc FROM changed)
EXCEPT
SELECT uscc, reason, kind, authority, doc_no, event_on::VARCHAR, blocks_until::VARCHAR, rule
FROM {other}_eligibility_blockers
ORDER BY ALL
"""
_POINTS = """
SELECT coalesce(a.uscc, b.uscc), coalesce(a.indicator, b.indicator), coalesce(a.points, 0), coalesce(b.points, 0)
FROM before_grade_reasons a FULL JOIN after_grade_reasons b USING (uscc, indicator)
WHERE a.points IS DISTINCT FROM b.points AND coalesce(a.uscc, b.uscc) IN (SELECT uscc FROM changed)
ORDER BY ALL
"""


def _compare(before: Path, after: Path) -> list[Effect]:
    import duckdb

    with duckdb.connect() as con:
        for name, folder in (("before", before), ("after", after)):
            for table in ("eligibility", "eligibility_blockers", "grades", "grade_reasons"):
                place = str(folder / f"{table}.parquet").replace("'", "''")
                con.execute(f"CREATE VIEW {name}_{table} AS SELECT * FROM read_parquet('{place}')")
        con.execute(f"CREATE TABLE changed AS {_CHANGED}")
        found = {
            row["uscc"]: Effect(
                uscc=row["uscc"],
                name=row["name"] or "",
                status=(row["s1"], row["s2"]),
                risk_class=(row["c1"], row["c2"]),
                eligible_on=(row["e1"], row["e2"]),
                risk_points=(row["p1"], row["p2"]),
                red_lines=(list(row["r1"]), list(row["r2"])),
            )
            for row in _rows(con, "SELECT * FROM changed ORDER BY uscc")
        }
        for one, other in (("before", "after"), ("after", "before")):
            for row in _rows(con, _BLOCKERS.format(one=one, other=other)):
                effect = found[row.pop("uscc")]
                (effect.only_before if one == "before" else effect.only_after).append(row)
        for uscc, indicator, was, would in con.execute(_POINTS).fetchall():
            found[uscc].points[indicator] = (was, would)
        return list(found.values())


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
