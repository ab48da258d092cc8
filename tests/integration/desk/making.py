"""A snapshot's ``desk/`` folder from a few rows, as the pipeline would write it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from policy import citations, load_policy
from publish.tables import ELIGIBILITY, ELIGIBILITY_BLOCKERS
from records.identifiers import uscc_check

DAY = date(2026, 6, 30)
REASONS = {
    "NOT_BAD_RECORD": ("penalties", "general_penalty"),
    "HOLD_REVIEW": ("penalties", "hold_quarantined_penalties"),
    "HOLD_PROVISIONAL": ("penalties", "general_penalty_under_review"),
    "INSUFFICIENT_HISTORY": ("entities", "min_history"),
    "NOT_STATUS": ("entities", "entity_status"),
    "NOT_ACTIVE_LIST": ("listings", "active_blocking_list:严重违法失信名单"),
}


def code(number: int) -> str:
    """The valid USCC of a made-up entity."""
    body = f"91341800{number:09d}"
    return body + uscc_check(body)


def entity(
    number: int, status: str = "ELIGIBLE_CLEAN3Y", name: str | None = None, **values: Any
) -> dict[str, Any]:
    is_eligible = status.startswith("ELIGIBLE_")
    return {
        "uscc": code(number), "name": name or f"宣城第{number}商贸公司", "division_code": "341802", "status": status,
        "eligible": is_eligible, "grounds": ["CLEAN3Y"] if is_eligible else [], "clean_since": date(2020, 1, 1),
        "eligible_on": None, **values,
    }  # fmt: skip


def blocker(number: int, reason: str = "NOT_BAD_RECORD", **values: Any) -> dict[str, Any]:
    kind, rule = REASONS[reason]
    return {
        "uscc": code(number), "reason": reason, "kind": kind, "authority": "宣城市市场监督管理局",
        "doc_no": f"宣市监罚字〔2025〕{number}号", "event_on": date(2025, 5, 6), "blocks_until": date(2028, 5, 6),
        "rule": rule, **values,
    }  # fmt: skip


@cache
def desk_citations() -> Mapping[str, Any]:
    return {id_: cited for id_, cited in citations(load_policy(), DAY).items() if cited["for_desk"]}


def write_snapshot(
    out: Path,
    entities: Iterable[Mapping[str, Any]],
    blockers: Iterable[Mapping[str, Any]] = (),
    *,
    as_of: date = DAY,
    revision: int = 1,
    gaps: Sequence[Mapping[str, Any]] = (),
    **values: Any,
) -> Path:
    """Writes ``OUT/snapshots/as_of=…`` with its desk folder and as much of the manifest as the desk may look at."""
    name = f"as_of={as_of}" + (f".r{revision}" if revision > 1 else "")
    folder = out / "snapshots" / name / "desk"
    folder.mkdir(parents=True)
    rows = [
        {**row, "as_of": as_of, "eligible_on": as_of if row["eligible"] else row["eligible_on"]}
        for row in sorted(entities, key=lambda one: one["uscc"])
    ]
    for spec, some in ((ELIGIBILITY, rows), (ELIGIBILITY_BLOCKERS, list(blockers))):
        pq.write_table(pa.Table.from_pylist(list(some), schema=spec.schema), folder / f"{spec.name}.parquet")
    described = {
        "as_of": as_of.isoformat(), "snapshot": name, "supersedes": None, "known_by": None,
        "policy_version": "2026.11+test", "code_version": "0.1.0+test", "accepted_gaps": list(gaps),
        "outputs": [described_file(place) for place in sorted(folder.iterdir())],
        "summary": {"statuses": {}}, "citations": dict(desk_citations()), **values,
    }  # fmt: skip
    write_manifests(folder.parent, described)
    return folder.parent


def described_file(place: Path) -> dict[str, Any]:
    content = place.read_bytes()
    return {
        "path": place.name, "rows": pq.read_metadata(place).num_rows, "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(), "reproducible": True,
    }  # fmt: skip


def write_manifests(snapshot: Path, described: Mapping[str, Any]) -> None:
    content = json.dumps(described, ensure_ascii=False).encode()
    (snapshot / "desk" / "manifest.json").write_bytes(content)
    whole = {"snapshot": described["snapshot"], "desk_manifest_sha256": hashlib.sha256(content).hexdigest()}
    (snapshot / "manifest.json").write_text(json.dumps(whole))
