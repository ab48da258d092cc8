"""The least that any program must do: read the input's columns, and write rows as many as the snapshot's."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.baselines.inputs import COLUMNS, Inputs


def run(given: Inputs, snapshot: Path) -> None:
    """Reads what the baselines read of the lake, and writes the snapshot's tables again, Parquet and CSV."""
    import pyarrow.parquet as pq
    from pyarrow import csv

    from publish.tables import TABLES
    from publish.writer import csv_cells

    for kind, columns in COLUMNS.items():
        for file in given.accepted[kind]:
            pq.read_table(file, columns=list(columns))
    with tempfile.TemporaryDirectory(dir=snapshot.parent) as folder:
        for spec in TABLES:
            table = pq.read_table(snapshot / spec.parquet)
            pq.write_table(table, Path(folder) / f"{spec.name}.parquet")
            cells = {name: csv_cells(table.column(name)) for name in table.column_names}
            csv.write_csv(_table(cells), Path(folder) / f"{spec.name}.csv")


def _table(cells: dict[str, object]) -> object:
    import pyarrow as pa

    return pa.table(cells)
