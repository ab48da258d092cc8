"""``make bench``: the main job on synthetic data, its stages, its memory, and what starting costs.

The baseline of ingest is the bare cost of reading the same CSV bytes with pyarrow (no decoding of odd encodings,
no rules, nothing written); the baseline of grading is named in docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measuring import measure

PROFILES = {"smoke": 5_000, "city": 350_000}
AS_OF = "2026-06-30"
WIDE = ("penalties", "licences")
COMMAND = str(Path(sys.executable).with_name("creditgrade"))


def main() -> None:
    """Measure a profile and print the table; the figures go to ``<folder>/bench.json``."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--profile", choices=PROFILES, default="smoke")
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    options = parser.parse_args()
    folder = options.folder / options.profile
    landing = folder / "landing"
    figures: dict[str, Any] = {"profile": options.profile, "cores": os.cpu_count()}
    if not landing.is_dir():
        made = measure(
            [
                COMMAND,
                "sample",
                str(landing),
                "--entities",
                str(PROFILES[options.profile]),
                "--as-of",
                AS_OF,
                "-q",
            ]
        )
        figures["sample_s"] = round(made.seconds, 1)
    figures["start"] = {
        "--help": _best_start(["--help"]),
    }
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    run = [COMMAND, "run", "--landing", str(landing), "--out", str(out), "--as-of", AS_OF, "--publish", "-q"]
    cold = measure(run)
    stages = _stages(out)
    figures["cold"] = {"seconds": round(cold.seconds, 1), "peak_mib": round(cold.peak_mib), "stages": stages}
    manifest = _manifest(out)
    figures["start"]["explain"] = _best_start(["explain", _some_uscc(out), "--out", str(out)])
    rows: dict[str, int] = {}
    for one in manifest["inputs"]:
        rows[one["kind"]] = rows.get(one["kind"], 0) + one["rows_read"]
    figures["rows_read"] = dict(sorted(rows.items()))
    again = measure(run)
    figures["same_again_s"] = round(again.seconds, 1)
    figures["ingest"] = {kind: _ingest(landing, folder, kind) for kind in sorted(rows)}
    _print(figures)
    (folder / "bench.json").write_text(
        json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def _best_start(arguments: list[str]) -> float:
    """Seconds of the quickest of five starts (the first ones fill the page cache)."""
    return round(min(measure([COMMAND, *arguments], every_s=0.02).seconds for _ in range(5)), 2)


def _stages(out: Path) -> dict[str, float]:
    log = max((out / "logs").glob("*.jsonl"), key=lambda p: p.stat().st_mtime)
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {e["stage"]: e["seconds"] for e in events if e.get("event") == "stage_ended"}


def _manifest(out: Path) -> dict[str, Any]:
    latest = json.loads((out / "latest.json").read_text(encoding="utf-8"))
    loaded: dict[str, Any] = json.loads((out / latest["path"] / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def _some_uscc(out: Path) -> str:
    import pyarrow.parquet as pq

    latest = json.loads((out / "latest.json").read_text(encoding="utf-8"))
    table = pq.read_table(out / latest["path"] / "regulators" / "grades.parquet", columns=["uscc"])
    return str(table.column("uscc")[table.num_rows // 2])


def _ingest(landing: Path, folder: Path, kind: str) -> dict[str, float]:
    """Rows a second of one kind's ingest with validation, beside the bare reading of its CSV files."""
    from flows.stages.ingest import ingest
    from policy import load_policy
    from records.errors import InputRefused

    place = folder / "one-kind"
    shutil.rmtree(place, ignore_errors=True)
    source = next(p for p in landing.iterdir() if p.is_dir() and _is_kind(p.name, kind))
    shutil.copytree(source, place / "landing" / kind, copy_function=os.link)
    now = datetime.now(UTC)
    began = time.perf_counter()
    try:
        intake = ingest(place / "landing", place / "lake", load_policy(), today=now.date(), now=now)
        rows = sum(d.record["rows_read"] for d in intake.deliveries)
    except InputRefused as error:
        if error.rule != "no_entities":
            raise
        records = (place / "lake" / kind).glob("*.json")
        rows = sum(json.loads(p.read_text(encoding="utf-8"))["rows_read"] for p in records)
    seconds = time.perf_counter() - began
    bare = _bare_seconds(place / "landing" / kind)
    shutil.rmtree(place)
    figures = {"rows": rows, "seconds": round(seconds, 1), "rows_per_s": round(rows / seconds)}
    if bare:
        figures["times_bare_csv_read"] = round(seconds / bare, 1)
    return figures


def _is_kind(name: str, kind: str) -> bool:
    from records.schema import KINDS_ZH

    return name in (kind, KINDS_ZH[kind])


def _bare_seconds(folder: Path) -> float:
    """Reading the UTF-8 CSV files with pyarrow: the least that any program must do."""
    from pyarrow import csv, lib

    began = time.perf_counter()
    for path in folder.rglob("*.csv"):
        try:
            csv.read_csv(path, parse_options=csv.ParseOptions(invalid_row_handler=lambda _: "skip"))
        except (lib.ArrowInvalid, UnicodeDecodeError):
            continue  # another encoding: not part of the baseline
    return time.perf_counter() - began


def _print(figures: dict[str, Any]) -> None:
    total = sum(figures["rows_read"].values())
    cold = figures["cold"]
    after = sum(cold["stages"].get(s, 0.0) for s in ("grade", "publish", "latest"))
    print(f"profile {figures['profile']}: {total:,} rows on {figures['cores']} cores")
    print(f"  cold run              {cold['seconds']:>8} s   peak memory {cold['peak_mib']:,} MiB")
    for stage, seconds in cold["stages"].items():
        print(f"    {stage:<20}{seconds:>8.1f} s")
    print(f"  resolve to publish    {after:>8.1f} s   (target 20 on city)")
    print(f"  the same again        {figures['same_again_s']:>8} s")
    for name, seconds in figures["start"].items():
        print(f"  start {name:<16}{seconds:>8} s   (target 0.6)")
    print("  ingest with validation (target rows/s: 60,000 penalties and licences, 120,000 the others)")
    for kind, one in figures["ingest"].items():
        ratio = one.get("times_bare_csv_read")
        beside = f"   {ratio} × bare CSV read" if ratio else ""
        print(f"    {kind:<14}{one['rows']:>10,} rows {one['rows_per_s']:>9,} rows/s{beside}")


if __name__ == "__main__":
    main()
