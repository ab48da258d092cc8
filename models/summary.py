"""Counts for the manifest and the end of a run: classes, statuses, per division."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from records.resolve.workspace import Workspace


def summarise(ws: Workspace) -> dict[str, Any]:
    """Counts of classes and statuses, in all and per division (sorted, so that equal runs write equal bytes)."""
    grades = ws.stored("grades")
    answers = ws.stored("eligibility")
    classes = ws.fetch(
        grades.group_by(
            division=grades.division_code.fill_null(""), code=grades.risk_class.fill_null("")
        ).agg(n=grades.count())
    ).to_pylist()
    statuses = ws.fetch(
        answers.group_by(division=answers.division_code.fill_null(""), code=answers.status).agg(
            n=answers.count()
        )
    ).to_pylist()
    divisions: dict[str, dict[str, dict[str, int]]] = {}
    totals: dict[str, dict[str, int]] = {"classes": {}, "statuses": {}}
    for part, rows in (("classes", classes), ("statuses", statuses)):
        for row in sorted(rows, key=lambda r: (r["division"], r["code"])):
            code = row["code"] or "not_classed"
            divisions.setdefault(row["division"], {"classes": {}, "statuses": {}})[part][code] = row["n"]
            totals[part][code] = totals[part].get(code, 0) + row["n"]
    return {
        "classes": dict(sorted(totals["classes"].items())),
        "statuses": dict(sorted(totals["statuses"].items())),
        "divisions": dict(sorted(divisions.items())),
    }
