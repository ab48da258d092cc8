"""Reference engine: decides one entity at a time in plain Python, written from rules.md and contract.md alone.

It shares nothing with the set-based engine but the policy. It is slow and obvious; where the rules leave a
choice, the choice is listed in NOTES.md.
"""

from tests.reference.answers import Answer, Blocker
from tests.reference.engine import decide_all, decide_entity
from tests.reference.facts import Facts
from tests.reference.world import Row, World

__all__ = ["Answer", "Blocker", "Facts", "Row", "World", "decide_all", "decide_entity"]
