"""Law as data: dated parameters, code tables and the expert points, with their citations.

The names are imported when first asked for: the desk and the quick commands take `policy.folding` and `policy.uscc`
alone, without the models of every file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policy.cite import citations
    from policy.dated import Span
    from policy.errors import PolicyError
    from policy.feeds import Calendar, Feed
    from policy.folding import fold
    from policy.loading import load_policy
    from policy.points import Band, Indicator
    from policy.schema import policy_json_schema
    from policy.tables import (
        Alias,
        Authority,
        ContainsRule,
        Division,
        HonourType,
        ListType,
        Measure,
        PenaltyKind,
    )
    from policy.values import ListField, Policy

__all__ = [
    "Alias", "Authority", "Band", "Calendar", "ContainsRule", "Division", "Feed", "HonourType", "Indicator",
    "ListField", "ListType", "Measure", "PenaltyKind", "Policy", "PolicyError", "Span", "citations", "fold",
    "load_policy", "policy_json_schema",
]  # fmt: skip

_HOMES = {
    "cite": ("citations",), "dated": ("Span",), "errors": ("PolicyError",), "feeds": ("Calendar", "Feed"),
    "folding": ("fold",), "loading": ("load_policy",), "points": ("Band", "Indicator"),
    "schema": ("policy_json_schema",), "values": ("ListField", "Policy"),
    "tables": (
        "Alias", "Authority", "ContainsRule", "Division", "HonourType", "ListType", "Measure", "PenaltyKind",
    ),
}  # fmt: skip
_HOME_OF = {name: f"policy.{home}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
