"""The shipped policy and a folder for each test's clocks."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policy import Policy, load_policy
from tests.unit.publicity.world import Entry, Penalty, clocks


@pytest.fixture(scope="session")
def shipped() -> Policy:
    return load_policy()


class Desk:
    """Asks for clocks, by day."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self._folder = folder
        self._policy = policy
        self._asked = 0

    def rows(
        self, as_of: date, penalties: list[Penalty], entries: list[Entry] | None = None, **more: Any
    ) -> list[dict[str, Any]]:
        """Every row, sorted by number and channel."""
        self._asked += 1
        found = clocks(self._folder / str(self._asked), self._policy, as_of, penalties, entries, **more)
        return sorted(found, key=lambda row: (str(row["doc_no"]), row["decided_on"], row["channel"]))

    def both(self, as_of: date, penalties: list[Penalty], **more: Any) -> dict[str, list[dict[str, Any]]]:
        """The rows of each channel, in the order of the penalties given: each must have one in both."""
        found = {(row["channel"], row["doc_no"]): row for row in self.rows(as_of, penalties, **more)}
        numbers = [p.number(n) for n, p in enumerate(penalties, 1)]
        return {
            channel: [found[channel, number] for number in numbers] for channel in ("gsxt", "creditchina")
        }


@pytest.fixture
def desk(tmp_path: Path, shipped: Policy) -> Desk:
    return Desk(tmp_path, shipped)
