"""How Prefect is set up, the deployment's options, and what its page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.nightly.artifacts import result_rows
from flows.nightly.night import Night
from flows.nightly.server import environment, is_port_taken, running_server, server_version
from flows.nightly.settings import api_url, first_retry_seconds, page_url
from records.errors import UsageError


def test_nothing_is_sent_and_all_lies_under_out(tmp_path: Path) -> None:
    made = environment({}, tmp_path, "127.0.0.1", 4200)
    assert (made["DO_NOT_TRACK"], made["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")
    assert made["PREFECT_HOME"] == str(tmp_path)
    assert made["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert "PREFECT_SERVER_DATABASE_CONNECTION_URL" not in made


def test_an_operators_settings_stay_but_for_the_address(tmp_path: Path) -> None:
    own = {"PREFECT_LOGGING_LEVEL": "INFO", "PREFECT_API_URL": "http://elsewhere/api", "HOME": "/h"}
    made = environment(own, tmp_path, "127.0.0.1", 4201, "postgresql+asyncpg://u@h/d")
    assert (made["PREFECT_LOGGING_LEVEL"], made["HOME"]) == ("INFO", "/h")
    assert made["PREFECT_API_URL"] == "http://127.0.0.1:4201/api"
    assert made["PREFECT_SERVER_DATABASE_CONNECTION_URL"] == "postgresql+asyncpg://u@h/d"


def test_addresses() -> None:
    assert page_url(api_url("127.0.0.1", 4200)) == "http://127.0.0.1:4200/runs"


def test_the_first_retry() -> None:
    assert first_retry_seconds({}) == 20
    assert first_retry_seconds({"CREDITGRADE_RETRY_SECONDS": "0.5"}) == 0.5
    assert first_retry_seconds({"CREDITGRADE_RETRY_SECONDS": "0"}) == 0
    for text in ("soon", "-1", "nan", "inf"):
        with pytest.raises(UsageError, match=r"CREDITGRADE_RETRY_SECONDS.*bad_option"):
            first_retry_seconds({"CREDITGRADE_RETRY_SECONDS": text})


def test_a_night_carries_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = Night(Path("landing"), Path("out"), policy=Path("rules")).parameters()
    assert told["landing"] == str(tmp_path / "landing") and told["policy"] == str(tmp_path / "rules")
    assert told["lake"] is None


def test_a_port_that_something_else_has(tmp_path: Path) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert is_port_taken("127.0.0.1", port)
        # It accepts and says nothing: closed at once, so that the look does not wait for an answer.
        other.close()
    assert server_version(api_url("127.0.0.1", port)) is None


def test_a_taken_port_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.nightly.server.is_port_taken", lambda *_: True)
    monkeypatch.setattr("flows.nightly.server.server_version", lambda _: None)
    with pytest.raises(UsageError, match="--port"), running_server(tmp_path, "127.0.0.1", 4200, {}):
        pass


def test_the_table_shows_counts_and_no_class() -> None:
    manifest = {
        "inputs": [
            {"kind": "penalties", "rows_read": 1_000, "accepted": 990, "quarantined": 7, "duplicates": 3},
            {"kind": "penalties", "rows_read": 1, "accepted": 1, "quarantined": 0, "duplicates": 0},
        ],
        "summary": {"statuses": {"HOLD_REVIEW": 2}, "classes": {"D": 1}},
    }
    assert result_rows(manifest) == [
        {"what": "penalties", "value": "rows read 1,001, accepted 991, quarantined 7, duplicates 3"},
        {"what": "HOLD_REVIEW", "value": "2"},
    ]
