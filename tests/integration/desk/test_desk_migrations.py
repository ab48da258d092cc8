"""Migrations make the tables that the code reads, and know when they are too old. On both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from desk.databases import HEADS, Part, migrate, migrations, open_engine, version_table, writing
from desk.schema import ACCESS, AUDIT, ELIGIBILITY
from records.errors import CreditgradeError
from tests.integration.desk.conftest import City

METADATA = {"eligibility": ELIGIBILITY, "access": ACCESS, "audit": AUDIT}


@pytest.mark.parametrize("part", HEADS)
def test_the_newest_migration_is_the_one_that_is_asked_for(part: Part) -> None:
    assert ScriptDirectory.from_config(migrations(part)).get_current_head() == HEADS[part]


@pytest.mark.parametrize("part", HEADS)
def test_they_make_the_tables_of_the_schema(city: City, part: Part) -> None:
    city.places.make_folder()
    engine = open_engine(getattr(city.places, part))
    migrate(engine, part)
    migrate(engine, part)
    mine = set(METADATA[part].tables)

    def is_mine(thing: object, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or name in mine

    with engine.connect() as connection:
        options = {"include_object": is_mine, "compare_type": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA[part]) == []
    engine.dispose()


def test_a_database_of_a_later_version_is_left_alone(town: City) -> None:
    town.places.make_folder()
    engine = open_engine(town.places.access)
    migrate(engine, "access")
    with writing(engine) as connection:
        connection.execute(text(f"UPDATE {version_table('access')} SET version_num = 'a999'"))
    with pytest.raises(CreditgradeError, match="database_newer"):
        migrate(engine, "access")
    engine.dispose()
