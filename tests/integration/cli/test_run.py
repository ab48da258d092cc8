"""A run from options to status: what stands afterwards, in good nights and bad ones."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.control import folder
from publish.verify import verify
from records.errors import CreditgradeError, InputRefused, PromiseBroken, UsageError
from tests.integration.cli.conftest import NOW, City

STAGES = ["policy", "ingest", "feeds", "grade", "publish", "latest"]


def status(city: City) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((city.out / "status.json").read_text(encoding="utf-8"))
    return value


class TestGood:
    def test_a_night(self, city: City) -> None:
        answered = city.run()
        assert answered.published.is_new
        assert answered.published.path == city.out / "snapshots" / "as_of=2026-06-30"
        assert verify(answered.published.path) == []
        assert answered.move.is_moved
        latest = json.loads((city.out / "latest.json").read_text())
        assert latest["path"] == "snapshots/as_of=2026-06-30"
        assert latest["manifest_sha256"] == answered.published.manifest_sha256
        assert city.told.stages == STAGES

    def test_status_after_it(self, city: City) -> None:
        city.run()
        told = status(city)
        assert set(told) >= {"run_id", "as_of", "stage", "exit_code", "rule", "message", "last_good"}
        assert (told["as_of"], told["stage"], told["exit_code"], told["rule"]) == (
            "2026-06-30",
            "done",
            0,
            None,
        )
        assert told["snapshot"] == told["last_good"]["path"] == "snapshots/as_of=2026-06-30"
        assert told["run_id"] == told["last_good"]["run_id"]
        assert "a warning of the engine" in told["warnings"]

    def test_the_log_is_json_with_the_run_id_and_no_row(self, city: City) -> None:
        city.run()
        text = (city.out / "logs" / f"{status(city)['run_id']}.jsonl").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        assert {line["run_id"] for line in lines} == {status(city)["run_id"]}
        assert [line["stage"] for line in lines if line["event"] == "stage_ended"] == STAGES
        assert lines[-1]["event"] == "run_ended"
        assert not any(word in text for word in ("宣城市测试", "9134", "GENERAL_12M", "230.55"))

    def test_the_same_inputs_again(self, city: City) -> None:
        first = city.run()
        again = city.run(now=NOW + timedelta(minutes=5))
        assert not again.published.is_new
        assert again.published.path == first.published.path
        assert city.calls == ["ingest", "grade", "ingest"]
        assert status(city)["message"].startswith("nothing to do")
        assert status(city)["exit_code"] == 0

    def test_a_run_killed_before_latest_moved_is_finished_by_the_next(self, city: City) -> None:
        city.run()
        (city.out / "latest.json").unlink()
        assert city.run().move.is_moved
        assert (city.out / "latest.json").exists()

    def test_other_inputs_for_the_day(self, city: City) -> None:
        city.run()
        city.intake = type(city.intake)(
            city.intake.deliveries, accepted_gaps=({"type": "refused", "path": "x"},)
        )
        second = city.run()
        assert second.published.path.name == "as_of=2026-06-30.r2"
        assert second.published.manifest["supersedes"] == "as_of=2026-06-30"
        assert json.loads((city.out / "latest.json").read_text())["path"] == "snapshots/as_of=2026-06-30.r2"

    def test_nothing_is_left_but_what_belongs_there(self, city: City) -> None:
        city.run()
        assert sorted(p.name for p in city.out.iterdir()) == [
            ".lock", ".work", "latest.json", "logs", "metrics.prom", "snapshots", "status.json",
        ]  # fmt: skip
        assert list((city.out / ".work").iterdir()) == []

    def test_another_day_is_published_when_asked(self, city: City) -> None:
        assert not city.run(as_of="2026-06-25").move.is_moved
        assert city.run(as_of="2026-06-25", does_publish=True).move.is_moved
        older = city.run(as_of="2026-06-24", does_publish=True)
        assert not older.move.is_moved
        assert any("stands at the later day" in line for line in older.warnings)

    def test_a_future_day_is_answered_with_a_warning(self, city: City) -> None:
        answered = city.run(as_of="2026-07-01", does_publish=True)
        assert not answered.move.is_moved
        assert sum("lies in the future" in line for line in answered.warnings) == 2
        assert status(city)["exit_code"] == 0


class TestBad:
    @pytest.mark.parametrize(
        ("stage", "error"),
        [
            ("ingest", InputRefused("cannot be read", rule="file_unreadable", file="penalties/a.csv")),
            ("grade", PromiseBroken("rows were lost", rule="rows_lost")),
            ("ingest", UsageError("no such folder", rule="landing_missing")),
            ("grade", CreditgradeError("too small", rule="out_of_memory")),
        ],
        ids=lambda value: getattr(value, "rule", ""),
    )
    def test_a_stage_that_fails(self, city: City, stage: str, error: CreditgradeError) -> None:
        city.run()
        good = status(city)["last_good"]
        city.fail[stage] = error
        with pytest.raises(type(error)):
            city.run(known_by="2026-06-30")
        told = status(city)
        assert (told["stage"], told["exit_code"], told["rule"]) == (stage, error.exit_code, error.rule)
        assert told["message"] == str(error)
        assert told["last_good"] == good
        assert [p.name for p in (city.out / "snapshots").iterdir()] == ["as_of=2026-06-30"]

    def test_conservation_that_does_not_add_up_ends_with_4(self, city: City) -> None:
        city.graded.conservation["penalties"]["current"] += 1
        with pytest.raises(PromiseBroken):
            city.run()
        assert (status(city)["exit_code"], status(city)["stage"]) == (4, "publish")
        assert not (city.out / "latest.json").exists()

    def test_an_error_that_is_not_ours_quotes_nothing(self, city: City) -> None:
        city.fail["grade"] = ValueError("秘密 91341802MAX0000011")
        with pytest.raises(ValueError, match="秘密"):
            city.run()
        told = status(city)
        assert (told["exit_code"], told["rule"]) == (1, "unexpected")
        logs = "".join(path.read_text(encoding="utf-8") for path in (city.out / "logs").iterdir())
        assert "秘密" not in json.dumps(told, ensure_ascii=False) + logs
        assert "9134" not in json.dumps(told) + logs

    def test_an_option_that_cannot_be_read(self, city: City) -> None:
        with pytest.raises(UsageError):
            city.run(as_of="tomorrow")
        told = status(city)
        assert (told["stage"], told["exit_code"], told["rule"], told["as_of"]) == (
            "options",
            2,
            "bad_date",
            None,
        )

    def test_a_policy_that_cannot_be_used(self, city: City, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="does not exist"):
            city.run(policy=tmp_path / "nowhere")
        (tmp_path / "policy").mkdir()
        (tmp_path / "policy" / "mine.yaml").write_text("a: 1")
        with pytest.raises(ValueError, match=r"mine\.yaml|missing"):
            city.run(policy=tmp_path / "policy")
        assert (status(city)["exit_code"], status(city)["stage"]) == (2, "policy")

    def test_a_missing_feed(self, city: City) -> None:
        city.intake = type(city.intake)(city.intake.deliveries[:1])
        del city.graded.conservation["listings"]
        with pytest.raises(PromiseBroken, match="--accept-stale listings"):
            city.run()
        assert (status(city)["exit_code"], status(city)["stage"], status(city)["rule"]) == (
            4,
            "feeds",
            "feed_missing",
        )
        answered = city.run(accept_stale=("listings",), reason="call 13812345678", until="2026-07-31")
        assert not [path for path in city.out.rglob("*.json*") if "13812345678" in path.read_text()]
        (gap,) = answered.published.manifest["accepted_gaps"]
        assert (gap["kind"], gap["reason"], gap["until"]) == ("listings", "call [电话]", "2026-07-31")
        desk = json.loads((answered.published.path / "desk" / "manifest.json").read_text())
        assert desk["accepted_gaps"] == [gap]
        # Kept until its day: the nights that follow need not say it again.
        assert city.run(now=NOW + timedelta(days=1)).published.manifest["accepted_gaps"] == [gap]
        with pytest.raises(PromiseBroken):
            city.run(now=NOW + timedelta(days=32))

    def test_both_feeds_missing_are_told_at_once(self, city: City) -> None:
        city.intake = type(city.intake)(())
        with pytest.raises(PromiseBroken, match=r"penalties.*listings"):
            city.run()

    def test_an_output_folder_that_cannot_be_written(self, city: City, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("a file")
        with pytest.raises(UsageError, match="cannot write") as caught:
            city.run()
        assert caught.value.exit_code == 2
        assert city.told.lines == []

    def test_too_little_room_is_told_before_anything_is_written(
        self, city: City, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(folder.shutil, "disk_usage", lambda path: usage(1 << 40, 1 << 40, 1 << 20))
        with pytest.raises(CreditgradeError, match="1 MiB are free, a run needs 64 MiB"):
            city.run()
        assert (status(city)["exit_code"], status(city)["rule"]) == (1, "disk_full")
        assert city.calls == []

    def test_another_run_that_holds_the_lock(self, city: City) -> None:
        from flows.control.lock import one_run

        city.out.mkdir()
        with (
            one_run(city.out / ".lock", "other", 0, print),
            pytest.raises(CreditgradeError, match="another run"),
        ):
            city.run()
        assert (status(city)["exit_code"], status(city)["rule"], status(city)["stage"]) == (
            1,
            "run_busy",
            "lock",
        )


class TestOnFinish:
    @pytest.fixture
    def command(self, tmp_path: Path) -> str:
        script = tmp_path / "on finish.py"
        script.write_text(
            "import json, os, shutil, sys\n"
            "assert sys.argv[1] == os.environ['CREDITGRADE_STATUS_FILE']\n"
            f"shutil.copy(sys.argv[1], {str(tmp_path / 'told.json')!r})\n"
        )
        return shlex.join([sys.executable, str(script)])

    def test_it_is_called_after_success(self, city: City, command: str, tmp_path: Path) -> None:
        city.run(on_finish=command)
        assert json.loads((tmp_path / "told.json").read_text())["exit_code"] == 0

    def test_it_is_called_after_failure(self, city: City, command: str, tmp_path: Path) -> None:
        city.fail["ingest"] = InputRefused("bad", rule="file_unreadable")
        with pytest.raises(InputRefused):
            city.run(on_finish=command)
        assert json.loads((tmp_path / "told.json").read_text())["exit_code"] == 3

    @pytest.mark.parametrize(
        ("command", "words"), [("false", "ended with 1"), ("/no/such/command", "No such file")]
    )
    def test_its_own_failure_is_a_warning(self, city: City, command: str, words: str) -> None:
        assert city.run(on_finish=command).published.is_new
        assert any(words in line for line in city.told.lines)


KILLED = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from flows import pipeline
from flows.cli import _run
def slow(*_):
    print("working", flush=True)
    time.sleep(60)
pipeline.ingest = slow
sys.exit(_run(["run", "--landing", "x", "--out", sys.argv[1], "-q"]))
"""


def test_a_run_that_is_told_to_end_says_so(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().strip() == "working"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 1
        assert process.stderr.read().startswith("creditgrade: ended from outside (SIGTERM)")
    told = json.loads((tmp_path / "status.json").read_text())
    assert (told["exit_code"], told["rule"], told["stage"]) == (1, "terminated", "ingest")
