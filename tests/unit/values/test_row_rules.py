"""Every rule of the catalogue, on whole rows: what quarantines, what warns, what is read."""

from __future__ import annotations

import pytest

from records.registry import FIELDS
from records.rules import Rule, rules
from records.schema import ACCEPTED, KINDS
from tests.unit.values.rows import GOOD, SHA256, broken, read, read_cells, read_one


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_row_breaks_nothing(kind: str) -> None:
    result = read(kind, GOOD[kind])
    assert broken(result) == [[]]
    assert result.rows.schema.equals(ACCEPTED[kind])
    assert result.verdicts.column_names == [rule.column for rule in rules(kind)]
    row = result.rows.to_pylist()[0]
    assert (row["sha256"], row["source_row"], row["flags"]) == (SHA256, 1, [])


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows(kind: str) -> None:
    result = read_cells(kind, [field.zh for field in FIELDS[kind]], [])
    assert result.rows.num_rows == 0
    assert result.rows.schema.equals(ACCEPTED[kind])


# (kind, field, cell, verdict columns). A cell of None is an empty one.
CASES = [
    *(
        (kind, field.name, cell, [f"missing_mandatory:{field.name}"])
        for kind in KINDS
        for field in FIELDS[kind]
        if field.is_mandatory_value
        for cell in (None, "", " 　", "-", "／", "无", "null", "N/A", "ｎ／ａ")
    ),
    ("listings", "doc_no", None, []),
    ("listings", "doc_no", "-", []),
    ("penalties", "decided_on", "2024-02-30", ["date_unreadable:decided_on"]),
    ("penalties", "decided_on", "长期", ["date_unreadable:decided_on"]),
    ("penalties", "decided_on", "2099/12/31", ["date_unreadable:decided_on"]),
    ("penalties", "valid_to", "某日", ["date_unreadable:valid_to"]),
    ("penalties", "updated_on", "某日", ["date_unreadable:updated_on"]),
    ("penalties", "publicity_until", "某日", ["warn:date_unreadable:publicity_until"]),
    ("licences", "valid_to", "某日", ["warn:date_unreadable:valid_to"]),
    ("licences", "valid_from", "某日", ["date_unreadable:valid_from"]),
    ("honours", "valid_to", "某日", ["date_unreadable:valid_to"]),
    ("entities", "cancelled_on", "9999-12-31", ["date_unreadable:cancelled_on"]),
    ("listings", "removed_on", "长期", ["date_unreadable:removed_on"]),
    ("rulings", "event_on", "某日", ["date_unreadable:event_on"]),
    ("penalties", "decided_on", "1949-09-30", ["date_range:decided_on"]),
    ("penalties", "decided_on", "1949-10-01", []),
    ("penalties", "decided_on", "2026-11-24", []),
    ("penalties", "decided_on", "2026-11-25", ["date_range:decided_on"]),
    ("licences", "decided_on", "2026-11-25", ["date_range:decided_on"]),
    ("rulings", "decided_on", "2026-11-25", ["date_range:decided_on"]),
    ("inspections", "inspected_on", "1900-01-01", ["date_range:inspected_on"]),
    ("listings", "listed_on", "2026-11-25", ["date_range:listed_on"]),
    ("amendments", "effective_on", "2026-11-25", ["date_range:effective_on"]),
    ("entities", "established_on", "1900-01-01", []),
    (
        "entities",
        "established_on",
        "2026-11-25",
        ["date_range:established_on", "warn:established_late:established_on"],
    ),
    ("honours", "valid_from", "2030-01-01", []),
    ("listings", "removed_on", "2024/01/04", ["date_order:removed_on"]),
    ("listings", "removed_on", "2024/01/05", []),
    *(
        case
        for kind in (
            "penalties",
            "listings",
            "entities",
            "rulings",
            "inspections",
            "amendments",
            "honours",
            "licences",
        )
        for case in (
            (kind, "uscc", "9134000071177114", ["uscc_length:uscc"]),
            (kind, "uscc", "9134000071177114OJ", ["uscc_alphabet:uscc"]),
            (kind, "uscc", "91340000711771143K", ["uscc_check:uscc"]),
            (kind, "uscc", "9134000071177114③J", ["uscc_alphabet:uscc"]),
            (kind, "uscc", "\x01913400007117711000", ["code_as_number:uscc"]),
            (kind, "uscc", "9.134E+17", ["code_as_number:uscc"]),
            (kind, "uscc", " ９１３４０００0711771143j ", ["warn:uscc_lower_case:uscc"]),
            (kind, "uscc", "91341802MA0000019T", ["warn:org_code_check:uscc"]),
        )
    ),
    ("entities", "parent_uscc", "91340000711771143K", ["uscc_check:parent_uscc"]),
    ("entities", "predecessor_uscc", "\x0191340000", ["code_as_number:predecessor_uscc"]),
    ("penalties", "authority_uscc", "\x0111341700003244772", ["code_as_number:authority_uscc"]),
    ("penalties", "authority_uscc", "1.13417E17", ["code_as_number:authority_uscc"]),
    ("penalties", "authority_uscc", "11341700003244772K", ["warn:uscc_invalid:authority_uscc"]),
    ("penalties", "source_unit_uscc", "\x0111341700003244772", ["warn:uscc_invalid:source_unit_uscc"]),
    ("penalties", "subject_id", "\x01340524198001010020", ["code_as_number:subject_id"]),
    ("penalties", "legal_rep_id", "3.40524E+17", ["code_as_number:legal_rep_id"]),
    ("penalties", "legal_rep_id", "340524198001010019", ["warn:citizen_id_check:legal_rep_id"]),
    ("penalties", "legal_rep_id", "E12345678", []),
    ("penalties", "reg_no", "\x01341800000000016", []),
    ("penalties", "reg_no", "\x013418000000000160", ["code_as_number:reg_no"]),
    ("penalties", "reg_no", "3.418E+14", ["code_as_number:reg_no"]),
    ("penalties", "reg_no", "\x01341800000000016.5", ["code_as_number:reg_no"]),
    ("penalties", "reg_no", "341800000000017", ["warn:reg_no_check:reg_no"]),
    ("penalties", "reg_no", "3418001234567", []),
    ("entities", "reg_no", "\x01-5", ["code_as_number:reg_no"]),
    ("penalties", "org_code", "71177114-3", []),
    ("penalties", "org_code", "71177114-4", ["warn:org_code_check:org_code"]),
    ("penalties", "org_code", "\x01711771143.0", []),
    ("penalties", "fine_fen", "两千元", ["amount_unreadable:fine_fen"]),
    ("penalties", "fine_fen", "-0.2", ["amount_negative:fine_fen"]),
    ("penalties", "fine_fen", "0.0000005", ["amount_precision:fine_fen"]),
    ("penalties", "confiscated_fen", "若干", ["amount_unreadable:confiscated_fen"]),
    ("rulings", "source_row", "第3行", ["amount_unreadable:source_row"]),
    ("rulings", "source_row", "0", ["amount_unreadable:source_row"]),
    ("penalties", "subject_kind", "怪物", ["enum_unknown:subject_kind"]),
    ("listings", "subject_kind", "怪物", ["enum_unknown:subject_kind"]),
    ("entities", "status", "怪态", ["enum_unknown:status"]),
    ("listings", "list_type", "怪名录", ["enum_unknown:list_type"]),
    ("amendments", "action", "怪事", ["enum_unknown:action"]),
    ("amendments", "target_kind", "怪物", ["enum_unknown:target_kind"]),
    ("rulings", "conclusion", "怪论", ["enum_unknown:conclusion"]),
    ("rulings", "kind", "怪类", ["enum_unknown:kind"]),
    ("inspections", "result", "怪果", ["enum_unknown:result"]),
    ("inspections", "result", "\x013", ["bare_number_result:result"]),
    ("inspections", "result", "B,E", ["bare_number_result:result"]),
    ("entities", "entity_type", "怪型", ["warn:entity_type_derived:entity_type"]),
    ("honours", "honour_type", "优秀企业", ["warn:honour_unknown:honour_type"]),
    ("penalties", "penalty_kinds", "罚款；怪罚", ["warn:kind_unknown:penalty_kinds"]),
    ("penalties", "procedure", "怪程序", ["warn:procedure_unknown:procedure"]),
    ("penalties", "decision_status", "已修复", ["warn:status_unknown:decision_status"]),
    ("penalties", "decision_status", "撤销", []),
    ("penalties", "fine_fen", None, ["warn:conditional_missing:fine_fen"]),
    ("penalties", "penalty_kinds", "罚款;没收违法所得", ["warn:conditional_missing:confiscated_fen"]),
    ("penalties", "penalty_kinds", "罚款;吊销许可证件", ["warn:conditional_missing:revoked_licence"]),
    ("penalties", "legal_rep", None, ["warn:conditional_missing:legal_rep"]),
    ("penalties", "uscc", None, ["warn:conditional_missing:uscc"]),
    ("penalties", "valid_to", "2024/01/04", ["warn:ends_before_start:valid_to"]),
    ("licences", "valid_to", "2024/01/04", ["warn:ends_before_start:valid_to"]),
    ("honours", "valid_to", "2024/01/04", ["warn:ends_before_start:valid_to"]),
    ("listings", "removal_reason", "履行", ["warn:removal_date_missing:removal_reason"]),
    ("entities", "updated_on", "2010-01-01", ["warn:established_late:established_on"]),
]


@pytest.mark.parametrize(("kind", "field", "cell", "expected"), CASES)
def test_rule(kind: str, field: str, cell: str | None, expected: list[str]) -> None:
    # A missing value of one kind is often missed by a second rule that cannot know it.
    _, found = read_one(kind, **{field: cell})
    extra = {"warn:conditional_missing:uscc", "warn:conditional_missing:legal_rep"} if cell is None else set()
    assert [name for name in found if name in expected or name not in extra] == expected


def test_every_rule_has_a_case() -> None:
    tried = {(kind, column) for kind, _, _, columns in CASES for column in columns}
    # A family is tried on each kind of column once; conflicts and rulings have tests of their own below.
    families = {(rule.rule, rule.severity) for kind in KINDS for rule in rules(kind)}
    of_cases = {
        (rule.rule, rule.severity) for kind in KINDS for rule in rules(kind) if (kind, rule.column) in tried
    }
    assert families - of_cases == {
        ("subject_kind_conflict", "critical"),
        ("removal_reason_unknown", "warning"),
    }


def test_rule_ids_are_unique_in_a_kind() -> None:
    for kind in KINDS:
        ids = [rule.id for rule in rules(kind)]
        assert len(set(ids)) == len(ids)
    assert Rule("date_range", "decided_on", "critical").column == "date_range:decided_on"
    assert Rule("reg_no_check", "reg_no", "warning").column == "warn:reg_no_check:reg_no"


def test_every_strict_code_list_of_the_registry_is_checked() -> None:
    # An alias table that no rule looks at would let an unknown value pass in silence.
    quiet = {"entity_type", "honour_type", "penalty_kinds", "procedure", "decision_status", "removal_reason"}
    for kind in KINDS:
        for field in FIELDS[kind]:
            if field.type == "code_list" and field.name not in quiet:
                assert any(rule.rule == "enum_unknown" and rule.field == field.name for rule in rules(kind))
