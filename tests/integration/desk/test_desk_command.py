"""The desk at the command line."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from desk.audit import Audit, Who
from desk.audit_check import check
from desk.places import Places
from flows.cli import _run
from records.errors import CreditgradeError, UsageError
from tests.integration.desk.conftest import City
from tests.integration.desk.making import blocker, code, entity


@pytest.fixture
def runs(town: City, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An output folder with a desk; the environment names it."""
    town.night(
        [entity(1), entity(2, "NOT_BAD_RECORD"), entity(3, name="=cmd|公司")],
        [blocker(2)],
        as_of=date(2026, 6, 30),
    )
    monkeypatch.setenv("CREDITGRADE_OUT", str(town.out))
    return town.out


@pytest.fixture(autouse=True)
def given_way(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a command gave way to others: this process shall not."""
    asked: list[int] = []
    monkeypatch.setattr(os, "nice", asked.append)
    monkeypatch.setattr(os, "sched_setscheduler", lambda _, policy, __: asked.append(policy))
    return asked


def test_one_and_many(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["desk", "check", code(1), "宣城第2商贸公司", "--on", "2026-07-01"]) == 0
    told = capsys.readouterr().out
    assert f"可以  ELIGIBLE  {code(1)}" in told
    assert "不可以  NOT_ELIGIBLE" in told and "宣市监罚字〔2025〕2号" in told
    assert "数据日期 2026-06-30，所问日期 2026-07-01，相距 1 天" in told and "距今" not in told
    assert _run(["desk", "check", code(1), "--item", "爆破作业", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["answer"] == "EXCLUDED_ITEM"


def test_who_asks_at_the_command_line_is_in_the_trail(runs: Path) -> None:
    import pwd

    _run(["desk", "check", code(1)])
    audit = Audit(Places.of(runs))
    entry = audit.entries()[0]
    audit.close()
    assert (entry["who"], entry["channel"]) == (f"os:{pwd.getpwuid(os.getuid()).pw_name}", "cli")


def test_a_file_in_and_out(runs: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "ids.csv", tmp_path / "answers.csv"
    source.write_text(
        f"统一社会信用代码,名称\n{code(1)},\n,=cmd|公司\n{code(7)},\n9.13418E+17,\n", encoding="gb18030"
    )
    arguments = ["desk", "check", "--in", str(source), "--out", str(target), "--on", "2026-06-30", "-q"]
    assert _run(arguments) == 0
    with open(target, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["answer"] for row in rows] == ["ELIGIBLE", "ELIGIBLE", "NOT_IN_REGISTER", "MALFORMED"]
    assert "科学计数法" in rows[3]["reasons"]
    assert rows[1]["name"] == rows[1]["asked"] == "'=cmd|公司"
    assert list(tmp_path.glob(".*.tmp")) == []


@pytest.fixture
def with_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of any length are looked up in a worker, two questions at a time."""
    monkeypatch.setattr("flows.desk_worker.WORTH_A_WORKER_BYTES", 1)
    monkeypatch.setattr("desk.bulk.TOGETHER", 2)


def test_a_worker_answers_the_same(
    runs: Path, tmp_path: Path, with_a_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, targets = tmp_path / "ids.csv", [tmp_path / "by_worker.csv", tmp_path / "here.csv"]
    asked = [f"{code(n)}," for n in range(9)] + [
        ",顺达商行",
        ",=cmd|公司",
        "11010519491231002X,",
        ',"a\n""b"',
    ]
    source.write_text("\n".join(["统一社会信用代码,名称", *asked]) + "\n", encoding="utf-8")
    for target in targets:
        assert _run(["desk", "check", "--in", str(source), "--out", str(target), "-q"]) == 0
        monkeypatch.setattr("flows.desk_worker.WORTH_A_WORKER_BYTES", 1 << 20)
    told = []
    for target in targets:
        with open(target, encoding="utf-8-sig", newline="") as file:
            told.append(list(csv.DictReader(file)))
    codes = [[row.pop("verification_code") for row in rows] for rows in told]
    assert told[0] == told[1]
    assert len(told[0]) == len(asked)
    trail = Audit(Places.of(runs))
    try:
        assert not list(check(trail, []))
        for rows, found in zip(told, codes, strict=True):
            entries = [trail.by_code(one) for one in found]
            assert [e and e["answer"] for e in entries] == [row["answer"] for row in rows]
            numbers = [e["seq"] for e in entries if e]
            assert numbers == list(range(numbers[0], numbers[0] + len(asked)))
    finally:
        trail.close()


def test_a_file_that_breaks_off_is_refused_with_a_worker_too(
    runs: Path, tmp_path: Path, with_a_worker: None, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "ids.csv", tmp_path / "answers.csv"
    source.write_text("uscc\n" + f"{code(1)}\n" * 9 + '"open\n')
    assert _run(["desk", "check", "--in", str(source), "--out", str(target), "-q"]) == 3
    assert "row_shape" in capsys.readouterr().err
    assert not target.exists() and not list(tmp_path.glob(".*.tmp"))


def test_what_a_worker_raises_is_told_as_it_was_raised(runs: Path, with_a_worker: None) -> None:
    from desk.asking import Question
    from flows.desk_worker import looking_up

    who, questions = Who("os:x", "operator", "cli"), [Question(code(1))]
    with (
        looking_up(Places.of(runs), 2, who, questions, date(2020, 1, 1), None) as found,
        pytest.raises(UsageError, match=r"^no list stood on 2020-01-01 \[no_list\]$") as raised,
    ):
        list(found)
    assert (raised.value.rule, raised.value.exit_code) == ("no_list", 2)


def test_a_dying_worker_is_one_clear_line(
    runs: Path, with_a_worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desk.asking import Question
    from flows import desk_worker

    monkeypatch.setattr(desk_worker, "_look_up", _die)
    who, questions = Who("os:x", "operator", "cli"), [Question(code(1))]
    with (
        desk_worker.looking_up(Places.of(runs), 2, who, questions, None, None) as found,
        pytest.raises(CreditgradeError, match=r"a worker process died .*\[worker_died\]"),
    ):
        list(found)


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_file_without_a_header_of_codes(runs: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "ids.csv", tmp_path / "answers.csv"
    source.write_text(f"{code(1)}\n{code(2)}\n")
    assert _run(["desk", "check", "--in", str(source), "--out", str(target), "-q"]) == 0
    assert len(target.read_text(encoding="utf-8-sig").splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["check"], "bad_option"),
        (["check", "x", "--in", "a"], "bad_option"),
        (["check", "--in", "missing.csv", "--out", "a.csv"], "file_missing"),
        (["check", "x", "--on", "yesterday"], "bad_date"),
        (["check", "x", "--on", "2020-01-01"], "no_list"),
        (["check", "x", "--database", "mysql://x/y"], "bad_database"),
        (["history", "x"], "bad_uscc"),
        (["history", code(9)], "unknown_uscc"),
        (["list", "--status", "GOOD", "--out", "a.csv"], "unknown_status"),
        (["load", "--snapshot", "nowhere"], "snapshot_missing"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    runs: Path, arguments: list[str], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(["desk", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and rule in told


def test_where_there_is_no_desk_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["desk", "check", "x", "--runs", str(tmp_path)]) == 2
    assert "desk_empty" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert _run(["desk", "check", "x"]) == 2
    assert "no_desk" in capsys.readouterr().err


def test_a_load_gives_way_to_look_ups(runs: Path, given_way: list[int]) -> None:
    assert _run(["desk", "check", code(1)]) == 0 and not given_way
    assert _run(["desk", "load", "--snapshot", str(runs / "snapshots" / "as_of=2026-06-30")]) == 0
    assert given_way == [10, os.SCHED_IDLE]


def test_a_load_gives_way_before_it_imports_anything_heavy() -> None:
    program = (
        "import os, sys\n"
        "os.nice = lambda _: print([name for name in ('sqlalchemy', 'pyarrow', 'duckdb') if name in sys.modules])\n"
        "from flows.cli import _run\n"
        "code = _run(['desk', 'load', '--snapshot', '/nowhere', '--runs', '/nowhere'])\n"
        "print(os.sched_getscheduler(0) == os.SCHED_IDLE)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "[]\nTrue\n") and "snapshot_missing" in done.stderr


def test_a_damaged_snapshot_is_refused_input(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = runs / "snapshots" / "as_of=2026-06-30"
    (snapshot / "desk" / "eligibility.parquet").write_bytes(b"x")
    assert _run(["desk", "load", "--snapshot", str(snapshot)]) == 3
    assert "snapshot_damaged" in capsys.readouterr().err


def test_history_and_lists(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["desk", "history", code(2)]) == 0
    assert "2026-06-30 → 今  不符合：三年内有不良记录" in capsys.readouterr().out
    target = tmp_path / "list.csv"
    assert (
        _run(
            ["desk", "list", "--division", "3418", "--status", "ELIGIBLE_CLEAN3Y", "--out", str(target), "-q"]
        )
        == 0
    )
    with open(target, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["uscc"] for row in rows] == [code(1), code(3)]
    assert rows[0]["eligible_on"] == "2026-06-30" and rows[1]["name"] == "'=cmd|公司"


def test_users_tokens_and_the_trail(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    def run(*arguments: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        ended = _run(["desk", *arguments])
        told = capsys.readouterr()
        return ended, told.out + told.err

    assert run("user", "add", "zhang", "--role", "desk", typed="correct horse battery\n")[0] == 0
    assert run("user", "add", "li", "--role", "desk", typed="short\n")[0] == 2
    assert run("user", "add", "li", "--role", "king", typed="correct horse battery\n")[0] == 2
    assert run("user", "change", "zhang", "--role", "auditor", "--close")[1] == "zhang: auditor, closed\n"
    assert "closed" in run("user", "list")[1]
    ended, told = run("token", "add", "审批系统", "--scope", "ask", "--days", "30")
    assert ended == 0 and "cgd_" in told
    token = told.split(":")[0] if not told.startswith("cgd_") else told.splitlines()[1].split(":")[0]
    assert run("token", "add", "x", "--scope", "settle")[0] == 2
    assert run("token", "revoke", token)[1] == f"{token}: revoked\n"
    assert "revoked" in run("token", "list")[1]
    exported = tmp_path / "audit.jsonl"
    assert run("audit", "export", "--out", str(exported))[0] == 0
    actions = [json.loads(line)["action"] for line in exported.read_text().splitlines()]
    assert actions == ["user_add", "user_change", "token_add", "token_revoke"]
    assert "every link holds" in run("audit", "verify")[1]
    snapshot = runs / "snapshots" / "as_of=2026-01-01"
    snapshot.mkdir(parents=True)
    (snapshot / "manifest.json").write_text("{")
    ended, told = run("audit", "verify", "-q")
    assert ended == 4
    assert "as_of=2026-01-01/manifest.json cannot be read: its witness is missing" in told


def test_a_broken_trail_ends_with_4(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(["desk", "check", code(1), code(2)])
    connection = sqlite3.connect(runs / "desk" / "audit.sqlite")
    connection.execute("DROP TRIGGER desk_audit_no_update")
    connection.execute("UPDATE desk_audit SET answer = 'ELIGIBLE' WHERE seq = 2")
    connection.commit()
    connection.close()
    assert _run(["desk", "audit", "verify"]) == 4
    assert "entry 2 was changed [audit_broken]" in capsys.readouterr().err


def _cut_to(length: int) -> Callable[[Path], None]:
    return lambda place: os.truncate(place, length)


def _overwritten(place: Path) -> None:
    with open(place, "r+b") as file:
        file.write(b"This is no database at all.")


def _said(*statements: str) -> Callable[[Path], None]:
    def say(place: Path) -> None:
        connection = sqlite3.connect(place)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return say


DAMAGES = {
    "cut": _cut_to(9_000),
    "cut within its first page": _cut_to(3_000),
    "overwritten": _overwritten,
    "no table": _said("DROP TABLE desk_audit"),
    "no version": _said("DROP TABLE desk_version_audit"),
    "no column": _said("DROP TRIGGER desk_audit_no_update", "ALTER TABLE desk_audit RENAME hash TO other"),
    "no text": _said(
        "DROP TRIGGER desk_audit_no_update", "UPDATE desk_audit SET who = cast(x'ff6f' AS TEXT) WHERE seq = 3"
    ),
    "bytes": _said("DROP TRIGGER desk_audit_no_update", "UPDATE desk_audit SET who = x'6f73' WHERE seq = 3"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_trail_is_one_clear_line_and_ends_with_4(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    _run(["desk", "check", *map(code, range(60))])
    capsys.readouterr()
    DAMAGES[damage](runs / "desk" / "audit.sqlite")
    assert _run(["desk", "audit", "verify"]) == 4
    told = capsys.readouterr().err
    assert told.startswith("creditgrade: the audit trail is not whole: ") and told.endswith(
        " [audit_broken]\n"
    )
    assert told.count("\n") == 1 or damage == "bytes", told
    assert "with text" not in told  # as the driver says it, with the value
    if damage in ("no text", "bytes"):
        return
    for arguments in (["check", code(1)], ["audit", "export", "--out", str(tmp_path / "trail.csv")]):
        assert _run(["desk", *arguments]) == 1
        told = capsys.readouterr().err
        assert told.endswith(" [database_damaged]\n") and told.count("\n") == 1
    assert not (tmp_path / "trail.csv").exists()
