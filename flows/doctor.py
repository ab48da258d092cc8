"""``creditgrade doctor``: would tonight's run go well? It looks at everything around a run and changes nothing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from flows.acceptances import load_acceptances
from flows.control.failures import as_failure
from flows.control.folder import LEAST_FREE_BYTES, OutFolder
from flows.control.latest import read_latest
from flows.days import ZONE
from flows.nightly.night import missed
from flows.stages.ingest_landing import holds_no_file
from publish.feeds import feed_line, troubled_feeds
from records.lake import Lake, read_receipts
from records.lake.compact import lake_status

if TYPE_CHECKING:
    from policy import Policy

Level = Literal["ok", "warn", "bad"]
_MARKS: Mapping[Level, str] = {"ok": "ok  ", "warn": "WARN", "bad": "BAD "}
_STUCK_HOURS = 12


@dataclass(frozen=True)
class Finding:
    """What was found of one thing, and what to do."""

    what: str
    level: Level
    told: str

    def line(self) -> str:
        """One line."""
        return f"{_MARKS[self.level]} {self.what:<11} {self.told}"


@dataclass(frozen=True)
class Place:
    """What is looked at."""

    landing: Path | None
    out: OutFolder
    lake: Lake
    policy: Path | None
    now: datetime
    environ: Mapping[str, str]
    host: str
    port: int
    has_server: bool

    @property
    def today(self) -> date:
        """In Asia/Shanghai."""
        return self.now.astimezone(ZONE).date()


def examine(place: Place) -> list[Finding]:
    """All findings, in an order that a person reads; a look that fails is a finding itself."""
    looks: list[Callable[[Place], list[Finding]]] = [
        _folders, _modes, _space, _lock, _clock, _key, _lake, _policy, _acceptances, _freshness, _nights,
    ]  # fmt: skip
    if place.has_server:
        looks.append(_server)
    found: list[Finding] = []
    for look in looks:
        try:
            found += look(place)
        except Exception as error:  # noqa: BLE001 (whatever it is, the other looks go on)
            found.append(Finding(look.__name__.strip("_"), "bad", str(as_failure(error))))
    return found


def _folders(place: Place) -> list[Finding]:
    found = []
    if place.landing is not None:
        can_read = place.landing.is_dir() and os.access(place.landing, os.R_OK | os.X_OK)
        if not can_read:
            found.append(Finding("landing", "bad", f"{place.landing} cannot be read"))
        elif holds_no_file(place.landing) and read_receipts(place.lake.journal):
            told = f"{place.landing} holds no file at all, but the lake has deliveries: is its share mounted?"
            found.append(Finding("landing", "warn", told))
        else:
            found.append(Finding("landing", "ok", f"{place.landing}"))
    for what, folder in (("out", place.out.root), ("lake", place.lake.root)):
        if not folder.is_dir():
            found.append(Finding(what, "warn", f"{folder} is made by the first run"))
        else:
            can_write = os.access(folder, os.W_OK | os.X_OK)
            found.append(
                Finding(
                    what, "ok" if can_write else "bad", f"{folder}{'' if can_write else ' cannot be written'}"
                )
            )
    return found


def _modes(place: Place) -> list[Finding]:
    """Folders with names or clear ids in them are for their owner alone."""
    private = (
        place.lake.root, place.lake.received, place.out.logs, place.out.work, place.out.datadocs,
        place.out.root / ".prefect",
    )  # fmt: skip
    open_to_others = [p for p in private if p.is_dir() and stat.S_IMODE(p.stat().st_mode) & 0o077]
    if place.lake.key_file.exists() and stat.S_IMODE(place.lake.key_file.stat().st_mode) & 0o077:
        open_to_others.append(place.lake.key_file)
    if open_to_others:
        names = ", ".join(str(path) for path in open_to_others)
        return [Finding("modes", "bad", f"others may enter {names}: chmod go= on them")]
    return [Finding("modes", "ok", "private folders are for their owner alone")]


def _space(place: Place) -> list[Finding]:
    folder = place.out.root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    standing = read_latest(place.out)
    size = _size(place.out.root / standing["path"]) if standing else 0
    needed = LEAST_FREE_BYTES + 3 * size
    told = f"{free >> 20:,} MiB are free, a run needs {needed >> 20:,}"
    if free < needed:
        return [Finding("space", "bad", f"{told}: creditgrade prune makes room")]
    return [Finding("space", "warn" if free < 10 * needed else "ok", told)]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _lock(place: Place) -> list[Finding]:
    try:
        handle = os.open(place.out.lock, os.O_RDONLY)
    except FileNotFoundError:
        return [Finding("lock", "ok", "free")]
    try:
        # A shared lock for an instant: a run that begins just now waits for longer than that.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        hours = (place.now.timestamp() - os.fstat(handle).st_mtime) / 3600
        told = os.pread(handle, 4096, 0).decode("utf-8", "replace") or "a run"
        level: Level = "bad" if hours > _STUCK_HOURS else "warn"
        return [Finding("lock", level, f"held for {hours:.1f} h by {told}")]
    finally:
        os.close(handle)
    return [Finding("lock", "ok", "free")]


def _clock(place: Place) -> list[Finding]:
    local = place.now.astimezone(ZONE)
    found = [Finding("clock", "ok", f"{local:%Y-%m-%d %H:%M} Asia/Shanghai")]
    receipts = read_receipts(place.lake.journal)
    newest = max((receipt.landed_on for receipt in receipts), default=None)
    if newest is not None and newest > place.today:
        found = [
            Finding("clock", "bad", f"deliveries are of {newest}, but today is {place.today}: is it wrong?")
        ]
    here = datetime.fromtimestamp(place.now.timestamp()).astimezone()
    if here.utcoffset() != local.utcoffset():
        found.append(
            Finding(
                "time zone",
                "warn",
                f"this machine is in {here.tzname()}: a crontab line needs CRON_TZ=Asia/Shanghai",
            )
        )
    else:
        found.append(Finding("time zone", "ok", str(here.tzname())))
    return found


def _key(place: Place) -> list[Finding]:
    from records.lake.key import ENV_FILE, ENV_KEY, id_key

    if not place.lake.key_record.exists():
        return [Finding("key", "ok", "made by the first run")]
    id_key(place.lake, place.environ)  # reads only: the fingerprint stands already
    given = next((name for name in (ENV_KEY, ENV_FILE) if place.environ.get(name, "").strip()), None)
    if given is None:
        return [Finding("key", "warn", f"{place.lake.key_file} fits; keep a copy apart from the lake")]
    return [Finding("key", "ok", f"the key of {given} fits the lake")]


def _lake(place: Place) -> list[Finding]:
    found = lake_status(place.lake)
    if found.missing:
        return [
            Finding(
                "lake", "bad", f"{len(found.missing)} deliveries are lost, first {found.missing[0]}: restore"
            )
        ]
    files = sum(one.deliveries for one in found.kinds.values())
    return [Finding("lake", "ok", f"{files:,} deliveries, all there (lake status --read-all hashes them)")]


def _policy(place: Place) -> list[Finding]:
    policy = _load(place)
    if isinstance(policy, Finding):
        return [policy]
    overdue = policy.overdue(place.today)
    days = int(policy.value("review_warning_days", place.today))
    soon = [id_ for id_ in policy.overdue(place.today + timedelta(days=days)) if id_ not in overdue]
    found = [Finding("policy", "ok", policy.version)]
    if overdue:
        found.append(Finding("review", "warn", f"past its date: {_some(overdue)}"))
    if soon:
        found.append(Finding("review", "warn", f"due in {days} days: {_some(soon)}"))
    soon_year = place.today + timedelta(days=days)
    if not policy.holidays.covers(soon_year):
        found.append(
            Finding(
                "holidays",
                "warn",
                f"the arrangement of {soon_year.year} is not in holidays.yaml: only week-ends are known of it",
            )
        )
    return found


def _load(place: Place) -> Policy | Finding:
    from policy import PolicyError, load_policy

    try:
        return load_policy(place.policy)
    except PolicyError as error:
        return Finding("policy", "bad", str(error))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _acceptances(place: Place) -> list[Finding]:
    kept = load_acceptances(place.out.acceptances)
    standing = [item for item in kept if item.is_valid_on(place.today)]
    # Of several for the same gap the one that lasts longest says when it refuses again.
    last = {
        (item.kind, item.target): item for item in sorted(standing, key=lambda one: one.until or date.max)
    }
    soon = [item for item in last.values() if item.until and item.until <= place.today + timedelta(days=3)]
    if soon:
        names = _some([f"{item.kind} {item.target} ({item.until})" for item in soon])
        return [Finding("acceptances", "warn", f"end within three days, and refuse then: {names}")]
    return [Finding("acceptances", "ok", f"{len(standing)} in force, {len(kept) - len(standing)} over")]


def _freshness(place: Place) -> list[Finding]:
    """The age of the feeds as of the snapshot that stands, carried on to today."""
    from flows.stages.ingest_feeds import FRESHNESS

    standing, policy = read_latest(place.out), _load(place)
    if standing is None or isinstance(policy, Finding):
        return []
    manifest = json.loads((place.out.root / standing["path"] / "manifest.json").read_text(encoding="utf-8"))
    found = []
    for kind, parameter in FRESHNESS.items():
        limit = int(policy.value(parameter, place.today))
        days = [
            one["newest_event"] for one in manifest["inputs"] if one["kind"] == kind and one["newest_event"]
        ]
        if not days:
            continue
        age = (place.today - date.fromisoformat(max(days))).days
        level: Level = "bad" if age > limit else "warn" if age > limit * 3 // 4 else "ok"
        found.append(Finding("freshness", level, f"newest event of {kind} is {age} days old (limit {limit})"))
    return found + [Finding("source", "warn", feed_line(feed)) for feed in troubled_feeds(manifest)]


def _nights(place: Place) -> list[Finding]:
    standing = read_latest(place.out)
    if standing is None:
        return [Finding("nights", "warn", "nothing is published yet")]
    behind = (place.today - date.fromisoformat(standing["as_of"])).days
    level: Level = "ok" if behind <= 1 else "bad"
    found = [Finding("nights", level, f"latest.json stands at {standing['as_of']}")]
    gap = missed(place.out, place.today)
    if gap:
        told = f"{len(gap)} days have no snapshot: creditgrade backfill {gap[0]} {gap[-1]}"
        found.append(Finding("nights", "warn", told))
    try:
        status = json.loads(place.out.status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [*found, Finding("last run", "warn", "status.json cannot be read")]
    if status.get("exit_code"):
        found.append(Finding("last run", "bad", f"exit {status['exit_code']}: {status.get('message')}"))
    return found


def _server(place: Place) -> list[Finding]:
    from flows.nightly.server import server_version
    from flows.nightly.settings import api_url

    api = api_url(place.host, place.port)
    version = server_version(api)
    if version is None:
        return [Finding("server", "bad", f"no Prefect server answers at {api}: creditgrade nightly server")]
    from prefect.client.orchestration import get_client

    from flows.nightly.deployment import NAME, standing
    from flows.nightly.settings import ZONE_NAME

    found = [Finding("server", "ok", f"Prefect {version} at {api}")]
    with get_client(sync_client=True) as client:
        deployment = standing(client)
    if deployment is None:
        return [*found, Finding("schedule", "bad", f"no deployment {NAME}: creditgrade nightly serve")]
    told = deployment.line()
    if not any(is_on and zone == ZONE_NAME for _, zone, is_on in deployment.schedules):
        found.append(Finding("schedule", "bad", f"{told}: none is on in {ZONE_NAME}; serve again"))
    elif deployment.next_at is None:
        found.append(Finding("schedule", "bad", f"{told}: the server plans nothing; its log says why"))
    elif deployment.next_at < place.now - timedelta(minutes=5):
        found.append(
            Finding("schedule", "bad", f"{told}: nobody starts it; is creditgrade nightly serve up?")
        )
    elif deployment.parameters.get("out") != str(place.out.root.resolve()):
        found.append(Finding("schedule", "bad", f"it grades into {deployment.parameters.get('out')}"))
    else:
        found.append(Finding("schedule", "ok", told))
    return found
