"""The API for systems, ``/api/v1``."""

from __future__ import annotations

import base64
import binascii
import tempfile
from asyncio import wrap_future
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from desk.answers import Edition
from desk.as_json import answer_json, candidate_json, edition_json, entity_json, period_json
from desk.asking import ITEM_MAX, Question, ask
from desk.asking_together import Single
from desk.audit import Entry
from desk.bulk import answer_lines, look_up_all, read_questions
from desk.clock import day_of, now
from desk.http.guard import ApiGuard, Caller, spend
from desk.http.models import AnswerOut, AnswersOut, BatchIn, FoundOut, HistoryOut, PageOut
from desk.http.problems import RESPONSES, Refused
from desk.http.settings import Desk
from desk.permissions import May
from desk.reading import APPLICANT_MAX, for_record, read_applicant
from desk.store import CANDIDATES_MAX
from publish.words import STATUSES

UPLOAD_MAX_BYTES = 64 << 20
PAGE_MAX = 1_000
api = APIRouter(prefix="/api/v1", responses=RESPONSES)

Uscc = Annotated[str, Path(max_length=40, description="USCC 统一社会信用代码")]
On = Annotated[date | None, Query(description="As the list stood on that day")]
KnownOn = Annotated[date | None, Query(description="As the desk knew it on that day")]


def desk_of(request: Request) -> Desk:
    """What every request shares."""
    found: Desk = request.app.state.desk
    return found


@api.get(
    "/answer", responses={200: {"model": AnswerOut}}, summary="May this applicant be fast-tracked, and why?"
)
async def answer(
    request: Request,
    caller: Annotated[Caller, Depends(ApiGuard(May.ASK))],
    applicant: Annotated[str, Query(max_length=APPLICANT_MAX, description="USCC, or the exact name")],
    item: Annotated[str, Query(max_length=ITEM_MAX, description="Licence item 许可事项")] = "",
    on: On = None,
    known_on: KnownOn = None,
) -> Response:
    """One question; the answer is in the audit trail before it leaves."""
    spend(request, caller)
    desk = desk_of(request)
    asked = desk.asking.begin(Single(caller.who, Question(applicant, item), on, known_on))
    return JSONResponse(answer_json(await wrap_future(asked)))


@api.post("/answers", responses={200: {"model": AnswersOut}}, summary="Many questions as JSON")
def answers(
    request: Request, caller: Annotated[Caller, Depends(ApiGuard(May.BATCH))], batch: BatchIn
) -> Response:
    """Up to a thousand questions, answered from one list."""
    spend(request, caller, len(batch.questions))
    desk = desk_of(request)
    questions = [Question(one.applicant, one.item) for one in batch.questions]
    found = ask(desk.store, desk.audit, caller.who, questions)
    return JSONResponse({"answers": [answer_json(one) for one in found]})


@api.post(
    "/answers.csv",
    summary="Many questions as CSV, answered as CSV",
    responses={
        200: {"content": {"text/csv": {}}, "description": "The answers, in the order of the questions"}
    },
    openapi_extra={
        "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
    },
)
async def answers_csv(request: Request, caller: Annotated[Caller, Depends(ApiGuard(May.BATCH))]) -> Response:
    """A file with the columns ``uscc`` or ``name`` and, if wanted, ``item``; rows are streamed in and out."""
    desk = desk_of(request)
    file = tempfile.SpooledTemporaryFile(max_size=4 << 20)  # noqa: SIM115 (the response closes it)
    try:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > UPLOAD_MAX_BYTES:
                raise Refused(413, "too_large", f"a file may have {UPLOAD_MAX_BYTES >> 20} MiB")
            await run_in_threadpool(file.write, piece)
        file.seek(0)
        # Read once before anything is answered: a file that cannot be read is refused as a whole.
        count = await run_in_threadpool(_count, file)
        spend(request, caller, count)
        file.seek(0)
    except BaseException:
        file.close()
        raise

    def lines() -> Iterator[bytes]:
        with file:
            questions = read_questions(file, "upload")
            for _, text in answer_lines(desk.audit, look_up_all(desk.store, caller.who, questions)):
                yield text.encode("utf-8")

    desk.store.edition()  # a desk without a list says so before the first line
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8")


def _count(file: Any) -> int:
    return sum(1 for _ in read_questions(file, "upload"))


@api.get(
    "/entities",
    responses={200: {"model": FoundOut}},
    summary="Search by part of a name or beginning of a code",
)
def search(
    request: Request,
    caller: Annotated[Caller, Depends(ApiGuard(May.SEARCH))],
    q: Annotated[str, Query(min_length=1, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=CANDIDATES_MAX)] = CANDIDATES_MAX,
) -> Response:
    """Entities of the newest list, the closest first."""
    spend(request, caller)
    desk = desk_of(request)
    edition = desk.store.edition()
    found = desk.store.search(q, edition, limit + 1)
    record(desk, caller, "search", for_record(read_applicant(q)), edition, {"found": min(len(found), limit)})
    body = {"found": [candidate_json(one) for one in found[:limit]], "is_cut": len(found) > limit}
    return JSONResponse(body)


@api.get(
    "/entities/{uscc}/history",
    responses={200: {"model": HistoryOut}},
    summary="What was ever said of an entity",
)
def history(
    request: Request, caller: Annotated[Caller, Depends(ApiGuard(May.HISTORY))], uscc: Uscc
) -> Response:
    """Periods, oldest first; 404 where no list ever named the entity."""
    spend(request, caller)
    desk = desk_of(request)
    applicant = read_applicant(uscc)
    if applicant.form != "uscc":
        raise Refused(400, "bad_uscc", "history is asked by a valid unified social credit code")
    edition = desk.store.edition()
    periods = desk.store.history(applicant.key)
    record(desk, caller, "history", applicant.key, edition, {"periods": len(periods)})
    if not periods:
        raise Refused(404, "not_in_register", "no list ever named this entity; that is not a no")
    return JSONResponse({"uscc": applicant.key, "periods": [period_json(one) for one in periods]})


@api.get(
    "/divisions/{division}/entities",
    responses={200: {"model": PageOut}},
    summary="The list of a division, page by page",
)
def division(
    request: Request,
    caller: Annotated[Caller, Depends(ApiGuard(May.LIST))],
    division: Annotated[
        str, Path(pattern=r"^\d{2,12}$", description="Beginning of the division code 行政区划代码")
    ],
    status: Annotated[list[str] | None, Query(description="Status codes; all where none is named")] = None,
    page: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
) -> Response:
    """In order of division and code. All pages come from the list of the first, though a newer one be loaded."""
    spend(request, caller)
    if unknown := [code for code in status or () if code not in STATUSES]:
        # An empty list would read as a division without such entities.
        known = ", ".join(STATUSES)
        raise Refused(400, "unknown_status", f"status {unknown[0][:40]!r} is unknown: {known}")
    desk = desk_of(request)
    edition, after = _place(desk, page)
    found = desk.store.page(edition, division, status or (), after, limit)
    subject = f"{division} {' '.join(status or ())}".strip()
    record(desk, caller, "list", subject, edition, {"rows": len(found)})
    last = found[-1] if len(found) == limit else None
    place = f"{edition.seq}.{last.division_code}.{last.uscc}" if last else None
    return JSONResponse(
        {
            "data": edition_json(edition, day_of(now())),
            "entities": [entity_json(one, edition) for one in found],
            "next": base64.urlsafe_b64encode(place.encode()).decode() if place else None,
        }
    )


def _place(desk: Desk, page: str) -> tuple[Edition, str]:
    """The list and the place in it that `next` names."""
    if not page:
        return desk.store.edition(), ""
    try:
        seq, _, after = (
            base64.urlsafe_b64decode(page.encode("ascii", "strict")).decode("ascii").partition(".")
        )
        wanted = int(seq)
    except (binascii.Error, ValueError) as error:
        raise Refused(400, "bad_page", "page is not the `next` of a page before") from error
    for edition in desk.store.editions():
        if edition.seq == wanted and "." in after:
            return edition, after
    raise Refused(400, "bad_page", "page is not the `next` of a page before")


def record(
    desk: Desk, caller: Caller, action: str, subject: str, edition: Edition | None, detail: dict[str, Any]
) -> None:
    """Writes an act into the audit trail."""
    desk.audit.append(
        Entry(
            caller.who, action, subject, as_of=edition.as_of.isoformat() if edition else "",
            manifest_sha256=edition.manifest_sha256 if edition else "", detail=detail,
        )
    )  # fmt: skip
