"""A small graded day made by hand, as the engine would leave it: unsorted, one table a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.engine import EngineResult
from publish.manifest import Edition
from publish.tables import TABLES
from records.intake import Delivery, Intake

AS_OF = date(2026, 6, 30)
NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
A, B, C = "91341802MAX0000011", "91341802MAX000002Y", "92341802MAX000003W"
SHA = "ab" * 32


def grade(uscc: str, **changes: Any) -> dict[str, Any]:
    row = {
        "uscc": uscc, "name": f"宣城市测试{uscc[-1]}有限公司", "entity_type": "企业", "division_code": "341802",
        "industry_code": "F5231", "risk_class": "A", "not_classed_reason": None, "risk_points": 0.0,
        "points_class": "A", "red_lines": [], "method": "expert", "points_other_method": None,
        "policy_version": "p+1", "model_version": "expert", "as_of": AS_OF,
    }  # fmt: skip
    return {**row, **changes}


def answer(uscc: str, **changes: Any) -> dict[str, Any]:
    row = {
        "uscc": uscc, "name": f"宣城市测试{uscc[-1]}有限公司", "division_code": "341802",
        "status": "ELIGIBLE_CLEAN3Y", "eligible": True, "grounds": ["CLEAN3Y"],
        "clean_since": date(2015, 1, 1), "eligible_on": AS_OF, "as_of": AS_OF,
    }  # fmt: skip
    return {**row, **changes}


def plan(uscc: str, **changes: Any) -> dict[str, Any]:
    row = {
        "uscc": uscc, "name": f"宣城市测试{uscc[-1]}有限公司", "division_code": "341802", "coverage": "draw",
        "key_items_in_full": False, "inclusion_probability": 1.0, "visits_this_year": [], "as_of": AS_OF,
    }  # fmt: skip
    return {**row, **changes}


def default_rows() -> dict[str, list[dict[str, Any]]]:
    """Three entities: one clean, one with a penalty, one without class; out of order on purpose."""
    return {
        "grades": [
            grade(C, entity_type="个体工商户", risk_class=None, not_classed_reason="NOT_IN_SCOPE", risk_points=None,
                  points_class=None),
            grade(B, risk_class="B", points_class="B", risk_points=230.55, red_lines=["GENERAL_12M", "SERIOUS_12M"]),
            grade(A, risk_points=12.5),
        ],
        "grade_reasons": [
            {"uscc": B, "indicator": "PENALTY_GENERAL", "category": "监管", "value": "1", "points": 200.0},
            {"uscc": A, "indicator": "AGE", "category": "基础属性", "value": "30", "points": 20.1},
            {"uscc": B, "indicator": "AGE", "category": "基础属性", "value": "10", "points": 30.55},
            {"uscc": A, "indicator": "HONOUR", "category": "社会评价", "value": None, "points": -7.6},
        ],
        "eligibility": [
            answer(B, status="NOT_BAD_RECORD", eligible=False, grounds=None, eligible_on=None, clean_since=None),
            answer(A),
            answer(C),
        ],
        "eligibility_blockers": [
            {"uscc": B, "reason": "NOT_BAD_RECORD", "kind": "penalties", "authority": "宣城市市场监督管理局",
             "doc_no": "宣市监罚〔2026〕1号", "event_on": date(2026, 1, 5), "blocks_until": date(2029, 1, 5),
             "rule": "general_penalty"},
        ],
        "quarantine": [
            {"kind": "penalties", "source_file": "penalties/a.csv", "source_sha256": SHA, "source_row": 10,
             "rules": ["uscc_check:uscc", "date_unreadable:decided_on"], "uscc_seen": "9134", "name_seen": "=王**",
             "raw": "{\"CF_NR\": \"12\",\n\"a\": 1}"},
            {"kind": "penalties", "source_file": "penalties/a.csv", "source_sha256": SHA, "source_row": 9,
             "rules": ["row_shape"], "uscc_seen": None, "name_seen": "", "raw": "[]"},
        ],
        "sampling_plan": [
            plan(B, risk_class="B", stratum="341802-B", rate=0.03, stratum_size=1, stratum_draws=1),
            plan(A, risk_class="A", stratum="341802-A", rate=0.01, stratum_size=1, stratum_draws=1),
        ],
        "unmatched": [
            {"kind": "penalties", "source_file": "penalties/a.csv", "source_sha256": SHA, "source_row": 4,
             "uscc_seen": None, "name_seen": "-某某公司", "reason": "no_entity", "event_on": date(2025, 3, 1),
             "authority": "宣城市公安局", "doc_no": "+12"},
        ],
    }  # fmt: skip


DELIVERY = Delivery(
    "penalties", "penalties/a.csv", SHA, date(2026, 6, 29), 1, 1, False, False, None,
    {"rows_read": 8, "accepted": 5, "quarantined": 2, "duplicates": 1, "encoding": "gb18030", "layout": "csv",
     "newest_event": "2026-06-20", "unknown_columns": ["备注2"]},
    None, None,
)  # fmt: skip


def cited(value: Any) -> dict[str, Any]:
    """A parameter as a manifest quotes it (`policy.cite`)."""
    return {
        "label": "参数", "unit": "", "value": value, "valid_from": None, "valid_to": None, "source": "测试",
        "article": "一", "confidence": "A", "for_desk": True,
    }  # fmt: skip


@dataclass
class Graded:
    """Rows, counts and what they were made from, to be changed by a test before they are published.

    Attributes:
        folder: for the engine's tables.
        rows: of each table.
        delivery: the one file that was received.
        conservation: per kind.
        edition: changes to the edition.
    """

    folder: Path
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=default_rows)
    delivery: Delivery = DELIVERY
    conservation: dict[str, dict[str, int]] = field(
        default_factory=lambda: {
            "penalties": {"accepted": 5, "current": 3, "superseded": 1, "withdrawn": 1, "unmatched": 1}
        }
    )
    summary: dict[str, Any] = field(
        default_factory=lambda: {
            "classes": {"A": 1, "B": 1, "not_classed": 1},
            "statuses": {"ELIGIBLE_CLEAN3Y": 2, "NOT_BAD_RECORD": 1},
            "divisions": {},
        }
    )

    def result(self) -> EngineResult:
        """Writes the tables, in the engine's own types."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tables = {}
        for spec in TABLES:
            # The engine knows nothing of which column may be null.
            schema = pa.schema([pa.field(f.name, f.type) for f in spec.schema])
            tables[spec.name] = self.folder / f"{spec.name}.parquet"
            pq.write_table(
                pa.Table.from_pylist(self.rows.get(spec.name, []), schema=schema), tables[spec.name]
            )
        return EngineResult(tables, self.conservation, self.summary, ["a warning of the engine"])

    def edition(self, **changes: Any) -> Edition:
        """What the snapshot is made from."""
        made = Edition(
            as_of=AS_OF,
            created_at=NOW,
            policy_version="p+1",
            model_version="expert",
            code_version="0+code",
            engine="duckdb",
            known_by=None,
            intake=Intake((self.delivery,), ("a warning of the intake",)),
            citations={
                "points_decay": cited([[12, "1"], [60, "1/4"]]),
                "clean_window_months": cited(36),
                "class_jump_alert": cited(2),
                "surge_alert_entities": cited(5),
                "surge_alert_share": cited("0.02"),
                "class_cut_points": cited({"A": 0, "B": 200, "C": 500, "D": 750}),
                "filing_limit_working_days": cited(7),
            },
            divisions={"341802": "宣州区"},
            titles={"AGE": {"title": "成立年限", "title_en": "Age of the entity"}},
        )
        return replace(made, **changes)
