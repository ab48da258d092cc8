"""Every exit code of the contract: what was wrong, where, and what stands afterwards."""

from __future__ import annotations

import gzip
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import policy
from flows import pipeline
from flows.request import Plan
from models.engine import EngineResult
from policy import Policy
from publish.tables import TABLES
from records.intake import Intake
from records.lake import store
from tests.integration.errors import landing as files
from tests.integration.errors.conftest import TODAY, manifest, run, status
from tests.integration.errors.landing import no_doc_no

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _nothing_is_graded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is refused is refused before anything is graded; what is not has an empty answer here."""

    def grade(plan: Plan, policy: Policy, intake: Intake, work: Path) -> EngineResult:
        tables = {}
        for spec in TABLES:
            tables[spec.name] = work / f"{spec.name}.parquet"
            pq.write_table(spec.schema.empty_table(), tables[spec.name])
        counts = Counter[str]()
        for delivery in intake.deliveries:
            counts[delivery.kind] += delivery.record["accepted"] if delivery.takes_part else 0
        conservation = {
            kind: {"accepted": rows, "current": rows, "superseded": 0, "withdrawn": 0, "unmatched": 0}
            for kind, rows in counts.items()
        }
        return EngineResult(tables, conservation, {"classes": {}, "statuses": {}, "divisions": {}})

    monkeypatch.setattr(pipeline, "grade", grade)


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

    @pytest.mark.parametrize("options", [("--out", ""), ("--out", "out"), ("--lake", "lake")])
    @pytest.mark.parametrize("check", [(), ("--check",)])
    def test_nothing_is_written_among_what_was_delivered(
        self,
        landing: Path,
        tmp_path: Path,
        capsys: Capture,
        options: tuple[str, str],
        check: tuple[str, ...],
    ) -> None:
        before = sorted(landing.rglob("*"))
        option, place = options
        assert run(landing, tmp_path / "out", *check, option, str(landing / place)) == 2
        assert "out_in_landing" in capsys.readouterr().err
        assert sorted(landing.rglob("*")) == before

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
