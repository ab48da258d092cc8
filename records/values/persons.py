"""The persons whom a row names, masked wherever else in its texts they stand (contract §3)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import joined, on_rows
from records.persons import without_names
from records.values.parties import Columns
from records.values.reading import Reading

_TEXTS = ("violation_type", "facts", "basis", "content", "revoked_licence", "doc_name", "remark")


def without_persons(reading: Reading, columns: Columns) -> Columns:
    """The columns of licences or penalties, their texts without the representative's and a natural subject's name."""
    texts = [name for name in _TEXTS if name in columns]
    whole = joined([columns[name] for name in texts], "\n").to_pylist()
    subject = reading.cells("subject_name").text
    natural = pc.if_else(columns["is_natural_person"], subject, pa.scalar(None, pa.string())).to_pylist()
    people = [reading.cells("legal_rep").text.to_pylist(), natural]
    stated = {
        row: [name for name in names if name]
        for row, (text, *names) in enumerate(zip(whole, *people, strict=True))
        if any(name and name in text for name in names)
    }
    if not stated:
        return columns
    rows = np.fromiter(stated, np.int64, len(stated))

    def hide(some: pa.StringArray) -> pa.StringArray:
        cells = zip(some.to_pylist(), stated.values(), strict=True)
        return pa.array([cell and without_names(cell, names) for cell, names in cells], pa.string())

    return columns | {name: on_rows(columns[name], rows, hide) for name in texts}
