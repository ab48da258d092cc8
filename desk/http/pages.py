"""The pages for people, and the page that says why there is none."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from desk.http.pages_counter import counter
from desk.http.pages_objections import objection_pages
from desk.http.pages_office import office
from desk.http.pages_session import session_pages
from desk.http.render import is_fragment, page
from desk.words import REFUSALS

pages = APIRouter()
for part in (session_pages, counter, objection_pages, office):
    pages.include_router(part)


def problem_page(request: Request, status: int, rule: str, headers: dict[str, str]) -> Response:
    """Why a request was not answered; whoever is not signed in is led to the form."""
    if status == 401:
        if is_fragment(request):
            return Response(status_code=401, headers={"HX-Redirect": "/login"})
        return RedirectResponse("/login", 303)
    words = REFUSALS.get(rule) or REFUSALS.get(str(status)) or REFUSALS["other"]
    template = "problem_part.html" if is_fragment(request) else "problem.html"
    made = page(request, template, status, words=words, rule=rule)
    made.headers.update(headers)
    return made
