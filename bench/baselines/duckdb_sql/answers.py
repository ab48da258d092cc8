"""Class and status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.baselines.duckdb_sql.idioms import literals


def answers(day: str, p: dict[str, Any]) -> Iterable[str]:
    """Red lines, class, status."""
    floors = p["red_line_classes"]
    listed = " ".join(f"WHEN '{name}' THEN '{floors[line]}'" for name, line in p["list_red_lines"].items())
    recent = "kind = 'penalties' AND counts AND tier = {} AND event_on + INTERVAL {} MONTH >= " + day
    yield f"""
        CREATE TABLE lines AS
        SELECT uscc, max(floor) AS floor FROM (
            SELECT uscc, CASE WHEN is_active THEN CASE list_type {listed} END
                WHEN {recent.format(2, p["serious_red_line_months"])} THEN '{floors["SERIOUS_12M"]}'
                WHEN {recent.format(1, p["general_red_line_months"])} THEN '{floors["GENERAL_12M"]}' END AS floor
            FROM judged WHERE held_as <> 'branch'
            UNION ALL SELECT uscc, '{floors["STATUS_REVOKED"]}' FROM features WHERE status_group = 'revoked')
        GROUP BY uscc"""
    cuts = sorted(p["class_cut_points"].items(), reverse=True)
    by_points = " ".join(f"WHEN points >= {int(cut) * 100} THEN '{letter}'" for letter, cut in cuts)
    scope = f"status_group IN {literals(p['scope_status_groups'], '()')}"
    yield f"""
        CREATE TABLE answers AS
        WITH of AS (
            SELECT uscc, bool_or(is_active) AS active, bool_or(counts AND NOT is_provisional) AS bad,
                   bool_or(counts AND is_provisional) AS pending, max(event_on) FILTER (counts) AS last_on,
                   bool_or(counts AND tier = 2 AND kind = 'penalties') AS serious
            FROM judged GROUP BY uscc),
        model AS (
            SELECT DISTINCT uscc FROM honoured h LEFT JOIN of USING (uscc)
            WHERE valid_to >= {day} AND uscc NOT IN (SELECT uscc FROM holds)
              AND (last_on IS NULL OR (last_on <= valid_from AND NOT serious))),
        e AS (
            SELECT f.*, p.points, l.floor, status_group NOT IN {literals(p["eligible_status_groups"], "()")} AS off,
                   coalesce(of.active, false) AS active, coalesce(of.bad, false) AS bad,
                   coalesce(of.pending, false) AS pending, h.uscc IS NOT NULL AS held, m.uscc IS NOT NULL AS model,
                   established_on + INTERVAL {p["min_history_months"]} MONTH >= {day} AS young
            FROM features f LEFT JOIN of USING (uscc) LEFT JOIN points p USING (uscc) LEFT JOIN lines l USING (uscc)
            LEFT JOIN holds h USING (uscc) LEFT JOIN model m USING (uscc)),
        s AS (SELECT *, CASE
            WHEN off THEN 'NOT_STATUS' WHEN active THEN 'NOT_ACTIVE_LIST'
            WHEN model AND (bad OR pending OR held OR young) THEN 'ELIGIBLE_MODEL'
            WHEN bad THEN 'NOT_BAD_RECORD' WHEN pending THEN 'HOLD_PROVISIONAL' WHEN held THEN 'HOLD_REVIEW'
            WHEN young THEN 'INSUFFICIENT_HISTORY' ELSE 'ELIGIBLE_CLEAN3Y' END AS answer FROM e)
        SELECT uscc,
               CASE WHEN points IS NOT NULL AND {scope} THEN greatest(floor, CASE {by_points} END) END AS risk_class,
               answer AS status, starts_with(answer, 'ELIGIBLE') AS eligible
        FROM s ORDER BY uscc"""
