"""§2: the tier of a penalty, by the parameters of its decision date."""

from __future__ import annotations

from datetime import date

from policy import Policy
from tests.reference.directory import is_natural
from tests.reference.world import Row

SERIOUS, GENERAL, MINOR = "serious", "general", "minor"
RANK = {MINOR: 0, GENERAL: 1, SERIOUS: 2}
FEN = 100
FINE, CONFISCATION, WARNING = "罚款", "没收违法所得", "警告"


def kinds_of(row: Row) -> list[str]:
    """The kinds of one decision; an amount > 0 adds its kind. An unknown kind is written '?text'."""
    kinds = [kind for kind in (row["kinds"] or "").split(";") if kind]
    if (row["fine_fen"] or 0) > 0 and FINE not in kinds:
        kinds.append(FINE)
    if (row["confiscated_fen"] or 0) > 0 and CONFISCATION not in kinds:
        kinds.append(CONFISCATION)
    return kinds


def tier_of(row: Row, policy: Policy, decided_on: date) -> str:
    """§2, tested in this order: serious, minor, general."""
    kinds = kinds_of(row)
    if is_serious(row, kinds, policy, decided_on):
        return SERIOUS
    if is_minor(row, kinds, policy, decided_on):
        return MINOR
    return GENERAL


def weight_of(kind: str, policy: Policy) -> str:
    """Weight of a kind in the policy's table; 'unknown' for one that is in no line."""
    return next((k.weight for k in policy.penalty_kinds if k.name == kind), "unknown")


def is_serious(row: Row, kinds: list[str], policy: Policy, decided_on: date) -> bool:
    """§2 no. 1: one serious kind is enough (O-26)."""
    large = policy.value("large_fine_yuan", decided_on)
    if large is not None and (row["fine_fen"] or 0) >= large * FEN:
        return True
    for kind in kinds:
        weight = weight_of(kind, policy)
        if weight == "serious":
            return True
        if weight == "merged_revocation" and row["says_revoked"]:
            return True
        if weight == "unknown" and unknown_kind_is_serious(kind, policy):
            return True
    return False


def unknown_kind_is_serious(kind: str, policy: Policy) -> bool:
    """An unknown kind that contains 吊销 (and not 暂扣), 停产停业, 关闭, 限制从业 or 降低资质."""
    return any(
        rule.contains in kind and not (rule.unless and rule.unless in kind)
        for rule in policy.unknown_kind_serious
    )


def is_minor(row: Row, kinds: list[str], policy: Policy, decided_on: date) -> bool:
    """§2 no. 2. Kinds that could not be read are never minor (O-40)."""
    if not kinds:
        return False
    if all(weight_of(kind, policy) == "minor" for kind in kinds):
        return True
    if all(
        weight_of(kind, policy) == "no_penalty" for kind in kinds
    ):  # an amount > 0 would have added its kind
        return True
    if row["procedure_code"] == "simple":
        return is_light_simple(row, kinds, policy, decided_on)
    return row["procedure_code"] is None and is_inferred_simple(row, kinds, policy, decided_on)


def fine_limit_fen(row: Row, policy: Policy, decided_on: date) -> int:
    """≤ 3,000 yuan for legal persons and 个体工商户, ≤ 200 yuan for natural persons (行政处罚法 51)."""
    limit = "simple_fine_limit_natural_yuan" if is_natural(row) else "simple_fine_limit_legal_yuan"
    return int(policy.value(limit, decided_on)) * FEN


def is_light_simple(row: Row, kinds: list[str], policy: Policy, decided_on: date) -> bool:
    """简易 stated, no kind but 警告, 通报批评, 罚款, and the fine not stated or within the limits."""
    light = all(kind == FINE or weight_of(kind, policy) == "minor" for kind in kinds)
    fine = row["fine_fen"]
    return light and (fine is None or fine <= fine_limit_fen(row, policy, decided_on))


def is_inferred_simple(row: Row, kinds: list[str], policy: Policy, decided_on: date) -> bool:
    """简易 inferred: fine stated, > 0 and within the limits, nothing but 警告 beside it, and a telling number."""
    fine = row["fine_fen"]
    if fine is None or not 0 < fine <= fine_limit_fen(row, policy, decided_on):
        return False
    return all(kind in (FINE, WARNING) for kind in kinds) and bool(row["doc_says_simple"])
