"""Declared sources in a manifest: which were late or thin on the day, for whatever must say so first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Late hides more than thin; one that sends too much hides nothing, but somebody should look.
_ORDER = ("late", "thin", "large")


def troubled_feeds(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The declared sources with a problem, late ones first, those that hold divisions before the others.

    Args:
        manifest: of a snapshot; one of before sources were described has none.

    Returns:
        items of ``summary.feeds``: ``id, kind, source, divisions, problem`` (late, thin, large)``, holds,
        limit_working_days, since, newest_event, rows, window_days, least, most, vanished``.
    """
    feeds = [feed for feed in manifest["summary"].get("feeds", []) if feed["problem"]]
    return sorted(feeds, key=lambda feed: (_ORDER.index(feed["problem"]), not feed["holds"], feed["id"]))


def feed_line(feed: Mapping[str, Any]) -> str:
    """One line about a source with a problem, for a person."""
    name = f"{feed['id']} {feed['source']} ({feed['kind']})"
    if feed["problem"] == "late":
        told = f"late 逾期未报: nothing since {feed['since']}, newest {feed['newest_event'] or 'none'}"
    elif feed["problem"] == "thin":
        told = f"thin 报送过少: {feed['rows']} rows in {feed['window_days']} days, at least {feed['least']}"
    else:
        told = f"unusually large 报送过多: {feed['rows']} rows in {feed['window_days']} days, at most {feed['most']}"
    held = f"; divisions {', '.join(feed['divisions'])} are held 待核" if feed["holds"] else ""
    return f"{name}: {told}{held}"
