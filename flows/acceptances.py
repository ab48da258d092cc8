"""Gaps that a named person accepted: a stale feed, or a refused file (contract §2, "Acceptances")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Self

from records.errors import CreditgradeError, UsageError
from records.lake.lines import append_lines, read_lines
from records.masking import mask_text
from records.schema import KINDS, KINDS_ZH

AcceptanceKind = Literal["stale", "refused"]
_ENGLISH = {**{kind: kind for kind in KINDS}, **{zh: kind for kind, zh in KINDS_ZH.items()}}


@dataclass(frozen=True)
class Acceptance:
    """One acceptance. With a reason and an end it is kept and applies to nightly runs until then.

    Attributes:
        kind: ``stale`` (of a missing or late feed) or ``refused`` (of a refused file).
        target: the kind's English name, or the file's path under the landing folder.
        reason: as the person gave it, numbers of persons masked: it is published.
        until: last day of runs to which it applies; None for this run only.
        given_on: day on which it was given, Asia/Shanghai.
    """

    kind: AcceptanceKind
    target: str
    reason: str | None = None
    until: date | None = None
    given_on: date | None = None

    @classmethod
    def stale(
        cls, kind: str, reason: str | None = None, until: date | None = None, on: date | None = None
    ) -> Self:
        """Accepts that the feed of a kind (English or Chinese name) is missing or late.

        Raises:
            UsageError: ``unknown_kind``.
        """
        if kind not in _ENGLISH:
            raise UsageError(f"{kind!r} is no kind; known are {', '.join(KINDS)}", rule="unknown_kind")
        return cls("stale", _ENGLISH[kind], _masked(reason), until, on)

    @classmethod
    def refused(
        cls, path: str, reason: str | None = None, until: date | None = None, on: date | None = None
    ) -> Self:
        """Accepts that a refused file is left out. Its path is given as under the landing folder."""
        return cls("refused", str(PurePosixPath(path)), _masked(reason), until, on)

    @property
    def is_kept(self) -> bool:
        """Whether it applies to later runs too."""
        return bool(self.reason and self.until)

    def is_valid_on(self, day: date) -> bool:
        """Whether it applies to a run of that day (both ends in)."""
        begun = self.given_on is None or self.given_on <= day
        return begun and (self.until is None or day <= self.until)


def load_acceptances(path: Path) -> list[Acceptance]:
    """The kept acceptances of ``OUT/acceptances.jsonl``, in the order in which they were given.

    Raises:
        CreditgradeError: ``record_damaged``.
    """
    try:
        return [_acceptance(line) for line in read_lines(path)]
    except (KeyError, TypeError, ValueError) as error:
        raise CreditgradeError(f"{path}: a line is no acceptance", rule="record_damaged") from error


def append_acceptances(path: Path, acceptances: Iterable[Acceptance]) -> None:
    """Keeps those that carry both a reason and an end and are not kept already."""
    known = set(load_acceptances(path))
    new = [item for item in dict.fromkeys(acceptances) if item.is_kept and item not in known]
    append_lines(path, (_line(item) for item in new))


def valid_on(acceptances: Iterable[Acceptance], day: date) -> dict[tuple[AcceptanceKind, str], Acceptance]:
    """The acceptances that apply to a run of that day, by kind and target; of several the last given."""
    return {(item.kind, item.target): item for item in acceptances if item.is_valid_on(day)}


def _masked(reason: str | None) -> str | None:
    return None if reason is None else mask_text(reason)


def _line(item: Acceptance) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "target": item.target,
        "reason": item.reason,
        "until": item.until.isoformat() if item.until else None,
        "given_on": item.given_on.isoformat() if item.given_on else None,
    }


def _acceptance(line: dict[str, Any]) -> Acceptance:
    if line["kind"] not in ("stale", "refused") or not isinstance(line["target"], str):
        raise ValueError("no acceptance")
    days = {name: date.fromisoformat(line[name]) if line[name] else None for name in ("until", "given_on")}
    return Acceptance(line["kind"], line["target"], line["reason"], days["until"], days["given_on"])
