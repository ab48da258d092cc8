"""Versions of a natural key: the last in delivery order wins; a key without an authority is a key, too."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.resolve.current import store_ranked
from records.resolve.workspace import open_workspace

KEY = ("authority_key", "doc_norm")
_SCHEMA = pa.schema(
    [
        ("rid", pa.int64()),
        ("authority_key", pa.string()),
        ("doc_norm", pa.string()),
        ("updated_on", pa.date32()),
    ]
)
Row = tuple[str | None, str | None, date | None]


def _ranked(folder: Path, rows: list[Row]) -> list[tuple[bool, bool]]:
    """``is_winner`` and ``has_others`` of each row, in order."""
    ws = open_workspace(folder)
    try:
        made = [
            {"rid": n, "authority_key": authority, "doc_norm": number, "updated_on": updated}
            for n, (authority, number, updated) in enumerate(rows)
        ]
        found = store_ranked(ws, "rows", ws.put_rows("made", made, _SCHEMA), KEY)
        return [(r["is_winner"], r["has_others"]) for r in ws.fetch(found.order_by("rid")).to_pylist()]
    finally:
        ws.close()


def _plainly(rows: list[Row]) -> list[tuple[bool, bool]]:
    def place(n: int) -> tuple[date, int]:
        return (rows[n][2] or date.min, n)

    same = [[m for m, other in enumerate(rows) if other[:2] == row[:2]] for row in rows]
    return [(max(versions, key=place) == n, len(versions) > 1) for n, versions in enumerate(same)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.sampled_from(["1", "", None]),
            st.sampled_from([date(2024, 1, 1), date(2024, 1, 2), None]),
        ),
        max_size=12,
    )
)
@settings(max_examples=25)
def test_the_last_in_delivery_order_wins(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    assert _ranked(tmp_path_factory.mktemp("ranking"), rows) == _plainly(rows)
