"""Loading: the delta, both times, and everything that must be refused or do no harm. On both databases."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, make_url, select

from desk.databases import open_engine, reading, writing
from desk.files import read_snapshot
from desk.load import load
from desk.schema import ANSWERS, LOADS
from desk.tidying import to_the_disk
from records.errors import InputRefused, UsageError
from tests.integration.desk.conftest import NOON, City
from tests.integration.desk.making import DAY, blocker, code, entity, write_manifests

NEXT = date(2026, 7, 1)


def rows(city: City) -> int:
    with city.store.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(ANSWERS)).scalar_one())


class TestDelta:
    def test_a_first_load_takes_all(self, city: City) -> None:
        done = city.night([entity(1), entity(2, "NOT_BAD_RECORD")], [blocker(2)])
        assert (done.is_new, done.entities, done.added, done.changed, done.removed) == (True, 2, 2, 0, 0)
        assert city.ask(code(1)).code == "ELIGIBLE"
        assert city.ask(code(2)).code == "NOT_ELIGIBLE"

    def test_only_what_changed_is_written(self, city: City) -> None:
        city.night([entity(1), entity(2), entity(3), entity(4, "NOT_BAD_RECORD")], [blocker(4)])
        done = city.night(
            [entity(1), entity(2, "NOT_BAD_RECORD"), entity(4, "NOT_BAD_RECORD"), entity(5)],
            [blocker(2), blocker(4, blocks_until=date(2029, 1, 1))],
            as_of=NEXT,
        )
        assert (done.added, done.changed, done.removed) == (1, 2, 1)
        assert rows(city) == 4 + 3
        assert city.ask(code(3), on=NEXT).code == "NOT_IN_REGISTER"
        assert city.ask(code(4), on=NEXT).reasons[0].blocks_until == date(2029, 1, 1)

    def test_an_eligible_entity_is_no_change_from_day_to_day(self, city: City) -> None:
        city.night([entity(1)])
        done = city.night([entity(1)], as_of=NEXT)
        assert (done.added, done.changed, done.removed) == (0, 0, 0)
        assert done.is_new

    def test_what_stands_is_handed_over_in_few_pieces(
        self, city: City, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each piece is a statement of its own: one a row would take a city's delta minutes."""
        from desk.delta import Delta

        pieces: list[int] = []
        add = Delta.add_standing

        def counted(self: Delta, rows: Any) -> None:
            pieces.append(len(rows))
            add(self, rows)

        monkeypatch.setattr(Delta, "add_standing", counted)
        city.night([entity(n) for n in range(30)])
        done = city.night([entity(n) for n in range(29)], as_of=NEXT)
        assert pieces == [30]
        assert (done.added, done.changed, done.removed) == (0, 0, 1)

    def test_what_stands_is_handed_over_in_bounded_pieces(
        self, city: City, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("desk.standing._ROWS", 7)
        monkeypatch.setattr("desk.standing._BYTES", 130)
        city.night([entity(n) for n in range(30)])
        done = city.night([entity(n) for n in range(3, 33)], as_of=NEXT)
        assert (done.added, done.changed, done.removed) == (3, 0, 3)

    def test_a_list_of_one_reason_is_written_as_a_list_of_many(self) -> None:
        """Else every entity with one reason would count as changed on the night after an upgrade."""
        import duckdb

        one = "{'reason': 'A', 'doc_no': NULL, 'event_on': '2025-01-01', 'is_of_another': false}"
        single, many = duckdb.sql(
            f"SELECT '[' || to_json({one})::VARCHAR || ']', to_json(list_sort([{one}]))::VARCHAR"
        ).fetchall()[0]
        assert single == many

    def test_more_rows_than_one_chunk(self, town: City, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("desk.delta.CHUNK", 4)
        town.night([entity(n) for n in range(45)])
        done = town.night([entity(n) for n in range(5, 54)], as_of=NEXT)
        assert (done.added, done.changed, done.removed) == (9, 0, 5)
        codes = [town.ask(code(n), on=NEXT).code for n in range(54)]
        assert codes == ["NOT_IN_REGISTER"] * 5 + ["ELIGIBLE"] * 49


class TestTheLog:
    def test_it_comes_to_the_disk_in_pieces(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        done: list[tuple[int, int]] = []

        class Pages(mmap.mmap):
            def flush(self, offset: int = 0, size: int = 0) -> None:
                done.append((offset, size))
                super().flush(offset, size)

        monkeypatch.setattr(mmap, "mmap", Pages)
        monkeypatch.setattr("desk.tidying._PIECE_BYTES", 1 << 16)
        (tmp_path / "log").write_bytes(bytes(3 * (1 << 16) + 5))
        to_the_disk(str(tmp_path / "log"))
        assert done == [(0, 1 << 16), (1 << 16, 1 << 16), (2 << 16, 1 << 16), (3 << 16, 5)]

    def test_it_stands_until_the_database_is_on_the_disk_too(
        self, town: City, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Begun anew before, it would no longer hold what a power cut may take out of the database."""
        places = town.places
        town.night([entity(n) for n in range(3_000)])
        log, database = (Path(make_url(places.eligibility).database + end) for end in ("-wal", ""))
        engine = open_engine(places.eligibility)
        before = database.read_bytes()
        synced: list[str] = []

        def begun() -> bytes:
            return log.read_bytes()[:32]  # its header: two salts, drawn whenever it is begun anew

        def commit() -> None:
            with writing(engine) as connection:
                connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
                connection.exec_driver_sql("INSERT INTO t VALUES (1)")

        def sync(path: str) -> None:
            synced.append(path)
            if path == str(log):
                assert database.read_bytes() == before
            else:
                assert database.read_bytes() != before
                first = begun()
                commit()
                assert begun() == first
            to_the_disk(path)

        monkeypatch.setattr("desk.tidying.to_the_disk", sync)
        with reading(engine) as other:
            other.exec_driver_sql("SELECT count(*) FROM desk_answers").scalar_one()
            town.night([entity(n, "NOT_STATUS") for n in range(3_000)], as_of=NEXT)
            assert synced == [str(log), str(database)]
            # All but the commit in between is in the database; with that, the log may be begun anew.
            assert len(set(other.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()[1:])) == 1
            last = begun()
            commit()
            assert begun() != last
        engine.dispose()


class TestTimes:
    def test_as_the_list_stood_and_as_it_was_known(self, city: City) -> None:
        city.night([entity(1)], as_of=date(2026, 6, 1))
        city.night([entity(1, "NOT_BAD_RECORD")], [blocker(1)], as_of=date(2026, 6, 3))
        # The revision of the same day was known two days later.
        city.night(
            [entity(1, "HOLD_REVIEW")], [blocker(1, "HOLD_REVIEW")], as_of=date(2026, 6, 3), revision=2,
            now=datetime(2026, 6, 5, 4, tzinfo=UTC),
        )  # fmt: skip
        answers = {
            (on, known): city.ask(code(1), on=on, known_on=known).code
            for on in (date(2026, 6, 2), date(2026, 6, 4))
            for known in (None, date(2026, 6, 4))
        }
        assert answers == {
            (date(2026, 6, 2), None): "ELIGIBLE",
            (date(2026, 6, 2), date(2026, 6, 4)): "ELIGIBLE",
            (date(2026, 6, 4), None): "HELD",
            (date(2026, 6, 4), date(2026, 6, 4)): "NOT_ELIGIBLE",
        }
        assert [p.entity.status for p in city.store.history(code(1))] == [
            "ELIGIBLE_CLEAN3Y", "NOT_BAD_RECORD", "HOLD_REVIEW",
        ]  # fmt: skip

    def test_before_the_first_list_there_is_none(self, town: City) -> None:
        town.night([entity(1)])
        with pytest.raises(UsageError, match="no_list"):
            town.ask(code(1), on=date(2026, 6, 29))
        with pytest.raises(UsageError, match="no_list"):
            town.ask(code(1), on=NEXT, known_on=date(2026, 6, 29))


class TestRefused:
    def test_twice_is_nothing_to_do(self, city: City) -> None:
        snapshot = city.publish([entity(1)])
        assert city.load(snapshot).is_new
        again = city.load(snapshot, datetime(2026, 7, 2, tzinfo=UTC))
        assert not again.is_new
        assert len(city.store.editions()) == 1

    def test_an_older_one(self, city: City) -> None:
        older = city.publish([entity(1, "NOT_BAD_RECORD")], [blocker(1)], as_of=date(2026, 6, 29))
        city.night([entity(1)])
        with pytest.raises(InputRefused, match=r"older than as_of=2026-06-30.*snapshot_older"):
            city.load(older)
        assert city.ask(code(1)).code == "ELIGIBLE"

    def test_an_older_revision(self, town: City) -> None:
        first = town.publish([entity(1)])
        town.night([entity(1, "NOT_BAD_RECORD")], [blocker(1)], revision=2)
        with pytest.raises(InputRefused, match="snapshot_older"):
            town.load(first)

    def test_one_of_the_future(self, town: City) -> None:
        with pytest.raises(InputRefused, match="snapshot_future"):
            town.load(town.publish([entity(1)], as_of=NEXT))
        assert not (town.out / "desk").exists()

    def test_midnight_is_shanghais(self, town: City) -> None:
        late = datetime(2026, 6, 30, 16, 1, tzinfo=UTC)
        assert town.load(town.publish([entity(1)], as_of=NEXT), late).is_new

    def test_one_that_leaves_out_what_is_known(self, town: City) -> None:
        with pytest.raises(InputRefused, match="known_by"):
            town.load(town.publish([entity(1)], known_by="2026-06-01"))

    def test_one_of_an_earlier_version(self, town: City) -> None:
        with pytest.raises(UsageError, match="no_desk_policy"):
            town.load(town.publish([entity(1)], citations={}))

    def test_the_same_name_with_another_content(self, town: City) -> None:
        town.night([entity(1)])
        shutil.rmtree(town.out / "snapshots")
        with pytest.raises(InputRefused, match="snapshot_differs"):
            town.load(town.publish([entity(1, "NOT_STATUS")]))

    @pytest.mark.parametrize(
        "damage",
        ["cut", "other", "missing", "no json", "other manifest", "list of files", "rows", "no whole", "name"],
    )
    def test_a_damaged_one(self, town: City, damage: str) -> None:
        town.night([entity(1, "NOT_BAD_RECORD")], [blocker(1)])
        snapshot = town.publish([entity(1)], as_of=NEXT)
        table, manifest = snapshot / "desk" / "eligibility.parquet", snapshot / "desk" / "manifest.json"
        described = json.loads(manifest.read_bytes())
        if damage == "cut":
            table.write_bytes(table.read_bytes()[:-20])
        elif damage == "other":
            shutil.copy(town.out / "snapshots" / f"as_of={DAY}" / "desk" / "eligibility.parquet", table)
        elif damage == "missing":
            (snapshot / "desk" / "eligibility_blockers.parquet").unlink()
        elif damage == "no json":
            manifest.write_text("{")
        elif damage == "other manifest":
            manifest.write_text(json.dumps({**described, "accepted_gaps": ["x"]}))
        elif damage == "list of files":
            write_manifests(snapshot, {**described, "outputs": [{"path": "../grades.parquet"}]})
        elif damage == "rows":
            described["outputs"][0]["rows"] = 2
            write_manifests(snapshot, described)
        elif damage == "no whole":
            (snapshot / "manifest.json").unlink()
        else:
            write_manifests(snapshot, {**described, "snapshot": f"as_of={DAY}"})
        with pytest.raises(InputRefused, match="snapshot_damaged"):
            town.load(snapshot, datetime(2026, 7, 1, 4, tzinfo=UTC))
        assert len(town.store.editions()) == 1
        assert town.ask(code(1), on=NEXT).code == "NOT_ELIGIBLE"

    def test_a_pruned_one_is_whole_enough(self, town: City) -> None:
        snapshot = town.publish([entity(1)])
        manifest = snapshot / "desk" / "manifest.json"
        described = json.loads(manifest.read_bytes())
        gone = {"path": "disclosure.parquet", "rows": 1, "bytes": 1, "sha256": "0" * 64, "reproducible": True}
        write_manifests(snapshot, {**described, "outputs": [*described["outputs"], gone]})
        with pytest.raises(InputRefused, match=r"disclosure\.parquet"):
            town.load(snapshot)
        (snapshot / "pruned.json").write_text("{}")
        assert town.load(snapshot).is_new

    @pytest.mark.skipif("os.getuid() != 0", reason="only root can become another account")
    def test_the_desk_needs_no_access_to_regulators(self, town: City) -> None:
        snapshot = town.publish([entity(1)])
        (snapshot / "regulators").mkdir(mode=0o700)
        (snapshot / "manifest.json").chmod(0o600)
        for place in (snapshot / "desk", *snapshot.joinpath("desk").iterdir()):
            shutil.chown(place, "nobody", "nogroup")
        # Whoever passes through the folders above may not list them.
        for place in (snapshot, *snapshot.parents):
            if not place.stat().st_mode & 0o001:
                place.chmod(place.stat().st_mode | 0o001)
        assert as_nobody(lambda: read_snapshot(snapshot).rows == 1)
        assert as_nobody(lambda: not os.access(snapshot / "manifest.json", os.R_OK))


def as_nobody(holds: Callable[[], bool]) -> bool:
    """Whether something holds in a process of the account nobody."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover (a process of its own)
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os._exit(0 if holds() else 3)
        except BaseException:  # noqa: BLE001 (told by the exit code)
            os._exit(4)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


class TestAtOnce:
    def test_two_loads_at_once(self, city: City) -> None:
        snapshot = city.publish([entity(n) for n in range(3_000)])
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda _: load(snapshot, city.places, NOON), range(2)))
        assert sorted(one.is_new for one in done) == [False, True]
        assert rows(city) == 3_000

    def test_a_new_database_is_opened_by_many_at_once(self, tmp_path: Path) -> None:
        def opened(place: Path) -> str:
            engine = open_engine(f"sqlite:///{place}")
            try:
                all_there.wait()
                with writing(engine) as connection:
                    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
                    return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
            finally:
                engine.dispose()

        all_there = Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            for night in range(20):
                assert set(pool.map(opened, [tmp_path / f"{night}.sqlite"] * 4)) == {"wal"}

    def test_answers_come_while_a_load_is_under_way(self, city: City) -> None:
        city.night([entity(n) for n in range(2_000)])
        snapshot = city.publish([entity(n, "NOT_STATUS") for n in range(2_000)], as_of=NEXT)
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(city.load, snapshot, datetime(2026, 7, 1, 4, tzinfo=UTC))
            seen = set()
            while not loading.done():
                seen.add(city.ask(code(7), on=NEXT).code)
            loading.result()
        assert seen <= {"ELIGIBLE", "NOT_ELIGIBLE"}
        assert city.ask(code(7), on=NEXT).code == "NOT_ELIGIBLE"

    def test_a_kill_during_a_load_changes_nothing(self, city: City) -> None:
        city.night([entity(1)])
        snapshot = city.publish([entity(n, "NOT_STATUS") for n in range(1, 4_000)], as_of=NEXT)
        # It dies between the rows and the commit.
        program = (
            "import os, signal, sys\n"
            "from datetime import UTC, datetime\n"
            "from pathlib import Path\n"
            "import desk.load\n"
            "from desk.places import Places\n"
            "real = desk.load._insert\n"
            "def dying(connection, rows):\n"
            "    real(connection, rows)\n"
            "    print('inserted', flush=True)\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
            "desk.load._insert = dying\n"
            "places = Places(Path(sys.argv[2]), *sys.argv[3:6])\n"
            "desk.load.load(Path(sys.argv[1]), places, datetime(2026, 7, 1, 4, tzinfo=UTC))\n"
        )
        places = city.places
        argv = [str(snapshot), str(places.folder), places.eligibility, places.access, places.audit]
        killed = subprocess.run([sys.executable, "-c", program, *argv], capture_output=True, text=True)
        assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, "inserted\n"), killed.stderr
        assert city.ask(code(1), on=NEXT).code == "ELIGIBLE"
        assert len(city.store.editions()) == 1
        deadline = time.monotonic() + 20
        while True:  # PostgreSQL may need a moment to see that its client is gone
            assert time.monotonic() < deadline
            if city.load(snapshot, datetime(2026, 7, 1, 5, tzinfo=UTC)).is_new:
                break
        assert city.ask(code(1), on=NEXT).code == "NOT_ELIGIBLE"
        with city.store.engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(LOADS)).scalar_one() == 2
