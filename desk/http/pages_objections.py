"""Objections: filing one at the counter, and the supervisor's queue."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from desk import objections
from desk.answers import Reason
from desk.clock import day_of, now
from desk.http.api import desk_of, record
from desk.http.certificates import find_answer, read_code
from desk.http.guard import Caller, PageGuard
from desk.http.problems import Refused
from desk.http.render import page
from desk.objections import Objection
from desk.permissions import May
from desk.rulings import CONCLUSIONS, RULED_KINDS, make_ruling, write_ruling
from desk.words import CONCLUSION_WORDS

objection_pages = APIRouter()
_Filer = Annotated[Caller, Depends(PageGuard(May.OBJECT))]
_Supervisor = Annotated[Caller, Depends(PageGuard(May.SETTLE))]
_Line = Annotated[str, Form(max_length=500)]
_Text = Annotated[str, Form(max_length=4_000)]


@objection_pages.get("/objections")
def queue(request: Request, caller: _Filer, state: str = "") -> Response:
    """The supervisor sees every objection, the counter its own."""
    desk = desk_of(request)
    mine = "" if May.SETTLE in caller.may else caller.who.name
    today = day_of(now())
    found = objections.objections(desk.access, state=state, filed_by=mine, limit=objections.LISTED_MAX + 1)
    still_open, late = objections.count_open(desk.access, today, filed_by=mine)
    return page(
        request, "objections.html", found=found[: objections.LISTED_MAX],
        is_cut=len(found) > objections.LISTED_MAX, state=state, today=today, still_open=still_open, late=late,
    )  # fmt: skip


@objection_pages.get("/objections/new")
def objection_form(request: Request, caller: _Filer, code: str) -> Response:
    """The form, for an answer that was given."""
    desk = desk_of(request)
    answer = find_answer(desk, read_code(code))
    if answer is None or answer.entity is None:
        raise Refused(404, "not_found", "no answer about an entity was given under this code")
    return page(request, "objection_new.html", answer=answer)


@objection_pages.post("/objections")
def file_one(
    request: Request, caller: _Filer, code: _Line, reason: _Text, about: Annotated[int, Form()] = -1
) -> Response:
    """Files it."""
    desk = desk_of(request)
    answer = find_answer(desk, read_code(code))
    if answer is None or answer.entity is None or answer.edition is None:
        raise Refused(404, "not_found", "no answer about an entity was given under this code")
    if not -1 <= about < len(answer.reasons):
        raise Refused(422, "invalid", "there is no such record")
    chosen = _record(answer.reasons[about]) if about >= 0 else {}
    made = objections.file_objection(
        desk.access,
        desk.calendar,
        answer.edition,
        answer.entity,
        record=chosen,
        reason=reason,
        by=caller.who.name,
    )
    record(
        desk,
        caller,
        "objection",
        made.uscc,
        answer.edition,
        {"id": made.id, "due_on": made.due_on.isoformat()},
    )
    return RedirectResponse(f"/objections/{made.id}", 303)


@objection_pages.get("/objections/{id_}")
def one(request: Request, caller: _Filer, id_: str) -> Response:
    """One objection, with the forms to settle it where the reader may."""
    found = _found(request, caller, id_)
    return page(
        request,
        "objection.html",
        one=found,
        today=day_of(now()),
        conclusions=[(text, CONCLUSION_WORDS[text]) for text in CONCLUSIONS],
        kinds=RULED_KINDS,
        has_folder=desk_of(request).settings.rulings is not None,
    )


@objection_pages.post("/objections/{id_}/ruling")
def rule(
    request: Request, caller: _Supervisor, id_: str, kind: _Line, conclusion: _Line, decided_by: _Line, basis: _Line,
    authority: _Line = "", doc_no: _Line = "", source_sha256: _Line = "", source_row: _Line = "", event_on: _Line = "",
    penalty_kinds: _Line = "",
) -> Response:  # fmt: skip
    """Settles it by a ruling 复核结论, which is written as a landing file before the objection is closed."""
    desk = desk_of(request)
    folder = desk.settings.rulings
    if folder is None:
        raise Refused(
            503, "no_rulings_folder", "no folder for rulings is set: creditgrade desk serve --rulings DIR"
        )
    found = _found(request, caller, id_)
    if found.state != objections.OPEN:
        raise Refused(409, "not_open", "the objection is settled already")
    ruling = make_ruling(
        uscc=found.uscc, kind=kind, authority=authority, doc_no=doc_no, conclusion=conclusion,
        decided_on=day_of(now()), decided_by=decided_by, basis=basis, event_on=_day(event_on),
        penalty_kinds=penalty_kinds, source_sha256=source_sha256, source_row=source_row,
    )  # fmt: skip
    place = write_ruling(folder, f"{found.id}-{now():%Y%m%dT%H%M%SZ}", ruling)
    try:
        objections.settle(
            desk.access,
            id_,
            objections.UPHELD,
            by=caller.who.name,
            outcome=f"{conclusion}：{basis}",
            ruling=ruling,
        )
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    record(
        desk, caller, "ruling", found.uscc, None, {"id": id_, "conclusion": conclusion, "file": place.name}
    )
    return RedirectResponse(f"/objections/{id_}", 303)


@objection_pages.post("/objections/{id_}/rejection")
def reject(request: Request, caller: _Supervisor, id_: str, outcome: _Text) -> Response:
    """Settles it by a rejection with reasons."""
    desk = desk_of(request)
    found = _found(request, caller, id_)
    objections.settle(desk.access, id_, objections.REJECTED, by=caller.who.name, outcome=outcome)
    record(desk, caller, "rejection", found.uscc, None, {"id": id_})
    return RedirectResponse(f"/objections/{id_}", 303)


def _found(request: Request, caller: Caller, id_: str) -> Objection:
    found = objections.objection(desk_of(request).access, id_)
    if found is None or (May.SETTLE not in caller.may and found.filed_by != caller.who.name):
        raise Refused(404, "not_found", "there is no such objection")
    return found


def _record(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code, "kind": reason.kind, "authority": reason.authority or "",
        "doc_no": reason.doc_no or "", "event_on": reason.event_on.isoformat() if reason.event_on else "",
        "rule": reason.rule,
    }  # fmt: skip


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise Refused(422, "invalid", "a day is written YYYY-MM-DD") from error
