"""What the faults share: a zygote, and two undisturbed nights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.city import IN_THE_SUITE, TIMES, Known, prepare, zygote

collect_ignore = ["test_servers.py"] if TIMES <= IN_THE_SUITE else []


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    with zygote() as mother:
        yield prepare(tmp_path_factory.mktemp("faults"), mother)
