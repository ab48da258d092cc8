"""Whole nights: a check that changes nothing, a restore from the record alone, and the flow on a real server.

They share one graded city and one Prefect server, so they stand in one file (a worker takes a whole one).
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from flows.lake_care import compact_lake, existing_lake
from records.errors import CreditgradeError
from records.lake import Lake, withdraw
from records.lake.compact import lake_status
from tests.integration.law.city import row, write
from tests.integration.nights.conftest import (
    DAY,
    NOW,
    Done,
    Graded,
    commands,
    grade,
    script,
    tables,
    tree,
)

SECOND = NOW + timedelta(days=2)
# What docs/operations/backup.md tells to copy, and nothing else.
BACKED_UP = ("received.jsonl", "withdrawn.jsonl", "id.key", "key.json", "received")
Command = Callable[..., Done]
# Whole nights on a slow machine.
pytestmark = pytest.mark.timeout(900)


def test_a_check_answers_as_the_run_would_and_changes_nothing(
    graded: Graded, tmp_path: Path, scratch: Path, command: Command
) -> None:
    mine = graded.copy(tmp_path)
    before = tree(mine.out), tree(mine.landing)
    where = ("--landing", mine.landing, "--out", mine.out, "--as-of", DAY)
    done = command("run", "--check", *where, "--on-finish", f"touch {tmp_path / 'called'}")
    assert "nothing to do, the same inputs stand already; nothing was changed" in done.stdout

    # A file that must not pass: refused by name and rule, with the run's own exit code and the way to go on.
    (mine.landing / "penalties" / "新到.csv").write_text("决定文书号,处罚机关\n1,2\n", encoding="utf-8")
    before = before[0], tree(mine.landing)
    refused = command("run", "--check", *where, code=3)
    for told in ("penalties/新到.csv", "[missing_mandatory_column]", "--accept-refused"):
        assert told in refused.stderr
    assert str(scratch) not in refused.stderr
    accepted = command("run", "--check", *where, "--accept-refused", "penalties/新到.csv")
    assert "this would pass; nothing was changed" in accepted.stdout

    assert (tree(mine.out), tree(mine.landing)) == before
    assert not (tmp_path / "called").exists()
    assert list(scratch.iterdir()) == []


def test_every_past_night_comes_back_from_the_record_alone(graded: Graded, tmp_path: Path) -> None:
    mine = graded.copy(tmp_path)
    # A second night: a file gone from the folder, one new, and a delivery taken out.
    (mine.landing / "honours" / "all.jsonl").unlink()
    write(mine.landing, "penalties/new", [row("penalties", "young", doc_no="新1号", decided_on="2026-06-30")])
    lake = Lake(mine.out / "lake")
    (taken_out,) = [
        line for line in (lake.journal).read_text(encoding="utf-8").splitlines() if "penalties/all" in line
    ]
    withdraw(lake.root, json.loads(taken_out)["sha256"], "delivered by mistake", SECOND)
    second = grade(mine.landing, mine.out, SECOND).published.path
    assert tables(second) != tables(graded.snapshot)

    rebuilt = tmp_path / "rebuilt"
    (rebuilt / "lake").mkdir(parents=True)
    for name in BACKED_UP:
        source = lake.root / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, rebuilt / "lake" / name)
    (tmp_path / "empty").mkdir()
    for day, snapshot in ((DAY, graded.snapshot), (DAY + timedelta(days=2), second)):
        again = grade(
            tmp_path / "empty", rebuilt, SECOND + timedelta(days=400), as_of=day.isoformat(),
            known_by=day.isoformat(),
        )  # fmt: skip
        assert tables(again.published.path) == tables(snapshot)


def test_a_lake_is_looked_at_and_made_smaller(graded: Graded, tmp_path: Path, command: Command) -> None:
    mine = graded.copy(tmp_path)
    lake = Lake(mine.out / "lake")
    found = lake_status(lake, reads_all=True)
    assert (found.missing, found.damaged, found.unrecorded) == ((), (), 0)
    assert (found.kinds["penalties"].deliveries, found.kinds["penalties"].newest) == (2, DAY)
    assert "penalties" in command("lake", "status", "--out", mine.out, "--read-all").stdout

    before = {path.name for path in lake.root.rglob("*") if path.is_file()}
    assert compact_lake(lake, None, {}, dry_run=False).files == 0
    # Another reader's tables beside those in use.
    for path in list(lake.folder("penalties").glob("*.json"))[:2]:
        shutil.copyfile(path, path.with_name(f"{path.name[:64]}-0123456789abcdef.json"))
    table = next(lake.folder("penalties").glob("*[0-9a-f].parquet"))
    shutil.copyfile(table, table.with_name(f"{table.name[:64]}-0123456789abcdef.parquet"))
    assert compact_lake(lake, None, {}, dry_run=True).files == 3
    assert compact_lake(lake, None, {}, dry_run=False).by_kind == {"penalties": 3}
    assert {path.name for path in lake.root.rglob("*") if path.is_file()} == before

    # What was received is not whole: nothing may be removed that could not be made again.
    bytes_of = next(lake.received.glob("*.zst"))
    bytes_of.write_bytes(bytes_of.read_bytes()[:-7])
    assert len(lake_status(lake, reads_all=True).damaged) == 1
    read_all = ("lake", "status", "--out", mine.out, "--read-all")
    assert "[received_bytes_damaged]" in command(*read_all, code=1).stderr
    bytes_of.unlink()
    with pytest.raises(CreditgradeError) as caught:
        compact_lake(lake, None, {}, dry_run=False)
    assert caught.value.rule == "received_bytes_lost"
    assert "[received_bytes_lost]" in command("lake", "status", "--out", mine.out, code=1).stderr


def test_a_folder_that_is_no_lake(tmp_path: Path, command: Command) -> None:
    with pytest.raises(CreditgradeError) as caught:
        existing_lake(tmp_path, None)
    assert caught.value.rule == "lake_missing"
    assert "[missing_option]" in command("lake", "status", code=2).stderr


def ask(api: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The server's own answer; POST where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{api}/{path}", data, {"Content-Type": "application/json"})
    with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
        return json.loads(answer.read())


def port_of(api: str) -> str:
    return api.removesuffix("/api").rpartition(":")[2]


def tasks_of(api: str, flow_run: str) -> list[dict[str, Any]]:
    """Tasks of a flow run in the order in which they began."""
    mine = {"flow_runs": {"id": {"any_": [flow_run]}}}
    return sorted(ask(api, "task_runs/filter", mine), key=lambda task: str(task["start_time"]))


def flow_runs(api: str, name: str) -> list[dict[str, Any]]:
    """Runs of a name, oldest first."""
    found = ask(api, "flow_runs/filter", {"flow_runs": {"name": {"any_": [name]}}})
    return sorted(found, key=lambda run: str(run["start_time"]))


def test_both_runners_give_the_same_bytes(graded: Graded, tmp_path: Path, api: str) -> None:
    mine = graded.copy(tmp_path)
    out = tmp_path / "by-prefect"
    line = (
        "run", "-q", "--landing", mine.landing, "--out", out, "--lake", mine.out / "lake", "--as-of", DAY,
        "--runner", "prefect",
    )  # fmt: skip
    assert commands(line, PREFECT_API_URL=api) == [Done(0, "", "")]
    assert tables(out / "snapshots" / f"as_of={DAY}") == tables(graded.snapshot)

    (flow_run,) = flow_runs(api, f"creditgrade as_of={DAY}")
    assert flow_run["state"]["type"] == "COMPLETED"
    tasks = tasks_of(api, flow_run["id"])
    assert [task["name"] for task in tasks] == ["policy", "ingest", "feeds", "grade", "publish", "latest"]
    retried = {task["name"] for task in tasks if task["empirical_policy"]["retries"]}
    assert retried == {"ingest", "publish", "latest"}
    assert not any(task["state"]["data"] for task in tasks), "Prefect carries no data"
    artifacts = {one["key"]: one for one in ask(api, "artifacts/filter", {}) if one["key"]}
    table = {line["what"]: line["value"] for line in json.loads(artifacts["creditgrade-result"]["data"])}
    assert table[f"snapshot as_of={DAY}"] == "published"
    assert "rows read" in table["penalties"]
    assert str(out / "status.json") in artifacts["creditgrade-links"]["data"]
    assert not {"A", "B", "C", "D", "classes"} & set(table), "the page tells no class"
    assert not ask(api, "admin/settings")["server"]["analytics_enabled"]


# The made-up pipeline of cli/conftest on a real server: a share that is away once, a stage that never ends.
STAGES = """
import os, sys, time
from pathlib import Path
from flows import pipeline
from flows.cli import _run
from records.intake import Intake
from tests.integration.cli.conftest import listing
from tests.integration.publish.graded import Graded

folder = Path(sys.argv[1])
graded = Graded(folder / "engine")
graded.conservation["listings"] = {"accepted": 1, "current": 1, "superseded": 0, "withdrawn": 0, "unmatched": 0}
tries = 0
is_slow = False

def ingest(plan, policy):
    global tries
    tries += 1
    if tries < 3:
        raise OSError(107, "away", "/srv/landing")
    return Intake((graded.delivery, listing()))

def grade(plan, policy, intake, work):
    while is_slow:
        time.sleep(0.05)
    for row in graded.rows["grades"]:
        row["policy_version"] = policy.version
    return graded.result()

pipeline.ingest, pipeline.grade = ingest, grade
options = ["--landing", "x", "--as-of", "2026-06-30", "--runner", "prefect", "-q", "--out"]
first = _run(["run", *options, str(folder / "patient")])
is_slow = True
os.environ["CREDITGRADE_STAGE_MINUTES"] = "grade=0.05"  # from here on: the first may take its time
second = _run(["run", *options, str(folder / "slow")])
print(first, second, tries)
"""


def test_what_may_pass_is_tried_again_and_a_time_out_ends_the_work(tmp_path: Path, api: str) -> None:
    name = f"creditgrade as_of={DAY}"
    before = {run["id"] for run in flow_runs(api, name)}
    done = script(STAGES, tmp_path, PREFECT_API_URL=api, CREDITGRADE_RETRY_SECONDS="0.1")
    assert done.stdout == "0 1 4\n", done.stderr
    (line,) = done.stderr.splitlines()
    assert "stage grade did not end in 0.05 minutes" in line and "[stage_timeout]" in line
    patient, slow = (run for run in flow_runs(api, name) if run["id"] not in before)
    assert {t["name"]: t["run_count"] for t in tasks_of(api, patient["id"])} == {
        "policy": 1, "ingest": 3, "feeds": 1, "grade": 1, "publish": 1, "latest": 1,
    }  # fmt: skip
    assert slow["state"]["type"] == "FAILED" and "[stage_timeout]" in slow["state"]["message"]
    assert tasks_of(api, slow["id"])[-1]["run_count"] == 1, "what will not pass is not tried again"
    assert json.loads((tmp_path / "slow" / "status.json").read_text())["rule"] == "stage_timeout"


class Mail(StreamRequestHandler):
    """As much of SMTP as a client needs to hand a mail over."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.told.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 good\r\n")
            if word == b"QUIT":
                return


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def listening(server: Any) -> Iterator[Any]:
    """A server that keeps what it is told, in a thread."""
    server.told = []
    with server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


REDEPLOY = """
import os, sys
from datetime import time
from pathlib import Path
from flows.nightly.night import Night
from flows.nightly.serve import enter, wait_for_a_plan
landing, out, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
enter(out, "127.0.0.1", port, os.environ)
from prefect.client.orchestration import get_client
from flows.nightly.deployment import deploy
with get_client(sync_client=True) as client:
    ids = {deploy(client, Night(landing, out), time(hour, 30))[1].id for hour in (3, 3, 4)}
    print(len(ids), wait_for_a_plan(client))
"""


def test_a_night_that_fails_tells_by_webhook_and_mail(graded: Graded, tmp_path: Path, api: str) -> None:
    # The newest event lies months before the day of this run: the feeds are late.
    mine = graded.copy(tmp_path)
    port = port_of(api)
    where = ("--out", mine.out, "--port", port)
    up = ("nightly", "up", "--landing", mine.landing)
    with (
        listening(ThreadingHTTPServer(("127.0.0.1", 0), Hook)) as hook,
        listening(ThreadingTCPServer(("127.0.0.1", 0), Mail)) as mail,
    ):
        automate = (
            "nightly",
            "automate",
            *where,
            "--webhook",
            f"http://127.0.0.1:{hook.server_address[1]}/told",
        )
        address = f"mailto://127.0.0.1:{mail.server_address[1]}?from=night@example.cn&to=duty@example.cn"
        done = commands(
            automate,
            ("nightly", "automate", "--out", tmp_path / "mistyped", *where[2:], "--mail", address),
            (*automate, "--mail", address),  # both, as where both stand in the environment
            (*up, *where, "--once"),
            ("nightly", "show", *where),
            ("doctor", *where),
            (*up, "--out", tmp_path / "other", "--port", port),
        )
        assert [one.code for one in done] == [0, 2, 0, 1, 0, 1, 2]
        assert "[out_missing]" in done[1].stderr and not (tmp_path / "mistyped").exists()
        assert done[2].stdout.count(": on") == 4
        night = done[3]
        assert "schedule 0 2 * * * Asia/Shanghai; next night " in night.stdout
        assert "running now: http://127.0.0.1:" in night.stdout
        assert night.stderr.count("\n") == 1 and "[feeds]" in night.stderr and "Traceback" not in night.stderr
        assert "Failed" in done[4].stdout
        assert "ok   schedule    schedule 0 2 * * * Asia/Shanghai" in done[5].stdout
        assert "BAD  last run    exit 4" in done[5].stdout
        assert "[deployment_taken]" in done[6].stderr
        told = json.loads((mine.out / "status.json").read_text(encoding="utf-8"))
        assert (told["exit_code"], told["stage"]) == (4, "feeds")
        until = time.monotonic() + 60
        while not (hook.told and mail.told) and time.monotonic() < until:
            time.sleep(0.2)
    assert hook.told[0]["subject"] == "creditgrade: the night failed"
    assert "--accept-stale penalties" in hook.told[0]["body"], "what is sent says how to go on"
    name, sentence = hook.told[0]["body"].split(": ", 1)
    assert name.startswith("creditgrade as_of=") and sentence == told["message"], "no words of Prefect's own"
    assert "duty@example.cn" in mail.told[0]
    names = [one["name"] for one in ask(api, "automations/filter", {})]
    assert sorted(names) == [
        f"creditgrade night {what} ({way})" for what in ("failed", "missing") for way in ("mail", "webhook")
    ]

    # A night that was killed must not keep a place for which the next ones wait.
    standing = ask(api, "deployments/name/creditgrade-nightly/nightly")
    assert (standing["concurrency_limit"], standing["global_concurrency_limit"]) == (None, None)

    # An output folder among what was delivered is refused before the server writes there.
    (inside,) = commands((*up, "--out", mine.landing / "out", "--port", port))
    assert "[out_in_landing]" in inside.stderr and not (mine.landing / "out").exists()

    # Deployed again: one deployment with one schedule still, and another time of day takes its place.
    done_again = script(REDEPLOY, mine.landing, mine.out, port)
    # That the server plans it is more than that it holds it.
    assert done_again.stdout.startswith("1 planned: schedule 30 4 * * * Asia/Shanghai; next night 20"), (
        done_again
    )
    assert done_again.stdout.endswith(" 04:30\n")
    (deployment,) = ask(api, "deployments/filter", {})
    assert [(one["schedule"]["cron"], one["schedule"]["timezone"]) for one in deployment["schedules"]] == [
        ("30 4 * * *", "Asia/Shanghai")
    ]
