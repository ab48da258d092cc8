"""The audit trail: every look-up, a chain that shows any change, heads that show a cut tail. On both databases."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from desk.asking import Question, ask
from desk.audit import Audit, Entry, Who, link
from desk.audit_check import check, csv_lines, witnesses_in
from desk.databases import writing
from desk.places import Places
from desk.witness import Witness
from records.errors import CreditgradeError, UsageError
from tests.integration.desk.conftest import WHO, City
from tests.integration.desk.making import DAY, code, entity


def tamper(audit: Audit, *statements: str) -> None:
    """What an administrator of the database could do."""
    is_sqlite = audit.engine.dialect.name == "sqlite"
    with writing(audit.engine) as connection:
        if is_sqlite:
            connection.execute(text("DROP TRIGGER desk_audit_no_update"))
            connection.execute(text("DROP TRIGGER desk_audit_no_delete"))
        else:
            connection.execute(text("ALTER TABLE desk_audit DISABLE TRIGGER ALL"))
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def asked(city: City) -> City:
    """Twenty look-ups."""
    city.night([entity(n) for n in range(20)])
    ask(city.store, city.audit, WHO, [Question(code(n), "出版物零售") for n in range(20)], on=DAY)
    return city


def test_each_look_up_says_who_when_whom_what_and_from_which_list(asked: City) -> None:
    entry = asked.audit.entries()[0]
    edition = asked.store.edition()
    assert (entry["who"], entry["role"], entry["channel"], entry["action"]) == (
        "os:tester",
        "operator",
        "cli",
        "check",
    )
    assert (entry["subject"], entry["item"]) == (code(19), "出版物零售")
    assert (entry["answer"], entry["status"]) == ("ELIGIBLE", "ELIGIBLE_CLEAN3Y")
    assert (entry["as_of"], entry["manifest_sha256"]) == ("2026-06-30", edition.manifest_sha256)
    assert json.loads(entry["detail"]) == {"on": "2026-06-30"}
    assert check(asked.audit) == []
    assert asked.audit.head().entries == 20


def test_many_writers_make_one_chain(city: City) -> None:
    trails = [city.audit, city.audit]
    with ThreadPoolExecutor(8) as pool:
        written = list(
            pool.map(
                lambda n: trails[n % 2].append(Entry(Who(f"u{n}", "desk", "web"), "check", code(n))),
                range(80),
            )
        )
    assert sorted(one.seq for one in written) == list(range(1, 81))
    assert len({one.code for one in written}) == 80
    assert check(city.audit) == []


def test_the_database_refuses_to_change_or_remove(asked: City) -> None:
    for statement in (
        "UPDATE desk_audit SET answer = 'NOT_ELIGIBLE'",
        "DELETE FROM desk_audit WHERE seq = 20",
    ):
        with pytest.raises(DBAPIError, match="append-only"), writing(asked.audit.engine) as connection:
            connection.execute(text(statement))
    assert check(asked.audit) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE desk_audit SET answer = 'HELD' WHERE seq = 7", "entry 7 was changed"),
        ("UPDATE desk_audit SET who = 'os:other' WHERE seq = 1", "entry 1 was changed"),
        ("DELETE FROM desk_audit WHERE seq = 7", "entry 7 is missing"),
        ("DELETE FROM desk_audit WHERE seq = 1", "entry 1 is missing"),
        ("UPDATE desk_audit SET seq = 21 WHERE seq = 20", "entry 20 is missing"),
    ],
)
def test_any_change_is_found(asked: City, statement: str, told: str) -> None:
    tamper(asked.audit, statement)
    assert told in check(asked.audit)[0]


def test_an_entry_that_is_forged_with_its_own_hash_breaks_the_next(asked: City) -> None:
    row = next(one for one in asked.audit.all() if one["seq"] == 7)
    forged = link({**row, "answer": "NOT_ELIGIBLE"})
    tamper(asked.audit, f"UPDATE desk_audit SET answer = 'NOT_ELIGIBLE', hash = '{forged}' WHERE seq = 7")
    assert check(asked.audit) == ["entry 8 does not follow the one before it"]


def test_a_cut_tail_shows_by_its_witness(asked: City) -> None:
    head = asked.audit.head()
    witness = Witness("as_of=2026-06-30/manifest.json", head.entries, head.hash)
    assert check(asked.audit, [witness]) == []
    tamper(asked.audit, "DELETE FROM desk_audit WHERE seq > 15")
    assert check(asked.audit) == []
    assert "its tail was cut" in check(asked.audit, [witness])[0]
    asked.audit.extend([Entry(WHO, "check", code(n)) for n in range(10)])
    assert "is not the one that" in check(asked.audit, [witness])[0]


def test_witnesses_are_read_from_manifests(tmp_path: Path) -> None:
    for name, content in (
        ("as_of=2026-06-28", '{"desk_audit_head": {"entries": 3, "hash": "ab", "at": ""}}'),
        ("as_of=2026-06-29", '{"as_of": "2026-06-29"}'),
        ("as_of=2026-06-30", "{"),
    ):
        (tmp_path / "snapshots" / name).mkdir(parents=True)
        (tmp_path / "snapshots" / name / "manifest.json").write_text(content)
    found, unread = witnesses_in(tmp_path)
    assert ([(one.entries, one.hash) for one in found], unread) == (
        [(3, "ab")],
        ["as_of=2026-06-30/manifest.json"],
    )


def test_where_the_trail_cannot_be_written_nothing_is_answered(town: City) -> None:
    town.night([entity(1)])
    audit = town.audit
    with writing(audit.engine) as connection:
        connection.execute(text("ALTER TABLE desk_audit RENAME TO gone"))
    with pytest.raises(CreditgradeError, match="database_damaged"):
        ask(town.store, audit, WHO, [Question(code(1))], on=DAY)


def test_a_trail_without_its_table_is_damaged(asked: City) -> None:
    audit = asked.audit
    with writing(audit.engine) as connection:
        connection.execute(text("DROP TABLE desk_audit"))
    for act in (audit.head, lambda: check(audit), lambda: audit.append(Entry(WHO, "check"))):
        with pytest.raises(CreditgradeError, match="database_damaged"):
            act()


def test_an_export_cannot_be_run_by_a_spreadsheet(town: City) -> None:
    town.audit.append(Entry(WHO, "check", "=1+1", item="@SUM(A1)"))
    exported = "".join(csv_lines(town.audit.all()))
    assert ",'=1+1,'@SUM(A1)," in exported


def test_the_trail_has_a_database_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="audit_not_apart"):
        Places.of(tmp_path, "postgresql://desk@db/desk", "postgresql://desk@db/desk")
    places = Places.of(tmp_path)
    assert len({places.eligibility, places.access, places.audit}) == 3


def test_a_new_entry_is_hashed_as_it_is_checked(town: City) -> None:
    """Two ways to one text: whatever can be typed must come out alike."""
    odd = '"\\\b\f\n\r\t\x00\x1f\x7f\u2028\u202e𠮷é\ud800'.encode("utf-8", "ignore").decode()
    town.audit.append(Entry(WHO, "check", odd, item=odd, detail={"on": odd}))
    assert check(town.audit) == []
