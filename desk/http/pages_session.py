"""Signing in and out, the language, one's own password."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from desk import sessions
from desk.audit import Entry, Who
from desk.http.api import desk_of
from desk.http.guard import COOKIE, Caller, PageGuard, address, check_origin
from desk.http.problems import Refused
from desk.http.render import LANGUAGE_COOKIE, page
from desk.permissions import ROLES, May
from desk.users import change_user, sign_in

session_pages = APIRouter()
_YEAR_SECONDS = 31_536_000


def home_of(role: str) -> str:
    """Where a role begins its work."""
    may = ROLES.get(role, frozenset())
    return "/" if May.ASK in may else "/audit" if May.AUDIT in may else "/accounts"


@session_pages.get("/login")
def login_form(request: Request) -> Response:
    """The form to sign in."""
    return page(request, "login.html", has_failed=False)


@session_pages.post("/login")
def login(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Signs in; who is locked out, closed, unknown or wrong is told the same."""
    check_origin(request)
    desk = desk_of(request)
    wait = desk.limits.wait("sign_in", address(request))
    if wait:
        raise Refused(429, "too_many", "too many attempts to sign in", retry_after=wait)
    user = sign_in(desk.access, name, password)
    who = Who(user.name if user else f"?{name[:60]}", user.role if user else "", "web")
    desk.audit.append(
        Entry(who, "sign_in", detail={"address": address(request), "is_let_in": user is not None})
    )
    if user is None:
        return page(request, "login.html", 401, has_failed=True)
    # Whatever session this browser had ends: nobody else's can be slipped under a new one.
    if old := request.cookies.get(COOKIE):
        sessions.end(desk.access, old)
    made = RedirectResponse(home_of(user.role), 303)
    made.set_cookie(
        COOKIE, sessions.begin(desk.access, user.name), httponly=True, samesite="strict", path="/",
        secure=not desk.settings.is_plain_http, max_age=int(sessions.LASTS.total_seconds()),
    )  # fmt: skip
    return made


@session_pages.post("/logout")
def logout(request: Request, caller: Annotated[Caller, Depends(PageGuard(May.BE_HERE))]) -> Response:
    """Ends the session."""
    desk = desk_of(request)
    sessions.end(desk.access, request.cookies.get(COOKIE, ""))
    desk.audit.append(Entry(caller.who, "sign_out"))
    made = RedirectResponse("/login", 303)
    made.delete_cookie(COOKIE, path="/")
    return made


@session_pages.get("/language/{language}")
def choose_language(request: Request, language: Literal["zh", "en"], to: str = "/") -> Response:
    """Chooses the language and goes back."""
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\"))
    made = RedirectResponse(to if is_ours else "/", 303)
    made.set_cookie(
        LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="strict",
        secure=not desk_of(request).settings.is_plain_http,
    )  # fmt: skip
    return made


@session_pages.get("/password")
def password_form(request: Request, _: Annotated[Caller, Depends(PageGuard(May.BE_HERE))]) -> Response:
    """The form to change one's own password."""
    return page(request, "password.html")


@session_pages.post("/password")
def change_password(
    request: Request,
    caller: Annotated[Caller, Depends(PageGuard(May.BE_HERE))],
    present: Annotated[str, Form(max_length=500)],
    new: Annotated[str, Form(max_length=500)],
) -> Response:
    """Changes it; every session of the user ends."""
    desk = desk_of(request)
    if sign_in(desk.access, caller.who.name, present) is None:
        raise Refused(403, "wrong_password", "the present password is not right")
    change_user(desk.access, caller.who.name, password=new)
    desk.audit.append(Entry(caller.who, "password"))
    return RedirectResponse("/login", 303)
