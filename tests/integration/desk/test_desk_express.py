"""The short way of a single question says what the long way says, and takes nothing else upon itself."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from desk.asking import ITEM_MAX
from desk.http.app import create_app
from desk.http.express import PATH, Express
from desk.http.settings import Settings
from desk.reading import APPLICANT_MAX
from desk.tokens import add_token, revoke_token
from records.errors import CreditgradeError
from tests.integration.desk.making import code
from tests.integration.desk.site import Site

_OWN = ("verification_code", "answered_at")
SHORT: dict[str, dict[str, str]] = {
    "eligible": {"applicant": code(1)},
    "not eligible, with a reason": {"applicant": code(2)},
    "held": {"applicant": code(3)},
    "name of a script": {"applicant": "<script>alert(1)</script>公司"},
    "ambiguous": {"applicant": "顺达商行"},
    "not in the register": {"applicant": "宣城无此公司"},
    "a citizen": {"applicant": "11010519491231002X"},
    "malformed": {"applicant": "91340000711771143K"},
    "empty": {"applicant": ""},
    "excluded item": {"applicant": code(1), "item": "排污许可"},
    "empty item": {"applicant": code(1), "item": ""},
    "as long as may be": {"applicant": "宣" * APPLICANT_MAX, "item": "许" * ITEM_MAX},
}
LONG: dict[str, str] = {
    "nothing": "",
    "no applicant": "item=x",
    "twice": f"applicant={code(1)}&applicant={code(2)}",
    "of a day": f"applicant={code(1)}&on=2099-01-01",
    "of no day": f"applicant={code(1)}&on=x",
    "as known on a day": f"applicant={code(1)}&known_on=2000-01-01",
    "of an unknown column": f"applicant={code(1)}&x=1",
    "too long": f"applicant={'x' * (APPLICANT_MAX + 1)}",
    "too long an item": f"applicant=x&item={'x' * (ITEM_MAX + 1)}",
}


@pytest.fixture
def long_way(site: Site) -> TestClient:
    """The same desk, where every question goes by the route."""
    app = create_app(Settings(site.city.places, is_plain_http=True))
    app.user_middleware = [one for one in app.user_middleware if one.cls is not Express]
    app.state.desk = site.app.state.desk
    return TestClient(app)


@pytest.fixture
def by_route(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows with each question that the route answers or refuses for its limit."""
    from desk.http import api

    taken: list[str] = []
    spend = api.spend

    def told(request: Any, caller: Any, count: int = 1) -> None:
        taken.append(request.url.query)
        spend(request, caller, count)

    monkeypatch.setattr(api, "spend", told)
    return taken


def said(answered: Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers, without what is new each time."""
    body = {name: value for name, value in answered.json().items() if name not in _OWN}
    headers = {name: value for name, value in answered.headers.items() if name != "retry-after"}
    return answered.status_code, body, headers


@pytest.mark.parametrize("asked", SHORT.values(), ids=SHORT)
def test_both_ways_say_the_same(
    site: Site, long_way: TestClient, by_route: list[str], asked: dict[str, str]
) -> None:
    headers = site.token("ask")
    shortly = site.client().get(PATH, params=asked, headers=headers)
    assert not by_route
    at_length = long_way.get(PATH, params=asked, headers=headers)
    assert len(by_route) == 1
    assert shortly.status_code == 200
    assert said(shortly) == said(at_length)
    audit = site.app.state.desk.audit
    entries = [audit.by_code(one.json()["verification_code"]) for one in (shortly, at_length)]
    same = ("who", "role", "channel", "action", "subject", "item", "answer", "status", "as_of", "detail")
    assert [entries[0][name] for name in same] == [entries[1][name] for name in same]


@pytest.mark.parametrize("query", LONG.values(), ids=LONG)
def test_what_is_asked_otherwise_goes_the_long_way(site: Site, long_way: TestClient, query: str) -> None:
    headers, before = site.token("ask"), site.app.state.desk.audit.head().entries
    answered = site.client().get(f"{PATH}?{query}", headers=headers)
    written = site.app.state.desk.audit.head().entries - before
    assert said(answered) == said(long_way.get(f"{PATH}?{query}", headers=headers))
    assert written == (1 if answered.status_code == 200 else 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 401), ([("Authorization", "Basic eDp4")], 401), ([("Authorization", "Bearer")], 401),
        ([("Authorization", "Bearer cgd_none")], 401),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], 401),
    ],
)  # fmt: skip
def test_who_is_unknown_is_refused_as_ever(
    site: Site, long_way: TestClient, headers: list[tuple[str, str]], status: int
) -> None:
    limits = site.app.state.desk.limits
    answered = site.client().get(f"{PATH}?applicant={code(1)}", headers=headers)
    assert answered.status_code == status
    assert said(answered) == said(long_way.get(f"{PATH}?applicant={code(1)}", headers=headers))
    assert answered.headers["www-authenticate"] == "Bearer"
    limits._buckets.pop(("refused", "testclient"), None)


def test_a_token_of_another_scope_or_revoked_opens_nothing(site: Site) -> None:
    client, before = site.client(), site.app.state.desk.audit.head().entries
    other = client.get(PATH, params={"applicant": code(1)}, headers=site.token("list"))
    token, secret = add_token(site.app.state.desk.access, "short", ["ask"], 1)
    revoke_token(site.app.state.desk.access, token.id)
    gone = client.get(PATH, params={"applicant": code(1)}, headers={"Authorization": f"Bearer {secret}"})
    assert (other.status_code, gone.status_code) == (403, 401)
    assert site.app.state.desk.audit.head().entries == before
    site.app.state.desk.limits._buckets.pop(("refused", "testclient"), None)


def test_each_question_counts_once_against_the_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from desk.http.limits import Limits

    monkeypatch.setattr(site.app.state.desk, "limits", Limits(per_minute=240, token_per_second=1))
    client, headers = site.client(), site.token("ask")
    statuses = [
        client.get(PATH, params={"applicant": code(1)}, headers=headers).status_code for _ in range(4)
    ]
    # Two seconds' worth may be saved up.
    assert statuses[:2] == [200, 200]
    assert 429 in statuses[2:]


def test_an_error_is_told_as_a_problem(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import Future

    def failing(_: Any) -> Future[Any]:
        failed: Future[Any] = Future()
        failed.set_exception(CreditgradeError("another writer did not end", rule="database_busy"))
        return failed

    monkeypatch.setattr(site.app.state.desk.asking, "begin", failing)
    answered = site.client().get(PATH, params={"applicant": code(1)}, headers=site.token("ask"))
    assert (answered.status_code, answered.headers["content-type"]) == (503, "application/problem+json")
    assert answered.json()["type"] == "urn:creditgrade:problem:database_busy"


def test_a_wrong_method_is_refused_as_ever(site: Site) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answered = site.client().request(method, f"{PATH}?applicant={code(1)}", headers=site.token("ask"))
        assert (answered.status_code, answered.headers["allow"]) == (405, "GET")
