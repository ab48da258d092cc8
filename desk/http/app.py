"""The application: routes, errors, headers, health."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from desk.clock import day_of, now
from desk.http.api import api
from desk.http.express import Express
from desk.http.guard import ApiGuard, Caller
from desk.http.headers import SecureHeaders
from desk.http.models import HealthOut, ReadyOut
from desk.http.pages import pages, problem_page
from desk.http.problems import Refused, is_for_systems, problem, status_of
from desk.http.routes import check_routes
from desk.http.settings import ENV, Desk, Settings
from records.errors import CreditgradeError, UsageError

STATIC = Path(__file__).parents[1] / "static"


def create_app(settings: Settings, *, is_server: bool = False) -> FastAPI:
    """The application of one process.

    Args:
        settings: of the desk.
        is_server: this process serves, and does nothing else.

    Raises:
        RuntimeError: a route names no permission.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.desk = await run_in_threadpool(Desk.open, settings)
        if is_server:
            # What is there now stays: when the collector of cycles looked through it, all answers waited a tenth of a
            # second.
            gc.collect()
            gc.freeze()
        try:
            yield
        finally:
            await run_in_threadpool(app.state.desk.close)

    app = FastAPI(
        title="creditgrade desk",
        version="1",
        description="May this applicant be fast-tracked, and why? 绿色通道、容缺受理资格查询",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(Express)
    app.add_middleware(SecureHeaders, is_plain_http=settings.is_plain_http)
    app.add_api_route("/health", _health, response_model=HealthOut, summary="The process answers")
    app.add_api_route(
        "/ready", _ready, responses={200: {"model": ReadyOut}, 503: {"model": ReadyOut}},
        summary="A list is loaded, and how old it is",
    )  # fmt: skip
    app.add_api_route("/api/v1/openapi.json", _openapi, include_in_schema=False)
    app.include_router(api)
    app.include_router(pages, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(CreditgradeError, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    check_routes(app)
    return app


def app_from_environment() -> FastAPI:
    """For uvicorn's worker processes, which are told their settings by the environment."""
    return create_app(Settings.from_text(os.environ[ENV]), is_server=True)


def _health() -> dict[str, str]:
    return {"status": "ok"}


def _ready(request: Request) -> Response:
    try:
        edition = request.app.state.desk.store.edition()
    except UsageError as error:
        if error.rule != "desk_empty":
            raise
        body: dict[str, Any] = {"status": "empty", "as_of": None, "age_days": None, "max_age_days": None}
        return JSONResponse(body, 503)
    today = day_of(now())
    return JSONResponse(
        {
            "status": "stale" if edition.is_stale(today) else "ready",
            "as_of": edition.as_of.isoformat(),
            "age_days": edition.age_days(today),
            "max_age_days": edition.max_age_days,
        }
    )


def _openapi(request: Request, _: Annotated[Caller, Depends(ApiGuard(None))]) -> Response:
    return JSONResponse(request.app.openapi())


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    if is_for_systems(request):
        return problem(error.status, error.rule, error.detail, error.headers)
    return await run_in_threadpool(problem_page, request, error.status, error.rule, error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    if not isinstance(error, CreditgradeError):
        raise error
    status = status_of(error.rule)
    if is_for_systems(request):
        return problem(status, error.rule, str(error))
    return await run_in_threadpool(problem_page, request, status, error.rule, {})


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # What was sent is not repeated: it may hold a citizen's id.
    told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    if is_for_systems(request):
        return problem(422, "invalid", told)
    return await run_in_threadpool(problem_page, request, 422, "invalid", {})


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    rule = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    headers = dict(error.headers or {})
    if is_for_systems(request):
        return problem(error.status_code, rule, str(error.detail), headers)
    return await run_in_threadpool(problem_page, request, error.status_code, rule, headers)
