"""An answer found again: from its entry in the audit trail and the list that it was given from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from json import loads
from typing import TYPE_CHECKING, Any

from desk.answers import Answer, excluded_by
from desk.clock import ZONE, instant

if TYPE_CHECKING:
    from desk.http.settings import Desk

_ALIKE = str.maketrans("OIL", "011")


def read_code(text: str) -> str:
    """A verification code as typed; letters that look like digits are taken for them.

    >>> read_code(" o4t0 cztv qx2v ")
    '04T0-CZTV-QX2V'
    """
    code = "".join(char for char in text.upper() if char.isascii() and char.isalnum()).translate(_ALIKE)
    return f"{code[:4]}-{code[4:8]}-{code[8:]}" if len(code) == 12 else ""


def find_answer(desk: Desk, code: str) -> Answer | None:
    """The answer that was given under a verification code; None where none was."""
    entry = desk.audit.by_code(code) if code else None
    if entry is None or entry["action"] != "check":
        return None
    return answer_of_entry(desk, entry)


def answer_of_entry(desk: Desk, entry: Mapping[str, Any]) -> Answer:
    """The answer as it was given: its code from the trail, its reasons from the list of then."""
    edition = next(
        (one for one in desk.store.editions() if one.manifest_sha256 == entry["manifest_sha256"]), None
    )
    entity = desk.store.entity(entry["subject"], edition) if edition and entry["status"] else None
    asked_on = loads(entry["detail"]).get("on")
    on = date.fromisoformat(asked_on) if asked_on else instant(entry["at"]).astimezone(ZONE).date()
    return Answer(
        code=entry["answer"],
        asked=entry["subject"],
        item=entry["item"],
        on=on,
        entity=entity,
        edition=edition,
        is_stale=bool(edition and edition.is_stale(on)),
        excluded_by=excluded_by(entry["item"], edition.citations) if edition and entry["item"] else None,
        verification_code=entry["code"],
        answered_at=entry["at"],
    )
