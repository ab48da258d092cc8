"""``OUT/metrics.prom``: the last attempt for Prometheus (textfile collector). Counts and times; no class, no row."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows.control.folder import OutFolder
from flows.control.latest import read_latest
from flows.control.status import Status, read_last_good
from flows.days import ZONE
from publish.feeds import troubled_feeds
from records.lake.disk import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

Sample = tuple[Mapping[str, str], float]
_COUNTS = ("rows_read", "accepted", "quarantined", "duplicates")


def write_metrics(
    out: OutFolder, status: Status, seconds: Mapping[str, float], manifest: Mapping[str, Any] | None
) -> None:
    """Replaces the file whole.

    Args:
        out: the output folder; ``status.json`` has been written.
        status: of the attempt.
        seconds: that each stage took.
        manifest: of the snapshot that answers; None where the attempt failed.

    Raises:
        CreditgradeError, UsageError: ``disk_full``, ``not_writable``.
    """
    text = "".join(_family(*family) for family in _families(out, status, seconds, manifest))
    with whole_file(out.metrics, mode=0o644) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _families(
    out: OutFolder, status: Status, seconds: Mapping[str, float], manifest: Mapping[str, Any] | None
) -> Iterable[tuple[str, str, Sequence[Sample]]]:
    yield "last_run_exit_code", "Exit code of the last attempt (0 good).", [({}, status.exit_code)]
    yield (
        "last_run_info",
        "The last attempt: day, stage, rule.",
        [({"as_of": status.as_of or "", "stage": status.stage, "rule": status.rule or ""}, 1)],
    )
    yield "last_run_start_seconds", "When it began.", [({}, status.started_at.timestamp())]
    yield "last_run_end_seconds", "When it ended.", [({}, status.finished_at.timestamp())]
    yield "last_run_warnings", "Warnings of the last attempt.", [({}, len(status.warnings))]
    yield (
        "stage_duration_seconds",
        "How long each stage of the last attempt took.",
        [({"stage": stage}, round(value, 3)) for stage, value in seconds.items()],
    )
    good = read_last_good(out.status)
    if good is not None:
        at = datetime.fromisoformat(good["finished_at"]).timestamp()
        yield "last_success_seconds", "When an attempt last ended well.", [({}, at)]
    standing = read_latest(out)
    if standing is not None:
        day = date.fromisoformat(standing["as_of"])
        begins = datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()
        yield "latest_as_of_seconds", "Begin of the day that latest.json names.", [({}, begins)]
    yield "free_bytes", "Free bytes where OUT lies.", [({}, shutil.disk_usage(out.root).free)]
    if manifest is not None:
        yield from _of_manifest(manifest)


def _of_manifest(manifest: Mapping[str, Any]) -> Iterable[tuple[str, str, Sequence[Sample]]]:
    rows: dict[tuple[str, str], int] = {}
    newest: dict[str, date] = {}
    for item in manifest["inputs"]:
        for count in _COUNTS:
            key = (item["kind"], count)
            rows[key] = rows.get(key, 0) + item[count]
        if item.get("newest_event"):
            day = date.fromisoformat(item["newest_event"])
            newest[item["kind"]] = max(newest.get(item["kind"], day), day)
    yield (
        "rows",
        "Rows of all deliveries that take part.",
        [({"kind": kind, "count": count}, value) for (kind, count), value in sorted(rows.items())],
    )
    as_of = date.fromisoformat(manifest["as_of"])
    yield (
        "feed_age_days",
        "Days from the newest event of a kind to as_of.",
        [({"kind": kind}, (as_of - day) / timedelta(days=1)) for kind, day in sorted(newest.items())],
    )
    yield (
        "feed_problem",
        "Declared sources that are late, thin or unusually large.",
        [
            ({"feed": feed["id"], "kind": feed["kind"], "problem": feed["problem"]}, 1)
            for feed in troubled_feeds(manifest)
        ],
    )
    statuses = sorted(manifest["summary"]["statuses"].items())
    yield "entities", "Entities by status.", [({"status": status}, count) for status, count in statuses]
    yield "accepted_gaps", "Gaps that a person accepted.", [({}, len(manifest["accepted_gaps"]))]


def _family(name: str, help_text: str, samples: Sequence[Sample]) -> str:
    """One metric in the text format, version 0.0.4."""
    if not samples:
        return ""
    lines = [f"# HELP creditgrade_{name} {help_text}", f"# TYPE creditgrade_{name} gauge"]
    for labels, value in samples:
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"creditgrade_{name}{'{' + told + '}' if told else ''} {value:.17g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
