"""A ruling on an objection as a landing file of the kind ``rulings`` 复核结论 (contract §2)."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from desk.reading import visible
from publish.held import AGAIN, NOT_THIS_ONE, RULING, UNFOUNDED, UPHELD
from publish.words import KINDS
from records.errors import UsageError

CONCLUSIONS = (NOT_THIS_ONE, UNFOUNDED, UPHELD, AGAIN)
# Of these a ruling says something; a licence or an honour holds nobody.
RULED_KINDS = ("penalties", "listings", "amendments", "entities", "inspections")
_TEXT_MAX = 500
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ROW = re.compile(r"0*[1-9][0-9]{0,9}")


def make_ruling(
    *, uscc: str, kind: str, authority: str, doc_no: str, conclusion: str, decided_on: date, decided_by: str,
    basis: str, event_on: date | None = None, penalty_kinds: str = "", source_sha256: str = "", source_row: str = "",
) -> dict[str, str]:  # fmt: skip
    """One row of rulings, checked as the intake will check it.

    Raises:
        UsageError: ``bad_ruling``.
    """
    if kind not in RULED_KINDS:
        raise UsageError(f"kind {kind!r} is none that a ruling speaks of", rule="bad_ruling")
    if conclusion not in CONCLUSIONS:
        raise UsageError(f"conclusion {conclusion!r} is unknown: {' '.join(CONCLUSIONS)}", rule="bad_ruling")
    from records.masking import mask_text  # heavy, and no look-up comes here

    texts = {
        name: visible(text)
        for name, text in (
            ("authority", authority), ("doc_no", doc_no), ("decided_by", mask_text(decided_by)),
            ("basis", mask_text(basis)),
            ("penalty_kinds", penalty_kinds), ("source_sha256", source_sha256.lower()), ("source_row", source_row),
        )
    }  # fmt: skip
    if any(len(text) > _TEXT_MAX for text in texts.values()):
        raise UsageError(f"a text may have {_TEXT_MAX} characters", rule="bad_ruling")
    if not texts["decided_by"] or not texts["basis"]:
        raise UsageError("a ruling names the office 复核单位 and the basis 复核依据", rule="bad_ruling")
    has_origin = bool(texts["source_sha256"] or texts["source_row"])
    # The intake takes any other text for none: the ruling would speak of no record.
    if has_origin and not (_SHA256.fullmatch(texts["source_sha256"]) and _ROW.fullmatch(texts["source_row"])):
        raise UsageError(
            "the delivery 来源文件 is named by its sha256, 64 hexadecimal digits, and the row 来源行 by its number",
            rule="bad_ruling",
        )
    if not (texts["authority"] and texts["doc_no"]) and not has_origin:
        raise UsageError(
            "a ruling names the record by authority and document number, or by the delivery's sha256 and row",
            rule="bad_ruling",
        )
    if conclusion == UPHELD and kind in ("penalties", "listings") and event_on is None:
        raise UsageError("属实有效 needs the day of the decision or listing 决定日期", rule="bad_ruling")
    if conclusion == UPHELD and kind == "penalties" and not texts["penalty_kinds"]:
        raise UsageError("属实有效 of a penalty needs its kinds 处罚类别", rule="bad_ruling")
    return {
        "uscc": uscc,
        "kind": KINDS[kind],
        "event_on": event_on.isoformat() if event_on else "",
        "conclusion": conclusion,
        "decided_on": decided_on.isoformat(),
        **texts,
    }


def write_ruling(folder: Path, name: str, ruling: Mapping[str, str]) -> Path:
    """Writes a landing file: under a name that every reader ignores, then renamed; on the disk when this returns.

    Raises:
        UsageError: ``not_writable``.
    """
    place = folder / f"{name}.csv"
    temporary = folder / f".{name}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(temporary, "w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(RULING.values())
            rows.writerow([ruling[column] for column in RULING])
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, place)
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}", rule="not_writable") from error
    return place
