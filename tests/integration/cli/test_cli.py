"""The commands as a person types them: exit codes, one line on stderr, and quick starts."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli import _run
from flows.explain import read_uscc
from publish.snapshot import publish
from records.errors import UsageError
from records.identifiers import uscc_check, uscc_defect
from tests.integration.cli.conftest import City
from tests.integration.publish.graded import Graded, default_rows

Capture = pytest.CaptureFixture[str]


def code(body: str) -> str:
    return body + uscc_check(body)


ONE, TWO, THREE = code("91341802MAX000001"), code("91341802MAX000002"), code("92341802MAX000003")


@pytest.fixture(scope="module")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder with one snapshot of three entities whose codes are valid. Not to be changed."""
    folder = tmp_path_factory.mktemp("published")
    graded = Graded(folder / "engine")
    names = sorted({row["uscc"] for row in default_rows()["grades"]})
    valid = dict(zip(names, (ONE, TWO, THREE), strict=True))
    for name in ("grades", "grade_reasons", "eligibility", "eligibility_blockers", "sampling_plan"):
        for row in graded.rows[name]:
            row["uscc"] = valid[row["uscc"]]
    (folder / "out").mkdir()
    publish(graded.result(), graded.edition(), folder / "out")
    return folder / "out"


@pytest.fixture
def out(published_once: Path, tmp_path: Path) -> Path:
    """A copy of it, which a test may change."""
    return Path(shutil.copytree(published_once, tmp_path / "out"))


def one_line(capsys: Capture) -> str:
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("creditgrade: ")
    return captured.err


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], "Missing command"),
            (["grade"], "No such command 'grade'"),
            (["run"], "Missing option '--landing'"),
            (["run", "--landing", "x"], "Missing option '--out'"),
            (["run", "--landing", "x", "--out", "y", "--frobnicate"], "--frobnicate"),
            (["run", "--landing", "x", "--out", "y", "--wait", "-1"], "--wait"),
            (["sample"], "Missing argument 'DIR'"),
            (["sample", "x", "--entities", "19"], "--entities"),
            (["sample", "x", "--entities", "many"], "--entities"),
            (["explain", "x"], "Missing option '--out'"),
            (["verify"], "Missing argument"),
            (["verify", "/no/such/folder"], "is no folder"),
            (["lake"], "Missing command"),
            (["lake", "withdraw", "ab"], "Missing option '--reason'"),
            (["lake", "withdraw", "ab", "--reason", "x"], "--lake DIR or --out DIR"),
            (["lake", "withdraw", "ab", "--reason", "x", "--out", "/no/such/folder"], "is no lake"),
        ],
        ids=" ".join,
    )
    def test_wrong_usage_is_2_and_one_line(self, capsys: Capture, arguments: list[str], words: str) -> None:
        assert _run(arguments) == 2
        assert words in one_line(capsys)

    @pytest.mark.parametrize(
        "arguments", [["--help"], ["run", "--help"], ["lake", "withdraw", "--help"]], ids=" ".join
    )
    def test_help(self, capsys: Capture, arguments: list[str]) -> None:
        assert _run(arguments) == 0
        assert capsys.readouterr().out.startswith("Usage: creditgrade")


class TestRun:
    def arguments(self, city: City) -> list[str]:
        return [
            "run",
            "--landing",
            str(city.folder / "landing"),
            "--out",
            str(city.out),
            "--as-of",
            "2026-06-30",
        ]

    def test_the_table_at_the_end(self, city: City, capsys: Capture) -> None:
        assert _run(self.arguments(city)) == 0
        told = capsys.readouterr()
        assert "status 快速通道" in told.out
        assert "NOT_BAD_RECORD  不符合" in told.out
        assert [line.split() for line in told.out.splitlines() if line.startswith("penalties")] == [
            ["penalties", "2"]
        ]
        assert str(city.out / "snapshots" / "as_of=2026-06-30") in told.out
        assert "warning: a warning of the engine" in told.err

    def test_quiet_says_nothing(self, city: City, capsys: Capture) -> None:
        assert _run([*self.arguments(city), "-q"]) == 0
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize(
        ("command", "words"), [("false", "false ended with 1"), ("/no/such/command", "No such file")]
    )
    def test_a_notifier_that_fails_is_told_of_also_when_quiet(
        self, city: City, capsys: Capture, command: str, words: str
    ) -> None:
        assert _run([*self.arguments(city), "-q", "--on-finish", command]) == 0
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("warning: --on-finish: ") and words in told.err
        city.fail["ingest"] = UsageError("no", rule="landing_missing")
        assert _run([*self.arguments(city), "-q", "--on-finish", command, "--as-of", "2026-06-29"]) == 2
        assert words in capsys.readouterr().err

    def test_an_error_is_one_line_also_when_quiet(self, city: City, capsys: Capture) -> None:
        city.graded.conservation["penalties"]["current"] += 1
        assert _run([*self.arguments(city), "-q"]) == 4
        assert "conservation_of_kind" in one_line(capsys)

    @pytest.mark.parametrize("place", [["--debug", "run"], ["run", "--debug"]])
    def test_debug_shows_the_traceback(self, city: City, capsys: Capture, place: list[str]) -> None:
        city.fail["grade"] = ValueError("what went wrong")
        assert _run([*place, *self.arguments(city)[1:]]) == 1
        told = capsys.readouterr().err
        assert "Traceback" in told
        assert "what went wrong" in told
        assert _run(self.arguments(city)) == 1
        assert "what went wrong" not in one_line(capsys)


class TestExplain:
    def test_class_reasons_status_and_blockers(self, out: Path, capsys: Capture) -> None:
        assert _run(["explain", TWO.lower(), "--out", str(out)]) == 0
        text = capsys.readouterr().out
        for words in (
            "Risk class 信用风险等级: B", "230.55", "GENERAL_12M 近期有一般处罚", "PENALTY_GENERAL", "成立年限",
            "sum 合计", "NOT_BAD_RECORD  不符合：三年内有不良记录", "宣市监罚〔2026〕1号",
            "2029-01-05", "general_penalty",
        ):  # fmt: skip
            assert words in text, words
        (total,) = (line for line in text.splitlines() if "sum 合计" in line)
        assert total.endswith("230.55")

    def test_an_eligible_one(self, out: Path, capsys: Capture) -> None:
        assert _run(["explain", ONE, "--out", str(out), "--as-of", "2026-06-30"]) == 0
        text = capsys.readouterr().out
        assert "Fast-track eligibility 快速通道: yes 是" in text
        assert "grounds 依据: CLEAN3Y 三年内无不良记录" in text

    def test_one_without_class(self, out: Path, capsys: Capture) -> None:
        assert _run(["explain", THREE, "--out", str(out)]) == 0
        assert "none 不分级 (NOT_IN_SCOPE" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("uscc", "options", "words"),
        [
            (code("91341802MAX000009"), [], "no entity has the USCC"),
            ("91341802", [], "it has 8 characters, not 18"),
            ("91341802MAX00000IK", [], "'I' never stands in one"),
            (ONE[:-1] + ("0" if ONE[-1] != "0" else "1"), [], "its check digit does not fit"),
            (ONE, ["--as-of", "2020-01-01"], "holds no snapshot for 2020-01-01"),
            (ONE, ["--as-of", "soon"], "is no date"),
            (ONE, ["--out", "/no/such/folder"], "does not exist"),
        ],
    )
    def test_what_cannot_be_explained_is_2(
        self, out: Path, capsys: Capture, uscc: str, options: list[str], words: str
    ) -> None:
        assert _run(["explain", uscc, "--out", str(out), *options]) == 2
        assert words in one_line(capsys)

    def test_the_newest_revision_of_a_day(self, out: Path, capsys: Capture) -> None:
        folder = out / "snapshots" / "as_of=2026-06-30"
        second = out / "snapshots" / "as_of=2026-06-30.r2"
        subprocess.run(["cp", "-r", str(folder), str(second)], check=True)
        _run(["explain", ONE, "--out", str(out)])
        assert str(second) in capsys.readouterr().out
        manifest = json.loads((second / "manifest.json").read_text())
        (second / "manifest.json").write_text(json.dumps({**manifest, "known_by": "2026-06-01"}))
        _run(["explain", ONE, "--out", str(out)])
        assert str(second) not in capsys.readouterr().out

    def test_a_name_cannot_steer_the_terminal(self, out: Path, capsys: Capture) -> None:
        from publish.explain import explain
        from publish.lookup import Found

        row = {"uscc": ONE, "name": "\x1b[2J红色\x07", "status": "NOT_STATUS", "eligible": False, "grounds": [],
               "clean_since": None, "eligible_on": None}  # fmt: skip
        lines = explain(Found(None, [], row, []), {"as_of": "x", "policy_version": "y"})
        assert lines[0] == f"{ONE}  ·[2J红色·"

    def test_codes_are_read_as_the_readers_do(self) -> None:
        wide = "".join(chr(ord(char) + 0xFEE0) for char in ONE)
        assert read_uscc(f" {wide[:8]} {wide[8:].lower()} ") == ONE
        for text in (ONE, TWO, ONE[:-1] + "0", ONE[::-1], "", "I" * 18, "0" * 18):
            if uscc_defect(text) is None:
                assert read_uscc(text) == text
            else:
                with pytest.raises(UsageError):
                    read_uscc(text)


class TestVerify:
    def test_good(self, out: Path, capsys: Capture) -> None:
        assert _run(["verify", str(out / "snapshots" / "as_of=2026-06-30")]) == 0
        assert capsys.readouterr().out.strip().endswith(": good")

    @pytest.mark.parametrize("inside", ["", "snapshots"])
    def test_a_folder_around_snapshots_is_told_where_they_lie(
        self, out: Path, inside: str, capsys: Capture
    ) -> None:
        assert _run(["verify", str(out / inside)]) == 4
        told = capsys.readouterr().err
        assert "[manifest_missing]" in told
        assert f"{out / inside} is no snapshot folder: those are {out}/snapshots/as_of=YYYY-MM-DD" in told

    def test_a_snapshot_without_manifest_is_told_nothing_of_others(self, out: Path, capsys: Capture) -> None:
        folder = out / "snapshots" / "as_of=2026-06-30"
        (folder / "manifest.json").unlink()
        assert _run(["verify", str(folder)]) == 4
        assert "manifest.json: is missing; problems in all: 1" in capsys.readouterr().err

    def test_bad_is_4_and_tells_every_problem(self, out: Path, capsys: Capture) -> None:
        folder = out / "snapshots" / "as_of=2026-06-30"
        (folder / "desk" / "eligibility.csv").unlink()
        (folder / "regulators" / "unmatched.csv").write_text("x")
        assert _run(["verify", str(folder)]) == 4
        told = capsys.readouterr().err
        assert "desk/eligibility.csv: is missing" in told
        assert "regulators/unmatched.csv: has another size" in told
        assert "problems in all: 2" in told.splitlines()[-1]


QUICK = """
import sys
from flows.cli import _run
code = _run(sys.argv[1:])
heavy = {"pyarrow", "pandas", "numpy", "ibis", "prefect", "rich", "structlog", "great_expectations", "sklearn"}
assert not heavy & set(sys.modules), sorted(heavy & set(sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["explain", ONE, "--out"], ["explain", "abc", "--out"]], ids=" ".join
)
def test_quick_commands_import_nothing_heavy(out: Path, arguments: list[str]) -> None:
    """What keeps their start under 0.6 s."""
    place = [str(out)] if arguments[-1] == "--out" else []
    done = subprocess.run(
        [sys.executable, "-c", QUICK, *arguments, *place], capture_output=True, text=True, check=False
    )
    assert done.returncode == (2 if "abc" in arguments else 0), done.stderr


def test_a_terminal_without_chinese_shows_names_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="latin-1"))
    assert _run(["policy", "show", "class_cut_points"]) == 0
    sys.stdout.flush()
    assert shown.getvalue().startswith(b"class_cut_points  \\u98ce\\u9669")
