"""A running desk of these tests, with a user of each role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from desk.clock import day_of, now
from desk.databases import migrate, open_engine
from desk.http.app import create_app
from desk.http.settings import Settings
from desk.permissions import ROLES
from desk.places import Places
from desk.tokens import add_token
from desk.users import add_user
from tests.integration.desk.conftest import City
from tests.integration.desk.making import blocker, entity

PASSWORD = "correct horse battery"
TODAY = day_of(now())


@dataclass
class Site:
    """A running desk."""

    app: FastAPI
    city: City
    rulings: Path

    def client(self) -> TestClient:
        # All browsers of these tests have one address: a new one finds the bucket of its sign-ins full.
        self.app.state.desk.limits._buckets.pop(("sign_in", "testclient"), None)
        return TestClient(self.app, follow_redirects=False)

    def signed_in(self, role: str) -> tuple[TestClient, str]:
        """A browser of that role, and its form's token."""
        client = self.client()
        assert client.post("/login", data={"name": role, "password": PASSWORD}).status_code == 303
        return client, csrf_of(client.get("/password"))

    def token(self, *scopes: str) -> dict[str, str]:
        _, secret = add_token(self.app.state.desk.access, "a system", scopes, 1)
        return {"Authorization": f"Bearer {secret}"}


def csrf_of(response: Response) -> str:
    found = re.search('name="csrf" value="([^"]+)"', response.text)
    assert found, response.status_code
    return found[1]


def certified(client: TestClient, csrf: str, applicant: str) -> str:
    """Asks; the answer's verification code."""
    text = client.post("/ask", data={"applicant": applicant, "csrf": csrf}).text
    found = re.search(r"/certificates/([0-9A-Z-]+)", text)
    assert found
    return found[1]


@contextmanager
def open_site(out: Path) -> Iterator[Site]:
    """Serves it in this process."""
    out.mkdir()
    city = City(out, Places.of(out))
    gap = {"kind": "listings", "reason": "停机"}
    city.night(
        [
            entity(1), entity(2, "NOT_BAD_RECORD", eligible_on=date(2028, 5, 7)), entity(3, "HOLD_REVIEW"),
            entity(4, name="<script>alert(1)</script>公司"), entity(5, name="顺达商行"), entity(6, name="顺达商行"),
            *(entity(n, division_code="341881") for n in range(10, 40)),
            *(entity(n, name="众多商行") for n in range(50, 71)), entity(80, "HOLD_REVIEW", division_code="341700"),
        ],
        [
            blocker(2), blocker(3, "HOLD_REVIEW", blocks_until=None),
            blocker(80, "HOLD_REVIEW", authority=None, doc_no=None, event_on=None, blocks_until=None),
        ],
        as_of=TODAY, now=now(), gaps=[gap],
    )  # fmt: skip
    city.places.make_folder()
    access = open_engine(city.places.access)
    migrate(access, "access")
    for role in ROLES:
        add_user(access, role, role, PASSWORD)
    access.dispose()
    rulings = out / "landing" / "rulings"
    app = create_app(Settings(city.places, rulings=rulings, is_plain_http=True))
    with TestClient(app):
        yield Site(app, city, rulings)
    city.close()
