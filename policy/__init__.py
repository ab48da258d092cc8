"""Law as data: dated parameters, code tables and the expert points, with their citations."""

from policy.cite import citations
from policy.dated import Span
from policy.errors import PolicyError
from policy.feeds import Calendar, Feed
from policy.folding import fold
from policy.loading import load_policy
from policy.points import Band, Indicator
from policy.schema import policy_json_schema
from policy.tables import Alias, Authority, ContainsRule, Division, HonourType, ListType, Measure, PenaltyKind
from policy.values import ListField, Policy

__all__ = [
    "Alias", "Authority", "Band", "Calendar", "ContainsRule", "Division", "Feed", "HonourType", "Indicator",
    "ListField", "ListType", "Measure", "PenaltyKind", "Policy", "PolicyError", "Span", "citations", "fold",
    "load_policy", "policy_json_schema",
]  # fmt: skip
