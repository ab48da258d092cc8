"""Force (what amendments did to a record) and tiers of penalties."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.baselines.duckdb_sql.idioms import literals
from bench.baselines.inputs import ACTIONS, ANNULLING


def force(day: str) -> Iterable[str]:
    """What amendments find, and what they have made of it by the day."""
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
               bool_or(action IN {literals(ANNULLING, "()")}) AS is_annulled,
               bool_or(action = '变更') AS is_changed, bool_or(opened > ended) AS is_under_review,
               bool_or(ended >= 0) AS is_review_ended,
               min(effective_on) FILTER (action = '信用修复' AND step > unrepair) AS repaired_on,
               max(effective_on) FILTER (action = '撤销修复' AND step = unrepair AND unrepair > repair) AS unrepaired_on
        FROM last GROUP BY ALL"""


def tiers(con: Any, p: dict[str, Any], table: str) -> Iterable[str]:
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
