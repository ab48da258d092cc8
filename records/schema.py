"""Arrow schemas of the lake: what ingest writes and resolution reads.

One accepted-rows table per record kind and one quarantine table for all kinds. Everything an engine
would have to normalise (names, document numbers, authorities, code lists) is stored normalised here,
once, because Unicode and text functions differ between engines.
"""

from __future__ import annotations

import pyarrow as pa

KINDS = (
    "entities", "licences", "penalties", "inspections", "listings", "amendments", "honours", "rulings",
)  # fmt: skip
KINDS_ZH = {
    "entities": "市场主体", "licences": "行政许可", "penalties": "行政处罚", "inspections": "抽查检查",
    "listings": "名录名单", "amendments": "修复变更", "honours": "守信激励", "rulings": "复核结论",
}  # fmt: skip

S, D, N = pa.string(), pa.date32(), pa.int64()
B = pa.bool_()
LIST = pa.list_(pa.string())


def _fields(*groups: list[tuple[str, pa.DataType]]) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for group in groups for name, kind in group])


# sha256 of the delivered bytes and 1-based data record name a row for ever.
_ORIGIN = [("sha256", S), ("source_row", N), ("updated_on", D), ("flags", LIST)]
# *_norm: NFKC, no white space, one bracket style, Latin upper case. uscc: valid or null.
_SUBJECT = [("uscc", S), ("subject_name", S), ("name_norm", S), ("subject_kind", S), ("is_natural_person", B)]
_NUMBERS = [("reg_no", S), ("org_code", S)]
_OTHER_NUMBERS = [("tax_no", S), ("institution_no", S), ("society_no", S)]
_PERSONS = [
    ("legal_rep", S),
    ("legal_rep_id_type", S),
    ("legal_rep_id", S),
    ("subject_id_type", S),
    ("subject_id", S),
]  # fmt: skip  (ids as keyed HMAC)
# authority_key: entry of the policy's table, else the normalised name. authority_division: digits that the
# division_code of an entity must start with, from the division that the authority's name contains; null if none.
_AUTHORITY = [("authority", S), ("authority_key", S), ("authority_division", S)]
# Of rows that quote the authority of another record, whose day they do not tell: its name alone, by which the record
# goes where no entry bore the name on its day.
_QUOTED = [("authority_norm", S)]
_DOC = [("doc_no", S), ("doc_norm", S)]  # doc_norm is '' where the number is empty
_SOURCES = [("authority_uscc", S), ("source_unit", S), ("source_unit_uscc", S), ("remark", S)]

ACCEPTED: dict[str, pa.Schema] = {
    "entities": _fields(
        _ORIGIN,
        [
            ("uscc", S), ("name", S), ("name_norm", S), ("entity_type", S), ("status", S),
            ("established_on", D), ("division_code", S), ("industry_code", S), ("key_area", S),
            ("registered_capital_wan", pa.decimal128(20, 6)), ("reg_no", S), ("parent_uscc", S),
            ("predecessor_uscc", S), ("cancelled_on", D),
        ],
    ),
    "licences": _fields(
        _ORIGIN, _SUBJECT, _NUMBERS, _OTHER_NUMBERS, _PERSONS, _AUTHORITY, _DOC, _SOURCES,
        [
            ("doc_name", S), ("licence_class", S), ("certificate_name", S), ("licence_no", S), ("licence_norm", S),
            ("content", S), ("decided_on", D), ("valid_from", D), ("valid_to", D), ("state", S),
        ],
    ),
    "penalties": _fields(
        _ORIGIN, _SUBJECT, _NUMBERS, _OTHER_NUMBERS, _PERSONS, _AUTHORITY, _DOC, _SOURCES,
        [
            ("violation_type", S), ("facts", S), ("basis", S), ("penalty_kinds", S), ("content", S),
            ("fine_fen", N), ("confiscated_fen", N), ("revoked_licence", S), ("decided_on", D), ("valid_to", D),
            ("publicity_until", D), ("procedure", S), ("decision_status", S),
            # kinds: canonical kinds, code-point order, joined by ';' ('其他-X' resolved; unknown ones as '?text');
            # a fine or confiscated amount > 0 has added its kind. '' where nothing could be read.
            ("kinds", S),
            ("says_revoked", B),  # content or revoked_licence contains 吊销
            ("procedure_code", S),  # 'simple' | 'ordinary' | null (not stated)
            ("doc_says_simple", B),  # doc_no pattern of rules §2.2
            ("status_code", S),  # 'annulled' | 'provisional' | 'in_force'
        ],
    ),
    "inspections": _fields(
        _ORIGIN, _SUBJECT, _AUTHORITY,
        [
            ("plan_no", S), ("task_no", S), ("task_type", S), ("item", S), ("result", S), ("result_code", S),
            ("inspected_on", D),
        ],
    ),
    "listings": _fields(
        _ORIGIN, _SUBJECT, _AUTHORITY, _DOC,
        [
            ("list_type", S),  # canonical
            ("reason_code", S), ("reason", S), ("listed_on", D), ("removed_on", D),
            ("removal_reason", S),  # as read
            ("removal_code", S),  # 履行 | 修复 | 期满 | 错误列入 | null (none or unknown)
        ],
    ),
    "amendments": _fields(
        _ORIGIN, _SUBJECT, _AUTHORITY, _QUOTED, _DOC,
        [("target_kind", S), ("action", S), ("effective_on", D), ("amendment_no", S), ("row_key", S)],
    ),
    "honours": _fields(
        _ORIGIN, _SUBJECT, _AUTHORITY, _DOC,  # authority = issuer
        [("honour_type", S), ("honour_code", S), ("level", S), ("valid_from", D), ("valid_to", D)],
    ),
    "rulings": _fields(
        _ORIGIN, _AUTHORITY, _QUOTED, _DOC,
        [
            ("uscc", S), ("kind", S), ("source_sha256", S), ("ruled_row", N), ("conclusion", S), ("event_on", D),
            ("penalty_kinds", S), ("kinds", S), ("decided_on", D), ("decided_by", S), ("basis", S), ("row_key", S),
        ],
    ),
}  # fmt: skip
# row_key: digest of all canonical columns as normalised (the natural key "all columns" of the contract).
# kind / target_kind of rulings and amendments are English kind names ('penalties', 'listings', …).

QUARANTINE = _fields(
    [
        ("sha256", S), ("source_row", N), ("kind", S), ("rules", LIST),
        ("uscc_seen", S), ("name_seen", S), ("raw", S),  # raw: JSON, masked except the subject name
        ("name_header", S),  # key of `raw` that holds the subject name, for masking at publication
        # What could be read of it (null or '' where not):
        ("uscc", S), ("reg_no", S), ("org_code", S), ("name_norm", S), ("subject_kind", S), ("is_natural_person", B),
        ("authority", S), ("authority_key", S), ("authority_norm", S), ("authority_division", S),
        ("doc_no", S), ("doc_norm", S),
        ("event_on", D),  # decided_on, listed_on, inspected_on, effective_on, valid_from
        ("removed_on", D), ("removal_code", S), ("updated_on", D), ("list_type", S), ("target_kind", S), ("action", S),
        ("conclusion", S),
        ("has_date_failure", B),  # failed date_unreadable, date_range or date_order in any column
        ("is_row_shape", B),
        ("cells", LIST),  # row_shape only: valid USCCs and normalised names found as whole cells
    ]
)  # fmt: skip
