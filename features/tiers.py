"""Tier of a penalty (rules §2): 2 serious, 1 general, 0 minor, by the policy of its decision date."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from records.resolve.expr import is_true

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.workspace import Workspace

SERIOUS, GENERAL, MINOR = 2, 1, 0
TIER_NAMES = {SERIOUS: "serious", GENERAL: "general", MINOR: "minor"}
_LIMITS = ("simple_fine_limit_legal_yuan", "simple_fine_limit_natural_yuan", "large_fine_yuan")
FEN_PER_YUAN = 100
_TIERS = {name: tier for tier, name in TIER_NAMES.items()}
# What may stand beside a fine in a simple-procedure decision (行政处罚法 art. 51).
_SIMPLE = frozenset({"警告", "通报批评", "罚款"})
_INFERRED = frozenset({"警告", "罚款"})
_FLAGS = (
    "has_serious", "has_merged", "all_minor", "all_no_penalty", "simple_only", "inferable", "has_unknown",
)  # fmt: skip


def classify_kinds(kinds: str, policy: Policy) -> dict[str, Any]:
    """What a decision's kinds say, before amounts and procedure.

    Args:
        kinds: canonical kinds joined by ``;``; ``?text`` for one that no table knows.

    Returns:
        has_serious, has_merged, all_minor, all_no_penalty, simple_only, inferable, has_unknown (bool).
    """
    weights = {k.name: k.weight for k in policy.penalty_kinds}
    names = [k for k in kinds.split(";") if k]
    unknown = [k[1:] for k in names if k.startswith("?")]
    known = [weights.get(k) for k in names if not k.startswith("?")]
    return {
        "kinds": kinds,
        "has_serious": "serious" in known or any(_reads_serious(text, policy) for text in unknown),
        "has_merged": "merged_revocation" in known,
        "all_minor": bool(names) and not unknown and all(w == "minor" for w in known),
        "all_no_penalty": bool(names) and not unknown and all(w == "no_penalty" for w in known),
        "simple_only": bool(names) and set(names) <= _SIMPLE,
        "inferable": "罚款" in names and set(names) <= _INFERRED,
        "has_unknown": bool(unknown) or not names,
    }


def _reads_serious(text: str, policy: Policy) -> bool:
    return any(
        rule.contains in text and (rule.unless is None or rule.unless not in text)
        for rule in policy.unknown_kind_serious
    )


def tiers_of(policy: Policy, param: str, as_of: date) -> list[int]:
    """The tiers that a parameter names on a day (``blocking_tiers``, ``branch_blocking_tiers``)."""
    return [_TIERS[name] for name in policy.value(param, as_of)] or [-1]


def kinds_table(ws: Workspace, name: str, rows: ir.Table, policy: Policy) -> ir.Table:
    """`classify_kinds` of every combination of kinds among the rows, stored as ``<name>_kinds``."""
    distinct = ws.fetch(rows.select("kinds").distinct()).column("kinds").to_pylist()
    schema = pa.schema([("kinds", pa.string()), *[(f, pa.bool_()) for f in _FLAGS]])
    return ws.put_rows(
        f"{name}_kinds", [classify_kinds(k, policy) for k in sorted(k or "" for k in distinct)], schema
    )


def with_tier(rows: ir.Table, kinds: ir.Table, policy: Policy, on: str = "decided_on") -> ir.Table:
    """Add ``tier`` (int32) and ``tier_flag`` (text or null).

    Args:
        rows: kinds, says_revoked, procedure, procedure_code, doc_says_simple, subject_kind, fine_fen,
            confiscated_fen and the day ``on``, by whose parameters the tier is decided.
        kinds: `kinds_table` of the rows.
    """
    t = (
        rows.mutate(kinds=rows.kinds.fill_null(""))
        .left_join(kinds.rename(k="kinds"), [("kinds", "k")])
        .drop("k")
    )

    def limit(param: str) -> ir.IntegerValue:
        """The policy's amount on the decision's day, in fen."""
        pieces = []
        for start, end in policy.periods([param], date(1, 1, 1), date(9999, 12, 31)):
            value = policy.value(param, start)
            fen = ibis.null("int64") if value is None else ibis.literal(int(value) * FEN_PER_YUAN, "int64")
            pieces.append((t[on].between(start, end), fen))
        return ibis.cases(*pieces, else_=ibis.null("int64"))

    t = t.mutate(legal_limit=limit(_LIMITS[0]), natural_limit=limit(_LIMITS[1]), large_fine=limit(_LIMITS[2]))
    fine_limit = ibis.ifelse(is_true(t.subject_kind == "自然人"), t.natural_limit, t.legal_limit)
    serious = t.has_serious | (t.has_merged & is_true(t.says_revoked)) | is_true(t.fine_fen >= t.large_fine)
    amount = is_true(t.fine_fen > 0) | is_true(t.confiscated_fen > 0)
    stated_simple = is_true(t.procedure_code == "simple")
    simple = stated_simple & t.simple_only & (t.fine_fen.isnull() | is_true(t.fine_fen <= fine_limit))
    inferred = (
        t.procedure.isnull() & t.procedure_code.isnull() & t.inferable & is_true(t.fine_fen > 0)
        & is_true(t.fine_fen <= fine_limit) & is_true(t.doc_says_simple)
    )  # fmt: skip
    minor = t.all_minor | (t.all_no_penalty & ~amount) | simple | inferred
    tier = ibis.cases((serious, SERIOUS), (minor, MINOR), else_=GENERAL).cast("int32")
    flag = ibis.cases(
        (t.has_unknown, "kinds_unread"),
        (~serious & stated_simple & ~minor, "simple_over_limit"),
        (~serious & inferred, "procedure_inferred"),
    )
    return t.mutate(tier=tier, tier_flag=flag).drop(*_FLAGS, "legal_limit", "natural_limit", "large_fine")
