"""The same classes and statuses as hand-written SQL on DuckDB."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.baselines.inputs import (
    ACTIONS,
    ANNULLING,
    COLUMNS,
    INVALID_LICENCE,
    KEYS,
    ROWS_PER_FILE,
    WORST_FIRST,
    Inputs,
)


def run(given: Inputs, target: Path) -> None:
    """Writes uscc, risk_class (null where none), status, eligible as Parquet."""
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute("SET preserve_insertion_order = false")
        for statement in _program(con, given):
            con.execute(statement)
        con.execute(f"COPY answers TO {_text(target)} (FORMAT parquet)")


def _program(con: Any, given: Inputs) -> Iterable[str]:
    p = given.numbers
    day = f"DATE '{given.as_of}'"
    con.execute("CREATE TABLE deliveries (kind VARCHAR, sha256 VARCHAR, ord BIGINT)")
    con.executemany("INSERT INTO deliveries VALUES (?, ?, ?)", given.deliveries)
    for kind, columns in COLUMNS.items():
        yield _load(kind, columns, given.accepted[kind])
    yield _load_quarantine(given)
    yield from _entities(day)
    for kind in KEYS:
        yield from _link(kind)
    yield from _closing()
    for kind, key in KEYS.items():
        yield _winners(f"linked_{kind}", f"won_{kind}", key)
    for kind in ("amendments", "rulings"):
        yield _winners(kind, f"won_{kind}", ("row_key",))
    yield from _force(day)
    yield from _tiers(con, p, "won_penalties")
    yield from _held()
    yield from _rulings(day)
    yield from _tiers(con, p, "ruled_penalties")
    yield from _records(day, p)
    yield from _holds(day, p)
    yield from _features(day, p)
    yield from _points(p)
    yield from _answers(day, p)


# -- resolve ----------------------------------------------------------------------------------------------------


def _load(kind: str, columns: tuple[str, ...], files: list[Path]) -> str:
    if not files:
        return f"CREATE TABLE {kind} AS SELECT 1::BIGINT AS rid WHERE false"
    picked = ", ".join(columns)
    return f"""
        CREATE TABLE {kind} AS
        SELECT {picked}, d.ord * {ROWS_PER_FILE} + source_row AS rid
        FROM read_parquet({_texts(files)})
        JOIN (SELECT sha256, ord FROM deliveries WHERE kind = '{kind}') d USING (sha256)"""


def _load_quarantine(given: Inputs) -> str:
    """Rows that could hold somebody, with their kind's own rank."""
    return f"""
        CREATE TABLE quarantine AS
        SELECT q.*, d.ord * {ROWS_PER_FILE} + source_row AS rid
        FROM read_parquet({_texts(path for _, path in given.quarantine)}) q JOIN deliveries d USING (kind, sha256)"""


def _entities(day: str) -> Iterable[str]:
    yield """
        CREATE TABLE versions AS
        SELECT *, coalesce(updated_on, DATE '0001-01-01') AS known_on FROM entities
        QUALIFY row_number() OVER (PARTITION BY uscc, coalesce(updated_on, DATE '0001-01-01') ORDER BY rid DESC) = 1"""
    yield f"""
        CREATE TABLE used AS
        SELECT * REPLACE (CASE WHEN known_on > {day} AND status = '注销' AND cancelled_on > {day} THEN '存续'
                          ELSE status END AS status),
               established_on <= {day} AS has_row
        FROM versions
        QUALIFY row_number() OVER (PARTITION BY uscc ORDER BY known_on > {day}, abs(known_on - {day})) = 1"""
    yield """
        CREATE TABLE names AS
        SELECT DISTINCT name_norm, uscc, division_code FROM entities WHERE name_norm IS NOT NULL"""
    yield """
        CREATE TABLE usccs AS SELECT uscc FROM entities
        UNION SELECT predecessor_uscc FROM entities WHERE predecessor_uscc IS NOT NULL"""
    for name, number in (("reg_nos", "reg_no"), ("org_codes", "substr(uscc, 9, 9)")):
        yield f"""
            CREATE TABLE {name} AS SELECT {number} AS number, min(uscc) AS uscc FROM entities
            WHERE {number} IS NOT NULL GROUP BY ALL HAVING min(uscc) = max(uscc)"""
    yield """
        CREATE TABLE lineage AS
        WITH RECURSIVE l(uscc, ancestor) AS (
            SELECT uscc, predecessor_uscc FROM used WHERE predecessor_uscc <> uscc
            UNION
            SELECT l.uscc, u.predecessor_uscc FROM l JOIN used u ON u.uscc = l.ancestor
            WHERE u.predecessor_uscc <> l.uscc)
        SELECT * FROM l"""
    yield """
        CREATE TABLE branches AS SELECT uscc AS branch, parent_uscc AS parent FROM used
        WHERE entity_type = '分支机构' AND parent_uscc IS NOT NULL"""


def _named(asked: str) -> str:
    """(name_norm, div, uscc): bearers of the names asked for, those of the authority's division first."""
    return f"""
        SELECT name_norm, div, uscc FROM (
            SELECT a.name_norm, a.div, n.uscc,
                   bool_or(a.div <> '' AND coalesce(starts_with(n.division_code, a.div), false)) AS inside
            FROM (SELECT DISTINCT name_norm, coalesce(authority_division, '') AS div FROM {asked}
                  WHERE name_norm IS NOT NULL) a JOIN names n USING (name_norm)
            GROUP BY ALL)
        QUALIFY inside = bool_or(inside) OVER (PARTITION BY name_norm, div)"""


def _link(kind: str) -> Iterable[str]:
    numbered = "reg_no" in COLUMNS[kind]
    reg, org = ("r.reg_no", "r.org_code") if numbered else ("NULL", "NULL")
    extra = {
        "licences": ", CASE WHEN r.doc_norm = '' THEN coalesce(r.licence_norm, '') ELSE r.doc_norm END AS licence_key",
        "honours": ", coalesce(r.honour_code, 'raw:' || r.honour_type) AS honour_key",
    }.get(kind, "")
    yield f"CREATE TABLE bare AS SELECT * FROM {kind} WHERE uscc IS NULL AND NOT coalesce(is_natural_person, false)"
    yield f"""
        CREATE TABLE single AS SELECT name_norm, div, min(uscc) AS uscc FROM ({_named("bare")})
        GROUP BY ALL HAVING min(uscc) = max(uscc)"""
    numbers = """
        LEFT JOIN reg_nos g ON g.number = r.reg_no LEFT JOIN org_codes o ON o.number = r.org_code"""
    yield f"""
        CREATE TABLE linked_{kind} AS
        SELECT *, coalesce(linked, uscc, 'reg:' || {reg.replace("r.", "")}, 'org:' || {org.replace("r.", "")},
                           'name:' || name_norm, 'none') AS subject
        FROM (SELECT r.*, k.uscc AS linked{extra} FROM {kind} r LEFT JOIN usccs k USING (uscc)
              WHERE r.uscc IS NOT NULL OR coalesce(is_natural_person, false)
              UNION ALL
              SELECT r.*, coalesce({"g.uscc, o.uscc, " if numbered else ""}s.uscc) AS linked{extra}
              FROM bare r {numbers if numbered else ""}
              LEFT JOIN single s ON s.name_norm = r.name_norm AND s.div = coalesce(r.authority_division, ''))"""
    yield "DROP TABLE bare"
    yield "DROP TABLE single"


def _closing() -> Iterable[str]:
    """A removal without a number takes that of the one entry that it closes."""
    yield """
        CREATE TABLE entry AS
        SELECT list_type, authority_key, subject, listed_on, min(doc_norm) AS one FROM linked_listings
        WHERE NOT (doc_norm = '' AND removed_on IS NOT NULL)
        GROUP BY ALL HAVING min(doc_norm) = max(doc_norm) AND min(doc_norm) <> ''"""
    yield """
        UPDATE linked_listings l SET doc_norm = e.one FROM entry e
        WHERE l.doc_norm = '' AND l.removed_on IS NOT NULL AND l.list_type = e.list_type
          AND l.authority_key = e.authority_key AND l.subject = e.subject AND l.listed_on = e.listed_on"""


def _winners(source: str, name: str, key: tuple[str, ...]) -> str:
    return f"""
        CREATE TABLE {name} AS
        SELECT *, row_number() OVER w = 1 AS is_winner,
               count(*) OVER (PARTITION BY {", ".join(key)}) > 1 AS has_others
        FROM {source} WINDOW w AS (PARTITION BY {", ".join(key)} ORDER BY updated_on DESC NULLS LAST, rid DESC)"""


# -- force, tiers -------------------------------------------------------------------------------------------------


def _force(day: str) -> Iterable[str]:
    yield """
        CREATE TABLE targets AS
        SELECT DISTINCT * FROM (
            SELECT 'penalties' AS target_kind, authority_key, doc_norm, subject, linked, name_norm FROM linked_penalties
            UNION ALL
            SELECT 'listings', authority_key, doc_norm, subject, linked, name_norm FROM linked_listings)
        WHERE doc_norm <> ''
        UNION SELECT kind, authority_key, doc_norm, uscc, uscc, NULL FROM won_rulings
        WHERE is_winner AND conclusion = '属实有效' AND kind = 'penalties' AND doc_norm <> ''
          AND authority_key IS NOT NULL"""
    yield """
        CREATE TABLE pairs AS
        WITH found AS (
            SELECT a.rid, target_kind, action, authority_key, doc_norm, effective_on, amendment_no, updated_on, subject,
                   linked, a.uscc AS asked_uscc, a.name_norm AS asked_name, t.name_norm
            FROM won_amendments a JOIN targets t USING (target_kind, authority_key, doc_norm) WHERE a.is_winner),
        bare AS (SELECT *, min(subject) OVER (PARTITION BY rid) = max(subject) OVER (PARTITION BY rid) AS alone
                 FROM found WHERE asked_uscc IS NULL AND asked_name IS NULL)
        SELECT DISTINCT * EXCLUDE (asked_uscc, asked_name, name_norm) FROM (
            SELECT * FROM found WHERE asked_uscc = subject
            UNION ALL SELECT * FROM found WHERE asked_uscc IS NULL AND asked_name = name_norm
            UNION ALL SELECT f.* FROM found f SEMI JOIN names n ON n.uscc = f.linked AND n.name_norm = f.asked_name
                      WHERE asked_uscc IS NULL
            UNION ALL SELECT * EXCLUDE (alone) FROM bare WHERE alone)"""
    order = " ".join(f"WHEN '{action}' THEN {n}" for n, action in enumerate(ACTIONS))
    steps = ", ".join(
        f"coalesce(max(step) FILTER (action = '{action}') OVER k, -1) AS {name}"
        for action, name in (
            ("信用修复", "repair"), ("撤销修复", "unrepair"), ("复议诉讼受理", "opened"), ("复议诉讼终结", "ended"),
        )
    )  # fmt: skip
    yield f"""
        CREATE TABLE states AS
        WITH steps AS (
            SELECT *, row_number() OVER (PARTITION BY target_kind, authority_key, doc_norm, subject ORDER BY
                   effective_on, amendment_no NULLS FIRST, CASE action {order} ELSE 99 END, rid) AS step
            FROM pairs WHERE effective_on <= {day}),
        last AS (SELECT *, {steps} FROM steps WINDOW k AS (PARTITION BY target_kind, authority_key, doc_norm, subject))
        SELECT target_kind, authority_key, doc_norm, subject,
               bool_or(action IN {_texts(ANNULLING, "()")}) AS is_annulled,
               bool_or(action = '变更') AS is_changed, bool_or(opened > ended) AS is_under_review,
               bool_or(ended >= 0) AS is_review_ended,
               min(effective_on) FILTER (action = '信用修复' AND step > unrepair) AS repaired_on,
               max(effective_on) FILTER (action = '撤销修复' AND step = unrepair AND unrepair > repair) AS unrepaired_on
        FROM last GROUP BY ALL"""


def _tiers(con: Any, p: dict[str, Any], table: str) -> Iterable[str]:
    """`{table}_tier`: with what §2 says; 2 serious, 1 general, 0 minor."""
    flags = ("has_serious", "has_merged", "all_minor", "all_no_penalty", "simple_only", "inferable")
    texts = [
        text or "" for (text,) in con.execute(f"SELECT DISTINCT coalesce(kinds, '') FROM {table}").fetchall()
    ]
    con.execute(
        f"CREATE OR REPLACE TABLE said (kinds VARCHAR, {', '.join(f'{flag} BOOLEAN' for flag in flags)})"
    )
    for text in texts:
        said = p["classify"](text)
        con.execute(
            f"INSERT INTO said VALUES (?{', ?' * len(flags)})", [text, *(said[flag] for flag in flags)]
        )
    legal, natural = p["simple_fine_limit_legal_yuan"] * 100, p["simple_fine_limit_natural_yuan"] * 100
    large = "false" if p["large_fine_yuan"] is None else f"fine_fen >= {p['large_fine_yuan'] * 100}"
    limit = f"CASE WHEN subject_kind = '自然人' THEN {natural} ELSE {legal} END"
    yield f"""
        CREATE TABLE {table}_tier AS
        SELECT t.*, CASE
            WHEN has_serious OR (has_merged AND coalesce(says_revoked, false)) OR coalesce({large}, false) THEN 2
            WHEN all_minor
              OR (all_no_penalty AND NOT (coalesce(fine_fen > 0, false) OR coalesce(confiscated_fen > 0, false)))
              OR (procedure_code = 'simple' AND simple_only AND (fine_fen IS NULL OR fine_fen <= {limit}))
              OR (procedure IS NULL AND procedure_code IS NULL AND inferable AND fine_fen > 0 AND fine_fen <= {limit}
                  AND doc_says_simple) THEN 0
            ELSE 1 END AS tier
        FROM {table} t JOIN said s ON s.kinds = coalesce(t.kinds, '')"""


# -- held rows and rulings ------------------------------------------------------------------------------------------


def _held() -> Iterable[str]:
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


def _carried(p: dict[str, Any]) -> Iterable[str]:
    no_name = _texts(p["placeholders"] or [""], "()")
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
        UNION SELECT n.rid, c.uscc FROM nameless n JOIN ({_named("nameless")}) c
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


def _rulings(day: str) -> Iterable[str]:
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


# -- records, holds ------------------------------------------------------------------------------------------------


def _records(day: str, p: dict[str, Any]) -> Iterable[str]:
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
    any_removal = _texts(p["any_removal_is_repair"] or ["-"], "()")
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
        WHERE kind = 'penalties' OR list_type IN {_texts(p["blocking"] or ["-"], "()")}"""


def _holds(day: str, p: dict[str, Any]) -> Iterable[str]:
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
    terms = " ".join(f"WHEN '{name}' THEN {months}" for name, months in p["honour_months"].items())
    yield f"""
        CREATE TABLE honoured AS
        SELECT DISTINCT linked AS uscc, valid_from,
               coalesce(valid_to, CAST(valid_from + to_months(CASE honour_code {terms} ELSE 0 END) AS DATE)) AS valid_to
        FROM won_honours
        WHERE is_winner AND linked IS NOT NULL AND honour_code IS NOT NULL AND valid_from <= {day}"""


# -- features, points, answers ---------------------------------------------------------------------------------------


def _features(day: str, p: dict[str, Any]) -> Iterable[str]:
    groups = " ".join(f"WHEN '{status}' THEN '{group}'" for status, group in p["status_groups"].items())
    changed = " + ".join(
        f"coalesce((lag({c}) OVER k <> {c})::INT, 0)"
        for c in ("name_norm", "entity_type", "division_code", "registered_capital_wan")
    )
    licence = f"""
        SELECT linked AS uscc, coalesce(state IN {_texts(INVALID_LICENCE, "()")}, false) AS invalid,
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


def _points(p: dict[str, Any]) -> Iterable[str]:
    classed = f"SELECT * FROM features WHERE entity_type IN {_texts(p['scope_classed_types'], '()')}"
    unit = p["decay_unit"]
    banded, streamed = [], []
    for one in p["indicators"]:
        if one.event_points is not None:
            points, weight = one.event_points_h, "weight" if one.decay else f"seen * {unit}"
            if points >= 0:
                sum_of = f"({weight} * {2 * points} + {unit}) // {2 * unit}"
            else:
                sum_of = f"-(({weight} * {-2 * points} + {unit} - 1) // {2 * unit})"
            if one.cap_h is not None:
                sum_of = f"{'least' if one.cap_h >= 0 else 'greatest'}({sum_of}, {one.cap_h})"
            streamed.append(f"WHEN '{one.feature}' THEN {sum_of}")
        elif one.bands is not None:
            cases = " ".join(
                "WHEN "
                + " AND ".join(
                    [f"{one.feature} IS NOT NULL"]
                    + ([] if band.ge is None else [f"{one.feature} >= {band.ge}"])
                    + ([] if band.lt is None else [f"{one.feature} < {band.lt}"])
                )
                + f" THEN {band.points_h}"
                for band in one.bands
            )
            banded.append(f"CASE {cases} ELSE {one.missing_h} END")
        else:
            test = "starts_with({f}, '{k}')" if one.prefix else "{f} = '{k}'"
            cases = " ".join(
                f"WHEN {test.format(f=one.feature, k=key)} THEN {one.map_h[key]}"
                for key in sorted(one.map_h, key=lambda key: (-len(key), key))
            )
            banded.append(
                f"CASE WHEN {one.feature} IS NULL THEN {one.missing_h} {cases} ELSE {one.default_h} END"
            )
    yield f"""
        CREATE TABLE points AS
        SELECT f.uscc, least(greatest({" + ".join(banded)} + coalesce(s.points, 0), 0), 100000) AS points
        FROM ({classed}) f LEFT JOIN (
            SELECT uscc, sum(CASE stream {" ".join(streamed)} ELSE 0 END)::BIGINT AS points FROM streams
            GROUP BY uscc) s USING (uscc)"""


def _answers(day: str, p: dict[str, Any]) -> Iterable[str]:
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
    scope = f"status_group IN {_texts(p['scope_status_groups'], '()')}"
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
            SELECT f.*, p.points, l.floor, status_group NOT IN {_texts(p["eligible_status_groups"], "()")} AS off,
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


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _texts(values: Iterable[object], brackets: str = "[]") -> str:
    return brackets[0] + ", ".join(_text(value) for value in values) + brackets[1]
