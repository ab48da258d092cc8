"""Honours, features, and events as streams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.baselines.duckdb_sql.idioms import literals
from bench.baselines.inputs import INVALID_LICENCE


def honours(day: str, p: dict[str, Any]) -> Iterable[str]:
    """Honours by the day, with their ends."""
    terms = " ".join(f"WHEN '{name}' THEN {months}" for name, months in p["honour_months"].items())
    yield f"""
        CREATE TABLE honoured AS
        SELECT DISTINCT linked AS uscc, valid_from,
               coalesce(valid_to, CAST(valid_from + to_months(CASE honour_code {terms} ELSE 0 END) AS DATE)) AS valid_to
        FROM won_honours
        WHERE is_winner AND linked IS NOT NULL AND honour_code IS NOT NULL AND valid_from <= {day}"""


def features(day: str, p: dict[str, Any]) -> Iterable[str]:
    """What is known of each entity, and the streams of its events."""
    groups = " ".join(f"WHEN '{status}' THEN '{group}'" for status, group in p["status_groups"].items())
    changed = " + ".join(
        f"coalesce((lag({c}) OVER k <> {c})::INT, 0)"
        for c in ("name_norm", "entity_type", "division_code", "registered_capital_wan")
    )
    licence = f"""
        SELECT linked AS uscc, coalesce(state IN {literals(INVALID_LICENCE, "()")}, false) AS invalid,
               coalesce(valid_to < {day}, false) AS ended, valid_from, valid_to
        FROM won_licences WHERE is_winner AND linked IS NOT NULL AND decided_on <= {day}"""
    months = f"date_diff('month', date_trunc('month', established_on), date_trunc('month', {day}))"
    fresh = f"least(valid_to, {day}) + INTERVAL {p['licences_expired_window_months']} MONTH >= {day}"
    yield f"""
        CREATE TABLE features AS
        SELECT u.*, CASE status {groups} ELSE 'other' END AS status_group,
               {months} - (established_on + to_months({months}::INT) > {day})::INT AS age_months,
               coalesce(c.n, 0) AS changes_12m, coalesce(l.valid, 0) AS licences_valid,
               coalesce(l.expired, 0) AS licences_expired_12m, coalesce(l.revoked, 0) AS licences_revoked,
               coalesce(f.n, 0) AS fine_total_yuan_60m, coalesce(b.n, 0) AS branches,
               coalesce(h.n, 0) AS honours_valid
        FROM used u
        LEFT JOIN (SELECT uscc, sum(n) AS n FROM (SELECT uscc, updated_on, {changed} AS n FROM versions
                   WHERE known_on <= {day} WINDOW k AS (PARTITION BY uscc ORDER BY known_on))
                   WHERE updated_on + INTERVAL {p["changes_window_months"]} MONTH >= {day} GROUP BY uscc) c USING (uscc)
        LEFT JOIN (SELECT uscc, count(*) FILTER (NOT invalid AND NOT ended AND valid_from <= {day}) AS valid,
                          count(*) FILTER (NOT invalid AND ended AND {fresh}) AS expired,
                          count(*) FILTER (invalid) AS revoked FROM ({licence}) GROUP BY uscc) l USING (uscc)
        LEFT JOIN (SELECT uscc, sum(fine_fen) // 100 AS n FROM records
                   WHERE kind = 'penalties' AND held_as = 'own' AND fine_fen IS NOT NULL
                     AND event_on + INTERVAL {p["fine_total_window_months"]} MONTH >= {day}
                     AND NOT coalesce(repaired_on <= {day}, false) GROUP BY uscc) f USING (uscc)
        LEFT JOIN (SELECT parent AS uscc, count(*) AS n FROM branches
                   JOIN (SELECT uscc AS branch FROM used WHERE has_row) USING (branch) GROUP BY parent) b USING (uscc)
        LEFT JOIN (SELECT uscc, count(*) AS n FROM honoured WHERE valid_to >= {day} GROUP BY uscc) h USING (uscc)
        WHERE u.has_row"""
    tier = "CASE tier WHEN 2 THEN 'serious' WHEN 1 THEN 'general' ELSE 'minor' END"
    weight = " ".join(
        f"WHEN event_on + INTERVAL {months} MONTH >= {day} THEN {part}" for months, part in p["decay"]
    )
    yield f"""
        CREATE TABLE streams AS
        WITH live AS (SELECT * FROM records WHERE NOT coalesce(repaired_on <= {day}, false)),
        pens AS (SELECT *, {tier} AS t FROM live WHERE kind = 'penalties'),
        events AS (
            SELECT uscc, CASE held_as WHEN 'predecessor' THEN 'predecessor_' ELSE '' END || 'penalty_' || t AS stream,
                   event_on FROM pens
            UNION ALL SELECT parent, 'branch_penalty_' || t, event_on FROM pens JOIN branches ON branch = uscc
                      WHERE NOT is_natural_person
            UNION ALL SELECT branch, 'parent_penalty_' || t, event_on FROM pens JOIN branches ON parent = uscc
                      WHERE NOT is_natural_person
            UNION ALL SELECT uscc, CASE WHEN removed_on IS NULL THEN 'listing_active' ELSE 'listing_ended' END, event_on
                      FROM live WHERE kind = 'listings'
            UNION ALL SELECT linked, 'inspection_' || result, inspected_on FROM visits WHERE inspected_on <= {day}
            UNION ALL SELECT uscc, 'honour', valid_from FROM honoured WHERE valid_to >= {day})
        SELECT uscc, stream, count(*) AS seen, sum(CASE {weight} ELSE 0 END)::BIGINT AS weight
        FROM events GROUP BY ALL"""
