"""Records in force: whose they are, and which are judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.baselines.duckdb_sql.idioms import literals


def records(day: str, p: dict[str, Any]) -> Iterable[str]:
    """Records in force by the day with their holders, and those that are judged."""
    yield """
        CREATE TABLE penalty_versions AS
        SELECT t.* EXCLUDE (decided_on), t.decided_on AS own_day, coalesce(s.is_changed, false) AS is_changed,
               coalesce(s.is_annulled, false) AS key_annulled,
               coalesce(t.status_code = 'annulled', false) AS own_annulled,
               coalesce(s.is_under_review, false)
                   OR (coalesce(t.status_code = 'provisional', false) AND NOT coalesce(s.is_review_ended, false))
                   AS is_provisional,
               s.repaired_on,
               CASE WHEN s.is_changed THEN first_value(t.decided_on) OVER (
                   PARTITION BY t.authority_key, t.doc_norm, t.subject ORDER BY t.updated_on NULLS FIRST, t.rid)
                   ELSE t.decided_on END AS event_on
        FROM won_penalties_tier t LEFT JOIN (SELECT * FROM states WHERE target_kind = 'penalties') s
          USING (authority_key, doc_norm, subject)"""
    any_removal = literals(p["any_removal_is_repair"] or ["-"], "()")
    read = f"CASE WHEN l.removed_on <= {day} THEN l.removed_on END"
    yield f"""
        CREATE TABLE entries AS
        WITH e AS (
            SELECT linked, subject, authority_key, doc_norm, listed_on, removed_on, removal_code, list_type,
                   is_natural_person
            FROM won_listings WHERE is_winner AND linked IS NOT NULL
            UNION ALL
            SELECT linked, linked, authority_key, NULL, listed_on, removed_on, removal_code, list_type, false
            FROM ruled_listings),
        l AS (
            SELECT l.*, {read} AS read, coalesce(l.removal_code = '错误列入', false) AS is_error,
                   coalesce(s.is_annulled, false) AS annulled, coalesce(s.is_under_review, false) AS is_provisional,
                   s.repaired_on AS fixed_on, s.unrepaired_on
            FROM e l LEFT JOIN (SELECT * FROM states WHERE target_kind = 'listings') s
              USING (authority_key, doc_norm, subject)),
        m AS (SELECT *, CASE WHEN coalesce(removal_code IN ('修复', '履行'), false)
                               OR (list_type IN {any_removal} AND NOT is_error) THEN read END AS own_repaired FROM l)
        SELECT linked, listed_on AS event_on, list_type, is_natural_person, is_provisional,
               annulled OR (read IS NOT NULL AND is_error) AS is_annulled,
               CASE WHEN fixed_on IS NOT NULL THEN least(read, fixed_on) ELSE read END AS removed_on,
               CASE WHEN fixed_on IS NOT NULL THEN least(own_repaired, fixed_on)
                    WHEN unrepaired_on IS NOT NULL AND coalesce(read <= unrepaired_on, false) THEN NULL
                    ELSE own_repaired END AS repaired_on
        FROM m"""
    columns = "kind, event_on, removed_on, tier, is_provisional, repaired_on, list_type, fine_fen, is_natural_person"
    yield f"""
        CREATE TABLE records AS
        WITH own AS (
            SELECT linked, 'penalties' AS kind, event_on, NULL::DATE AS removed_on, tier, is_provisional, repaired_on,
                   NULL AS list_type, fine_fen, coalesce(is_natural_person, false) AS is_natural_person
            FROM penalty_versions
            WHERE is_winner AND linked IS NOT NULL AND NOT key_annulled AND NOT own_annulled AND event_on <= {day}
            UNION ALL
            SELECT linked, 'penalties', decided_on, NULL, tier, coalesce(s.is_under_review, false), s.repaired_on, NULL,
                   NULL, false
            FROM ruled_penalties_tier t LEFT JOIN (SELECT * FROM states WHERE target_kind = 'penalties') s
              USING (authority_key, doc_norm, subject)
            WHERE NOT coalesce(s.is_annulled, false) AND decided_on <= {day}
            UNION ALL
            SELECT linked, 'listings', event_on, removed_on, 1, is_provisional, repaired_on, list_type, NULL,
                   coalesce(is_natural_person, false)
            FROM entries WHERE NOT is_annulled AND event_on <= {day})
        SELECT linked AS uscc, 'own' AS held_as, {columns} FROM own
        UNION ALL
        SELECT l.uscc, 'predecessor', {columns} FROM own JOIN lineage l ON l.ancestor = own.linked
        WHERE NOT is_natural_person OR starts_with(l.uscc, '92')"""
    window = p["clean_window_months"]
    yield f"""
        CREATE TABLE judged AS
        SELECT *, kind = 'listings' AND removed_on IS NULL AS is_active,
               NOT (kind = 'listings' AND removed_on IS NULL) AND tier >= 1
                   AND NOT coalesce(repaired_on <= {day}, false)
                   AND event_on + INTERVAL {window} MONTH >= {day} AS counts
        FROM (SELECT uscc, held_as, {columns} FROM records
              UNION ALL SELECT parent, 'branch', {columns} FROM records JOIN branches ON branch = uscc
              WHERE kind = 'penalties' AND tier = 2 AND NOT is_natural_person AND parent <> branch)
        WHERE kind = 'penalties' OR list_type IN {literals(p["blocking"] or ["-"], "()")}"""
