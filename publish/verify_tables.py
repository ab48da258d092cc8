"""What ``verify`` checks inside the tables: columns, order, the CSV beside, and sums across files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from publish.places import DESK
from publish.tables import (
    CHANGES,
    CLASS_WORDS,
    ELIGIBILITY,
    ELIGIBILITY_BLOCKERS,
    GRADE_REASONS,
    GRADES,
    JOINT_PUNISHMENT,
    QUARANTINE,
    SAMPLING_PLAN,
    TABLES,
    TableSpec,
)

if TYPE_CHECKING:
    import duckdb

Found = Iterator[tuple[str, str]]
_BOM = b"\xef\xbb\xbf"
_BATCH = 1 << 17
# A small block stays in the processor's cache; a row that is longer needs the large one.
_BLOCK, _LARGE_BLOCK = 1 << 21, 1 << 24


def check_table(
    snapshot: Path, spec: TableSpec, rows: Mapping[str, int], *, does_read_cells: bool = True
) -> Found:
    """One table by itself.

    Args:
        snapshot: its folder.
        spec: what the table should be.
        rows: rows of each file, as the manifest says.
        does_read_cells: whether each cell of the CSV file is compared.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(snapshot / spec.parquet) as file:
            schema = file.schema_arrow
            if spec.folder == DESK and (words := CLASS_WORDS & set(schema.names)):
                yield "class_at_desk", f"{spec.parquet}: has the columns {', '.join(sorted(words))}"
            if schema.names != spec.schema.names or schema.types != spec.schema.types:
                yield "table_columns", f"{spec.parquet}: has not the columns of the contract"
                return
            if file.metadata.num_rows != rows[spec.parquet]:
                yield (
                    "row_count",
                    f"{spec.parquet}: has {file.metadata.num_rows} rows, not {rows[spec.parquet]}",
                )
            yield from _in_order(file, spec)
    except (pa.ArrowException, OSError):
        yield "file_damaged", f"{spec.parquet}: cannot be read as Parquet"
        return
    yield from _csv(snapshot, spec, rows, does_read_cells)


def _in_order(file: Any, spec: TableSpec) -> Found:
    """Each row is not before the row above it, by all columns; keys are unique; nothing is null that may not be."""
    # A key stands first and must be unique, so that no other column decides.
    names = list(spec.key or spec.schema.names)
    last: pa.Table | None = None
    first_row = 0
    for batch in file.iter_batches(_BATCH):
        table = pa.Table.from_batches([batch])
        for field in spec.schema:
            if not field.nullable and table[field.name].null_count:
                yield "null_value", f"{spec.parquet}: {field.name} is empty in some rows"
                return
        rows = table.select(names)
        above = rows if last is None else pa.concat_tables([last, rows])
        place = _first_disorder((column.combine_chunks() for column in above.itercolumns()), len(spec.key))
        if place is not None:
            at = first_row + place + (last is None)
            yield "not_sorted", f"{spec.parquet}: row {at + 1} is out of order or repeats a key"
            return
        first_row += table.num_rows
        last = rows.slice(rows.num_rows - 1)


def _first_disorder(columns: Iterable[pa.Array], key_columns: int) -> int | None:
    """Index of the first row that is greater than the next one, or equal to it in the whole key."""
    import numpy as np

    bad = open_pairs = np.empty(0, dtype=bool)
    for number, column in enumerate(columns, start=1):
        pairs = len(column) - 1
        if number == 1:
            bad, open_pairs = np.zeros(pairs, dtype=bool), np.arange(pairs)
        if len(open_pairs) == pairs:
            upper, lower = column.slice(0, pairs), column.slice(1)
        else:
            upper, lower = column.take(pa.array(open_pairs)), column.take(pa.array(open_pairs + 1))
        same = _same(upper, lower)
        other = np.flatnonzero(~same)
        bad[open_pairs[other]] = ~_less(upper.take(pa.array(other)), lower.take(pa.array(other)))
        open_pairs = open_pairs[same]
        if number == key_columns:
            bad[open_pairs] = True
            break
        if not len(open_pairs):
            break
    return int(np.argmax(bad)) if bad.any() else None


def _same(upper: pa.Array, lower: pa.Array) -> Any:
    """Whether values that stand beside one another are equal."""
    import numpy as np
    import pyarrow.compute as pc

    if pa.types.is_list(upper.type):
        return np.array([one == other for one, other in _pairs(upper, lower)], dtype=bool)
    if not upper.null_count and not lower.null_count:
        return np.asarray(pc.equal(upper, lower))
    same = np.asarray(pc.fill_null(pc.equal(upper, lower), False))
    return same | (np.asarray(pc.is_null(upper)) & np.asarray(pc.is_null(lower)))


def _less(upper: pa.Array, lower: pa.Array) -> Any:
    """Whether the first of two different values comes before the second: nulls first, text by code point."""
    import numpy as np
    import pyarrow.compute as pc

    if pa.types.is_list(upper.type):
        return np.array([one < other for one, other in _pairs(upper, lower)], dtype=bool)
    less = np.asarray(pc.fill_null(pc.less(upper, lower), False))
    return less | np.asarray(pc.is_null(upper))


def _pairs(upper: pa.Array, lower: pa.Array) -> Iterator[tuple[Any, Any]]:
    return zip(upper.to_pylist(), lower.to_pylist(), strict=True)


def _csv(snapshot: Path, spec: TableSpec, rows: Mapping[str, int], does_read_cells: bool) -> Found:
    """It begins with a byte-order mark and the columns, and has the rows of the Parquet file."""
    from publish.verify_cells import first_other_row

    with open(snapshot / spec.csv, "rb") as file:
        header = file.readline()
    if not header.startswith(_BOM):
        yield "csv_no_bom", f"{spec.csv}: does not begin with a byte-order mark"
    names = next(csv.reader([header.removeprefix(_BOM).decode(errors="replace")]), [])
    try:
        try:
            count = _csv_rows(snapshot / spec.csv, spec.schema.names[0], _BLOCK)
        except pa.ArrowInvalid:
            count = _csv_rows(snapshot / spec.csv, spec.schema.names[0], _LARGE_BLOCK)
    except pa.ArrowException:
        yield "file_damaged", f"{spec.csv}: cannot be read as CSV"
        return
    if names != spec.schema.names:
        yield "table_columns", f"{spec.csv}: has not the columns of the contract"
    elif count != rows[spec.csv] or count != rows[spec.parquet]:
        yield "row_count", f"{spec.csv}: has {count} rows, not {rows[spec.parquet]}"
    elif does_read_cells:
        try:
            if other := first_other_row(snapshot, spec):
                yield "csv_differs", f"{spec.csv}: row {other} is not that of {spec.parquet}"
        except pa.ArrowException:
            yield "csv_differs", f"{spec.csv}: has a cell that its column cannot hold"


def _csv_rows(path: Path, column: str, block: int) -> int:
    """Every row is parsed; one column is enough to count them."""
    import pyarrow.csv as pa_csv

    with pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(block_size=block),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            include_columns=[column], include_missing_columns=True, column_types={column: pa.string()}
        ),
    ) as reader:
        return sum(batch.num_rows for batch in reader)


def check_across(snapshot: Path, described: Mapping[str, Any]) -> Found:
    """What must agree between tables, and between them and the manifest.

    Args:
        snapshot: the folder, whose tables are sound each by itself.
        described: its manifest.
    """
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute("SET memory_limit = '1GB'")
        for spec in TABLES:
            place = str(snapshot / spec.parquet).replace("'", "''")
            # The folder's name, as_of=…, must not be read as a column.
            con.execute(
                f"CREATE VIEW {spec.name} AS SELECT * FROM read_parquet('{place}', hive_partitioning = false)"
            )
        for rule, file, words, query in _COUNTED:
            if count := _number(con, query):
                yield rule, f"{file}: {count} {words}"
        yield from _dated(con, described)
        yield from _counted(con, described)


# Each query counts what must not be.
_COUNTED = (
    (
        "points_do_not_add_up",
        GRADES.parquet,
        "entities have points that are not the sum of their reasons",
        """
        SELECT count(*) FROM (SELECT uscc, round(risk_points * 100)::BIGINT AS total FROM grades) g
        FULL JOIN (SELECT uscc, sum(round(points * 100)::BIGINT) AS total FROM grade_reasons GROUP BY uscc) r
        USING (uscc) WHERE coalesce(g.total, 0) <> coalesce(r.total, 0)
        """,
    ),
    (
        "points_not_hundredths",
        GRADE_REASONS.parquet,
        "points have more than two decimals",
        "SELECT count(*) FROM grade_reasons WHERE round(points * 100) / 100 <> points",
    ),
    (
        "points_out_of_range",
        GRADES.parquet,
        "entities have points out of range",
        "SELECT count(*) FROM grades WHERE NOT risk_points BETWEEN 0 AND 1000",
    ),
    (
        "eligible_not_status",
        ELIGIBILITY.parquet,
        "entities have a status, grounds and flag that do not agree",
        """
        SELECT count(*) FROM eligibility
        WHERE eligible <> starts_with(status, 'ELIGIBLE_') OR eligible <> (len(grounds) > 0)
        """,
    ),
    (
        "eligible_with_blocker",
        ELIGIBILITY_BLOCKERS.parquet,
        "blockers stand at eligible or unknown entities",
        """
        SELECT count(*) FROM eligibility_blockers b LEFT JOIN eligibility e USING (uscc)
        WHERE e.eligible IS NULL OR e.eligible
        """,
    ),
    (
        "graded_unknown",
        GRADES.parquet,
        "entities have a class but no status",
        "SELECT count(*) FROM grades ANTI JOIN eligibility USING (uscc)",
    ),
    (
        "changes_differ",
        CHANGES.parquet,
        "rows say other new values than the tables, or name what is still there as gone",
        """
        SELECT count(*) FROM changes c
        LEFT JOIN eligibility e USING (uscc) LEFT JOIN grades g USING (uscc)
        WHERE CASE WHEN c.change = 'DEL' THEN e.uscc IS NOT NULL
              ELSE e.uscc IS NULL OR c.new_status <> e.status OR c.new_class IS DISTINCT FROM g.risk_class
                   OR c.new_points IS DISTINCT FROM g.risk_points OR c.new_red_lines <> coalesce(g.red_lines, []) END
        """,
    ),
    (
        "changes_without_cause",
        CHANGES.parquet,
        "rows give no cause",
        "SELECT count(*) FROM changes WHERE len(causes) = 0",
    ),
    (
        "plan_incomplete",
        SAMPLING_PLAN.parquet,
        "classed entities are missing, or chances are not what size and draws say",
        """
        SELECT (SELECT count(*) FROM grades ANTI JOIN sampling_plan USING (uscc) WHERE risk_class IS NOT NULL)
             + (SELECT count(*) FROM sampling_plan WHERE inclusion_probability IS DISTINCT FROM
                CASE coverage WHEN 'full' THEN 1.0 WHEN 'excluded' THEN 0.0
                ELSE stratum_draws::DOUBLE / stratum_size END)
             + (SELECT count(*) FROM sampling_plan WHERE coverage = 'draw' AND stratum_draws < 1)
        """,
    ),
    (
        "discipline_of_unknown",
        JOINT_PUNISHMENT.parquet,
        "rows are of unknown entities, or end before they begin",
        """
        SELECT count(*) FROM joint_punishment j LEFT JOIN eligibility e USING (uscc)
        WHERE e.uscc IS NULL OR j.is_active <> (j.until_on IS NULL)
        """,
    ),
)


def _dated(con: duckdb.DuckDBPyConnection, described: Mapping[str, Any]) -> Found:
    as_of = str(described["as_of"])
    for spec in (spec for spec in TABLES if "as_of" in spec.schema.names):
        days = con.execute(f"SELECT DISTINCT as_of::VARCHAR FROM {spec.name}").fetchall()
        if any(day != as_of for (day,) in days):
            yield "as_of_differs", f"{spec.parquet}: is not as of {as_of}"
    versions = con.execute("SELECT DISTINCT policy_version, model_version FROM grades").fetchall()
    if any(found != (described["policy_version"], described["model_version"]) for found in versions):
        yield "version_differs", f"{GRADES.parquet}: names other versions than the manifest"


def _counted(con: duckdb.DuckDBPyConnection, described: Mapping[str, Any]) -> Found:
    held: dict[tuple[str, str, str], int] = {}
    for item in described["inputs"]:
        key = (item["kind"], item["path"], item["sha256"])
        held[key] = held.get(key, 0) + int(item["quarantined"])
    rows = con.execute(
        "SELECT kind, source_file, source_sha256, count(*) FROM quarantine GROUP BY ALL"
    ).fetchall()
    found = {(kind, path, sha256): count for kind, path, sha256, count in rows}
    for key in sorted({*held, *found}):
        if held.get(key, 0) != found.get(key, 0):
            yield (
                "quarantine_lost",
                f"{key[1]}: {held.get(key, 0)} rows were quarantined, {found.get(key, 0)} are in {QUARANTINE.parquet}",
            )
    unmatched = dict(con.execute("SELECT kind, count(*) FROM unmatched GROUP BY kind").fetchall())
    for kind in sorted({*described["conservation"], *unmatched}):
        said = int(described["conservation"].get(kind, {}).get("unmatched", 0))
        if said != unmatched.get(kind, 0):
            yield "unmatched_lost", f"{kind}: {said} rows were unmatched, {unmatched.get(kind, 0)} are listed"
    for part, query, spec in (
        ("classes", "SELECT coalesce(risk_class, 'not_classed'), count(*) FROM grades GROUP BY 1", GRADES),
        ("statuses", "SELECT status, count(*) FROM eligibility GROUP BY 1", ELIGIBILITY),
    ):
        counted = dict(con.execute(query).fetchall())
        if {code: n for code, n in described["summary"][part].items() if n} != counted:
            yield "summary_differs", f"{spec.parquet}: the {part} are not counted as the manifest says"


def _number(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0
