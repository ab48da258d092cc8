"""What became of each delivery: duplicate, withdrawn, refused or taking part (contract §2). Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows.acceptances import Acceptance
from flows.stages.ingest_landing import Unreadable
from records.errors import InputRefused
from records.intake import Delivery
from records.lake import Receipt, Withdrawal

# A refused file of these could hide a fact that blocks; it stops the run. Others are a warning.
STOPPING_KINDS = ("penalties", "listings", "amendments", "entities", "rulings")


@dataclass(frozen=True)
class Reading:
    """What reading a delivery gave: its JSON record, and its tables where they have rows."""

    record: Mapping[str, Any]
    accepted: Path | None
    quarantine: Path | None


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken in, and for which nothing better has come.

    ``sha256`` is None where its bytes could not be read.
    """

    path: str
    kind: str
    sha256: str | None
    rule: str
    message: str


def known_receipts(receipts: Sequence[Receipt], known_by: date | None) -> list[Receipt]:
    """The journal without what landed after a day."""
    return [receipt for receipt in receipts if known_by is None or receipt.landed_on <= known_by]


def withdrawn_receipts(
    receipts: Sequence[Receipt], withdrawals: Sequence[Withdrawal], known_by: date | None
) -> dict[Receipt, Withdrawal]:
    """The receipts that were taken out, each with the first withdrawal that did it.

    Args:
        receipts: the whole journal.
        withdrawals: of this lake.
        known_by: withdrawals after that day were not known then.
    """
    taken: dict[Receipt, Withdrawal] = {}
    for withdrawal in withdrawals:
        if known_by is None or withdrawal.withdrawn_on <= known_by:
            for receipt in receipts[: withdrawal.receipts]:
                if receipt.sha256 == withdrawal.sha256:
                    taken.setdefault(receipt, withdrawal)
    return taken


def settle(
    receipts: Sequence[Receipt], withdrawn: Mapping[Receipt, Withdrawal], readings: Mapping[Receipt, Reading]
) -> tuple[Delivery, ...]:
    """Every delivery in delivery order, with its part in the tables.

    Args:
        receipts: those known, in any order.
        withdrawn: those taken out.
        readings: of every receipt that is not withdrawn.
    """
    deliveries: list[Delivery] = []
    file_ord = 0
    # Where in the order the last delivery of these bytes stands that takes part, and what each path brought.
    taking_part: dict[tuple[str, str], int] = {}
    brought: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for place, receipt in enumerate(sorted(receipts, key=lambda receipt: receipt.delivery_order)):
        reading = readings.get(receipt, Reading({}, None, None))
        is_withdrawn = receipt in withdrawn
        refused_rule = reading.record.get("refused_rule")
        bytes_key = (receipt.kind, receipt.sha256)
        is_read = not is_withdrawn and refused_rule is None
        earlier = taking_part.get(bytes_key) if is_read else None
        is_duplicate = earlier is not None and not any(
            at > earlier and sha256 != receipt.sha256 for at, sha256 in brought[receipt.path]
        )
        brought[receipt.path].append((place, receipt.sha256))
        takes_part = is_read and not is_duplicate
        if takes_part:
            taking_part[bytes_key] = place
            file_ord += 1
        deliveries.append(
            Delivery(
                kind=receipt.kind,
                path=receipt.path,
                sha256=receipt.sha256,
                landed_on=receipt.landed_on,
                order=receipt.order,
                file_ord=file_ord if takes_part else 0,
                is_duplicate=is_duplicate,
                is_withdrawn=is_withdrawn,
                refused_rule=refused_rule,
                record=_as_duplicate(reading.record) if is_duplicate else reading.record,
                accepted=reading.accepted if takes_part else None,
                quarantine=reading.quarantine if takes_part else None,
            )
        )
    return tuple(deliveries)


def open_refusals(deliveries: Sequence[Delivery], unreadable: Sequence[Unreadable]) -> list[Refusal]:
    """Refused files for which no later delivery of the same path was read, in delivery order."""
    read_later: set[str] = set()
    found: list[Refusal] = []
    for delivery in sorted(deliveries, key=lambda delivery: delivery.order, reverse=True):
        if delivery.is_withdrawn:
            continue
        if delivery.refused_rule is None:
            read_later.add(delivery.path)
        elif delivery.path not in read_later:
            message = str(delivery.record.get("refused_message", "refused"))
            found.append(
                Refusal(delivery.path, delivery.kind, delivery.sha256, delivery.refused_rule, message)
            )
    found += [Refusal(item.path, item.kind, None, item.rule, item.message) for item in unreadable]
    return sorted(found, key=lambda refusal: (refusal.path, refusal.sha256 or ""))


def judge_refusals(
    refusals: Sequence[Refusal], accepted: Mapping[str, Acceptance], received: Collection[str]
) -> tuple[InputRefused | None, list[str], list[dict[str, Any]]]:
    """Which refusals stop the run, which only warn, and which a person accepted.

    Args:
        refusals: the open ones.
        accepted: acceptances of refused files, by path.
        received: paths of all that ever came.

    Returns:
        the error that names every stopping file, or None; warnings; accepted gaps.
    """
    stopping: list[Refusal] = []
    warnings: list[str] = []
    gaps: list[dict[str, Any]] = []
    for refusal in refusals:
        acceptance = accepted.get(refusal.path)
        line = f"{refusal.path}: {refusal.message} [{refusal.rule}]"
        if acceptance is not None:
            gaps.append(_gap(refusal, acceptance))
            warnings.append(f"{line}; accepted: {acceptance.reason or 'no reason given'}")
        elif refusal.kind in STOPPING_KINDS:
            stopping.append(refusal)
        else:
            warnings.append(f"{line}; refused, its rows are missing")
    paths = {refusal.path for refusal in refusals}
    for path in sorted(accepted.keys() - paths):
        what = "it is not" if path in received else "no such file was received"
        warnings.append(f"{path}: accepted as refused, but {what}")
    return _error(stopping) if stopping else None, warnings, gaps


def _error(stopping: Sequence[Refusal]) -> InputRefused:
    options = " ".join(
        f"--accept-refused {shlex.quote(path)}" for path in dict.fromkeys(r.path for r in stopping)
    )
    way_on = (
        "deliver better files to the same paths, or go on without them: "
        f"`creditgrade run … {options} --reason TEXT --until DATE`"
    )
    if len(stopping) == 1:
        only = stopping[0]
        return InputRefused(f"{only.message}; {way_on}", rule=only.rule, file=only.path)
    listed = "; ".join(f"{r.path}: {r.message} [{r.rule}]" for r in stopping)
    return InputRefused(f"{len(stopping)} files are refused: {listed}; {way_on}", rule="files_refused")


def _gap(refusal: Refusal, acceptance: Acceptance) -> dict[str, Any]:
    return {
        "type": "refused",
        "kind": refusal.kind,
        "path": refusal.path,
        "sha256": refusal.sha256,
        "rule": refusal.rule,
        "reason": acceptance.reason,
        "until": acceptance.until.isoformat() if acceptance.until else None,
    }


def _as_duplicate(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a delivery all of whose rows came before."""
    return {**record, "accepted": 0, "quarantined": 0, "duplicates": record["rows_read"]}
