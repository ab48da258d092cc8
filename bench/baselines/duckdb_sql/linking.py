"""Entities, whom a row concerns, and which row of a key is current."""

from __future__ import annotations

from collections.abc import Iterable

from bench.baselines.inputs import COLUMNS


def entities(day: str) -> Iterable[str]:
    """Versions of entities, the one used on the day, their names, numbers, lineage and branches."""
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


def named(asked: str) -> str:
    """(name_norm, div, uscc): bearers of the names asked for, those of the authority's division first."""
    return f"""
        SELECT name_norm, div, uscc FROM (
            SELECT a.name_norm, a.div, n.uscc,
                   bool_or(a.div <> '' AND coalesce(starts_with(n.division_code, a.div), false)) AS inside
            FROM (SELECT DISTINCT name_norm, coalesce(authority_division, '') AS div FROM {asked}
                  WHERE name_norm IS NOT NULL) a JOIN names n USING (name_norm)
            GROUP BY ALL)
        QUALIFY inside = bool_or(inside) OVER (PARTITION BY name_norm, div)"""


def link(kind: str) -> Iterable[str]:
    """Whom each row of a kind concerns: by code, by number, by the name of one bearer alone."""
    numbered = "reg_no" in COLUMNS[kind]
    reg, org = ("r.reg_no", "r.org_code") if numbered else ("NULL", "NULL")
    extra = {
        "licences": ", CASE WHEN r.doc_norm = '' THEN coalesce(r.licence_norm, '') ELSE r.doc_norm END AS licence_key",
        "honours": ", coalesce(r.honour_code, 'raw:' || r.honour_type) AS honour_key",
    }.get(kind, "")
    yield f"CREATE TABLE bare AS SELECT * FROM {kind} WHERE uscc IS NULL AND NOT coalesce(is_natural_person, false)"
    yield f"""
        CREATE TABLE single AS SELECT name_norm, div, min(uscc) AS uscc FROM ({named("bare")})
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


def closing() -> Iterable[str]:
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


def winners(source: str, name: str, key: tuple[str, ...]) -> str:
    """Adds is_winner (last in delivery order of its key) and has_others."""
    return f"""
        CREATE TABLE {name} AS
        SELECT *, row_number() OVER w = 1 AS is_winner,
               count(*) OVER (PARTITION BY {", ".join(key)}) > 1 AS has_others
        FROM {source} WINDOW w AS (PARTITION BY {", ".join(key)} ORDER BY updated_on DESC NULLS LAST, rid DESC)"""
