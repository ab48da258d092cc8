"""The one definition of validity: a Great Expectations suite for each record kind.

    validate(kind, verdicts) -> Validation      which rows are refused and flagged, and by which rule
    write_datadocs(found, folder)               counts only, as static pages

Great Expectations itself is imported by the first validation, not before.
"""

from expectations.datadocs import Counts, write_datadocs
from expectations.validation import BrokenRules, Outcome, Validation, broken_rules, validate

__all__ = ["BrokenRules", "Counts", "Outcome", "Validation", "broken_rules", "validate", "write_datadocs"]
