"""What a flow run shows on Prefect's page: a table of results and a list of links.

The page is open to whoever reaches the server: it shows counts, no class, no row (promise 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from publish.feeds import feed_line, troubled_feeds

if TYPE_CHECKING:
    from pathlib import Path

    from flows.pipeline import Answered
    from flows.request import Plan
    from records.errors import CreditgradeError

RESULT_KEY = "creditgrade-result"
LINKS_KEY = "creditgrade-links"
_COUNTS = ("rows_read", "accepted", "quarantined", "duplicates")


def report_answer(plan: Plan, answered: Answered) -> None:
    """Adds the artifacts of a good run to the flow run that is running."""
    snapshot = answered.published.path
    state = "published" if answered.published.is_new else "nothing to do: it stands already"
    manifest = answered.published.manifest
    rows = [{"what": f"snapshot {snapshot.name}", "value": state}]
    rows += [{"what": "source", "value": feed_line(feed)} for feed in troubled_feeds(manifest)]
    rows += result_rows(manifest)
    rows += [{"what": "warning", "value": text} for text in answered.warnings]
    _table(plan, rows, "ended well")
    places = {
        "snapshot": snapshot,
        "manifest": snapshot / "manifest.json",
        "quarantined rows": snapshot / "regulators" / "quarantine.csv",
        "data docs": plan.out.datadocs / "index.html",
        "status": plan.out.status,
    }
    _links(plan, places)


def report_failure(plan: Plan, failure: CreditgradeError) -> None:
    """Adds the artifacts of a failed run to the flow run that is running."""
    rows = [
        {"what": "exit code", "value": str(failure.exit_code)},
        {"what": "rule", "value": failure.rule},
        {"what": "message", "value": str(failure)},
    ]
    _table(plan, rows, "failed")
    _links(plan, {"status": plan.out.status, "latest good snapshot": plan.out.latest})


def result_rows(manifest: dict[str, Any]) -> list[dict[str, str]]:
    """Counts of a manifest, a line each: what was read of each kind, how many entities have which status."""
    sums: dict[str, dict[str, int]] = {}
    for item in manifest["inputs"]:
        counts = sums.setdefault(item["kind"], dict.fromkeys(_COUNTS, 0))
        for name in _COUNTS:
            counts[name] += item[name]
    read = [
        {
            "what": kind,
            "value": ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items()),
        }
        for kind, counts in sorted(sums.items())
    ]
    statuses = sorted(manifest["summary"]["statuses"].items())
    return read + [{"what": status, "value": f"{count:,}"} for status, count in statuses]


def _table(plan: Plan, rows: list[dict[str, str]], how: str) -> None:
    from prefect.artifacts import create_table_artifact

    create_table_artifact(table=rows, key=RESULT_KEY, description=f"as of {plan.as_of}: {how}")


def _links(plan: Plan, places: dict[str, Path]) -> None:
    from prefect.artifacts import create_markdown_artifact

    lines = [
        f"- {name}: [{path.resolve()}](file://{quote(str(path.resolve()))})" for name, path in places.items()
    ]
    create_markdown_artifact(
        markdown="\n".join([f"# As of {plan.as_of}", "", *lines]),
        key=LINKS_KEY,
        description="where it all is",
    )
