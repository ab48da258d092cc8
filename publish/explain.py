"""Why this class and this status, rule by rule, as text that a regulator can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publish.columns import display_width, pad
from publish.lookup import Found
from publish.story.telling import tell
from publish.story.text import as_text

__all__ = ["display_width", "explain", "pad"]


def explain(found: Found, manifest: Mapping[str, Any]) -> list[str]:
    """The lines of the explanation, in both languages (`publish.story`).

    Args:
        found: the rows of one entity, which the snapshot knows.
        manifest: of the snapshot; it holds the titles of the indicators and the accepted gaps.
    """
    return as_text(tell(found, manifest))
