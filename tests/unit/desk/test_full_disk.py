"""A disk that fills below an embedded database is told as what it is, not as a wrong set-up."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk.databases import open_engine, writing
from records.errors import CreditgradeError


def test_a_full_disk(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'desk.sqlite'}")

    def fill() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql("CREATE TABLE t (text TEXT)")
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            connection.exec_driver_sql("INSERT INTO t VALUES (hex(zeroblob(100000)))")

    try:
        with pytest.raises(CreditgradeError) as caught:
            fill()
    finally:
        engine.dispose()
    assert (caught.value.rule, caught.value.exit_code) == ("disk_full", 1)
