"""A ruling that names a record by file and row reaches that row alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa

from features.rulings import UPHELD, apply_rulings
from records.resolve.load import ROWS_PER_FILE
from records.resolve.workspace import open_workspace

DAY = date(2026, 6, 30)
_EVENTS = pa.schema(
    [(name, pa.string()) for name in ("event", "kind", "authority_key", "doc_norm", "only_from")]
    + [(name, pa.int64()) for name in ("rid", "event_rid")]
)
_RULINGS = pa.schema(
    [(name, pa.string()) for name in ("kind", "uscc", "authority_key", "authority_norm", "doc_norm", "source_sha256")]
    + [("conclusion", pa.string())]
    + [(name, pa.int64()) for name in ("rid", "ruled_row")]
    + [(name, pa.date32()) for name in ("decided_on", "updated_on", "event_on")]
)  # fmt: skip
_FILES = pa.schema([("kind", pa.string()), ("sha256", pa.string()), ("file_ord", pa.int64())])
_WAYS = pa.schema([("via", pa.string()), ("uscc", pa.string())])


def test_a_row_that_no_file_has_reaches_no_other_file(tmp_path: Path) -> None:
    named = {
        1: ("penalties", "a", 5),
        2: ("penalties", "a", ROWS_PER_FILE + 5),  # would be row 5 of the next file
        3: ("penalties", "a", 10**15 - 1),
        4: ("listings", "a", 5),  # the file is of another kind
        5: ("penalties", "c", 5),  # no such file
        6: ("penalties", "b", 5),
    }
    rulings = [
        {"kind": kind, "uscc": "U", "source_sha256": sha, "ruled_row": row, "conclusion": UPHELD, "rid": rid,
         "decided_on": DAY}
        for rid, (kind, sha, row) in named.items()
    ]  # fmt: skip
    places = [ROWS_PER_FILE + 5, 2 * ROWS_PER_FILE + 5]
    events = [{"event": "row", "kind": "penalties", "rid": rid, "event_rid": rid} for rid in places]
    ws = open_workspace(tmp_path)
    try:
        files = [{"kind": "penalties", "sha256": sha, "file_ord": n} for n, sha in enumerate(("a", "b"), 1)]
        ws.put_rows("deliveries", files, _FILES)
        said = apply_rulings(
            ws,
            "test",
            ws.put_rows("given", rulings, _RULINGS),
            ws.put_rows("events", events, _EVENTS),
            ws.put_rows("ways", [], _WAYS),
            DAY,
        )
        last = {(row["event_id"], row["ruling_rid"]) for row in ws.fetch(said.last).to_pylist()}
        unfound = {row["rid"] for row in ws.fetch(said.unfound).to_pylist()}
    finally:
        ws.close()
    assert last == {(f"row:{places[0]}", 1), (f"row:{places[1]}", 6)}
    assert unfound == {2, 3, 4, 5}
