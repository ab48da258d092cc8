"""Rows that may hold somebody, visits, and what was ruled on them."""

from __future__ import annotations

from collections.abc import Iterable

from bench.baselines.inputs import WORST_FIRST


def held_rows() -> Iterable[str]:
    """Rows that may hold somebody: quarantined, or matched to nobody or nothing."""
    common = (
        "kind, sha256, source_row, rid, updated_on, uscc, reg_no, org_code, name_norm, is_natural_person, "
        "authority_key, authority_division, doc_norm, event_on, removed_on, removal_code, list_type, target_kind, "
        "action, conclusion, has_date_failure, is_row_shape, cells"
    )
    null = "NULL::VARCHAR"

    def unmatched(kind: str, event: str, **own: str) -> str:
        named = {
            "reg_no": null, "org_code": null, "removed_on": "NULL::DATE", "removal_code": null, "list_type": null,
            "target_kind": null, "action": null, "conclusion": null, **own,
        }  # fmt: skip
        columns = (
            f"'{kind}' AS kind, sha256, source_row, rid, updated_on, uscc, {named['reg_no']} AS reg_no, "
            f"{named['org_code']} AS org_code, name_norm, is_natural_person, authority_key, authority_division, "
            f"doc_norm, {event} AS event_on, {named['removed_on']} AS removed_on, {named['removal_code']} AS "
            f"removal_code, {named['list_type']} AS list_type, {named['target_kind']} AS target_kind, "
            f"{named['action']} AS action, {named['conclusion']} AS conclusion, false, false, []::VARCHAR[], false"
        )
        return f"SELECT {columns} FROM won_{kind} WHERE is_winner"

    yield f"""
        CREATE TABLE held AS
        SELECT {common}, true AS is_quarantined FROM quarantine
        WHERE kind IN ('penalties', 'listings', 'amendments', 'entities', 'rulings')
        UNION ALL {
        unmatched("penalties", "decided_on", reg_no="reg_no", org_code="org_code")
    } AND linked IS NULL
        UNION ALL {
        unmatched(
            "listings",
            "listed_on",
            removed_on="removed_on",
            removal_code="removal_code",
            list_type="list_type",
        )
    } AND linked IS NULL
        UNION ALL {unmatched("amendments", "effective_on", target_kind="target_kind", action="action")}
                  AND rid NOT IN (SELECT rid FROM pairs)"""


def rulings(day: str) -> Iterable[str]:
    """Visits, the last ruling on each event and USCC, and the records that rulings uphold."""
    worst = " ".join(f"WHEN '{code}' THEN {n}" for n, code in enumerate(WORST_FIRST))
    codes = " ".join(f"WHEN {n} THEN '{code}'" for n, code in enumerate(WORST_FIRST))
    yield f"""
        CREATE TABLE visits AS
        SELECT linked, coalesce(task_no, '') AS task, inspected_on, min(rid) AS rid,
               CASE min(CASE result_code {worst} ELSE {len(WORST_FIRST)} END) {codes} END AS result
        FROM won_inspections WHERE is_winner AND linked IS NOT NULL GROUP BY ALL"""
    yield """
        CREATE TABLE happened AS
        SELECT 'row:' || rid AS event_id, kind, authority_key, doc_norm, sha256, source_row FROM quarantine
        UNION ALL
        SELECT 'row:' || rid, kind, authority_key, doc_norm, sha256, source_row FROM held WHERE NOT is_quarantined
        UNION ALL SELECT 'version:' || rid, 'penalties', authority_key, doc_norm, sha256, source_row
        FROM won_penalties WHERE NOT is_winner AND linked IS NOT NULL
        UNION ALL SELECT 'visit:' || v.rid, 'inspections', authority_key, task, sha256, source_row
        FROM won_inspections i JOIN visits v
          ON v.linked = i.linked AND v.task = coalesce(i.task_no, '') AND v.inspected_on = i.inspected_on"""
    yield f"""
        CREATE TABLE last_ruling AS
        WITH found AS (
            SELECT h.event_id, r.uscc, r.rid, r.updated_on, r.decided_on, r.conclusion FROM happened h
            JOIN won_rulings r USING (kind, authority_key, doc_norm) WHERE is_winner AND doc_norm <> ''
            UNION
            SELECT h.event_id, r.uscc, r.rid, r.updated_on, r.decided_on, r.conclusion FROM happened h
            JOIN won_rulings r ON r.kind = h.kind AND r.source_sha256 = h.sha256 AND r.ruled_row = h.source_row
            WHERE is_winner)
        SELECT event_id, uscc, conclusion, rid AS ruling FROM found WHERE decided_on <= {day}
        QUALIFY row_number() OVER (PARTITION BY event_id, uscc
                                   ORDER BY decided_on DESC, updated_on DESC NULLS LAST, rid DESC) = 1"""
    yield """
        CREATE TABLE ruled_penalties AS
        SELECT rid, authority_key, doc_norm, kinds, uscc AS linked, uscc AS subject, event_on AS decided_on,
               false AS says_revoked, NULL AS procedure, NULL AS procedure_code, false AS doc_says_simple,
               NULL AS subject_kind, NULL::BIGINT AS fine_fen, NULL::BIGINT AS confiscated_fen
        FROM won_rulings WHERE is_winner AND kind = 'penalties' AND event_on IS NOT NULL
          AND rid IN (SELECT ruling FROM last_ruling WHERE conclusion = '属实有效')"""
    yield """
        CREATE TABLE ruled_listings AS
        SELECT DISTINCT r.uscc AS linked, r.authority_key, coalesce(r.event_on, h.event_on) AS listed_on, h.removed_on,
               h.removal_code, h.list_type
        FROM last_ruling l JOIN held h ON l.event_id = 'row:' || h.rid JOIN won_rulings r ON r.rid = l.ruling
        WHERE l.conclusion = '属实有效' AND h.kind = 'listings' AND h.list_type IS NOT NULL
          AND coalesce(r.event_on, h.event_on) IS NOT NULL"""
