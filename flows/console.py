"""What a person at the terminal sees: stages while they run, warnings, and a table of counts at the end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from publish.explain import display_width, pad
from publish.feeds import feed_line, troubled_feeds
from publish.words import STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.control.folder import OutFolder
    from flows.pipeline import Answered

# A person reads so many at a time; a file each day may warn for ever.
_MOST_WARNINGS = 12
_STAGES = {
    "policy": "reading the policy",
    "ingest": "reading what has landed",
    "feeds": "looking at the age of the feeds",
    "grade": "grading",
    "publish": "writing and verifying the snapshot",
    "latest": "moving latest.json",
    "desk": "loading the desk's store",
}


class Console:
    """Progress on stderr, on a terminal only.

    Args:
        quiet: say nothing but errors, and what went wrong around a run that no file tells of.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live: Any = None
        self._began = time.monotonic()
        self._is_terminal = sys.stderr.isatty() and not quiet

    def __enter__(self) -> Console:
        if self._is_terminal:
            from rich.console import Console as RichConsole
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                console=RichConsole(stderr=True),
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def stage(self, name: str) -> None:
        """Shows a stage; the one before is over."""
        if self._live is not None:
            for task in self._live.task_ids:
                self._live.remove_task(task)
            self._live.add_task(_STAGES.get(name, name), total=None)

    def note(self, text: str) -> None:
        """One line on stderr."""
        if not self._quiet:
            self._print(text)

    def warn(self, text: str) -> None:
        """One line on stderr that is a warning, also where the run is quiet: cron sends it to somebody."""
        self._print(f"warning: {text}")

    def finished(self, answered: Answered, out: OutFolder) -> None:
        """The end of a good run: counts, and where everything is."""
        if self._quiet:
            return
        self._warn_of(answered)
        if answered.move.note and not answered.move.is_warning:
            self.note(answered.move.note)
        print("\n".join(_summary(answered, out, time.monotonic() - self._began)))

    def would_pass(self, answered: Answered) -> None:
        """The end of a check that found nothing to stop a run."""
        if self._quiet:
            return
        self._warn_of(answered)
        print("\n".join(_summary(answered, None, time.monotonic() - self._began)))

    def _warn_of(self, answered: Answered) -> None:
        folded = fold(answered.warnings)
        for warning in folded[:_MOST_WARNINGS]:
            self.warn(warning)
        if (more := len(folded) - _MOST_WARNINGS) > 0:
            self.warn(f"{more} more warnings stand in manifest.json and status.json")

    def _print(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=sys.stderr)


def _summary(answered: Answered, out: OutFolder | None, seconds: float) -> list[str]:
    published = answered.published
    manifest = published.manifest
    quarantined = dict.fromkeys(manifest["conservation"], 0)
    for item in manifest["inputs"]:
        quarantined[item["kind"]] = quarantined.get(item["kind"], 0) + item["quarantined"]
    state = "published" if published.is_new else "stands already, nothing to do"
    if out is None:
        state = (
            "this would pass; nothing was changed"
            if published.is_new
            else "nothing to do, the same inputs stand already; nothing was changed"
        )
    lines = [f"as of {manifest['as_of']}: {state} ({seconds:.1f} s)", ""]
    if troubled := troubled_feeds(manifest):
        lines += ["sources 数据来源", *(f"  {feed_line(feed)}" for feed in troubled), ""]
    lines += table("class 风险等级", sorted(manifest["summary"]["classes"].items()))
    statuses = manifest["summary"]["statuses"]
    lines += table(
        "status 快速通道",
        [(f"{code}  {STATUSES.get(code, ('',))[0]}", n) for code, n in sorted(statuses.items())],
    )
    lines += table(
        "quarantined rows 隔离", [(kind, n) for kind, n in sorted(quarantined.items()) if n] or [("none", 0)]
    )
    if out is None:
        return lines
    places = {
        "snapshot": published.path,
        "quarantine": published.path / "regulators" / "quarantine.csv",
        "data docs": out.datadocs / "index.html",
        "status": out.status,
    }
    return lines + [f"{name:<11} {path}" for name, path in places.items()]


def fold(warnings: Sequence[str]) -> list[str]:
    """What is said of many files alike in one line, after all that is said once.

    >>> fold(["licences/a.csv: empty file", "penalties are late: accepted", "licences/b.csv: empty file"])
    ['penalties are late: accepted', '2 files: empty file (licences/a.csv …)']
    """
    files: dict[str, list[str]] = {}
    for warning in warnings:
        file, text = _of_file(warning)
        files.setdefault(text, []).append(file)
    once = [w for w in warnings if len(files[_of_file(w)[1]]) == 1]
    alike = [f"{len(of)} files: {text} ({of[0]} …)" for text, of in files.items() if len(of) > 1]
    return once + alike


def _of_file(warning: str) -> tuple[str, str]:
    """The file that a warning is about, '' where it is about none, and what it says."""
    file, separator, text = warning.partition(": ")
    return (file, text) if separator and "/" in file else ("", warning)


def table(title: str, rows: Sequence[tuple[str, int]]) -> list[str]:
    """Names and counts as plain text."""
    width = max(display_width(text) for text in (title, *(name for name, _ in rows)))
    lines = [title, "-" * (width + 12)]
    return [*lines, *(f"{pad(name, width)}  {count:>10,}" for name, count in rows), ""]
