"""The auditor's and the administrator's pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from desk.audit import Entry
from desk.audit_check import check, csv_lines
from desk.http.api import desk_of
from desk.http.guard import Caller, PageGuard
from desk.http.problems import Refused
from desk.http.render import page
from desk.permissions import ROLES, May
from desk.tokens import revoke_token, tokens
from desk.users import add_user, change_user, users

office = APIRouter()
_Auditor = Annotated[Caller, Depends(PageGuard(May.AUDIT))]
_Administrator = Annotated[Caller, Depends(PageGuard(May.ADMINISTER))]
_Line = Annotated[str, Form(max_length=200)]
_SHOWN = 100


@office.get("/audit")
def trail(
    request: Request, caller: _Auditor, before: int | None = None, subject: str = "", who: str = ""
) -> Response:
    """The trail, the newest first."""
    desk = desk_of(request)
    found = desk.audit.entries(
        before=before, limit=_SHOWN, subject=subject.strip()[:40], who=who.strip()[:120]
    )
    return page(
        request, "audit.html", entries=found, subject=subject, who=who, head=desk.audit.head(), problems=None,
        next=found[-1]["seq"] if len(found) == _SHOWN else None,
    )  # fmt: skip


@office.post("/audit/verification")
def verify_trail(request: Request, caller: _Auditor) -> Response:
    """Looks at every link of the chain."""
    desk = desk_of(request)
    found = check(desk.audit)
    desk.audit.append(Entry(caller.who, "audit_verify", detail={"problems": len(found)}))
    entries = desk.audit.entries(limit=_SHOWN)
    return page(
        request, "audit.html", entries=entries, subject="", who="", head=desk.audit.head(), problems=found,
        next=entries[-1]["seq"] if len(entries) == _SHOWN else None,
    )  # fmt: skip


@office.get("/audit/export.csv")
def export_trail(request: Request, caller: _Auditor) -> Response:
    """The whole trail as CSV."""
    desk = desk_of(request)
    desk.audit.append(Entry(caller.who, "audit_export"))

    def lines() -> Iterator[bytes]:
        for text in csv_lines(desk.audit.all()):
            yield text.encode("utf-8")

    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


@office.get("/accounts")
def accounts(request: Request, caller: _Administrator) -> Response:
    """Users and tokens."""
    desk = desk_of(request)
    return page(
        request, "accounts.html", users=users(desk.access), tokens=tokens(desk.access), roles=list(ROLES)
    )


@office.post("/accounts")
def add_account(
    request: Request, caller: _Administrator, name: _Line, role: _Line, password: _Line
) -> Response:
    """Makes an account."""
    desk = desk_of(request)
    made = add_user(desk.access, name.strip(), role, password)
    desk.audit.append(Entry(caller.who, "user_add", subject=made.name, detail={"role": role}))
    return RedirectResponse("/accounts", 303)


@office.post("/accounts/{name}")
def change_account(
    request: Request, caller: _Administrator, name: str, act: _Line, role: _Line = ""
) -> Response:
    """Opens, closes, unlocks an account, or gives it another role; its sessions end."""
    desk = desk_of(request)
    if name == caller.who.name and act in ("close", "role"):
        raise Refused(409, "not_yourself", "nobody closes or changes the own account")
    if act == "close":
        change_user(desk.access, name, is_active=False)
    elif act == "open":
        change_user(desk.access, name, is_active=True)
    elif act == "unlock":
        change_user(desk.access, name, unlock=True)
    elif act == "role":
        change_user(desk.access, name, role=role)
    else:
        raise Refused(422, "invalid", "act is close, open, unlock or role")
    desk.audit.append(Entry(caller.who, f"user_{act}", subject=name, detail={"role": role} if role else None))
    return RedirectResponse("/accounts", 303)


@office.post("/tokens/{id_}/revocation")
def revoke(request: Request, caller: _Administrator, id_: str) -> Response:
    """Ends a token."""
    desk = desk_of(request)
    token = revoke_token(desk.access, id_)
    desk.audit.append(Entry(caller.who, "token_revoke", subject=token.id))
    return RedirectResponse("/accounts", 303)
