"""The reports of a snapshot, in ``OUT/reports/<snapshot>/``.

They stand beside the snapshot, not in it: their bytes are not the same on every machine, they look back over other
snapshots, and the night's answers need not wait for them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from publish.places import MANIFEST, REPORT, REPORTS, SNAPSHOTS
from publish.report.books import write_books
from publish.report.figures import open_tables, read_manifest
from publish.report.package import datapackage, dictionary_html
from publish.report.page import as_pdf
from records.lake.disk import alone_in, clear_disk_errors, sync_folder, write_json

ABOUT = "report.json"


@dataclass(frozen=True)
class Reported:
    """Reports that stand.

    Attributes:
        path: their folder.
        about: ``report.json``: the snapshot, files with rows and hash, seconds of each part.
    """

    path: Path
    about: dict[str, Any]


def write_reports(
    snapshot: Path, out: Path, *, now: datetime, with_books: bool = True, with_pdf: bool = True
) -> Reported:
    """Writes report.pdf, workbooks, datapackage.json and the dictionary; replaces what stood.

    Args:
        snapshot: its folder.
        out: the output folder.
        now: instant of writing.

    Raises:
        UsageError: ``earlier_version``.
        CreditgradeError: ``snapshot_damaged``, ``disk_full``.
    """
    import duckdb

    root = out / REPORTS
    seconds: dict[str, float] = {}
    rows: dict[str, int] = {}
    with clear_disk_errors(root):
        root.mkdir(mode=0o700, exist_ok=True)
        root.chmod(0o700)
    # The night or a person may be at it: both write under one temporary name.
    with clear_disk_errors(root), alone_in(root), duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute("SET memory_limit = '1GB'")
        temporary = root / f".writing-{snapshot.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(mode=0o700)
        try:
            manifest = read_manifest(snapshot)
            open_tables(snapshot, manifest, con)
            digest = hashlib.sha256((snapshot / MANIFEST).read_bytes()).hexdigest()
            (temporary / "dictionary.html").write_text(dictionary_html(), encoding="utf-8")
            package = datapackage(manifest, f"../../{SNAPSHOTS}/{snapshot.name}")
            text = json.dumps(package, ensure_ascii=False, indent=1) + "\n"
            (temporary / "datapackage.json").write_text(text, encoding="utf-8")
            if with_pdf:
                html = (snapshot / REPORT).read_text(encoding="utf-8")
                _timed(seconds, "pdf", lambda: as_pdf(html, temporary / "report.pdf"))
            if with_books:
                books = _timed(
                    seconds,
                    "workbooks",
                    lambda: write_books(snapshot, manifest, digest, temporary),
                )
                rows = {place.name: n for place, n in books}
            about = {
                "as_of": manifest["as_of"],
                "snapshot": snapshot.name,
                "manifest_sha256": digest,
                "written_at": now.isoformat(timespec="seconds"),
                "seconds": seconds,
                "outputs": [_described(place, rows) for place in sorted(temporary.iterdir())],
            }
            write_json(temporary / ABOUT, about)
            for place in temporary.iterdir():
                place.chmod(0o600)
            folder = root / snapshot.name
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(temporary, folder)
            sync_folder(root)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Reported(folder, about)


def _timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    began = time.monotonic()
    result = work()
    seconds[name] = round(time.monotonic() - began, 2)
    return result


def _described(place: Path, rows: Mapping[str, int]) -> dict[str, Any]:
    raw = place.read_bytes()
    made: dict[str, Any] = {
        "path": place.name,
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "reproducible": False,
    }
    return made | ({"entities": rows[place.name]} if place.name in rows else {})
