"""A snapshot in its place: what the manifests say, revisions, equal runs, refusals, modes, interrupted runs."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from publish import snapshot as module
from publish.access import ENV_REGULATORS, Access
from publish.revisions import revisions
from publish.snapshot import Published, find_same, publish
from publish.tables import CLASS_WORDS, TABLES
from publish.verify import verify
from records.errors import CreditgradeError, PromiseBroken, UsageError
from records.intake import Intake
from tests.integration.publish.graded import AS_OF, NOW, SHA, Graded


def names(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "snapshots").iterdir())


def test_it_lies_where_the_contract_says_and_is_good(published: Published, out: Path) -> None:
    assert published.is_new
    assert published.path == out / "snapshots" / "as_of=2026-06-30"
    assert names(out) == ["as_of=2026-06-30"]
    assert verify(published.path) == []
    found = {p.relative_to(published.path).as_posix() for p in published.path.rglob("*") if p.is_file()}
    listed = {path for spec in TABLES for path in (spec.parquet, spec.csv)}
    assert found == {*listed, "manifest.json", "desk/manifest.json", "regulators/report.html"}


def test_manifest_says_what_the_contract_asks(published: Published) -> None:
    stored = json.loads((published.path / "manifest.json").read_text(encoding="utf-8"))
    assert stored == published.manifest
    assert stored["as_of"] == "2026-06-30"
    assert stored["created_at"] == "2026-07-01T02:00:00+00:00"
    assert (stored["policy_version"], stored["model_version"], stored["code_version"], stored["engine"]) == (
        "p+1", "expert", "0+code", "duckdb",
    )  # fmt: skip
    assert stored["supersedes"] is None
    assert stored["inputs"] == [
        {
            "path": "penalties/a.csv", "sha256": SHA, "kind": "penalties", "encoding": "gb18030", "layout": "csv",
            "rows_read": 8, "accepted": 5, "quarantined": 2, "duplicates": 1, "newest_event": "2026-06-20",
            "landed_on": "2026-06-29", "order": 1, "state": "read", "refused_rule": None, "unknown_columns": 1,
        }
    ]  # fmt: skip
    assert stored["warnings"] == ["a warning of the intake", "a warning of the engine"]
    for output in stored["outputs"]:
        raw = (published.path / output["path"]).read_bytes()
        assert output["sha256"] == hashlib.sha256(raw).hexdigest()
        assert output["bytes"] == len(raw)
        assert output["reproducible"] is not output["path"].endswith(".html")
    assert {o["path"]: o["rows"] for o in stored["outputs"]}["regulators/grade_reasons.csv"] == 4


def test_desk_manifest_holds_no_class_and_only_the_desks_files(published: Published) -> None:
    text = (published.path / "desk" / "manifest.json").read_text(encoding="utf-8")
    assert not [word for word in CLASS_WORDS if f'"{word}"' in text]
    desk = json.loads(text)
    found = {output["path"].split(".")[0] for output in desk["outputs"]}
    assert found == {spec.name for spec in TABLES if spec.folder == "desk"}
    assert desk["summary"] == {"statuses": {"ELIGIBLE_CLEAN3Y": 2, "NOT_BAD_RECORD": 1}}


def test_withdrawn_and_refused_deliveries_count_no_row(graded: Graded, out: Path) -> None:
    refused = replace(
        graded.delivery, path="licences/x.csv", kind="licences", file_ord=0, refused_rule="file_unreadable"
    )
    withdrawn = replace(graded.delivery, path="penalties/b.csv", file_ord=0, is_withdrawn=True, record={})
    edition = graded.edition(intake=Intake((graded.delivery, refused, withdrawn)))
    graded.conservation["licences"] = dict.fromkeys(
        ("accepted", "current", "superseded", "withdrawn", "unmatched"), 0
    )
    inputs = publish(graded.result(), edition, out).manifest["inputs"]
    assert [(i["state"], i["rows_read"], i["refused_rule"]) for i in inputs] == [
        ("read", 8, None), ("refused", 0, "file_unreadable"), ("withdrawn", 0, None),
    ]  # fmt: skip


def test_equal_runs_differ_in_created_at_only(graded: Graded, tmp_path: Path) -> None:
    manifests = []
    for number in range(2):
        out = tmp_path / f"out{number}"
        out.mkdir()
        made = publish(graded.result(), graded.edition(created_at=NOW + timedelta(hours=number)), out)
        manifests.append(made.manifest)
    assert manifests[0] != manifests[1]
    assert {**manifests[0], "created_at": None} == {**manifests[1], "created_at": None}


class TestRevisions:
    def test_same_inputs_are_found_before_anything_is_graded(
        self, graded: Graded, published: Published, out: Path
    ) -> None:
        found = find_same(graded.edition(created_at=NOW + timedelta(days=1), engine="spark"), out)
        assert found is not None
        assert found.path == published.path
        assert not found.is_new

    @pytest.mark.parametrize(
        "changes",
        [
            {"policy_version": "p+2"}, {"model_version": "m2"}, {"code_version": "1+code"},
            {"known_by": date(2026, 6, 30)}, {"as_of": date(2026, 6, 29)},
        ],
        ids=lambda changes: next(iter(changes)),
    )  # fmt: skip
    def test_other_inputs_are_not_the_same(
        self, graded: Graded, published: Published, out: Path, changes: dict[str, object]
    ) -> None:
        assert find_same(graded.edition(**changes), out) is None

    def test_other_deliveries_and_acceptances_are_not_the_same(
        self, graded: Graded, published: Published, out: Path
    ) -> None:
        later = replace(graded.delivery, landed_on=date(2026, 6, 30))
        gap = {"type": "stale", "kind": "listings", "reason": None}
        for intake in (Intake((later,)), Intake(()), Intake((graded.delivery,), accepted_gaps=(gap,))):
            assert find_same(graded.edition(intake=intake), out) is None

    def test_other_answers_for_the_same_day_supersede(
        self, graded: Graded, published: Published, out: Path
    ) -> None:
        before = {path: path.read_bytes() for path in published.path.rglob("*") if path.is_file()}
        graded.rows["eligibility"][1]["name"] = "改名"
        second = publish(graded.result(), graded.edition(), out)
        graded.rows["eligibility"][1]["name"] = "又改名"
        third = publish(graded.result(), graded.edition(), out)
        assert [second.path.name, third.path.name] == ["as_of=2026-06-30.r2", "as_of=2026-06-30.r3"]
        assert second.manifest["supersedes"] == "as_of=2026-06-30"
        assert third.manifest["supersedes"] == "as_of=2026-06-30.r2"
        assert {path: path.read_bytes() for path in published.path.rglob("*") if path.is_file()} == before
        assert verify(third.path) == []

    def test_other_code_or_day_of_landing_with_the_same_answers_adds_nothing(
        self, graded: Graded, published: Published, out: Path
    ) -> None:
        rebuilt = replace(graded.delivery, landed_on=date(2026, 6, 30))
        edition = graded.edition(
            code_version="2+code", intake=Intake((rebuilt,), ("a warning of the intake",))
        )
        again = publish(graded.result(), edition, out)
        assert not again.is_new
        assert again.path == published.path
        assert names(out) == ["as_of=2026-06-30"]

    def test_what_was_known_earlier_is_a_revision_and_the_full_one_is_still_found(
        self, graded: Graded, published: Published, out: Path
    ) -> None:
        partial = publish(graded.result(), graded.edition(known_by=date(2026, 6, 29)), out)
        assert partial.path.name == "as_of=2026-06-30.r2"
        assert partial.manifest["known_by"] == "2026-06-29"
        found = find_same(graded.edition(), out)
        assert found is not None and found.path == published.path

    def test_a_damaged_snapshot_is_replaced_by_a_revision(
        self, graded: Graded, published: Published, out: Path
    ) -> None:
        (published.path / "desk" / "eligibility.csv").unlink()
        assert find_same(graded.edition(), out) is None
        again = publish(graded.result(), graded.edition(), out)
        assert again.path.name == "as_of=2026-06-30.r2"

    def test_ten_revisions_count_as_numbers(self, out: Path) -> None:
        for name in ("as_of=2026-06-30", "as_of=2026-06-30.r2", "as_of=2026-06-30.r10", "as_of=2026-06-30.r1",
                     "as_of=2026-13-01", "notes"):  # fmt: skip
            (out / "snapshots" / name).mkdir(parents=True)
        assert [r.number for r in revisions(out, AS_OF)] == [1, 2, 10]


class TestRefusal:
    @pytest.mark.parametrize(
        ("part", "by"),
        [("accepted", 1), ("current", -1), ("superseded", 1), ("withdrawn", 1), ("unmatched", 9)],
    )
    def test_conservation_that_does_not_add_up(self, graded: Graded, out: Path, part: str, by: int) -> None:
        graded.conservation["penalties"][part] += by
        with pytest.raises(PromiseBroken, match="not published: penalties") as caught:
            publish(graded.result(), graded.edition(), out)
        assert caught.value.rule == "conservation_of_kind"
        assert caught.value.exit_code == 4
        assert names(out) == []

    def test_rows_of_a_file_that_do_not_add_up(self, graded: Graded, out: Path) -> None:
        graded.delivery = replace(graded.delivery, record={**graded.delivery.record, "rows_read": 9})
        with pytest.raises(PromiseBroken, match=r"penalties/a.csv: 9 rows read are not 5 accepted") as caught:
            publish(graded.result(), graded.edition(), out)
        assert caught.value.rule == "conservation_of_file"

    def test_points_that_do_not_add_up_are_refused_without_telling_them(
        self, graded: Graded, out: Path
    ) -> None:
        graded.rows["grades"][1]["risk_points"] = 230.56
        with pytest.raises(PromiseBroken) as caught:
            publish(graded.result(), graded.edition(), out)
        assert caught.value.rule == "points_do_not_add_up"
        assert "230" not in str(caught.value)

    def test_a_lost_quarantined_row(self, graded: Graded, out: Path) -> None:
        graded.rows["quarantine"].pop()
        with pytest.raises(PromiseBroken, match="2 rows were quarantined, 1 are in"):
            publish(graded.result(), graded.edition(), out)


class TestInterruption:
    def test_a_failure_leaves_what_stood_and_no_remains(
        self, graded: Graded, published: Published, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module.os, "fsync", fail)
        with pytest.raises(CreditgradeError, match="no space left") as caught:
            publish(graded.result(), graded.edition(policy_version="p+1", known_by=AS_OF), out)
        assert caught.value.rule == "disk_full"
        assert names(out) == ["as_of=2026-06-30"]
        assert verify(published.path) == []

    def test_remains_of_a_killed_run_are_removed(self, graded: Graded, out: Path) -> None:
        remains = out / "snapshots" / ".writing-as_of=2026-06-30" / "desk"
        remains.mkdir(parents=True)
        (remains / "eligibility.csv").write_text("half")
        publish(graded.result(), graded.edition(), out)
        assert names(out) == ["as_of=2026-06-30"]


class TestAccess:
    def modes(self, folder: Path) -> dict[str, int]:
        wanted = (".", "manifest.json", "regulators", "regulators/grades.csv", "desk", "desk/manifest.json")
        return {name: stat.S_IMODE((folder / name).stat().st_mode) for name in wanted}

    def test_without_groups_only_the_owner_reads_classes(self, published: Published) -> None:
        assert self.modes(published.path) == {
            ".": 0o711, "manifest.json": 0o600, "regulators": 0o700, "regulators/grades.csv": 0o600, "desk": 0o750,
            "desk/manifest.json": 0o640,
        }  # fmt: skip

    def test_a_group_reads_its_folder(self, graded: Graded, out: Path) -> None:
        own = out.stat().st_gid
        made = publish(graded.result(), graded.edition(), out, access=Access(regulators=own, desk=own))
        assert self.modes(made.path)["regulators"] == 0o750
        assert self.modes(made.path)["manifest.json"] == 0o640
        assert (made.path / "regulators" / "grades.csv").stat().st_gid == own

    def test_a_group_that_does_not_exist(self) -> None:
        with pytest.raises(UsageError, match="no-such-group"):
            Access.of({ENV_REGULATORS: "no-such-group"})
