"""Every exit code of the contract, through the whole chain: what was wrong, where, and what stands afterwards."""

from __future__ import annotations

import gzip
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import policy
from flows.cli import _run
from records.lake import store
from tests.integration.errors import landing as files

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return files.make(tmp_path / "landing", TODAY)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def run(landing: Path, out: Path, *options: str) -> int:
    # With the day spelled out, a test that runs at midnight asks for one day only.
    day = () if "--as-of" in options else ("--as-of", TODAY.isoformat())
    return _run(["run", "--landing", str(landing), "--out", str(out), *day, *options])


def status(out: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((out / "status.json").read_text(encoding="utf-8"))
    return value


def manifest(out: Path) -> dict[str, Any]:
    path = out / json.loads((out / "latest.json").read_text())["path"]
    value: dict[str, Any] = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    return value


def failed(capsys: Capture, out: Path, exit_code: int, rule: str, words: str) -> None:
    """One clear line that names what it is about, and the same in the status file; nothing was published."""
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("creditgrade: ")
    assert words in error
    assert f"[{rule}]" in error
    told = status(out)
    assert (told["exit_code"], told["rule"]) == (exit_code, rule)
    assert f"creditgrade: {told['message']}" == error
    assert not (out / "latest.json").exists()
    assert not list((out / "snapshots").glob("*")) if (out / "snapshots").exists() else True


def no_known_header(path: Path) -> None:
    files.write(path, [("a", "b", "c"), ("1", "2", "3")])


def no_doc_no(path: Path) -> None:
    rows = files.penalties(TODAY)
    files.write(path, [row[:3] + row[4:] for row in rows])


def undecodable(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\xff\xfe\xfd\x81\x20\xff\n")


def half_a_gzip(path: Path) -> None:
    packed = gzip.compress(path.read_bytes() * 500)
    path.unlink()
    path.with_name("a.csv.gz").write_bytes(packed[: len(packed) // 2])


def text_called_workbook(path: Path) -> None:
    path.rename(path.with_name("a.xlsx"))


def workbook_called_text(path: Path) -> None:
    import xlsxwriter

    path.unlink()
    with xlsxwriter.Workbook(str(path.with_name("b.xlsx"))) as book:
        book.add_worksheet().write_row(0, 0, files.PENALTY_COLUMNS)
    path.with_name("b.xlsx").rename(path)


REFUSED: list[tuple[Callable[[Path], None], str, str]] = [
    (no_known_header, "missing_mandatory_column", "penalties/a.csv"),
    (no_doc_no, "missing_mandatory_column", "doc_no"),
    (undecodable, "file_undecodable", "penalties/a.csv"),
    (half_a_gzip, "file_unreadable", "penalties/a.csv.gz"),
    (text_called_workbook, "file_not_what_name_says", "penalties/a.xlsx"),
    (workbook_called_text, "file_not_what_name_says", "penalties/a.csv"),
]


class TestInputRefused:
    @pytest.mark.parametrize(
        ("spoil", "rule", "words"), REFUSED, ids=lambda value: getattr(value, "__name__", None)
    )
    def test_a_file_that_could_hide_a_fact(
        self, landing: Path, out: Path, capsys: Capture, spoil: Callable[[Path], None], rule: str, words: str
    ) -> None:
        spoil(landing / "penalties" / "a.csv")
        assert run(landing, out) == 3
        failed(capsys, out, 3, rule, words)

    def test_it_may_be_accepted_and_every_answer_says_so(
        self, landing: Path, out: Path, capsys: Capture
    ) -> None:
        no_doc_no(files.write(landing / "penalties" / "b.csv", []))
        assert run(landing, out) == 3
        capsys.readouterr()
        assert (
            run(landing, out, "--accept-refused", "penalties/b.csv", "--reason", "asked for a better one")
            == 0
        )
        (gap,) = manifest(out)["accepted_gaps"]
        assert (gap["path"], gap["reason"]) == ("penalties/b.csv", "asked for a better one")
        assert _run(["explain", files.code(1), "--out", str(out)]) == 0
        assert "penalties/b.csv" in capsys.readouterr().out
        # Without the end of a time it held for that run only.
        assert run(landing, out) == 3

    def test_a_refused_licence_file_is_a_warning(self, landing: Path, out: Path, capsys: Capture) -> None:
        files.write(landing / "licences" / "a.csv", [("a", "b"), ("1", "2")])
        assert run(landing, out) == 0
        assert "licences/a.csv" in capsys.readouterr().err
        assert any("licences/a.csv" in line for line in manifest(out)["warnings"])
        (refused,) = [i for i in manifest(out)["inputs"] if i["state"] == "refused"]
        assert (refused["path"], refused["rows_read"], refused["accepted"]) == ("licences/a.csv", 0, 0)

    def test_a_better_file_under_the_same_path_settles_it(self, landing: Path, out: Path) -> None:
        path = landing / "penalties" / "a.csv"
        sound = path.read_bytes()
        no_doc_no(path)
        assert run(landing, out) == 3
        path.write_bytes(sound)
        assert run(landing, out) == 0

    def test_an_empty_folder(self, tmp_path: Path, out: Path, capsys: Capture) -> None:
        (tmp_path / "empty").mkdir()
        assert run(tmp_path / "empty", out) == 3
        failed(capsys, out, 3, "no_entities", "no market entity")

    def test_an_unknown_folder(self, landing: Path, out: Path, capsys: Capture) -> None:
        files.write(landing / "fines" / "a.csv", [("a",)])
        assert run(landing, out) == 3
        failed(capsys, out, 3, "unknown_folder", "fines")

    def test_a_file_at_the_root(self, landing: Path, out: Path, capsys: Capture) -> None:
        files.write(landing / "penalties.csv", [("a",)])
        assert run(landing, out) == 3
        failed(capsys, out, 3, "file_at_root", "penalties.csv")


class TestPromiseBroken:
    @pytest.mark.parametrize(
        ("kind", "age", "rule"),
        [("penalties", None, "feed_missing"), ("listings", None, "feed_missing"), ("penalties", 21, "feed_late"),
         ("listings", 61, "feed_late")],
    )  # fmt: skip
    def test_a_feed(
        self, landing: Path, out: Path, capsys: Capture, kind: str, age: int | None, rule: str
    ) -> None:
        shutil.rmtree(landing / kind)
        if age is not None:
            make = {"penalties": files.penalties, "listings": files.listings}[kind]
            files.write(landing / kind / "a.csv", make(TODAY - timedelta(days=age)))
        assert run(landing, out) == 4
        failed(capsys, out, 4, rule, f"--accept-stale {kind}")
        assert run(landing, out, "--accept-stale", kind) == 0
        assert [gap["kind"] for gap in manifest(out)["accepted_gaps"]] == [kind]


class TestUsage:
    def test_a_landing_folder_that_does_not_exist(self, tmp_path: Path, out: Path, capsys: Capture) -> None:
        assert run(tmp_path / "nowhere", out) == 2
        failed(capsys, out, 2, "landing_missing", "nowhere")

    def test_a_date_that_is_none(self, landing: Path, out: Path, capsys: Capture) -> None:
        assert run(landing, out, "--as-of", "2026-02-30") == 2
        failed(capsys, out, 2, "bad_date", "--as-of '2026-02-30'")

    def test_an_output_that_cannot_be_written(self, landing: Path, tmp_path: Path, capsys: Capture) -> None:
        (tmp_path / "file").write_text("")
        assert run(landing, tmp_path / "file" / "out") == 2
        assert "cannot write" in capsys.readouterr().err

    def test_a_policy_file_with_an_unknown_key(
        self, landing: Path, out: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        folder = tmp_path / "policy"
        folder.mkdir()
        for path in Path(policy.__file__).parent.glob("*.yaml"):
            shutil.copy(path, folder)
        with open(folder / "policy.yaml", "a", encoding="utf-8") as file:
            file.write("\nsurprise: 1\n")
        assert run(landing, out, "--policy", str(folder)) == 2
        failed(capsys, out, 2, "policy_unusable", "policy.yaml")
        assert "surprise" in status(out)["message"]

    def test_another_key_than_that_of_the_lake(
        self, landing: Path, out: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CREDITGRADE_ID_KEY", "ab" * 32)
        assert run(landing, out, "--as-of", "2026-01-01") == 0
        capsys.readouterr()
        monkeypatch.setenv("CREDITGRADE_ID_KEY", "cd" * 32)
        assert run(landing, out, "--as-of", "2026-01-01") == 2
        assert "another key" in capsys.readouterr().err


class TestDays:
    def test_before_the_first_record(self, landing: Path, out: Path) -> None:
        assert run(landing, out, "--as-of", "1990-01-01") == 0
        path = out / "snapshots" / "as_of=1990-01-01"
        told = json.loads((path / "manifest.json").read_text())
        assert told["summary"]["classes"] == {} and told["summary"]["statuses"] == {}
        assert _run(["verify", str(path)]) == 0
        assert not (out / "latest.json").exists()

    def test_in_the_future(self, landing: Path, out: Path, capsys: Capture) -> None:
        day = (TODAY + timedelta(days=400)).isoformat()
        assert run(landing, out, "--as-of", day, "--publish") == 0
        assert f"{day} lies in the future" in capsys.readouterr().err
        assert not (out / "latest.json").exists()
        assert status(out)["exit_code"] == 0


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_run(
    landing: Path, out: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = landing / "licences" / "growing.csv"
    files.write(path, [("a", "b"), ("1", "2")])
    original = store._read_block

    def read_block(file: Any) -> bytes:
        if "growing" in path.read_text() or file.fileno() < 0:
            return original(file)
        if path.stat().st_ino == store.os.fstat(file.fileno()).st_ino:
            with open(path, "a") as more:
                more.write("growing,1\n")
        return original(file)

    monkeypatch.setattr(store, "_read_block", read_block)
    assert run(landing, out) == 0
    assert "licences/growing.csv: changed while it was read" in capsys.readouterr().err
    assert not [item for item in manifest(out)["inputs"] if item["kind"] == "licences"]
    assert run(landing, out) == 0
    assert [item["state"] for item in manifest(out)["inputs"] if item["kind"] == "licences"] == ["refused"]


@pytest.mark.parametrize("limit_bytes", [2_000, 20_000])
def test_a_full_disk(landing: Path, out: Path, limit_bytes: int) -> None:
    """No file may grow beyond a few blocks, which the system reports as it reports a full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "run", "--landing", str(landing), "--out", str(out), "-q"],
        capture_output=True, text=True, check=False, preexec_fn=limit,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1
    assert "no space left to write" in done.stderr
    assert status(out)["rule"] == "disk_full"
    assert not (out / "latest.json").exists()
    # With room again, the same command goes on where it stood.
    assert run(landing, out) == 0


def test_the_same_day_again_and_a_new_delivery(landing: Path, out: Path, capsys: Capture) -> None:
    assert run(landing, out) == 0
    first = manifest(out)
    assert run(landing, out) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert manifest(out) == first
    files.write(landing / "penalties" / "b.csv", files.penalties(TODAY - timedelta(days=1)))
    assert run(landing, out) == 0
    assert (manifest(out)["snapshot"], manifest(out)["supersedes"]) == (
        f"as_of={TODAY}.r2", f"as_of={TODAY}",
    )  # fmt: skip


def test_a_withdrawn_delivery(landing: Path, out: Path, capsys: Capture) -> None:
    path = files.write(landing / "penalties" / "b.csv", files.penalties(date(2026, 1, 5)))
    assert run(landing, out) == 0
    (sha256,) = [item["sha256"] for item in manifest(out)["inputs"] if item["path"] == "penalties/b.csv"]
    path.unlink()
    assert _run(["lake", "withdraw", sha256, "--reason", "sent twice", "--out", str(out)]) == 0
    assert _run(["lake", "withdraw", sha256, "--reason", "sent twice", "--out", str(out)]) == 2
    assert run(landing, out) == 0
    (item,) = [item for item in manifest(out)["inputs"] if item["path"] == "penalties/b.csv"]
    assert (item["state"], item["accepted"]) == ("withdrawn", 0)
    assert any("sent twice" in line for line in manifest(out)["warnings"])
