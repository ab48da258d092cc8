"""What the faults share: a zygote, and two undisturbed nights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.city import Known, prepare, zygote


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    with zygote() as mother:
        yield prepare(tmp_path_factory.mktemp("faults"), mother)
