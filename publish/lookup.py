"""One entity in a snapshot: the few rows of each file that are about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What a snapshot says of one entity.

    Attributes:
        grade: its row in grades, or None where it is not in scope.
        reasons: its rows in grade_reasons, in the file's order.
        eligibility: its row in eligibility, or None where the snapshot does not know it.
        blockers: its rows in eligibility_blockers, in the file's order.
        evidence: its rows in evidence; none for the desk, nor in a snapshot of an earlier version.
        holds: its rows in holds; none for the desk, nor in a snapshot of an earlier version.
    """

    grade: Row | None
    reasons: list[Row]
    eligibility: Row | None
    blockers: list[Row]
    evidence: list[Row] = field(default_factory=list)
    holds: list[Row] = field(default_factory=list)


def look_up(snapshot: Path, uscc: str, *, for_desk: bool = False) -> Found:
    """Reads the rows of one entity; the files are sorted by USCC, so only one row group of each is touched.

    Args:
        snapshot: folder of the snapshot.
        uscc: a unified social credit code.
        for_desk: only the desk's files are opened.

    Raises:
        OSError: a file is missing or may not be read.
    """
    import duckdb  # lighter at start than pyarrow

    with duckdb.connect() as con:

        def rows(path: str, *, may_be_missing: bool = False) -> list[Row]:
            place = snapshot / path
            if may_be_missing and not place.exists():
                return []
            with open(place, "rb"):  # the engine's own message would not name what is not allowed
                pass
            # The folder's name, as_of=…, must not be read as a column.
            query = "SELECT * FROM read_parquet(?, hive_partitioning = false) WHERE uscc = ?"
            found = con.execute(query, [str(place), uscc])
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, values, strict=True)) for values in found.fetchall()]

        answers = rows("desk/eligibility.parquet")
        answer = answers[0] if answers else None
        blockers = rows("desk/eligibility_blockers.parquet")
        if for_desk:
            return Found(grade=None, reasons=[], eligibility=answer, blockers=blockers)
        grades = rows("regulators/grades.parquet")
        return Found(
            grade=grades[0] if grades else None,
            reasons=rows("regulators/grade_reasons.parquet"),
            eligibility=answer,
            blockers=blockers,
            evidence=rows("regulators/evidence.parquet", may_be_missing=True),
            holds=rows("regulators/holds.parquet", may_be_missing=True),
        )


def with_org_code(snapshot: Path, org_code: str) -> list[str]:
    """The USCCs that contain an organisation code (its 9 characters, without a hyphen), sorted.

    Args:
        snapshot: folder of the snapshot; only the desk's file is opened.
        org_code: as it stands in the middle of a USCC.
    """
    import duckdb

    place = snapshot / "desk/eligibility.parquet"
    with open(place, "rb"), duckdb.connect() as con:
        query = (
            "SELECT uscc FROM read_parquet(?, hive_partitioning = false)"
            " WHERE substr(uscc, 9, 9) = ? ORDER BY uscc"
        )
        return [row[0] for row in con.execute(query, [str(place), org_code]).fetchall()]
