"""The API keeps what its OpenAPI description promises, whatever is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desk.clock import day_of, now
from desk.http.app import create_app
from desk.http.settings import Settings
from desk.permissions import SCOPES
from desk.places import Places
from desk.tokens import add_token
from tests.integration.desk.conftest import City
from tests.integration.desk.making import blocker, entity


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    out = tmp_path_factory.mktemp("schema") / "out"
    out.mkdir()
    city = City(out, Places.of(out))
    rows = [entity(1), entity(2, "NOT_BAD_RECORD"), *(entity(n) for n in range(10, 20))]
    city.night(rows, [blocker(2)], as_of=day_of(now()), now=now())
    app = create_app(Settings(city.places, is_plain_http=True, token_per_second=10**9))
    with TestClient(app) as client:
        _, secret = add_token(app.state.desk.access, "tests", sorted(SCOPES), 1)
        client.headers["Authorization"] = f"Bearer {secret}"
        schema = schemathesis.openapi.from_dict(app.openapi())
        yield client, schema, app
    city.close()


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [
    ("GET", "/health"), ("GET", "/ready"), ("GET", "/api/v1/answer"), ("POST", "/api/v1/answers"),
    ("POST", "/api/v1/answers.csv"), ("GET", "/api/v1/entities"), ("GET", "/api/v1/entities/{uscc}/history"),
    ("GET", "/api/v1/divisions/{division}/entities"),
]  # fmt: skip


def test_every_operation_is_tried(described: Any) -> None:
    _, _, app = described
    found = {(method.upper(), path) for path, one in app.openapi()["paths"].items() for method in one}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_is_answered_is_what_was_described(described: Any, method: str, path: str) -> None:
    client, schema, _ = described

    @given(case=schema[path][method].as_strategy())
    @settings(
        max_examples=12, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck), derandomize=True,
    )  # fmt: skip
    def holds(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://testserver")
        headers = {name: value for name, value in sent["headers"].items() if name.lower() != "user-agent"}
        body = {key: sent[key] for key in ("json", "data") if sent.get(key) is not None}
        if isinstance(body.get("data"), bytes | str):
            body = {"content": body["data"]}
        answered = client.request(
            sent["method"], sent["url"], params=sent.get("params"), headers=headers, **body
        )
        case.validate_response(answered, checks=CHECKS)

    holds()
