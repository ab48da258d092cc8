"""``regulators/changes``: this snapshot against the one before it, and what in it calls for attention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.changes import COMPARED, Between, compare
from publish.places import DESK, REGULATORS
from publish.revisions import Revision, revisions

if TYPE_CHECKING:
    from models.engine import EngineResult
    from publish.manifest import Edition

# The manifest names so many entities of an alert; all of them stand in the table.
NAMED = 50


@dataclass(frozen=True)
class Previous:
    """The snapshot that this one is compared with.

    Attributes:
        revision: its folder.
        manifest: as stored.
    """

    revision: Revision
    manifest: Mapping[str, Any]

    def table(self, name: str) -> Path:
        """One of its tables."""
        folder = DESK if name == "eligibility" else REGULATORS
        return self.revision.path / folder / f"{name}.parquet"

    def named(self) -> dict[str, Any]:
        """How the manifest names it: by what its answers are, so that equal runs name it alike."""
        hashes = {o["path"]: o["sha256"] for o in self.manifest["outputs"]}
        return {
            "snapshot": self.revision.name,
            "as_of": self.revision.as_of.isoformat(),
            "grades_sha256": hashes[f"{REGULATORS}/grades.parquet"],
            "eligibility_sha256": hashes[f"{DESK}/eligibility.parquet"],
        }


def previous_of(out: Path, as_of: date) -> tuple[Previous | None, list[str]]:
    """The superseded revision of the day, else the newest of the newest earlier day; and what was passed over.

    One that is damaged, pruned or made by an earlier version cannot be compared with: the next older is taken.
    """
    passed: list[str] = []
    for revision in reversed([one for one in revisions(out) if one.as_of <= as_of]):
        manifest = revision.manifest()
        if manifest is not None and _can_be_compared(revision, manifest):
            return Previous(revision, manifest), passed
        passed.append(
            f"{revision.name} cannot be compared with: it is damaged, pruned or of an earlier version"
        )
    return None, passed


def _can_be_compared(revision: Revision, manifest: Mapping[str, Any]) -> bool:
    listed = {o["path"]: o for o in manifest.get("outputs", ())}
    for name in COMPARED:
        path = f"{DESK if name == 'eligibility' else REGULATORS}/{name}.parquet"
        place = revision.path / path
        if path not in listed or not place.is_file() or place.stat().st_size != listed[path]["bytes"]:
            return False
    return True


def add_changes(result: EngineResult, edition: Edition, out: Path) -> tuple[dict[str, Path], dict[str, Any]]:
    """The engine's tables with ``changes`` among them, and what the manifest says of it.

    Args:
        result: the graded tables.
        edition: what they were made from; its citations hold the thresholds of the alerts.
        out: where the earlier snapshots stand.
    """
    from records.resolve.workspace import open_workspace, parquet_files

    previous, passed = previous_of(out, edition.as_of)
    # Beside the engine's tables: the name of the new snapshot's folder, …as_of=…, would be read as a column.
    ws = open_workspace(result.tables["grades"].parent / "changes")
    try:
        after = {name: ws.read([result.tables[name]]) for name in COMPARED}
        before = None
        if previous is not None:
            before = {name: ws.read([previous.table(name)]) for name in COMPARED}
        touched = ws.read([result.tables["touched"]]) if "touched" in result.tables else None
        compare(ws, before, after, touched, edition.as_of, _between(previous, edition))
        (changes,) = ws.export("changes")
        described = _describe(ws, changes, parquet_files(result.tables["grades"]), previous, edition, passed)
        return {**result.tables, "changes": changes}, described
    finally:
        ws.close()


def _between(previous: Previous | None, edition: Edition) -> Between | None:
    if previous is None:
        return None
    old = previous.manifest
    decay = edition.citations["points_decay"]["value"]
    return Between(
        before=previous.revision.as_of,
        after=edition.as_of,
        is_policy_new=old["policy_version"] != edition.policy_version,
        is_model_new=old["model_version"] != edition.model_version,
        is_code_new=old["code_version"] != edition.code_version,
        decay_months=max(int(months) for months, _ in decay),
        window_months=int(edition.citations["clean_window_months"]["value"]),
    )


def _describe(
    ws: Any, changes: Path, grades: list[Path], previous: Previous | None, edition: Edition, passed: list[str]
) -> dict[str, Any]:
    def rows(query: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = ws.con.raw_sql(query).fetchall()
        return found

    table = f"read_parquet({_quoted(changes)}, hive_partitioning = false)"
    counts = {"ADD": 0, "MOD": 0, "DEL": 0} | dict(rows(f"SELECT change, count(*) FROM {table} GROUP BY 1"))
    causes = dict(rows(f"SELECT unnest(causes) AS c, count(*) FROM {table} GROUP BY 1 ORDER BY 1"))
    return {
        "previous": None if previous is None else previous.named(),
        "passed_over": passed,
        "counts": counts,
        "causes": causes,
        "alerts": [] if previous is None else _alerts(rows, table, grades, edition),
    }


def _alerts(rows: Any, table: str, grades: list[Path], edition: Edition) -> list[dict[str, Any]]:
    limits = {id_: edition.citations[id_]["value"] for id_ in
              ("class_jump_alert", "surge_alert_entities", "surge_alert_share")}  # fmt: skip
    jump = int(limits["class_jump_alert"])
    jumped = rows(
        f"SELECT uscc, old_class, new_class FROM {table} WHERE abs(class_step) >= {jump} ORDER BY -class_step, uscc"
    )
    alerts: list[dict[str, Any]] = []
    if jumped:
        alerts.append(
            {
                "alert": "class_jump",
                "entities": len(jumped),
                "first": [{"uscc": u, "old": old, "new": new} for u, old, new in jumped[:NAMED]],
            }
        )
    share = Decimal(str(limits["surge_alert_share"]))
    surges = rows(
        f"""
        SELECT coalesce(division_code, ''), count(*) FROM {table} WHERE class_step > 0
        GROUP BY 1 HAVING count(*) >= {int(limits["surge_alert_entities"])} ORDER BY 1
        """
    )
    graded = f"read_parquet([{', '.join(map(_quoted, grades))}])"
    classed = dict(rows(f"SELECT coalesce(division_code, ''), count(risk_class) FROM {graded} GROUP BY 1"))
    for division, worse in surges:
        if classed.get(division, 0) * share <= worse:
            alerts.append(
                {
                    "alert": "division_surge",
                    "division_code": division,
                    "entities": worse,
                    "classed": classed.get(division, 0),
                }
            )
    return alerts


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
