"""``creditgrade policy``: check, show, diff, schema."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import policy as package
from flows.cli import _run
from tests.integration.law.city import CODES

Capture = pytest.CaptureFixture[str]
OURS = Path(package.__file__).parent


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A copy of our policy, to be changed."""
    folder = tmp_path / "policy"
    folder.mkdir()
    for place in OURS.glob("*.yaml"):
        shutil.copy(place, folder)
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    place = folder / file
    text = place.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    place.write_text(text.replace(old, new, 1), encoding="utf-8")


class TestCheck:
    def test_ours_is_good(self, capsys: Capture) -> None:
        assert _run(["policy", "check"]) == 0
        assert ": good" in capsys.readouterr().out

    def test_past_its_review(self, capsys: Capture) -> None:
        assert _run(["policy", "check", "--as-of", "2030-01-01"]) == 0
        assert "past its review 已过复核期: clean_window_months (review by" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("valid_to: \"2026-03-31\"", "valid_to: \"2026-04-30\"", "overlap"),
            ("unit: months", "unit: moons", "clean_window_months"),
            ("id: clean_window_months", "id: clean_windows", "clean_windows"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named(
        self, other: Path, capsys: Capture, old: str, new: str, words: str
    ) -> None:
        change(other, "rules_eligibility.yaml", old, new)
        assert _run(["policy", "check", str(other)]) == 2
        told = capsys.readouterr().err
        assert words in told
        assert "rules_eligibility.yaml" in told
        assert told.count("\n") == 1

    def test_no_folder_and_no_day(self, capsys: Capture) -> None:
        assert _run(["policy", "check", "/no/such/folder"]) == 2
        assert _run(["policy", "check", "--as-of", "soon"]) == 2
        assert capsys.readouterr().err.count("\n") == 2


class TestShow:
    def test_values_by_date(self, capsys: Capture) -> None:
        command = ["policy", "show", "repaired_records_count", "--format", "json", "--as-of"]
        for day, expected in (("2026-03-31", True), ("2026-04-01", False)):
            assert _run([*command, day]) == 0
            (value,) = [v for v in json.loads(capsys.readouterr().out)["values"] if v["in_force"]]
            assert value["value"] is expected
            assert value["source"] and value["article"] and value["confidence"]

    @pytest.mark.parametrize(
        ("param", "words"),
        [
            ("clean_window_months", "国发〔2016〕33号"),
            ("lists.经营异常名录.is_blocking", "企业信息公示暂行条例"),
            ("honours.诚信典型.default_term_months", "36"),
            ("PENALTY_GENERAL", "event_points"),
        ],
    )
    def test_everything_that_has_a_date(self, capsys: Capture, param: str, words: str) -> None:
        assert _run(["policy", "show", param]) == 0
        assert words in capsys.readouterr().out

    def test_an_unknown_one_names_its_like(self, capsys: Capture) -> None:
        assert _run(["policy", "show", "clean_windw_months"]) == 2
        assert "is it clean_window_months" in capsys.readouterr().err
        assert _run(["policy", "show", "x", "--format", "xml"]) == 2


class TestSchema:
    def test_of_every_file(self, tmp_path: Path, capsys: Capture) -> None:
        assert _run(["policy", "schema"]) == 0
        printed = json.loads(capsys.readouterr().out)
        assert {f"{name}.yaml" for name in ("policy", "lists", "points", "rules_risk")} <= set(printed)
        assert _run(["policy", "schema", "--into", str(tmp_path / "schemas")]) == 0
        made = {place.name for place in (tmp_path / "schemas").iterdir()}
        assert made == {name.replace(".yaml", ".schema.json") for name in printed}


class TestDiff:
    def test_none(self, other: Path, capsys: Capture) -> None:
        assert _run(["policy", "diff", "default", str(other)]) == 0
        assert "no value differs" in capsys.readouterr().out

    def test_values_and_citations(self, other: Path, capsys: Capture) -> None:
        change(other, "rules_eligibility.yaml", "value: 36,", "value: 24,")
        change(other, "points.yaml", 'points: "30.00"', 'points: "31.00"')
        assert _run(["policy", "diff", str(OURS), str(other), "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        found = {item["id"]: (item["before"], item["after"]) for item in told["differences"]}
        assert found["clean_window_months[…..…]"] == ("36", "24")
        assert any(name.startswith("points_tables") and "AGE" in name for name in found)
        assert told["effects"] is None

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["default", "/no/such/folder"], "does not exist"),
            (["default", "default", "--as-of", "2026-06-30"], "belong to --out"),
            (["default", "default", "--out", "/no/such/folder"], "does not exist"),
            (["default"], "Missing argument"),
        ],
    )
    def test_wrong_use(self, capsys: Capture, options: list[str], words: str) -> None:
        assert _run(["policy", "diff", *options]) == 2
        assert words in capsys.readouterr().err

    def test_without_a_lake(self, tmp_path: Path, capsys: Capture) -> None:
        assert _run(["policy", "diff", "default", "default", "--out", str(tmp_path)]) == 2
        assert "lake_missing" in capsys.readouterr().err

    @pytest.mark.slow
    def test_who_would_be_affected_and_why(self, other: Path, city: Path, capsys: Capture) -> None:
        change(other, "rules_eligibility.yaml", "value: 36,", "value: 24,")
        snapshots = sorted(place.name for place in (city / "out" / "snapshots").iterdir())
        journal = (city / "out" / "lake" / "received.jsonl").read_bytes()
        command = ["policy", "diff", "default", str(other), "--out", str(city / "out"), "--format", "json"]
        assert _run(command) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["as_of"] == "2026-06-30"
        effects = {effect["uscc"]: effect for effect in told["effects"]}
        assert set(effects) == {CODES["general"], CODES["model"]}
        general = effects[CODES["general"]]
        assert general["status"] == ["NOT_BAD_RECORD", "ELIGIBLE_CLEAN3Y"]
        (gone,) = general["only_before"]
        assert (gone["doc_no"], gone["blocks_until"]) == ("宣市监罚〔2024〕1号", "2027-05-20")
        assert general["only_after"] == []
        # Nothing was landed, published or left.
        assert sorted(place.name for place in (city / "out" / "snapshots").iterdir()) == snapshots
        assert (city / "out" / "lake" / "received.jsonl").read_bytes() == journal
