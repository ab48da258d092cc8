"""What became of each delivery: duplicates, A/B/A, refusals that stay until something better comes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.acceptances import Acceptance
from flows.stages.ingest_deliveries import Reading, judge_refusals, open_refusals, settle
from flows.stages.ingest_landing import Unreadable
from records.intake import Delivery
from records.lake import Receipt, Withdrawal

WITHDRAWAL = Withdrawal("", "why", date(2026, 1, 9), 99)


def history(*steps: str) -> list[Receipt]:
    """Steps like ``a:A`` (path a brought bytes A), a day each."""
    orders: dict[str, int] = {}
    receipts = []
    for day, step in enumerate(steps, start=1):
        path, sha256 = step.split(":")
        orders[path] = orders.get(path, 0) + 1
        receipts.append(Receipt(path, "penalties", sha256, 1, date(2026, 1, day), orders[path], ""))
    return receipts


def settled(receipts: Sequence[Receipt], refused: str = "", withdrawn: str = "") -> tuple[Delivery, ...]:
    def reading(receipt: Receipt) -> Reading:
        record: dict[str, Any] = {"rows_read": 5, "accepted": 3, "quarantined": 1, "duplicates": 1}
        if receipt.sha256 in refused:
            record = {
                "refused_rule": "file_undecodable",
                "refused_message": "no encoding fits",
                "rows_read": 0,
            }
        return Reading(record, Path(receipt.sha256), None)

    taken = {receipt: WITHDRAWAL for receipt in receipts if receipt.sha256 in withdrawn}
    return settle(receipts, taken, {r: reading(r) for r in receipts if r not in taken})


def parts(deliveries: Sequence[Delivery]) -> list[str]:
    return [
        "withdrawn"
        if d.is_withdrawn
        else "refused"
        if d.refused_rule
        else "duplicate"
        if d.is_duplicate
        else "own"
        for d in deliveries
    ]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("a:A", "b:B"), ["own", "own"]),
        (("a:A", "b:A"), ["own", "duplicate"]),
        (("a:A", "a:B", "a:A"), ["own", "own", "own"]),
        (("a:A", "b:B", "b:A"), ["own", "own", "own"]),  # b brought other bytes in between
        (("b:B", "a:A", "b:A"), ["own", "own", "duplicate"]),  # nothing came between a's A and b's
        (("a:A", "b:A", "b:B", "b:A"), ["own", "duplicate", "own", "own"]),
        (("a:A", "a:B", "a:A", "b:A"), ["own", "own", "own", "duplicate"]),
    ],
)
def test_equal_bytes_are_a_duplicate_unless_the_path_brought_others_in_between(
    steps: tuple[str, ...], expected: list[str]
) -> None:
    assert parts(settled(history(*steps))) == expected


def test_a_duplicate_counts_all_its_rows_as_duplicates_and_has_no_tables() -> None:
    first, second = settled(history("a:A", "b:A"))
    assert (first.record["accepted"], first.accepted) == (3, Path("A"))
    assert {k: second.record[k] for k in ("rows_read", "accepted", "quarantined", "duplicates")} == {
        "rows_read": 5, "accepted": 0, "quarantined": 0, "duplicates": 5,
    }  # fmt: skip
    assert (second.accepted, second.file_ord, second.takes_part) == (None, 0, False)


def test_file_ord_is_dense_and_follows_day_path_and_receipt() -> None:
    receipts = [
        Receipt(path, "listings", sha, 1, date(2026, 1, day), order, "")
        for path, sha, day, order in (
            ("x", "1", 2, 1), ("b", "2", 1, 1), ("a", "3", 1, 2), ("a", "4", 1, 1), ("行", "5", 1, 1), ("Z", "6", 1, 1),
            ("c", "3", 1, 1),
        )
    ]  # fmt: skip
    expected = settled(receipts)
    assert [(d.path, d.order, d.file_ord) for d in expected] == [
        ("Z", 1, 1), ("a", 1, 2), ("a", 2, 3), ("b", 1, 4), ("c", 1, 0), ("行", 1, 5), ("x", 1, 6),
    ]  # fmt: skip
    shuffled = random.Random(1).sample(receipts, len(receipts))
    assert settled(shuffled) == expected


def test_withdrawn_deliveries_take_no_part_and_leave_the_first_place() -> None:
    receipts = history("a:A", "b:B")
    assert parts(settled(receipts, withdrawn="A")) == ["withdrawn", "own"]
    again = [*receipts, Receipt("c", "penalties", "A", 1, date(2026, 1, 9), 1, "")]
    first = settle(
        again, {receipts[0]: WITHDRAWAL}, {r: Reading({"rows_read": 1}, None, None) for r in again[1:]}
    )
    assert parts(first) == ["withdrawn", "own", "own"]


def test_the_same_bytes_of_another_kind_are_no_duplicate() -> None:
    a, b = history("a:A", "b:A")
    b = Receipt(b.path, "listings", b.sha256, 1, b.landed_on, 1, "")
    assert parts(settled([a, b])) == ["own", "own"]


@pytest.mark.parametrize(
    ("steps", "withdrawn", "expected"),
    [
        (("a:X",), "", ["X"]),
        (("a:X", "a:A"), "", []),
        (("a:A", "a:X"), "", ["X"]),
        (("a:X", "b:A"), "", ["X"]),
        (("a:X", "a:Y"), "", ["X", "Y"]),
        (("a:X", "a:A", "a:Y"), "", ["Y"]),
        (("a:X",), "X", []),
        (("a:X", "a:A"), "A", ["X"]),
        (("b:A", "a:X", "a:A"), "", []),  # a duplicate was read too
    ],
)
def test_a_refusal_stays_until_the_path_brings_something_readable(
    steps: tuple[str, ...], withdrawn: str, expected: list[str]
) -> None:
    deliveries = settled(history(*steps), refused="XY", withdrawn=withdrawn)
    assert [refusal.sha256 for refusal in open_refusals(deliveries, [])] == expected


def test_refusals_of_kinds_that_could_hide_a_fact_stop_and_tell_the_way_on() -> None:
    refusals = open_refusals(settled(history("penalties/a b.csv:X"), refused="X"), [])
    error, warnings, gaps = judge_refusals(refusals, {}, ())
    assert (warnings, gaps) == ([], [])
    assert error is not None
    assert (error.exit_code, error.rule, error.file) == (3, "file_undecodable", "penalties/a b.csv")
    assert "no encoding fits" in str(error)
    assert "--accept-refused 'penalties/a b.csv'" in str(error)


def test_all_refused_files_are_named() -> None:
    lost = Unreadable("listings/x", "listings", "file_unreadable", "no regular file")
    error, _, _ = judge_refusals(
        open_refusals(settled(history("p/a:X", "p/b:Y"), refused="XY"), [lost]), {}, ()
    )
    assert error is not None
    for part in (
        "3 files",
        "p/a: no encoding fits [file_undecodable]",
        "listings/x: no regular file",
        "--accept-refused p/b",
    ):
        assert part in str(error)


def test_an_accepted_refusal_is_a_gap_on_the_record() -> None:
    lost = Unreadable("listings/x", "listings", "file_unreadable", "no regular file")
    refusals = open_refusals(settled(history("p/a:X"), refused="X"), [lost])
    accepted = {
        "p/a": Acceptance("refused", "p/a", "tax office asked", date(2026, 2, 1)),
        "listings/x": Acceptance("refused", "listings/x"),
        "p/other": Acceptance("refused", "p/other"),
        "p/mistyped": Acceptance("refused", "p/mistyped"),
    }
    error, warnings, gaps = judge_refusals(refusals, accepted, ("p/a", "p/other"))
    assert error is None
    assert gaps == [
        {"type": "refused", "kind": "listings", "path": "listings/x", "sha256": None, "rule": "file_unreadable",
         "reason": None, "until": None},
        {"type": "refused", "kind": "penalties", "path": "p/a", "sha256": "X", "rule": "file_undecodable",
         "reason": "tax office asked", "until": "2026-02-01"},
    ]  # fmt: skip
    assert warnings == [
        "listings/x: no regular file [file_unreadable]; accepted: no reason given",
        "p/a: no encoding fits [file_undecodable]; accepted: tax office asked",
        "p/mistyped: accepted as refused, but no such file was received",
        "p/other: accepted as refused, but it is not",
    ]


def test_other_kinds_only_warn() -> None:
    lost = Unreadable("honours/x", "honours", "file_unreadable", "no regular file")
    error, warnings, gaps = judge_refusals(open_refusals((), [lost]), {}, ())
    assert (error, gaps) == (None, [])
    assert warnings == ["honours/x: no regular file [file_unreadable]; refused, its rows are missing"]
