"""``creditgrade explain``: every rule in its order, the record that answered, the law, and what comes next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.cli import _run
from tests.integration.law.city import AS_OF, CODES, NAMES

pytestmark = pytest.mark.slow
Capture = pytest.CaptureFixture[str]
ORDER = [
    "NOT_STATUS", "NOT_ACTIVE_LIST", "ELIGIBLE_MODEL", "NOT_BAD_RECORD", "HOLD_PROVISIONAL", "HOLD_REVIEW",
    "INSUFFICIENT_HISTORY", "ELIGIBLE_CLEAN3Y",
]  # fmt: skip


def story(folder: Path, name: str, capsys: Capture, *options: str) -> dict[str, Any]:
    assert _run(["explain", CODES[name], "--out", str(folder / "out"), "--format", "json", *options]) == 0
    return dict(json.loads(capsys.readouterr().out))


def text(folder: Path, name: str, capsys: Capture, *options: str) -> str:
    assert _run(["explain", CODES[name], "--out", str(folder / "out"), *options]) == 0
    return capsys.readouterr().out


def question(told: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [q for q in told["eligibility"]["questions"] if q["code"] == code]
    return dict(found)


class TestEligibility:
    def test_every_rule_is_asked_in_the_order_of_section_5(self, graded_once: Path, capsys: Capture) -> None:
        for name in NAMES:
            told = story(graded_once, name, capsys)
            assert [q["code"] for q in told["eligibility"]["questions"]] == ORDER
            deciding = [q["code"] for q in told["eligibility"]["questions"] if q["finding"] == "decides"]
            assert deciding == [told["eligibility"]["status"]]

    def test_the_record_the_article_and_the_day_it_ends(self, graded_once: Path, capsys: Capture) -> None:
        told = story(graded_once, "general", capsys)
        asked = question(told, "NOT_BAD_RECORD")
        (record,) = asked["records"]
        assert (record["doc_no"], record["event_on"], record["ends_on"], record["rule"]) == (
            "宣市监罚〔2024〕1号", "2024-05-20", "2027-05-20", "general_penalty",
        )  # fmt: skip
        cited = {one["id"]: one for one in asked["citations"]}
        assert cited["clean_window_months"]["value"] == 36
        assert "国发〔2016〕33号" in cited["clean_window_months"]["source"]
        assert cited["repaired_records_count"]["valid_from"] == "2026-04-01"
        days = [change["on"] for change in told["eligibility"]["changes"] if change["on"]]
        assert days == ["2027-05-21", "2027-05-21"]
        whenever = " ".join(c["says"]["zh"] for c in told["eligibility"]["changes"] if not c["on"])
        assert "信用修复" in whenever

    def test_what_was_looked_at_and_does_not_count(self, graded_once: Path, capsys: Capture) -> None:
        (minor,) = question(story(graded_once, "clean", capsys), "NOT_BAD_RECORD")["records"]
        assert (minor["rule"], minor["doc_no"]) == ("evidence_minor", "宣市监罚〔2025〕6号")
        (repaired,) = question(story(graded_once, "repaired", capsys), "NOT_BAD_RECORD")["records"]
        assert "repaired on 2025-06-01" in repaired["says"]["en"]

    def test_a_hold_names_the_delivered_row_and_what_settles_it(
        self, graded_once: Path, capsys: Capture
    ) -> None:
        told = story(graded_once, "held", capsys)
        (record,) = question(told, "HOLD_REVIEW")["records"]
        assert (record["source"], record["is_open"]) == ("penalties/all.jsonl:3", False)
        # It holds no longer than the window of the day that was read.
        assert record["ends_on"] == "2028-03-03"

    def test_an_honour_sets_the_record_aside(self, graded_once: Path, capsys: Capture) -> None:
        told = story(graded_once, "model", capsys)
        bad = question(told, "NOT_BAD_RECORD")
        assert (bad["finding"], bad["records"][0]["doc_no"]) == ("overruled", "宣市监罚〔2024〕4号")
        asked = question(told, "ELIGIBLE_MODEL")
        assert asked["records"][0]["ends_on"] == "2027-12-31"
        # The honour that was found, and no other.
        assert [one["id"] for one in asked["citations"]] == ["honours.诚信典型"]
        assert question(story(graded_once, "general", capsys), "ELIGIBLE_MODEL")["citations"] == []
        assert told["eligibility"]["changes"][0]["on"] == "2028-01-01"

    @pytest.mark.parametrize(
        ("name", "code", "words"),
        [
            ("listed", "NOT_ACTIVE_LIST", "移出名单"),
            ("young", "INSUFFICIENT_HISTORY", "成立不足三年"),
            ("closed", "NOT_STATUS", "登记状态"),
        ],
    )
    def test_other_statuses(
        self, graded_once: Path, capsys: Capture, name: str, code: str, words: str
    ) -> None:
        told = story(graded_once, name, capsys)
        assert question(told, code)["records"]
        assert words in json.dumps(told["eligibility"]["changes"], ensure_ascii=False)

    def test_the_list_is_cited_where_the_entry_is_known(self, graded_once: Path, capsys: Capture) -> None:
        told = story(graded_once, "listed", capsys)
        (cited,) = question(told, "NOT_ACTIVE_LIST")["citations"]
        assert cited["id"] == "lists.经营异常名录"
        assert "企业信息公示暂行条例" in cited["source"]


class TestClass:
    def test_points_sum_to_the_class_points(self, graded_once: Path, capsys: Capture) -> None:
        for name in ("clean", "general", "serious", "model", "listed", "repaired"):
            risk = story(graded_once, name, capsys)["risk"]
            total = sum(round(one["points"] * 100) for one in risk["reasons"])
            assert total == round(risk["points"] * 100)

    def test_a_red_line_its_record_and_its_end(self, graded_once: Path, capsys: Capture) -> None:
        risk = story(graded_once, "serious", capsys)["risk"]
        (crossed,) = [line for line in risk["red_lines"] if line["finding"] == "applies"]
        (record,) = crossed["records"]
        assert (crossed["code"], record["doc_no"], record["ends_on"]) == (
            "SERIOUS_12M", "宣市监罚〔2026〕2号", "2027-01-20",
        )  # fmt: skip
        assert {one["id"] for one in crossed["citations"]} == {"red_line_classes", "serious_red_line_months"}
        assert [c["on"] for c in risk["changes"]].count("2027-01-21") == 2  # the line, and the points fall

    def test_an_active_entry_is_open(self, graded_once: Path, capsys: Capture) -> None:
        risk = story(graded_once, "listed", capsys)["risk"]
        (crossed,) = [line for line in risk["red_lines"] if line["finding"] == "applies"]
        assert (crossed["code"], crossed["records"][0]["is_open"]) == ("ABNORMAL_LIST", True)

    def test_the_records_behind_the_points(self, graded_once: Path, capsys: Capture) -> None:
        reasons = {one["indicator"]: one for one in story(graded_once, "general", capsys)["risk"]["reasons"]}
        (record,) = reasons["PENALTY_GENERAL"]["records"]
        assert (record["doc_no"], record["ends_on"]) == ("宣市监罚〔2024〕1号", "2029-05-20")
        assert "1/4" in record["says"]["en"]
        assert reasons["AGE"]["records"] == [] if "AGE" in reasons else True

    def test_points_that_do_not_add_up_are_a_damaged_snapshot(self, city: Path, capsys: Capture) -> None:
        import duckdb

        place = city / "out" / "snapshots" / f"as_of={AS_OF}" / "regulators" / "grade_reasons.parquet"
        made = place.with_suffix(".new")
        duckdb.sql(
            f"COPY (SELECT * REPLACE (points + 1 AS points) FROM read_parquet('{place}', hive_partitioning=false)) "
            f"TO '{made}' (FORMAT parquet)"
        )
        made.replace(place)
        assert _run(["explain", CODES["general"], "--out", str(city / "out")]) == 1
        assert "snapshot_damaged" in capsys.readouterr().err

    def test_no_class_where_there_is_none(self, graded_once: Path, capsys: Capture) -> None:
        assert story(graded_once, "closed", capsys)["risk"] is None
        assert story(graded_once, "shop", capsys)["risk"]["not_classed_reason"] == "NOT_IN_SCOPE"


class TestDesk:
    """No class, points or red line by any path; only desk/ is read (promise 5)."""

    @pytest.fixture
    def desk_only(self, city: Path) -> Path:
        """What the desk may read: nothing beside its own folder."""
        snapshot = city / "out" / "snapshots" / f"as_of={AS_OF}"
        (snapshot / "manifest.json").unlink()
        for place in (snapshot / "regulators").iterdir():
            place.unlink()
        return city

    @pytest.mark.parametrize("form", ["text", "json", "html"])
    @pytest.mark.parametrize("lang", [(), ("--lang", "zh"), ("--lang", "en")], ids=str)
    @pytest.mark.parametrize("named", [(), ("--as-of", AS_OF)], ids=str)
    def test_nothing_of_the_class(
        self, desk_only: Path, capsys: Capture, form: str, lang: tuple[str, ...], named: tuple[str, ...]
    ) -> None:
        for name in ("serious", "listed", "general"):
            told = text(desk_only, name, capsys, "--desk", "--format", form, *lang, *named)
            told = told.replace(str(desk_only), "")  # the last line names the folder of the snapshot
            for word in (
                "risk", "等级", "分值", "points", "红线", "red line", "red_line", "SERIOUS_12M", "GENERAL_12M",
                "ABNORMAL_LIST", "PENALTY_", "class_",
            ):  # fmt: skip
                assert word not in told, word

    def test_it_still_tells_the_status_the_record_and_the_law(self, desk_only: Path, capsys: Capture) -> None:
        told = story(desk_only, "general", capsys, "--desk")
        assert "risk" not in told
        asked = question(told, "NOT_BAD_RECORD")
        assert asked["records"][0]["doc_no"] == "宣市监罚〔2024〕1号"
        assert {one["id"] for one in asked["citations"]} >= {"clean_window_months", "blocking_tiers"}
        assert (
            question(story(desk_only, "held", capsys, "--desk"), "HOLD_REVIEW")["records"][0]["source"]
            is None
        )

    def test_without_its_manifest_it_says_so(self, desk_only: Path, capsys: Capture) -> None:
        (desk_only / "out" / "snapshots" / f"as_of={AS_OF}" / "desk" / "manifest.json").unlink()
        assert _run(["explain", CODES["clean"], "--out", str(desk_only / "out"), "--desk"]) == 1
        assert "desk/manifest.json" in capsys.readouterr().err


class TestForms:
    def test_languages(self, graded_once: Path, capsys: Capture) -> None:
        chinese = text(graded_once, "general", capsys, "--lang", "zh")
        english = text(graded_once, "general", capsys, "--lang", "en")
        assert "逐条审查" in chinese
        assert "Rules that were asked" not in chinese
        assert "Rules that were asked" in english
        assert "逐条审查" not in english
        both = text(graded_once, "general", capsys)
        assert "Rules that were asked 逐条审查" in both

    def test_a_page_loads_nothing_and_escapes_what_it_quotes(self, city: Path, capsys: Capture) -> None:
        page = text(city, "serious", capsys, "--format", "html", "--lang", "zh")
        assert page.startswith("<!doctype html>")
        for word in ("src=", "href=", "http:", "https:", "<script", "@import", "url("):
            assert word not in page
        from publish.story.html import _t

        assert _t('<b>&"\x1b') == "&lt;b&gt;&amp;&quot;·"

    def test_accepted_gaps_stand_beside_every_answer(self, city: Path, capsys: Capture) -> None:
        snapshot = city / "out" / "snapshots" / f"as_of={AS_OF}"
        gap = {"type": "stale", "kind": "listings", "path": None, "sha256": None, "rule": "feed_late",
               "reason": "法院系统停机", "until": "2026-08-01"}  # fmt: skip
        for place in (snapshot / "manifest.json", snapshot / "desk" / "manifest.json"):
            described = json.loads(place.read_text(encoding="utf-8"))
            place.write_text(json.dumps({**described, "accepted_gaps": [gap]}), encoding="utf-8")
        for options in ([], ["--desk"], ["--format", "html"], ["--desk", "--format", "json"]):
            told = text(city, "clean", capsys, *options)
            assert "法院系统停机" in told
            assert "2026-08-01" in told

    def test_a_snapshot_of_an_earlier_version(self, city: Path, capsys: Capture) -> None:
        snapshot = city / "out" / "snapshots" / f"as_of={AS_OF}"
        described = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
        del described["citations"]
        (snapshot / "manifest.json").write_text(json.dumps(described), encoding="utf-8")
        for name in ("evidence", "holds"):
            (snapshot / "regulators" / f"{name}.parquet").unlink()
        told = text(city, "general", capsys)
        assert "未附法条依据" in told
        assert "宣市监罚〔2024〕1号" in told


class TestCodes:
    def refused(self, folder: Path, typed: str, capsys: Capture, *options: str) -> str:
        assert _run(["explain", typed, "--out", str(folder / "out"), *options]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.count("\n") == 1
        return told.err

    @pytest.mark.parametrize("options", [(), ("--desk",)], ids=str)
    def test_unknown_malformed_ambiguous(
        self, graded_once: Path, capsys: Capture, options: tuple[str, ...]
    ) -> None:
        from tests.spec.vocabulary import uscc_of

        assert "unknown_uscc" in self.refused(graded_once, uscc_of(9_999), capsys, *options)
        assert "unknown_uscc" in self.refused(graded_once, "M9999999X", capsys, *options)
        assert "bad_uscc" in self.refused(graded_once, CODES["clean"][:-1], capsys, *options)
        told = self.refused(graded_once, CODES["clean"][8:17], capsys, *options)
        assert "ambiguous_uscc" in told
        assert CODES["clean"] in told
        assert CODES["shop"] in told

    def test_an_organisation_code_that_one_entity_has(self, graded_once: Path, capsys: Capture) -> None:
        org_code = CODES["general"][8:17]
        typed = f"{org_code[:8]}-{org_code[8]}"
        assert _run(["explain", typed, "--out", str(graded_once / "out")]) == 0
        assert CODES["general"] in capsys.readouterr().out

    def test_a_day_without_snapshot_names_the_command(self, graded_once: Path, capsys: Capture) -> None:
        told = self.refused(graded_once, CODES["clean"], capsys, "--as-of", "2025-01-31")
        assert "creditgrade run --landing LANDING --out" in told
        assert "--as-of 2025-01-31" in told

    @pytest.mark.parametrize("options", [("--format", "pdf"), ("--lang", "fr")], ids=str)
    def test_wrong_options(self, graded_once: Path, capsys: Capture, options: tuple[str, ...]) -> None:
        assert "is unknown" in self.refused(graded_once, CODES["clean"], capsys, *options)


_QUICK = """
import sys
from flows.cli import _run
code = _run(sys.argv[1:])
heavy = {"pyarrow", "pandas", "numpy", "ibis", "prefect", "rich", "great_expectations", "yaml"}
heavy |= {"policy.loading", "policy.values"}
assert not heavy & set(sys.modules), sorted(heavy & set(sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize("options", [[], ["--desk"], ["--format", "html"], ["--format", "json"]], ids=str)
def test_it_starts_at_once(graded_once: Path, options: list[str]) -> None:
    """Nothing heavy is imported; the policy is quoted from the manifest."""
    arguments = ["explain", CODES["serious"], "--out", str(graded_once / "out"), *options]
    done = subprocess.run(
        [sys.executable, "-c", _QUICK, *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
