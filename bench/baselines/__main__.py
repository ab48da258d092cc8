"""Runs one baseline by itself and prints its seconds: ``python -m bench.baselines polars_program --lake …``."""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import time
from datetime import UTC, date, datetime
from pathlib import Path

from bench.baselines.inputs import inputs
from flows.stages.ingest import ingest
from policy import load_policy

PROGRAMS = ("bare", "duckdb_sql", "polars_program", "pandas_program")


def main() -> None:
    """Time a program on a lake that is read already; reading the policy and the journal is not counted."""
    parser = argparse.ArgumentParser(prog="python -m bench.baselines")
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--target", type=Path, required=True, help="file to write; for bare: the snapshot")
    options = parser.parse_args()
    now = datetime.now(UTC)
    policy = load_policy()
    intake = ingest(None, options.lake, policy, today=now.date(), now=now)
    given = inputs(intake, policy, options.as_of)
    program = importlib.import_module(f"bench.baselines.{options.program}")
    began, before = time.perf_counter(), _cpu_seconds()
    program.run(given, options.target)
    spent = {"seconds": round(time.perf_counter() - began, 2), "cpu_s": round(_cpu_seconds() - before, 2)}
    print(json.dumps(spent))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
