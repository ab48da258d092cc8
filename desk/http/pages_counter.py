"""The counter's pages: asking, the certificate and its check, an entity's time line, whole files."""

from __future__ import annotations

import tempfile
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from desk.asking import Question, ask
from desk.clock import day_of, now
from desk.http import batches
from desk.http.api import UPLOAD_MAX_BYTES, desk_of, record
from desk.http.certificates import find_answer, read_code
from desk.http.guard import Caller, PageGuard, spend
from desk.http.problems import Refused
from desk.http.render import is_fragment, language, page
from desk.permissions import May
from desk.reading import APPLICANT_MAX, for_record, read_applicant
from desk.timeline import timeline

counter = APIRouter()
_SUGGESTED = 8
# More than is answered: what is too long is refused in words, and nothing is cut before that.
_TYPED_MAX = 10_000
_Asker = Annotated[Caller, Depends(PageGuard(May.ASK))]
_Batcher = Annotated[Caller, Depends(PageGuard(May.BATCH))]


@counter.get("/")
def ask_form(request: Request, caller: _Asker) -> Response:
    """The question."""
    return page(
        request, "ask.html", answer=None, edition=desk_of(request).store.edition(), today=day_of(now())
    )


@counter.post("/ask")
def asked(
    request: Request,
    caller: _Asker,
    applicant: Annotated[str, Form(max_length=APPLICANT_MAX)] = "",
    item: Annotated[str, Form(max_length=_TYPED_MAX)] = "",
    chosen: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """The answer."""
    spend(request, caller)
    desk = desk_of(request)
    found = ask(desk.store, desk.audit, caller.who, [Question(chosen or applicant, item)])[0]
    template = "answer.html" if is_fragment(request) else "ask.html"
    return page(request, template, answer=found, item=item, edition=desk.store.edition(), today=day_of(now()))


@counter.post("/suggest")
def suggest(
    request: Request,
    caller: Annotated[Caller, Depends(PageGuard(May.SEARCH))],
    applicant: Annotated[str, Form(max_length=APPLICANT_MAX)] = "",
) -> Response:
    """Entities whose name holds what was typed so far, or whose code begins with it."""
    typed = read_applicant(applicant)
    if typed.form in ("citizen", "malformed") or len(typed.key) < 2:
        return page(request, "suggestions.html", found=[], is_cut=False)
    spend(request, caller)
    desk = desk_of(request)
    edition = desk.store.edition()
    found = desk.store.search(applicant, edition, _SUGGESTED + 1)
    record(desk, caller, "search", for_record(typed), edition, {"found": min(len(found), _SUGGESTED)})
    return page(request, "suggestions.html", found=found[:_SUGGESTED], is_cut=len(found) > _SUGGESTED)


@counter.get("/certificates/{code}")
def certificate(
    request: Request, caller: Annotated[Caller, Depends(PageGuard(May.CERTIFY))], code: str
) -> Response:
    """An answer for printing."""
    desk = desk_of(request)
    found = find_answer(desk, read_code(code))
    if found is None:
        raise Refused(404, "not_found", "no answer was given under this code")
    record(desk, caller, "certificate", found.verification_code, found.edition, {})
    return page(request, "certificate.html", answer=found)


@counter.get("/verify")
def verify(
    request: Request, caller: Annotated[Caller, Depends(PageGuard(May.CERTIFY))], code: str = ""
) -> Response:
    """Whether a certificate was given out, and what it said."""
    desk = desk_of(request)
    found = None
    if code:
        found = find_answer(desk, read_code(code))
        detail = {"is_found": found is not None}
        record(desk, caller, "verify", read_code(code), found.edition if found else None, detail)
    return page(request, "verify.html", code=code[:40], answer=found)


@counter.get("/entities/{uscc}")
def entity(
    request: Request, caller: Annotated[Caller, Depends(PageGuard(May.HISTORY))], uscc: str
) -> Response:
    """What was ever said of an entity, with its time line as a picture."""
    spend(request, caller)
    desk = desk_of(request)
    applicant = read_applicant(uscc)
    edition = desk.store.edition()
    periods = desk.store.history(applicant.key) if applicant.form == "uscc" else []
    if not periods:
        raise Refused(404, "not_found", "no list ever named this entity")
    record(desk, caller, "history", applicant.key, edition, {"periods": len(periods)})
    today = day_of(now())
    # The picture escapes every text itself.
    picture = Markup(timeline(periods, today, language(request)))
    return page(
        request, "entity.html", periods=list(reversed(periods)), picture=picture, edition=edition, today=today
    )


@counter.get("/batches")
def batch_form(request: Request, caller: _Batcher) -> Response:
    """The form for a file."""
    return page(request, "batches.html", batch=None)


@counter.post("/batches")
def batch_upload(request: Request, caller: _Batcher, file: UploadFile) -> Response:
    """Begins to answer a file."""
    desk = desk_of(request)
    if (file.size or 0) > UPLOAD_MAX_BYTES:
        raise Refused(413, "too_large", "the file is too large")
    with tempfile.TemporaryFile() as own:
        while piece := file.file.read(1 << 20):
            own.write(piece)
        total = batches.count_rows(own, "upload")
        desk.store.edition()
        id_ = batches.start(desk, caller.who, own, "upload", total)
    return RedirectResponse(f"/batches/{id_}", 303)


@counter.get("/batches/{id_}")
def batch_state(request: Request, caller: _Batcher, id_: str) -> Response:
    """How far it is."""
    found = batches.batch(desk_of(request), id_, caller.who.name)
    if found is None:
        raise Refused(404, "not_found", "there is no such batch")
    return page(request, "batch.html" if is_fragment(request) else "batches.html", batch=found)


@counter.get("/batches/{id_}/answers.csv")
def batch_result(request: Request, caller: _Batcher, id_: str) -> Response:
    """The answers as a file."""
    content = batches.result(desk_of(request), id_, caller.who.name)
    if content is None:
        raise Refused(404, "not_found", "there are no answers")
    headers = {"Content-Disposition": 'attachment; filename="answers.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
