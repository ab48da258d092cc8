"""What ``verify`` checks of a CSV file, cell by cell: the rows of the Parquet file beside it, in the same order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from publish.tables import TableSpec
from publish.writer import csv_cells

_BLOCK = 1 << 24
_ROWS = 1 << 16


def first_other_row(snapshot: Path, spec: TableSpec) -> int | None:
    """Number of the first row (from 1) that is not the same in both files; both have the same columns and rows.

    Raises:
        pa.ArrowException: where the CSV file cannot be read.
    """
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    begun = 0
    with (
        pq.ParquetFile(snapshot / spec.parquet) as parquet,
        pa_csv.open_csv(
            snapshot / spec.csv,
            read_options=pa_csv.ReadOptions(block_size=_BLOCK),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(spec.schema.names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        ) as reader,
    ):
        waiting = pa.Table.from_batches([], pa.schema([(name, pa.string()) for name in spec.schema.names]))
        for batch in parquet.iter_batches(_ROWS):
            while waiting.num_rows < batch.num_rows:
                waiting = pa.concat_tables([waiting, pa.Table.from_batches([reader.read_next_batch()])])
            same = pa.scalar(True)
            for name in spec.schema.names:
                cells = waiting[name].slice(0, batch.num_rows).combine_chunks()
                same = pc.and_(same, _same(cells, batch[name]))
            if not pc.all(same, min_count=0).as_py():
                return begun + int(pc.index(same, False).as_py()) + 1
            begun += batch.num_rows
            waiting = waiting.slice(batch.num_rows)
    return None


def _same(cells: pa.Array, values: pa.Array) -> Any:
    """Whether each cell says its value, text behind the sign that keeps it from being a formula."""
    import pyarrow.compute as pc

    if pa.types.is_floating(values.type):
        equal = pc.equal(cells.cast(values.type), values)
    else:
        equal = pc.equal(cells, csv_cells(values).cast(pa.string()))
    return pc.or_(pc.fill_null(equal, False), pc.and_(pc.is_null(cells), pc.is_null(values)))
