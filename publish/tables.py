"""The files of a snapshot: their columns, in the order of the contract, and where they lie (contract §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from publish.places import DESK, REGULATORS
from records.official import LICENCE_COLUMNS, PENALTY_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT, _DAY, _POINTS, _COUNT = pa.string(), pa.date32(), pa.float64(), pa.int64()
_TEXTS = pa.list_(pa.field("element", pa.string()))

# What only supervisors may see: no file for the desk has a column, and no desk manifest a key, of these names.
CLASS_WORDS = frozenset(
    {
        "risk_class", "risk_points", "points_class", "points_other_method", "red_lines", "not_classed_reason",
        "classes", "points", "indicator", "old_class", "new_class", "class_step", "old_points", "new_points",
        "old_red_lines", "new_red_lines", "stratum",
    }
)  # fmt: skip


@dataclass(frozen=True)
class TableSpec:
    """One table of a snapshot, sorted by all its columns in their order, nulls first, text by code point.

    Attributes:
        name: of its files, without the suffix.
        folder: ``regulators`` or ``desk``.
        schema: columns; those that are never null are declared so.
        key: leading columns of which no two rows are equal; empty where rows may repeat.
    """

    name: str
    folder: str
    schema: pa.Schema
    key: tuple[str, ...] = ()

    @property
    def parquet(self) -> str:
        """Path of the Parquet file in the snapshot."""
        return f"{self.folder}/{self.name}.parquet"

    @property
    def csv(self) -> str:
        """Path of the CSV file beside it."""
        return f"{self.folder}/{self.name}.csv"


def _schema(columns: Iterable[tuple[str, pa.DataType]], never_null: Iterable[str]) -> pa.Schema:
    needed = set(never_null)
    return pa.schema(
        [pa.field(name, kind, nullable=name not in needed and kind != _TEXTS) for name, kind in columns]
    )


_ORIGIN = [("kind", _TEXT), ("source_file", _TEXT), ("source_sha256", _TEXT), ("source_row", _COUNT)]

GRADES = TableSpec(
    "grades",
    REGULATORS,
    _schema(
        [
            ("uscc", _TEXT), ("name", _TEXT), ("entity_type", _TEXT), ("division_code", _TEXT),
            ("industry_code", _TEXT), ("risk_class", _TEXT), ("not_classed_reason", _TEXT),
            ("risk_points", _POINTS), ("points_class", _TEXT), ("red_lines", _TEXTS), ("method", _TEXT),
            ("points_other_method", _POINTS), ("policy_version", _TEXT), ("model_version", _TEXT), ("as_of", _DAY),
        ],
        never_null=("uscc", "method", "policy_version", "as_of"),
    ),
    key=("uscc",),
)  # fmt: skip
GRADE_REASONS = TableSpec(
    "grade_reasons",
    REGULATORS,
    _schema(
        [("uscc", _TEXT), ("indicator", _TEXT), ("category", _TEXT), ("value", _TEXT), ("points", _POINTS)],
        never_null=("uscc", "indicator", "points"),
    ),
)
ELIGIBILITY = TableSpec(
    "eligibility",
    DESK,
    _schema(
        [
            ("uscc", _TEXT), ("name", _TEXT), ("division_code", _TEXT), ("status", _TEXT), ("eligible", pa.bool_()),
            ("grounds", _TEXTS), ("clean_since", _DAY), ("eligible_on", _DAY), ("as_of", _DAY),
        ],
        never_null=("uscc", "status", "eligible", "as_of"),
    ),
    key=("uscc",),
)  # fmt: skip
ELIGIBILITY_BLOCKERS = TableSpec(
    "eligibility_blockers",
    DESK,
    _schema(
        [
            ("uscc", _TEXT), ("reason", _TEXT), ("kind", _TEXT), ("authority", _TEXT), ("doc_no", _TEXT),
            ("event_on", _DAY), ("blocks_until", _DAY), ("rule", _TEXT),
        ],
        never_null=("uscc", "reason", "kind", "rule"),
    ),
)  # fmt: skip
DISCLOSURE = TableSpec(
    "disclosure",
    DESK,
    _schema(
        [
            ("uscc", _TEXT), ("name", _TEXT), ("kind", _TEXT), ("authority", _TEXT), ("doc_no", _TEXT),
            ("decided_on", _DAY), ("channel", _TEXT), ("is_published", pa.bool_()), ("publish_from", _DAY),
            ("earliest_repair_on", _DAY), ("publish_until", _DAY), ("rule", _TEXT), ("as_of", _DAY),
        ],
        never_null=("uscc", "kind", "decided_on", "channel", "is_published", "rule", "as_of"),
    ),
    key=("uscc", "name", "kind", "authority", "doc_no", "decided_on", "channel"),
)  # fmt: skip
QUARANTINE = TableSpec(
    "quarantine",
    REGULATORS,
    _schema(
        [*_ORIGIN, ("rules", _TEXTS), ("uscc_seen", _TEXT), ("name_seen", _TEXT), ("raw", _TEXT)],
        never_null=("kind", "source_file", "source_sha256", "source_row"),
    ),
)
UNMATCHED = TableSpec(
    "unmatched",
    REGULATORS,
    _schema(
        [
            *_ORIGIN, ("uscc_seen", _TEXT), ("name_seen", _TEXT), ("reason", _TEXT), ("event_on", _DAY),
            ("authority", _TEXT), ("doc_no", _TEXT),
        ],
        never_null=("kind", "source_file", "source_sha256", "source_row"),
    ),
)  # fmt: skip
# Beside the contract's tables: what is held and by which delivered row (`creditgrade holds`), and the records that a
# class or status rests on (`creditgrade explain`).
_HOLDS = _schema(
    [
        ("uscc", _TEXT), ("name", _TEXT), ("division_code", _TEXT), ("kind", _TEXT), ("authority", _TEXT),
        ("doc_no", _TEXT), ("event_on", _DAY), ("hold_rule", _TEXT), ("via", _TEXT), ("source_file", _TEXT),
        ("source_sha256", _TEXT), ("source_row", _COUNT), ("can_be_upheld", pa.bool_()), ("as_of", _DAY),
    ],
    never_null=("uscc", "kind", "hold_rule", "via", "can_be_upheld", "as_of"),
)  # fmt: skip
HOLDS = TableSpec("holds", REGULATORS, _HOLDS, key=tuple(_HOLDS.names))
_EVIDENCE = _schema(
    [
        ("uscc", _TEXT), ("kind", _TEXT), ("authority", _TEXT), ("doc_no", _TEXT), ("event_on", _DAY), ("what", _TEXT),
        ("held_as", _TEXT), ("via", _TEXT), ("ended_on", _DAY), ("repaired_on", _DAY), ("is_provisional", pa.bool_()),
        ("is_active", pa.bool_()), ("counts", pa.bool_()), ("linked_by", _TEXT),
    ],
    never_null=("uscc", "kind", "held_as", "is_active", "counts"),
)  # fmt: skip
EVIDENCE = TableSpec("evidence", REGULATORS, _EVIDENCE, key=tuple(_EVIDENCE.names))
SAMPLING_PLAN = TableSpec(
    "sampling_plan",
    REGULATORS,
    _schema(
        [
            ("uscc", _TEXT), ("name", _TEXT), ("division_code", _TEXT), ("entity_type", _TEXT),
            ("industry_code", _TEXT), ("key_area", _TEXT), ("risk_class", _TEXT), ("coverage", _TEXT),
            ("coverage_reason", _TEXT), ("key_items_in_full", pa.bool_()), ("stratum", _TEXT), ("rate", _POINTS),
            ("stratum_size", _COUNT), ("stratum_draws", _COUNT), ("inclusion_probability", _POINTS),
            ("last_inspected_on", _DAY), ("visits_this_year", _TEXTS), ("as_of", _DAY),
        ],
        never_null=("uscc", "coverage", "key_items_in_full", "inclusion_probability", "as_of"),
    ),
    key=("uscc",),
)  # fmt: skip
_DISCIPLINE = _schema(
    [
        ("uscc", _TEXT), ("list_type", _TEXT), ("authority", _TEXT), ("doc_no", _TEXT), ("from_on", _DAY),
        ("held_as", _TEXT), ("via", _TEXT), ("measure", _TEXT), ("department", _TEXT), ("name", _TEXT),
        ("division_code", _TEXT), ("is_active", pa.bool_()), ("is_provisional", pa.bool_()), ("until_on", _DAY),
        ("expected_until_on", _DAY), ("ended_as", _TEXT), ("measure_number", _COUNT), ("measure_kind", _COUNT),
        ("measure_name", _TEXT), ("basis", _TEXT), ("as_of", _DAY),
    ],
    never_null=("uscc", "list_type", "from_on", "held_as", "via", "is_active", "as_of"),
)  # fmt: skip
JOINT_PUNISHMENT = TableSpec("joint_punishment", REGULATORS, _DISCIPLINE, key=tuple(_DISCIPLINE.names))
EARLY_WARNINGS = TableSpec(
    "early_warnings",
    REGULATORS,
    _schema(
        [
            ("uscc", _TEXT), ("warning", _TEXT), ("name", _TEXT), ("division_code", _TEXT), ("risk_class", _TEXT),
            ("value", _TEXT), ("threshold", _TEXT), ("first_on", _DAY), ("newest_on", _DAY), ("what", _TEXT),
            ("as_of", _DAY),
        ],
        never_null=("uscc", "warning", "as_of"),
    ),
    key=("uscc", "warning"),
)  # fmt: skip
FILING_TIMELINESS = TableSpec(
    "filing_timeliness",
    REGULATORS,
    _schema(
        [
            ("authority", _TEXT), ("kind", _TEXT), ("decisions", _COUNT), ("filed_in_time", _COUNT),
            ("filed_late", _COUNT), ("newest_decided_on", _DAY), ("as_of", _DAY),
        ],
        never_null=("authority", "kind", "decisions", "filed_in_time", "filed_late", "as_of"),
    ),
    key=("authority", "kind"),
)  # fmt: skip
# Upload files of the publicity system: the official codes are the headers, every cell is text.
DISCLOSURE_PENALTIES, DISCLOSURE_LICENCES = (
    TableSpec(name, REGULATORS, _schema([(code, _TEXT) for code in codes], never_null=codes[:3]))
    for name, codes in (
        ("disclosure_penalties", PENALTY_COLUMNS),
        ("disclosure_licences", LICENCE_COLUMNS),
    )
)
# The only table that depends on another snapshot: the one that the manifest names under ``changes``.
CHANGES = TableSpec(
    "changes",
    REGULATORS,
    _schema(
        [
            ("uscc", _TEXT), ("change", _TEXT), ("name", _TEXT), ("division_code", _TEXT), ("old_class", _TEXT),
            ("new_class", _TEXT), ("class_step", _COUNT), ("old_points", _POINTS), ("new_points", _POINTS),
            ("old_status", _TEXT), ("new_status", _TEXT), ("old_red_lines", _TEXTS), ("new_red_lines", _TEXTS),
            ("lists_joined", _TEXTS), ("lists_left", _TEXTS), ("causes", _TEXTS), ("cause_records", _TEXTS),
            ("as_of", _DAY),
        ],
        never_null=("uscc", "change", "as_of"),
    ),
    key=("uscc",),
)  # fmt: skip
# What the challengers of the promoted model would say (beside the contract's files).
SHADOW_POINTS = TableSpec(
    "shadow_points",
    REGULATORS,
    _schema(
        [("uscc", _TEXT), ("model_version", _TEXT), ("points", _POINTS), ("points_class", _TEXT)],
        never_null=("uscc", "model_version", "points", "points_class"),
    ),
    key=("uscc", "model_version"),
)

TABLES = (
    GRADES,
    GRADE_REASONS,
    ELIGIBILITY,
    ELIGIBILITY_BLOCKERS,
    DISCLOSURE,
    QUARANTINE,
    UNMATCHED,
    HOLDS,
    EVIDENCE,
    SAMPLING_PLAN,
    JOINT_PUNISHMENT,
    EARLY_WARNINGS,
    DISCLOSURE_PENALTIES,
    DISCLOSURE_LICENCES,
    FILING_TIMELINESS,
    SHADOW_POINTS,
    CHANGES,
)
