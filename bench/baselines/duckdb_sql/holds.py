"""Who is held, and by whose ruling no longer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.baselines.duckdb_sql.idioms import literals
from bench.baselines.duckdb_sql.linking import named


def holds(day: str, p: dict[str, Any]) -> Iterable[str]:
    """Who is held by a row, by versions that differ, or by a visit, and not freed by a ruling."""
    yield from _carried(p)
    yield from _settled()
    window = p["clean_window_months"]
    past = f"event_on + INTERVAL {window} MONTH < {day}"
    proves = "NOT has_date_failure AND event_on IS NOT NULL"
    yield f"""
        CREATE TABLE row_holds AS
        SELECT 'row:' || t.rid AS event_id, t.via, t.uscc,
               h.kind = 'penalties' OR (h.kind = 'listings' AND h.list_type IS NOT NULL) AS can_be_upheld
        FROM (SELECT * FROM hold_pairs ANTI JOIN settled USING (rid, via, uscc)) t JOIN held h USING (rid)
        LEFT JOIN (SELECT uscc AS e, known_on FROM used WHERE has_row) u ON u.e = t.uscc
        WHERE NOT coalesce(CASE
            WHEN kind = 'penalties' THEN {proves} AND (event_on > {day} OR {past})
            WHEN kind = 'listings' THEN {proves} AND (event_on > {day} OR (removed_on <= {day} AND {past}))
            WHEN kind IN ('amendments', 'rulings') THEN {proves} AND event_on > {day} END, false)
          AND coalesce(CASE
            WHEN kind = 'amendments' THEN action IS NULL OR action IN ('撤销修复', '变更')
            WHEN kind = 'entities' THEN known_on IS NOT NULL
                 AND (h.updated_on IS NULL OR (h.updated_on > known_on AND h.updated_on <= {day}))
            WHEN kind = 'rulings' THEN conclusion IS NULL OR conclusion = '重新核查'
            ELSE true END, false)"""
    yield f"""
        CREATE TABLE conflicts AS
        WITH several AS (
            SELECT *, NOT own_annulled AND tier >= 1 AND own_day <= {day} AND own_day + INTERVAL {window} MONTH >= {day}
                   AND NOT coalesce(repaired_on <= {day}, false) AS counts
            FROM penalty_versions
            WHERE has_others AND linked IS NOT NULL AND NOT is_changed AND NOT key_annulled)
        SELECT o.rid, o.linked, o.tier, coalesce(o.is_natural_person, false) AS person
        FROM several o JOIN several w USING (authority_key, doc_norm, subject)
        WHERE NOT o.is_winner AND o.counts AND w.is_winner AND NOT w.own_annulled
          AND (NOT w.counts OR w.tier < o.tier OR w.own_day < o.own_day)"""
    yield """
        CREATE TABLE conflict_holds AS
        WITH through AS (
            SELECT rid, linked AS via, linked AS uscc, tier, person FROM conflicts
            UNION ALL SELECT rid, linked, l.uscc, tier, person FROM conflicts JOIN lineage l ON l.ancestor = linked
            WHERE NOT person)
        SELECT 'version:' || rid AS event_id, via, uscc, true AS can_be_upheld FROM through
        UNION SELECT 'version:' || rid, via, parent, true FROM through JOIN branches ON branch = uscc
        WHERE tier = 2 AND NOT person"""
    yield f"""
        CREATE TABLE visit_holds AS
        WITH of AS (
            SELECT linked AS uscc, linked AS via, rid, result, inspected_on FROM visits WHERE inspected_on <= {day}
            UNION ALL SELECT l.uscc, linked, rid, result, inspected_on FROM visits JOIN lineage l ON l.ancestor = linked
            WHERE inspected_on <= {day})
        SELECT 'visit:' || rid AS event_id, via, uscc, false AS can_be_upheld FROM of
        LEFT JOIN (SELECT uscc, max(inspected_on) AS ok FROM of WHERE result = 'R1_OK' GROUP BY ALL) USING (uscc)
        WHERE result IN ('R3_FALSE_INFO', 'R6_REFUSED')
          AND inspected_on + INTERVAL {p["inspection_hold_months"]} MONTH >= {day}
          AND (ok IS NULL OR ok <= inspected_on)"""
    yield """
        CREATE TABLE holds AS
        SELECT DISTINCT h.uscc
        FROM (SELECT * FROM row_holds UNION ALL SELECT * FROM conflict_holds UNION ALL SELECT * FROM visit_holds) h
        LEFT JOIN last_ruling o ON o.event_id = h.event_id AND o.uscc = h.uscc
        LEFT JOIN last_ruling t ON t.event_id = h.event_id AND t.uscc = h.via
        WHERE NOT (coalesce(o.conclusion IN ('不涉及该主体', '不成立')
                   OR (o.conclusion = '属实有效' AND can_be_upheld), false)
                OR (o.conclusion IS NULL AND coalesce(t.conclusion = '不成立'
                    OR (t.conclusion = '属实有效' AND can_be_upheld), false)))"""


def _carried(p: dict[str, Any]) -> Iterable[str]:
    no_name = literals(p["placeholders"] or [""], "()")
    yield """
        CREATE TABLE bare AS
        SELECT h.*, coalesce(g.uscc, o.uscc) AS by_number
        FROM held h LEFT JOIN reg_nos g ON g.number = h.reg_no LEFT JOIN org_codes o ON o.number = h.org_code
        WHERE h.uscc IS NULL AND NOT coalesce(is_natural_person, false) AND NOT is_row_shape AND kind <> 'rulings'"""
    yield f"""
        CREATE TABLE nameless AS SELECT * FROM bare
        WHERE by_number IS NULL AND name_norm IS NOT NULL AND name_norm NOT IN {no_name}"""
    yield f"""
        CREATE TABLE cells AS SELECT rid, cell FROM (SELECT rid, unnest(cells) AS cell FROM held WHERE is_row_shape)
        WHERE cell IS NOT NULL AND cell NOT IN {no_name}"""
    yield f"""
        CREATE TABLE carried AS
        SELECT rid, h.uscc AS via FROM held h SEMI JOIN usccs USING (uscc)
        WHERE NOT is_row_shape AND (NOT coalesce(is_natural_person, false) OR starts_with(h.uscc, '92'))
        UNION SELECT rid, by_number FROM bare WHERE by_number IS NOT NULL
        UNION SELECT n.rid, c.uscc FROM nameless n JOIN ({named("nameless")}) c
              ON c.name_norm = n.name_norm AND c.div = coalesce(n.authority_division, '')
        UNION SELECT rid, cell FROM cells SEMI JOIN usccs u ON u.uscc = cell
        UNION SELECT rid, n.uscc FROM cells JOIN names n ON n.name_norm = cell
        UNION SELECT h.rid, t.linked FROM held h JOIN targets t USING (authority_key, doc_norm)
              WHERE h.kind = 'amendments' AND h.uscc IS NULL AND h.name_norm IS NULL AND NOT is_row_shape
                AND h.doc_norm <> '' AND t.linked IS NOT NULL
                AND (h.target_kind IS NULL OR h.target_kind = t.target_kind)"""
    yield """
        CREATE TABLE hold_pairs AS
        WITH base AS (SELECT c.*, h.kind, h.target_kind, coalesce(h.is_natural_person, false) AS person
                      FROM carried c JOIN held h USING (rid)),
        holders AS (
            SELECT *, via AS uscc FROM base
            UNION ALL SELECT b.*, l.uscc FROM base b JOIN lineage l ON l.ancestor = b.via
                      WHERE kind <> 'entities' AND NOT person)
        SELECT rid, via, uscc FROM holders
        UNION SELECT rid, via, parent FROM holders JOIN branches ON branch = uscc
        WHERE NOT person AND (kind = 'penalties' OR (kind = 'amendments'
              AND (target_kind IS NULL OR target_kind = 'penalties')))"""


def _settled() -> Iterable[str]:
    later = """
        CASE WHEN h.updated_on IS NOT NULL AND r.updated_on IS NOT NULL AND h.updated_on <> r.updated_on
             THEN r.updated_on > h.updated_on ELSE r.rid > h.rid END"""
    mine = "(r.linked = w.uscc OR r.linked = w.via)"
    numbered = "h.authority_key = r.authority_key AND h.doc_norm = r.doc_norm AND h.doc_norm <> ''"
    parts = [
        f"""SELECT w.rid, w.via, w.uscc FROM hold_pairs w JOIN held h USING (rid) JOIN won_{kind} r ON {numbered}
            WHERE h.kind = '{kind}' AND {later} AND {mine}"""
        for kind in ("penalties", "listings")
    ]
    parts += [
        f"""SELECT w.rid, w.via, w.uscc FROM hold_pairs w JOIN held h USING (rid)
            JOIN (SELECT *, uscc AS linked FROM won_rulings) r ON {numbered}
            WHERE h.kind = 'rulings' AND {later} AND {mine}""",
        f"""SELECT w.rid, w.via, w.uscc FROM hold_pairs w JOIN held h USING (rid) JOIN won_listings r
            ON h.authority_key = r.authority_key AND h.list_type = r.list_type AND h.event_on = r.listed_on
            WHERE h.kind = 'listings' AND coalesce(h.doc_norm, '') = '' AND {later} AND {mine}""",
        f"""SELECT w.rid, w.via, w.uscc FROM hold_pairs w JOIN held h USING (rid) JOIN pairs r
            ON {numbered} AND h.action = r.action WHERE h.kind = 'amendments' AND {later} AND {mine}""",
        f"""SELECT w.rid, w.via, w.uscc FROM hold_pairs w JOIN held h USING (rid) JOIN entities r ON r.uscc = w.uscc
            WHERE h.kind = 'entities' AND {later}""",
    ]
    yield f"CREATE TABLE settled AS {' UNION '.join(parts)}"
