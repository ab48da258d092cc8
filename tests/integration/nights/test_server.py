"""The nightly flow against a real Prefect server: the same bytes, what its page shows, and who is told."""

from __future__ import annotations

import json
import os
import socketserver
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.nightly.server import running_server
from tests.integration.nights.conftest import DAY, Graded, command, free_port, tables

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with running_server(tmp_path_factory.mktemp("prefect"), "127.0.0.1", free_port(), clean) as address:
        yield address


def post(api: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{api}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        return json.loads(answer.read())


def port_of(api: str) -> str:
    return api.removesuffix("/api").rpartition(":")[2]


def test_both_runners_give_the_same_bytes(graded: Graded, tmp_path: Path, api: str) -> None:
    mine = graded.copy(tmp_path)
    out = tmp_path / "by-prefect"
    done = command(
        "run", "-q", "--landing", mine.landing, "--out", out, "--lake", mine.out / "lake", "--as-of", DAY,
        "--runner", "prefect", environ={"PREFECT_API_URL": api},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")
    assert tables(out / "snapshots" / f"as_of={DAY}") == tables(graded.snapshot)

    (flow_run,) = post(api, "flow_runs/filter", {})
    assert flow_run["name"] == f"creditgrade as_of={DAY}"
    assert flow_run["state"]["type"] == "COMPLETED"
    tasks = sorted(post(api, "task_runs/filter", {}), key=lambda task: task["start_time"])
    assert [task["name"] for task in tasks] == ["policy", "ingest", "feeds", "grade", "publish", "latest"]
    retried = {task["name"] for task in tasks if task["empirical_policy"]["retries"]}
    assert retried == {"ingest", "publish", "latest"}
    assert not any(task["state"]["data"] for task in tasks)
    artifacts = {one["key"]: one for one in post(api, "artifacts/filter", {}) if one["key"]}
    table = {row["what"]: row["value"] for row in json.loads(artifacts["creditgrade-result"]["data"])}
    assert table[f"snapshot as_of={DAY}"] == "published"
    assert "rows read" in table["penalties"]
    assert str(out / "status.json") in artifacts["creditgrade-links"]["data"]
    # The page tells no class.
    assert not {"A", "B", "C", "D", "classes"} & set(table)


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand a mail over."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 good\r\n")
            if word == b"QUIT":
                return


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def listeners() -> Iterator[tuple[ThreadingHTTPServer, socketserver.ThreadingTCPServer]]:
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook,
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail) as mail,
    ):
        hook.calls, mail.mails = [], []  # type: ignore[attr-defined]
        threads = [threading.Thread(target=one.serve_forever, args=(0.05,)) for one in (hook, mail)]
        for thread in threads:
            thread.start()
        yield hook, mail
        for one in (hook, mail):
            one.shutdown()
        for thread in threads:
            thread.join()


def test_a_night_that_fails_tells_by_webhook_and_mail(
    graded: Graded, tmp_path: Path, api: str, listeners: tuple[Any, Any]
) -> None:
    # The sample's newest event lies months before the day of this run: the feeds are late.
    mine = graded.copy(tmp_path)
    hook, mail = listeners
    where = ("--out", mine.out, "--port", port_of(api))
    url = f"http://127.0.0.1:{hook.server_address[1]}/told"
    address = f"mailto://127.0.0.1:{mail.server_address[1]}?from=night@example.cn&to=duty@example.cn"
    for _ in range(2):
        done = command("nightly", "automate", *where, "--webhook", url)
        assert "creditgrade night failed (webhook): on" in done.stdout
    command("nightly", "automate", *where, "--mail", address)
    names = [one["name"] for one in post(api, "automations/filter", {})]
    assert sorted(names) == [
        f"creditgrade night {what} ({way})" for what in ("failed", "missing") for way in ("mail", "webhook")
    ]

    done = command("nightly", "up", "--landing", mine.landing, *where, "--once", code=1)
    assert "schedule 0 2 * * * Asia/Shanghai; next night " in done.stdout
    assert "running now: http://127.0.0.1:" in done.stdout
    assert done.stderr.count("\n") == 1 and "[feed_late]" in done.stderr and "Traceback" not in done.stderr
    told = json.loads((mine.out / "status.json").read_text(encoding="utf-8"))
    assert (told["exit_code"], told["stage"]) == (4, "feeds")
    until = time.monotonic() + 40
    while not (hook.calls and mail.mails) and time.monotonic() < until:
        time.sleep(0.2)
    assert hook.calls[0]["subject"] == "creditgrade: the night failed"
    assert "[feed_late]" in hook.calls[0]["body"]
    assert "duty@example.cn" in mail.mails[0]

    # Deployed again: one schedule still, and another time of day takes its place.
    for at in ("02:00", "03:30"):
        command("nightly", "up", "--landing", mine.landing, *where, "--once", "--at", at, code=1)
    (deployment,) = post(api, "deployments/filter", {})
    assert [one["schedule"]["cron"] for one in deployment["schedules"]] == ["30 3 * * *"]
    assert "30 3 * * * Asia/Shanghai" in command("nightly", "show", *where).stdout
    other = command(
        "nightly",
        "up",
        "--landing",
        mine.landing,
        "--out",
        tmp_path / "other",
        "--port",
        port_of(api),
        code=2,
    )
    assert "[deployment_taken]" in other.stderr
