"""The model card 模型卡: what a supervisor must know of a scorecard before relying on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy.learned import Act, Scorecard


def card_html(model: Scorecard, acts: Sequence[Act]) -> str:
    """The card as one HTML page without anything from outside."""
    return f"<!doctype html><title>{model.id}</title><p>{len(acts)}</p>"
