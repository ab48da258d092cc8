"""Every route is classified: it names a permission, or stands in the short list of what is open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from desk.http.guard import Guard
from desk.permissions import May

# Open without signing in: health, the form to sign in, its language, and the style it needs.
OPEN = frozenset({"/health", "/ready", "/login", "/language/{language}", "/static"})


def permission_of(route: APIRoute) -> May | str | None:
    """What a route asks for: a permission, None for anybody signed in, ``open``.

    Raises:
        RuntimeError: it names nothing.
    """
    guards: list[Guard] = []
    for one in route.dependant.dependencies:
        called: object = one.call
        if isinstance(called, Guard):
            guards.append(called)
    if route.path in OPEN:
        return "open"
    if len(guards) != 1:
        raise RuntimeError(f"{route.path} names {len(guards)} permissions; each route names one")
    return guards[0].permission


def api_routes(app: FastAPI) -> list[APIRoute]:
    """The routes of an application, those of its routers among them.

    Raises:
        RuntimeError: something else than a route or a known mount answers requests.
    """
    return list(_walk(app.routes))


def _walk(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        # FastAPI keeps an included router as one entry.
        inner = getattr(route, "original_router", None)
        if isinstance(route, APIRoute):
            yield route
        elif inner is not None:
            yield from _walk(inner.routes)
        elif getattr(route, "path", "") not in OPEN:
            raise RuntimeError(f"{route} is not classified")


def check_routes(app: FastAPI) -> None:
    """Refuses to start with a route that nobody classified.

    Raises:
        RuntimeError: names the route.
    """
    for route in api_routes(app):
        permission_of(route)
