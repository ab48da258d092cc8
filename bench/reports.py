"""``python -m bench.reports --snapshot DIR``: PDF and workbooks of a snapshot, and what they may take.

A snapshot of 350,000 entities is left by ``make bench BENCH_ARGS="--profile city-2m"``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from bench.measuring import measure

COMMAND = str(Path(sys.executable).with_name("creditgrade"))
# What the issue promises for 350,000 rows on two quiet cores.
WORKBOOKS_S = 60.0


def main() -> None:
    """Measures, prints, and writes ``<folder>/reports.json``; the snapshot is only read."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports")
    parser.add_argument("--snapshot", type=Path, help="its folder; without it, that of the profile city-2m")
    parser.add_argument("--folder", type=Path, default=Path("out/bench/reports"))
    options = parser.parse_args()
    snapshot = options.snapshot or max(Path("out/bench/city-2m/run/snapshots").glob("as_of=*"), default=None)
    if snapshot is None or not snapshot.is_dir():
        parser.error(
            'no snapshot of the profile city-2m: make bench BENCH_ARGS="--profile city-2m", or --snapshot DIR'
        )
    print(f"reports: {snapshot.name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    out = options.folder / "out"
    shutil.rmtree(options.folder, ignore_errors=True)
    (out / "snapshots").mkdir(parents=True)
    (out / "snapshots" / snapshot.name).symlink_to(snapshot.resolve())
    spent = measure([COMMAND, "report", "--out", str(out), "--as-of", snapshot.name[6:16], "-q"])
    about = json.loads((out / "reports" / snapshot.name / "report.json").read_text(encoding="utf-8"))
    figures = {
        **{f"{name}_s": seconds for name, seconds in about["seconds"].items()},
        "all_s": round(spent.seconds, 1), "cpu_s": round(spent.cpu_s, 1), "peak_mib": round(spent.peak_mib),
        "files_mib": round(sum(one["bytes"] for one in about["outputs"]) / (1 << 20), 1),
        "entities": next((one["entities"] for one in about["outputs"] if one["path"] == "city.xlsx"), 0),
    }  # fmt: skip
    for name, value in figures.items():
        told = (
            f"≤ {WORKBOOKS_S:g} {'met' if value <= WORKBOOKS_S else 'NOT met'}"
            if name == "workbooks_s"
            else ""
        )
        print(f"  {name:<16}{value:>12}   {told}".rstrip())
    (options.folder / "reports.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
