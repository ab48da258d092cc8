"""The numbers of the report, from the tables of a snapshot and of those before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publish.places import MANIFEST, REGULATORS
from publish.report.words import section_of
from publish.revisions import Revision, revisions
from publish.tables import TABLES
from records.errors import CreditgradeError, UsageError

if TYPE_CHECKING:
    import duckdb

CLASSES = ("A", "B", "C", "D")
BIN = 50
# Snapshots that a trend looks back over, and days after which the migration matrix begins.
TREND, MONTH_DAYS = 12, 28
_AGES = ((12, "不足1年"), (36, "1–3年"), (60, "3–5年"), (120, "5–10年"), (None, "10年以上"))
_WAITS = ((7, "7天以内"), (30, "8–30天"), (90, "31–90天"), (None, "90天以上"))


@dataclass(frozen=True)
class Figures:
    """What the report shows; counts unless said otherwise.

    Attributes:
        manifest: of the snapshot.
        classes: class → entities; not_classed: entities in scope without a class.
        by_division, by_section, by_age: name → class → entities.
        migration: (class before, class now) → entities; since: the snapshot that it is compared with.
        histogram: first points of a bin → entities.
        reasons: (title, category, entities, points per entity), most entities first.
        sources: one dict a source, the worst first.
        waits: (how long, rows, entities); waiting: (authority, rows, oldest day).
        funnel: (step, entities left).
        filing: (authority, kind, decisions, late share), worst first.
        warnings: kind → entities; statuses: code → entities.
        moved: entities whose class moved, the worst first: rows of ``changes``.
        listed: (list, entities on it, entities that left lately).
        plan: coverage → entities.
    """

    manifest: dict[str, Any]
    classes: dict[str, int]
    not_classed: int
    by_division: dict[str, dict[str, int]]
    by_section: dict[str, dict[str, int]]
    by_age: dict[str, dict[str, int]]
    migration: dict[tuple[str, str], int]
    since: str | None
    histogram: dict[int, int]
    reasons: list[tuple[str, str, int, float]]
    sources: list[dict[str, Any]]
    waits: list[tuple[str, int, int]]
    waiting: list[tuple[str, int, date | None]]
    funnel: list[tuple[str, int]]
    filing: list[tuple[str, str, int, float]]
    warnings: dict[str, int]
    statuses: dict[str, int]
    moved: list[dict[str, Any]]
    listed: list[tuple[str, int, int]]
    plan: dict[str, int]


def read_manifest(snapshot: Path) -> dict[str, Any]:
    """The manifest of a snapshot.

    Raises:
        CreditgradeError: ``snapshot_damaged``.
    """
    try:
        manifest = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CreditgradeError(
            "cannot be read", rule="snapshot_damaged", file=str(snapshot / MANIFEST)
        ) from error
    if not isinstance(manifest, dict):
        raise CreditgradeError("is no JSON object", rule="snapshot_damaged", file=str(snapshot / MANIFEST))
    return manifest


def open_tables(snapshot: Path, manifest: Mapping[str, Any], con: duckdb.DuckDBPyConnection) -> None:
    """Every table as a view of its name.

    Raises:
        UsageError: ``earlier_version``.
        CreditgradeError: ``snapshot_damaged``.
    """
    import duckdb

    listed = {o["path"] for o in manifest["outputs"]}
    if "divisions" not in manifest:
        listed = set()
    for spec in TABLES:
        if spec.parquet not in listed:
            raise UsageError(
                f"{snapshot} has no {spec.name}: an earlier version made it; run it again",
                rule="earlier_version",
            )
        place = str(snapshot / spec.parquet).replace("'", "''")
        # The folder's name, as_of=…, must not be read as a column.
        view = f"CREATE VIEW {spec.name} AS SELECT * FROM read_parquet('{place}', hive_partitioning = false)"
        try:
            con.execute(view)
        except duckdb.Error as error:
            raise CreditgradeError(
                "cannot be read", rule="snapshot_damaged", file=str(snapshot / spec.parquet)
            ) from error


def figures(
    snapshot: Path, manifest: dict[str, Any], out: Path | None, con: duckdb.DuckDBPyConnection
) -> Figures:
    """Counts everything.

    Args:
        snapshot: its folder.
        manifest: of the snapshot.
        out: where earlier snapshots stand, for trends and the migration of a month; None for none.
        con: an own connection.
    """
    open_tables(snapshot, manifest, con)
    as_of = date.fromisoformat(manifest["as_of"])
    earlier = [r for r in revisions(out) if r.as_of < as_of] if out else []

    def rows(query: str) -> list[tuple[Any, ...]]:
        return con.execute(query).fetchall()

    classes = dict.fromkeys(CLASSES, 0) | dict(
        rows("SELECT risk_class, count(*) FROM grades WHERE risk_class IS NOT NULL GROUP BY 1")
    )
    ages = _by(
        (
            (_band(int(months), _AGES), risk_class, n)
            for months, risk_class, n in rows(
                """SELECT try_cast(r.value AS INTEGER), g.risk_class, count(*) FROM grades g
                JOIN grade_reasons r USING (uscc) WHERE r.indicator = 'AGE' AND g.risk_class IS NOT NULL
                AND try_cast(r.value AS INTEGER) IS NOT NULL GROUP BY ALL"""
            )
        ),
        [name for _, name in _AGES],
    )
    migration, since = _migration(con, earlier, as_of)
    return Figures(
        manifest=manifest,
        classes=classes,
        not_classed=rows("SELECT count(*) FROM grades WHERE risk_class IS NULL")[0][0],
        by_division=_by(
            rows(
                "SELECT coalesce(division_code, ''), risk_class, count(*) FROM grades"
                " WHERE risk_class IS NOT NULL GROUP BY ALL ORDER BY ALL"
            )
        ),
        by_section=_by_name(
            (section_of(code), risk_class, n)
            for code, risk_class, n in rows(
                "SELECT industry_code, risk_class, count(*) FROM grades WHERE risk_class IS NOT NULL GROUP BY ALL"
            )
        ),
        by_age=_with_old(ages, classes),
        migration=migration,
        since=since,
        histogram=dict.fromkeys(range(0, 1000, BIN), 0)
        | dict(
            rows(
                f"SELECT least(floor(risk_points / {BIN})::INT * {BIN}, {1000 - BIN}), count(*) FROM grades"
                " WHERE risk_points IS NOT NULL GROUP BY 1"
            )
        ),
        reasons=_reasons(rows, manifest),
        sources=_sources(manifest, earlier, as_of),
        waits=_waits(con, manifest, as_of),
        waiting=rows(
            "SELECT coalesce(authority, '（未能读出机关）'), count(*), min(event_on) FROM holds"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"
        ),
        funnel=_funnel(rows),
        filing=rows(
            "SELECT authority, kind, decisions, filed_late / decisions FROM filing_timeliness"
            " ORDER BY 4 DESC, 3 DESC, 1 LIMIT 15"
        ),
        warnings=dict(rows("SELECT warning, count(*) FROM early_warnings GROUP BY 1 ORDER BY 1")),
        statuses=dict(rows("SELECT status, count(*) FROM eligibility GROUP BY 1 ORDER BY 2 DESC, 1")),
        moved=_dicts(
            con,
            "SELECT * FROM changes WHERE change = 'MOD' AND class_step <> 0"
            " ORDER BY class_step DESC, new_points DESC NULLS LAST, uscc LIMIT 20",
        ),
        listed=rows(
            "SELECT list_type, count(DISTINCT uscc) FILTER (is_active), count(DISTINCT uscc) FILTER (NOT is_active)"
            " FROM joint_punishment GROUP BY 1 ORDER BY 2 DESC, 1"
        ),
        plan=dict(rows("SELECT coverage, count(*) FROM sampling_plan GROUP BY 1")),
    )


def _band(value: int | None, bands: Sequence[tuple[int | None, str]]) -> str:
    return next(name for bound, name in bands if bound is None or (value or 0) < bound)


def _by(rows: Any, order: Sequence[str] = ()) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {name: dict.fromkeys(CLASSES, 0) for name in order}
    for name, risk_class, n in rows:
        found.setdefault(name, dict.fromkeys(CLASSES, 0))[risk_class] += n
    return found


def _by_name(rows: Any) -> dict[str, dict[str, int]]:
    """In the order of the names, what has none last."""
    return dict(sorted(_by(rows).items(), key=lambda item: (item[0] == "", item[0])))


def _with_old(by_age: dict[str, dict[str, int]], classes: dict[str, int]) -> dict[str, dict[str, int]]:
    """An entity that is old has no points for its age, so no row among the reasons."""
    last = _AGES[-1][1]
    for risk_class in CLASSES:
        told = sum(row[risk_class] for row in by_age.values())
        by_age[last][risk_class] += classes[risk_class] - told
    return by_age


def _migration(
    con: duckdb.DuckDBPyConnection, earlier: Sequence[Revision], as_of: date
) -> tuple[dict[tuple[str, str], int], str | None]:
    """Classes then and now: against the newest snapshot that is a month old, else the oldest there is."""
    whole = [r for r in earlier if (r.path / REGULATORS / "grades.parquet").is_file()]
    if not whole:
        return {}, None
    month = [r for r in whole if (as_of - r.as_of).days >= MONTH_DAYS]
    base = month[-1] if month else whole[0]
    place = str(base.path / REGULATORS / "grades.parquet").replace("'", "''")
    found = con.execute(
        f"""SELECT coalesce(o.risk_class, ''), coalesce(n.risk_class, ''), count(*)
        FROM (SELECT * FROM read_parquet('{place}', hive_partitioning = false) WHERE risk_class IS NOT NULL) o
        FULL JOIN (SELECT * FROM grades WHERE risk_class IS NOT NULL) n USING (uscc) GROUP BY 1, 2"""
    ).fetchall()
    return {(old, new): n for old, new, n in found}, base.as_of.isoformat()


def _reasons(rows: Any, manifest: dict[str, Any]) -> list[tuple[str, str, int, float]]:
    titles = manifest["indicators"]
    return [
        (titles.get(indicator, {}).get("title", indicator), category or "", n, float(mean))
        for indicator, category, n, mean in rows(
            """SELECT indicator, min(category), count(*), round(sum(round(points * 100)::BIGINT) / 100.0 / count(*), 1)
            FROM grade_reasons WHERE points > 0 AND category <> '基础属性' AND indicator <> 'CLIP'
            GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 12"""
        )
    ]


def _sources(manifest: dict[str, Any], earlier: Sequence[Revision], as_of: date) -> list[dict[str, Any]]:
    """Deliveries by kind and folder: share of rows in quarantine, how old the newest event is, and the trend."""

    def counted(inputs: Any) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for item in inputs:
            if item.get("state") not in (None, "read"):
                continue
            parts = item["path"].split("/")
            name = "/".join(parts[:2]) if len(parts) > 2 else parts[0]
            entry = found.setdefault(name, [0, 0, None, None])
            entry[0] += item["rows_read"]
            entry[1] += item["quarantined"]
            for place, key in ((2, "newest_event"), (3, "landed_on")):
                if item.get(key):
                    entry[place] = max(entry[place] or "", item[key])
        return found

    trend: dict[str, list[float]] = {}
    for revision in earlier[-(TREND - 1) :]:
        before = revision.manifest() or {}
        for name, (read, held, _, _) in counted(before.get("inputs", ())).items():
            trend.setdefault(name, []).append(held / read if read else 0.0)
    made = []
    for name, (read, held, newest, landed) in counted(manifest["inputs"]).items():
        share = held / read if read else 0.0
        made.append(
            {
                "source": name,
                "read": read,
                "quarantined": held,
                "share": share,
                "newest": newest,
                "landed": landed,
                "days_old": (as_of - date.fromisoformat(newest)).days if newest else None,
                "trend": [*trend.get(name, []), share],
            }
        )
    return sorted(made, key=lambda s: (-s["share"], -(s["days_old"] or 0), s["source"]))


def _waits(
    con: duckdb.DuckDBPyConnection, manifest: dict[str, Any], as_of: date
) -> list[tuple[str, int, int]]:
    landed: dict[tuple[str, str], str] = {}
    for item in manifest["inputs"]:
        key = (item["path"], item["sha256"])
        landed[key] = min(item["landed_on"], landed.get(key, item["landed_on"]))
    found: dict[str, list[Any]] = {name: [0, set()] for _, name in _WAITS}
    for uscc, path, sha256 in con.execute("SELECT uscc, source_file, source_sha256 FROM holds").fetchall():
        day = landed.get((path, sha256))
        days = max(0, (as_of - date.fromisoformat(day)).days) if day else 0
        entry = found[_band(days - 1, _WAITS)]
        entry[0] += 1
        entry[1].add(uscc)
    return [(name, n, len(usccs)) for name, (n, usccs) in found.items()]


def _funnel(rows: Any) -> list[tuple[str, int]]:
    """How many are left after each question of rules §5, in its order."""
    by_status = dict(rows("SELECT status, count(*) FROM eligibility GROUP BY 1"))
    left = sum(by_status.values())
    steps = [("全部主体 all", left)]
    for name, codes in (
        ("登记状态正常 active", ("NOT_STATUS",)),
        ("不在限制性名单 not listed", ("NOT_ACTIVE_LIST",)),
        ("三年内无计入记录 no record", ("NOT_BAD_RECORD",)),
        ("无待定事项 nothing held", ("HOLD_PROVISIONAL", "HOLD_REVIEW")),
        ("适用便利措施 eligible", ("INSUFFICIENT_HISTORY",)),
    ):
        left -= sum(by_status.get(code, 0) for code in codes)
        steps.append((name, left))
    return steps


def _dicts(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
