"""``creditgrade prune``: what the policy no longer keeps goes; what answers are derived from always stays.

Kept whatever its age: every manifest, every eligibility table, the lake with what was received, acceptances, and
the snapshots that ``latest.json`` and ``status.json`` name.
"""

from __future__ import annotations

import calendar
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from flows.control.folder import OutFolder, existing_out
from flows.control.latest import read_latest
from flows.control.lock import one_run
from flows.control.status import read_last_good
from flows.days import ZONE
from publish.places import REPORTS
from publish.pruned import prune_snapshot, removable
from publish.revisions import revisions
from records.lake.disk import clear_disk_errors


@dataclass(frozen=True)
class Removal:
    """Files to go together.

    Attributes:
        place: the snapshot, the folder of its reports, or that of logs.
        files: relative to it.
        bytes: of all.
    """

    place: Path
    files: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What the policy no longer keeps on a day.

    Attributes:
        snapshots_before: snapshots of earlier days lose their bulk, and all their reports.
        logs_before: logs last written on an earlier day go.
    """

    snapshots_before: date
    logs_before: date
    snapshots: tuple[Removal, ...]
    reports: tuple[Removal, ...]
    logs: Removal

    @property
    def bytes(self) -> int:
        """That will be free."""
        return self.logs.bytes + sum(removal.bytes for removal in (*self.snapshots, *self.reports))


def prune(
    out: Path,
    policy: Path | None,
    *,
    now: datetime,
    dry_run: bool,
    wait_seconds: float,
    note: Callable[[str], None],
) -> Plan:
    """Removes what the policy no longer keeps; no run can be under way meanwhile.

    Args:
        out: the output folder.
        policy: folder of policy files; None for the built-in ones.
        now: the instant.
        dry_run: only say what would go.
        wait_seconds: how long to wait for a run to end.
        note: told when it waits.

    Raises:
        UsageError: ``out_missing``, ``not_writable``.
        CreditgradeError: ``run_busy``.
        PolicyError: the policy cannot be used.
    """
    from policy import load_policy

    rules = load_policy(policy)
    folder = existing_out(out)
    today = now.astimezone(ZONE).date()
    months = int(rules.value("retention_snapshot_months", today))
    days = int(rules.value("retention_log_days", today))
    if dry_run:
        return _plan(folder, _months_before(today, months), today - timedelta(days=days))
    run_id = f"prune-{secrets.token_hex(3)}"
    with one_run(folder.lock, run_id, wait_seconds, note), clear_disk_errors(folder.root):
        plan = _plan(folder, _months_before(today, months), today - timedelta(days=days))
        for removal in plan.snapshots:
            prune_snapshot(removal.place, removal.files, today)
        for removal in plan.reports:
            shutil.rmtree(removal.place)
        for name in plan.logs.files:
            (plan.logs.place / name).unlink(missing_ok=True)
    return plan


def _plan(out: OutFolder, snapshots_before: date, logs_before: date) -> Plan:
    kept = set(_named(out))
    snapshots, reports = [], []
    for revision in revisions(out.root):
        if revision.as_of < snapshots_before and revision.path.resolve() not in kept:
            files = removable(revision.path)
            if files:
                snapshots.append(Removal(revision.path, tuple(files), sum(files.values())))
            # They hold the same classes and names once more.
            folder = out.root / REPORTS / revision.name
            if folder.is_dir():
                sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
                reports.append(Removal(folder, tuple(sizes), sum(sizes.values())))
    logs = {
        path.name: path.stat().st_size
        for path in sorted(out.logs.glob("*.jsonl") if out.logs.is_dir() else ())
        if datetime.fromtimestamp(path.stat().st_mtime, ZONE).date() < logs_before
    }
    return Plan(
        snapshots_before,
        logs_before,
        tuple(snapshots),
        tuple(reports),
        Removal(out.logs, tuple(logs), sum(logs.values())),
    )


def _named(out: OutFolder) -> Iterator[Path]:
    """Snapshots that something stands on."""
    for value in (read_latest(out), read_last_good(out.status)):
        if value and value.get("path"):
            yield (out.root / str(value["path"])).resolve()


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def lines(plan: Plan, out: Path, *, dry_run: bool) -> list[str]:
    """What was, or would be, removed."""
    would = "would go" if dry_run else "removed"
    told = [
        f"{removal.place.relative_to(out)}: {len(removal.files)} files {would}, {_mib(removal.bytes)}"
        for removal in (*plan.snapshots, *plan.reports)
    ]
    if plan.logs.files:
        told.append(f"logs: {len(plan.logs.files)} files {would}, {_mib(plan.logs.bytes)}")
    return [
        *told,
        f"{_mib(plan.bytes)} {would}: snapshots before {plan.snapshots_before}, logs before {plan.logs_before}",
    ]


def _mib(count: int) -> str:
    return f"{count / (1 << 20):.1f} MiB"
