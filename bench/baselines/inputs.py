"""What every baseline is given: where the lake's Parquet lies, and the policy's numbers for one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policy import Policy
    from records.intake import Intake

# A row's place in delivery order is its file's rank times this, plus its number.
ROWS_PER_FILE = 1 << 36
# Later in the list wins a tie of one day and number.
ACTIONS = ("信用修复", "撤销修复", "撤销", "确认违法", "确认无效", "变更", "复议诉讼受理", "复议诉讼终结")
ANNULLING = ("撤销", "确认违法", "确认无效")
WORST_FIRST = (
    "R6_REFUSED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R2_NOT_PUBLISHED", "R5_CORRECTED", "R8_PENDING", "R0_EXIT",
    "R1_OK", "R7_NO_ACTIVITY",
)  # fmt: skip
INVALID_LICENCE = ("2", "无效", "撤销", "吊销", "注销")
KEYS = {
    "penalties": ("authority_key", "doc_norm", "subject"),
    "licences": ("authority_key", "licence_key", "subject", "decided_on"),
    "inspections": ("task_no", "item", "subject", "inspected_on"),
    "listings": ("list_type", "authority_key", "doc_norm", "subject", "listed_on"),
    "honours": ("honour_key", "authority_key", "subject", "valid_from"),
}
SUBJECT = ("uscc", "name_norm", "is_natural_person", "authority_key", "authority_division")
ROW = ("sha256", "source_row", "updated_on")
COLUMNS: dict[str, tuple[str, ...]] = {
    "entities": (
        *ROW, "uscc", "name_norm", "entity_type", "status", "established_on", "division_code", "industry_code",
        "key_area", "registered_capital_wan", "reg_no", "parent_uscc", "predecessor_uscc", "cancelled_on",
    ),
    "licences": (
        *ROW, *SUBJECT, "reg_no", "org_code", "doc_norm", "licence_norm", "decided_on", "valid_from", "valid_to",
        "state",
    ),
    "penalties": (
        *ROW, *SUBJECT, "subject_kind", "reg_no", "org_code", "doc_norm", "fine_fen", "confiscated_fen", "decided_on",
        "procedure", "procedure_code", "doc_says_simple", "says_revoked", "status_code", "kinds",
    ),
    "inspections": (*ROW, *SUBJECT, "task_no", "item", "result_code", "inspected_on"),
    "listings": (*ROW, *SUBJECT, "doc_norm", "list_type", "listed_on", "removed_on", "removal_code"),
    "amendments": (
        *ROW, *SUBJECT, "doc_norm", "target_kind", "action", "effective_on", "amendment_no", "row_key",
    ),
    "honours": (*ROW, *SUBJECT, "honour_type", "honour_code", "valid_from", "valid_to"),
    "rulings": (
        *ROW, "doc_norm", "authority_key", "uscc", "kind", "source_sha256", "ruled_row", "conclusion", "event_on",
        "kinds", "decided_on", "row_key",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """Files and numbers.

    Attributes:
        accepted: kind → Parquet files of accepted rows.
        quarantine: Parquet files of quarantined rows of every kind.
        deliveries: (kind, sha256, rank) of what takes part.
        numbers: the policy's values on the day, by name.
    """

    as_of: date
    accepted: dict[str, list[Path]]
    quarantine: list[tuple[str, Path]]
    deliveries: list[tuple[str, str, int]]
    numbers: dict[str, Any]


def inputs(intake: Intake, policy: Policy, as_of: date) -> Inputs:
    """What the engine is given, as plain values.

    Raises:
        ValueError: the policy declares sources; the baselines know none.
    """
    from features.tiers import classify_kinds
    from policy import fold

    if policy.feeds:
        raise ValueError("the baselines know no declared sources")
    kinds = {d.kind for d in intake.taking_part()}
    steps = [(int(months), Fraction(str(part))) for months, part in policy.value("points_decay", as_of)]
    unit = lcm(*(part.denominator for _, part in steps))
    names = (
        "clean_window_months", "min_history_months", "inspection_hold_months", "serious_red_line_months",
        "general_red_line_months", "changes_window_months", "licences_expired_window_months",
        "fine_total_window_months", "simple_fine_limit_legal_yuan", "simple_fine_limit_natural_yuan",
        "large_fine_yuan", "scope_status_groups", "scope_classed_types", "eligible_status_groups",
        "red_line_classes", "class_cut_points", "repaired_records_count",
    )  # fmt: skip
    numbers = {name: policy.value(name, as_of) for name in names}

    def lists(field: Any) -> dict[str, Any]:
        return {x.name: v for x in policy.lists if (v := policy.list_value(x.name, field, as_of))}

    if numbers["repaired_records_count"] or lists("after_list_months"):
        raise ValueError("the baselines are written for a day on which repaired records no longer count")
    return Inputs(
        as_of=as_of,
        accepted={kind: intake.accepted(kind) for kind in COLUMNS},
        quarantine=[(kind, path) for kind in sorted(kinds) for path in intake.quarantine(kind)],
        deliveries=[(d.kind, d.sha256, d.file_ord) for d in intake.taking_part() if d.kind in kinds],
        numbers={
            **numbers,
            "status_groups": dict(policy.status_groups),
            "blocking": sorted(lists("is_blocking")),
            "any_removal_is_repair": sorted(lists("any_removal_is_repair")),
            "list_red_lines": lists("red_line"),
            "honour_months": policy.honour_terms(as_of),
            "placeholders": sorted({fold(name) for name in policy.placeholder_names}),
            "decay": [(months, int(part * unit)) for months, part in steps],
            "decay_unit": unit,
            "indicators": policy.indicators_on(as_of),
            "classify": lambda text: classify_kinds(text, policy),
        },
    )
