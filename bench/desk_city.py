"""A synthetic city as the desk is told of it: a snapshot's ``desk/`` folder, without running the pipeline."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ALPHABET = np.array(list("0123456789ABCDEFGHJKLMNPQRTUWXY"))
WEIGHTS = np.array([pow(3, place, 31) for place in range(17)])
SYLLABLES = np.array(list("宣城广德宁国泾县绩溪旌德郎溪顺达恒信和瑞丰源鑫盛隆安泰康华美佳新启明宏远博雅"))
STATUSES = np.array(
    ["ELIGIBLE_CLEAN3Y", "NOT_BAD_RECORD", "HOLD_REVIEW", "INSUFFICIENT_HISTORY", "NOT_STATUS"]
)
SHARES = np.array([0.55, 0.12, 0.03, 0.18, 0.12])


def codes(count: int) -> np.ndarray[Any, Any]:
    """That many valid unified social credit codes, sorted."""
    digits = np.empty((count, 17), dtype=np.int64)
    digits[:, :8] = [9, 1, 3, 4, 1, 8, 0, 0]
    numbers = np.arange(count)
    for place in range(9):
        digits[:, 16 - place] = numbers // 10**place % 10
    check = -(digits @ WEIGHTS) % 31
    return _joined(ALPHABET[np.concatenate([digits, check[:, None]], axis=1)])


def _joined(letters: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Each row of single characters as one text."""
    return np.ascontiguousarray(letters).view(f"<U{letters.shape[1]}").ravel()


def write_snapshot(
    out: Path, as_of: date, count: int, citations: dict[str, Any], *, changed: float = 0.0
) -> Path:
    """Writes ``OUT/snapshots/as_of=…/desk``.

    Args:
        out: output folder.
        as_of: the day.
        count: entities.
        citations: of the policy, those for the desk.
        changed: share of entities of which something else is said than with 0.
    """
    rng = np.random.default_rng(1)
    code = codes(count)
    status = rng.choice(len(STATUSES), size=count, p=SHARES)
    letters = _joined(SYLLABLES[rng.integers(0, len(SYLLABLES), size=(count, 4))])
    names = [f"宣城市{four}商贸有限公司{number}" for number, four in enumerate(letters.tolist())]
    since = np.datetime64("2016-01-01") + rng.integers(0, 3000, size=count)
    other = np.random.default_rng(as_of.toordinal()).random(count) < changed
    status = np.where(other, (status + 1) % len(STATUSES), status)
    eligible = status == 0
    folder = out / "snapshots" / f"as_of={as_of}" / "desk"
    folder.mkdir(parents=True)
    table = pa.table(
        {
            "uscc": code,
            "name": names,
            "division_code": np.where(np.arange(count) % 2, "341802", "341881"),
            "status": STATUSES[status],
            "eligible": eligible,
            "grounds": [["CLEAN3Y"] if one else [] for one in eligible],
            "clean_since": pa.array(since, pa.date32()),
            "eligible_on": pa.array([as_of if one else None for one in eligible], pa.date32()),
            "as_of": pa.array([as_of] * count, pa.date32()),
        }
    )
    pq.write_table(table, folder / "eligibility.parquet", compression="zstd")
    held = np.flatnonzero(~eligible)
    decided = np.datetime64("2025-01-01") + held % 500
    blockers = pa.table(
        {
            "uscc": code[held],
            "reason": STATUSES[status[held]],
            "kind": pa.array(["penalties"] * len(held)),
            "authority": pa.array(["宣城市市场监督管理局"] * len(held)),
            "doc_no": pa.array([f"宣市监罚字〔2025〕{n}号" for n in held]),
            "event_on": pa.array(decided, pa.date32()),
            "blocks_until": pa.array(decided + 1095, pa.date32()),
            "rule": pa.array(["general_penalty"] * len(held)),
        }
    )
    pq.write_table(blockers, folder / "eligibility_blockers.parquet", compression="zstd")
    outputs = [
        {
            "path": place.name,
            "rows": pq.read_metadata(place).num_rows,
            "bytes": place.stat().st_size,
            "sha256": hashlib.sha256(place.read_bytes()).hexdigest(),
            "reproducible": True,
        }
        for place in sorted(folder.iterdir())
    ]
    described = {
        "as_of": as_of.isoformat(), "snapshot": f"as_of={as_of}", "supersedes": None, "known_by": None,
        "policy_version": "bench", "code_version": "bench", "accepted_gaps": [], "outputs": outputs,
        "summary": {"statuses": {}}, "citations": citations,
    }  # fmt: skip
    content = json.dumps(described, ensure_ascii=False).encode()
    (folder / "manifest.json").write_bytes(content)
    whole = {"snapshot": described["snapshot"], "desk_manifest_sha256": hashlib.sha256(content).hexdigest()}
    (folder.parent / "manifest.json").write_text(json.dumps(whole))
    return folder.parent
