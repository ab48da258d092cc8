"""Who calls, and whether they may: one dependency for every route."""

from __future__ import annotations

import re
import secrets
from asyncio import wrap_future
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from desk import sessions
from desk.audit import Who
from desk.http.problems import Refused
from desk.http.settings import Desk
from desk.permissions import ROLES, May
from desk.sessions import Session
from desk.tokens import Token

COOKIE = "creditgrade_desk"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
_NAME = re.compile(r"[A-Za-z_-]{1,40}")
_SAFE = ("GET", "HEAD", "OPTIONS")
_MANY = ("status",)  # parameters that may be repeated


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes:
        who: as the audit trail names them.
        may: what they may do.
        session: of a person; None for a token.
    """

    who: Who
    may: frozenset[May]
    session: Session | None = None


class Guard:
    """Lets a caller through who has one permission; None: anybody who is signed in or holds a token."""

    def __init__(self, permission: May | None) -> None:
        self.permission = permission

    async def caller(self, request: Request) -> Caller:
        """The caller, where they may."""
        desk: Desk = request.app.state.desk
        caller = await _caller(desk, request)
        if self.permission is not None and self.permission not in caller.may:
            raise Refused(
                403, "not_allowed", f"the role {caller.who.role} may not do this ({self.permission})"
            )
        request.state.caller = caller
        return caller


class ApiGuard(Guard):
    """For systems; a person's session may call too, with the form's token in a header."""

    async def __call__(self, request: Request) -> Caller:
        """The caller.

        Raises:
            Refused: 401, 403, 429; 400 where the query has a parameter that the route does not know.
        """
        caller = await self.caller(request)
        _check_query(request)
        if caller.session is not None and request.method not in _SAFE:
            _check_csrf(caller.session, request.headers.get(CSRF_HEADER, ""))
        return caller


class PageGuard(Guard):
    """For people: only a session opens a page, and every form sends its token back."""

    async def __call__(self, request: Request) -> Caller:
        """The caller.

        Raises:
            Refused: 401, 403, 429.
        """
        caller = await self.caller(request)
        if caller.session is None:
            raise Refused(403, "not_a_page_for_tokens", "a token opens the API, not the pages")
        if request.method not in _SAFE:
            sent = request.headers.get(CSRF_HEADER)
            if sent is None:
                # Starlette keeps the form: the route reads the same one.
                field = (await request.form()).get(CSRF_FIELD)
                sent = field if isinstance(field, str) else ""
            _check_csrf(caller.session, sent)
        return caller


def secret_of(credentials: str) -> str:
    """The token's secret in a header ``Authorization``; empty where it brings none."""
    scheme, _, secret = credentials.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def caller_of(token: Token) -> Caller:
    """Who calls with a token."""
    return Caller(Who(f"token:{token.id}", "token", "api"), token.scopes)


def spend(request: Request, caller: Caller, count: int = 1) -> None:
    """Counts questions against the caller's limit.

    Raises:
        Refused: 429.
    """
    what = "user" if caller.session else "token"
    wait = request.app.state.desk.limits.wait(what, caller.who.name, count)
    if wait:
        raise Refused(429, "too_many", "too many questions; try again later", retry_after=wait)


def address(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "?"


async def _caller(desk: Desk, request: Request) -> Caller:
    if credentials := request.headers.get("authorization"):
        secret = secret_of(credentials)
        token = await wrap_future(desk.tokens.begin(secret)) if secret else None
        if token is None:
            raise _refused(desk, request)
        return caller_of(token)
    cookie = request.cookies.get(COOKIE)
    session = await run_in_threadpool(sessions.find, desk.access, cookie) if cookie else None
    if session is None:
        raise _refused(desk, request) if cookie else Refused(401, "not_signed_in", "sign in, or send a token")
    if request.method not in _SAFE:
        check_origin(request)
    channel = "api" if request.url.path.startswith("/api/") else "web"
    return Caller(Who(session.user, session.role, channel), ROLES.get(session.role, frozenset()), session)


def _refused(desk: Desk, request: Request) -> Refused:
    wait = desk.limits.wait("refused", address(request))
    if wait:
        return Refused(429, "too_many", "too many refused credentials; try again later", retry_after=wait)
    return Refused(401, "not_signed_in", "the token or session is not valid")


def check_origin(request: Request) -> None:
    """A form of another site is never taken.

    Raises:
        Refused: 403.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_ours = site in (None, "same-origin", "none")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        is_ours = False
    if not is_ours:
        raise Refused(403, "other_site", "the form belongs to another site")


def _check_query(request: Request) -> None:
    """A mistyped parameter would be left aside, and another question answered than was asked."""
    known = {one.alias for one in request.scope["route"].dependant.query_params}
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is None:
        for name in request.query_params:
            # Of two applicants the first would be left aside, too.
            if name not in _MANY and len(request.query_params.getlist(name)) > 1:
                raise Refused(400, "doubled_parameter", f"the parameter {name!r} stands twice")
        return
    # Only what can be a mistyped name is repeated: a citizen's id may stand in its place.
    which = f"the parameter {unknown!r}" if _NAME.fullmatch(unknown) else "a parameter of the query"
    raise Refused(
        400,
        "unknown_parameter",
        f"{which} is unknown; known here: {', '.join(sorted(known)) or 'none'}",
    )


def _check_csrf(session: Session, sent: str) -> None:
    if not secrets.compare_digest(sent.encode(), session.csrf.encode()):
        raise Refused(403, "form_expired", "the form is out of date; load the page again")
