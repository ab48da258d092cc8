"""The workbooks: one for the city, one for each division; classes, reasons in words, changes, held rows, warnings."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publish.report.figures import open_tables
from publish.report.sheets import CHANGED, GRADES, HOLDS, LISTS, REASONS, WARNED, guide
from publish.report.words import CAUSES, CHANGES, RAISED_BY, WARNINGS, record_words
from publish.story.words import rule_words
from publish.words import KINDS, RED_LINES, STATUSES
from publish.workbook import SHEET_ROWS, cover_lines, workbook

if TYPE_CHECKING:
    import duckdb

CITY = "全市"
_FETCHED = 20_000
# Below so many entities starting processes costs more than it saves.
WORTH_A_PROCESS = 20_000


def write_books(
    snapshot: Path,
    manifest: Mapping[str, Any],
    manifest_sha256: str,
    folder: Path,
    *,
    sheet_rows: int = SHEET_ROWS,
) -> list[tuple[Path, int]]:
    """Writes ``city.xlsx`` and ``<division>.xlsx``; of a large city the two at once, in processes of their own.

    Args:
        snapshot: its folder.
        folder: for the files.

    Returns:
        each file with the entities on its first sheet.
    """
    with _tables(snapshot, manifest) as con:
        entities = _divisions(con, has_changes=manifest["changes"]["previous"] is not None)
    some = partial(_books, snapshot, manifest, manifest_sha256, folder, sheet_rows)
    if sum(entities.values()) < WORTH_A_PROCESS:
        return some([None, *entities])
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return [one for made in pool.map(some, ([None], list(entities))) for one in made]


def _divisions(con: duckdb.DuckDBPyConnection, *, has_changes: bool) -> dict[str, int]:
    """The divisions that get a workbook, with their entities: one that the last entity left has changes to show."""
    left = "UNION ALL SELECT coalesce(division_code, ''), NULL FROM changes" if has_changes else ""
    found = con.execute(
        f"""SELECT division, count(uscc) FROM
        (SELECT coalesce(division_code, '') AS division, uscc FROM grades {left}) GROUP BY 1 ORDER BY 1"""
    )
    return dict(found.fetchall())


@contextmanager
def _tables(snapshot: Path, manifest: Mapping[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with tempfile.TemporaryDirectory() as spill, duckdb.connect() as con:
        con.execute("SET threads = 1")
        con.execute("SET memory_limit = '500MB'")
        con.execute(f"SET temp_directory = '{spill.replace(chr(39), chr(39) * 2)}'")
        open_tables(snapshot, manifest, con)
        yield con


def _books(
    snapshot: Path, manifest: Mapping[str, Any], manifest_sha256: str, folder: Path, sheet_rows: int,
    codes: Sequence[str | None],
) -> list[tuple[Path, int]]:  # fmt: skip
    """One after the other: of the city (None) and of divisions."""
    divisions: Mapping[str, str] = manifest["divisions"]
    made = []
    with _tables(snapshot, manifest) as con:
        _say_why(con, manifest)
        for code in codes:
            name = CITY if code is None else divisions.get(code, code or "未注明区划")
            place = folder / _file_name(code)
            rows = _book(con, manifest, manifest_sha256, place, code, name, divisions, sheet_rows)
            made.append((place, rows))
    return made


def _file_name(code: str | None) -> str:
    """Name of a workbook: a division's code is what was delivered, and one that is no number chooses no path.

    >>> _file_name(None), _file_name("341802"), _file_name("")
    ('city.xlsx', '341802.xlsx', 'none.xlsx')
    >>> _file_name("../../a")
    'other-2ea9d7db53a1.xlsx'
    """
    if code is None or code == "":
        return "city.xlsx" if code is None else "none.xlsx"
    if re.fullmatch("[0-9]{1,12}", code):
        return f"{code}.xlsx"
    return f"other-{hashlib.sha256(code.encode()).hexdigest()[:12]}.xlsx"


def _say_why(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> None:
    """A table ``why``: uscc, reasons: the heaviest indicators of each entity with their points, in words."""
    titles = {id_: one.get("title", id_) for id_, one in manifest["indicators"].items()}
    con.execute(
        "CREATE OR REPLACE TABLE titles AS SELECT unnest(?::VARCHAR[]) AS indicator, unnest(?::VARCHAR[]) AS title",
        [list(titles), list(titles.values())],
    )
    con.execute(
        f"""CREATE OR REPLACE TABLE why AS
        SELECT uscc, string_agg(coalesce(title, indicator) || printf(' %.2f', points), '；' ORDER BY place) AS reasons
        FROM (SELECT uscc, indicator, points,
              row_number() OVER (PARTITION BY uscc ORDER BY points DESC, indicator) AS place
              FROM grade_reasons WHERE points > 0 AND indicator <> 'CLIP')
        LEFT JOIN titles USING (indicator) WHERE place <= {REASONS} GROUP BY uscc"""
    )


def _book(
    con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], manifest_sha256: str, place: Path, code: str | None,
    name: str, divisions: Mapping[str, str], sheet_rows: int,
) -> int:  # fmt: skip
    where = (
        "" if code is None else f" AND coalesce(division_code, '') = '{code.replace(chr(39), chr(39) * 2)}'"
    )
    counts = dict(
        con.execute(
            f"SELECT coalesce(risk_class, '不分类'), count(*) FROM grades WHERE true{where} GROUP BY 1 ORDER BY 1"
        ).fetchall()
    )
    lines = [
        ("范围 scope", name if code in (None, name) else f"{name} {code}"),
        *cover_lines(manifest, manifest_sha256),
    ]
    lines += [(f"{'不分类' if c == '不分类' else c + ' 类'}户数", f"{n:,}") for c, n in counts.items()]
    previous = manifest["changes"]["previous"]
    lines.append(("变化比较基准 compared with", previous["snapshot"] if previous else "无（首个快照）"))
    notes = (
        f"每张工作表最多 {sheet_rows:,} 行，超出的续表另列。More rows than a sheet holds go on in the next one.",
    )
    with workbook(place, sheet_rows=sheet_rows) as book:
        book.cover(f"企业信用风险分类结果（{name}）", lines, notes)
        rows = book.table("分类结果", GRADES, _grades(con, where, divisions))
        # The first snapshot adds every entity: the sheet before says it already.
        book.table("较上期变化", CHANGED, _changes(con, where, manifest["indicators"]) if previous else ())
        book.table("待复核事项", HOLDS, _holds(con, where))
        book.table("联合惩戒", LISTS, _lists(con, where))
        book.table("风险预警", WARNED, _warnings(con, where))
        book.guide(guide())
    return rows  # fmt: skip


def _grades(
    con: duckdb.DuckDBPyConnection, where: str, divisions: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    query = f"""
    SELECT g.uscc, g.name, entity_type, g.division_code, industry_code, risk_class, risk_points, points_class,
    red_lines, w.reasons, e.status, e.clean_since, e.eligible_on
    FROM (SELECT * FROM grades WHERE true{where}) g LEFT JOIN why w USING (uscc) LEFT JOIN eligibility e USING (uscc)
    ORDER BY g.uscc"""
    statuses = {code: words[0] for code, words in STATUSES.items()}
    for row in _rows(con, query):
        uscc, name, kind, division, industry, c, points, by, lines, reasons, status, since, on = row
        yield (
            uscc, name, kind, divisions.get(division or "", ""), division, industry, c, points, by,
            "；".join([RED_LINES.get(line, line) for line in lines]),
            reasons,
            statuses.get(status, status), since, on,
        )  # fmt: skip


def _changes(
    con: duckdb.DuckDBPyConnection, where: str, indicators: Mapping[str, Any]
) -> Iterator[tuple[Any, ...]]:
    query = f"""
    SELECT uscc, name, change, old_class, new_class, class_step, old_points, new_points, old_status, new_status,
    lists_joined, lists_left, causes, cause_records FROM changes WHERE true{where}
    ORDER BY class_step DESC NULLS LAST, uscc"""
    statuses = {code: words[0] for code, words in STATUSES.items()}
    for row in _rows(con, query):
        yield (
            *row[:2], CHANGES[row[2]], *row[3:8], statuses.get(row[8], row[8]), statuses.get(row[9], row[9]),
            *row[10:12], [CAUSES.get(cause, cause) for cause in row[12]],
            [record_words(text, indicators) for text in row[13]],
        )  # fmt: skip


def _holds(con: duckdb.DuckDBPyConnection, where: str) -> Iterator[tuple[Any, ...]]:
    query = f"""
    SELECT uscc, name, kind, authority, doc_no, event_on, hold_rule, via, source_file, source_row FROM holds
    WHERE true{where} ORDER BY ALL"""
    for row in _rows(con, query):
        yield (*row[:2], KINDS.get(row[2], row[2]), *row[3:6], rule_words(row[6]).zh, *row[7:])


def _lists(con: duckdb.DuckDBPyConnection, where: str) -> Iterator[tuple[Any, ...]]:
    """A row for each entry; `joint_punishment` has one for each measure and department."""
    entry = "uscc, name, list_type, authority, doc_no, from_on, until_on, expected_until_on, is_active"
    query = f"""
    SELECT {entry}, string_agg(measure_name || '（' || departments || '）', '；' ORDER BY measure),
    array_to_string(list_sort(list_distinct(flatten(list(bases)))), '；')
    FROM (SELECT {entry}, measure, measure_name, string_agg(department, '、' ORDER BY department) AS departments,
          list_distinct(list(basis)) AS bases
          FROM joint_punishment WHERE true{where} GROUP BY ALL)
    GROUP BY {entry} ORDER BY ALL"""
    return _rows(con, query)


def _warnings(con: duckdb.DuckDBPyConnection, where: str) -> Iterator[tuple[Any, ...]]:
    query = f"""
    SELECT uscc, name, risk_class, warning, value, threshold, first_on, newest_on, what FROM early_warnings
    WHERE true{where} ORDER BY uscc, warning"""
    for row in _rows(con, query):
        what = "；".join(RAISED_BY.get(one, one) for one in (row[8] or "").split(";"))
        yield (*row[:3], WARNINGS[row[3]][0], *row[4:8], what)


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    """Rows in bounded memory."""
    result = con.cursor().execute(query)
    while batch := result.fetchmany(_FETCHED):
        yield from batch
