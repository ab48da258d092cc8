"""The desk as the last stage of a night."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from desk.audit import Audit
from desk.audit_check import check, witnesses_in
from desk.places import Places
from desk.store import Store
from publish.verify import verify
from tests.integration.cli import conftest as nights
from tests.integration.desk.conftest import City
from tests.integration.desk.making import code

night = pytest.fixture(name="night")(nights.city.__wrapped__)


class TestNight:
    """The pipeline with made-up stages: what the desk adds to it."""

    def desk(self, night: nights.City, **values: Any) -> Places:
        town = City(night.out, Places.of(night.out))
        night.out.mkdir(exist_ok=True)
        places = town.places
        places.make_folder()
        from desk.databases import migrate, open_engine

        engine = open_engine(places.eligibility)
        migrate(engine, "eligibility")
        engine.dispose()
        return places

    def test_without_a_desk_the_night_is_as_before(self, night: nights.City) -> None:
        answered = night.run()
        assert "desk" not in night.told.stages
        assert "desk_audit_head" not in answered.published.manifest
        assert not (night.out / "desk").exists()

    def test_the_last_stage_loads_the_desk(self, night: nights.City) -> None:
        places = self.desk(night)
        answered = night.run()
        assert night.told.stages[-1] == "desk"
        store = Store(places)
        assert store.edition().snapshot == answered.published.path.name
        store.close()

    def test_a_day_that_is_not_published_is_not_loaded(self, night: nights.City) -> None:
        places = self.desk(night)
        night.run(as_of="2026-06-01")
        assert "desk" not in night.told.stages
        from records.errors import UsageError

        store = Store(places)
        with pytest.raises(UsageError, match="desk_empty"):
            store.edition()
        store.close()

    def test_the_manifest_witnesses_the_trail_and_nothing_else_changes(self, night: nights.City) -> None:
        from desk.audit import Entry, Who

        places = self.desk(night)
        who = Who("os:x", "operator", "cli")
        audit = Audit(places)
        audit.append(Entry(who, "check", code(1)))
        first = night.run()
        head = audit.head()
        assert first.published.manifest["desk_audit_head"] == head.as_json()
        assert "desk_audit_head" not in json.loads(
            (first.published.path / "desk" / "manifest.json").read_bytes()
        )
        assert verify(first.published.path) == []
        # More look-ups: the same inputs are still nothing to do.
        audit.append(Entry(who, "check", code(2)))
        again = night.run()
        assert (again.published.is_new, again.published.path) == (False, first.published.path)
        witnesses, _ = witnesses_in(night.out)
        assert [(one.entries, one.hash) for one in witnesses] == [(1, head.hash)]
        assert check(audit, witnesses) == []
        audit.close()

    def test_a_cut_trail_is_a_warning_of_the_next_night(self, night: nights.City) -> None:
        from desk.audit import Entry, Who

        places = self.desk(night)
        audit = Audit(places)
        for n in (1, 2):
            audit.append(Entry(Who("os:x", "operator", "cli"), "check", code(n)))
        audit.close()
        first = night.run().published
        where = f"{first.path.name}/manifest.json"
        told = f"the desk's audit trail ends at entry {{}}, {where} witnessed 2: its tail was cut"

        def told_now() -> list[str]:
            return [one for one in night.run().warnings if "audit trail" in one]

        assert told_now() == []
        with sqlite3.connect(night.out / "desk" / "audit.sqlite") as connection:
            connection.execute("DROP TRIGGER desk_audit_no_delete")
            connection.execute("DELETE FROM desk_audit WHERE seq = 2")
        connection.close()
        (line,) = told_now()
        assert line.startswith(told.format(1))
        for file in (night.out / "desk").glob("audit.sqlite*"):
            file.unlink()
        (line,) = told_now()
        assert line.startswith(told.format(0))

    def test_a_witness_that_cannot_be_read_is_a_warning_of_the_next_night(self, night: nights.City) -> None:
        from desk.audit import Entry, Who

        audit = Audit(self.desk(night))
        audit.append(Entry(Who("os:x", "operator", "cli"), "check", code(1)))
        audit.close()
        manifest = night.run().published.path / "manifest.json"
        manifest.write_text("{")
        (line,) = (one for one in night.run().warnings if "audit trail" in one)
        where = f"{manifest.parent.name}/manifest.json"
        assert (
            line
            == f"the desk's audit trail may have been cut: {where} cannot be read: its witness is missing"
        )

    def test_a_trail_that_cannot_be_read_delays_no_snapshot(
        self,
        night: nights.City,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("CREDITGRADE_DESK_AUDIT", f"sqlite:///{night.folder}/no/such/audit.sqlite")
        answered = night.run()
        assert answered.published.is_new
        assert any("audit trail is not witnessed" in warning for warning in answered.warnings)
