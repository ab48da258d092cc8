"""Metrics, doctor, prune: what stands around a run, on a pipeline whose stages are made by hand."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.control.folder import OutFolder
from flows.doctor import Finding, Place, examine
from flows.explain import snapshot_of
from flows.prune import lines, prune
from publish.pruned import read_pruned
from publish.verify import verify
from records.errors import PromiseBroken, UsageError
from records.lake import Lake, Receipt, append_receipts
from tests.integration.nights.conftest import DAY, NOW, City


def metrics(city: City) -> dict[str, float]:
    """Samples by name and labels, as Prometheus' own parser reads them."""
    families = list(text_string_to_metric_families((city.out / "metrics.prom").read_text(encoding="utf-8")))
    names = [family.name for family in families]
    assert len(set(names)) == len(names) and all(family.documentation for family in families)
    return {
        sample.name + (str(dict(sorted(sample.labels.items()))) if sample.labels else ""): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_after_success_and_after_failure(city: City) -> None:
    city.run()
    good = metrics(city)
    assert good["creditgrade_last_run_exit_code"] == 0
    assert good["creditgrade_last_run_info{'as_of': '2026-06-30', 'rule': '', 'stage': 'done'}"] == 1
    assert (
        good["creditgrade_latest_as_of_seconds"]
        == datetime.fromisoformat("2026-06-30T00:00+08:00").timestamp()
    )
    assert good["creditgrade_feed_age_days{'kind': 'listings'}"] == 10
    assert good["creditgrade_rows{'count': 'accepted', 'kind': 'listings'}"] == 1
    assert "creditgrade_stage_duration_seconds{'stage': 'grade'}" in good
    assert not any("class" in name for name in good)
    city.fail["ingest"] = PromiseBroken('a "quoted"\nline', rule="rows_lost")
    with pytest.raises(PromiseBroken):
        city.run(now=NOW + timedelta(days=1))
    bad = metrics(city)
    assert bad["creditgrade_last_run_exit_code"] == 4
    assert (
        bad["creditgrade_last_run_info{'as_of': '2026-07-01', 'rule': 'rows_lost', 'stage': 'ingest'}"] == 1
    )
    assert bad["creditgrade_last_success_seconds"] == good["creditgrade_last_success_seconds"]
    assert (city.out / "metrics.prom").stat().st_mode & 0o777 == 0o644


def look(city: City, now: datetime = NOW, **change: object) -> dict[str, Finding]:
    place = Place(
        None, OutFolder(city.out), Lake(city.out / "lake"), None, now, {}, "127.0.0.1", 1, has_server=False
    )
    found = examine(replace(place, **change))  # type: ignore[arg-type]
    # Of several about one thing the worst counts.
    worst = sorted(found, key=lambda finding: ("ok", "warn", "bad").index(finding.level))
    return {finding.what: finding for finding in worst}


def levels(found: dict[str, Finding], level: str) -> set[str]:
    return {what for what, finding in found.items() if finding.level == level}


def test_a_healthy_installation(city: City) -> None:
    (city.folder / "landing").mkdir()
    city.run()
    found = look(city, landing=city.folder / "landing")
    assert levels(found, "bad") == set()
    assert {
        "landing",
        "out",
        "modes",
        "space",
        "lock",
        "clock",
        "key",
        "policy",
        "acceptances",
        "nights",
    } <= set(found)


def test_an_empty_landing_folder_is_told_of_where_the_lake_holds_deliveries(
    city: City, tmp_path: Path
) -> None:
    empty = tmp_path / "not-mounted"
    empty.mkdir()
    city.run()
    assert look(city, landing=empty)["landing"].level == "ok", "nothing was received yet"
    receipt = Receipt("penalties/a.csv", "penalties", "0" * 64, 1, NOW.date(), 1, NOW.isoformat())
    (city.out / "lake").mkdir(mode=0o700, exist_ok=True)
    append_receipts(Lake(city.out / "lake").journal, [receipt])
    found = look(city, landing=empty)["landing"]
    assert (found.level, "is its share mounted?" in found.told) == ("warn", True)


def test_what_the_doctor_finds(city: City, tmp_path: Path) -> None:
    (city.folder / "landing").mkdir()
    for days in (3, 0):
        city.run(now=NOW - timedelta(days=days))
    city.run(accept_stale=("honours",), reason="moving", until="2026-07-02")
    later = NOW + timedelta(days=2)
    assert "backfill 2026-06-28 2026-06-29" in look(city)["nights"].told
    assert look(city, now=later)["acceptances"].level == "warn"
    city.run(accept_stale=("honours",), reason="moving still", until="2026-07-20")
    assert look(city, now=later)["acceptances"].level == "ok", "the longer one goes on"

    found = look(city, now=NOW + timedelta(days=90), landing=tmp_path / "gone")
    assert {"landing", "nights", "freshness"} <= levels(found, "bad")

    (city.out / "lake").mkdir(mode=0o755, exist_ok=True)
    (city.out / "lake").chmod(0o755)
    assert "chmod" in look(city)["modes"].told
    handle = os.open(city.out / ".lock", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.utime(city.out / ".lock", (0, 0))
        assert look(city)["lock"].level == "bad"
    finally:
        os.close(handle)
    assert look(city)["lock"].level == "ok"
    found = look(city, has_server=True)
    assert found["server"].level == "bad" and "creditgrade nightly server" in found["server"].told

    rules = tmp_path / "rules"
    rules.mkdir()
    assert look(city, policy=rules)["policy"].level == "bad"
    status = json.loads((city.out / "status.json").read_text())
    (city.out / "status.json").write_text(
        json.dumps({**status, "exit_code": 3, "message": "file x is refused"})
    )
    assert look(city)["last run"].told == "exit 3: file x is refused"


def test_a_doctor_changes_nothing_where_nothing_is(city: City) -> None:
    found = look(city)
    assert levels(found, "bad") == set()
    assert not city.out.exists()


def snapshot(city: City, day: str) -> Path:
    return city.out / "snapshots" / f"as_of={day}"


def test_old_snapshots_keep_manifest_and_eligibility(city: City) -> None:
    city.run(now=NOW)
    city.run(now=NOW + timedelta(days=1))
    before = {
        p.relative_to(city.out): p.read_bytes()
        for p in snapshot(city, "2026-06-30").rglob("*")
        if p.is_file()
    }
    reports = city.out / "reports"
    for day in ("2026-06-30", "2026-07-01"):
        (reports / f"as_of={day}").mkdir(parents=True)
        (reports / f"as_of={day}" / "city.xlsx").write_bytes(b"classes")
    old = min(city.out.glob("logs/*"))
    os.utime(old, (NOW.timestamp(), NOW.timestamp()))
    later = NOW + timedelta(days=3 * 366 + 60)

    def remove(dry_run: bool, now: datetime = later) -> list[str]:
        plan = prune(city.out, None, now=now, dry_run=dry_run, wait_seconds=0, note=print)
        return lines(plan, city.out, dry_run=dry_run)

    assert len(remove(False, NOW + timedelta(days=300))) == 1  # too young, all of it
    told = remove(True)
    assert told[0].startswith("snapshots/as_of=2026-06-30: ") and "would go" in told[0]
    assert snapshot(city, "2026-06-30").joinpath("regulators", "grades.parquet").exists()
    remove(False)
    left = {
        p.relative_to(city.out): p.read_bytes()
        for p in snapshot(city, "2026-06-30").rglob("*")
        if p.is_file()
    }
    names = {path.name for path in left}
    assert {"manifest.json", "eligibility.parquet", "eligibility.csv", "pruned.json"} <= names
    assert not any("regulators" in path.parts for path in left)
    assert all(before[path] == data for path, data in left.items() if path.name != "pruned.json")
    assert not old.exists()
    # Workbooks of a day hold its classes once more.
    assert told[1].startswith("reports/as_of=2026-06-30: 1 files would go")
    assert [path.name for path in reports.iterdir()] == ["as_of=2026-07-01"]
    # The snapshot that latest.json names stays whole, however old; a second time nothing is left to do.
    assert snapshot(city, "2026-07-01").joinpath("regulators", "grades.parquet").exists()
    assert len(remove(False)) == 1

    with pytest.raises(UsageError) as caught:
        snapshot_of(city.out, DAY)
    assert caught.value.rule == "snapshot_pruned" and "--known-by 2026-06-30" in str(caught.value)
    assert snapshot_of(city.out, DAY, for_desk=True) == snapshot(city, "2026-06-30")

    pruned = read_pruned(snapshot(city, "2026-06-30"))
    assert pruned is not None and "regulators/grades.parquet" in pruned.files
    assert verify(snapshot(city, "2026-06-30")) == []
    (snapshot(city, "2026-06-30") / "desk" / "eligibility.csv").write_bytes(b"")
    assert [problem.rule for problem in verify(snapshot(city, "2026-06-30"))] == ["file_changed"]


def test_the_note_of_a_pruned_snapshot_hides_no_loss(city: City) -> None:
    city.run()
    place = snapshot(city, "2026-06-30")
    (place / "desk" / "eligibility.csv").unlink()
    note = {"pruned_on": "2026-07-01", "files": ["desk/eligibility.csv", "manifest.json"]}
    (place / "pruned.json").write_text(json.dumps(note))
    assert "file_missing" in {problem.rule for problem in verify(place)}


def test_prune_needs_a_folder_that_a_run_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        prune(tmp_path / "none", None, now=NOW, dry_run=False, wait_seconds=0, note=print)
    assert caught.value.rule == "out_missing"
