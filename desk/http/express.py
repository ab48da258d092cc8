"""The question that systems ask all day, answered before the framework has sorted out what came.

A look-up with a token and no more than ``applicant`` and ``item`` takes a quarter less of a core here than through
routing, dependencies and validation. Whatever else is asked or to be refused goes on to the route of that path, which
answers the same (`desk.http.api.answer`).
"""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fastapi.responses import JSONResponse, Response

from desk.as_json import answer_json
from desk.asking import ITEM_MAX, Question
from desk.asking_together import Single
from desk.http.guard import caller_of, secret_of
from desk.http.problems import problem, status_of
from desk.permissions import May
from desk.reading import APPLICANT_MAX
from records.errors import CreditgradeError

if TYPE_CHECKING:
    from desk.http.settings import Desk

PATH = "/api/v1/answer"


class Express:
    """Plain ASGI, before the routes."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            secret, question = _secret(scope["headers"]), _question(scope["query_string"])
            if secret and question is not None:
                response = await _answer(scope["app"].state.desk, secret, question)
                if response is not None:
                    await response(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def _secret(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Of the token, where one header brings one."""
    found = [value for name, value in headers if name == b"authorization"]
    return secret_of(found[0].decode("latin-1")) if len(found) == 1 else ""


def _question(query: bytes) -> Question | None:
    """What is asked, where it is no more than that."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    asked = dict(pairs)
    if len(asked) != len(pairs) or "applicant" not in asked or not asked.keys() <= {"applicant", "item"}:
        return None
    question = Question(**asked)
    is_short = len(question.applicant) <= APPLICANT_MAX and len(question.item) <= ITEM_MAX
    return question if is_short else None


async def _answer(desk: Desk, secret: str, question: Question) -> Response | None:
    """None: what is to be said to this caller, the route says."""
    token = await wrap_future(desk.tokens.begin(secret))
    if token is None or May.ASK not in token.scopes:
        return None
    caller = caller_of(token)
    if desk.limits.wait("token", caller.who.name):
        return None
    try:
        return JSONResponse(answer_json(await wrap_future(desk.asking.begin(Single(caller.who, question)))))
    except CreditgradeError as error:
        return problem(status_of(error.rule), error.rule, str(error))
