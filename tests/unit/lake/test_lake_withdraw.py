"""Deliveries are taken out on the record, and only those that had come by then."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.cli import _run
from flows.stages.ingest_deliveries import known_receipts, withdrawn_receipts
from records.errors import CreditgradeError, UsageError
from records.lake import Lake, Receipt, append_receipts, read_receipts, read_withdrawals, withdraw

NOW = datetime(2026, 4, 1, 17, 30, tzinfo=UTC)  # already the 2nd in Shanghai
A, B = "a" * 64, "b" * 64


def receipt(path: str, sha256: str, day: int, order: int = 1) -> Receipt:
    return Receipt(path, "penalties", sha256, 10, date(2026, 4, day), order, "2026-04-01T00:00:00+08:00")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    with lake.locked():
        append_receipts(lake.journal, [receipt("penalties/a.csv", A, 1), receipt("penalties/b.csv", B, 1)])
    return lake


def test_receipts_come_back(lake: Lake) -> None:
    assert read_receipts(lake.journal) == [receipt("penalties/a.csv", A, 1), receipt("penalties/b.csv", B, 1)]


def test_a_withdrawal_stands_on_the_record(lake: Lake) -> None:
    withdraw(lake.root, A.upper(), " wrong city ", NOW)
    (made,) = read_withdrawals(lake.withdrawn)
    assert (made.sha256, made.reason, made.withdrawn_on, made.receipts) == (
        A,
        "wrong city",
        date(2026, 4, 2),
        2,
    )
    assert '"withdrawn_at": "2026-04-02T01:30:00+08:00"' in lake.withdrawn.read_text()


def test_a_reason_shows_no_number_of_a_person(lake: Lake) -> None:
    made = withdraw(lake.root, A, "13812345678 says 341802199001010013", NOW)
    assert made.reason == "[电话] says [证件号]"
    assert read_withdrawals(lake.withdrawn) == [made] and "1381234" not in lake.withdrawn.read_text()


def test_the_same_bytes_later_are_a_new_delivery(lake: Lake) -> None:
    withdraw(lake.root, A, "wrong city", NOW)
    again = receipt("penalties/c.csv", A, 3)
    append_receipts(lake.journal, [again])
    receipts = read_receipts(lake.journal)
    taken = withdrawn_receipts(receipts, read_withdrawals(lake.withdrawn), None)
    assert set(taken) == {receipts[0]}
    withdraw(lake.root, A, "wrong again", NOW)
    taken = withdrawn_receipts(receipts, read_withdrawals(lake.withdrawn), None)
    assert set(taken) == {receipts[0], again}
    assert taken[receipts[0]].reason == "wrong city"


def test_what_was_known_before_a_withdrawal_can_be_asked(lake: Lake) -> None:
    withdraw(lake.root, A, "wrong city", NOW)
    receipts = read_receipts(lake.journal)
    withdrawals = read_withdrawals(lake.withdrawn)
    assert withdrawn_receipts(receipts, withdrawals, date(2026, 4, 1)) == {}
    assert len(withdrawn_receipts(receipts, withdrawals, date(2026, 4, 2))) == 1
    assert known_receipts([*receipts, receipt("x", B, 9)], date(2026, 4, 1)) == receipts


@pytest.mark.parametrize(
    ("sha256", "reason", "rule"), [("c" * 64, "why", "withdraw_unknown"), (A, " ", "no_reason")]
)
def test_a_withdrawal_needs_a_delivery_and_a_reason(lake: Lake, sha256: str, reason: str, rule: str) -> None:
    with pytest.raises(UsageError, match=rule):
        withdraw(lake.root, sha256, reason, NOW)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        (f" {A[:12].upper()} ", f"digits: {A} "),
        (A[:8], f"digits: {A} "),
        (A[:7], "it stands in `inputs`"),
        ("d" * 12, "it stands in `inputs`"),
        ("b" * 12, "it stands in `inputs`"),  # two deliveries begin so
    ],
)
def test_a_part_of_a_sha256_is_refused_with_the_whole_one(
    lake: Lake, capsys: pytest.CaptureFixture[str], part: str, told: str
) -> None:
    append_receipts(lake.journal, [receipt("penalties/c.csv", "b" * 63 + "c", 1)])
    assert _run(["lake", "withdraw", part, "--reason", "why", "--lake", str(lake.root)]) == 2
    shown = capsys.readouterr().err
    assert "the whole sha256 is asked for, 64 digits" in shown and "[withdraw_unknown]" in shown
    assert told in shown
    assert read_withdrawals(lake.withdrawn) == []


def test_withdrawing_twice_is_said(lake: Lake) -> None:
    withdraw(lake.root, A, "wrong city", NOW)
    with pytest.raises(UsageError, match="withdrawn already") as caught:
        withdraw(lake.root, A, "wrong city", NOW)
    assert caught.value.rule == "withdrawn_already"


def test_a_folder_without_journal_is_no_lake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no lake"):
        withdraw(tmp_path, A, "why", NOW)
    assert list(tmp_path.iterdir()) == []


ODD_KIND = {"path": "a", "kind": "odd", "sha256": "x", "bytes": 1, "landed_on": "2026-01-01", "order": 1}


@pytest.mark.parametrize(
    "line", ['{"path": "a"}', '{"sha256": 1}', json.dumps({**ODD_KIND, "received_at": ""})]
)
def test_a_damaged_record_is_named(lake: Lake, line: str) -> None:
    lake.journal.write_text(line + "\n")
    lake.withdrawn.write_text(line + "\n")
    with pytest.raises(CreditgradeError, match="record_damaged"):
        read_receipts(lake.journal)
    with pytest.raises(CreditgradeError, match="record_damaged"):
        read_withdrawals(lake.withdrawn)
