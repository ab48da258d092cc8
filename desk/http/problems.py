"""Errors as problem details (RFC 9457) for systems, and as a page for people."""

from __future__ import annotations

import math
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

MEDIA_TYPE = "application/problem+json"
_OF_RULE = {
    "desk_empty": 503, "database_unreachable": 503, "database_busy": 503, "database_damaged": 503,
    "no_list": 404,
}  # fmt: skip


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


class Refused(Exception):
    """A request that is not answered.

    Attributes:
        status: HTTP status.
        rule: short id, the last part of the problem's type.
        detail: one sentence; never a secret, never a citizen's data.
    """

    def __init__(self, status: int, rule: str, detail: str, *, retry_after: float = 0) -> None:
        super().__init__(detail)
        self.status, self.rule, self.detail = status, rule, detail
        self.headers = {"Retry-After": str(math.ceil(retry_after))} if retry_after else {}
        if status == 401:
            self.headers["WWW-Authenticate"] = "Bearer"


def status_of(rule: str) -> int:
    """The HTTP status of an error of the application."""
    return _OF_RULE.get(rule, 400)


def problem(status: int, rule: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A problem as it is sent."""
    body = {
        "type": f"urn:creditgrade:problem:{rule}", "title": rule.replace("_", " "), "status": status,
        "detail": detail,
    }  # fmt: skip
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def is_for_systems(request: Request) -> bool:
    """Whether a system asks, not a person's browser."""
    return request.url.path.startswith(("/api/", "/health", "/ready"))


RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": words, "content": {MEDIA_TYPE: {}}}
    for code, words in (
        (400, "The request cannot be read"),
        (401, "No valid token or session"),
        (403, "The token or role does not allow it"),
        (404, "Not found"),
        (413, "Too large"),
        (422, "A value is not as it must be"),
        (429, "Too many requests"),
        (503, "No list is loaded, or a database cannot be reached"),
    )
}
