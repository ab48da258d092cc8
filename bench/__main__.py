"""``make bench``: the main job on synthetic data, its stages, its memory, and its ratios to hand-written programs.

Everything is measured in one run, so that the ratios hold on a slow or a busy machine, too. The baseline of ingest
is the bare reading of the same CSV bytes with pyarrow (no rules, nothing written); those of grading are the programs
of `bench.baselines`, whose answers must equal the snapshot's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.baselines.__main__ import PROGRAMS
from bench.measuring import measure
from bench.picture import draw
from data.sample import CITIZEN_PENALTIES


@dataclass(frozen=True)
class Profile:
    """A made-up city or province.

    Attributes:
        entities: market entities.
        citizen_penalties: penalties of natural persons for each, by which few records become a real flow's many.
    """

    entities: int
    citizen_penalties: float = CITIZEN_PENALTIES


PROFILES = {
    "smoke": Profile(5_000),
    "city-2m": Profile(350_000),  # some 2 M records
    "city": Profile(350_000, 17.5),  # some 8 M records
    "small": Profile(50_000),
    "large": Profile(2_000_000),  # after small: whether time grows faster than the records do
    "province": Profile(8_000_000, 14),  # some 150 M records, for a machine with much disk, by hand
}
AS_OF = "2026-06-30"
COMMAND = str(Path(sys.executable).with_name("creditgrade"))
_NIGHT = "night"  # folder below each kind of what lands last
AFTER_INGEST = ("grade", "publish", "latest")
# What issue and documents promise, on two cores: (largest or least, figure).
TARGETS = {
    "resolve_to_publish_s": ("≤", 20.0), "peak_mib": ("≤", 3072.0), "same_again_extra_s": ("≤", 5.0),
    "start_help_s": ("≤", 0.6), "start_explain_s": ("≤", 0.6), "times_duckdb_sql": ("≤", 1.5),
    "pandas_times": ("≥", 8.0), "night_share": ("≤", 0.15), "times_linear": ("≤", 1.15),
}  # fmt: skip
WIDE = ("penalties", "licences")
WIDE_ROWS_A_SECOND, NARROW_ROWS_A_SECOND = 60_000, 120_000


def main() -> None:
    """Measure a profile, print the table; figures and picture go to ``<folder>/<profile>/``."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--profile", choices=PROFILES, default="smoke")
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--skip", nargs="*", choices=PROGRAMS, default=[], help="baselines to leave out")
    options = parser.parse_args()
    folder = options.folder / options.profile
    figures: dict[str, Any] = {
        "profile": options.profile,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
    }
    profile = PROFILES[options.profile]
    landing = _sample(folder / "landing", profile, seed=1)
    _remove_night(landing)
    out = folder / "run"
    shutil.rmtree(out, ignore_errors=True)
    figures["cold"] = _run(landing, out)
    snapshot, manifest = _latest(out)
    rows: dict[str, int] = {}
    for one in manifest["inputs"]:
        rows[one["kind"]] = rows.get(one["kind"], 0) + one["rows_read"]
    figures["rows_read"] = dict(sorted(rows.items()))
    figures["start"] = {
        "help": _best_start(["--help"]),
        "explain": _best_start(["explain", _some_uscc(snapshot), "--out", str(out)]),
    }
    figures["same_again"] = _run(landing, out)
    figures["baselines"] = _baselines(out, snapshot, [p for p in PROGRAMS if p not in options.skip])
    figures["night"] = _night(folder, landing, out, profile)
    figures["ingest"] = _ingests(landing, folder, sorted(rows))
    figures["results"] = _results(figures) | _growth(figures, profile, options.folder)
    _print(figures)
    (folder / "bench.json").write_text(
        json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    draw(figures, folder / "bench.svg")
    print(f"figures and picture: {folder / 'bench.json'}, {folder / 'bench.svg'}")


def _sample(target: Path, profile: Profile, seed: int) -> Path:
    """Landing files, made once: a sample that was broken off is begun anew."""
    if not target.is_dir():
        part = target.with_name(target.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        print(f"making landing files of {profile.entities:,} entities ...", flush=True)
        wanted = ["--entities", str(profile.entities), "--citizen-penalties", str(profile.citizen_penalties)]
        measure([COMMAND, "sample", str(part), *wanted, "--seed", str(seed), "--as-of", AS_OF, "-q"])
        part.rename(target)
    return target


def _run(landing: Path, out: Path) -> dict[str, Any]:
    asked = ["--landing", str(landing), "--out", str(out), "--as-of", AS_OF, "--publish", "-q"]
    spent = measure([COMMAND, "run", *asked])
    return {
        "seconds": round(spent.seconds, 1),
        "cpu_s": round(spent.cpu_s, 1),
        "peak_mib": round(spent.peak_mib),
        "stages": _stages(out),
    }


def _stages(out: Path) -> dict[str, float]:
    log = max((out / "logs").glob("*.jsonl"), key=lambda p: p.stat().st_mtime)
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {e["stage"]: e["seconds"] for e in events if e.get("event") == "stage_ended"}


def _latest(out: Path) -> tuple[Path, dict[str, Any]]:
    latest = json.loads((out / "latest.json").read_text(encoding="utf-8"))
    snapshot = out / latest["path"]
    loaded: dict[str, Any] = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    return snapshot, loaded


def _best_start(arguments: list[str]) -> float:
    """Seconds of the quickest of five starts (the first ones fill the page cache)."""
    return round(min(measure([COMMAND, *arguments], every_s=0.02).seconds for _ in range(5)), 2)


def _some_uscc(snapshot: Path) -> str:
    import pyarrow.parquet as pq

    table = pq.read_table(snapshot / "regulators" / "grades.parquet", columns=["uscc"])
    return str(table.column("uscc")[table.num_rows // 2])


def _baselines(out: Path, snapshot: Path, programs: list[str]) -> dict[str, Any]:
    """Each program in a process of its own; its answers must be those of the snapshot."""
    wanted = _answers_of(snapshot)
    figures = {}
    for program in programs:
        target = snapshot if program == "bare" else out / f"{program}.parquet"
        spent = measure(
            [sys.executable, "-m", "bench.baselines", program, "--lake", str(out / "lake"), "--as-of", AS_OF,
             "--target", str(target)]
        )  # fmt: skip
        figures[program] = {
            **json.loads(spent.output.splitlines()[-1]),
            "peak_mib": round(spent.peak_mib),
        }
        if program != "bare":
            differing = sum(1 for uscc, said in _answers_in(target).items() if wanted.get(uscc) != said)
            if differing or len(_answers_in(target)) != len(wanted):
                raise RuntimeError(f"{program}: {differing} answers differ from the snapshot's")
            figures[program]["answers"] = len(wanted)
    return figures


def _answers_of(snapshot: Path) -> dict[str, tuple[Any, ...]]:
    import pyarrow.parquet as pq

    grades = pq.read_table(
        snapshot / "regulators" / "grades.parquet", columns=["uscc", "risk_class"]
    ).to_pylist()
    classes = {row["uscc"]: row["risk_class"] for row in grades}
    columns = ["uscc", "status", "eligible"]
    rows = pq.read_table(snapshot / "desk" / "eligibility.parquet", columns=columns).to_pylist()
    return {row["uscc"]: (classes.get(row["uscc"]), row["status"], row["eligible"]) for row in rows}


def _answers_in(file: Path) -> dict[str, tuple[Any, ...]]:
    import pyarrow.parquet as pq

    rows = pq.read_table(file).to_pylist()
    return {row["uscc"]: (row["risk_class"], row["status"], row["eligible"]) for row in rows}


def _night(folder: Path, landing: Path, out: Path, profile: Profile) -> dict[str, Any]:
    """A run after 0.1 % more entities with their records have landed in files of their own."""
    few = replace(profile, entities=max(100, profile.entities // 1000))
    more = _sample(folder / "more", few, seed=2)
    try:
        for kind in (path for path in more.iterdir() if path.is_dir()):
            shutil.copytree(kind, landing / kind.name / _NIGHT, copy_function=os.link)
        return _run(landing, out)
    finally:
        _remove_night(landing)


def _remove_night(landing: Path) -> None:
    for landed in landing.glob(f"*/{_NIGHT}"):
        shutil.rmtree(landed)


def _ingests(landing: Path, folder: Path, kinds: list[str]) -> dict[str, dict[str, float]]:
    """Ingest of the wide kinds, which have a target, of the narrow ones, which have another, and of each kind alone."""
    together = {"wide": WIDE, "narrow": [kind for kind in kinds if kind not in WIDE]}
    return {
        name: _ingest(landing, folder, some) for name, some in (together | {k: [k] for k in kinds}).items()
    }


def _ingest(landing: Path, folder: Path, kinds: Sequence[str]) -> dict[str, float]:
    """Rows a second of some kinds' ingest with validation, beside the bare reading of their CSV files."""
    from flows.stages.ingest import ingest
    from policy import load_policy
    from records.errors import InputRefused
    from records.schema import KINDS_ZH

    place = folder / "some-kinds"
    shutil.rmtree(place, ignore_errors=True)
    wanted = {*kinds, *(KINDS_ZH[kind] for kind in kinds)}
    for source in (p for p in landing.iterdir() if p.name in wanted):
        shutil.copytree(source, place / "landing" / source.name, copy_function=os.link)
    now = datetime.now(UTC)
    policy = load_policy()
    began = time.perf_counter()
    try:
        intake = ingest(place / "landing", place / "lake", policy, today=now.date(), now=now)
        rows = sum(d.record["rows_read"] for d in intake.deliveries)
    except InputRefused as error:
        if error.rule != "no_entities":
            raise
        records = [path for kind in kinds for path in (place / "lake" / kind).glob("*.json")]
        rows = sum(json.loads(p.read_text(encoding="utf-8"))["rows_read"] for p in records)
    seconds = time.perf_counter() - began
    bare = _bare_seconds(place / "landing")
    shutil.rmtree(place)
    figures = {"rows": rows, "seconds": round(seconds, 1), "rows_per_s": round(rows / seconds)}
    if bare:
        figures["times_bare_csv_read"] = round(seconds / bare, 1)
    return figures


def _bare_seconds(folder: Path) -> float:
    """Reading the UTF-8 CSV files with pyarrow: the least that any program must do."""
    from pyarrow import csv, lib

    began = time.perf_counter()
    for path in folder.rglob("*.csv"):
        try:
            csv.read_csv(path)
        except (lib.ArrowInvalid, UnicodeDecodeError):
            continue  # another encoding: not part of the baseline
    return time.perf_counter() - began


def _after_ingest(run: dict[str, Any]) -> float:
    return round(sum(run["stages"].get(stage, 0.0) for stage in AFTER_INGEST), 1)


def _results(figures: dict[str, Any]) -> dict[str, float]:
    """The figures that have a target."""
    cold, programs = figures["cold"], figures["baselines"]
    after = _after_ingest(cold)
    same = figures["same_again"]
    results = {
        "resolve_to_publish_s": after,
        "peak_mib": cold["peak_mib"],
        "same_again_extra_s": round(same["seconds"] - _after_ingest(same), 1),
        "start_help_s": figures["start"]["help"],
        "start_explain_s": figures["start"]["explain"],
        "night_share": round(figures["night"]["seconds"] / cold["seconds"], 3),
    }
    for program, name in (("duckdb_sql", "times_duckdb_sql"), ("polars_program", "times_polars")):
        if program in programs:
            results[name] = round(after / programs[program]["seconds"], 2)
    if "pandas_program" in programs:
        results["pandas_times"] = round(programs["pandas_program"]["seconds"] / after, 2)
    if "bare" in programs:
        results["times_bare"] = round(after / programs["bare"]["seconds"], 2)
    return results


def _growth(figures: dict[str, Any], profile: Profile, folder: Path) -> dict[str, float]:
    """By how much more than the entities the time of a cold run grew since the profile `small`, where that was run."""
    before = folder / "small" / "bench.json"
    if figures["profile"] != "large" or not before.is_file():
        return {}
    small = json.loads(before.read_text(encoding="utf-8"))["cold"]["seconds"]
    times = figures["cold"]["seconds"] / small
    return {"times_linear": round(times / (profile.entities / PROFILES["small"].entities), 2)}


def _print(figures: dict[str, Any]) -> None:
    total = sum(figures["rows_read"].values())
    cold = figures["cold"]
    print(
        f"profile {figures['profile']}: {total:,} rows on {figures['cores']} cores, load {figures['load_before']}"
    )
    for name, title in (("cold", "cold run"), ("same_again", "the same again"), ("night", "0.1 % more")):
        one = figures[name]
        print(f"  {title:<22}{one['seconds']:>8} s  {one['cpu_s']:>8} CPU s   peak {one['peak_mib']:,} MiB")
    for stage, seconds in cold["stages"].items():
        print(f"    {stage:<20}{seconds:>8.1f} s")
    print("  from the lake to answers, by hand")
    for program, one in figures["baselines"].items():
        print(
            f"    {program:<20}{one['seconds']:>8} s  {one['cpu_s']:>8} CPU s   peak {one['peak_mib']:,} MiB"
        )
    print("  against the targets (seconds: of city-2m; ratios: of city; on two quiet cores)")
    for name, value in figures["results"].items():
        sign, figure = TARGETS.get(name, ("", 0.0))
        met = (
            ""
            if not sign
            else ("met" if (value <= figure if sign == "≤" else value >= figure) else "NOT met")
        )
        print(f"    {name:<24}{value:>10}   {sign} {figure if sign else '':<8} {met}")
    print("  ingest with validation")
    targets = {"wide": WIDE_ROWS_A_SECOND, "narrow": NARROW_ROWS_A_SECOND}
    for name, one in figures["ingest"].items():
        ratio, target = one.get("times_bare_csv_read"), targets.get(name)
        beside = f"{ratio:>7} × bare CSV read" if ratio else ""
        met = f"   ≥ {target:,} {'met' if one['rows_per_s'] >= target else 'NOT met'}" if target else ""
        print(f"    {name:<14}{one['rows']:>10,} rows {one['rows_per_s']:>9,} rows/s{beside}{met}")


if __name__ == "__main__":
    main()
