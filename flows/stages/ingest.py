"""Ingest: what landed goes into the lake, what is new is read, and the engine is told what takes part."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.acceptances import Acceptance
from flows.stages.ingest_artifacts import Artifact, artifacts_of, drop_damaged
from flows.stages.ingest_datadocs import write_datadocs
from flows.stages.ingest_deliveries import (
    Reading,
    judge_refusals,
    known_receipts,
    open_refusals,
    settle,
    withdrawn_receipts,
)
from flows.stages.ingest_judge import Judging
from flows.stages.ingest_landing import holds_no_file
from flows.stages.ingest_receive import receive
from flows.stages.ingest_workers import parse_missing, reader_digest, source_finder
from records.errors import CreditgradeError, InputRefused
from records.intake import Delivery, Intake
from records.lake import Lake, Receipt, Withdrawal, id_key, read_receipts, read_withdrawals
from records.lake.disk import clear_disk_errors
from records.lake.lines import has_torn_end
from records.lake.packs import Pack, drop_superseded, pack_small, packs_in
from records.schema import KINDS

if TYPE_CHECKING:
    from policy import Policy


def ingest(
    landing: Path | None,
    lake: Path,
    policy: Policy,
    *,
    today: date,
    now: datetime,
    known_by: date | None = None,
    accept_refused: Collection[str | Acceptance] = (),
    datadocs: Path | None = None,
    workers: int = 2,
    wait_seconds: float = 0.0,
    waiting: Callable[[str], None] = lambda text: None,
    environ: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> Intake:
    """Takes a landing folder into the lake and reads what is new.

    Args:
        landing: the landing folder; None to take in nothing new.
        lake: the lake folder, made where it does not exist.
        policy: its code tables decide how files are read.
        today: day of receipt, Asia/Shanghai.
        now: instant of receipt, with its offset.
        known_by: leaves out deliveries that landed, and withdrawals that were made, after this day.
        accept_refused: refused files that a person lets the run go on without, by path under the landing folder.
        datadocs: folder for the Great Expectations data docs; None for none.
        workers: processes that read what is new; below 2, and for little work, this one does.
        wait_seconds: how long to wait for a run of another output folder that takes files into this lake.
        waiting: told once that it waits for one.
        environ: where the key of the ids is looked up; this process's environment by default.
        progress: told the delivered bytes that are parsed, and all that are to be.

    Returns:
        every delivery in delivery order, with warnings and accepted gaps.

    Raises:
        InputRefused: ``unknown_folder``, ``file_at_root``, the rule of a refused file or ``files_refused``,
            ``no_entities``.
        UsageError: ``landing_missing``, ``not_writable``, ``id_key_other``, ``id_key_unreadable``.
        CreditgradeError: ``lake_busy``, ``disk_full``, ``record_damaged``, ``received_bytes_lost``,
            ``received_bytes_damaged``, ``worker_died``, ``rows_lost``, ``internal_error``.
    """
    place = Lake(lake)
    with place.locked(wait_seconds, waiting):
        key = id_key(place, os.environ if environ is None else environ)
        _none_forgotten(place, read_receipts(place.journal), may_be_torn=True)
        unreadable, warnings = receive(place, landing, today, now) if landing is not None else ([], [])
        if known_by is not None and known_by < today:
            warnings += [
                f"{item.path}: {item.message} [{item.rule}]; not known by {known_by}" for item in unreadable
            ]
            unreadable = []
        journal = read_receipts(place.journal)
        _none_forgotten(place, journal, may_be_torn=False)
        withdrawn = withdrawn_receipts(journal, read_withdrawals(place.withdrawn), known_by)
        known = known_receipts(journal, known_by)
        judging = Judging(policy, key, reader_digest(policy, key))
        artifacts = artifacts_of(place, journal, judging.digest, source_finder(policy))
        wanted = {receipt: artifacts[receipt] for receipt in known if receipt not in withdrawn}
        records, repairs = drop_damaged(wanted.values())
        parse_missing(place, wanted.values(), judging, workers=workers, progress=progress)
        readings = _readings(wanted, records)
        packs, damaged = _packs(place, readings.values())
    deliveries = settle(known, withdrawn, readings)
    if datadocs is not None:
        with clear_disk_errors(datadocs):
            write_datadocs(deliveries, datadocs)
    accepted = (item if isinstance(item, Acceptance) else Acceptance.refused(item) for item in accept_refused)
    error, refusal_warnings, gaps = judge_refusals(
        open_refusals(deliveries, unreadable),
        {item.target: item for item in accepted},
        {receipt.path for receipt in journal},
    )
    if error is not None:
        raise error
    if not any(
        delivery.record["accepted"]
        for delivery in deliveries
        if delivery.takes_part and delivery.kind == "entities"
    ):
        when = "was ever received" if known_by is None else f"had been received by {known_by}"
        raise InputRefused(f"no market entity {when}", rule="no_entities")
    if landing is not None and journal and holds_no_file(landing):
        repairs.append(
            f"landing folder {landing} holds no file at all: is its share mounted? The answer is made from what was "
            "received before"
        )
    warnings += [*refusal_warnings, *_withdrawal_warnings(known, withdrawn), *_file_warnings(deliveries)]
    return Intake(deliveries, tuple(warnings), tuple(gaps), (*repairs, *damaged), packs)


def _none_forgotten(lake: Lake, journal: Collection[Receipt], *, may_be_torn: bool) -> None:
    """What was read was received before: a journal that no longer says so has lost lines, and with them evidence.

    Before the landing folder is taken in, the delivery of a torn last line may be missing: it may be received again.
    """
    named = {(receipt.kind, receipt.sha256) for receipt in journal}
    read = {
        (kind, record.name.partition("-")[0]) for kind in KINDS for record in lake.folder(kind).glob("*.json")
    }
    forgotten = sorted(read - named)
    if len(forgotten) > (may_be_torn and has_torn_end(lake.journal)):
        raise CreditgradeError(
            f"{lake.journal} has lost lines: delivery {forgotten[0][1]} of {forgotten[0][0]} was read but is not "
            "in it; restore the file from the backup",
            rule="record_damaged",
        )


def _readings(
    wanted: Mapping[Receipt, Artifact], records: Mapping[Artifact, dict[str, Any]]
) -> dict[Receipt, Reading]:
    """What was read of each receipt, now or before (``records``); the tables are named only where they have rows."""
    loaded: dict[Artifact, Reading] = {}
    for artifact in set(wanted.values()):
        record = records.get(artifact) or artifact.load()
        if record is None:
            raise FileNotFoundError(artifact.record)
        loaded[artifact] = Reading(
            record,
            artifact.accepted if record["accepted"] else None,
            artifact.quarantine if record["quarantined"] else None,
        )
    return {receipt: loaded[artifact] for receipt, artifact in wanted.items()}


def _packs(lake: Lake, readings: Collection[Reading]) -> tuple[tuple[Pack, ...], list[str]]:
    """The packs of the lake, with those that many small tables are worth, and a line about each damaged one."""
    tables: defaultdict[Path, list[set[Path]]] = defaultdict(lambda: [set(), set()])
    for reading in readings:
        for place, table in enumerate((reading.accepted, reading.quarantine)):
            if table is not None:
                tables[table.parent][place].add(table)
    packs: list[Pack] = []
    removed: list[str] = []
    for kind in KINDS:
        sound, gone = packs_in(lake.folder(kind))
        own = drop_superseded(sound)
        for of_one_schema in tables[lake.folder(kind)]:
            own = pack_small(of_one_schema, own)
        packs += own
        removed += gone
    return tuple(sorted(packs, key=lambda pack: pack.path)), removed


def _withdrawal_warnings(known: Collection[Receipt], withdrawn: Mapping[Receipt, Withdrawal]) -> list[str]:
    return [
        f"{r.path}: delivery {r.sha256[:12]} of {r.landed_on} withdrawn: {withdrawn[r].reason}"
        for r in sorted(known, key=lambda receipt: receipt.delivery_order)
        if r in withdrawn
    ]


def _file_warnings(deliveries: Collection[Delivery]) -> list[str]:
    return [
        f"{delivery.path}: {warning}"
        for delivery in deliveries
        # Empty files have the same bytes, yet each of them is one that should not be empty.
        if delivery.takes_part or (delivery.is_duplicate and not delivery.record["rows_read"])
        for warning in delivery.record["warnings"]
    ]
