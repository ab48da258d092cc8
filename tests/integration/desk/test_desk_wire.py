"""The server's sockets and its questions that come together."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from uvicorn import Config
from uvicorn.server import ServerState

from desk.asking import Question
from desk.asking_together import Single, asking_together
from desk.audit import Who
from desk.audit_check import check
from desk.databases import migrate, open_engine, writing
from desk.http.settings import ENV, Settings
from desk.http.wire import PromptProtocol
from desk.tokens import add_token, opening_together, revoke_token
from records.errors import CreditgradeError, UsageError
from tests.integration.desk.conftest import City
from tests.integration.desk.making import DAY, code, entity


def test_an_answers_body_does_not_wait_for_the_client_to_acknowledge_its_headers() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Never called."""

    async def connect() -> int:
        config = Config(app, http=PromptProtocol, lifespan="off", log_level="warning")
        config.load()
        made: list[PromptProtocol] = []

        def protocol() -> PromptProtocol:
            made.append(PromptProtocol(config, ServerState(), {}))
            return made[-1]

        # As uvicorn makes the socket that worker processes share.
        shared = socket.socket()
        shared.bind(("127.0.0.1", 0))
        server = await asyncio.get_running_loop().create_server(protocol, sock=shared)
        _, writer = await asyncio.open_connection(*shared.getsockname())
        while not made or made[0].transport is None:
            await asyncio.sleep(0.01)
        connected = made[0].transport.get_extra_info("socket")
        set_to = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        server.close()
        return int(set_to)

    assert asyncio.run(connect()) != 0


def test_single_questions_that_come_together_are_each_in_the_trail(city: City) -> None:
    city.night([entity(n) for n in range(20)])
    audit = city.audit
    asking = asking_together(city.store, audit)
    singles = [Single(Who(f"u{n}", "desk", "web"), Question(code(n)), DAY) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda single: asking.begin(single).result(30), singles))
    asking.close()
    assert [one.code for one in answers] == ["ELIGIBLE"] * 20 + ["NOT_IN_REGISTER"] * 20
    for number, one in enumerate(answers):
        entry = audit.by_code(one.verification_code)
        assert entry is not None
        assert (entry["who"], entry["subject"], entry["answer"]) == (f"u{number}", code(number), one.code)
    assert audit.head().entries == 40
    assert check(audit) == []


def test_a_day_without_a_list_is_told_to_whoever_asked_of_it_alone(town: City) -> None:
    town.night([entity(1)])
    asking = asking_together(town.store, town.audit)
    who, question = Who("u", "desk", "web"), Question(code(1))
    days: list[date | None] = [DAY, DAY - timedelta(days=400), None]
    good, bad, today = (asking.begin(Single(who, question, on)) for on in days)
    assert good.result(30).code == "ELIGIBLE"
    assert today.result(30).verification_code
    with pytest.raises(UsageError, match="no list stood"):
        bad.result(30)
    asking.close()


def test_where_the_trail_cannot_be_written_a_single_question_is_not_answered(town: City) -> None:
    town.night([entity(1)])
    audit = town.audit
    asking = asking_together(town.store, audit)
    with writing(audit.engine) as connection:
        connection.execute(text("ALTER TABLE desk_audit RENAME TO gone"))
    single = Single(Who("u", "desk", "web"), Question(code(1)), DAY)
    with pytest.raises(CreditgradeError, match="database_damaged"):
        asking.begin(single).result(30)
    asking.close()


def test_a_revoked_token_opens_nothing_from_the_next_request_on(city: City) -> None:
    city.places.make_folder()
    access = open_engine(city.places.access)
    migrate(access, "access")
    opening = opening_together(access)
    token, secret = add_token(access, "a system", ["ask"], 1)
    _, other = add_token(access, "another", ["search"], 1)
    found = [opening.begin(text_) for text_ in (secret, other, "cgd_unknown", "x", secret)]
    names = [one.name if one else None for one in (done.result(30) for done in found)]
    assert names == ["a system", "another", None, None, "a system"]
    revoke_token(access, token.id)
    assert opening.begin(secret).result(30) is None
    opening.close()
    access.dispose()


def test_a_server_that_is_killed_has_answered_nothing_without_its_entry(town: City) -> None:
    town.night([entity(n) for n in range(50)])
    town.places.make_folder()
    access = open_engine(town.places.access)
    migrate(access, "access")
    _, secret = add_token(access, "a system", ["ask"], 1)
    access.dispose()
    audit = town.audit
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("creditgrade")), "desk", "serve", "--runs", str(town.out)]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--workers", "2", "-q"], start_new_session=True, stderr=subprocess.DEVNULL
    )  # fmt: skip
    told: list[str] = []

    def caller(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {secret}"}
        with closing(connection):
            for number in range(first, 10_000):
                path = f"/api/v1/answer?applicant={code(number % 50)}"
                try:
                    connection.request("GET", path, headers=headers)
                    with connection.getresponse() as answered:
                        told.append(json.loads(answered.read())["verification_code"])
                except (OSError, http.client.HTTPException, ValueError):
                    return

    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        callers = [threading.Thread(target=caller, args=(n,)) for n in range(6)]
        for one in callers:
            one.start()
        while len(told) < 40:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    for one in callers:
        one.join()
    written = {row["code"] for row in audit.all()}
    assert len(told) >= 40
    assert set(told) <= written
    assert check(audit) == []


def test_the_collector_leaves_alone_what_a_server_holds_from_its_start(
    town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a process of its own: what this one holds is not to stay for good.
    program = (
        "import asyncio, gc\n"
        "from desk.http.app import app_from_environment\n"
        "async def serve(app):\n"
        "    async with app.router.lifespan_context(app):\n"
        "        print(gc.get_freeze_count() > 50_000, len(gc.get_objects()) < 1_000)\n"
        "asyncio.run(serve(app_from_environment()))\n"
    )
    monkeypatch.setenv(ENV, Settings(town.places, None, None, True).to_text())
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"
