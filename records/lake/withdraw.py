"""Taking a delivery out of the lake, on the record (contract §2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from records.errors import CreditgradeError, UsageError
from records.lake.journal import read_receipts
from records.lake.layout import Lake
from records.lake.lines import append_lines, read_lines, sealed, unsealed
from records.masking import mask_text

_SHA256 = 64  # hex digits
_TELLING = 8  # digits from which on a part may name the whole


@dataclass(frozen=True)
class Withdrawal:
    """One line of ``withdrawn.jsonl``.

    Attributes:
        sha256: of the deliveries taken out.
        reason: as the person gave it, numbers of persons masked: it is published.
        withdrawn_on: day, Asia/Shanghai.
        receipts: length of the journal at that moment: the same bytes received later are a new delivery.
    """

    sha256: str
    reason: str
    withdrawn_on: date
    receipts: int


def withdraw(lake: Path, sha256: str, reason: str, now: datetime) -> Withdrawal:
    """Takes all deliveries of these bytes out, from the next run on. The bytes and the journal stay.

    Args:
        lake: the lake folder.
        sha256: of the delivered bytes, as in the manifest.
        reason: why; it stands on the record.
        now: the instant, with its offset.

    Raises:
        UsageError: ``withdraw_unknown`` (no such delivery), ``withdrawn_already``, ``withdraw_no_reason``.
    """
    place = Lake(lake)
    sha256 = sha256.strip().lower()
    if not reason.strip():
        raise UsageError("a withdrawal needs a reason", rule="withdraw_no_reason")
    if not place.journal.exists():
        raise UsageError(f"{lake} is no lake: it has no {place.journal.name}", rule="withdraw_unknown")
    with place.locked():
        receipts = read_receipts(place.journal)
        known = [number for number, receipt in enumerate(receipts) if receipt.sha256 == sha256]
        done = max((w.receipts for w in read_withdrawals(place.withdrawn) if w.sha256 == sha256), default=0)
        if not known:
            raise UsageError(
                _unknown(sha256, {receipt.sha256 for receipt in receipts}), rule="withdraw_unknown"
            )
        if known[-1] < done:
            raise UsageError(f"delivery {sha256} is withdrawn already", rule="withdrawn_already")
        on = now.astimezone(ZoneInfo("Asia/Shanghai"))
        made = Withdrawal(sha256, mask_text(reason.strip()), on.date(), len(receipts))
        line = {
            "sha256": made.sha256,
            "reason": made.reason,
            "withdrawn_on": made.withdrawn_on.isoformat(),
            "withdrawn_at": on.isoformat(timespec="seconds"),
            "receipts": made.receipts,
        }
        append_lines(place.withdrawn, [sealed(line, "withdrawn_on")])
    return made


def _unknown(sha256: str, received: Collection[str]) -> str:
    """Says so; of a part, as warnings show it, the whole that it begins: nothing is taken out by a part."""
    if len(sha256) >= _SHA256:
        return f"delivery {sha256} was never received"
    whole = [one for one in received if one.startswith(sha256)]
    meant = whole[0] if len(sha256) >= _TELLING and len(whole) == 1 else "it stands in `inputs` of a manifest"
    return f"the whole sha256 is asked for, {_SHA256} digits: {meant}"


def read_withdrawals(path: Path) -> list[Withdrawal]:
    """All withdrawals in the order in which they were made.

    Raises:
        CreditgradeError: ``record_damaged``.
    """
    try:
        return [
            Withdrawal(
                str(line["sha256"]),
                str(line["reason"]),
                date.fromisoformat(line["withdrawn_on"]),
                int(line["receipts"]),
            )
            for line in (
                unsealed(line, "withdrawn_on", f"{path}: line {number}")
                for number, line in enumerate(read_lines(path), start=1)
            )
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise CreditgradeError(f"{path}: a line is no withdrawal", rule="record_damaged") from error
