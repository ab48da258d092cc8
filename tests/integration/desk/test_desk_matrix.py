"""Every route × every role and scope, made from the routes: a new route is tested without a line here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from desk.http.routes import api_routes, permission_of
from desk.permissions import ROLES, SCOPES, May
from tests.integration.desk.making import code
from tests.integration.desk.site import Site


def test_every_route_is_classified(site: Site) -> None:
    for route in api_routes(site.app):
        assert permission_of(route) == "open" or isinstance(permission_of(route), May | None)


def test_an_unclassified_route_does_not_start() -> None:
    from desk.http.routes import check_routes

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/secret", lambda: "x")
    with pytest.raises(RuntimeError, match="/secret names 0 permissions"):
        check_routes(app)


def test_nothing_but_health_is_open(site: Site) -> None:
    client = site.client()
    for route, method in routes(site.app):
        answered = client.request(method, filled(route.path))
        if permission_of(route) == "open":
            assert answered.status_code not in (403,), route.path
        elif route.path.startswith("/api/"):
            assert answered.status_code == 401, route.path
            assert answered.headers["content-type"] == "application/problem+json"
        else:
            assert (answered.status_code, answered.headers["location"]) == (303, "/login"), route.path
    assert client.get("/api/v1/openapi.json").status_code == 401
    assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 404


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_gets_exactly_its_own(site: Site, role: str) -> None:
    client, csrf = site.signed_in(role)
    for route, method in routes(site.app):
        permission = permission_of(route)
        if permission == "open" or route.path in ("/logout", "/password"):
            continue
        answered = client.request(method, filled(route.path), headers={"x-csrf-token": csrf})
        is_allowed = permission is None or permission in ROLES[role]
        assert (answered.status_code != 403) is is_allowed, (method, route.path, answered.status_code)
        assert answered.status_code < 500, (method, route.path)


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_each_scope_gets_exactly_its_own(site: Site, scope: str) -> None:
    client, headers = site.client(), site.token(scope)
    for route, method in routes(site.app):
        permission = permission_of(route)
        if permission == "open":
            continue
        answered = client.request(method, filled(route.path), headers=headers)
        is_allowed = route.path.startswith("/api/") and (permission is None or permission == scope)
        assert (answered.status_code != 403) is is_allowed, (method, route.path, answered.status_code)


def routes(app: FastAPI) -> Iterator[tuple[Any, str]]:
    for route in api_routes(app):
        for method in sorted(route.methods or ()):
            yield route, method


def filled(path: str) -> str:
    values = {"uscc": code(1), "division": "34", "code": "X", "id_": "x", "name": "x", "language": "zh"}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)
