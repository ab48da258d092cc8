"""How records reach an entity: its own, through a predecessor, through a branch (rules.md head, §3, §4a)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.directory import Directory


@dataclass(frozen=True)
class Route:
    """A way from the entity that a record or held row is linked to, to the entity that is decided.

    Attributes:
        source: where the record is linked.
        nodes: every entity on the way, the decided one and the source among them.
        via_branch: whether it comes up from a branch.
    """

    source: str
    nodes: frozenset[str]
    via_branch: bool

    @property
    def is_own(self) -> bool:
        """Whether the record is linked to the decided entity itself."""
        return len(self.nodes) == 1


def routes_to(uscc: str, directory: Directory) -> list[Route]:
    """Own records and those of predecessors; those of branches and of their predecessors.

    Not those of a predecessor's branches.
    """
    chain = directory.chain(uscc)
    routes = [Route(source, frozenset(chain[: n + 1]), False) for n, source in enumerate(chain)]
    for branch in directory.branches(uscc):
        up = directory.chain(branch)
        routes += [Route(source, frozenset([uscc, *up[: n + 1]]), True) for n, source in enumerate(up)]
    return routes
