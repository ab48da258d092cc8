"""What a snapshot changes: its rows against those that stand in the store, compared by digest in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from desk.reading import name_key
from records.errors import InputRefused

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from desk.files import DeskSnapshot

CHUNK = 20_000
_MEMORY_LIMIT = "400MB"
_ROWS = """
CREATE TABLE incoming AS
WITH shared AS (
  SELECT kind, authority, doc_no, event_on FROM blockers
  WHERE doc_no IS NOT NULL GROUP BY ALL HAVING count(DISTINCT uscc) > 1
), marked AS (
  SELECT b.*, (
      b.rule LIKE 'branch%' OR b.rule LIKE '%_of_predecessor%' OR b.rule LIKE '%_of_branch%'
      OR (b.reason = 'HOLD_REVIEW' AND (b.rule LIKE '%(linked_by_name)' OR s.kind IS NOT NULL))
    ) AS is_of_another
  FROM blockers b LEFT JOIN shared s
    ON b.reason = 'HOLD_REVIEW' AND s.kind = b.kind AND s.doc_no = b.doc_no
    AND s.authority IS NOT DISTINCT FROM b.authority AND s.event_on IS NOT DISTINCT FROM b.event_on
), counted AS (
  SELECT *, count(*) OVER (PARTITION BY uscc) AS records FROM (SELECT DISTINCT * FROM marked)
), shown AS (
  SELECT uscc, records, {
      'reason': reason, 'kind': kind, 'authority': authority,
      'doc_no': CASE WHEN is_of_another THEN NULL ELSE doc_no END,
      'event_on': event_on::VARCHAR, 'blocks_until': blocks_until::VARCHAR, 'rule': rule,
      'is_of_another': is_of_another
    } AS record
  FROM counted
), listed AS (
  -- Most have one: a list of one is written without being made.
  SELECT uscc, '[' || to_json(record)::VARCHAR || ']' AS blockers FROM shown WHERE records = 1
  UNION ALL
  SELECT uscc, to_json(list_sort(list(record)))::VARCHAR FROM shown WHERE records > 1 GROUP BY uscc
), rows AS (
  SELECT e.uscc, coalesce(e.name, '') AS name, coalesce(e.division_code, '') AS division_code, e.status,
    array_to_string(e.grounds, ';') AS grounds, e.clean_since::VARCHAR AS clean_since,
    CASE WHEN e.eligible THEN NULL ELSE e.eligible_on::VARCHAR END AS eligible_on,
    coalesce(l.blockers, '[]') AS blockers
  FROM eligibility e LEFT JOIN listed l USING (uscc)
)
SELECT *, md5(concat_ws(chr(31), name, division_code, status, grounds, coalesce(clean_since, ''),
  coalesce(eligible_on, ''), blockers)) AS digest
FROM rows
"""
_DIFFERING = """
CREATE TABLE differing AS
SELECT coalesce(i.uscc, s.uscc) AS uscc, s.uscc IS NULL AS is_added, i.uscc IS NULL AS is_removed
FROM (SELECT uscc, digest FROM incoming) i FULL JOIN standing s USING (uscc)
WHERE i.digest IS DISTINCT FROM s.digest
"""


class Row(NamedTuple):
    """One entity as the store keeps it; days are ISO text."""

    uscc: str
    name: str
    name_key: str
    division_code: str
    status: str
    grounds: str
    clean_since: str | None
    eligible_on: str | None
    blockers: str
    digest: str


class Delta:
    """The difference between a snapshot and what stands.

    The snapshot's rows are made beside whoever brings those that stand; `compare` waits for them.

    Args:
        snapshot: checked.
        scratch: folder for what does not fit into memory.
    """

    def __init__(self, snapshot: DeskSnapshot, scratch: Path) -> None:
        import duckdb

        self._snapshot = snapshot
        self._con = duckdb.connect()
        self._con.execute("SET threads = 2")
        self._con.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        self._con.execute(f"SET temp_directory = '{_quoted(scratch)}'")
        self._con.execute("SET enable_progress_bar = false")
        for name, place in (("eligibility", snapshot.eligibility), ("blockers", snapshot.blockers)):
            self._con.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{_quoted(place)}', hive_partitioning = false)"
            )
        self._con.execute("CREATE TABLE standing (uscc VARCHAR, digest VARCHAR)")
        self._beside = self._con.cursor()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="incoming")
        self._incoming = self._pool.submit(self._beside.execute, _ROWS)

    def __enter__(self) -> Delta:
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.interrupt()
        self._pool.shutdown()
        self._beside.close()
        self._con.close()

    def add_standing(self, rows: pa.Table) -> None:
        """Takes some of the rows that stand: ``uscc``, ``digest``."""
        self._con.from_arrow(rows).insert_into("standing")

    def compare(self) -> tuple[int, int, int]:
        """Compares with what stands: (added, changed, removed).

        Raises:
            InputRefused: ``snapshot_damaged`` where there are not as many rows as the manifest says.
        """
        self._incoming.result()
        if (found := self._count("SELECT count(*) FROM incoming")) != self._snapshot.rows:
            raise InputRefused(
                f"holds {found} entities where its manifest says {self._snapshot.rows}",
                rule="snapshot_damaged",
                file=self._snapshot.name,
            )
        self._con.execute(_DIFFERING)
        counts = self._con.execute(
            "SELECT count(*) FILTER (is_added), count(*) FILTER (NOT is_added AND NOT is_removed),"
            " count(*) FILTER (is_removed) FROM differing"
        ).fetchall()
        added, changed, removed = counts[0]
        return added, changed, removed

    def ended(self) -> Iterator[list[str]]:
        """USCCs whose row no longer holds: changed or removed."""
        for rows in self._chunks("SELECT uscc FROM differing WHERE NOT is_added ORDER BY 1"):
            yield [row[0] for row in rows]

    def begun(self) -> Iterator[list[Row]]:
        """Rows that hold from now on: added or changed, in the order of their USCC."""
        query = (
            "SELECT i.uscc, i.name, i.division_code, i.status, i.grounds, i.clean_since, i.eligible_on, i.blockers,"
            " i.digest FROM incoming i SEMI JOIN differing d USING (uscc) ORDER BY 1"
        )
        for rows in self._chunks(query):
            yield [Row(code, name, name_key(name), *rest) for code, name, *rest in rows]

    def _chunks(self, query: str) -> Iterator[list[tuple[Any, ...]]]:
        found = self._con.cursor().execute(query)
        while rows := found.fetchmany(CHUNK):
            yield rows

    def _count(self, query: str) -> int:
        # To the end: DuckDB 2 lets nothing else be done while a result has rows left.
        return int(self._con.execute(query).fetchall()[0][0])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
