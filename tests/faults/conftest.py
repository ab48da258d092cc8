"""What the faults share: a zygote, and two undisturbed nights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.city import IN_THE_SUITE, TIMES, Known, prepare, zygote

collect_ignore = ["test_servers.py"] if TIMES <= IN_THE_SUITE else []
_KILLED_IN = pytest.StashKey[Counter[str]]()


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Known]:
    with zygote() as mother:
        known = prepare(tmp_path_factory.mktemp("faults"), mother)
        request.config.stash[_KILLED_IN] = known.killed_in
        yield known


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """In which stages the kills fell."""
    if counts := config.stash.get(_KILLED_IN, Counter()):
        told = ", ".join(f"{stage} {count}" for stage, count in counts.most_common())
        terminalreporter.write_line(f"{counts.total()} kills fell in: {told}")
