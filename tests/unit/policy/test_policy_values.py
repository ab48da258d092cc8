"""Every number of rules.md and contract.md stands in the policy, with its days and its citation."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from policy import Policy, PolicyError, load_policy
from policy.params import PARAMS

TODAY = date(2026, 11, 23)
LONG_AGO = date(2011, 9, 2)

NUMBERS: dict[str, Any] = {
    "clean_window_months": 36,
    "blocking_tiers": ["general", "serious"],
    "branch_blocking_tiers": ["serious"],
    "simple_fine_limit_legal_yuan": 3000,
    "simple_fine_limit_natural_yuan": 200,
    "simple_doc_no_words": ["当场", "简易", "简罚", "简处"],
    "simple_doc_no_leads": ["简"],
    "large_fine_yuan": None,
    "inspection_hold_months": 12,
    "min_history_months": 36,
    "eligible_on_horizon_months": 120,
    "eligible_status_groups": ["active", "dormant"],
    "scope_classed_types": ["企业", "分支机构", "农民专业合作社"],
    "scope_unclassed_types": ["个体工商户", "其他"],
    "scope_status_groups": ["active", "dormant", "revoked"],
    "red_line_classes": {
        "SERIOUS_LIST": "D", "JUDGMENT_DEFAULTER": "D", "STATUS_REVOKED": "D",
        "ABNORMAL_LIST": "C", "SERIOUS_12M": "C", "GENERAL_12M": "B",
    },
    "serious_red_line_months": 12,
    "general_red_line_months": 12,
    "risk_points_min": 0,
    "risk_points_max": 1000,
    "class_cut_points": {"A": 0, "B": 200, "C": 500, "D": 750},
    "class_method": "expert",
    "points_decay": [[12, "1"], [24, "1/2"], [60, "1/4"]],
    "changes_window_months": 12,
    "licences_expired_window_months": 12,
    "fine_total_window_months": 60,
    "class_jump_alert": 2,
    "sampling_rates": {"A": "0.01", "B": "0.03", "C": "0.10", "D": "0.30"},
    "key_items_full_coverage_classes": ["D"],
    "sampling_min_per_division": 3,
    "sampling_exclusion_months": 6,
    "sampling_visits_per_year": 2,
    "sampling_full_key_areas": [
        "危险化学品", "危化品", "烟花爆竹", "民用爆炸物", "特种设备", "矿山", "燃气", "药品", "疫苗", "医疗器械",
        "食品生产",
    ],
    "sampling_inspectors_per_visit": 2,
    "surge_alert_entities": 5,
    "surge_alert_share": Decimal("0.02"),
    "early_warning_window_days": 30,
    "early_warning_points": 300,
    "early_warning_records": 2,
    "early_warning_changes_window_days": 90,
    "early_warning_changes": 3,
    "early_warning_capital_drop": Decimal("0.5"),
    "discipline_left_months": 12,
    "filing_limit_working_days": 7,
    "integrity_factors": {
        "ELIGIBLE_MODEL": Decimal("1.20"), "ELIGIBLE_CLEAN3Y": Decimal("1.00"),
        "INSUFFICIENT_HISTORY": Decimal("0.90"), "NOT_BAD_RECORD": Decimal("0.60"),
        "NOT_ACTIVE_LIST": Decimal("0.00"), "NOT_STATUS": Decimal("0.00"),
        "HOLD_PROVISIONAL": None, "HOLD_REVIEW": None,
    },
    "earliest_event_on": date(1949, 10, 1),
    "future_tolerance_days": 1,
    "open_end_words": ["长期"],
    "open_end_days": ["2099-12-31", "9999-12-31"],
    "amount_decimals": 6,
    "amount_tolerance": Decimal("1e-9"),
    "exact_integer_max_digits": 15,
    "quoted_cell_max_lines": 20,
    "masked_cell_min_length": 40,
    "uscc_entity_types": {"91": "企业", "92": "个体工商户", "93": "农民专业合作社"},
    "freshness_days_penalties": 20,
    "freshness_days_listings": 60,
    "feed_thin_window_days": 7,
    "retention_snapshot_months": 36,
    "retention_log_days": 400,
    "review_warning_days": 30,
    "desk_max_age_days": 7,
    "objection_working_days": 7,
}  # fmt: skip


@pytest.mark.parametrize("day", [LONG_AGO, TODAY])
@pytest.mark.parametrize("param_id", sorted(NUMBERS))
def test_each_number_of_the_rules(shipped: Policy, param_id: str, day: date) -> None:
    value = shipped.value(param_id, day)
    assert value == NUMBERS[param_id]
    assert type(value) is type(NUMBERS[param_id])


def test_no_parameter_is_left_out_of_this_test() -> None:
    assert set(PARAMS) == set(NUMBERS) | {"repaired_records_count"}


@pytest.mark.parametrize(
    ("day", "counts"),
    [(LONG_AGO, True), (date(2026, 3, 31), True), (date(2026, 4, 1), False), (date(2099, 1, 1), False)],
)
def test_repaired_records_count_until_the_order_of_2025_is_in_force(
    shipped: Policy, day: date, counts: bool
) -> None:
    assert shipped.value("repaired_records_count", day) is counts


def test_each_value_is_cited(shipped: Policy) -> None:
    for param in shipped.params.values():
        assert param.label and param.description
        for value in param.values:
            assert value.source and value.article
            assert value.reviewed_on < param.review_by
    assert shipped.citation("repaired_records_count", date(2026, 4, 1)).confidence == "V"
    assert "36号" in shipped.citation("repaired_records_count", date(2026, 4, 1)).source
    assert shipped.citation("repaired_records_count", date(2026, 3, 31)).valid_to == date(2026, 3, 31)
    assert shipped.citation("lists.经营异常名录.is_blocking", TODAY).article


def test_periods_split_where_a_value_changes(shipped: Policy) -> None:
    ids = ["clean_window_months", "repaired_records_count"]
    assert shipped.periods(ids, date(2026, 1, 1), date(2026, 12, 31)) == [
        (date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 12, 31)),
    ]
    assert shipped.periods(ids, date(2026, 4, 1), date(2026, 4, 1)) == [(date(2026, 4, 1), date(2026, 4, 1))]
    assert shipped.periods(ids, date(2026, 3, 31), date(2026, 4, 1)) == [
        (date(2026, 3, 31), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 4, 1)),
    ]
    assert shipped.periods(["clean_window_months"], date.min, date.max) == [(date.min, date.max)]
    assert shipped.periods(ids, date(2026, 4, 2), date(2026, 4, 1)) == []


def test_periods_join_equal_neighbours_and_keep_gaps_apart(edit: Any) -> None:
    cited = 'source: 本系统缺省规则, article: "rules §5 eligible_on"'
    tail = f'{cited}, confidence: A, reviewed_on: "2026-11-23"}}'
    first, *others = (
        f"  - {{value: {months}, valid_from: {start}, valid_to: {end}, {tail}"
        for months, start, end in (
            (120, "null", "null"),
            (60, "'2028-01-01'", "null"),
            (120, "'2026-01-01'", "'2026-06-30'"),
            (120, "null", "'2025-12-31'"),
        )
    )
    policy = load_policy(edit("rules_eligibility.yaml", first, "\n".join(others)))
    assert policy.periods(["eligible_on_horizon_months"], date(2020, 1, 1), date(2029, 1, 1)) == [
        (date(2020, 1, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2027, 12, 31)),
        (date(2028, 1, 1), date(2029, 1, 1)),
    ]
    assert policy.value("eligible_on_horizon_months", date(2028, 1, 1)) == 60
    with pytest.raises(PolicyError, match="eligible_on_horizon_months: no value in force on 2027-01-01"):
        policy.value("eligible_on_horizon_months", date(2027, 1, 1))


def test_a_caller_cannot_change_the_policy(shipped: Policy) -> None:
    shipped.value("points_decay", TODAY).clear()
    shipped.value("class_cut_points", TODAY)["A"] = 999
    assert shipped.value("points_decay", TODAY) == NUMBERS["points_decay"]
    assert shipped.value("class_cut_points", TODAY) == NUMBERS["class_cut_points"]


def test_unknown_names_are_refused(shipped: Policy) -> None:
    for call in (
        lambda: shipped.value("clean_window_month", TODAY),
        lambda: shipped.periods(["nothing"], TODAY, TODAY),
        lambda: shipped.list_value("无此名单", "is_blocking", TODAY),
        lambda: shipped.entity_status_group("在营"),  # an alias, not the canonical value
    ):
        with pytest.raises(PolicyError):
            call()


def test_overdue_names_what_is_past_its_review(shipped: Policy) -> None:
    assert shipped.overdue(TODAY) == []
    assert shipped.overdue(date(2026, 12, 31)) == []
    assert shipped.overdue(date(2027, 1, 1)) == ["holidays"]
    late = shipped.overdue(date(2099, 1, 1))
    assert set(PARAMS) <= set(late)
    assert {
        "policy", "codes", "penalty_kinds", "lists", "honours", "authorities", "divisions", "placeholders",
        "points", "feeds", "holidays",
    } <= set(late)  # fmt: skip
    assert late == sorted(late)
